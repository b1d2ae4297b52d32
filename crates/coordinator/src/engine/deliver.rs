//! Delivering what is due of a live session: bars in (close, symbol) order, and the windows that are
//! known to be whole, the lag of each checked before it is visible.
//!
//! Not here: what a look does before and after ([`super::follow`]), what of a symbol may be delivered
//! ([`crate::symbol::live`]).

use openbell_time::Timestamp;

use super::core::Core;
use super::session::RunningSession;
use crate::error::RunError;
use crate::gate::LinkState;
use crate::gate::lag::LagChange;

impl RunningSession {
    /// Delivers every bar that is due, in (close, symbol) order, each lag checked before.
    pub(super) fn deliver_due(
        &mut self,
        core: &mut Core,
        settled: Timestamp,
    ) -> Result<(), RunError> {
        let clock = core.clock.now();
        let mut due = std::mem::take(&mut self.flow.live_mut().due);
        due.clear();
        for (position, member) in self.members.iter().enumerate() {
            let live = member.rows.live();
            let n_delivered = self.progress.n_delivered(position);
            let settled = if self.may_settle(position) { settled } else { Timestamp::MIN };
            let n_due = live.n_deliverable(&self.layout, n_delivered, clock, settled);
            let closes_at_ns = &live.admitted.closes_at_ns[n_delivered..n_delivered + n_due];
            due.extend(closes_at_ns.iter().map(|&ns| (ns, position)));
        }
        due.sort_unstable();
        for &(closes_at_ns, position) in &due {
            self.deliver_one(core, position, Timestamp::from_nanos(closes_at_ns))?;
        }
        self.flow.live_mut().due = due;
        for position in 0..self.members.len() {
            let may_settle = self.may_settle(position);
            let through = self.members[position].rows.live().complete_through.min(clock);
            let through = if may_settle { through.max(settled.min(clock)) } else { through };
            self.check_windows(core, position, through)?;
            self.members[position].close_live_windows(through, clock);
        }
        Ok(())
    }

    /// A symbol that is halted holds nobody, though bars before the halt may be missing: what may be
    /// passed over from now on is so in this look. In the next one, with the gate open, its old bars
    /// would shut it again, and windows that ended long ago would be told as news.
    pub(super) fn deliver_released(
        &mut self,
        core: &mut Core,
        settled: Timestamp,
    ) -> Result<(), RunError> {
        // Its bars first, behind which it is released once more; then its windows.
        while self.pass_over_halted() {
            self.deliver_due(core, settled)?;
            self.watch_feeds(core);
        }
        Ok(())
    }

    /// Lets go those that are halted and hold the gate no longer. Returns whether there are any.
    fn pass_over_halted(&mut self) -> bool {
        let mut is_any_released = false;
        for (position, member) in self.members.iter_mut().enumerate() {
            let live = member.rows.live_mut();
            if live.is_behind && live.is_halted() && self.gate.may_settle(position) {
                live.is_behind = false;
                is_any_released = true;
            }
        }
        is_any_released
    }

    /// Delivers one bar of a live session.
    fn deliver_one(
        &mut self,
        core: &mut Core,
        position: usize,
        closes_at: Timestamp,
    ) -> Result<(), RunError> {
        let clock = core.clock.now();
        if self.check_lag(position, closes_at, core) == LagChange::BeganLagging {
            // The gate shuts before the bar that caused it is visible.
            self.begin_lagging(core)?;
        }
        self.check_windows(core, position, closes_at)?;
        let row = self.progress.n_delivered(position);
        let is_behind = !self.gate.may_settle(position);
        let member = &mut self.members[position];
        member.append_live(row, clock);
        let live = member.rows.live_mut();
        live.continue_through(&self.layout, closes_at);
        // The last bar of a backlog has no lag any more, and was caught up as those before it.
        live.is_behind |= is_behind;
        live.counts.n_behind += u64::from(live.is_behind);
        self.deliver_late(core, position, closes_at);
        self.trade_delivered(core, position, row);
        Ok(())
    }

    /// Delivers what is left at the session's last instant, holes or not: its books are closed now.
    pub(super) fn deliver_rest(&mut self, core: &mut Core) -> Result<(), RunError> {
        let clock = core.clock.now();
        let mut rest: Vec<(i64, usize)> = Vec::new();
        for (position, member) in self.members.iter().enumerate() {
            let n_delivered = self.progress.n_delivered(position);
            let closes_at_ns = &member.closes_at_ns()[n_delivered..];
            rest.extend(closes_at_ns.iter().map(|&ns| (ns, position)));
        }
        rest.sort_unstable();
        for (closes_at_ns, position) in rest {
            self.deliver_one(core, position, Timestamp::from_nanos(closes_at_ns))?;
        }
        for position in 0..self.members.len() {
            self.check_windows(core, position, clock)?;
            self.members[position].close_live_windows(clock, clock);
        }
        Ok(())
    }

    /// Whether what is missing of a member may be passed over when it has had time to come.
    fn may_settle(&self, position: usize) -> bool {
        let live = self.members[position].rows.live();
        let is_up = self.link_state(&live.link) == LinkState::Up;
        is_up && !live.is_behind && self.gate.may_settle(position)
    }

    /// A window that is closed only now, `through` having been reached.
    fn check_windows(
        &mut self,
        core: &mut Core,
        position: usize,
        through: Timestamp,
    ) -> Result<(), RunError> {
        let ends_at = self.members[position].run.processor.next_window_end();
        match ends_at.filter(|ends_at| *ends_at <= through) {
            Some(ends_at) => self.check_window(core, position, ends_at),
            None => Ok(()),
        }
    }

    /// A window that ended at `ends_at` and is there only now lags as a base bar does that comes only
    /// now: the gate is shut before it is visible.
    pub(super) fn check_window(
        &mut self,
        core: &mut Core,
        position: usize,
        ends_at: Timestamp,
    ) -> Result<(), RunError> {
        let lag = self.open_time(ends_at, core.clock.now());
        if self.begins_to_lag(core, position, lag) { self.begin_lagging(core) } else { Ok(()) }
    }
}
