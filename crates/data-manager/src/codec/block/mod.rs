//! A row group of the store's own make, decoded in one go into columns of which sessions are slices.
//!
//! Hot path. It never allocates but for columns and bytes that have no room yet, and never decodes a page
//! anywhere but into its column. What is not just as this crate writes it, it declines, and so is every
//! damage: what a general reader of columns says of those (`row_group`) is what is said.
//!
//! Here are no nulls, no dictionary, no statistics of pages; of `ts` whole numbers, delta-coded and not
//! packed; of values float64 as they are, packed with LZ4 or not.

mod page;
pub(crate) mod pool;
mod steps;

use std::ops::Range;

use openbell_market::BarColumns;
use parquet::basic::{Compression, Type};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use zerocopy::IntoBytes as _;

use crate::codec::bar_file::{BarFile, StampUnit, ValueKind};
use page::{DELTA_BINARY_PACKED, PLAIN, split_page};

/// The longest row group that is decoded in one go, 1.5 MB of columns: half a month of seconds in a
/// year's file would be longer, and is decoded some rows at a time.
const N_ROWS_MAX: usize = 1 << 15;

/// The largest row group in bytes: what is read in one go.
const N_BYTES_MAX: u64 = 1 << 20;

/// Rows of row group `group` of `file`, where it is such a one by its footer.
pub(crate) fn n_rows(file: &BarFile, group: usize) -> Option<usize> {
    Layout::of(file, group).map(|layout| layout.n_rows)
}

/// Fills `out` with row group `group` of `file`, whatever it held before; stamps are ascending, in
/// nanoseconds. `None` where the row group is none of such, or cannot be read: then `out` holds anything.
pub(crate) fn decode(file: &BarFile, group: usize, out: &mut BarColumns) -> Option<()> {
    let layout = Layout::of(file, group)?;
    let decode = |bytes: &[u8]| layout.decode(file.ts.kind, bytes, out);
    file.source.with_bytes(layout.range.clone(), decode)?
}

/// Where the column chunks of a row group lie.
struct Layout {
    n_rows: usize,
    /// Of the file, with all six chunks in it.
    range: Range<u64>,
    ts: Range<usize>,
    values: [(Codec, Range<usize>); 5],
}

/// How the pages of a column chunk are packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Codec {
    None,
    Lz4Raw,
}

impl Layout {
    fn of(file: &BarFile, group: usize) -> Option<Layout> {
        let rows = file.footer.row_group(group);
        let n_rows = usize::try_from(rows.num_rows()).ok()?;
        let is_fit = (1..=N_ROWS_MAX).contains(&n_rows)
            && !file.ts.is_nullable
            && file
                .values
                .iter()
                .all(|place| !place.is_nullable && place.kind == ValueKind::Double);
        if !is_fit {
            return None;
        }
        let ts = chunk_range(rows, file.ts.idx, Type::INT64)?;
        if codec(rows.column(file.ts.idx))? != Codec::None {
            return None;
        }
        let mut values = [const { (Codec::None, 0..0) }; 5];
        let mut range = ts.clone();
        for (value, place) in values.iter_mut().zip(&file.values) {
            let of_file = chunk_range(rows, place.idx, Type::DOUBLE)?;
            range = range.start.min(of_file.start)..range.end.max(of_file.end);
            *value = (codec(rows.column(place.idx))?, of_file);
        }
        if range.end - range.start > N_BYTES_MAX {
            return None;
        }
        let within = |chunk: &Range<u64>| {
            (chunk.start - range.start) as usize..(chunk.end - range.start) as usize
        };
        let values = values.map(|(codec, chunk)| (codec, within(&chunk)));
        Some(Layout { n_rows, ts: within(&ts), values, range })
    }

