//! Catching up: the backlog of newcomers, one bar a step, while the session clock stands.

use std::sync::atomic::Ordering;

use openbell_time::Timestamp;

use super::{Engine, State};
use crate::error::RunError;
use crate::gate::lag::LagChange;

impl Engine {
    /// Delivers the backlog bar that comes first in (close, symbol) order; when it was the last,
    /// everyone is caught up.
    pub(super) fn catch_up_one(&mut self) -> Result<(), RunError> {
        let clock = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        // Lanes stand in symbol order, so the first minimum is the one.
        let first = day.behind.iter().copied().min_by_key(|&at| day.members[at].next_close_ns());
        let Some(position) = first else { return Ok(()) };
        let closes_at_ns = day.members[position].next_close_ns();
        let closes_at = Timestamp::from_nanos(closes_at_ns);
        let lag = day.open_time(closes_at, clock);
        let member = &mut day.members[position];
        let mut change = LagChange::Unchanged;
        if member.meter.is_check_due() {
            change = member.meter.check(&self.plan.lag, lag);
            member.lag = lag;
            member.gauge.record_lag(lag);
        }
        if change == LagChange::BeganLagging {
            // The gate shuts before the bar that caused it is delivered.
            self.begin_lagging()?;
        }
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let member = &mut day.members[position];
        member.meter.count(&self.plan.lag);
        member.through.advance_to(closes_at);
        day.counts[position].store(member.meter.n_delivered(), Ordering::Relaxed);
        member.gauge.record_backlog(member.n_undelivered(clock) as u64);
        self.sequence.deliver(closes_at_ns, member.run.key);
        day.n_bars += 1;
        self.n_bars += 1;
        self.after_backlog(position)
    }

    /// Lane `position` may have come to the end of its backlog.
    fn after_backlog(&mut self, position: usize) -> Result<(), RunError> {
        let clock = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        if day.members[position].next_close_ns() > clock.as_nanos() {
            day.behind.retain(|&behind| behind != position);
            let _ = day.members[position].meter.empty_backlog(); // Who waits for it is told below.
        }
        if day.has_backlog() && !self.board.is_active() {
            self.hold_gate()?; // The reason names who holds it now, and the lag as it is now.
        }
        self.settle_if_caught_up()
    }

    /// Settles where no bar is left that has closed by the session clock.
    pub(super) fn settle_if_caught_up(&mut self) -> Result<(), RunError> {
        match &self.state {
            // Live, the next look at the feeds decides.
            State::Day(day) if !self.is_live && !day.has_backlog() => self.settle(),
            _ => Ok(()),
        }
    }
}
