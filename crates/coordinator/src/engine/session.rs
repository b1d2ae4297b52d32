//! One session of the run: prepared, opened, closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openbell_data_manager::DataError;
use openbell_market::{RejectReason, Symbol, SymbolIdx};
use openbell_session_data::{Opened, Reason, DeliveredThrough};
use openbell_time::{Nanos, Timestamp};

use super::agenda::Agenda;
use super::notify::{DerivedAgenda, Readiness};
use super::commands::PendingAdd;
use super::{Engine, Known, State};
use crate::control::command::Stay;
use crate::digest::SequenceKey;
use crate::error::RunError;
use crate::control::event::Event;
use crate::symbol::{SymbolSession, SymbolRun, SymbolRuns, Membership, NEVER};
use crate::layout::SessionLayout;
use crate::symbol::loader::{SymbolLoader, JoiningSymbol, found};
use crate::consumers::notice::Notice;
use crate::plan::ScheduleDue;
use crate::report::{GateSwitch, SessionReport, SymbolReport};
use crate::control::status::{Counts, Phase};

/// Sessions that are laid out beyond the one that is there: as many as a feed of minutes decodes in
/// one go.
const N_LATER: usize = 5;

/// The session that is there.
pub(super) struct Day {
    /// Position in the plan.
    pub(super) index: usize,
    /// Shared, so that a member can be loaded by it while the day stands.
    pub(super) layout: Arc<SessionLayout>,
    pub(super) keeps_quality: bool,
    /// The members, in symbol order.
    pub(super) members: Vec<SymbolSession>,
    /// What the clock comes to next; a replay only.
    pub(super) agenda: Agenda,
    /// What comes next of each derived interval; a replay only.
    pub(super) news: Vec<DerivedAgenda>,
    /// Whether the agenda, and what stands beside `members`, is that of the members as they are.
    pub(super) is_laid: bool,
    /// Lanes with bars that have closed by the clock and are not delivered; a replay only.
    pub(super) behind: Vec<usize>,
    /// Bars delivered, beside `members`; status polls read it.
    pub(super) counts: Counts,
    /// What each lane enters the sequence of deliveries by, beside `members`.
    pub(super) keys: Vec<SequenceKey>,
    /// The instants that are visited whatever the data: ends of windows, schedules, the last.
    pub(super) due_ns: BTreeSet<i64>,
    pub(super) schedule: Vec<ScheduleDue>,
    pub(super) n_scheduled_done: usize,
    /// The first instant at which a rejection becomes known, or a source breaks.
    pub(super) next_finding_ns: i64,
    pub(super) is_open: bool,
    pub(super) members_changed: bool,
    pub(super) has_withheld: bool,
    pub(super) pending: Vec<PendingAdd>,
    pub(super) left: Vec<SymbolReport>,
    pub(super) left_untold: Vec<Symbol>,
    pub(super) switches: Vec<GateSwitch>,
    /// When which consumer is called by the clock, in order.
    pub(super) calls: Vec<(Timestamp, usize)>,
    pub(super) unready: Readiness,
    /// Live bars to be delivered, by close and lane; recycled.
    pub(super) arrived: Vec<(i64, usize)>,
    pub(super) n_bars: u64,
}

