//! Looking at the feeds of a live session: the clock is the real one, bars come when they come.
//!
//! A live session is a session in catch-up whose clock the wall moves. A look takes the session clock
//! to the wall, never past the session's last instant; what has arrived is brought to its place; then
//! what is due is delivered bar by bar in (close, symbol) order as the backlog of a replay is, its lag
//! checked before each. An expected bar that is not there lags too, so that the gate is shut before
//! anything that comes after it is visible. Last, the gate is decided, and where it is open all is
//! published at once and announced.
//!
//! Not here: what has arrived of one symbol ([`crate::symbol::live`]), how what is due is delivered (the
//! engine's `deliver.rs`), what follows when the wall clock jumps (`wall_watch.rs`).

use std::ops::Range;

use openbell_config::GateScope;
use openbell_data_manager::{DataError, DownCause, Link, Trading};
use openbell_session_data::Why;
use openbell_time::{Nanos, Timestamp};

use super::core::Core;
use super::notify::EvenIfEmpty;
use super::session::{RosterState, RunningSession, log_rejections};
use super::wall_watch::JITTER;
use super::{After, Step};
use crate::consumers::notice::Notice;
use crate::control::event::Event;
use crate::control::status::{FeedGauge, SymbolState};
use crate::error::{RunError, with_causes};
use crate::gate::hold::Hold;
use crate::gate::lag::LagChange;
use crate::gate::{FeedFacts, FeedState, LinkState, Verdict};
use crate::symbol::{SymbolRows, SymbolSession};

/// How long nothing is looked at where nothing arrives and nothing is due: the status shows the clock
/// to the second.
const HEARTBEAT: Nanos = Nanos::from_nanos(1_000_000_000);

/// How long a source that is reading a symbol is left alone, where it wakes nobody.
const LOADING: Nanos = Nanos::from_nanos(50_000_000);

impl RunningSession {
    /// Looks at the feeds at the instant `wall`, where something has arrived or is due.
    pub(super) fn follow(&mut self, core: &mut Core, wall: Timestamp) -> Result<After, RunError> {
        let has_loaded = core.ask_loading();
        if let Some(until) = self.next_look(wall).filter(|_| !has_loaded) {
            return Ok(After::GoesOn(Step::Waits { until }));
        }
        core.record.n_steps += 1;
        self.flow.live_mut().looked_at = Some(wall);
        self.gather(wall);
        self.record_look(core, wall)?;
        let clock = wall.min(self.layout.clock_until);
        core.advance_clock(clock.max(core.clock.now()))?;
        self.take_loaded(core);
        self.note_said(core, wall);
        self.check_overdue(core)?;
        self.sift(core)?;
        let settled = wall - settle_time(core);
        self.deliver_due(core, settled)?;
        let is_over = wall >= self.layout.clock_until;
        if is_over {
            let over_for = wall - self.flow.live_mut().note_over(wall);
            if !self.is_settled(core, over_for) {
                self.hurry_feeds();
                self.await_rest(core)?;
                return Ok(After::GoesOn(self.wait(core, wall)));
            }
            self.deliver_rest(core)?;
            self.check_overdue(core)?; // A last bar behind a hole catches nobody up.
        }
        self.watch_feeds(core);
        if !is_over {
            self.deliver_released(core, settled)?;
        }
        self.note_caught_up(core);
        self.publish_trades(core, core.clock.now());
        self.publish_or_hold(core)?;
        self.call_scheduled(core)?;
        self.take_scheduled(core)?;
        self.take_asked(core)?;
        if is_over {
            return self.close(core);
        }
        Ok(After::GoesOn(self.wait(core, wall)))
    }

    /// What the last instant still owes is wanted at once.
    fn hurry_feeds(&mut self) {
        let due = self.layout.clock_until;
        for member in &mut self.members {
            if member.rows.live().complete_through < due {
                member.run.reader.feed.hurry(due);
            }
        }
    }

