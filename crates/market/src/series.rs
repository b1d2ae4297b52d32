//! The name of a series, and what its values mean.

use std::fmt;

use crate::{BarInterval, Symbol};

/// One series of bars: a symbol at an interval.
///
/// *Shape*: ordered by symbol, then interval, shortest first: the order of everything that lists
/// series.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeriesKey {
    /// The symbol.
    pub symbol: Symbol,
    /// The interval.
    pub interval: BarInterval,
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.symbol, self.interval)
    }
}

/// What was done to prices for splits and dividends.
///
/// Series of one symbol with different adjustment are never mixed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Adjustment {
    /// As traded.
    Raw,
    /// Adjusted for splits.
    Splits,
    /// Adjusted for splits and dividends.
    SplitsAndDividends,
    /// The source does not say.
    Unstated,
}

impl Adjustment {
    /// The name in file metadata and options.
    pub fn name(self) -> &'static str {
        match self {
            Adjustment::Raw => "raw",
            Adjustment::Splits => "splits",
            Adjustment::SplitsAndDividends => "splits_and_dividends",
            Adjustment::Unstated => "unstated",
        }
    }

    /// The adjustment of that name.
    pub fn from_name(name: &str) -> Option<Adjustment> {
        [Adjustment::Raw, Adjustment::Splits, Adjustment::SplitsAndDividends, Adjustment::Unstated]
            .into_iter()
            .find(|adjustment| adjustment.name() == name)
    }
}