impl Day {
    /// Whether a bar has closed by the clock of a replay and is not delivered.
    pub(super) fn has_backlog(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Lays out what comes next for the members as they are now.
    pub(super) fn lay_agenda(&mut self, clock: Timestamp) {
        let clock_ns = clock.as_nanos();
        self.counts =
            self.members.iter().map(|member| AtomicU64::new(member.meter.n_delivered())).collect();
        self.keys.clear();
        self.keys.extend(self.members.iter().map(|member| member.run.key));
        if self.members.iter().any(|member| member.live.is_some()) {
            return; // The clock of a live run comes to what arrives.
        }
        let is_behind = |&position: &usize| self.members[position].next_close_ns() <= clock_ns;
        self.behind = (0..self.members.len()).filter(is_behind).collect();
        let members = self.members.iter().map(|member| {
            let closes_at_ns = member.closes_at_ns();
            &closes_at_ns[closes_at_ns.partition_point(|&ns| ns <= clock_ns)..]
        });
        self.agenda.lay(&self.layout.closes_at_ns, clock_ns, members);
        self.lay_news(clock);
    }

    /// The next instant at which something is due; `None` after the session's last.
    pub(super) fn next_instant(&self) -> Option<Timestamp> {
        let due_ns = *self.due_ns.first()?;
        let bar_ns = self.agenda.next_ns().unwrap_or(NEVER);
        Some(Timestamp::from_nanos(bar_ns.min(due_ns)))
    }

    /// The time between `since` and `until` in which this session delivers bars.
    pub(super) fn open_time(&self, since: Timestamp, until: Timestamp) -> Nanos {
        let mut open_ns = 0;
        for part in self.layout.delivered.parts() {
            let (from, to) = (part.since.max(since), part.until.min(until));
            open_ns += (to.as_nanos() - from.as_nanos()).max(0);
        }
        Nanos::from_nanos(open_ns)
    }

    /// Where `symbol` stands among the lanes, or where it would.
    pub(super) fn find(&self, symbol: &Symbol) -> Result<usize, usize> {
        if self.members.last().is_none_or(|last| last.run.symbol < *symbol) {
            return Err(self.members.len()); // Behind all others, as they come when a day is loaded.
        }
        self.members.binary_search_by(|member| member.run.symbol.cmp(symbol))
    }

    /// Puts a lane among the others.
    pub(super) fn insert(&mut self, member: SymbolSession) {
        let Err(position) = self.find(&member.run.symbol) else { return };
        self.next_finding_ns = self.next_finding_ns.min(next_finding_ns(&member));
        self.unready.note(&member);
        self.members.insert(position, member);
        (self.members_changed, self.is_laid) = (true, false);
    }

    /// Takes lane `position` out.
    pub(super) fn take_out(&mut self, position: usize) -> SymbolSession {
        let member = self.members.remove(position);
        self.behind.retain(|&behind| behind != position);
        for behind in self.behind.iter_mut().filter(|behind| **behind > position) {
            *behind -= 1;
        }
        self.unready.forget(member.run.idx);
        (self.members_changed, self.is_laid) = (true, false);
        member
    }

    /// The instants that must be visited after `clock`, for the intervals laid out now.
    pub(super) fn lay_due(&mut self, clock: Timestamp) {
        self.due_ns.clear();
        let mut add = |instant: Timestamp| {
            if instant > clock && instant <= self.layout.clock_until {
                self.due_ns.insert(instant.as_nanos());
            }
        };
        for (_, segment_day) in &self.layout.day.derived {
            let grid = &segment_day.grid;
            for slot in grid.n_closed_by(clock)..grid.n_slots() {
                if let Some(bounds) = grid.slot(slot) {
                    add(bounds.until);
                }
            }
        }
        for scheduled in &self.schedule[self.n_scheduled_done..] {
            add(scheduled.at);
        }
        for &(at, _) in &self.calls {
            add(at);
        }
        add(self.layout.session.close);
        add(self.layout.clock_until);
    }
}

/// The first instant at which something is to be found out about a lane.
pub(super) fn next_finding_ns(member: &SymbolSession) -> i64 {
    let fault_ns = member.fault.as_ref().map_or(NEVER, |(at, _)| at.as_nanos());
    member.next_rejection_ns().min(fault_ns)
}

impl Engine {
    /// Lets every lane know how far the clock has brought it, and how much of that consumers were
    /// told; to be called before members come or go, since what is counted stands in their order,
    /// and before anything is told but at a visit of the clock.
    pub(super) fn keep_up(&mut self) {
        let wants_bars = self.consumers.wants_bars();
        let State::Day(day) = &mut self.state else { return };
        if !day.is_laid {
            return; // What is counted beside the lanes was taken over when they changed.
        }
        for (position, (member, count)) in day.members.iter_mut().zip(day.counts.iter()).enumerate() {
            if member.live.is_some() {
                continue;
            }
            let count = count.load(Ordering::Relaxed);
            if wants_bars {
                // The backlog is counted by the lane; a visit tells all that it delivers.
                member.announced[0] += (count - member.meter.n_delivered()) as usize;
                for (announced, news) in member.announced[1..].iter_mut().zip(&day.news) {
                    *announced = news.n_told[position] as usize;
                }
            }
            member.meter.keep_up(&self.plan.lag, count);
        }
    }

