//! Looking at the feeds of a live session: the clock is the real one, bars come when they come.
//!
//! At one look: what has arrived is admitted; bars that have closed are delivered in (close, symbol)
//! order, each lag checked before; windows close by the clock, when their feed is complete through
//! their end, at the latest when they have settled; then the gate is decided, and where it is open
//! everything is published at once and announced.

use openbell_config::GateScope;
use openbell_data_manager::Connection;
use openbell_time::{Nanos, Timestamp};

use super::core::Core;
use super::session::{RosterState, RunningSession, log_rejections, read_error};
use super::{After, Step};
use crate::consumers::notice::Notice;
use crate::control::status::SymbolState;
use crate::error::RunError;
use crate::gate::hold::Hold;
use crate::gate::{FeedFacts, FeedState, Verdict};
use crate::layout::step_ns;

/// How long a live run waits before it looks at its feeds again.
const FEED_POLL: Nanos = Nanos::from_nanos(50_000_000);

impl RunningSession {
    /// Looks at the feeds at the instant `wall`, where that is a new one.
    pub(super) fn follow(&mut self, core: &mut Core, wall: Timestamp) -> Result<After, RunError> {
        let clock = core.clock.now();
        let live = self.flow.live_mut();
        if wall < clock || live.followed_at == Some(wall) {
            return Ok(After::GoesOn(Step::Waits { until: clock + FEED_POLL }));
        }
        live.followed_at = Some(wall);
        core.record.n_steps += 1;
        let settle = core.plan.config.session_data_config.streaming.settle_seconds;
        let settle = Nanos::from_secs(i64::from(settle));
        core.advance_clock(wall)?;
        self.receive(core, wall)?;
        self.deliver_arrived(core, wall);
        self.close_windows(wall, settle);
        self.watch_feeds(wall);
        self.publish_or_hold(core)?;
        self.call_scheduled(core)?;
        self.take_scheduled(core)?;
        self.take_asked(core)?;
        let last = self.layout.clock_until;
        let is_complete =
            self.members.iter().all(|member| member.rows.live().complete_through >= last);
        if wall >= last && (is_complete || wall >= last + settle) {
            return self.close(core);
        }
        Ok(After::GoesOn(Step::Waits { until: wall + FEED_POLL }))
    }

    /// Takes what has arrived by `now` from every feed.
    fn receive(&mut self, core: &mut Core, now: Timestamp) -> Result<(), RunError> {
        let slots = self.layout.slots(step_ns(core.rule.base, &self.layout));
        for (position, member) in self.members.iter_mut().enumerate() {
            let n_delivered = self.progress.n_delivered(position);
            let mut arrived = std::mem::take(&mut member.rows.live_mut().arrived);
            arrived.clear();
            let polled = member.run.reader.feed.poll(now, self.layout.rows_until, &mut arrived);
            let progress = polled.map_err(|source| read_error(&member.run.symbol, now, source))?;
            let live = member.rows.live_mut();
            live.arrived = arrived;
            live.complete_through = live.complete_through.max(progress.complete_through);
            live.connection = progress.connection;
            let n_corrections = live.admit_arrived(&self.layout, &slots, now, n_delivered);
            let known = std::mem::take(&mut live.admitted.rejected);
            if n_corrections > 0 {
                // Late bars take their place among their neighbours, and count as delivered.
                let n_delivered = self.progress.deliver_many(position, n_corrections);
                member.make_anew(&self.layout, n_delivered, now);
                self.roster = RosterState::Changed;
            }
            log_rejections(&mut core.record.events, member, &known, Some(now));
        }
        Ok(())
    }

