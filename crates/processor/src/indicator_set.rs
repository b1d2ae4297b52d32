//! The indicators of one series, side by side, and their columns.

use std::ops::Range;
use std::sync::Arc;

use openbell_market::BarRows;
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_session_data::{IndicatorColumns, IndicatorTails, Segment, SegmentGrid, SegmentTail};
use openbell_time::{Nanos, Timestamp};

use crate::indicator::{
    IndicatorState, InputRows, MarketFacts, N_VALUES_MAX, SessionLength, SessionStart,
};

/// The indicators that update with the bars of one series, each with its columns.
///
/// Only regular bars update them; at a pre- or post-market bar they stand as they were.
#[derive(Clone)]
pub struct IndicatorSet {
    columns: Arc<[IndicatorColumns]>,
    states: Vec<IndicatorState>,
    full_session: Nanos,
    /// The session at hand, where there are indicators.
    day: Option<Arc<SegmentGrid>>,
    /// The slots of the rows at hand, where an indicator looks at them; recycled.
    slots: Vec<u32>,
    looks_at_slots: bool,
}

impl Default for IndicatorSet {
    fn default() -> IndicatorSet {
        let facts = MarketFacts { sessions_per_year: 252, bars_per_full_session: 1 };
        IndicatorSet::new(&[], facts, Nanos::ZERO)
    }
}

impl IndicatorSet {
    /// The indicators `specs`, all on one interval, whose columns stand in that order. A session of
    /// normal length is open for `full_session`: windows do not say, since a half day may have as
    /// many as a whole one.
    pub fn new(specs: &[IndicatorSpec], facts: MarketFacts, full_session: Nanos) -> IndicatorSet {
        let columns = specs.iter().map(|spec| IndicatorColumns {
            key: spec.key().into(),
            fields: spec.name().fields().iter().map(|&field| field.into()).collect(),
        });
        IndicatorSet {
            columns: columns.collect(),
            states: specs.iter().map(|spec| IndicatorState::new(spec, &facts)).collect(),
            full_session,
            day: None,
            slots: Vec::new(),
            looks_at_slots: specs
                .iter()
                .any(|spec| spec.name() == IndicatorName::AvgVolumeIntraday),
        }
    }

    /// The names of the columns it fills, in order.
    pub fn columns(&self) -> &Arc<[IndicatorColumns]> {
        &self.columns
    }

    /// The indicators as they stand, in that order.
    pub fn states(&self) -> &[IndicatorState] {
        &self.states
    }

    /// Starts the session of `day` for every indicator.
    pub fn start_session(&mut self, day: &Arc<SegmentGrid>) {
        let open_for = day.grid.parts().iter().map(|part| part.until - part.since);
        let is_full = open_for.fold(Nanos::ZERO, |a, b| a + b) >= self.full_session;
        let length = if is_full { SessionLength::Normal } else { SessionLength::Short };
        for state in &mut self.states {
            state.start_session(&SessionStart { date: day.session_date, length });
        }
        self.day = (!self.states.is_empty()).then(|| Arc::clone(day));
    }

    /// The value of the indicator at `position` for any slot of the session, as
    /// [`IndicatorState::slot_value`].
    ///
    /// # Panics
    ///
    /// Where there are fewer indicators.
    pub fn slot_value(&self, position: usize, slot: u32) -> Option<f64> {
        self.states[position].slot_value(slot)
    }

    /// Updates every indicator with the bars of a past session, oldest first, as if it had run.
    pub fn seed(&mut self, past: &Segment) {
        if self.states.is_empty() {
            return;
        }
        self.start_session(past.day());
        let rows = past.rows();
        let regular = self.regular(rows.opens_at_ns());
        self.place(rows.opens_at_ns());
        let bars = InputRows::new(rows.bars(), &self.slots);
        for state in &mut self.states {
            for row in regular.clone() {
                state.update(&bars.bar(row));
            }
        }
    }

    /// Updates every indicator with the first `n_rows` rows of `tail`, oldest first, and fills
    /// its columns there.
    pub fn fill_tail(&mut self, tail: &mut SegmentTail<'_>, n_rows: usize) {
        self.fill(tail.bars.first(n_rows), &mut tail.indicators);
    }

    /// Updates every indicator with `bars`, oldest first, and fills the first rows of its
    /// `columns` with the values after each.
    pub fn fill(&mut self, bars: BarRows<'_>, columns: &mut IndicatorTails<'_>) {
        let n_rows = bars.opens_at_ns.len();
        if self.states.is_empty() || n_rows == 0 {
            return;
        }
        let regular = self.regular(bars.opens_at_ns);
        self.place(bars.opens_at_ns);
        let bars = InputRows::new(bars, &self.slots).rows(regular.clone());
        for state in &mut self.states {
            let n_values = state.n_values();
            let mut own: [Option<&mut [f64]>; N_VALUES_MAX] = [const { None }; N_VALUES_MAX];
            for column in &mut own[..n_values] {
                *column = columns.next();
            }
            hold(state, &mut own, 0..regular.start);
            let mut run = own.iter_mut().flatten().map(|column| &mut column[regular.clone()]);
            state.run(&bars, &mut run);
            hold(state, &mut own, regular.end..n_rows);
        }
    }

    /// The rows that lie in regular hours.
    fn regular(&self, opens_at_ns: &[i64]) -> Range<usize> {
        self.day.as_ref().map_or(0..0, |day| day.grid.rows_within(opens_at_ns))
    }

    fn place(&mut self, opens_at_ns: &[i64]) {
        self.slots.clear();
        if let (true, Some(day)) = (self.looks_at_slots, &self.day) {
            let slot = |&ns: &i64| day.grid.slot_containing(Timestamp::from_nanos(ns));
            self.slots
                .extend(opens_at_ns.iter().map(|ns| slot(ns).map_or(u32::MAX, |slot| slot as u32)));
        }
    }
}

/// Writes the values as they stand to the rows `range`.
fn hold(state: &IndicatorState, columns: &mut [Option<&mut [f64]>], range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    let mut values = [f64::NAN; N_VALUES_MAX];
    state.write_values(&mut values[..state.n_values()]);
    for (column, value) in columns.iter_mut().flatten().zip(values) {
        column[range.clone()].fill(value);
    }
}
