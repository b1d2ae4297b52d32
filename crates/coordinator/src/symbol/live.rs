//! What a live lane knows of its feed: the bars that have arrived, each in its place or counted, and
//! whether its symbol holds the gate.

use openbell_data_manager::Connection;
use openbell_market::{BarColumns, RejectReason};
use openbell_processor::indicator::BarRows;
use openbell_time::{Nanos, Timestamp};

use crate::layout::SessionLayout;
use crate::source::admission::{Rejected, Sifted, Slots};

/// What a live lane knows of its feed.
pub(crate) struct LiveFeed {
    /// The state at the session's start, for building the day anew when a late bar comes.
    pub(crate) start: openbell_processor::SymbolProcessor,
    /// The instant up to which the feed has delivered all that there is.
    pub(crate) complete_through: Timestamp,
    pub(crate) connection: Connection,
    pub(crate) hold: Hold,
    /// Windows that end at or before it are closed.
    pub(crate) closed_through: Timestamp,
    /// The bars of the day that have arrived, delivered or not.
    pub(crate) sifted: Sifted,
    /// Rows as they arrive; recycled.
    pub(crate) raw: BarColumns,
}

impl LiveFeed {
    pub(crate) fn new(start: openbell_processor::SymbolProcessor, since: Timestamp) -> LiveFeed {
        LiveFeed {
            start,
            complete_through: since,
            connection: Connection::Alive,
            hold: Hold::Unseen,
            closed_through: since,
            sifted: Sifted::default(),
            raw: BarColumns::default(),
        }
    }
}

impl LiveFeed {
    /// Sifts what has arrived into the bars of the day, of which `n_delivered` are delivered.
    /// Returns how many of them came after something that is published: corrections.
    pub(crate) fn admit(
        &mut self,
        layout: &SessionLayout,
        slots: &Slots<'_>,
        now: Timestamp,
        n_delivered: usize,
    ) -> usize {
        let raw = std::mem::take(&mut self.raw);
        let rows = BarRows::of(&raw);
        let mut n_corrections = 0;
        for row in 0..raw.len() {
            let opens_at = raw.opens_at(row);
            if opens_at.as_nanos().saturating_add(slots.step_ns) > now.as_nanos() {
                let reason = RejectReason::FromTheFuture;
                self.sifted.rejected.push(Rejected { opens_at, known_at: now, reason });
                continue;
            }
            let one = rows.rows(row..row + 1);
            let at = self.sifted.bars.opens_at_ns.partition_point(|&ns| ns < opens_at.as_nanos());
            let is_late =
                at < n_delivered + n_corrections || self.has_closed_over(opens_at, layout);
            if !is_late && at == self.sifted.bars.len() {
                self.sifted.pass(&one, slots, layout.rows_since);
            } else if self.insert(&one, at, slots, layout.rows_since, now) && is_late {
                let reason = RejectReason::Late;
                self.sifted.rejected.push(Rejected { opens_at, known_at: now, reason });
                n_corrections += 1;
            }
        }
        self.raw = raw;
        n_corrections
    }

    /// Whether a window that a bar stamped `opens_at` belongs to has been closed.
    fn has_closed_over(&self, opens_at: Timestamp, layout: &SessionLayout) -> bool {
        layout.day.derived.iter().any(|(_, day)| {
            day.grid.slot_around(opens_at).is_some_and(|window| window.until <= self.closed_through)
        })
    }

    /// Puts a bar among those of the day at position `at`, or counts why it cannot be one of
    /// them. Returns whether it is.
    fn insert(
        &mut self,
        one: &BarRows<'_>,
        at: usize,
        slots: &Slots<'_>,
        since: Timestamp,
        now: Timestamp,
    ) -> bool {
        let bars = &self.sifted.bars;
        let opens_at = Timestamp::from_nanos(one.opens_at_ns[0]);
        let mut rows = BarColumns::with_capacity(bars.len() + 1);
        rows.extend_from(bars, 0..at);
        rows.push(opens_at, one.bar(0).ohlcv);
        rows.extend_from(bars, at..bars.len());
        let mut merged = Sifted::default();
        merged.pass(&BarRows::of(&rows), slots, since);
        if merged.bars.len() == bars.len() + 1 {
            self.sifted.bars = merged.bars;
            self.sifted.closes_at_ns = merged.closes_at_ns;
            return true;
        }
        // Off the grid, outside the hours, invalid, or there already.
        let reason = merged.rejected.first().map_or(RejectReason::Duplicate, |r| r.reason);
        self.sifted.rejected.push(Rejected { opens_at, known_at: now, reason });
        false
    }
}