    /// Prepares session `index`: lays it out and loads every member.
    pub(super) fn prepare(&mut self, index: usize) -> Result<(), RunError> {
        self.status.change_phase(Phase::Preparing);
        let session = self.plan.sessions[index];
        let layout = self.lay_out(index)?;
        let (schedule, skipped) = self.plan.schedule_of(&session);
        let keeps_quality = self.plan.keeps_quality();
        let mut runs = std::mem::take(&mut self.carried);
        self.open_configured(&mut runs, &session)?;
        let mut day = Day {
            index,
            keeps_quality,
            members: Vec::with_capacity(runs.len()),
            agenda: Agenda::default(),
            news: Vec::new(),
            is_laid: false,
            behind: Vec::new(),
            counts: Arc::from([]),
            keys: Vec::with_capacity(runs.len()),
            due_ns: BTreeSet::new(),
            n_scheduled_done: 0,
            next_finding_ns: NEVER,
            is_open: false,
            members_changed: true,
            has_withheld: false,
            pending: Vec::new(),
            left: Vec::new(),
            left_untold: Vec::new(),
            switches: Vec::new(),
            calls: Vec::new(),
            unready: Readiness::default(),
            arrived: Vec::new(),
            n_bars: 0,
            schedule,
            layout,
        };
        for run in runs {
            let symbol = run.symbol.clone();
            let loaded = self.load(&day.layout, run, DeliveredThrough::with_the_clock());
            day.insert(loaded.map_err(|error| load_error(&symbol, &day.layout, error))?);
        }
        for entry in skipped {
            self.log.push(Event::ScheduleSkipped { date: session.date, entry });
        }
        self.state = State::Day(Box::new(day));
        self.status.change_phase(Phase::Ready);
        Ok(())
    }

    /// Lays out session `index`, and some of those after it.
    fn lay_out(&mut self, index: usize) -> Result<Arc<SessionLayout>, RunError> {
        let (session, later) = (self.plan.sessions[index], &mut self.later);
        let layout = match later.pop_front_if(|layout| layout.session.date == session.date) {
            Some(layout) => layout,
            None => {
                later.clear();
                Arc::new(self.rule.lay(session)?)
            }
        };
        let to_come = self.plan.sessions[index + 1..].iter().take(N_LATER).skip(later.len());
        // One that cannot be laid out is told when it is due.
        later.extend(to_come.map_while(|session| self.rule.lay(*session).ok()).map(Arc::new));
        Ok(layout)
    }

    /// Adds those of the configured symbols that are not among `runs`, which stand in symbol order.
    fn open_configured(
        &mut self,
        runs: &mut SymbolRuns,
        session: &openbell_time::Session,
    ) -> Result<(), RunError> {
        let is_there = runs.iter().filter(|run| run.membership == Membership::Configured);
        if is_there.count() == self.plan.n_symbols() {
            return Ok(()); // As on most days.
        }
        for symbol in self.plan.symbols() {
            if let Err(place) = runs.binary_search_by(|run| run.symbol.cmp(&symbol)) {
                runs.insert(place, self.open_run(&symbol, Membership::Configured, session)?);
            }
        }
        Ok(())
    }

