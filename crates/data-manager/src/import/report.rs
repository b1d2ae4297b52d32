//! What an import has found and done.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use openbell_market::{BarFault, Ohlcv, SeriesKey};
use openbell_time::Timestamp;

use super::findings::{Finding, Findings};
use super::form::StampForm;
use super::options::{Decimal, ImportZone, RowOrder};
use super::sorted::Row;
use crate::evidence::Undeliverable;
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
    /// A row with the same stamp and the same values stands before it; the first counts.
    Duplicate,
    /// A row with the same stamp and other values stands before it; the first counts.
    Conflicting,
    /// The column of symbols names another one than the one that is imported.
    OtherSymbol,
    /// What stands in the column of symbols can name no symbol.
    NotASymbol,
    /// A second that a clock inserts, 23:59:60: no bar can be stamped with it.
    LeapSecond,
    /// The calendar of the group does not reach to that instant, so its session is not known.
    OutsideFacts,
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
            ImportReason::Conflicting => "conflicting",
            ImportReason::OtherSymbol => "other_symbol",
            ImportReason::NotASymbol => "not_a_symbol",
            ImportReason::LeapSecond => "leap_second",
            ImportReason::OutsideFacts => "outside_calendar",
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
    /// What became of the others, series by series, in the order in which the file names them.
    pub series: Vec<SeriesImport>,
}

/// What an import has done to one series.
#[derive(Clone, PartialEq, Debug)]
pub struct SeriesImport {
    /// The series.
    pub key: SeriesKey,
    /// What became of its rows in the store.
    pub counts: MergeCounts,
    /// First and last stamp of its rows.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Rows that are stored and that no session will deliver.
    pub undeliverable: Undeliverable,
    /// Bars whose values are suspicious.
    pub findings: Vec<Finding>,
    /// The search for them.
    looked_at: Findings,
}

impl SeriesImport {
    /// Of no row yet.
    pub(crate) fn of(key: SeriesKey) -> SeriesImport {
        SeriesImport {
            key,
            counts: MergeCounts::default(),
            span: None,
            undeliverable: Undeliverable::default(),
            findings: Vec::new(),
            looked_at: Findings::default(),
        }
    }

    /// Notes where its rows lie, and which are suspicious; they come in order.
    pub(crate) fn note(&mut self, rows: &[Row]) {
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            let [first, last] = [first, last].map(|row| Timestamp::from_nanos(row.stamp_ns));
            self.span = Some(self.span.map_or((first, last), |(since, _)| (since, last)));
        }
        self.looked_at.rows(rows);
        self.findings = self.looked_at.found().to_vec();
    }
}

impl ImportReport {
    /// What became of all rows in the store.
    pub fn counts(&self) -> MergeCounts {
        let mut counts = MergeCounts::default();
        self.series.iter().for_each(|series| counts += series.counts);
        counts
    }

    /// First and last stamp of all imported rows.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let spans = self.series.iter().filter_map(|series| series.span);
        spans.reduce(|(first, last), (since, until)| (first.min(since), last.max(until)))
    }

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
