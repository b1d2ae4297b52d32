//! The session that is there: prepared, opened, stepped, closed, and its books closed.
//!
//! Whoever works on it has it as an argument, beside the [`Core`] that outlasts it. How its rows come
//! is its [`Flow`]; what is done with them is the same in every flow.

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_data_manager::{DataError, FeedKind};
use openbell_market::{RejectReason, Symbol};
use openbell_session_data::{DeliveredThrough, Reason};
use openbell_time::{Nanos, Session, Timestamp, TradingDate};

use super::core::Core;
use super::live::Live;
use super::pace::Admission;
use super::pending_add::PendingAdd;
use super::progress::Progress;
use super::replay::Replay;
use super::{After, Step};
use crate::consumers::notice::Notice;
use crate::control::command::{Command, Stay};
use crate::control::event::{Event, Origin};
use crate::control::status::{Phase, SymbolGauge};
use crate::digest::SequenceKey;
use crate::error::RunError;
use crate::gate::Gate;
use crate::gate::hold::Hold;
use crate::layout::SessionLayout;
use crate::plan::ScheduleDue;
use crate::report::{GateSwitch, Interrupted, SessionReport, SymbolReport};
use crate::source::admission::Rejected;
use crate::symbol::live::MAX_SKEW;
use crate::symbol::readiness::Readiness;
use crate::symbol::{Membership, NEVER, SymbolRun, SymbolSession};

/// The session that is there.
pub(super) struct RunningSession {
    /// Position in the plan.
    pub(super) index: usize,
    /// Shared, so that a member can be loaded by it while the session stands.
    pub(super) layout: Arc<SessionLayout>,
    pub(super) keeps_quality: bool,
    /// Our clock and a source's may differ by so much (live).
    pub(super) max_skew: Nanos,
    /// The members, in symbol order; what stands beside them is named by their position.
    pub(super) members: Vec<SymbolSession>,
    /// What each enters the sequence of deliveries by, beside them.
    pub(super) keys: Vec<SequenceKey>,
    /// How far each is, beside them.
    pub(super) progress: Progress,
    /// Who holds the gate, beside them.
    pub(super) gate: Gate,
    pub(super) readiness: Readiness,
    pub(super) roster: RosterState,
    /// Whether a symbol has been withheld while the gate was open.
    pub(super) has_withheld: bool,
    /// Whether the gate has been open in this session (live).
    pub(super) has_started: bool,
    pub(super) flow: Flow,
    pub(super) schedule: Vec<ScheduleDue>,
    pub(super) n_scheduled_done: usize,
    /// When which consumer is called by the clock, in order.
    pub(super) calls: Vec<(Timestamp, usize)>,
    /// The first instant at which a rejection becomes known, or a source breaks.
    next_finding_ns: i64,
    pub(super) pending: Vec<PendingAdd>,
    pub(super) left: Vec<SymbolReport>,
    /// Those that have left, of which consumers are still to be notified.
    pub(super) left_unnotified: Vec<Symbol>,
    pub(super) switches: Vec<GateSwitch>,
    pub(super) n_bars: u64,
}

/// How the rows of a session arrive and when its next visit is due; nothing else differs.
pub(super) enum Flow {
    /// They are all there.
    Replay(Replay),
    /// They come as they come.
    Live(Live),
}

impl Flow {
    /// What comes next in the replay.
    ///
    /// # Panics
    ///
    /// In a live session: only a replay visits instants and has a backlog.
    pub(super) fn replay_mut(&mut self) -> &mut Replay {
        match self {
            Flow::Replay(replay) => replay,
            Flow::Live(_) => panic!("a live session has no instants to visit and no backlog"),
        }
    }

    /// What has arrived in the live session.
    ///
    /// # Panics
    ///
    /// In a replay: it follows no feed.
    pub(super) fn live_mut(&mut self) -> &mut Live {
        match self {
            Flow::Live(live) => live,
            Flow::Replay(_) => panic!("a replay follows no feed"),
        }
    }

    /// The members with bars that have closed by the clock and are not delivered, ascending: none
    /// in a live session, which delivers what has arrived at once.
    pub(super) fn behind(&self) -> &[usize] {
        match self {
            Flow::Replay(replay) => &replay.behind,
            Flow::Live(_) => &[],
        }
    }
}