    /// Delivers every bar that has arrived and closed, in (close, symbol) order.
    fn deliver_arrived(&mut self, core: &mut Core, now: Timestamp) {
        let mut arrived = std::mem::take(&mut self.flow.live_mut().arrived);
        arrived.clear();
        for (position, member) in self.members.iter().enumerate() {
            let closes_at_ns = &member.closes_at_ns()[self.progress.n_delivered(position)..];
            let closed = closes_at_ns.iter().take_while(|&&ns| ns <= now.as_nanos());
            arrived.extend(closed.map(|&ns| (ns, position)));
        }
        arrived.sort_unstable();
        for &(closes_at_ns, position) in &arrived {
            let closes_at = Timestamp::from_nanos(closes_at_ns);
            let _ = self.check_lag(position, closes_at, now); // The gate is decided before this is published.
            let row = self.progress.n_delivered(position);
            self.members[position].append_live(row, now);
            self.deliver_late(core, position, closes_at);
        }
        self.flow.live_mut().arrived = arrived;
    }

    /// Closes windows by the clock: when the feed is complete through their end, at the latest
    /// when they have settled.
    fn close_windows(&mut self, now: Timestamp, settle: Nanos) {
        for member in &mut self.members {
            member.close_live_windows(now, settle);
        }
    }

    /// Looks at what is known of every feed: what its symbol is doing, and whether it holds the
    /// gate.
    fn watch_feeds(&mut self, now: Timestamp) {
        let has_opened = !self.switches.is_empty();
        for position in 0..self.members.len() {
            let member = &self.members[position];
            let live = member.rows.live();
            let due = self.layout.delivered.next_close_after(live.complete_through);
            let facts = FeedFacts {
                is_over: now >= self.layout.clock_until,
                is_silent: matches!(live.connection, Connection::Silent { .. }),
                overdue: due.map_or(Nanos::ZERO, |due| self.open_time(due, now)),
                behind: self.open_time(live.complete_through, now),
                is_complete_through_open: live.complete_through >= self.layout.clock_since,
                has_bars: !member.closes_at_ns().is_empty(),
                has_opened,
            };
            let watched = self.gate.watch(position, facts);
            let state = match watched.state {
                FeedState::CatchingUp => SymbolState::CatchingUp,
                FeedState::Live => SymbolState::Live,
                FeedState::Quiet => SymbolState::Quiet,
                FeedState::Late => SymbolState::Late,
                FeedState::Silent => SymbolState::Dead,
            };
            member.gauge.change_state(state);
            if watched.shows_otherwise && self.gate.scope() == GateScope::Symbol {
                self.roster = RosterState::Changed;
            }
        }
    }

    /// Publishes where nobody holds the gate; where somebody does, shuts it. Where the scope is the
    /// symbol, those that hold it are withheld, and the gate stays open.
    fn publish_or_hold(&mut self, core: &mut Core) -> Result<(), RunError> {
        match self.verdict(core) {
            Verdict::Opens | Verdict::Stays => self.publish_look(core),
            Verdict::Shuts(holders) | Verdict::Renews(holders) => {
                if self.roster == RosterState::Changed {
                    self.refresh_members(core);
                }
                self.hold_gate(core, &holders)?;
                core.board.advance_inside(core.clock.now());
                Ok(())
            }
        }
    }

    /// Publishes what this look has brought, and notifies consumers of it.
    fn publish_look(&mut self, core: &mut Core) -> Result<(), RunError> {
        let is_first = self.switches.is_empty();
        let joined = self.join_caught_up(core);
        let is_released = |session: &RunningSession, position: usize| {
            session.gate.hold(position) == Hold::Released
        };
        let any_released = (0..self.members.len()).any(|position| is_released(self, position));
        if self.roster == RosterState::Changed || !joined.is_empty() {
            self.refresh_members(core);
        }
        let opened = self.publish(core);
        if opened && is_first {
            self.notify(core, &Notice::Started)?;
        } else if opened {
            self.notify_resumed(core, |session, at| !session.gate.is_feed_behind(at))?;
        } else {
            self.notify_missed(core, |session, at| session.gate.hold(at) == Hold::Free)?;
            if any_released {
                self.notify_resumed(core, is_released)?;
            }
        }
        self.gate.free_released(); // What they have missed is notified by now.
        // Those that are there with the first publication are in its view.
        self.notify_membership(core, if is_first { &[] } else { &joined })?;
        self.answer_pending(core);
        Ok(())
    }
}