    /// Puts what `run` needs for the session of `layout` in place.
    pub(super) fn load(
        &mut self,
        layout: &SessionLayout,
        run: Box<SymbolRun>,
        through: Arc<DeliveredThrough>,
    ) -> Result<SymbolSession, RunError> {
        SymbolLoader {
            plan: &self.plan,
            rule: &self.rule,
            layout,
            later: &self.later,
            source: self.source.as_mut(),
            sifted: &mut self.sifted,
        }
        .load(run, through)
    }

    /// What a symbol needs before its session, under the identity it has in this run.
    pub(super) fn open_run(
        &mut self,
        symbol: &Symbol,
        membership: Membership,
        session: &openbell_time::Session,
    ) -> Result<Box<SymbolRun>, RunError> {
        let next_idx = SymbolIdx::new(self.known.len() as u32);
        let known = self.known.get(symbol).copied();
        let known = known.unwrap_or(Known { idx: next_idx, generation: 0 });
        let joining = JoiningSymbol {
            symbol: symbol.clone(),
            idx: known.idx,
            generation: known.generation + 1,
            membership,
        };
        let run = found(joining, &self.plan, &self.rule, session, self.source.as_mut())?;
        // Only a symbol that could be loaded has joined.
        let generation = run.generation;
        self.known.insert(symbol.clone(), Known { idx: known.idx, generation });
        Ok(run)
    }

    /// Opens the session: the clock stands at its first instant, the gate opens.
    pub(super) fn open_session(&mut self, wall: Timestamp) -> Result<(), RunError> {
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let at = day.layout.clock_since;
        let session = day.layout.session;
        self.driver.advance_to(at)?;
        self.status.record_clock(at);
        self.board.advance_inside(at); // Before its members are there, and before any publication.
        self.pace.anchor(wall, at);
        day.is_open = true;
        self.lay_calls();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        day.lay_due(at);
        self.log.push(Event::SessionOpened { date: session.date, at, until: session.close });
        if self.is_live {
            self.status.change_phase(Phase::Streaming);
            self.refresh_members();
            self.tell(&Notice::BeforeOpen)?;
            return Ok(()); // The gate opens when every feed is complete through the open.
        }
        for member in &mut day.members {
            member.is_joining = false;
            member.show_state();
            let (symbol, generation) = (member.run.symbol.clone(), member.run.generation);
            self.log.push(Event::Joined { symbol, generation, at, n_backlog: 0 });
        }
        self.status.change_phase(Phase::Streaming);
        self.count_rejections()?;
        self.refresh_members();
        self.tell(&Notice::BeforeOpen)?;
        if self.publish() == Opened::Yes {
            self.tell(&Notice::Started)?;
        }
        self.call_scheduled()?;
        self.take_scheduled()?;
        self.take_asked()
    }

    /// Closes the session: its last instant is published; consumers get a final view, the gate
    /// shuts, the day is reported.
    pub(super) fn close_session(&mut self) -> Result<(), RunError> {
        self.status.change_phase(Phase::Closing);
        let at = self.clock.now();
        self.keep_up();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let date = day.layout.session.date;
        for member in day.members.iter().filter(|member| member.meter.n_delivered() == 0) {
            let symbol = member.run.symbol.clone();
            self.log.push(Event::NoData { date, symbol });
        }
        match self.board.inactive() {
            None => self.tell(&Notice::Closed)?,
            Some(inactive) => {
                let reason = inactive.facts().reason.clone();
                self.tell(&Notice::ClosedInactive(Arc::new(reason)))?;
            }
        }
        self.take_last_asked()?;
        let State::Day(day) = &self.state else { return Ok(()) };
        self.log.push(Event::SessionClosed { date, at, n_bars: day.n_bars });
        let _ = self.switch_shut(Reason::Closed);
        let State::Day(day) = std::mem::replace(&mut self.state, State::Between { next: 0 }) else {
            return Ok(());
        };
        let next = day.index + 1;
        self.settle_day(*day, at);
        if next < self.plan.sessions.len() {
            self.state = State::Between { next };
        } else {
            self.log.push(Event::Completed { at });
            self.end(Phase::Closed);
        }
        Ok(())
    }

