//! Two exports held against each other, row by row.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use openbell_time::Timestamp;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use super::{RunExport, files_of};
use crate::disk;
use crate::{DataError, IoAction};

/// The first row that two exports have differently.
#[derive(Clone, PartialEq, Debug)]
pub struct RowDifference {
    /// The file, as `bars/1m/AAPL.parquet`.
    pub file: String,
    /// The stamp of the row.
    pub opens_at: Timestamp,
    /// What differs in it.
    pub differs: RowDiffers,
}

/// What differs in a row of two exports.
#[derive(Clone, PartialEq, Debug)]
pub enum RowDiffers {
    /// The second has no such row.
    InFirstAlone,
    /// The first has no such row.
    InSecondAlone,
    /// A value.
    Column {
        /// The column.
        name: String,
        /// Its value in the first, as text.
        a: String,
        /// Its value in the second, as text.
        b: String,
    },
}

/// The first row of bars or indicators that the export in `a` has otherwise than the one in `b`: the earliest
/// of all series; of one instant the first by its file's name. `None` where they have the same.
///
/// *Cost*: files with the same bytes are not decoded; of the others, rows up to the first that differs.
///
/// # Errors
///
/// Those of the file system; a file that is no Parquet.
pub fn first_difference(a: &Path, b: &Path) -> Result<Option<RowDifference>, DataError> {
    let mut first: Option<RowDifference> = None;
    for kind in RunExport::FOLDERS {
        let files = [files_of(&a.join(kind))?, files_of(&b.join(kind))?];
        let files: BTreeSet<_> = files.into_iter().flatten().collect();
        for (interval, name) in files {
            let file = format!("{kind}/{interval}/{name}");
            let found = differs_in(&a.join(&file), &b.join(&file))?;
            let found = found.map(|(opens_at, differs)| RowDifference { file, opens_at, differs });
            let is_earlier = |found: &RowDifference| {
                first.as_ref().is_none_or(|first| found.opens_at < first.opens_at)
            };
            if let Some(found) = found.filter(is_earlier) {
                first = Some(found);
            }
        }
    }
    Ok(first)
}

fn differs_in(a: &Path, b: &Path) -> Result<Option<(Timestamp, RowDiffers)>, DataError> {
    let (bytes_a, bytes_b) = (bytes_of(a)?, bytes_of(b)?);
    if bytes_a == bytes_b {
        return Ok(None);
    }
    let (mut rows_a, mut rows_b) = (Rows::of(a, bytes_a)?, Rows::of(b, bytes_b)?);
    loop {
        return Ok(Some(match (rows_a.next()?, rows_b.next()?) {
            (None, None) => return Ok(None),
            (Some((at, _)), None) => (at, RowDiffers::InFirstAlone),
            (None, Some((at, _))) => (at, RowDiffers::InSecondAlone),
            (Some((at_a, _)), Some((at_b, _))) if at_a < at_b => (at_a, RowDiffers::InFirstAlone),
            (Some((at_a, _)), Some((at_b, _))) if at_a > at_b => (at_b, RowDiffers::InSecondAlone),
            (Some((at, row_a)), Some((_, row_b))) => match column(&row_a, &row_b) {
                Some(differs) => (at, differs),
                None => continue,
            },
        }));
    }
}

/// The first column that differs, in the order of the first row's, then what the second has alone.
fn column(a: &Row, b: &Row) -> Option<RowDiffers> {
    let value = |row: &Row, name: &str| {
        let found = row.get_column_iter().find(|(is, _)| *is == name);
        found.map_or_else(|| "nothing".to_owned(), |(_, value)| text(value))
    };
    let names = a.get_column_iter().chain(b.get_column_iter()).map(|(name, _)| name);
    names
        .map(|name| (name, value(a, name), value(b, name)))
        .find(|(_, a, b)| a != b)
        .map(|(name, a, b)| RowDiffers::Column { name: name.clone(), a, b })
}

