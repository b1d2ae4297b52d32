//! What is wrong with an order for an indicator.

use std::fmt;

use thiserror::Error;

use super::{IndicatorClass, IndicatorName, WindowUnit};
use crate::BarInterval;

/// Why a name, its parameters and an interval are no indicator.
///
/// Apart from [`MarketError`](crate::MarketError), because its facts are those of the catalogue
/// and a reader of session files matches on them one by one.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum IndicatorError {
    /// No indicator has that name.
    #[error("there is no indicator {found:?}; the nearest name is {nearest}")]
    UnknownName {
        /// The name as it was given.
        found: String,
        /// The name of the catalogue that is most like it.
        nearest: IndicatorName,
    },
    /// No class has that name.
    #[error("there is no indicator type {found:?}; the nearest is {nearest}")]
    UnknownClass {
        /// The class as it was given.
        found: String,
        /// The class that is most like it.
        nearest: IndicatorClass,
    },
    /// The indicator is not of that class.
    #[error("{name} is not of type {found}; its type is {}", Alternatives(name.classes()))]
    WrongClass {
        /// The indicator.
        name: IndicatorName,
        /// The class as it was given.
        found: IndicatorClass,
    },
    /// The indicator has no such parameter.
    #[error("{name} has no parameter {found:?}; {}", Offer { name: *name, nearest: *nearest })]
    UnknownParameter {
        /// The indicator.
        name: IndicatorName,
        /// The parameter as it was given.
        found: String,
        /// The parameter that is most like it; absent where the indicator takes none.
        nearest: Option<&'static str>,
    },
    /// The indicator has a period without a default, and none was given.
    #[error("{name} needs a period of {min} to {max}; none was given")]
    PeriodMissing {
        /// The indicator.
        name: IndicatorName,
        /// The least period.
        min: u32,
        /// The greatest period.
        max: u32,
    },
    /// One parameter was given twice.
    #[error("{parameter} of {name} is given twice; drop one of the two")]
    ParameterTwice {
        /// The indicator.
        name: IndicatorName,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter that counts bars is no whole number.
    #[error("{parameter} of {name} is {found}; a whole number of {min} to {max} is needed")]
    NotWhole {
        /// The indicator.
        name: IndicatorName,
        /// The parameter.
        parameter: &'static str,
        /// The value as it was given.
        found: f64,
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// A parameter lies outside its range.
    #[error("{parameter} of {name} is {found}; {min} to {max} is allowed")]
    OutOfRange {
        /// The indicator.
        name: IndicatorName,
        /// The parameter.
        parameter: &'static str,
        /// The value as it was given.
        found: f64,
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// Two parameters stand the wrong way round.
    #[error(
        "{lower} of {name} is {lower_found} and {upper} is {upper_found}; {lower} must be {}",
        if *equal_allowed { "at most the other" } else { "the smaller one" }
    )]
    NotAscending {
        /// The indicator.
        name: IndicatorName,
        /// The parameter that must be the smaller one.
        lower: &'static str,
        /// Its value.
        lower_found: f64,
        /// The parameter that must be the greater one.
        upper: &'static str,
        /// Its value.
        upper_found: f64,
        /// Whether the two may be equal.
        equal_allowed: bool,
    },
    /// The indicator means nothing on that interval.
    #[error("{name} cannot be computed on {found} bars; {needed} is needed")]
    WrongInterval {
        /// The indicator.
        name: IndicatorName,
        /// The interval as it was given.
        found: BarInterval,
        /// What it can be computed on.
        needed: IntervalNeed,
    },
    /// No unit has that name.
    #[error("there is no unit {found:?}; the nearest is {nearest}")]
    UnknownUnit {
        /// The unit as it was given.
        found: String,
        /// The unit that is most like it.
        nearest: WindowUnit,
    },
    /// A window in days or weeks was asked of an indicator that is not a function of a window.
    #[error(
        "{name} cannot count its period in {unit}: {}; write unit \"bars\"",
        if *is_recursive {
            "its value depends on all bars before it, not on a window"
        } else {
            "it has no single period"
        }
    )]
    UnitNeedsWindow {
        /// The indicator.
        name: IndicatorName,
        /// The unit as it was given.
        unit: WindowUnit,
        /// Whether that is for its memory, and not for want of a period.
        is_recursive: bool,
    },
}

/// The intervals on which an indicator means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalNeed {
    /// Sessions, `1d`.
    Day,
    /// A part of a session: seconds, minutes or hours.
    Clock,
    /// A session or a part of one.
    DayOrClock,
}

impl fmt::Display for IntervalNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IntervalNeed::Day => "1d",
            IntervalNeed::Clock => "an interval of seconds, minutes or hours",
            IntervalNeed::DayOrClock => "1d or an interval of seconds, minutes or hours",
        })
    }
}

struct Alternatives<'a>(&'a [IndicatorClass]);

impl fmt::Display for Alternatives<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, class) in self.0.iter().enumerate() {
            let link = if i == 0 { "" } else { " or " };
            write!(f, "{link}{class}")?;
        }
        Ok(())
    }
}

struct Offer {
    name: IndicatorName,
    nearest: Option<&'static str>,
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(nearest) = self.nearest else {
            return f.write_str("it takes none");
        };
        write!(f, "the nearest is {nearest}, and it takes")?;
        for (i, parameter) in self.name.parameters().iter().enumerate() {
            let link = if i == 0 { " " } else { ", " };
            write!(f, "{link}{}", parameter.name)?;
        }
        Ok(())
    }
}
