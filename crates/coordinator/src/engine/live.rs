//! Following live feeds: the clock is the real one, bars come when they come.
//!
//! At one instant: what has arrived is sifted; bars that have closed are delivered in (close,
//! symbol) order, each lag checked before; windows close by the clock, when their feed is complete
//! through their end, at the latest when they have settled; then the gate is decided, and where it
//! is open everything is published at once and announced.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use openbell_config::GateScope;
use openbell_data_manager::Connection;
use openbell_session_data::{LaggingSymbol, Opened, Reason, Shut};
use openbell_time::{Nanos, Timestamp};

use super::session::{Day, log_rejections};
use crate::symbol::live::Hold;
use super::{Engine, State, Step};
use crate::error::RunError;
use crate::history::step_ns;
use crate::gate::lag::LagState;
use crate::symbol::SymbolSession;
use crate::consumers::notice::Notice;
use crate::control::status::SymbolState;

/// How long a live run waits before it looks at its feeds again.
const LOOK: Nanos = Nanos::from_nanos(50_000_000);

impl Engine {
    /// Follows the feeds up to `wall`.
    pub(super) fn follow(&mut self, wall: Timestamp) -> Result<Step, RunError> {
        let clock = self.clock.now();
        if wall < clock || self.followed_at == Some(wall) {
            return Ok(Step::Waits { until: clock + LOOK });
        }
        self.followed_at = Some(wall);
        self.n_steps += 1;
        let State::Day(day) = &self.state else { return Ok(Step::Worked) };
        let last = day.layout.clock_until;
        let settle = Nanos::from_secs(i64::from(self.settle_seconds()));
        self.driver.advance_to(wall)?;
        self.status.record_clock(wall);
        self.receive(wall)?;
        self.deliver_arrived(wall);
        self.close_live_windows(wall, settle);
        self.decide_gate(wall)?;
        self.call_scheduled()?;
        self.take_scheduled()?;
        self.take_asked()?;
        let State::Day(day) = &self.state else { return Ok(Step::Worked) };
        let complete = day.members.iter().filter_map(|member| member.live.as_ref());
        let all_complete = complete.clone().all(|live| live.complete_through >= last);
        if wall >= last && (all_complete || wall >= last + settle) {
            self.close_session()?;
            return Ok(Step::Worked);
        }
        Ok(Step::Waits { until: wall + LOOK })
    }

    fn settle_seconds(&self) -> u32 {
        self.plan.config.session_data_config.streaming.settle_seconds
    }

    /// Takes what has arrived by `now` from every feed.
    fn receive(&mut self, now: Timestamp) -> Result<(), RunError> {
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let Day { members, layout, members_changed, .. } = day.as_mut();
        let slots = layout.slots(step_ns(self.rule.base, layout));
        for member in members {
            let n_delivered = member.n_delivered();
            let Some(live) = &mut member.live else { continue };
            live.raw.clear();
            let polled = member.run.reader.feed.poll(now, layout.rows_until, &mut live.raw);
            let progress = polled.map_err(|source| RunError::Read {
                symbol: member.run.symbol.clone(),
                at: now,
                source: Box::new(source),
            })?;
            live.complete_through = live.complete_through.max(progress.complete_through);
            live.connection = progress.connection;
            let n_corrections = live.admit(layout, &slots, now, n_delivered);
            let known = std::mem::take(&mut live.sifted.rejected);
            if n_corrections > 0 {
                (0..n_corrections).for_each(|_| member.meter.count_correction());
                member.make_anew(layout, now); // Late bars among their neighbours.
                *members_changed = true;
            }
            log_rejections(&mut self.log, member, &known, Some(now));
        }
        Ok(())
    }

    /// Delivers every bar that has arrived and closed, in (close, symbol) order.
    fn deliver_arrived(&mut self, now: Timestamp) {
        let State::Day(day) = &mut self.state else { return };
        let mut arrived = std::mem::take(&mut day.arrived);
        arrived.clear();
        for (position, member) in day.members.iter().enumerate() {
            let closes_at_ns = &member.closes_at_ns()[member.n_delivered()..];
            let closed = closes_at_ns.iter().take_while(|&&ns| ns <= now.as_nanos());
            arrived.extend(closed.map(|&ns| (ns, position)));
        }
        arrived.sort_unstable();
        for &(closes_at_ns, position) in &arrived {
            let lag = day.open_time(Timestamp::from_nanos(closes_at_ns), now);
            let member = &mut day.members[position];
            if member.meter.is_check_due() {
                // The gate is decided before anything of this instant is published.
                let _ = member.meter.check(&self.plan.lag, lag);
                member.lag = lag;
                member.gauge.record_lag(lag);
            }
            let row = member.n_delivered();
            let Some(live) = &member.live else { continue };
            member.run.processor.append(
                &live.sifted.bars,
                &live.sifted.closes_at_ns,
                row..row + 1,
                live.closed_through,
                &mut member.series,
                Some(now),
            );
            member.meter.count(&self.plan.lag);
            day.counts[position].store(member.meter.n_delivered(), Ordering::Relaxed);
            self.sequence.deliver(closes_at_ns, member.run.key);
        }
        day.n_bars += arrived.len() as u64;
        self.n_bars += arrived.len() as u64;
        day.arrived = arrived;
    }