/// Who has been informed of the members as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RosterState {
    /// Nobody yet.
    Changed,
    /// Insiders; outsiders are with the next publication.
    Inside,
    /// Everybody.
    Published,
}

impl RunningSession {
    /// Prepares session `index`: lays it out and loads every member.
    pub(super) fn prepare(core: &mut Core, index: usize) -> Result<RunningSession, RunError> {
        core.status.change_phase(Phase::Preparing);
        let session = core.plan.sessions[index];
        core.facts.change(|facts| {
            (facts.session, facts.next_open) = (Some(session), Some(session.open));
        });
        let layout = core.lay_out(index)?;
        let (schedule, skipped) = core.plan.schedule_of(&session);
        let mut runs = std::mem::take(&mut core.carried);
        core.open_configured(&mut runs, &session)?;
        let (flow, first_hold) = match core.kind {
            FeedKind::Stored => (Flow::Replay(Replay::default()), Hold::ByLag),
            FeedKind::Live => (Flow::Live(Live::default()), Hold::Unseen),
        };
        let mut running = RunningSession {
            index,
            keeps_quality: core.plan.keeps_quality(),
            max_skew: core.plan.max_skew().unwrap_or(MAX_SKEW),
            members: Vec::new(),
            keys: Vec::new(),
            progress: Progress::new(layout.series.derived.len() + 1),
            gate: Gate::new(core.plan.lag, core.plan.scope, first_hold),
            readiness: Readiness::default(),
            roster: RosterState::Changed,
            has_withheld: false,
            has_started: false,
            flow,
            schedule,
            n_scheduled_done: 0,
            calls: Vec::new(),
            next_finding_ns: NEVER,
            pending: Vec::new(),
            left: Vec::new(),
            left_unnotified: Vec::new(),
            switches: Vec::new(),
            n_bars: 0,
            layout,
        };
        let mut members = Vec::with_capacity(runs.len());
        for run in runs {
            let symbol = run.symbol.clone();
            let loaded = core.load(&running.layout, run, DeliveredThrough::with_the_clock());
            let member = loaded.map_err(|error| RunError::Load {
                symbol,
                session: session.date,
                source: Box::new(error),
            })?;
            running.note_newcomer(&member);
            members.push(member);
        }
        running.join_members(members, core.clock.now());
        for entry in skipped {
            core.record.events.push(Event::ScheduleSkipped { date: session.date, entry });
        }
        running.pending = std::mem::take(&mut core.carried_adds);
        core.status.change_phase(Phase::Ready);
        for envelope in std::mem::take(&mut core.deferred) {
            if let Command::Session(command) = envelope.command.clone() {
                let _ = running.take(core, command, Origin::Handle, Some(envelope))?; // No stop waits.
            }
        }
        Ok(running)
    }

    /// When it opens, where that is not before the instant `wall`: a replay opens at once.
    pub(super) fn opens_after(&self, wall: Timestamp) -> Option<Timestamp> {
        let opens_at = self.layout.clock_since;
        match &self.flow {
            Flow::Replay(_) => None,
            Flow::Live(_) => (wall < opens_at).then_some(opens_at),
        }
    }

    /// Opens the session: the clock stands at its first instant. A replay opens the gate with it;
    /// live it opens when every feed is complete through the open.
    pub(super) fn open(&mut self, core: &mut Core, wall: Timestamp) -> Result<(), RunError> {
        let at = self.layout.clock_since.max(core.clock.now());
        let session = self.layout.session;
        core.advance_clock(at)?;
        core.board.advance_inside(at); // Before its members are there, and before any publication.
        core.pace.anchor(wall, at);
        self.lay_calls(core);
        self.lay_due(at);
        let opened = Event::SessionOpened { date: session.date, at, until: session.close };
        core.record.events.push(opened);
        self.open_trading(core);
        if let Flow::Replay(_) = &self.flow {
            drop(self.join_all(core)); // Consumers find those that are there at the open in the view.
        }
        core.status.change_phase(Phase::Streaming);
        self.count_rejections(core)?;
        self.refresh_members(core);
        self.notify(core, &Notice::BeforeOpen)?;
        if let Flow::Live(_) = &self.flow {
            return Ok(());
        }
        if self.publish(core)? {
            self.notify(core, &Notice::Started)?;
        }
        self.call_scheduled(core)?;
        self.take_scheduled(core)?;
        self.take_asked(core)
    }

