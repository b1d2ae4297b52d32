//! Lengths between stamps, as intervals.

use std::fmt;

use openbell_market::BarInterval;
use openbell_time::{NANOS_PER_DAY, NANOS_PER_SECOND, Nanos};

/// The length of a bar, as far as its stamps go: a day between those of 1d, seven of 1w.
pub(crate) fn length_of(interval: BarInterval) -> Nanos {
    match interval {
        BarInterval::Clock(clock) => clock.length(),
        BarInterval::Day => Nanos::from_nanos(openbell_time::NANOS_PER_DAY),
        BarInterval::Week => Nanos::from_nanos(7 * openbell_time::NANOS_PER_DAY),
    }
}

/// The length of the steps between rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepLength {
    /// Of a clock, in nanoseconds.
    Clock(i64),
    /// A calendar month, of 27 to 32 days.
    Month,
}

impl StepLength {
    /// The interval whose bars follow each other so; `None` for months, and for lengths that are none.
    pub fn interval(self) -> Option<BarInterval> {
        match self {
            StepLength::Month => None,
            StepLength::Clock(NANOS_PER_DAY) => Some(BarInterval::DAY),
            StepLength::Clock(ns) if ns == 7 * NANOS_PER_DAY => Some(BarInterval::WEEK),
            StepLength::Clock(ns) if ns % NANOS_PER_SECOND == 0 => {
                u32::try_from(ns / NANOS_PER_SECOND).ok().and_then(BarInterval::from_secs) // `None`: no interval
            }
            StepLength::Clock(_) => None,
        }
    }
}

impl fmt::Display for StepLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.interval()) {
            (_, Some(interval)) => write!(f, "{interval}"),
            (StepLength::Month, None) => f.write_str("a month"),
            (StepLength::Clock(ns), None) if ns % NANOS_PER_DAY == 0 => {
                write!(f, "{} days", ns / NANOS_PER_DAY)
            }
            (StepLength::Clock(ns), None) => {
                write!(f, "{} s", *ns as f64 / NANOS_PER_SECOND as f64)
            }
        }
    }
}