    /// Closes windows by the clock: when the feed is complete through their end, at the latest
    /// when they have settled.
    fn close_live_windows(&mut self, now: Timestamp, settle: Nanos) {
        let State::Day(day) = &mut self.state else { return };
        for member in &mut day.members {
            let Some(live) = &mut member.live else { continue };
            let through = live.complete_through.min(now).max(now - settle);
            if through > live.closed_through {
                live.closed_through = through;
                member.run.processor.close_windows(through, &mut member.series, Some(now));
            }
        }
    }

    /// Opens the gate where every symbol is caught up and speaking, and publishes; shuts it else.
    /// Where the scope is the symbol, those that are not are withheld, and the gate stays open.
    fn decide_gate(&mut self, now: Timestamp) -> Result<(), RunError> {
        let threshold = self.plan.lag.threshold;
        let is_by_symbol = self.plan.scope == GateScope::Symbol;
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let has_opened = !day.switches.is_empty();
        let mut holders = Vec::new();
        for position in 0..day.members.len() {
            let (holder, shows_otherwise) = day.watch(position, now, threshold, has_opened);
            day.members_changed |= is_by_symbol && shows_otherwise;
            holders.extend(holder);
        }
        if holders.is_empty() || is_by_symbol {
            return self.publish_live();
        }
        if day.members_changed {
            self.refresh_members();
            if let State::Day(day) = &mut self.state {
                day.members_changed = true; // Outsiders have not been told yet.
            }
        }
        let reason = Reason::CatchingUp { holders };
        if self.switch_shut(reason.clone()) == Shut::JustNow {
            self.tell(&Notice::Deactivated(Arc::new(reason)))?;
        }
        self.board.advance_inside(now);
        Ok(())
    }

    fn publish_live(&mut self) -> Result<(), RunError> {
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let is_first = day.switches.is_empty();
        let joined = day.join_caught_up(&mut self.log, self.clock.now());
        let is_released = |member: &SymbolSession| member.hold() == Some(Hold::Released);
        let any_released = day.members.iter().any(is_released);
        if day.members_changed || !joined.is_empty() {
            self.refresh_members();
        }
        match self.publish() {
            Opened::Yes if is_first => self.tell(&Notice::Started)?,
            Opened::Yes => self.notify_resumed(|member| !member.is_withheld())?,
            Opened::No => {
                self.announce_unannounced(|member| member.hold() == Some(Hold::Free))?;
                if any_released {
                    self.notify_resumed(is_released)?;
                }
            }
        }
        if let State::Day(day) = &mut self.state {
            day.release_all();
        }
        // Those that are there with the first publication are in its view.
        self.notify_membership(if is_first { &[] } else { &joined })?;
        self.answer_pending();
        Ok(())
    }
}

impl SymbolSession {
    /// Whether it holds the gate; `None` for a stored one.
    fn hold(&self) -> Option<Hold> {
        self.live.as_ref().map(|live| live.hold)
    }

    /// Whether it is behind, or was not looked at yet; never for a stored one.
    pub(super) fn is_withheld(&self) -> bool {
        matches!(self.hold(), Some(Hold::Held { .. } | Hold::Unseen))
    }
}

impl Day {
    /// What those that were released have missed is told.
    fn release_all(&mut self) {
        for live in self.members.iter_mut().filter_map(|member| member.live.as_mut()) {
            if live.hold == Hold::Released {
                live.hold = Hold::Free;
            }
        }
    }

    /// Looks at lane `position`: what its symbol is doing, whether it holds the gate, and whether
    /// that shows otherwise than before.
    fn watch(
        &mut self,
        position: usize,
        now: Timestamp,
        threshold: Nanos,
        has_opened: bool,
    ) -> (Option<LaggingSymbol>, bool) {
        let is_over = now >= self.layout.clock_until;
        let grid = &self.layout.delivered;
        let member = &self.members[position];
        let Some(live) = member.live.as_ref() else { return (None, false) };
        let due = grid.next_close_after(live.complete_through);
        let overdue = due.map_or(Nanos::ZERO, |due| self.open_time(due, now));
        let behind = self.open_time(live.complete_through, now);
        let is_subscribed = live.complete_through >= self.layout.clock_since;
        let is_dead = matches!(live.connection, Connection::Silent { .. });
        let member = &mut self.members[position];
        if behind <= threshold {
            let _ = member.meter.empty_backlog(); // Nothing undelivered, and complete: caught up.
        }
        let state = if is_over {
            SymbolState::Quiet
        } else if is_dead {
            SymbolState::Dead
        } else if member.meter.state() == LagState::Lagging || member.is_joining && !is_subscribed {
            SymbolState::CatchingUp
        } else if overdue > threshold {
            SymbolState::Late
        } else if behind > threshold || member.closes_at_ns().is_empty() {
            SymbolState::Quiet
        } else {
            SymbolState::Live
        };
        member.gauge.change_state(state);
        let holds = match state {
            SymbolState::Dead | SymbolState::Late | SymbolState::CatchingUp => true,
            _ => !has_opened && !is_subscribed,
        };
        let lag = if state == SymbolState::CatchingUp { member.lag } else { overdue.max(behind) };
        let lag = holds.then_some(lag);
        let shows_otherwise = member.live.as_mut().is_some_and(|live| {
            let before = live.hold;
            live.hold = before.next(lag);
            before.shows_otherwise(live.hold)
        });
        let holder = lag.map(|lag| LaggingSymbol { symbol: member.run.symbol.clone(), lag: Some(lag) });
        (holder, shows_otherwise)
    }
}
