//! What can go wrong on the way to and from stored data.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use openbell_market::{Adjustment, BarInterval, SeriesKey, Symbol};
use openbell_time::{TimeError, Timestamp};
use parquet::errors::ParquetError;
use thiserror::Error;

/// An error of this crate.
///
/// *Shape*: cheap to clone, so that a feed that has met one can say it again. Findings about data
/// that can be read (a gap, a duplicate, a rejected row) are not errors, but counts and reports.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused something.
    #[error("cannot {action} {path:?}")]
    Io {
        /// What was being done.
        action: IoAction,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A feed cannot deliver its series to the end.
    #[error("{key} cannot be read{}", from_when(.since))]
    SeriesUnreadable {
        /// The series.
        key: SeriesKey,
        /// The stamp from which on nothing can be read, where known; every row stamped before it
        /// has been delivered.
        since: Option<Timestamp>,
        /// What was met there.
        source: Box<DataError>,
    },
    /// A live source has failed.
    #[error("the source failed: {said}")]
    SourceFailed {
        /// What it said.
        said: String,
    },
    /// The thread that reads ahead is gone, and with it what it has read.
    #[error("{key} was being read ahead, and the reading has ended before it was polled")]
    PrefetchEnded {
        /// The series.
        key: SeriesKey,
    },
    /// There is no folder of that name.
    #[error(
        "there is no store at {path:?}; name a folder of bars, or write one with `openbell data generate` or `openbell data import`"
    )]
    NoSuchStore {
        /// The folder.
        path: PathBuf,
    },
    /// A file stands where a folder of bars should.
    #[error("{path:?} is a file, and a store is a folder of bars")]
    StoreIsFile {
        /// The file.
        path: PathBuf,
    },
    /// A folder holds something, but no bars in a layout that is read.
    #[error("{path:?} is no store: it holds {found}; needed are folders exchange_group=…/interval=…/symbol=…, or <interval>/<SYMBOL>.parquet, or <SYMBOL>.parquet{}", nested_hint(.nested))]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// The first names in it.
        found: String,
        /// Folders in it that are stores themselves.
        nested: Vec<String>,
    },
    /// The store has no such series.
    #[error("the store {store:?} has no series {key}; {}", known_hint(.intervals, .nearest))]
    UnknownSeries {
        /// The store.
        store: PathBuf,
        /// What was asked for.
        key: SeriesKey,
        /// The intervals at which it holds that symbol, shortest first.
        intervals: Vec<String>,
        /// Symbols of the store with the most similar names, where it does not hold this one.
        nearest: Vec<Symbol>,
    },
    /// The store has the series more than once.
    #[error("the store has {key} {} times, at {}; name the exchange group to read, or remove one", .places.len(), list(.places))]
    AmbiguousSeries {
        /// What was asked for.
        key: SeriesKey,
        /// Where it was found.
        places: Vec<PathBuf>,
    },
    /// Two series of one symbol do not mean the same prices.
    #[error("{first} is adjusted {} and {second} {}: they cannot be used together; import one of them again from data of the other's adjustment", .first_adjustment.name(), .second_adjustment.name())]
    MixedAdjustment {
        /// The one.
        first: SeriesKey,
        /// Its adjustment.
        first_adjustment: Adjustment,
        /// The other.
        second: SeriesKey,
        /// Its adjustment.
        second_adjustment: Adjustment,
    },
    /// A file has no byte.
    #[error("{path:?} is empty: it has no Parquet footer; delete it or write it again")]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A file's footer or one of its pages cannot be decoded.
    #[error("{path:?} is damaged{}: `openbell data verify` names all such files", at_row(.row))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first row that cannot be read, counted from 0; `None` where no row can be.
        row: Option<u64>,
        /// What the decoder said.
        source: Arc<ParquetError>,
    },
    /// A file lacks a column.
    #[error(
        "{path:?} has no column {column}; it has {found}, needed are ts, open, high, low, close, volume"
    )]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that is missing.
        column: &'static str,
        /// The columns that are there.
        found: String,
    },
    /// A column has a type that cannot hold its values.
    #[error("column {column} of {path:?} is {found}; needed is {needed}")]
    WrongColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// Its type.
        found: String,
        /// What would be read.
        needed: &'static str,
    },
    /// A row holds a value that no bar can have: a null, a number that float64 cannot hold, an
    /// instant that cannot be named.
    #[error("row {row} of {path:?} has {fault} in column {column}")]
    BadCell {
        /// The file.
        path: PathBuf,
        /// The row, counted from 0.
        row: u64,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        fault: CellFault,
    },
    /// A row is stamped before the row above it.
    #[error(
        "{path:?} is not sorted: row {row} is stamped {stamp}, the row before it {after}; `openbell data verify --repair` sorts the files of a store"
    )]
    Unsorted {
        /// The file.
        path: PathBuf,
        /// The row, counted from 0.
        row: u64,
        /// Its stamp.
        stamp: Timestamp,
        /// The stamp of the row before it, which may stand in the file before.
        after: Timestamp,
    },
    /// A row lies outside the month or year that its file is named for.
    #[error(
        "row {row} of {path:?} is stamped {stamp}, which is outside the period that the file is named for; `openbell data compact` puts rows where they belong"
    )]
    OutsidePeriod {
        /// The file.
        path: PathBuf,
        /// The row, counted from 0.
        row: u64,
        /// Its stamp.
        stamp: Timestamp,
    },
    /// A file was replaced between two reads of it.
    #[error("{path:?} was changed while it was being read; run again")]
    ChangedWhileRead {
        /// The file.
        path: PathBuf,
    },
    /// Another writer holds the store.
    #[error("another process is writing to the store {path:?}; wait for it to end")]
    StoreLocked {
        /// The store.
        path: PathBuf,
    },
    /// Rows handed to the writer are not ascending by stamp.
    #[error(
        "rows for {key} are not ascending: row {row} is stamped {stamp}, the row before it {after}"
    )]
    RowsNotAscending {
        /// The series.
        key: SeriesKey,
        /// The row, counted from 0.
        row: usize,
        /// Its stamp.
        stamp: Timestamp,
        /// The stamp of the row before it.
        after: Timestamp,
    },
    /// A row handed to the writer cannot be stored.
    #[error("row {row} for {key}, stamped {stamp}, cannot be stored: {reason}")]
    NotStorable {
        /// The series.
        key: SeriesKey,
        /// The row, counted from 0.
        row: usize,
        /// Its stamp.
        stamp: Timestamp,
        /// Why not.
        reason: &'static str,
    },
    /// A calendar has no answer.
    #[error("the calendar does not reach far enough")]
    Calendar {
        /// What it said.
        #[from]
        source: TimeError,
    },
    /// A text is no zone.
    #[error(
        "{found:?} is no zone; write a name such as America/New_York or UTC, or an offset such as -05:00"
    )]
    UnknownZone {
        /// The text.
        found: String,
    },
    /// A packed file is cut short, or damaged.
    #[error("{path:?} is packed, and cannot be unpacked to its end; nothing was imported from it")]
    DamagedGzip {
        /// The file.
        path: PathBuf,
        /// What the unpacker said.
        source: Arc<io::Error>,
    },
    /// A CSV file has no row, or only a header.
    #[error("{path:?} holds no row of bars")]
    EmptyCsv {
        /// The file.
        path: PathBuf,
    },
    /// A column of a CSV file cannot be found.
    #[error("cannot find the column for {column} in {path:?}{}; name it, or its number{}, or say how many lines stand before the table", header_hint(.found), volume_hint(.column))]
    CsvColumnNotFound {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        column: &'static str,
        /// The names in the header; `None` where there is no header.
        found: Option<String>,
    },
    /// What should be a CSV file is no text.
    #[error("{path:?} is no text: {found}")]
    CsvNotText {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: NotText,
    },
    /// A comma in prices can be a decimal comma or part thousands.
    #[error(
        "the numbers of {path:?}, such as {number:?}, can be read with a decimal comma and as thousands; say which"
    )]
    CsvDecimalAmbiguous {
        /// The file.
        path: PathBuf,
        /// The first of them.
        number: String,
    },
    /// Two columns have the name of the one that is looked for.
    #[error(
        "cannot tell which column of {path:?} is the {column}: numbers {} and {} are both named {name:?}; name it by its number", positions[0], positions[1]
    )]
    CsvColumnTwice {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        column: &'static str,
        /// The name of both.
        name: String,
        /// Their places, from 1.
        positions: [usize; 2],
    },
    /// The form that was named reads none of the first stamps.
    #[error("the stamps of {path:?}, such as {stamp:?}, are not written as {format:?}")]
    CsvFormatReadsNone {
        /// The file.
        path: PathBuf,
        /// The form that was named.
        format: String,
        /// The first stamp.
        stamp: String,
    },
    /// Stamps are of no form that is known.
    #[error(
        "cannot tell how the stamps of {path:?} are written, such as {stamp:?}; name their format, such as %Y-%m-%d %H:%M:%S, and the column in which they stand"
    )]
    CsvStampsUnknown {
        /// The file.
        path: PathBuf,
        /// The first of them.
        stamp: String,
    },
    /// Stamps can be read in two ways.
    #[error(
        "the stamps of {path:?}, such as {stamp:?}, can be read as {first} and as {second}; name their format"
    )]
    CsvStampsAmbiguous {
        /// The file.
        path: PathBuf,
        /// The first of them.
        stamp: String,
        /// The one way.
        first: String,
        /// The other.
        second: String,
    },
    /// Stamps do not say in which zone they are.
    #[error(
        "the stamps of {path:?}, such as {stamp:?}, have no zone{}; name it, such as UTC or America/New_York",
        abbreviation_hint(.stamp)
    )]
    CsvZoneNeeded {
        /// The file.
        path: PathBuf,
        /// The first of them.
        stamp: String,
    },
    /// Stamps are dates, and bars shorter than a day need a time of day.
    #[error(
        "the stamps of {path:?} are dates, which {interval} bars cannot have; import them as 1d, or name the column of the time of day"
    )]
    CsvDatesOnly {
        /// The file.
        path: PathBuf,
        /// The interval asked for.
        interval: BarInterval,
    },
    /// An Arrow record batch holds something else.
    #[cfg(feature = "arrow")]
    #[error("the record batch holds no bars: column {column} {reason}")]
    NotBars {
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A value was exported under a name that the file of its series does not have.
    #[error(
        "cannot export column {column:?} of {key}: it was not among the columns of the first rows"
    )]
    UnknownExportColumn {
        /// The series.
        key: SeriesKey,
        /// The name.
        column: String,
    },
    /// A folder holds the export of another run.
    #[error(
        "{path:?} holds the export of another run, or something else under its names; name another folder"
    )]
    OtherExport {
        /// The folder.
        path: PathBuf,
    },
    /// Synthetic rows were to be mixed with real ones.
    #[error("{path:?} is {}, the new rows are {}: the two are never mixed; use another store", kind_of(*.is_synthetic), kind_of(!*.is_synthetic))]
    SyntheticMixed {
        /// The file.
        path: PathBuf,
        /// Whether the stored rows are the synthetic ones.
        is_synthetic: bool,
    },
}

