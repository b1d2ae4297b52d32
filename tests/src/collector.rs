//! A consumer that keeps every bar that was visible at a session's close.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{Consumer, Context, Outcome};
use openbell_market::{Bar, BarInterval, Coverage, Symbol};
use openbell_time::TradingDate;

/// A bar as it stood at the close of its session.
#[derive(Clone, PartialEq, Debug)]
pub struct CollectedBar {
    /// The session (1w: its Monday).
    pub session_date: TradingDate,
    /// The bar.
    pub bar: Bar,
    /// Base bars that it saw, and those that its window holds.
    pub coverage: Coverage,
}

/// The bars of every series, in order.
#[derive(Clone, Default)]
pub struct Collection(Arc<Mutex<Series>>);

/// Bars by series.
pub type Series = BTreeMap<(Symbol, BarInterval), Vec<CollectedBar>>;

impl Collection {
    /// Everything so far.
    pub fn all(&self) -> Series {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Fills its collection at every close.
pub struct Collector(pub Collection);

impl Consumer for Collector {
    fn name(&self) -> &str {
        "collector"
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let mut kept = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let view = context.view();
        for symbol in view.symbols() {
            let symbol_view = view.symbol(symbol.as_str())?;
            for interval in symbol_view.intervals() {
                let Ok(series) = symbol_view.series(interval) else { continue };
                let rows = series.today();
                let Some(segment) = rows.segment() else { continue };
                let session_date = segment.day().session_date;
                let out = kept.entry((symbol.clone(), interval)).or_default();
                for row in 0..rows.len() {
                    if let (Some(bar), Some(coverage)) = (rows.bar(row), rows.coverage(row)) {
                        out.push(CollectedBar { session_date, bar, coverage });
                    }
                }
            }
        }
        Ok(())
    }
}
