//! What the rows of a file that another program wrote say, held against what is said of it: the symbol
//! and the interval of its path, and one unit of its stamps.

use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::Timestamp;
use parquet::basic::Type as PhysicalType;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;

use crate::DataError;
use crate::codec::bar_file::{BarFile, StampUnit};
use crate::codec::decode::{Decoder, StampBounds};
use crate::codec::guard;
use crate::codec::pages::Pages;
use crate::evidence::{Evidence, Steps};

/// Names of a column of symbols, lower case.
pub(crate) const SYMBOL_COLUMNS: [&str; 5] = ["symbol", "ticker", "tic", "sym", "instrument"];

/// Bytes of another symbol's text that are shown.
const N_SHOWN: usize = 40;

/// Rows that are looked at in one go.
const BATCH_ROWS: usize = 2_048;

/// How the rows of a file are to stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// As they are read: none is stamped before the one above it.
    Ascending,
    /// In whatever order: they are sorted before they are used.
    Any,
}

/// Holds `file`, which is read as the series `key`, against its metadata, and one of another program
/// against its rows; a file of this crate has been held when it was written. Yields the first and the
/// last stamp where it has decoded them.
///
/// The stamps of another program's file are brought to `evidence`, where there is one, for whoever judges
/// all files of the series.
///
/// Rows that cannot be decoded are no contradiction: whoever reads them says so, after those before
/// them.
///
/// *Cost*: decodes the stamps of all rows of another program's file, and their symbols where there is
/// such a column.
pub(crate) fn check(
    file: &Arc<BarFile>,
    key: &SeriesKey,
    order: Order,
    evidence: Option<&mut Evidence>,
) -> Result<Option<(i64, i64)>, DataError> {
    match contradiction(file, key, order, evidence) {
        Err(error) if error.is_of_decoding() => Ok(None),
        found => found,
    }
}

fn contradiction(
    file: &Arc<BarFile>,
    key: &SeriesKey,
    order: Order,
    evidence: Option<&mut Evidence>,
) -> Result<Option<(i64, i64)>, DataError> {
    if let Some(found) = file.symbol().filter(|symbol| *symbol != key.symbol) {
        return Err(other_symbol(file, None, found.to_string(), key));
    }
    if let Some(found) = file.interval().filter(|interval| *interval != key.interval) {
        let (path, needed) = (file.path.clone(), key.interval);
        return Err(DataError::OtherInterval { path, found, needed });
    }
    check_symbols(file, key)?;
    if !file.is_foreign() {
        return Ok(None);
    }
    check_stamps(file, key, order, evidence)
}

fn other_symbol(file: &BarFile, row: Option<u64>, found: String, key: &SeriesKey) -> DataError {
    DataError::OtherSymbol { path: file.path.clone(), row, found, needed: key.symbol.clone() }
}

/// The first row whose symbol is another one.
fn check_symbols(file: &BarFile, key: &SeriesKey) -> Result<(), DataError> {
    let schema = file.footer.file_metadata().schema_descr();
    let is_symbol = |idx: &usize| {
        let column = schema.column(*idx);
        column.path().parts().len() == 1
            && column.physical_type() == PhysicalType::BYTE_ARRAY
            && SYMBOL_COLUMNS.contains(&column.name().to_lowercase().as_str())
    };
    let Some(idx) = (0..schema.num_columns()).find(is_symbol) else { return Ok(()) };
    let needed = key.symbol.as_str().as_bytes();
    let mut n_before = 0;
    for group in 0..file.footer.num_row_groups() {
        let n_rows = file.footer.row_group(group).num_rows().max(0).cast_unsigned();
        let found = guard::catch(|| first_other(file, group, idx, needed))
            .map_err(|error| guard::data_error(&file.path, Some(n_before), error))?;
        if let Some((row, found)) = found {
            return Err(other_symbol(file, Some(n_before + row), found, key));
        }
        n_before += n_rows;
    }
    Ok(())
}

/// The first row of a group whose text is not `needed`; one without a text says nothing.
fn first_other(
    file: &BarFile,
    group: usize,
    idx: usize,
    needed: &[u8],
) -> Result<Option<(u64, String)>, ParquetError> {
    let rows = file.footer.row_group(group);
    let n_rows = usize::try_from(rows.num_rows()).unwrap_or(0);
    let source = Arc::new(file.source.clone());
    let pages = Pages::new(&source, rows.column(idx), n_rows)?;
    let descr = file.footer.file_metadata().schema_descr().column(idx);
    let is_nullable = descr.max_def_level() > 0;
    let ColumnReader::ByteArrayColumnReader(mut reader) = get_column_reader(descr, Box::new(pages))
    else {
        return Ok(None);
    };
    let (mut levels, mut texts) = (Vec::new(), Vec::new());
    let mut row = 0;
    loop {
        levels.clear();
        texts.clear();
        let into = if is_nullable { Some(&mut levels) } else { None };
        let (n_read, _, _) = reader.read_records(BATCH_ROWS, into, None, &mut texts)?;
        if n_read == 0 {
            return Ok(None);
        }
        let Some(other) = texts.iter().position(|text| text.data() != needed) else {
            row += n_read as u64;
            continue;
        };
        let is_there = |(_, level): &(usize, &i16)| **level > 0;
        let place = if is_nullable {
            levels.iter().enumerate().filter(is_there).nth(other).map_or(0, |(at, _)| at)
        } else {
            other
        };
        let shown = &texts[other].data()[..texts[other].len().min(N_SHOWN)];
        let found = String::from_utf8_lossy(shown).into_owned();
        return Ok(Some((row + place as u64, found)));
    }
}