/// What was being done when the operating system refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // The verbs say it.
pub enum IoAction {
    List,
    Read,
    Create,
    Write,
    Sync,
    Rename,
    Remove,
    Lock,
}

impl fmt::Display for IoAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IoAction::List => "list",
            IoAction::Read => "read",
            IoAction::Create => "create",
            IoAction::Write => "write",
            IoAction::Sync => "flush to disk",
            IoAction::Rename => "rename",
            IoAction::Remove => "remove",
            IoAction::Lock => "lock",
        })
    }
}

/// What is wrong with one cell of a stored row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum CellFault {
    /// There is no value.
    Null,
    /// An integer past ±2^53, which float64 cannot hold exactly.
    Inexact(i64),
    /// An instant outside 1677 to 2262, in the unit of the file.
    OutOfRange(i64),
}

impl fmt::Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellFault::Null => f.write_str("no value"),
            CellFault::Inexact(value) => write!(f, "{value}, which float64 cannot hold exactly"),
            CellFault::OutOfRange(value) => {
                write!(f, "{value}, which is no instant between 1677 and 2262")
            }
        }
    }
}

/// What a file is that was taken for a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NotText {
    /// Its first line holds zero bytes.
    ZeroBytes,
    /// A ZIP archive, or a workbook of a spreadsheet, of the new kind (a ZIP archive too) or the
    /// old.
    ZipOrWorkbook,
    /// It is packed by another program than gzip.
    PackedBy(&'static str),
    /// Parquet.
    Parquet,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotText::ZeroBytes => f.write_str("its first line holds zero bytes"),
            NotText::ZipOrWorkbook => f.write_str(
                "it is a ZIP archive or a workbook; unpack it, or save the sheet as CSV",
            ),
            NotText::PackedBy(program) => write!(f, "it is packed by {program}; unpack it"),
            NotText::Parquet => f.write_str(
                "it is Parquet; `openbell data compact FOLDER --into STORE` copies such files",
            ),
        }
    }
}

