//! A run: a synchronous machine that is stepped.
//!
//! It is *planned*; for each session it *prepares*, is *ready* at the open, *streams*, is *closing*
//! and goes on to the next; after the last it is *closed*; or it has *failed*, or was *stopped*.
//! One step is one instant of the session clock, or in catch-up one backlog bar. Nothing here
//! starts a thread, sleeps, or reads a clock of its own: wall time is handed in.
//!
//! At one instant, in this order: base bars in symbol order; windows, shortest first, with their
//! indicators; publication; notifications; consumers whose time it is; scheduled
//! commands in file order; what consumers asked, in that order; then, in the steps that follow,
//! waiting commands in order of arrival, and catch-up.

mod agenda;
mod catch_up;
mod commands;
mod derived_agenda;
mod gate;
mod instant;
mod live;
mod notify;
mod pace;
mod pending_add;
pub(crate) mod run;
mod session;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use openbell_config::{Mode, SessionConfig};
use openbell_market::{Symbol, SymbolIdx};
use openbell_session_data::{BoardWriter, InsideReader, OutsideReader, Reason};
use openbell_time::{ClockDriver, Nanos, SessionClock, TimeManager, Timestamp};

use crate::control::command::{Answer, Command, Refusal};
use crate::consumers::consumer::{CallWindow, Consumer, OnError};
use crate::digest::{Digest, Digests, RunDigest, Sequence};
use crate::error::{PlanErrors, RunError};
use crate::control::event::{Event, Operation, Signal};
use crate::control::handle::{CommandQueue, CoreThread, Handle};
use crate::consumers::{Consumers, StopsRun, Endpoint};
use crate::symbol::SymbolRuns;
use crate::layout::{LayoutRule, SessionLayout};
use crate::consumers::mailbox::Mailbox;
use crate::plan::Plan;
use crate::report::{Report, SessionReport};
use crate::consumers::worker::{Channel, LockStep, Worker};
use crate::source::admission::Admitted;
use crate::source::Source;
use crate::control::status::{Phase, StatusBoard};
use crate::consumers::subscription::Subscription;

use pace::Pace;
use session::Day;

/// How long a run waits before it looks again whether an empty seat is taken.
const LOOK: Nanos = Nanos::from_nanos(1_000_000);

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Step {
    /// Work was done; there is more.
    Worked,
    /// A paced run is ahead of the wall clock until then; commands were taken.
    Waits {
        /// The instant of the wall clock at which the next step is due.
        until: Timestamp,
    },
    /// The run is paused; commands were taken.
    Paused,
    /// The run has ended.
    Ended(Phase),
}

/// Where the run stands between steps.
enum State {
    /// Session `next` of the plan is to be prepared.
    Between { next: usize },
    /// A session is there.
    Day(Box<Day>),
    /// Nothing follows.
    Ended(Phase),
}

/// A run of sessions over the bars of a source.
///
/// *Cost*: one step visits one instant and delivers all bars that close at it.
pub struct Engine {
    plan: Plan,
    rule: LayoutRule,
    source: Box<dyn Source>,
    /// What a day's rows pass through; used again and again.
    sifted: Admitted,
    /// The sessions after the one at hand that are laid out, in order.
    later: VecDeque<Arc<SessionLayout>>,
    driver: ClockDriver,
    clock: SessionClock,
    board: BoardWriter,
    reader: OutsideReader,
    consumers: Consumers,
    queue: CommandQueue,
    handle: Handle,
    core: Arc<CoreThread>,
    status: Arc<StatusBoard>,
    log: Vec<Event>,
    operations: Vec<Operation>,
    state: State,
    pace: Pace,
    known: BTreeMap<Symbol, Known>,
    /// Those that go on from session to session.
    carried: SymbolRuns,
    digests: Digests,
    digest: RunDigest,
    sequence: Sequence,
    sessions: Vec<SessionReport>,
    failure: Option<String>,
    /// Whether the clock is the real one and bars come from live feeds.
    is_live: bool,
    /// The last instant at which live feeds were looked at.
    followed_at: Option<Timestamp>,
    n_steps: u64,
    /// A step, and how many commands were taken after it.
    taken_after: (u64, u32),
    n_bars: u64,
    n_derived: u64,
}

/// A symbol that has been in the run.
#[derive(Clone, Copy)]
struct Known {
    idx: SymbolIdx,
    /// How often it has joined.
    generation: u32,
}

