//! What a run has shown, as files: bars and indicators as Parquet, one file for the whole run and
//! each series, and quality as CSV.
//!
//! ```text
//! DIR/bars/<interval>/<SYMBOL>.parquet         ts session_date open high low close volume n expected symbol
//! DIR/indicators/<interval>/<SYMBOL>.parquet   ts, a nullable column for each value, symbol
//! DIR/quality.csv                              a row for every symbol and session, base interval
//! DIR/signals.csv                              a row for every signal; only where there was one
//! DIR/orders.parquet                           only with accounts: what was ordered, and how it ended
//! DIR/fills.parquet                            only with accounts
//! DIR/positions.parquet                        only with accounts: what was held at each close
//! DIR/equity.parquet                           only with accounts: the curve
//! DIR/events.jsonl                             the event log, where the caller hands it over
//! DIR/report.json                              what the run came to, as the caller says it; written last
//! DIR/run.json                                 what run it is of, as the caller says it
//! DIR/interrupted.json                         only where the run was: the session, and through when
//! ```

mod difference;
mod growing_text;
mod indicators;
mod quality;
mod sheet;
mod signals;
mod table;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_market::{BarRows, SeriesKey};
use openbell_time::{Timestamp, TradingDate};
use parquet::file::metadata::KeyValue;
use parquet::schema::parser::parse_message_type;
use tracing::info;

use crate::codec::bar_file::meta_key;
use crate::disk::{self, AtomicFile, Disk, RealDisk};
use crate::store::layout::{PARQUET, flat_file_name};
use crate::store::writer::encode_error;
use crate::{DataError, IoAction};
pub use difference::{RowDifference, RowDiffers, first_difference};
use growing_text::GrowingText;
use indicators::Indicators;
pub use quality::QualityRow;
pub use sheet::{Sheet, SheetColumn, SheetName};
pub use signals::SignalRow;
use table::{Table, TableColumn};

const BARS_FOLDER: &str = "bars";
const INDICATORS_FOLDER: &str = "indicators";
const QUALITY_FILE: &str = "quality.csv";
const SIGNALS_FILE: &str = "signals.csv";
const RUN_FILE: &str = "run.json";
const EVENTS_FILE: &str = "events.jsonl";
const REPORT_FILE: &str = "report.json";
const INTERRUPTED_FILE: &str = "interrupted.json";

/// Rows gathered over all files before they are written: about 70 MB of bars.
const GATHERED_ROWS_MAX: usize = 1 << 20;

const BARS: &str = "message bars {
    required int64 ts (TIMESTAMP(MICROS, true));
    required int32 session_date (DATE);
    required double open;
    required double high;
    required double low;
    required double close;
    required double volume;
    required int32 n;
    required int32 expected;
    required binary symbol (STRING);
}";

/// Bars of one series in one session, with what each of them has seen.
///
/// *Shape*: columns of one length, ascending.
#[derive(Clone, Copy, Debug)]
pub struct ExportBars<'a> {
    /// The bars.
    pub bars: BarRows<'a>,
    /// Base bars seen.
    pub n: &'a [u32],
    /// Base bars that the window holds when full.
    pub expected: &'a [u32],
}

/// One column of indicator values; `None` where the value is not defined.
#[derive(Clone, Copy, Debug)]
pub struct ExportValues<'a> {
    /// The name of the column.
    pub name: &'a str,
    /// One for each stamp.
    pub values: &'a [Option<f64>],
}

/// What an export has written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ExportReport {
    /// Files, the one of quality among them.
    pub n_files: usize,
    /// Bars in them.
    pub n_bars: u64,
    /// Rows of indicator values.
    pub n_indicator_rows: u64,
    /// Rows of quality.
    pub n_quality_rows: u64,
    /// Rows of signals.
    pub n_signal_rows: u64,
    /// Rows of orders, fills, positions and equity together.
    pub n_sheet_rows: u64,
}

/// An export that grows session by session.
///
/// *Cost*: up to about a million rows are gathered in memory, whatever the length of the run; no
/// file stays open. Nothing can be seen in the folder before [`RunExport::finish`], which puts
/// every file in its place; dropped before, the export leaves nothing.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::export::{QualityRow, RunExport};
/// use openbell_market::{BarInterval, SeriesKey};
///
/// let folder = tempfile::tempdir()?;
/// let key = SeriesKey { symbol: "AAPL".parse()?, interval: BarInterval::from_mins(1).unwrap() };
/// let mut export = RunExport::create(folder.path(), "{}")?;
/// let session_date = "2025-07-03".parse()?;
/// export.append_quality(&QualityRow { key, session_date, expected: 210, present: 209, longest_gap: 1 })?;
/// export.finish()?;
/// let text = std::fs::read_to_string(folder.path().join("quality.csv"))?;
/// assert!(text.ends_with("AAPL,2025-07-03,1m,210,209,1,1,99.5238\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RunExport {
    folder: PathBuf,
    run: String,
    disk: Arc<dyn Disk>,
    bars: BTreeMap<SeriesKey, Table>,
    indicators: BTreeMap<SeriesKey, Indicators>,
    quality: GrowingText,
    signals: GrowingText,
    events: GrowingText,
    sheets: BTreeMap<SheetName, Sheet>,
    interrupted: Option<String>,
    n_gathered: usize,
}

