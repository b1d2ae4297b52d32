//! How a CSV file is to be read: what the user has said, and what is left to be guessed.

use std::fmt;
use std::str::FromStr;

use openbell_market::BarInterval;
use openbell_time::Nanos;

use super::zones;
use crate::DataError;

/// How a CSV file is to be read. What is `None` is guessed from the first rows, and shown by
/// [`crate::import::preview`] before it is used.
///
/// *Example*: minutes stamped with their end on a New York clock.
///
/// ```
/// use openbell_data_manager::import::{CsvOptions, StampedAt};
/// let mut options = CsvOptions::new("1m".parse()?);
/// options.zone = Some("America/New_York".parse()?);
/// options.stamped_at = StampedAt::Close;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct CsvOptions {
    /// The length of the bars.
    pub interval: BarInterval,
    /// What stands between two cells; guessed among `,` `;` tab and `|`.
    pub delimiter: Option<u8>,
    /// Lines before the header or the first row that are no part of the table; guessed.
    pub n_lines_before: Option<usize>,
    /// Whether the first row holds names; guessed: a row of bars has numbers.
    pub has_header: Option<bool>,
    /// Where the stamp stands, or its date; by its name, else the first column of stamps.
    pub ts: Option<ColumnRef>,
    /// Where the time of day stands, if apart from the date; by its name, or after the date.
    pub time: Option<ColumnRef>,
    /// Where the first price stands; by its name, or after the stamp.
    pub open: Option<ColumnRef>,
    /// Where the highest price stands; by its name, or next.
    pub high: Option<ColumnRef>,
    /// Where the lowest price stands; by its name, or next.
    pub low: Option<ColumnRef>,
    /// Where the last price stands; by its name, or next.
    pub close: Option<ColumnRef>,
    /// Where the volume stands; by its name, or next.
    pub volume: VolumeSource,
    /// Where the symbol of the row stands; by its name, or where rows of one stamp contradict each other.
    pub symbol: Option<ColumnRef>,
    /// What prices are multiplied with: 0.0001 where they are written in ten-thousandths.
    pub price_scale: f64,
    /// How stamps are written, in the words of strftime, or `epoch_s`, `epoch_ms`, `epoch_us`,
    /// `epoch_ns`; guessed among the usual ones. An offset may follow what is guessed.
    pub timestamp_format: Option<String>,
    /// The zone of stamps without an offset, and of those with an abbreviation that can mean
    /// several; needed for them, unless they are dates of 1d or 1w bars.
    pub zone: Option<ImportZone>,
    /// What an offset that is written is worth.
    pub written_offset: WrittenOffset,
    /// Added to every stamp.
    pub shift: Nanos,
    /// Which end of the bar is stamped.
    pub stamped_at: StampedAt,
    /// How numbers are written; guessed.
    pub decimal: Option<Decimal>,
}

/// A column of a CSV file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ColumnRef {
    /// By the name in the header, upper or lower case.
    Name(String),
    /// By its place, from 1.
    Position(usize),
}

/// Where volumes come from.
#[derive(Clone, PartialEq, Debug)]
pub enum VolumeSource {
    /// From the column named volume, or the one after the prices in a file without a header.
    Guessed,
    /// From this column.
    Column(ColumnRef),
    /// The file has none: each bar gets this one.
    Constant(f64),
}

/// What a written offset is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrittenOffset {
    /// It says the instant.
    Trusted,
    /// It is wrong: the clock time beside it is one of the zone that the options name.
    Overridden,
}

/// Which end of a bar its stamp names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StampedAt {
    /// The instant it opens.
    Open,
    /// The instant it closes, or the last one before. A 1d or 1w bar whose stamp is an instant belongs to
    /// the session, or week, that closes at it; a 1w bar with a date is named by a day in the week that
    /// ends on it, or by the Monday after.
    Close,
}

/// The way in which the rows of a file follow each other, which distinguishes the two hours that a
/// clock shows twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowOrder {
    /// The oldest row first.
    OldestFirst,
    /// The newest row first.
    NewestFirst,
}

/// What stands between the whole and the fraction of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decimal {
    /// `1,234.5`
    Point,
    /// `1.234,5`
    Comma,
}

/// The zone of a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImportZone {
    /// A place of the zone database, `America/New_York`; UTC among them.
    Named(chrono_tz::Tz),
    /// Always so far ahead of UTC.
    Fixed(Nanos),
}

impl CsvOptions {
    /// All is guessed; stamps name the open of bars of `interval`, offsets are trusted.
    pub fn new(interval: BarInterval) -> CsvOptions {
        CsvOptions {
            interval,
            delimiter: None,
            n_lines_before: None,
            has_header: None,
            ts: None,
            time: None,
            open: None,
            high: None,
            low: None,
            close: None,
            volume: VolumeSource::Guessed,
            symbol: None,
            price_scale: 1.0,
            timestamp_format: None,
            zone: None,
            written_offset: WrittenOffset::Trusted,
            shift: Nanos::ZERO,
            stamped_at: StampedAt::Open,
            decimal: None,
        }
    }
}

/// Reads `3` as the third column, anything else as a name.
impl FromStr for ColumnRef {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<ColumnRef, Self::Err> {
        Ok(match text.parse() {
            Ok(position) if position > 0 => ColumnRef::Position(position),
            _ => ColumnRef::Name(text.to_owned()),
        })
    }
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnRef::Name(name) => write!(f, "{name:?}"),
            ColumnRef::Position(position) => write!(f, "number {position}"),
        }
    }
}

/// Reads a name of the zone database, upper or lower case, or its city alone; `ET` and what else
/// brokers write for clocks; `EDT` and other abbreviations that mean one offset; or `+HH:MM`.
impl FromStr for ImportZone {
    type Err = DataError;

    fn from_str(text: &str) -> Result<ImportZone, DataError> {
        if let Some(offset) = zones::offset_of(text).or_else(|| zones::offset_named(text)) {
            return Ok(ImportZone::Fixed(offset));
        }
        let named = zones::zone_named(text).map(ImportZone::Named);
        named.ok_or_else(|| DataError::UnknownZone { found: text.to_owned() })
    }
}

impl fmt::Display for ImportZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportZone::Named(zone) => f.write_str(zone.name()),
            ImportZone::Fixed(offset) => {
                let minutes = offset.as_secs() / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }
}