impl Engine {
    /// A run of `config` on the calendars of `time` and the data of `source`, planned and not
    /// begun.
    ///
    /// *Errors*: every reason for which it cannot begin, at once.
    pub fn new(
        config: &SessionConfig,
        time: &TimeManager,
        mut source: Box<dyn Source>,
    ) -> Result<Engine, PlanErrors> {
        let plan = Plan::new(config, time, source.as_mut())?;
        let first = plan.sessions[0];
        let (driver, clock) = ClockDriver::new(first.pre_open.unwrap_or(first.open));
        let board = BoardWriter::new();
        let reader = board.outside_reader();
        let core = Arc::new(CoreThread::default());
        let status = StatusBoard::new();
        let (handle, queue) = Handle::new(Arc::clone(&core), Arc::clone(&status), reader.clone());
        let mut plan_errors = Vec::new();
        let windows = plan.sessions.iter().filter_map(|session| {
            let layout = plan.rule.lay(*session).map_err(|e| plan_errors.push(e.into())).ok()?;
            Some(layout.rows_since..layout.rows_until)
        });
        let windows: Vec<_> = windows.collect();
        let n_ahead = match &plan.config.mode {
            Mode::Backtest(backtest) => backtest.prefetch_days as usize,
            Mode::Live => 1,
        };
        if let Err(error) = source.read_ahead(windows, n_ahead) {
            plan_errors.push(error.into());
        }
        if !plan_errors.is_empty() {
            return Err(PlanErrors(plan_errors));
        }
        let speed = match &plan.config.mode {
            Mode::Backtest(backtest) => backtest.speed_multiplier,
            Mode::Live => 1.0,
        };
        Ok(Engine {
            rule: plan.rule.clone(),
            plan,
            source,
            sifted: Admitted::default(),
            later: VecDeque::new(),
            driver,
            clock,
            board,
            reader,
            consumers: Consumers::default(),
            queue,
            handle,
            core,
            status,
            log: Vec::new(),
            operations: Vec::new(),
            state: State::Between { next: 0 },
            pace: Pace::new(speed),
            known: BTreeMap::new(),
            carried: SymbolRuns::new(),
            digests: Digests::default(),
            digest: RunDigest::new(),
            sequence: Sequence::new(),
            sessions: Vec::new(),
            failure: None,
            is_live: false,
            followed_at: None,
            n_steps: 0,
            taken_after: (0, 0),
            n_bars: 0,
            n_derived: 0,
        })
    }

    /// A run of `config` that follows the live feeds of `source` instead of replaying: the session
    /// clock is the instant handed to [`Engine::step`], and the config's dates say which sessions.
    ///
    /// A session file cannot ask for it yet (`mode: live`), since the program has no live feed; a
    /// service that has one of its own uses this.
    ///
    /// *Errors*: every reason for which it cannot begin, at once.
    pub fn live(
        config: &SessionConfig,
        time: &TimeManager,
        source: Box<dyn Source>,
    ) -> Result<Engine, PlanErrors> {
        let mut engine = Engine::new(config, time, source)?;
        engine.is_live = true;
        Ok(engine)
    }

    /// Sessions closed so far.
    pub fn n_sessions_closed(&self) -> usize {
        self.sessions.len()
    }

    /// Registers a consumer that is called inline, on the thread that steps. Consumers are called
    /// in the order in which they were registered, whatever their delivery. One that is registered
    /// in mid-session hears from the next instant on, and of its call windows from the next
    /// session on.
    pub fn register(&mut self, consumer: Box<dyn Consumer>, on_error: OnError) {
        let (name, subscription, windows) = self.introduce(consumer.as_ref());
        let way = Endpoint::Inline(consumer);
        self.consumers.register(name, subscription, windows, on_error, way);
    }

    /// Registers a consumer that is called on a thread of its own, which the program gives it by
    /// running the seat; the core waits until it has finished what it was given. What it hears and
    /// what it leads to is the same as inline.
    ///
    /// *Cost*: one wake of its thread, and one of the core's, for every instant that it hears of.
    pub fn register_lock_step(&mut self, consumer: Box<dyn Consumer>, on_error: OnError) -> Worker {
        let rendezvous = Arc::new(LockStep::new());
        let way = Endpoint::LockStep(Arc::clone(&rendezvous));
        self.worker(consumer, on_error, way, Channel::LockStep(rendezvous))
    }

