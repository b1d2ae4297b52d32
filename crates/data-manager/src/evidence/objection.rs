//! What speaks against rows, and the checks by which it is found.

use std::fmt;
use std::str::FromStr;

use openbell_market::{BarInterval, Symbol};
use openbell_time::{NANOS_PER_SECOND, Nanos};
use thiserror::Error;

use super::length::StepLength;

/// A check that is made of rows, by the word with which it is waived.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Check {
    /// The steps of the stamps are those of the interval.
    Interval,
    /// Stamps lie in sessions of the group: they are read in their zone.
    Zone,
    /// The end of the bar that is said to be stamped is the one that is.
    StampedAt,
    /// Whole numbers since 1970 are of one unit, the one that is named.
    Unit,
    /// Stamps of days and weeks say which session they mean, all in one way.
    Label,
    /// Rows do not contradict each other under one stamp.
    Conflicting,
    /// The rows are not stored already, at other stamps.
    Stored,
    /// The column of symbols names the symbol under which the rows are stored.
    Symbol,
}

impl Check {
    /// All of them.
    pub const ALL: [Check; 8] = [
        Check::Interval,
        Check::Zone,
        Check::StampedAt,
        Check::Unit,
        Check::Label,
        Check::Conflicting,
        Check::Stored,
        Check::Symbol,
    ];

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Check::Interval => "interval",
            Check::Zone => "zone",
            Check::StampedAt => "stamped-at",
            Check::Unit => "unit",
            Check::Label => "label",
            Check::Conflicting => "conflicting",
            Check::Stored => "stored",
            Check::Symbol => "symbol",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Check, UnknownCheck> {
        let found = Check::ALL.into_iter().find(|check| check.name() == text);
        found.ok_or_else(|| UnknownCheck { found: text.to_owned() })
    }
}

/// A text is the name of no check.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{found:?} is no check that can be waived; there are {}", Check::ALL.map(Check::name).join(", "))]
pub struct UnknownCheck {
    /// The text.
    pub found: String,
}

/// What speaks against what is said of rows.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Objection {
    /// The steps from stamp to stamp are those of another interval.
    Interval {
        /// The interval that is said.
        asked: BarInterval,
        /// The steps that speak against it.
        steps: StepLength,
        /// How many there are.
        n_such: u64,
        /// Of how many.
        n: u64,
    },
    /// Rows of several instants mean one session or week.
    Together {
        /// The interval that is said.
        asked: BarInterval,
        /// The step between two of them.
        steps: StepLength,
        /// Rows that share the session or week of the row before them.
        n_such: u64,
        /// Rows.
        n: u64,
    },
    /// Whole days of rows lie beside their sessions, all by the same.
    Displaced {
        /// How much later they begin and end than the session does; negative: earlier.
        by: Nanos,
        /// Whether that is the length of a bar: the other end is stamped.
        is_one_bar: bool,
        /// Days that lie so.
        n_such: u64,
        /// Days.
        n_days: u64,
    },
    /// Rows lie outside all hours of the exchange, or on dates without a session.
    Outside {
        /// How many.
        n_outside: u64,
        /// Of how many.
        n: u64,
        /// The first of them, exchange time.
        first: String,
    },
    /// Whole numbers since 1970 are of another unit than the one that is read.
    Unit {
        /// Rows of another unit.
        n_such: u64,
        /// Rows.
        n: u64,
        /// The unit that is read.
        asked: &'static str,
        /// The unit of the first of them, as far as its digits say.
        found: &'static str,
        /// The first of them, as it is written, and its line.
        first: (String, u64),
    },
    /// A zone's abbreviation that the exchange's clock did not show then.
    Abbreviation {
        /// Rows that have it.
        n_such: u64,
        /// The first of them, as it is written, and its line.
        first: (String, u64),
    },
    /// Instants of days or weeks mean one session by the exchange's hours and another by its date.
    Label {
        /// Rows of which it is so.
        n_such: u64,
        /// Rows.
        n: u64,
        /// The first of them, as it is written, and its line.
        first: (String, u64),
    },
    /// What is said of stamps has no effect on what is written: dates are labels.
    NoEffect {
        /// What has none: [`Check::Zone`] or [`Check::StampedAt`].
        what: Check,
        /// The first stamp, as it is written, and its line.
        first: (String, u64),
    },
    /// Weeks begin and end in the middle of a week of sessions.
    Week {
        /// Rows whose label is neither the start of a week nor its end.
        n_such: u64,
        /// Rows.
        n: u64,
        /// The first of them, as it is written, and its line.
        first: (String, u64),
    },
    /// Rows contradict others under one stamp.
    Conflicting {
        /// How many.
        n_such: u64,
        /// Rows.
        n: u64,
        /// Whether those that they contradict are stored already.
        is_stored: bool,
    },
    /// The column of symbols names another one in every row.
    Symbol {
        /// The symbol that is said.
        asked: Symbol,
        /// What the rows say.
        found: String,
    },
    /// The same rows are stored already, all of them at another stamp.
    Stored {
        /// How much later the new ones are; negative: earlier.
        by: Nanos,
        /// Rows that were compared.
        n: u64,
    },
}