    /// Takes the day's figures and keeps what goes on to the next session.
    fn settle_day(&mut self, mut day: Day, at: Timestamp) {
        let session = day.layout.session;
        let mut symbols = std::mem::take(&mut day.left);
        let has_left = !symbols.is_empty();
        symbols.reserve(day.members.len());
        for mut member in day.members {
            // Rows past the last instant of the clock belong to the day, and are known by the
            // time the next one begins.
            let after: Vec<_> = member.rejections_known_at(Timestamp::MAX).to_vec();
            log_rejections(&mut self.log, &mut member, &after, None);
            let (report, digest) = member.close_day(at, day.keeps_quality);
            symbols.push(report);
            self.digest.symbol(&member.run.symbol, digest);
            self.digests.insert(member.run.idx, digest);
            if let Membership::Configured | Membership::Asked(Stay::Run) = member.run.membership {
                member.run.retire(member.series);
                self.carried.push(member.run);
            }
        }
        if has_left {
            symbols.sort_by(|a, b| (&a.symbol, a.has_left).cmp(&(&b.symbol, b.has_left)));
        }
        for symbol in &symbols {
            self.n_derived += symbol.series.iter().skip(1).map(|s| s.n_bars).sum::<u64>();
        }
        self.sessions.push(SessionReport {
            date: session.date,
            open: session.open,
            close: session.close,
            is_early_close: session.is_early_close,
            n_bars: day.n_bars,
            symbols,
            switches: day.switches,
        });
    }

    /// Takes the rejections and faults that the session clock has reached.
    pub(super) fn count_rejections(&mut self) -> Result<(), RunError> {
        let clock = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        if clock.as_nanos() < day.next_finding_ns {
            return Ok(());
        }
        let mut next_ns = NEVER;
        for member in &mut day.members {
            if member.is_joining {
                // What a newcomer's rows tell is taken when it has caught up.
                next_ns = next_ns.min(next_finding_ns(member));
                continue;
            }
            let known: Vec<_> = member.rejections_known_at(clock).to_vec();
            log_rejections(&mut self.log, member, &known, Some(clock));
            if let Some((at, error)) = member.fault.take_if(|(at, _)| *at <= clock) {
                return Err(read_error(&member.run.symbol, at, error));
            }
            next_ns = next_ns.min(next_finding_ns(member));
        }
        day.next_finding_ns = next_ns;
        Ok(())
    }
}

/// Counts `known` in the lane, and logs each reason once.
pub(super) fn log_rejections(
    log: &mut Vec<Event>,
    member: &mut SymbolSession,
    known: &[crate::source::admission::Rejected],
    at: Option<Timestamp>,
) {
    let mut by_reason: BTreeMap<RejectReason, (u64, Timestamp, Timestamp, Timestamp)> =
        BTreeMap::new();
    for rejected in known {
        let stamp = rejected.opens_at;
        let entry =
            by_reason.entry(rejected.reason).or_insert((0, stamp, stamp, rejected.known_at));
        *entry = (entry.0 + 1, entry.1.min(stamp), entry.2.max(stamp), rejected.known_at);
    }
    for (reason, (n_rows, first, last, known_at)) in by_reason {
        *member.rejected.entry(reason).or_default() += n_rows;
        let (symbol, at) = (member.run.symbol.clone(), at.unwrap_or(known_at));
        log.push(Event::Rejected { symbol, at, reason, n_rows, first, last });
    }
    member.gauge.record_rejected(member.rejected.values().sum());
}

fn load_error(symbol: &Symbol, layout: &SessionLayout, error: RunError) -> RunError {
    RunError::Load { symbol: symbol.clone(), session: layout.session.date, source: Box::new(error) }
}

fn read_error(symbol: &Symbol, at: Timestamp, source: DataError) -> RunError {
    RunError::Read { symbol: symbol.clone(), at, source: Box::new(source) }
}