    /// Registers a consumer that is called on a thread of its own out of a queue of `queue_len`
    /// notices (at least 1), for which the core never waits. When the queue is full the oldest
    /// notice makes room, and the consumer is told that it [lagged](Consumer::lagged).
    ///
    /// What it does depends on when its thread runs: its commands and signals are taken as those
    /// of any outsider are, and its failure stands in the operations log.
    ///
    /// *Cost*: a push for every instant that it hears of.
    pub fn register_free(
        &mut self,
        consumer: Box<dyn Consumer>,
        on_error: OnError,
        queue_len: usize,
    ) -> Worker {
        let mailbox = Arc::new(Mailbox::new(queue_len));
        let way = Endpoint::Free(Arc::clone(&mailbox));
        self.worker(consumer, on_error, way, Channel::Free(mailbox))
    }

    fn worker(
        &mut self,
        consumer: Box<dyn Consumer>,
        on_error: OnError,
        way: Endpoint,
        line: Channel,
    ) -> Worker {
        let (name, subscription, windows) = self.introduce(consumer.as_ref());
        self.consumers.register(name.clone(), subscription, windows, on_error, way);
        if matches!(self.state, State::Ended(_)) {
            self.consumers.close();
        }
        let (reader, handle) = (self.board.outside_reader(), self.handle.clone());
        Worker { name, consumer, reader, handle, core: Arc::clone(&self.core), line }
    }