    fn decode(&self, unit: StampUnit, bytes: &[u8], out: &mut BarColumns) -> Option<()> {
        let BarColumns { opens_at_ns, open, high, low, close, volume } = out;
        decode_stamps(bytes.get(self.ts.clone())?, self.n_rows, unit, opens_at_ns)?;
        for ((codec, chunk), column) in self.values.iter().zip([open, high, low, close, volume]) {
            decode_values(bytes.get(chunk.clone())?, self.n_rows, *codec, column)?;
        }
        Some(())
    }
}

/// Where in the file the chunk `idx` lies, where it has no dictionary, and a value of this type for each
/// row.
fn chunk_range(rows: &RowGroupMetaData, idx: usize, kind: Type) -> Option<Range<u64>> {
    let chunk = rows.column(idx);
    let is_fit = chunk.column_type() == kind
        && chunk.dictionary_page_offset().is_none()
        && chunk.num_values() == rows.num_rows();
    let start = u64::try_from(chunk.data_page_offset()).ok()?;
    let n_bytes = u64::try_from(chunk.compressed_size()).ok()?;
    let end = start.checked_add(n_bytes)?;
    is_fit.then_some(start..end)
}

fn codec(chunk: &ColumnChunkMetaData) -> Option<Codec> {
    match chunk.compression() {
        Compression::UNCOMPRESSED => Some(Codec::None),
        Compression::LZ4_RAW => Some(Codec::Lz4Raw),
        _ => None,
    }
}

/// Fills `out` with the stamps of a chunk, where they are ascending and have a name in nanoseconds.
fn decode_stamps(
    mut chunk: &[u8],
    n_rows: usize,
    unit: StampUnit,
    out: &mut Vec<i64>,
) -> Option<()> {
    out.clear();
    out.reserve(n_rows);
    while out.len() < n_rows {
        let (page, behind) = split_page(chunk)?;
        let is_fit = page.encoding == DELTA_BINARY_PACKED
            && page.n_bytes == page.packed.len()
            && page.n_values <= n_rows - out.len();
        if !is_fit {
            return None;
        }
        steps::unpack(page.packed, page.n_values, out)?;
        chunk = behind;
    }
    // Where they ascend, the first and the last say of all whether they are in range.
    let (&first, &last) = (out.first()?, out.last()?);
    let is_named = unit.to_nanos(first).is_some() && unit.to_nanos(last).is_some();
    if !chunk.is_empty() || !is_named || !out.is_sorted() {
        return None;
    }
    if unit.nanos() != 1 {
        out.iter_mut().for_each(|stamp| *stamp *= unit.nanos());
    }
    Some(())
}

/// Fills `out` with the values of a chunk.
fn decode_values(mut chunk: &[u8], n_rows: usize, codec: Codec, out: &mut Vec<f64>) -> Option<()> {
    out.resize(n_rows, 0.0);
    let mut room = out.as_mut_bytes();
    while !room.is_empty() {
        let (page, behind) = split_page(chunk)?;
        let is_fit = page.encoding == PLAIN
            && page.n_values != 0
            && page.n_values.checked_mul(size_of::<f64>()) == Some(page.n_bytes);
        if !is_fit {
            return None;
        }
        let place;
        (place, room) = room.split_at_mut_checked(page.n_bytes)?;
        match codec {
            Codec::None if page.packed.len() == place.len() => place.copy_from_slice(page.packed),
            Codec::None => return None,
            Codec::Lz4Raw => unpack_lz4(page.packed, place)?,
        }
        chunk = behind;
    }
    if cfg!(target_endian = "big") {
        out.iter_mut().for_each(|value| *value = f64::from_bits(value.to_bits().swap_bytes()));
    }
    chunk.is_empty().then_some(())
}

/// Fills `place` with what `packed` holds, which must be just as much.
fn unpack_lz4(packed: &[u8], place: &mut [u8]) -> Option<()> {
    let n_bytes = lz4_flex::block::decompress_into(packed, place).ok()?; // the general reader says why
    (n_bytes == place.len()).then_some(())
}