impl std::fmt::Debug for RunExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunExport").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl RunExport {
    /// The folders that an export makes in its own.
    pub const FOLDERS: [&str; 2] = [BARS_FOLDER, INDICATORS_FOLDER];

    /// The files that an export makes beside them.
    pub const FILES: [&str; 10] = [
        QUALITY_FILE,
        SIGNALS_FILE,
        RUN_FILE,
        EVENTS_FILE,
        REPORT_FILE,
        INTERRUPTED_FILE,
        SheetName::Orders.file_name(),
        SheetName::Fills.file_name(),
        SheetName::Positions.file_name(),
        SheetName::Equity.file_name(),
    ];

    /// Begins an export of `run` into `folder`, which is made where it is not there. `run` is a text of
    /// the caller's, the same for the same run; an earlier export of it is replaced.
    ///
    /// # Errors
    ///
    /// [`DataError::OtherExport`] where the folder holds the export of another run; those of the file
    /// system.
    pub fn create(folder: impl AsRef<Path>, run: &str) -> Result<RunExport, DataError> {
        RunExport::create_on(Arc::new(RealDisk), folder.as_ref(), run)
    }

    pub(crate) fn create_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        run: &str,
    ) -> Result<RunExport, DataError> {
        check_owner(folder, run)?;
        let text = |name, head| GrowingText::new(&disk, &folder.join(name), head);
        let quality = text(QUALITY_FILE, quality::HEAD).begin()?;
        let (signals, events) = (text(SIGNALS_FILE, signals::HEAD), text(EVENTS_FILE, ""));
        Ok(RunExport {
            folder: folder.to_owned(),
            run: run.to_owned(),
            disk,
            bars: BTreeMap::new(),
            indicators: BTreeMap::new(),
            quality,
            signals,
            events,
            sheets: BTreeMap::new(),
            interrupted: None,
            n_gathered: 0,
        })
    }

    /// Appends the bars of one series that were visible at the close of one session.
    ///
    /// *Shape*: calls for one series follow each other in time; a 1w bar has its Monday for
    /// `session_date`. A series that is named without a bar gets a file without a row.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    ///
    /// # Panics
    ///
    /// Where the columns differ in length.
    pub fn append_bars(
        &mut self,
        key: &SeriesKey,
        session_date: TradingDate,
        exported: &ExportBars<'_>,
    ) -> Result<(), DataError> {
        let table = match self.bars.entry(key.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let file = file_of(&self.disk, &self.folder, BARS_FOLDER, key)?;
                let schema =
                    parse_message_type(BARS).map_err(|error| encode_error(file.target(), error))?;
                entry.insert(Table::new(file, schema, metadata(key), bar_columns(key))?)
            }
        };
        let ExportBars { bars, n, expected } = *exported;
        let n_bars = bars.len();
        let doubles = [bars.open, bars.high, bars.low, bars.close, bars.volume];
        let counts = [n, expected];
        assert!(
            doubles.iter().all(|column| column.len() == n_bars)
                && counts.iter().all(|column| column.len() == n_bars),
            "columns of bars have one length"
        );
        let (mut doubles, mut counts) = (doubles.into_iter(), counts.into_iter());
        for (idx, column) in table.columns.iter_mut().enumerate() {
            match column {
                TableColumn::Stamps(stamps) => extend_stamps(stamps, bars.opens_at_ns),
                TableColumn::Int32(dates) if idx == 1 => {
                    dates.resize(dates.len() + n_bars, session_date.as_days());
                }
                TableColumn::Int32(values) => {
                    values.extend(counts.next().into_iter().flatten().map(|&n| clamped(n)));
                }
                TableColumn::Double(values) => {
                    values.extend_from_slice(doubles.next().unwrap_or_default());
                }
                TableColumn::NullableDouble(..) | TableColumn::Constant(_) => {}
            }
        }
        table.grew(n_bars);
        self.gathered(n_bars)
    }

    /// Appends rows of indicator values of one series.
    ///
    /// *Shape*: the first call for a series says which columns its file has; a name that is not
    /// among those of a later call is null in its rows, a new name is refused.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownExportColumn`] for such a name; those of the file system.
    ///
    /// # Panics
    ///
    /// Where the columns differ in length.
    pub fn append_indicators(
        &mut self,
        key: &SeriesKey,
        opens_at_ns: &[i64],
        values: &[ExportValues<'_>],
    ) -> Result<(), DataError> {
        let n_rows = opens_at_ns.len();
        assert!(
            values.iter().all(|column| column.values.len() == n_rows),
            "columns of indicator values have one length"
        );
        let indicators = match self.indicators.entry(key.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let file = file_of(&self.disk, &self.folder, INDICATORS_FOLDER, key)?;
                let names: Vec<String> = values.iter().map(|v| v.name.to_owned()).collect();
                entry.insert(Indicators::new(file, key, names)?)
            }
        };
        indicators.append(key, opens_at_ns, values)?;
        self.gathered(n_rows)
    }

    /// Appends the quality of one series in one session.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn append_quality(&mut self, row: &QualityRow) -> Result<(), DataError> {
        self.quality.line(&row.line())
    }

    /// Appends a signal; they are written in the order of the calls.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn append_signal(&mut self, row: &SignalRow) -> Result<(), DataError> {
        self.signals.line(&row.line())
    }

    /// Appends a line of the event log, without its end.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn append_event(&mut self, line: &str) -> Result<(), DataError> {
        self.events.line(&format!("{line}\n"))
    }

    /// Puts a table beside the series, in place of one of that name.
    pub fn put_sheet(&mut self, name: SheetName, sheet: Sheet) {
        self.sheets.insert(name, sheet);
    }

    /// Says in the folder that the last session, that of `session_date`, holds what had closed by `at`
    /// and no more.
    pub fn mark_interrupted(&mut self, session_date: TradingDate, at: Timestamp) {
        let text = format!("{{\"session_date\":\"{session_date}\",\"at\":\"{at}\"}}\n");
        self.interrupted = Some(text);
    }

    /// Writes what is gathered, and puts every file in its place.
    ///
    /// # Errors
    ///
    /// Those of the file system; files that are in their place by then stay.
    pub fn finish(self) -> Result<ExportReport, DataError> {
        self.finish_with(|_| None)
    }

    /// The same, with what the run came to as the last file: `text` says it, where it is to be there.
    ///
    /// # Errors
    ///
    /// Those of the file system; files that are in their place by then stay.
    pub fn finish_with(
        self,
        text: impl FnOnce(&ExportReport) -> Option<String>,
    ) -> Result<ExportReport, DataError> {
        self.remove_earlier()?;
        write_text(&self.disk, &self.folder.join(RUN_FILE), &self.run)?;
        if let Some(text) = &self.interrupted {
            write_text(&self.disk, &self.folder.join(INTERRUPTED_FILE), text)?;
        }
        let mut report =
            ExportReport { n_quality_rows: self.quality.n_lines(), ..ExportReport::default() };
        for table in self.bars.into_values() {
            report.n_bars += table.finish()?;
            report.n_files += 1;
        }
        for indicators in self.indicators.into_values() {
            report.n_indicator_rows += indicators.table.finish()?;
            report.n_files += 1;
        }
        self.quality.finish()?;
        report.n_files += 1;
        report.n_signal_rows = self.signals.n_lines();
        for text in [self.signals, self.events] {
            if text.n_lines() > 0 {
                text.finish()?;
                report.n_files += 1;
            }
        }
        for (name, sheet) in &self.sheets {
            sheet.write(AtomicFile::create(&self.disk, &self.folder.join(name.file_name()))?)?;
            report.n_sheet_rows += sheet.n_rows() as u64;
            report.n_files += 1;
        }
        if let Some(text) = text(&ExportReport { n_files: report.n_files + 1, ..report }) {
            write_text(&self.disk, &self.folder.join(REPORT_FILE), &text)?;
            report.n_files += 1;
        }
        let ExportReport { n_files, n_bars, n_indicator_rows, n_signal_rows, .. } = report;
        let folder = self.folder.display();
        info!(%folder, n_files, n_bars, n_indicator_rows, n_signal_rows, "export written");
        Ok(report)
    }

    /// Removes what an earlier export of the run has left and this one does not write.
    fn remove_earlier(&self) -> Result<(), DataError> {
        let is_written = |kind: &str, interval: &str, file: &str| {
            let is_it = |key: &SeriesKey| {
                key.interval.to_string() == interval && flat_file_name(&key.symbol) == file
            };
            match kind {
                BARS_FOLDER => self.bars.keys().any(is_it),
                _ => self.indicators.keys().any(is_it),
            }
        };
        let mut earlier = Vec::new();
        for kind in RunExport::FOLDERS {
            for (interval, file) in files_of(&self.folder.join(kind))? {
                if !is_written(kind, &interval, &file) {
                    earlier.push(self.folder.join(kind).join(interval).join(file));
                }
            }
        }
        let has_sheet = |name: SheetName| (name.file_name(), self.sheets.contains_key(&name));
        let is_written = [
            (SIGNALS_FILE, self.signals.n_lines() > 0),
            (EVENTS_FILE, self.events.n_lines() > 0),
            (REPORT_FILE, false), // It is written last: where it is there, the export is whole.
            (INTERRUPTED_FILE, self.interrupted.is_some()),
        ];
        let is_written = is_written.into_iter().chain(SheetName::ALL.map(has_sheet));
        for (name, _) in is_written.filter(|(_, is_written)| !is_written) {
            let path = self.folder.join(name);
            if disk::is_file(&path) {
                earlier.push(path);
            }
        }
        for path in earlier {
            let removed = self.disk.remove(&path);
            removed.map_err(|error| DataError::io(IoAction::Remove, &path, error))?;
        }
        Ok(())
    }

    fn gathered(&mut self, n_rows: usize) -> Result<(), DataError> {
        self.n_gathered += n_rows;
        if self.n_gathered < GATHERED_ROWS_MAX {
            return Ok(());
        }
        let indicators = self.indicators.values_mut().map(|indicators| &mut indicators.table);
        for table in self.bars.values_mut().chain(indicators) {
            table.write_out()?;
        }
        self.n_gathered = 0;
        Ok(())
    }
}

