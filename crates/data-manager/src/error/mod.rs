//! What can go wrong on the way to and from stored data.

mod detail;
mod hints;
mod made;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use openbell_market::{Adjustment, BarInterval, SeriesKey, Symbol};
use openbell_time::{TimeError, Timestamp};
use parquet::errors::ParquetError;
use thiserror::Error;

use crate::evidence::Objection;
pub use detail::{CellFault, IoAction, NotText, Unbounded};
use hints::{
    abbreviation_hint, at_row, beside_hint, from_when, header_hint, kind_of, known_hint, list,
    of_group, symbol_place, volume_hint,
};

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
    /// What a source failed with when it was recorded.
    #[error("{said}")]
    Recorded {
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
    #[error("{path:?} is no store: it holds {found}; needed are folders exchange_group=…/interval=…/symbol=…, or <interval>/<SYMBOL>.parquet, or <SYMBOL>.parquet{}", beside_hint(.nested, .parted_by_time))]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// The first names in it.
        found: String,
        /// Folders in it that are stores themselves.
        nested: Vec<String>,
        /// Folders in it that part bars by time, where a symbol's folder would stand.
        parted_by_time: Vec<PathBuf>,
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
    /// A row holds what no bar can have: a null, what float64 cannot hold, an instant without a name.
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
    /// What a file claims of itself would take more memory than its bytes give reason for.
    #[error("{path:?} is refused: {claim}")]
    Unbounded {
        /// The file.
        path: PathBuf,
        /// What it claims.
        claim: Unbounded,
    },
    /// A series has more rows in a stretch of time than its interval has places for, many times over.
    #[error(
        "{path:?} holds more than {n_max} rows up to {until}, many times what there are bars of {interval}: row {row} is the first too many; `openbell data verify` names rows that repeat"
    )]
    TooManyRows {
        /// The file.
        path: PathBuf,
        /// The first row too many, from 0.
        row: u64,
        /// The interval of the series.
        interval: BarInterval,
        /// The end of the stretch.
        until: Timestamp,
        /// Rows that are read in one go.
        n_max: u64,
    },
    /// A file of the store has more rows than are rewritten in one go.
    #[error(
        "{path:?} holds {n_rows} rows, more than the {n_max} that a file of the store is rewritten with; `openbell data compact FOLDER --into STORE` copies it in parts"
    )]
    TooLargeToRewrite {
        /// The file.
        path: PathBuf,
        /// Its rows.
        n_rows: u64,
        /// Rows that are held at once.
        n_max: u64,
    },
    /// A row is stamped before the row above it.
    #[error(
        "{path:?} is not sorted: row {row} is stamped {stamp}, the row before it {after}; `openbell data compact` sorts: the files of a store where they are, and with --into STORE those of a folder on their way into a store"
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
    /// Several columns hold a volume, and none is named as that of the traded unit.
    #[error(
        "cannot tell which volume of {path:?} counts units traded: columns {} {:?} and {} {:?}; name one by its number", positions[0], names[0], positions[1], names[1]
    )]
    CsvVolumeAmbiguous {
        /// The file.
        path: PathBuf,
        /// The headings of the first two.
        names: [String; 2],
        /// Their places, from 1.
        positions: [usize; 2],
    },
    /// Prices without a header stand in another order than open, high, low, close.
    #[error(
        "the prices of {path:?} are not in the order open, high, low, close: in every row column {high} is the highest and column {low} the lowest; name the four columns"
    )]
    CsvColumnOrder {
        /// The file.
        path: PathBuf,
        /// The place of the highest price, from 1.
        high: usize,
        /// The place of the lowest.
        low: usize,
    },
    /// Nothing says whose rows they are.
    #[error(
        "nothing says whose rows {path:?} holds: it has no column of symbols, and its name is none"
    )]
    CsvSymbolNeeded {
        /// The file.
        path: PathBuf,
    },
    /// Rows of one stamp contradict each other, and differ in a column of text.
    #[error(
        "rows of {path:?} contradict each other under one stamp, and differ in column {}: it holds several series; say which column names them", columns.join(", ")
    )]
    CsvSymbolColumnNeeded {
        /// The file.
        path: PathBuf,
        /// Columns that differ, by their heading or number.
        columns: Vec<String>,
    },
    /// The file has other symbols than the one that was asked for.
    #[error("{path:?} has no row of {asked}; its column of symbols names {}", found.join(", "))]
    CsvNoSuchSymbol {
        /// The file.
        path: PathBuf,
        /// The symbol.
        asked: Symbol,
        /// The first of those that it has.
        found: Vec<String>,
    },
    /// A second header names the columns in another order than the first.
    #[error(
        "line {line} of {path:?} is a second header, with the columns in another order than the first; split the file there"
    )]
    CsvSecondHeader {
        /// The file.
        path: PathBuf,
        /// Its line.
        line: u64,
    },
    /// A file names another symbol than the one that it is read as.
    #[error(
        "{path:?} is read as {needed}, and {} {found}; give it its own name, or `openbell data import` what it was made of", symbol_place(.row)
    )]
    OtherSymbol {
        /// The file.
        path: PathBuf,
        /// The row whose column of symbols says so, from 0; `None` where its metadata do.
        row: Option<u64>,
        /// The symbol that it names.
        found: String,
        /// The symbol that its path names.
        needed: Symbol,
    },
    /// A file names another interval than the one that it is read as.
    #[error(
        "{path:?} is read as bars of {needed}, and its metadata name {found}; put it where bars of {found} are read from"
    )]
    OtherInterval {
        /// The file.
        path: PathBuf,
        /// The interval that it names.
        found: BarInterval,
        /// The interval that its path names.
        needed: BarInterval,
    },
    /// The statistics of a file, by which row groups are left out, do not hold of its rows.
    #[error(
        "{path:?} is refused: its statistics{} do not hold of its rows{}, so that rows would be left out; `openbell data compact --into STORE` writes them anew", of_group(.group), at_row(.row)
    )]
    FalseStatistics {
        /// The file.
        path: PathBuf,
        /// The row group, from 0, where it is known.
        group: Option<usize>,
        /// The first row outside of them, from 0, where there is one.
        row: Option<u64>,
    },
    /// Two files of one series do not mean the same prices.
    #[error("the files of {key} are not of one make: {:?} holds {}, {:?} {}; import one of them again", .first.0, .first.1, .second.0, .second.1)]
    MixedFiles {
        /// The series.
        key: SeriesKey,
        /// The one file, and what it holds.
        first: Box<(PathBuf, String)>,
        /// The other.
        second: Box<(PathBuf, String)>,
    },
    /// Whole numbers of two units stand in one column of stamps.
    #[error(
        "the stamps of {path:?} change their unit at row {row}; write them in one, such as microseconds since 1970"
    )]
    MixedUnits {
        /// The file.
        path: PathBuf,
        /// The first row of the other unit, from 0.
        row: u64,
    },
    /// What the rows of a file show contradicts what is said of them.
    #[error("{path:?} is refused: {objection}")]
    Refused {
        /// The file.
        path: PathBuf,
        /// What speaks against it.
        objection: Objection,
    },
    /// What the rows of record batches show contradicts what is said of them.
    #[error("the rows are refused as {key}: {objection}")]
    BatchesRefused {
        /// The series that they are said to be of.
        key: SeriesKey,
        /// What speaks against it.
        objection: Objection,
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

impl DataError {
    /// The stamp from which on nothing of the series can be read, where that is known: every row
    /// stamped before it has been delivered.
    pub fn unreadable_since(&self) -> Option<Timestamp> {
        match self {
            DataError::SeriesUnreadable { since, .. } => *since,
            _ => None,
        }
    }
}
