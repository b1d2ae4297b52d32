//! One instant of the session clock.
//!
//! Hot path, down to the delivery of bars: no allocation after warm-up, no lock, no hashing of
//! text, no formatting, no `dyn` a bar.

use openbell_market::planted::{Planted, planted};
use openbell_time::{Nanos, Timestamp};

use super::{Engine, State};
use crate::error::RunError;
use crate::lag::LagChange;

impl Engine {
    /// Moves the clock to `instant` and does everything that is due there, in order.
    pub(super) fn visit(&mut self, instant: Timestamp) -> Result<(), RunError> {
        self.driver.advance_to(instant)?;
        self.status.record_clock(instant);
        self.deliver(instant);
        self.count_rejections()?;
        let is_last = matches!(&self.state, State::Day(day) if instant == day.layout.clock_until);
        if !(is_last && planted(Planted::LastInstantUnpublished)) {
            let _ = self.publish(); // Open already: a replay has no backlog when its clock moves.
        }
        if planted(Planted::AskedTakenLate) {
            self.take_asked()?;
            self.announce(instant)?;
            return self.take_scheduled();
        }
        if planted(Planted::ScheduleBeforeNotices) {
            self.take_scheduled()?;
        }
        self.announce(instant)?;
        self.call_scheduled()?;
        self.take_scheduled()?;
        self.take_asked()
    }

    /// Delivers every bar that closes at `instant`, in symbol order. What it leads to was
    /// computed when the day was loaded; the publication lets it be seen.
    fn deliver(&mut self, instant: Timestamp) {
        let State::Day(day) = &mut self.state else { return };
        let instant_ns = instant.as_nanos();
        if day.due_ns.first().is_some_and(|&due_ns| due_ns <= instant_ns) {
            day.due_ns.pop_first();
        }
        day.delivered.clear();
        for position in 0..day.next_close_ns.len() {
            if day.next_close_ns[position] != instant_ns {
                continue;
            }
            let lane = &mut day.lanes[position];
            if lane.meter.is_check_due() {
                // At its own close a bar has no lag, and a replay visits every close.
                let change = lane.meter.check(&self.plan.lag, Nanos::ZERO);
                debug_assert_ne!(change, LagChange::BeganLagging);
            }
            lane.meter.count(&self.plan.lag);
            lane.gauge.record_delivered(lane.meter.n_delivered());
            if lane.n_delivered() == 1 {
                lane.show_state(); // It was quiet so far.
            }
            self.sequence.deliver(instant_ns, lane.run.key);
            day.next_close_ns[position] = lane.next_close_ns();
            day.delivered.push(position as u32);
        }
        let n_delivered = day.delivered.len() as u64;
        day.n_bars += n_delivered;
        self.n_bars += n_delivered;
    }
}
