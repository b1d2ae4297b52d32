//! One instant of the session clock.
//!
//! Hot path, down to the delivery of bars: no allocation after warm-up, no lock, no hashing of
//! text, no formatting, no `dyn` a bar.

use std::sync::atomic::Ordering;

use openbell_time::Timestamp;

use super::{Engine, State};
use crate::error::RunError;
use crate::consumers::closed_row;
use crate::consumers::notice::ClosedRow;
use crate::control::status::SymbolState;

impl Engine {
    /// Moves the clock to `instant` and does everything that is due there, in order.
    pub(super) fn visit(&mut self, instant: Timestamp) -> Result<(), RunError> {
        self.driver.advance_to(instant)?;
        self.status.record_clock(instant);
        let told = self.deliver(instant);
        self.count_rejections()?;
        let _ = self.publish(); // Open already: a replay has no backlog when its clock moves.
        self.announce(instant, told)?;
        self.call_scheduled()?;
        self.take_scheduled()?;
        self.take_asked()
    }

    /// Delivers every bar that closes at `instant`, in symbol order, and lists them for those who
    /// listen. What it leads to was computed when the day was loaded; the publication lets it be
    /// seen.
    fn deliver(&mut self, instant: Timestamp) -> Vec<ClosedRow> {
        let State::Day(day) = &mut self.state else { return Vec::new() };
        let instant_ns = instant.as_nanos();
        if day.due_ns.first().is_some_and(|&due_ns| due_ns <= instant_ns) {
            day.due_ns.pop_first();
        }
        day.agenda.take(instant_ns);
        let wants_bars = self.consumers.wants_bars();
        let mut told = if wants_bars { self.consumers.blank_rows() } else { Vec::new() };
        let n_each = day.layout.day.derived.len() + 1;
        let (keys, counts) = (&day.keys[..], &day.counts[..]);
        let mut sequence = self.sequence;
        let mut n_delivered = 0;
        // No lag is checked: at its own close a bar has none, a replay visits every close, and
        // the clock moves only when nobody lags.
        for position in day.agenda.taken() {
            // One writer: a load and a store count without a lock.
            let n_before = counts[position].load(Ordering::Relaxed);
            counts[position].store(n_before + 1, Ordering::Relaxed);
            if n_before == 0 {
                day.members[position].gauge.change_state(SymbolState::Live); // It was quiet so far.
            }
            if wants_bars {
                told.push(closed_row(position * n_each, n_before as usize, instant));
            }
            sequence.deliver(instant_ns, keys[position]);
            n_delivered += 1;
        }
        self.sequence = sequence;
        day.n_bars += n_delivered;
        self.n_bars += n_delivered;
        told
    }
}