/// Whether a folder is free for an export of `run`: it holds none, or one of the same.
fn check_owner(folder: &Path, run: &str) -> Result<(), DataError> {
    let is_there =
        |name: &&str| disk::is_file(&folder.join(name)) || disk::is_folder(&folder.join(name));
    let mut names = RunExport::FOLDERS.iter().chain(&RunExport::FILES);
    if !names.any(is_there) {
        return Ok(());
    }
    let owner = folder.join(RUN_FILE);
    let mut found = Vec::new();
    if disk::is_file(&owner) {
        let read = disk::open(&owner)?.read_to_end(&mut found);
        read.map_err(|error| DataError::io(IoAction::Read, &owner, error))?;
    }
    if found == run.as_bytes() {
        return Ok(());
    }
    Err(DataError::OtherExport { path: folder.to_owned() })
}

/// The files of an export's folder, each with that of its interval.
fn files_of(folder: &Path) -> Result<Vec<(String, String)>, DataError> {
    let mut files = Vec::new();
    if disk::is_folder(folder) {
        for interval in disk::list(folder)?.into_iter().filter(|entry| entry.is_folder) {
            for file in disk::list(&folder.join(&interval.name))? {
                if file.name.ends_with(PARQUET) {
                    files.push((interval.name.clone(), file.name));
                }
            }
        }
    }
    Ok(files)
}