impl Objection {
    /// The check by which it was found.
    pub fn check(&self) -> Check {
        match self {
            Objection::Interval { .. } | Objection::Together { .. } => Check::Interval,
            Objection::NoEffect { what, .. } => *what,
            Objection::Displaced { is_one_bar: true, .. } => Check::StampedAt,
            Objection::Displaced { .. }
            | Objection::Outside { .. }
            | Objection::Abbreviation { .. } => Check::Zone,
            Objection::Unit { .. } => Check::Unit,
            Objection::Label { .. } | Objection::Week { .. } => Check::Label,
            Objection::Conflicting { .. } => Check::Conflicting,
            Objection::Stored { .. } => Check::Stored,
            Objection::Symbol { .. } => Check::Symbol,
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Objection::Interval { asked, steps, n_such, n } => {
                write!(
                    f,
                    "{n_such} of {n} steps from stamp to stamp are {steps}, which bars of {asked} are not"
                )
            }
            Objection::Together { asked, steps, n_such, n } => {
                let what = if *asked == BarInterval::WEEK { "week" } else { "session" };
                write!(
                    f,
                    "{n_such} of {n} rows lie in the {what} of the row before, {steps} after it: they are no bars of {asked}"
                )
            }
            Objection::Displaced { by, is_one_bar, n_such, n_days } => {
                write!(
                    f,
                    "on {n_such} of {n_days} days the rows begin and end {} {} than the session does",
                    Hours(*by),
                    if by.as_nanos() > 0 { "later" } else { "earlier" }
                )?;
                f.write_str(if *is_one_bar {
                    ", the length of a bar: the other end of it is stamped"
                } else {
                    ": they are read in another zone than their own"
                })
            }
            Objection::Outside { n_outside, n, first } => write!(
                f,
                "{n_outside} of {n} rows lie outside all sessions of the exchange, the first at {first} exchange time"
            ),
            Objection::Unit { n_such, n, asked, found, first: (first, line) } => write!(
                f,
                "{n_such} of {n} stamps are no {asked}: {first:?} on line {line} has the digits of {found}"
            ),
            Objection::Abbreviation { n_such, first: (first, line) } => write!(
                f,
                "the exchange's clock did not show that abbreviation then: {first:?} on line {line}, {n_such} such rows"
            ),
            Objection::Label { n_such, n, first: (first, line) } => write!(
                f,
                "{n_such} of {n} stamps mean one session by the exchange's hours and another by its date, such as {first:?} on line {line}"
            ),
            Objection::NoEffect { what, first: (first, line) } => write!(
                f,
                "{} has no effect on what is written, such as {first:?} on line {line}: a date is that of its session",
                if *what == Check::Zone { "a zone" } else { "the end that is stamped" }
            ),
            Objection::Week { n_such, n, first: (first, line) } => write!(
                f,
                "{n_such} of {n} weeks are named by a day that begins no week and ends none, such as {first:?} on line {line}"
            ),
            Objection::Conflicting { n_such, n, is_stored } => write!(
                f,
                "{n_such} of {n} rows contradict {} under the same stamp",
                if *is_stored { "rows that are stored" } else { "another row" }
            ),
            Objection::Symbol { asked, found } => {
                write!(f, "its column of symbols says {found:?} in every row, and not {asked}")
            }
            Objection::Stored { by, n } => write!(
                f,
                "the same {n} rows are stored already, {} {}: they were read in another zone, or by their other end",
                Hours(*by),
                if by.as_nanos() > 0 { "earlier" } else { "later" }
            ),
        }
    }
}

/// A length in hours, minutes and seconds, without its sign.
struct Hours(Nanos);

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_nanos().unsigned_abs() / NANOS_PER_SECOND.unsigned_abs();
        match (seconds / 3_600, seconds % 3_600 / 60, seconds % 60) {
            (0, 0, seconds) => write!(f, "{seconds} s"),
            (0, minutes, 0) => write!(f, "{minutes} min"),
            (hours, 0, 0) => write!(f, "{hours} h"),
            (hours, minutes, 0) => write!(f, "{hours} h {minutes} min"),
            (hours, minutes, seconds) => write!(f, "{hours} h {minutes} min {seconds} s"),
        }
    }
}