    /// Does the next piece of work of the open session.
    pub(super) fn step(&mut self, core: &mut Core, wall: Timestamp) -> Result<After, RunError> {
        let waiting = core.waiting_commands();
        if !(waiting.is_empty() && core.consumers.asked.is_empty()) {
            core.record_step(wall, self.layout.session.date, &waiting)?;
        }
        if self.take_all(core, waiting, wall)? == After::Stops {
            return Ok(After::Stops);
        }
        self.take_asked(core)?;
        let Flow::Replay(replay) = &self.flow else { return self.follow(core, wall) };
        if !replay.behind.is_empty() {
            core.record.n_steps += 1;
            self.catch_up_one(core)?;
            self.take_asked(core)?;
            return Ok(After::GoesOn(Step::Worked));
        }
        let Some(instant) = replay.next_instant() else { return self.close_where_admitted(core) };
        match core.pace.admits(instant, wall) {
            Admission::Paused => {
                core.status.record_pause(true); // Also where the last instant allowed was visited.
                Ok(After::GoesOn(Step::Paused))
            }
            Admission::NotBefore(until) => Ok(After::GoesOn(Step::Waits { until })),
            Admission::Now => {
                core.record.n_steps += 1;
                self.visit(core, instant)?;
                Ok(After::GoesOn(Step::Worked))
            }
        }
    }

    /// Closes the session, its last instant visited, unless the pace lets it stand there.
    fn close_where_admitted(&mut self, core: &mut Core) -> Result<After, RunError> {
        let next_open = match core.plan.sessions.get(self.index + 1) {
            Some(next) => Some(core.rule.lay(*next)?.clock_since),
            None => None,
        };
        if !core.pace.admits_close(core.clock.now(), next_open) {
            core.status.record_pause(true);
            return Ok(After::GoesOn(Step::Paused));
        }
        self.close(core)
    }

    /// Closes the session: its last instant is published; consumers get a final view, and the gate
    /// shuts.
    pub(super) fn close(&mut self, core: &mut Core) -> Result<After, RunError> {
        core.status.change_phase(Phase::Closing);
        let at = core.clock.now();
        let date = self.layout.session.date;
        for (position, member) in self.members.iter().enumerate() {
            if self.progress.n_delivered(position) == 0 {
                let symbol = member.run.symbol.clone();
                core.record.events.push(Event::NoData { date, symbol });
            }
        }
        match core.board.inactive() {
            None => self.notify(core, &Notice::Closed)?,
            Some(inactive) => {
                let reason = inactive.facts().reason.clone();
                self.notify(core, &Notice::ClosedInactive(Arc::new(reason)))?;
            }
        }
        self.carry_pending(core);
        self.take_last_asked(core)?;
        let n_bars = self.n_bars;
        core.record.events.push(Event::SessionClosed { date, at, n_bars });
        let _ = self.shut(core, Reason::Closed, None); // Whoever was shut out before is so still.
        Ok(After::Closes)
    }

    /// What the status shows of each member, in symbol order.
    pub(super) fn gauges(&self) -> Vec<Arc<SymbolGauge>> {
        self.members.iter().map(|member| Arc::clone(&member.gauge)).collect()
    }