impl DataError {
    /// The stamp from which on nothing of the series can be read, where that is known: every row
    /// stamped before it has been delivered.
    pub fn unreadable_since(&self) -> Option<Timestamp> {
        match self {
            DataError::SeriesUnreadable { since, .. } => *since,
            _ => None,
        }
    }

    /// There is no store at `path`, where a file may stand.
    pub(crate) fn no_store(path: &std::path::Path, is_file: bool) -> DataError {
        let path = path.to_owned();
        if is_file { DataError::StoreIsFile { path } } else { DataError::NoSuchStore { path } }
    }

    pub(crate) fn io(action: IoAction, path: &std::path::Path, source: io::Error) -> DataError {
        DataError::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }

    /// What a feed of `key` says when it has met this error.
    pub(crate) fn in_series(self, key: &SeriesKey, since: Option<Timestamp>) -> DataError {
        DataError::SeriesUnreadable { key: key.clone(), since, source: Box::new(self) }
    }
}

fn from_when(since: &Option<Timestamp>) -> String {
    since.map(|since| format!(" from {since} on")).unwrap_or_default()
}

fn abbreviation_hint(stamp: &str) -> &'static str {
    let is_abbreviated = stamp.ends_with(|c: char| c.is_ascii_uppercase());
    if is_abbreviated { " that an abbreviation alone could say" } else { "" }
}

fn nested_hint(nested: &[String]) -> String {
    if nested.is_empty() { String::new() } else { format!("; stores in it: {}", nested.join(", ")) }
}

fn known_hint(intervals: &[String], nearest: &[Symbol]) -> String {
    if !intervals.is_empty() {
        return format!("it holds that symbol at {}", intervals.join(", "));
    }
    if nearest.is_empty() {
        return "it holds no symbol".to_owned();
    }
    let names: Vec<&str> = nearest.iter().map(Symbol::as_str).collect();
    format!("it does not hold that symbol; the nearest are {}", names.join(", "))
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn header_hint(found: &Option<String>) -> String {
    match found {
        Some(found) => format!(", whose header is {found:?}"),
        None => ", which has no header".to_owned(),
    }
}

fn volume_hint(column: &&'static str) -> &'static str {
    if *column == "volume" { ", or give every bar a constant one" } else { "" }
}

fn at_row(row: &Option<u64>) -> String {
    row.map(|row| format!(" from row {row} on")).unwrap_or_default()
}

fn kind_of(is_synthetic: bool) -> &'static str {
    if is_synthetic { "synthetic" } else { "real data" }
}