    /// The last instant is published once, with all that belongs to it; until then nobody is shown
    /// what has fallen behind meanwhile.
    fn await_rest(&mut self, core: &mut Core) -> Result<(), RunError> {
        self.watch_feeds(core);
        self.note_caught_up(core);
        self.decide(core)?;
        let has_changed = self.roster == RosterState::Changed;
        if has_changed {
            self.refresh_members(core); // What was corrected is there for the inside.
        }
        core.board.advance_inside(core.clock.now());
        if has_changed && self.gate.scope() == GateScope::Symbol && core.board.is_active() {
            let _ = self.publish(core)?; // It stays open, without those that are behind.
        }
        Ok(())
    }

    /// Until when nothing is to be looked at; `None` where a look is due at `wall`.
    fn next_look(&mut self, wall: Timestamp) -> Option<Timestamp> {
        let live = self.flow.live_mut();
        let looked_at = live.looked_at?;
        let next = live.next_look.unwrap_or(looked_at);
        if wall < looked_at - JITTER {
            return None; // That was no time: the session was over then, else the clock would stand.
        }
        if wall <= looked_at {
            return Some(next.max(looked_at + Nanos::from_nanos(1)));
        }
        let mut members = self.members.iter();
        let mut has_news = || {
            let is_new = |member: &SymbolSession| !member.rows.live().is_heard;
            members.any(|member| is_new(member) || member.run.reader.feed.has_news(wall))
        };
        let is_due = wall >= next || has_news();
        (!is_due).then_some(next)
    }

    /// What the look at `wall` leaves to wait for.
    fn wait(&mut self, core: &Core, wall: Timestamp) -> Step {
        let mut until = wall + HEARTBEAT;
        let last = self.layout.clock_until;
        let over = self.flow.live_mut().over_since.unwrap_or(last);
        let ends = [last, over + settle_time(core), over + gap_time(core)];
        let members = self.members.iter();
        let of_feeds = members
            .flat_map(|member| [member.run.reader.feed.next_due(), member.rows.live().next_due()]);
        if !core.loading.is_empty() {
            until = wall + LOADING;
        }
        let of_calls = self.calls.iter().map(|&(at, _)| at).take(1);
        let scheduled = self.schedule.get(self.n_scheduled_done).map(|due| due.at);
        let next_close = self.layout.delivered.next_close_after(wall);
        let all = ends.into_iter().chain(of_feeds).chain(of_calls).chain(scheduled);
        for due in all.chain(next_close).filter(|due| *due > wall) {
            until = until.min(due);
        }
        self.flow.live_mut().next_look = Some(until);
        Step::Waits { until }
    }

    /// Takes what has arrived by `wall` from every feed that has news, and nothing further.
    fn gather(&mut self, wall: Timestamp) {
        for member in &mut self.members {
            let feed = &mut member.run.reader.feed;
            let SymbolRows::Live(live) = &mut member.rows else { continue };
            live.arrived.clear();
            live.revised.clear();
            live.said = None;
            if live.is_heard && !feed.has_news(wall) {
                continue;
            }
            if live.has_failed {
                // An error comes again until the next seek; rows that come twice are compared.
                let sought = feed.seek(live.complete_through.max(self.layout.rows_since));
                live.has_failed = sought.is_err();
            }
            let polled = feed.poll(wall, self.layout.rows_until, &mut live.arrived);
            feed.poll_revisions(wall, &mut live.revised);
            live.is_heard = true;
            live.counts.n_handed += (live.arrived.len() + live.revised.len()) as u64;
            live.has_failed = polled.is_err();
            live.said = Some(polled.map_err(|error| down(&error, live.complete_through)));
        }
    }

    /// An expected bar that is not there lags as one that comes late does: where one is overdue, the
    /// gate is shut before anything of this look is delivered.
    fn check_overdue(&mut self, core: &mut Core) -> Result<(), RunError> {
        let clock = core.clock.now();
        let is_over = clock >= self.layout.clock_until;
        let mut began = false;
        for position in 0..self.members.len() {
            let overdue = self.overdue(position, clock);
            began |= self.begins_to_lag(core, position, overdue);
            let is_behind = !self.gate.may_settle(position);
            let live = self.members[position].rows.live_mut();
            // At its end the clock stands: one that is behind then is so until all has come.
            live.is_behind = is_behind || (is_over && live.is_behind);
        }
        if began { self.begin_lagging(core) } else { Ok(()) }
    }

