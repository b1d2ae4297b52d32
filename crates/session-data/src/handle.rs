//! What is found once and then read without looking up names: a value of an indicator.

use std::sync::Arc;

use openbell_market::BarInterval;

/// Where a value of a session indicator stands, in every symbol of a run: reading by it costs an index.
///
/// *Source*: the settings of a module, `Plan::indicator`, or a view
/// ([`SymbolView::find_indicator`](crate::SymbolView::find_indicator)). It is good for the run that it was
/// found in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IndicatorHandle {
    interval: BarInterval,
    column: u32,
}

impl IndicatorHandle {
    /// The value in column `column` of the indicators on `interval`.
    pub fn new(interval: BarInterval, column: usize) -> IndicatorHandle {
        IndicatorHandle { interval, column: column as u32 }
    }

    /// The interval of the bars that the indicator is computed on.
    pub fn interval(self) -> BarInterval {
        self.interval
    }

    pub(crate) fn column(self) -> usize {
        self.column as usize
    }
}

/// The name of a value that is computed before the session and fixed for the day, known to be there.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HistoricalHandle {
    pub(crate) key: Arc<str>,
    pub(crate) field: Arc<str>,
}

impl HistoricalHandle {
    /// The value `field` of the indicator `key`; `field` is empty where it has but one.
    pub fn new(key: &str, field: &str) -> HistoricalHandle {
        HistoricalHandle { key: key.into(), field: field.into() }
    }
}