/// Looks at all stamps: two units in one column, rows out of order or outside what the statistics of
/// their row group say, and steps that are those of another interval.
fn check_stamps(
    file: &Arc<BarFile>,
    key: &SeriesKey,
    order: Order,
    mut evidence: Option<&mut Evidence>,
) -> Result<Option<(i64, i64)>, DataError> {
    let smaller = if file.has_plain_stamps() { smaller_units(file.ts.kind) } else { &[] };
    let mut steps = Steps::default();
    let mut span: Option<(i64, i64)> = None;
    let mut last_ns = None;
    let mut decoder = Decoder::unchecked(Arc::clone(file));
    loop {
        let row = decoder.row();
        let n_rows = decoder.stamps()?.len();
        if n_rows == 0 {
            break;
        }
        // By its statistics a group is left out where rows are read in order, and only there.
        let group = decoder.open_group().filter(|_| order == Order::Ascending);
        let said = group.and_then(|group| Some((group, file.group_span(group)?)));
        for (place, &stamp_ns) in decoder.stamps()?.iter().enumerate() {
            let row = row + place as u64;
            let path = || file.path.clone();
            if let Some(last_ns) = last_ns {
                if is_of_two_units(smaller, last_ns, stamp_ns) {
                    return Err(DataError::MixedUnits { path: path(), row });
                }
                if stamp_ns < last_ns && order == Order::Ascending {
                    let stamp = Timestamp::from_nanos(stamp_ns);
                    let after = Timestamp::from_nanos(last_ns);
                    return Err(DataError::Unsorted { path: path(), row, stamp, after });
                }
                if stamp_ns > last_ns {
                    steps.add(stamp_ns.saturating_sub(last_ns));
                }
            }
            if let Some((group, (first, last))) = said
                && !(first.as_nanos()..=last.as_nanos()).contains(&stamp_ns)
            {
                let (group, row) = (Some(group), Some(row));
                return Err(DataError::FalseStatistics { path: path(), group, row });
            }
            last_ns = Some(stamp_ns);
            let (first, last) = span.unwrap_or((stamp_ns, stamp_ns));
            span = Some((first.min(stamp_ns), last.max(stamp_ns)));
        }
        if let Some(evidence) = &mut evidence {
            evidence.rows(decoder.stamps()?);
        }
        decoder.skip(n_rows);
    }
    if let Some(evidence) = evidence {
        evidence.end_series();
    }
    match steps.against(key.interval) {
        Some(objection) if order == Order::Ascending => {
            Err(DataError::Refused { path: file.path.clone(), objection })
        }
        _ => Ok(span),
    }
}

/// First and last stamp of all rows of a file.
pub(crate) fn decoded_span(file: &Arc<BarFile>) -> Result<Option<(i64, i64)>, DataError> {
    let mut decoder = Decoder::new(Arc::clone(file), StampBounds::ASCENDING);
    let mut span: Option<(i64, i64)> = None;
    loop {
        let stamps = decoder.stamps()?;
        let (Some(&first), Some(&last)) = (stamps.first(), stamps.last()) else { return Ok(span) };
        span = Some((span.map_or(first, |(first, _)| first), last));
        let n_rows = stamps.len();
        decoder.skip(n_rows);
    }
}

/// Whether one of two stamps that follow each other is a number of another unit.
fn is_of_two_units(smaller: &[std::ops::Range<i64>], last_ns: i64, stamp_ns: i64) -> bool {
    let is_small = |ns: i64| smaller.iter().any(|range| range.contains(&ns));
    let is_usual = |ns: i64| ns >= USUAL_SINCE_NS;
    (is_small(last_ns) && is_usual(stamp_ns)) || (is_usual(last_ns) && is_small(stamp_ns))
}

/// 1973, from which on the stamps of each unit have digits of their own.
const USUAL_SINCE_NS: i64 = 100_000_000 * openbell_time::NANOS_PER_SECOND;

/// Where the stamps of smaller numbers lie, from 1973 to 2286, where they are read as `unit`: in the
/// first months of 1970.
fn smaller_units(unit: StampUnit) -> &'static [std::ops::Range<i64>] {
    // A stamp of 9 or 10 digits is one of seconds; read as milliseconds, it is a thousandth of that.
    const THOUSANDTH: std::ops::Range<i64> = 100_000_000_000_000..10_000_000_000_000_000;
    const MILLIONTH: std::ops::Range<i64> = 100_000_000_000..10_000_000_000_000;
    const BILLIONTH: std::ops::Range<i64> = 100_000_000..10_000_000_000;
    match unit {
        StampUnit::Millis => &[THOUSANDTH],
        StampUnit::Micros => &[THOUSANDTH, MILLIONTH],
        StampUnit::Nanos => &[THOUSANDTH, MILLIONTH, BILLIONTH],
        StampUnit::Seconds | StampUnit::Days | StampUnit::Int96 => &[],
    }
}
