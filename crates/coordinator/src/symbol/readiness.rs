//! Which series have indicators without values so far: consumers are notified once they are ready.

use std::collections::BTreeMap;

use openbell_market::SymbolIdx;
use openbell_session_data::Rows;

use crate::consumers::consumer::Ready;
use crate::symbol::SymbolSession;

/// The symbols whose indicators have no values yet: for each series, by its place among those of a
/// member.
#[derive(Default)]
pub(crate) struct Readiness(Vec<BTreeMap<SymbolIdx, FirstReady>>);

/// The first row in which all indicators of a series have values, among those that are computed:
/// `None` where that is none so far.
type FirstReady = Option<usize>;

impl Readiness {
    /// Notes the series of `member` whose indicators are still to become ready.
    pub(crate) fn note(&mut self, member: &SymbolSession) {
        for (series, writer) in member.writers().enumerate() {
            if !writer.segment().shape().indicators.is_empty() {
                self.0.resize_with(self.0.len().max(series + 1), BTreeMap::new);
                // Looked up while the series is in the cache.
                let rows = writer.rows();
                let first = (0..rows.len()).find(|&row| has_all_indicators(&rows, row));
                self.0[series].insert(member.run.idx, first);
            }
        }
    }

    /// A symbol is there no longer.
    pub(crate) fn forget(&mut self, idx: SymbolIdx) {
        for symbols in &mut self.0 {
            symbols.remove(&idx);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(BTreeMap::is_empty)
    }

    /// Whether all series at that place have values.
    pub(crate) fn is_done(&self, series: usize) -> bool {
        self.0.get(series).is_none_or(BTreeMap::is_empty)
    }

    /// Where the indicators of series `series` of `member` were unready, and all have values in its
    /// row `row`, it is ready from then on.
    pub(crate) fn take_ready(
        &mut self,
        member: &SymbolSession,
        series: usize,
        row: usize,
    ) -> Option<Ready> {
        let symbols = self.0.get_mut(series)?;
        let first = *symbols.get(&member.run.idx)?;
        let writer = member.writers().nth(series)?;
        let is_ready = match first {
            Some(first) if row <= first => row == first,
            // It was passed over, or computed since.
            _ => has_all_indicators(&writer.rows(), row),
        };
        let is_first = is_ready && symbols.remove(&member.run.idx).is_some();
        let interval = writer.segment().shape().interval;
        is_first.then(|| Ready { symbol: member.run.symbol.clone(), interval })
    }
}

fn has_all_indicators(rows: &Rows<'_>, row: usize) -> bool {
    rows.indicator_columns().all(|(_, _, column)| column.get(row).is_some_and(|v| !v.is_nan()))
}