    /// Whether a member begins to lag by a bar that is `overdue`: one that is expected, or one that is
    /// known to be whole only now.
    pub(super) fn begins_to_lag(
        &mut self,
        core: &mut Core,
        position: usize,
        overdue: Nanos,
    ) -> bool {
        if self.gate.check_overdue(position, overdue) != LagChange::BeganLagging {
            return false;
        }
        self.members[position].gauge.record_lag(overdue);
        self.trace_lag(core, position, LagChange::BeganLagging, overdue);
        true
    }

    /// For how long the bar that is expected next of a member is overdue at `clock`; one that is halted
    /// owes none.
    fn overdue(&self, position: usize, clock: Timestamp) -> Nanos {
        let live = self.members[position].rows.live();
        let due = self.layout.delivered.next_close_after(live.complete_through);
        match due {
            Some(due) if !live.is_halted() => self.open_time(due, clock),
            Some(_) | None => Nanos::ZERO,
        }
    }

    /// Takes what the feeds said of themselves in this look: before anything is judged by it.
    fn note_said(&mut self, core: &mut Core, wall: Timestamp) {
        let at = core.clock.now();
        let grid = &self.layout.delivered;
        for member in &mut self.members {
            let live = member.rows.live_mut();
            live.reach(wall);
            match live.said.take() {
                None => {}
                Some(Ok(progress)) => {
                    for Range { start: since, end: until } in live.note(progress, wall) {
                        let n_bars = (grid.n_closed_by(until) - grid.n_closed_by(since)) as u32;
                        if n_bars > 0 {
                            let symbol = member.run.symbol.clone();
                            let event = Event::GapLeft { symbol, at, since, until, n_bars };
                            core.record.events.push(event);
                        }
                    }
                }
                Some(Err(link)) => live.link = link,
            }
        }
    }

    /// Brings what has arrived to its place. Bars that came late and bars that were revised make
    /// their symbol's series anew from here on.
    fn sift(&mut self, core: &mut Core) -> Result<(), RunError> {
        let clock = core.clock.now();
        for position in 0..self.members.len() {
            let n_delivered = self.progress.n_delivered(position);
            let member = &mut self.members[position];
            let live = member.rows.live_mut();
            if !(live.arrived.is_empty() && live.revised.is_empty()) {
                let sifted = live.sift(&self.layout, clock, n_delivered, core.plan.revisions());
                let known = std::mem::take(&mut live.admitted.rejected);
                log_rejections(&mut core.record.events, member, &known, Some(clock));
                self.correct(core, position, sifted)?;
            }
            let n_delivered = self.progress.n_delivered(position);
            self.members[position].rows.live_mut().continue_over(&self.layout, n_delivered);
        }
        Ok(())
    }

    /// Whether the last instant has all that belongs to it, or that has had time to come, where the
    /// session has been found to be over for `over_for`: what is coming is waited for longer.
    fn is_settled(&self, core: &Core, over_for: Nanos) -> bool {
        let last = self.layout.clock_until;
        // With the scope of one symbol the others would wait for it with their gate open.
        let may_wait = self.gate.scope() == GateScope::Session || !core.board.is_active();
        (0..self.members.len()).all(|position| {
            let waits = may_wait && self.is_coming(position);
            let patience = if waits { gap_time(core) } else { settle_time(core) };
            let through = self.members[position].rows.live().complete_through;
            through >= last || over_for >= patience
        })
    }

    /// Whether bars that are missing of a member will come, as far as its feed says: it is behind, and
    /// its vendor is being asked, or reached, or tried again.
    fn is_coming(&self, position: usize) -> bool {
        let live = self.members[position].rows.live();
        let is_coming = match &live.link {
            Link::Starting { .. } | Link::CatchingUp { .. } => true,
            Link::Down { next_try, .. } => next_try.is_some(),
            link => {
                self.link_state(link) == LinkState::Up && self.is_complete_through_open(position)
            }
        };
        live.is_behind && is_coming
    }