/// A value as text, of which no two numbers share one.
fn text(value: &Field) -> String {
    match value {
        Field::Double(value) => value.to_string(),
        Field::Null => "nothing".to_owned(),
        Field::Str(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The stamp of a row, its first column; every table of an export has one.
fn stamp(row: &Row) -> Option<Timestamp> {
    match row.get_column_iter().next()?.1 {
        Field::TimestampMicros(us) | Field::Long(us) => Timestamp::from_micros(*us),
        _ => None,
    }
}

/// The bytes of a file; none where it is not there.
fn bytes_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    if disk::is_file(path) {
        let read = disk::open(path)?.read_to_end(&mut bytes);
        read.map_err(|error| DataError::io(IoAction::Read, path, error))?;
    }
    Ok(bytes)
}

/// The rows of one file, in order; none of one that is not there.
struct Rows<'p> {
    path: &'p Path,
    rows: Option<parquet::record::reader::RowIter<'static>>,
}

impl Rows<'_> {
    fn of(path: &Path, bytes: Vec<u8>) -> Result<Rows<'_>, DataError> {
        if bytes.is_empty() {
            return Ok(Rows { path, rows: None });
        }
        let wrong = |error| damaged(path, error);
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(wrong)?;
        let reader: Box<dyn FileReader> = Box::new(reader);
        let rows = parquet::record::reader::RowIter::from_file_into(reader);
        Ok(Rows { path, rows: Some(rows) })
    }

    fn next(&mut self) -> Result<Option<(Timestamp, Row)>, DataError> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        let row = rows.next().transpose().map_err(|error| damaged(self.path, error))?;
        let Some(row) = row else { return Ok(None) };
        let unstamped = || damaged(self.path, ParquetError::General(UNSTAMPED.to_owned()));
        let at = stamp(&row).ok_or_else(unstamped)?;
        Ok(Some((at, row)))
    }
}

const UNSTAMPED: &str = "its first column is no stamp in microseconds";

fn damaged(path: &Path, error: ParquetError) -> DataError {
    DataError::Damaged { path: path.to_owned(), row: None, source: Arc::new(error) }
}

#[cfg(test)]
mod tests {
    use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey};

    use super::super::{ExportBars, ExportValues};
    use super::*;

    const FIRST_NS: i64 = 1_751_463_000_000_000_000; // 2025-07-02T13:30:00Z

    /// An export of a minute series of each symbol with those closes, and one indicator.
    fn export(series: &[(&str, &[f64])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut export = RunExport::create(folder.path(), "{}").unwrap();
        for (symbol, closes) in series {
            let interval = BarInterval::from_mins(1).unwrap();
            let key = SeriesKey { symbol: symbol.parse().unwrap(), interval };
            let mut bars = BarColumns::default();
            for (row, &close) in closes.iter().enumerate() {
                let at = Timestamp::from_nanos(FIRST_NS + row as i64 * 60_000_000_000);
                let ohlcv = Ohlcv { open: 1.0, high: 9.0, low: 1.0, close, volume: 1.0 };
                bars.push(at, ohlcv);
            }
            let ones = vec![1; closes.len()];
            let rows = ExportBars { bars: bars.as_rows(), n: &ones, expected: &ones };
            export.append_bars(&key, "2025-07-02".parse().unwrap(), &rows).unwrap();
            let values: Vec<Option<f64>> = closes.iter().map(|&close| Some(close / 3.0)).collect();
            let sma = ExportValues { name: "sma_3", values: &values };
            export.append_indicators(&key, &bars.opens_at_ns, &[sma]).unwrap();
        }
        export.finish().unwrap();
        folder
    }

    fn first(a: &[(&str, &[f64])], b: &[(&str, &[f64])]) -> Option<RowDifference> {
        let (a, b) = (export(a), export(b));
        first_difference(a.path(), b.path()).unwrap()
    }

    #[test]
    fn the_earliest_row_of_all_series_that_differs_is_named_with_its_column() {
        let a: [(&str, &[f64]); 2] = [("AAPL", &[2.0, 3.0, 4.0]), ("MSFT", &[5.0, 6.0])];
        assert_eq!(first(&a, &a), None);
        let b: [(&str, &[f64]); 2] = [("AAPL", &[2.0, 3.0, 4.5]), ("MSFT", &[5.0, 6.000_000_1])];
        let found = first(&a, &b).expect("a difference");
        assert_eq!(found.file, "bars/1m/MSFT.parquet");
        assert_eq!(found.opens_at.to_string(), "2025-07-02T13:31:00Z");
        let (name, a_says, b_says) = ("close".to_owned(), "6".to_owned(), "6.0000001".to_owned());
        assert_eq!(found.differs, RowDiffers::Column { name, a: a_says, b: b_says });
    }

    #[test]
    fn a_row_and_a_series_that_one_of_them_has_alone_are_differences() {
        let whole: [(&str, &[f64]); 1] = [("AAPL", &[2.0, 3.0, 4.0])];
        let short: [(&str, &[f64]); 1] = [("AAPL", &[2.0, 3.0])];
        let more: [(&str, &[f64]); 2] = [("AAPL", &[2.0, 3.0, 4.0]), ("TSLA", &[1.0])];
        for (a, b, file, differs) in [
            (&whole[..], &short[..], "bars/1m/AAPL.parquet", RowDiffers::InFirstAlone),
            (&short, &whole, "bars/1m/AAPL.parquet", RowDiffers::InSecondAlone),
            (&whole, &more, "bars/1m/TSLA.parquet", RowDiffers::InSecondAlone),
        ] {
            let found = first(a, b).expect("a difference");
            assert_eq!((found.file.as_str(), found.differs), (file, differs));
        }
    }
}
