//! CSV files into stores of their own.

use std::io::Write;
use std::path::Path;

use openbell_data_manager::import::{
    CsvOptions, ImportReport, ImportTarget, Importer, Listeners, RejectedRow, SymbolChoice,
};
use openbell_data_manager::{Check, DataError, DataManager, Provenance, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, SeriesKey};
use openbell_time::TimeManager;

use super::read_all;

/// What came of an import.
pub struct Imported {
    pub report: ImportReport,
    pub rejected: Vec<RejectedRow>,
    pub rows: BarColumns,
}

/// How an import is made, beside the options of the file.
pub struct Setup {
    pub group: &'static str,
    pub waived: Vec<Check>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { group: "US_EQUITY", waived: Vec::new() }
    }
}

/// Imports one file into the store of `writer`; the rejected rows come with it.
pub fn import_into(
    writer: &mut StoreWriter,
    path: &Path,
    symbols: &SymbolChoice,
    options: &CsvOptions,
    setup: &Setup,
) -> Result<(ImportReport, Vec<RejectedRow>), DataError> {
    import_with(&mut Importer::new(writer), path, symbols, options, setup)
}

/// The same as one of the files of a command.
pub fn import_with(
    importer: &mut Importer<'_>,
    path: &Path,
    symbols: &SymbolChoice,
    options: &CsvOptions,
    setup: &Setup,
) -> Result<(ImportReport, Vec<RejectedRow>), DataError> {
    let waived = setup.waived.iter().copied().collect();
    let provenance = Provenance { waived, ..Provenance::default() };
    let calendar = &TimeManager::new().calendar(setup.group).unwrap();
    let exchange_group = setup.group;
    let target = ImportTarget { exchange_group, calendar, symbols, provenance: &provenance };
    let mut rejected = Vec::new();
    let listeners = Listeners {
        reads: &mut |_| {},
        rejected: &mut |row| rejected.push(row.clone()),
        progress: &mut |_| {},
    };
    let report = importer.import(path, options, &target, listeners)?;
    Ok((report, rejected))
}

/// Imports a file into a store of its own, twice: the second time changes nothing.
pub fn import(
    path: &Path,
    key: &SeriesKey,
    options: &CsvOptions,
    setup: &Setup,
) -> Result<Imported, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let symbols = SymbolChoice::Only(key.symbol.clone());
    let (report, rejected) = import_into(&mut writer, path, &symbols, options, setup)?;
    let (twice, _) = import_into(&mut writer, path, &symbols, options, setup)?;
    let (counts, twice) = (report.counts(), twice.counts());
    assert_eq!(
        (twice.added, twice.updated, twice.unchanged),
        (0, 0, counts.added),
        "the same file again changes nothing"
    );
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let mut rows = BarColumns::default();
    if counts.added > 0 {
        let calendar = TimeManager::new().calendar(setup.group).unwrap();
        rows = read_all(&store, key, &calendar);
    }
    Ok(Imported { report, rejected, rows })
}

/// The same of a file that holds `text`.
pub fn import_text(text: &[u8], options: &CsvOptions) -> Result<Imported, DataError> {
    import_text_of(text, options, &Setup::default())
}

/// The same of another group, or with checks that are waived.
pub fn import_text_of(
    text: &[u8],
    options: &CsvOptions,
    setup: &Setup,
) -> Result<Imported, DataError> {
    let file = file_of(text);
    let key = SeriesKey { symbol: "AAPL".parse().unwrap(), interval: options.interval };
    import(file.path(), &key, options, setup)
}

/// A file that holds `text`.
pub fn file_of(text: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    file
}

/// Minutes, everything else guessed.
pub fn minutes() -> CsvOptions {
    CsvOptions::new("1m".parse().unwrap())
}
