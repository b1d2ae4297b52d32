//! Which series have indicators that are not ready yet.

/// Whose indicators have no values yet: for each series, by its place among a lane's.
#[derive(Default)]
pub(super) struct Unready(Vec<BTreeMap<SymbolIdx, FirstReady>>);

/// The first row in which all indicators of a series have values, among those that are computed:
/// `None` where that is none so far.
type FirstReady = Option<usize>;

impl Unready {
    /// Notes the series of `lane` whose indicators are still to become ready.
    pub(super) fn note(&mut self, lane: &Lane) {
        for (series, writer) in lane.writers().enumerate() {
            if !writer.segment().shape().indicators.is_empty() {
                self.0.resize_with(self.0.len().max(series + 1), BTreeMap::new);
                // Looked up while the series is in the cache.
                let rows = writer.rows();
                let first = (0..rows.len()).find(|&row| has_all_indicators(&rows, row));
                self.0[series].insert(lane.run.idx, first);
            }
        }
    }

    /// A symbol is there no longer.
    pub(super) fn forget(&mut self, idx: SymbolIdx) {
        for symbols in &mut self.0 {
            symbols.remove(&idx);
        }
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(BTreeMap::is_empty)
    }

    /// Whether all series at that place have values.
    fn is_done(&self, series: usize) -> bool {
        self.0.get(series).is_none_or(BTreeMap::is_empty)
    }

    /// Where the indicators of series `series` of `lane` were unready, and all have values in its
    /// row `row`, it is ready from then on.
    fn take_ready(&mut self, lane: &Lane, series: usize, row: usize) -> Option<Ready> {
        let symbols = self.0.get_mut(series)?;
        let first = *symbols.get(&lane.run.idx)?;
        let writer = lane.writers().nth(series)?;
        let is_ready = match first {
            Some(first) if row <= first => row == first,
            // It was passed over, or computed since.
            _ => has_all_indicators(&writer.rows(), row),
        };
        let is_first = is_ready && symbols.remove(&lane.run.idx).is_some();
        let interval = writer.segment().shape().interval;
        is_first.then(|| Ready { symbol: lane.run.symbol.clone(), interval })
    }
}

fn has_all_indicators(rows: &Rows<'_>, row: usize) -> bool {
    rows.indicator_columns().all(|(_, _, column)| column.get(row).is_some_and(|v| !v.is_nan()))
}
