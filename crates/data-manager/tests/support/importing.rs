//! CSV files into stores of their own.

use std::io::Write;
use std::path::Path;

use openbell_data_manager::import::{
    CsvOptions, ImportReport, ImportTarget, RejectedRow, import_csv,
};
use openbell_data_manager::{DataError, DataManager, Provenance, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, SeriesKey};

use super::{read_all, us_equity};

/// What came of an import.
pub struct Imported {
    pub report: ImportReport,
    pub rejected: Vec<RejectedRow>,
    pub rows: BarColumns,
}

/// Imports a file into a store of its own, twice: the second time changes nothing.
pub fn import(path: &Path, key: &SeriesKey, options: &CsvOptions) -> Result<Imported, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let provenance = Provenance::default();
    let target = ImportTarget { exchange_group: "US_EQUITY", key, provenance: &provenance };
    let mut rejected = Vec::new();
    let mut on_reject = |row: &RejectedRow| rejected.push(row.clone());
    let report = import_csv(path, options, &target, &mut writer, &mut on_reject, &mut |_| {})?;
    let mut again = Vec::new();
    let mut on_reject = |row: &RejectedRow| again.push(row.clone());
    let twice = import_csv(path, options, &target, &mut writer, &mut on_reject, &mut |_| {})?;
    assert_eq!(
        (twice.counts.added, twice.counts.updated, twice.counts.unchanged),
        (0, 0, report.counts.added),
        "the same file again changes nothing"
    );
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let mut rows = BarColumns::default();
    if report.counts.added > 0 {
        rows = read_all(&store, key, &us_equity());
    }
    Ok(Imported { report, rejected, rows })
}

/// The same of a file that holds `text`.
pub fn import_text(text: &[u8], options: &CsvOptions) -> Result<Imported, DataError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let key = SeriesKey { symbol: "AAPL".parse().unwrap(), interval: options.interval };
    import(file.path(), &key, options)
}

/// Minutes, everything else guessed.
pub fn minutes() -> CsvOptions {
    CsvOptions::new("1m".parse().unwrap())
}