    /// Takes the session's figures, and hands what goes on to the next session back to the core.
    pub(super) fn close_books(mut self, core: &mut Core) {
        let at = core.clock.now();
        let session = self.layout.session;
        let mut symbols = std::mem::take(&mut self.left);
        let has_left = !symbols.is_empty();
        symbols.reserve(self.members.len());
        for mut member in self.members {
            // Rows past the last instant of the clock belong to the session, and are known by the
            // time the next one begins.
            let after = member.rejections_known_by(Timestamp::MAX);
            log_rejections(&mut core.record.events, &mut member, &after, None);
            let (report, digest) = member.close(at, self.keeps_quality);
            symbols.push(report);
            core.record.digest.symbol(&member.run.symbol, digest);
            core.record.digests.insert(member.run.idx, digest);
            if let Some(bars) = member.take_live_bars() {
                core.kept.keep_bars(&member.run.symbol, session.date, bars);
            }
            let goes_on = match member.run.membership {
                Membership::Configured | Membership::Asked(Stay::Run) => true,
                // What is held, or ordered until it is cancelled, is there tomorrow.
                Membership::Asked(Stay::Session) => {
                    core.kept_by_account(&member.run.symbol).is_some()
                }
            };
            if goes_on {
                member.run.retire(member.series);
                core.carried.push(member.run);
            } else {
                let SymbolRun { symbol, processor, .. } = *member.run;
                core.kept.keep_state(&symbol, session.date, processor);
            }
        }
        if has_left {
            sort_with_left(&mut symbols);
        }
        let report = session_report(&session, self.n_bars, symbols, self.switches);
        core.record.n_derived += report.n_derived();
        core.record.n_sessions_closed += 1;
        core.record.sessions.push(report);
    }

    /// What the session has come to by the clock, of the symbols that have joined and those that
    /// have left: the run ends in it.
    pub(super) fn as_it_stands(&mut self, core: &Core) -> Interrupted {
        let at = core.clock.now();
        let mut symbols = self.left.clone();
        for (position, member) in self.members.iter_mut().enumerate() {
            if !self.gate.is_joining(position) {
                symbols.push(member.report(at, self.keeps_quality, false));
            }
        }
        sort_with_left(&mut symbols);
        let switches = self.switches.clone();
        let session = session_report(&self.layout.session, self.n_bars, symbols, switches);
        Interrupted { at, session }
    }

    /// The session of the run before this one.
    pub(super) fn date_before(&self, core: &Core) -> Option<TradingDate> {
        let before = self.index.checked_sub(1)?;
        Some(core.plan.sessions[before].date)
    }

    /// A member is loaded: notes when something becomes known of its rows, and what is not ready.
    pub(super) fn note_newcomer(&mut self, member: &SymbolSession) {
        self.next_finding_ns = self.next_finding_ns.min(member.next_finding_ns());
        self.readiness.note(member);
    }

    /// Takes the rejections and faults that the session clock has reached.
    pub(super) fn count_rejections(&mut self, core: &mut Core) -> Result<(), RunError> {
        let clock = core.clock.now();
        if clock.as_nanos() < self.next_finding_ns {
            return Ok(());
        }
        let mut next_ns = NEVER;
        for (position, member) in self.members.iter_mut().enumerate() {
            // What becomes known of a newcomer's rows is taken when it has caught up.
            if !self.gate.is_joining(position) {
                let known = member.rejections_known_by(clock);
                log_rejections(&mut core.record.events, member, &known, Some(clock));
                if let Some((at, error)) = member.take_fault(clock) {
                    return Err(read_error(&member.run.symbol, at, error));
                }
            }
            next_ns = next_ns.min(member.next_finding_ns());
        }
        self.next_finding_ns = next_ns;
        Ok(())
    }
}

/// In symbol order; where one has left and come back, what it is now stands first.
fn sort_with_left(symbols: &mut [SymbolReport]) {
    symbols.sort_by(|a, b| (&a.symbol, a.has_left).cmp(&(&b.symbol, b.has_left)));
}

fn session_report(
    session: &Session,
    n_bars: u64,
    symbols: Vec<SymbolReport>,
    switches: Vec<GateSwitch>,
) -> SessionReport {
    SessionReport {
        date: session.date,
        open: session.open,
        close: session.close,
        is_early_close: session.is_early_close,
        n_bars,
        symbols,
        switches,
    }
}

/// Counts `known` in the member, and logs each reason once.
pub(super) fn log_rejections(
    events: &mut Vec<Event>,
    member: &mut SymbolSession,
    known: &[Rejected],
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
        events.push(Event::Rejected { symbol, at, reason, n_rows, first, last });
    }
    member.gauge.record_rejected(member.rejected.values().sum());
}

/// What a source that breaks in mid-session fails the run with.
pub(super) fn read_error(symbol: &Symbol, at: Timestamp, source: DataError) -> RunError {
    RunError::Read { symbol: symbol.clone(), at, source: Box::new(source) }
}
