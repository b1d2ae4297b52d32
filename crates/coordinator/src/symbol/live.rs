//! The rows of a live symbol in its session: those that have arrived, each in its place or rejected.

use openbell_data_manager::Connection;
use openbell_market::{BarColumns, BarRows, RejectReason};
use openbell_processor::SymbolProcessor;
use openbell_time::Timestamp;

use crate::layout::{SessionLayout, Slots};
use crate::source::admission::{Admitted, Rejected};

/// What has arrived of one live symbol.
pub(crate) struct LiveRows {
    /// The state at the session's start, for building the session anew when a late bar comes.
    pub(crate) start: SymbolProcessor,
    /// The instant up to which the feed has delivered all that there is.
    pub(crate) complete_through: Timestamp,
    pub(crate) connection: Connection,
    /// Windows that end at or before it are closed.
    pub(crate) closed_through: Timestamp,
    /// The bars of the session that have arrived, delivered or not.
    pub(crate) admitted: Admitted,
    /// Rows as they arrive; recycled.
    pub(crate) arrived: BarColumns,
}

impl LiveRows {
    pub(crate) fn new(start: SymbolProcessor, since: Timestamp) -> LiveRows {
        LiveRows {
            start,
            complete_through: since,
            connection: Connection::Alive,
            closed_through: since,
            admitted: Admitted::default(),
            arrived: BarColumns::default(),
        }
    }

    /// Admits what has arrived to the bars of the session, of which `n_delivered` are delivered.
    /// Returns how many of them came after something that is published: corrections.
    pub(crate) fn admit_arrived(
        &mut self,
        layout: &SessionLayout,
        slots: &Slots<'_>,
        now: Timestamp,
        n_delivered: usize,
    ) -> usize {
        let arrived = std::mem::take(&mut self.arrived);
        let rows = arrived.as_rows();
        let mut n_corrections = 0;
        for row in 0..arrived.len() {
            let opens_at = arrived.opens_at(row);
            if opens_at.as_nanos().saturating_add(slots.step_ns) > now.as_nanos() {
                let reason = RejectReason::FromTheFuture;
                self.admitted.rejected.push(Rejected { opens_at, known_at: now, reason });
                continue;
            }
            let one = rows.rows(row..row + 1);
            let bars = &self.admitted.bars;
            let at = bars.opens_at_ns.partition_point(|&ns| ns < opens_at.as_nanos());
            let is_late =
                at < n_delivered + n_corrections || self.has_closed_over(opens_at, layout);
            if !is_late && at == bars.len() {
                self.admitted.admit(&one, slots, layout.rows_since);
            } else if self.insert(&one, at, slots, layout.rows_since, now) && is_late {
                let reason = RejectReason::Late;
                self.admitted.rejected.push(Rejected { opens_at, known_at: now, reason });
                n_corrections += 1;
            }
        }
        self.arrived = arrived;
        n_corrections
    }

    /// Whether a window that a bar stamped `opens_at` belongs to has been closed.
    fn has_closed_over(&self, opens_at: Timestamp, layout: &SessionLayout) -> bool {
        layout.series.derived.iter().any(|(_, day)| {
            day.grid.slot_around(opens_at).is_some_and(|window| window.until <= self.closed_through)
        })
    }

    /// Puts a bar among those of the session at position `at`, or counts why it cannot be one of
    /// them. Returns whether it is.
    fn insert(
        &mut self,
        one: &BarRows<'_>,
        at: usize,
        slots: &Slots<'_>,
        since: Timestamp,
        now: Timestamp,
    ) -> bool {
        let bars = &self.admitted.bars;
        let opens_at = one.opens_at(0);
        let mut rows = BarColumns::with_capacity(bars.len() + 1);
        rows.extend_from(bars, 0..at);
        rows.push(opens_at, one.ohlcv(0));
        rows.extend_from(bars, at..bars.len());
        let mut merged = Admitted::default();
        merged.admit(&rows.as_rows(), slots, since);
        if merged.bars.len() == bars.len() + 1 {
            self.admitted.bars = merged.bars;
            self.admitted.closes_at_ns = merged.closes_at_ns;
            return true;
        }
        // Off the grid, outside the hours, invalid, or there already.
        let reason = merged.rejected.first().map_or(RejectReason::Duplicate, |r| r.reason);
        self.admitted.rejected.push(Rejected { opens_at, known_at: now, reason });
        false
    }
}
