//! What an import has found and done.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use openbell_market::{BarFault, Ohlcv};
use openbell_time::Timestamp;

use super::form::StampForm;
use super::options::{Decimal, ImportZone, RowOrder};
use crate::store::writer::MergeCounts;

/// Why a row of a CSV file was not imported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ImportReason {
    /// A cell that is needed is empty, or the row is too short to have it.
    Missing,
    /// The stamp is not of the form of the others, or outside 1677 to 2262, or finer than a
    /// microsecond.
    NotAStamp,
    /// The stamp has no time of day, and bars shorter than a day need one.
    NoTimeOfDay,
    /// The stamp has no offset, and no zone was named.
    NoZone,
    /// The stamp carries an abbreviation that the clock of the named zone did not show then.
    OtherZone,
    /// The clock of the zone never showed that time: it went forward over it.
    NoSuchLocalTime,
    /// A price or volume is no number.
    NotANumber,
    /// A cell is no UTF-8.
    NotText,
    /// The values cannot be those of a bar.
    Invalid(BarFault),
    /// A row with the same stamp stands before it in the file; the first counts.
    Duplicate,
    /// The column for the symbol names another one than that of the first row: a file is imported
    /// into one series.
    OtherSymbol,
}

impl ImportReason {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            ImportReason::Missing => "missing_value",
            ImportReason::NotAStamp => "not_a_timestamp",
            ImportReason::NoTimeOfDay => "no_time_of_day",
            ImportReason::NoZone => "no_zone",
            ImportReason::OtherZone => "other_zone",
            ImportReason::NoSuchLocalTime => "no_such_local_time",
            ImportReason::NotANumber => "not_a_number",
            ImportReason::NotText => "not_text",
            ImportReason::Invalid(BarFault::NotFinite) => "invalid_not_finite",
            ImportReason::Invalid(BarFault::HighBelowOthers) => "invalid_high_below_others",
            ImportReason::Invalid(BarFault::LowAboveOthers) => "invalid_low_above_others",
            ImportReason::Invalid(BarFault::NegativeVolume) => "invalid_negative_volume",
            ImportReason::Duplicate => "duplicate",
            ImportReason::OtherSymbol => "other_symbol",
        }
    }
}

impl fmt::Display for ImportReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A row that was not imported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RejectedRow {
    /// The file.
    pub file: PathBuf,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// What the cell at fault is: `ts`, `open` …; for values that are at fault together, `high` or
    /// `low` or `volume`, the one that the reason names.
    pub column: &'static str,
    /// What stands in it.
    pub value: String,
    /// What is wrong.
    pub reason: ImportReason,
}

/// How a file is read, options and guesses together.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadAs {
    /// Lines at the head of the file that are no part of the table.
    pub n_lines_before: usize,
    /// What stands between two cells.
    pub delimiter: char,
    /// The names in the first row; `None` where it has none.
    pub header: Option<Vec<String>>,
    /// For the stamp, the time of day where it stands apart, the four prices and the volume: the
    /// name of the column, or its number.
    pub columns: Vec<(&'static str, String)>,
    /// The volume of every bar, where the file has none.
    pub constant_volume: Option<f64>,
    /// How stamps are written.
    pub timestamp_form: StampForm,
    /// The zone in which stamps are read; `None` where they say it themselves, or need none.
    pub zone: Option<ImportZone>,
    /// How rows follow each other.
    pub order: RowOrder,
    /// How numbers are written.
    pub decimal: Decimal,
    /// Whether the file is compressed.
    pub is_gzip: bool,
}

/// One of the first rows of a file, as it would be read.
#[derive(Clone, PartialEq, Debug)]
pub struct PreviewRow {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The stamp as it is written.
    pub written: String,
    /// The open of the bar (1d and 1w: its label) and its values, or why it would be rejected.
    pub read: Result<(Timestamp, Ohlcv), RejectedRow>,
}

/// How a file would be read.
#[derive(Clone, PartialEq, Debug)]
pub struct Preview {
    /// Options and guesses together.
    pub read_as: ReadAs,
    /// Its first rows.
    pub rows: Vec<PreviewRow>,
}

/// What an import has done.
#[derive(Clone, PartialEq, Debug)]
pub struct ImportReport {
    /// The file.
    pub file: PathBuf,
    /// Options and guesses together.
    pub read_as: ReadAs,
    /// Rows in the file, header and empty lines not among them.
    pub n_rows: u64,
    /// Rows that were not imported, by reason.
    pub rejected: BTreeMap<ImportReason, u64>,
    /// What became of the others in the store.
    pub counts: MergeCounts,
    /// First and last stamp of the imported rows.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl ImportReport {
    /// Rows that were not imported.
    pub fn n_rejected(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// How far an import has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImportProgress {
    /// Rows read.
    pub n_rows: u64,
    /// Bytes of the file read, compressed ones where it is compressed.
    pub n_bytes: u64,
    /// Bytes of the file.
    pub n_bytes_total: u64,
}