fn write_text(disk: &Arc<dyn Disk>, path: &Path, text: &str) -> Result<(), DataError> {
    let mut file = AtomicFile::create(disk, path)?;
    let written = file.write_all(text.as_bytes());
    written.map_err(|error| DataError::io(IoAction::Write, file.target(), error))?;
    file.commit()
}

/// The column that lets one query read the files of many series.
fn symbol_column(key: &SeriesKey) -> TableColumn {
    TableColumn::Constant(key.symbol.as_str().into())
}

fn bar_columns(key: &SeriesKey) -> Vec<TableColumn> {
    let double = || TableColumn::Double(Vec::new());
    let int32 = || TableColumn::Int32(Vec::new());
    vec![
        TableColumn::Stamps(Vec::new()),
        int32(),
        double(),
        double(),
        double(),
        double(),
        double(),
        int32(),
        int32(),
        symbol_column(key),
    ]
}

fn file_of(
    disk: &Arc<dyn Disk>,
    folder: &Path,
    kind: &str,
    key: &SeriesKey,
) -> Result<AtomicFile, DataError> {
    let folder = folder.join(kind).join(key.interval.to_string());
    AtomicFile::create(disk, &folder.join(flat_file_name(&key.symbol)))
}

fn metadata(key: &SeriesKey) -> Vec<KeyValue> {
    vec![
        KeyValue::new(meta_key::SYMBOL.to_owned(), key.symbol.to_string()),
        KeyValue::new(meta_key::INTERVAL.to_owned(), key.interval.to_string()),
        KeyValue::new(meta_key::STAMP.to_owned(), "open".to_owned()),
    ]
}

fn extend_stamps(stamps_us: &mut Vec<i64>, opens_at_ns: &[i64]) {
    stamps_us.extend(opens_at_ns.iter().map(|ns| ns.div_euclid(1_000)));
}

fn clamped(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
