//! A file decoded both ways: its row groups whole where that can be, and by the general reader alone.
//! The law is that they yield the same rows, bit for bit, and end with the same error.

#[cfg(test)]
mod laws;

use std::path::Path;
use std::sync::Arc;

use openbell_market::BarColumns;

use crate::DataError;
use crate::codec::bar_file::BarFile;
use crate::codec::block::pool::Pool;
use crate::codec::decode::{Decoder, StampBounds};

/// More rows than any file has that is decoded here: whoever claims more repeats himself.
const N_ROWS_MAX: usize = 1 << 20;

/// How row groups are decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Whole where that can be.
    InBlocks,
    /// By the general reader alone.
    Careful,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The rows before the error.
    pub(crate) rows: BarColumns,
    /// What ended it, if not the end of the file.
    pub(crate) error: Option<DataError>,
    /// Row groups that were decoded whole.
    pub(crate) n_blocks: usize,
}

/// Decodes the file at `path` both ways, and yields what came of it in blocks; `None` where it is no file
/// of bars.
///
/// # Panics
///
/// Where the two differ.
pub(crate) fn check(path: &Path) -> Option<Decoded> {
    let file = Arc::new(BarFile::open(path).ok()?); // both ways begin with it
    let (in_blocks, careful) = (decode(&file, Way::InBlocks), decode(&file, Way::Careful));
    assert_eq!(careful.n_blocks, 0);
    assert_eq!(in_blocks.rows.opens_at_ns, careful.rows.opens_at_ns, "{:?}", careful.error);
    let bits = |column: &[f64]| column.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    for (idx, (one, other)) in
        values(&in_blocks.rows).into_iter().zip(values(&careful.rows)).enumerate()
    {
        assert!(bits(one) == bits(other), "column {idx} differs, {:?}", careful.error);
    }
    assert_eq!(format!("{:?}", in_blocks.error), format!("{:?}", careful.error));
    Some(in_blocks)
}

fn values(rows: &BarColumns) -> [&[f64]; 5] {
    [&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume]
}

fn decode(file: &Arc<BarFile>, way: Way) -> Decoded {
    let mut decoder = Decoder::new(Arc::clone(file), StampBounds::ASCENDING);
    let mut decoded = Decoded { rows: BarColumns::default(), error: None, n_blocks: 0 };
    let mut pool = Pool::default();
    while decoded.rows.len() < N_ROWS_MAX {
        if way == Way::InBlocks {
            decoder.open_block(&mut pool);
        }
        match next_rows(&mut decoder, &mut decoded) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                decoded.error = Some(error);
                break;
            }
        }
    }
    decoded
}

/// Appends the next rows that are decoded to those of `decoded`; yields how many they are.
fn next_rows(decoder: &mut Decoder, decoded: &mut Decoded) -> Result<usize, DataError> {
    let stamps = decoder.stamps()?;
    let n_rows = stamps.len();
    let n_before = decoded.rows.len();
    decoded.rows.opens_at_ns.extend_from_slice(stamps);
    match decoder.take_slice(n_rows) {
        Some(slice) => {
            decoded.n_blocks += 1;
            decoded.rows.opens_at_ns.truncate(n_before);
            slice.copy_to(&mut decoded.rows);
        }
        None => {
            let taken = decoder.take(n_rows, &mut decoded.rows);
            taken.inspect_err(|_| decoded.rows.opens_at_ns.truncate(n_before))?;
        }
    }
    Ok(n_rows)
}
