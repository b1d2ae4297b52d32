//! Catching up: the backlog of newcomers, one bar a step, while the session clock stands.

use std::cmp::Reverse;

use openbell_config::GateScope;
use openbell_time::{Nanos, Timestamp};

use super::core::Core;
use super::notify::EvenIfEmpty;
use super::session::{Flow, RosterState, RunningSession};
use crate::error::RunError;
use crate::gate::lag::LagChange;

impl RunningSession {
    /// Delivers the backlog bar that comes first in (close, symbol) order; when it was the last,
    /// everyone is caught up.
    pub(super) fn catch_up_one(&mut self, core: &mut Core) -> Result<(), RunError> {
        let clock = core.clock.now();
        let (closes_at, position) = self.first_backlog_bar();
        let is_first_check = self.gate.lag(position).is_none();
        let change = self.check_lag(position, closes_at, core);
        if change == LagChange::BeganLagging {
            // The gate shuts before the bar that caused it is delivered.
            self.begin_lagging(core)?;
        }
        self.deliver_late(core, position, closes_at);
        let member = &self.members[position];
        member.through.advance_to(closes_at);
        let n_delivered = self.progress.n_delivered(position);
        member.gauge.record_backlog(member.n_undelivered(n_delivered, clock) as u64);
        let next_ns = member.next_close_ns(n_delivered);
        let has_ended = next_ns > clock.as_nanos();
        if has_ended {
            self.end_backlog(position);
        } else {
            self.flow.replay_mut().backlog.push(Reverse((next_ns, position)));
        }
        if has_ended || is_first_check || change != LagChange::Unchanged {
            self.decide(core)?; // The reason names who holds it now.
        }
        self.resume_if_caught_up(core)
    }

    /// Takes the bar that comes first in (close, symbol) order among those that have closed by the
    /// clock of a replay and are not delivered.
    ///
    /// # Panics
    ///
    /// Where there is none: only a session with a backlog catches up.
    fn first_backlog_bar(&mut self) -> (Timestamp, usize) {
        let first = self.flow.replay_mut().backlog.pop();
        let Reverse((closes_at_ns, position)) =
            first.expect("a session that catches up has a backlog");
        (Timestamp::from_nanos(closes_at_ns), position)
    }

    /// Compares the lag of the bar of a member that closes at `closes_at` and is about to be
    /// delivered, where a check is due.
    pub(super) fn check_lag(
        &mut self,
        position: usize,
        closes_at: Timestamp,
        core: &Core,
    ) -> LagChange {
        let clock = core.clock.now();
        let lag = self.open_time(closes_at, clock);
        let n_delivered = self.progress.n_delivered(position) as u64;
        match self.gate.check(position, n_delivered, lag) {
            None => LagChange::Unchanged,
            Some(change) => {
                self.members[position].gauge.record_lag(lag);
                if change != LagChange::Unchanged {
                    self.trace_lag(core, position, change, lag);
                }
                change
            }
        }
    }

    /// Counts a bar that closed at or before the clock as delivered.
    pub(super) fn deliver_late(&mut self, core: &mut Core, position: usize, closes_at: Timestamp) {
        self.progress.deliver(position);
        let symbol = &self.members[position].run.symbol;
        core.record.sequence.deliver(closes_at.as_nanos(), symbol, self.keys[position]);
        self.n_bars += 1;
        core.record.n_bars += 1;
    }

    /// The time between `since` and `until` in which this session delivers bars.
    pub(super) fn open_time(&self, since: Timestamp, until: Timestamp) -> Nanos {
        let mut open_ns = 0;
        for part in self.layout.delivered.parts() {
            let from = part.since.max(since);
            let to = part.until.min(until);
            open_ns += (to.as_nanos() - from.as_nanos()).max(0);
        }
        Nanos::from_nanos(open_ns)
    }

    /// A symbol has begun to lag: the gate shuts, or that symbol is withheld.
    pub(super) fn begin_lagging(&mut self, core: &mut Core) -> Result<(), RunError> {
        match self.gate.scope() {
            GateScope::Session => self.decide(core),
            GateScope::Symbol => {
                if let Flow::Live(_) = &self.flow {
                    self.roster = RosterState::Changed; // The publication of this look withholds it.
                    return Ok(());
                }
                self.has_withheld = true;
                self.refresh_members(core);
                let _ = self.publish(core)?; // Only the symbol is withheld: the gate is as it was.
                Ok(())
            }
        }
    }

    fn end_backlog(&mut self, position: usize) {
        self.flow.replay_mut().behind.retain(|&behind| behind != position);
        self.gate.empty_backlog(position);
    }

    /// Resumes where no bar is left that has closed by the session clock. Live, the next look at the
    /// feeds decides.
    pub(super) fn resume_if_caught_up(&mut self, core: &mut Core) -> Result<(), RunError> {
        match &self.flow {
            Flow::Replay(replay) if replay.behind.is_empty() => self.resume_all(core),
            Flow::Replay(_) | Flow::Live(_) => Ok(()),
        }
    }

    /// Everyone is caught up: members and data appear in one publication, which opens the gate
    /// where it was shut; then consumers are notified.
    fn resume_all(&mut self, core: &mut Core) -> Result<(), RunError> {
        let had_withheld = std::mem::take(&mut self.has_withheld);
        for (position, member) in self.members.iter().enumerate() {
            self.gate.empty_backlog(position);
            member.through.reach_the_clock();
            member.gauge.record_backlog(0);
        }
        let joined = self.join_all(core);
        let is_seen = joined.is_empty() && self.roster == RosterState::Published;
        if is_seen && !had_withheld && core.board.is_active() {
            return Ok(());
        }
        self.count_rejections(core)?;
        self.refresh_members(core);
        let opened = self.publish(core)?;
        self.notify_membership(core, &joined)?;
        self.tell_trades(core)?;
        if opened || had_withheld {
            self.notify_resumed(core, |_, _| true, EvenIfEmpty::Yes)?;
        } else {
            self.notify_missed(core, |_, _| true)?;
        }
        self.notify_ready(core)?;
        self.answer_pending(core);
        Ok(())
    }
}