    /// Whether the feed of a member is confirmed, and nothing that has closed by the session's open
    /// is missing of it.
    fn is_complete_through_open(&self, position: usize) -> bool {
        let live = self.members[position].rows.live();
        let is_confirmed = live.is_heard && !matches!(live.link, Link::Starting { .. });
        let missing = self.layout.delivered.next_close_after(live.complete_through);
        is_confirmed && missing.is_none_or(|closes_at| closes_at > self.layout.clock_since)
    }

    /// Looks at what is known of every feed: what its symbol is doing, and whether it holds the
    /// gate.
    pub(super) fn watch_feeds(&mut self, core: &mut Core) {
        let clock = core.clock.now();
        let has_opened = self.has_started;
        for position in 0..self.members.len() {
            let member = &self.members[position];
            let live = member.rows.live();
            let through = live.complete_through;
            let n_delivered = self.progress.n_delivered(position);
            let last_close = n_delivered.checked_sub(1).map(|row| member.closes_at_ns()[row]);
            let last_close = last_close.map_or(self.layout.clock_since, Timestamp::from_nanos);
            let expected = self.layout.delivered.next_close_after(last_close);
            let facts = FeedFacts {
                link: self.link_state(&live.link),
                is_halted: live.is_halted(),
                overdue: self.overdue(position, clock),
                behind: self.open_time(through, clock),
                is_complete_through_open: self.is_complete_through_open(position),
                is_proven_quiet: expected
                    .is_some_and(|due| due <= through && !live.has_given_up(last_close, through)),
                has_opened,
            };
            let watched = self.gate.watch(position, facts);
            let why = self.why(position, watched.state, last_close);
            if watched.shows_otherwise && self.gate.scope() == GateScope::Symbol {
                self.roster = RosterState::Changed;
            }
            self.trace_source(core, position, &why);
            let member = &mut self.members[position];
            member.gauge.show(state_of(watched.state), &why, clock);
            member.gauge.record_backlog(member.n_undelivered(n_delivered, clock) as u64);
            member.gauge.record_lag(facts.overdue);
            let live = member.rows.live_mut();
            live.why = why;
            let counts = live.counts.report();
            member.gauge.show_feed(FeedGauge {
                link: live.link.clone(),
                last_bar: last_close,
                n_handed: counts.n_handed,
                n_caught_up: counts.n_caught_up,
                n_corrected: counts.n_late + counts.n_revised,
            });
        }
    }

    /// Logs what was delivered of those that were behind and are not any more.
    fn note_caught_up(&mut self, core: &mut Core) {
        let at = core.clock.now();
        for (position, member) in self.members.iter_mut().enumerate() {
            let live = member.rows.live_mut();
            if self.gate.may_settle(position) && live.counts.n_behind > 0 {
                let n_bars = std::mem::take(&mut live.counts.n_behind);
                live.counts.n_caught_up += n_bars;
                let symbol = member.run.symbol.clone();
                core.record.events.push(Event::CaughtUp { symbol, at, n_bars });
            }
        }
    }

    /// Why the member at `position` holds the gate: as the last look has found, unless it was in order
    /// then.
    pub(super) fn holder_why(&self, position: usize) -> Why {
        match self.members[position].why() {
            Why::OnTime | Why::NoTrade { .. } => self.overdue_why(position),
            why => why,
        }
    }

    /// What the gate makes of a link.
    pub(super) fn link_state(&self, link: &Link) -> LinkState {
        match link {
            Link::Stored | Link::Starting { .. } | Link::Up { .. } | Link::CatchingUp { .. } => {
                LinkState::Up
            }
            Link::Down { .. } => LinkState::Down,
            Link::Skewed { by } if by.as_nanos().saturating_abs() > self.max_skew.as_nanos() => {
                LinkState::Skewed
            }
            Link::Skewed { .. } => LinkState::Up,
            Link::Gone { .. } => LinkState::Gone,
        }
    }