    fn introduce(&mut self, consumer: &dyn Consumer) -> (String, Subscription, Vec<CallWindow>) {
        if !self.consumers.wants_bars() {
            self.begin_listening();
        }
        let name = self.consumers.free_name(consumer.name());
        (name, consumer.subscription(), consumer.call_windows())
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// A reader of the inside: it sees what the core has delivered, gate or no gate.
    pub fn inside_reader(&self) -> InsideReader {
        self.board.inside_reader()
    }

    /// A reader of the outside.
    pub fn outside_reader(&self) -> OutsideReader {
        self.board.outside_reader()
    }

    /// The session clock, for readers.
    pub fn clock(&self) -> SessionClock {
        self.clock.clone()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The event log so far.
    pub fn events(&self) -> &[Event] {
        &self.log
    }

    /// The operations log so far.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Steps taken so far.
    pub fn n_steps(&self) -> u64 {
        self.n_steps
    }

    /// Does the next piece of work, at the instant `wall` of the wall clock (which only a paced
    /// run looks at).
    pub fn step(&mut self, wall: Timestamp) -> Step {
        self.core.enter();
        let step = match self.advance(wall) {
            Ok(step) => step,
            Err(error) => {
                self.fail(&error);
                Step::Ended(Phase::Failed)
            }
        };
        self.core.leave();
        step
    }

    fn advance(&mut self, wall: Timestamp) -> Result<Step, RunError> {
        if self.awaits_worker() {
            return Ok(match &self.state {
                State::Ended(phase) => Step::Ended(*phase),
                _ => Step::Waits { until: wall + LOOK },
            });
        }
        match &self.state {
            State::Ended(phase) => {
                return Ok(Step::Ended(*phase));
            }
            State::Between { next } => {
                let next = *next;
                self.prepare(next)?;
                return Ok(Step::Worked);
            }
            State::Day(day) if !day.is_open => {
                let until = day.layout.clock_since;
                if self.is_live && wall < until {
                    return Ok(Step::Waits { until });
                }
                self.open_session(wall)?;
                return Ok(Step::Worked);
            }
            State::Day(_) => {}
        }
        self.take_waiting(wall)?;
        self.take_asked()?;
        if self.is_live {
            return self.follow(wall);
        }
        let State::Day(day) = &self.state else { return Ok(Step::Worked) };
        if day.has_backlog() {
            self.n_steps += 1;
            self.catch_up_one()?;
            self.take_asked()?;
            return Ok(Step::Worked);
        }
        let Some(instant) = day.next_instant() else {
            let next = self.plan.sessions.get(day.index + 1);
            let next_open = match next {
                Some(session) => Some(self.rule.lay(*session)?.clock_since),
                None => None,
            };
            if !self.pace.admits_close(self.clock.now(), next_open) {
                self.status.record_pause(true);
                return Ok(Step::Paused);
            }
            self.close_session()?;
            return Ok(Step::Worked);
        };
        match self.pace.admits(instant, wall) {
            pace::Admission::Paused => {
                self.status.record_pause(true); // Also where the last instant allowed was visited.
                Ok(Step::Paused)
            }
            pace::Admission::NotBefore(until) => Ok(Step::Waits { until }),
            pace::Admission::Now => {
                self.n_steps += 1;
                self.visit(instant)?;
                Ok(Step::Worked)
            }
        }
    }

    /// Whether a lock-step seat is empty, and the run not over: to go on would be to wait for
    /// somebody who may never come. Of the commands that wait a stop is taken.
    fn awaits_worker(&mut self) -> bool {
        if matches!(self.state, State::Ended(_)) {
            return false;
        }
        let Some(consumer) = self.consumers.missing_worker().map(str::to_owned) else { return false };
        let is_said = |op: &Operation| *op == Operation::WorkerMissing { consumer: consumer.clone() };
        if !self.operations.iter().any(is_said) {
            self.operations.push(Operation::WorkerMissing { consumer });
        }
        while let Some(envelope) = self.queue.next() {
            match envelope.command {
                Command::Stop => {
                    self.stop();
                    envelope.answer(Answer::Done);
                    break;
                }
                _ => envelope.answer(Answer::Refused(Refusal::NotRunning)),
            }
        }
        true
    }

    /// What the run has done so far, in numbers.
    pub fn report(&self) -> Report {
        self.report_with(self.sessions.clone())
    }

    /// What the run has done, in numbers, when nothing more is to come of it.
    ///
    /// *Cost*: unlike [`Engine::report`] it copies nothing of the sessions, of which a long run has
    /// many.
    pub fn into_report(mut self) -> Report {
        let sessions = std::mem::take(&mut self.sessions);
        self.report_with(sessions)
    }

    fn report_with(&self, sessions: Vec<SessionReport>) -> Report {
        let mut digest = self.digest.clone();
        digest.sequence(self.sequence);
        Report {
            phase: self.phase(),
            failure: self.failure.clone(),
            base: self.rule.base,
            sessions,
            consumers: self.consumers.reports(),
            signals: self.log.iter().filter_map(signalled).collect(),
            digests: self.symbol_digests(),
            digest: digest.value(),
            n_bars: self.n_bars,
            n_derived: self.n_derived,
            n_steps: self.n_steps,
            overrun: self.pace.worst_overrun(),
        }
    }

    /// The digests of all symbols of which a session has closed, in symbol order.
    fn symbol_digests(&self) -> Vec<(Symbol, Digest)> {
        let known = self.known.iter();
        let digests = known
            .filter_map(|(symbol, known)| Some((symbol.clone(), self.digests.get(known.idx)?)));
        digests.collect()
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Between { next: 0 } => Phase::Planned,
            State::Between { .. } => Phase::Preparing,
            State::Day(day) if day.is_open => Phase::Streaming,
            State::Day(_) => Phase::Ready,
            State::Ended(phase) => *phase,
        }
    }

    /// Ends the run as failed: the gate shuts, nothing more is delivered, every open ticket
    /// answers.
    fn fail(&mut self, error: &RunError) {
        let why = with_causes(error);
        let at = self.session_instant();
        let _ = self.switch_shut(Reason::Failed);
        self.abandon_pending();
        self.log.push(Event::Failed { at, why: why.clone() });
        self.failure = Some(why);
        self.end(Phase::Failed);
    }

    fn end(&mut self, phase: Phase) {
        self.state = State::Ended(phase);
        self.status.change_phase(phase);
        self.consumers.close();
        self.queue.close(); // What waits, and what comes later, answers *stopped*.
    }

    /// The session clock, once a session is there.
    fn session_instant(&self) -> Option<Timestamp> {
        let has_begun = !matches!(self.state, State::Between { next: 0 });
        has_begun.then(|| self.clock.now())
    }

    fn stops_run(&self, stops: StopsRun) -> RunError {
        RunError::Consumer { consumer: stops.consumer, at: self.clock.now(), why: stops.why }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !matches!(self.state, State::Ended(_)) {
            let _ = self.switch_shut(Reason::Stopped);
            self.status.change_phase(Phase::Stopped);
        }
    }
}

fn signalled(event: &Event) -> Option<(Timestamp, Signal)> {
    match event {
        Event::Signalled { at, signal } => Some((*at, signal.clone())),
        _ => None,
    }
}

/// The sentence of an error with those of its causes that it does not say itself.
fn with_causes(error: &RunError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}