    fn overdue_why(&self, position: usize) -> Why {
        let through = self.members[position].rows.live().complete_through;
        let due = self.layout.delivered.next_close_after(through);
        Why::Overdue { closes_at: due.unwrap_or(self.layout.clock_until) }
    }

    /// Why the member at `position`, whose last bar closed at `last_close`, is where it is.
    fn why(&self, position: usize, state: FeedState, last_close: Timestamp) -> Why {
        let live = self.members[position].rows.live();
        match (state, &live.link, &live.trading) {
            (FeedState::Live, _, _) => Why::OnTime,
            (FeedState::Quiet, _, _) => Why::NoTrade { since: last_close },
            (FeedState::Halted, _, Trading::Halted { since, why }) => {
                Why::Halted { since: *since, said: why.clone() }
            }
            (FeedState::Silent, Link::Down { since, why, next_try }, _) => {
                let said = why.to_string().into();
                Why::Down { since: *since, said, next_try: *next_try }
            }
            (FeedState::Skewed, Link::Skewed { by }, _) => Why::Skewed { by: *by },
            (FeedState::Gone, Link::Gone { why }, _) => Why::Refused { said: why.clone() },
            (FeedState::Late, _, _) => self.overdue_why(position),
            _ => Why::Behind { complete_through: Some(live.complete_through) },
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
        let is_first = !self.has_started;
        let joined = self.join_caught_up(core);
        let is_released = |session: &RunningSession, position: usize| {
            session.gate.hold(position) == Hold::Released
        };
        let any_released = (0..self.members.len()).any(|position| is_released(self, position));
        if self.roster == RosterState::Changed || !joined.is_empty() {
            self.refresh_members(core);
        }
        let opened = self.publish(core)?;
        if is_first {
            self.has_started = true;
            self.notify(core, &Notice::Started)?;
        }
        // Those that are there with the first publication are in its view.
        self.notify_membership(core, if is_first { &[] } else { &joined })?;
        self.tell_trades(core)?;
        self.notify_corrected(core)?;
        if opened {
            let even = if is_first { EvenIfEmpty::No } else { EvenIfEmpty::Yes };
            self.notify_resumed(core, |session, at| !session.gate.is_feed_behind(at), even)?;
        } else {
            self.notify_missed(core, |session, at| session.gate.hold(at) == Hold::Free)?;
            if any_released {
                self.notify_resumed(core, is_released, EvenIfEmpty::Yes)?;
            }
        }
        self.gate.free_released(); // What they have missed is notified by now.
        self.notify_ready(core)?;
        self.answer_pending(core);
        Ok(())
    }
}

/// How long a bar that is missing, and of which nothing is known, has time to come.
fn settle_time(core: &Core) -> Nanos {
    let settle = core.plan.config.session_data_config.streaming.settle_seconds;
    Nanos::from_secs(i64::from(settle))
}

/// How long bars that are owed at the close have time to come.
fn gap_time(core: &Core) -> Nanos {
    let filler = &core.plan.config.session_data_config.gap_filler;
    let seconds = i64::from(filler.max_retries) * i64::from(filler.retry_interval_seconds);
    Nanos::from_secs(seconds).max(settle_time(core))
}

/// What a poll that fails says of the link: by its contract a feed reports a broken one, so that
/// this is a fault of the feed, and its symbol's alone.
fn down(error: &DataError, since: Timestamp) -> Link {
    Link::Down { since, why: DownCause::Broken(with_causes(error).into()), next_try: None }
}

fn state_of(state: FeedState) -> SymbolState {
    match state {
        FeedState::CatchingUp => SymbolState::CatchingUp,
        FeedState::Live => SymbolState::Live,
        FeedState::Quiet => SymbolState::Quiet,
        FeedState::Halted => SymbolState::Halted,
        FeedState::Late => SymbolState::Late,
        FeedState::Silent => SymbolState::Dead,
        FeedState::Skewed => SymbolState::Skewed,
        FeedState::Gone => SymbolState::Gone,
    }
}
