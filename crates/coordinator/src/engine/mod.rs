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
//!
//! This file alone knows in which state the run is. What outlasts a session is the [`Core`]; the
//! session that is there is a [`RunningSession`], and whoever works on it has it as an argument.

mod accounts;
mod agenda;
mod answers;
mod between;
mod catch_up;
mod checkpoint;
mod commands;
mod core;
mod corrections;
mod deadline;
mod deliver;
mod emitted;
mod follow;
mod gate;
mod inputs;
mod instant;
mod live;
mod loading;
mod loading_symbol;
mod members;
mod notify;
mod pace;
mod pending_add;
mod progress;
mod record;
mod replay;
pub(crate) mod resuming;
pub(crate) mod run;
mod session;
#[cfg(test)]
mod spent;
mod trace;
mod trace_session;
mod trading;
mod wall_watch;

use std::sync::Arc;

use openbell_config::{OnError, SessionConfig};
use openbell_data_manager::FeedKind;
use openbell_session_data::{InsideReader, OutsideReader, Reason, Why};
use openbell_time::{
    ClockStep, CoarseClock, Nanos, SessionClock, TimeManager, Timestamp, WallClock,
};

use self::accounts::Trading;
use self::core::Core;
use crate::consumers::Endpoint;
use crate::consumers::consumer::{CallWindow, Consumer};
use crate::consumers::mailbox::Mailbox;
use crate::consumers::subscription::Subscription;
use crate::consumers::worker::{Channel, Delivery, LockStep, Worker};
use crate::control::command::{Answer, Command, Refusal, SessionCommand};
use crate::control::event::{Event, Operation};
use crate::control::handle::Handle;
use crate::control::status::{Phase, SymbolState};
use crate::error::{PlanErrors, RunError, RunFailure};
use crate::modules::BuiltModule;
use crate::modules::error::ModuleError;
use crate::modules::kind::ModuleKind;
use crate::plan::Plan;
use crate::plan::sessions::Sessions;
use crate::report::{Report, SessionReport};
use crate::source::Source;
use crate::source::recording::{Recording, Waited};
use crate::trading::matching::Matching;
use session::RunningSession;
use wall_watch::Reading;

/// How long a run waits before it looks again whether a missing worker has come.
const WORKER_POLL: Nanos = Nanos::from_nanos(1_000_000);

/// How long before its open a live session is prepared: its history is read then.
const PREPARED_AHEAD: Nanos = Nanos::from_secs(300);

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

/// What the session comes to by a piece of work on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
enum After {
    /// It goes on.
    GoesOn(Step),
    /// It is closed; what follows is the next one, or nothing.
    Closes,
    /// The run is to end as it stands.
    Stops,
}

impl After {
    /// The session goes on, and there is more to do.
    const GOES_ON: After = After::GoesOn(Step::Worked);
}

/// Where the run stands between steps.
enum State {
    /// Session `next` of the plan is to be prepared.
    Between { next: usize },
    /// A session is prepared, and not open yet.
    Ready(Box<RunningSession>),
    /// A session is open.
    Open(Box<RunningSession>),
    /// Nothing follows.
    Ended(Phase),
}

impl State {
    /// The session that is there.
    fn session_mut(&mut self) -> Option<&mut RunningSession> {
        match self {
            State::Ready(session) | State::Open(session) => Some(session),
            State::Between { .. } | State::Ended(_) => None,
        }
    }
}

/// A run of sessions over the bars of a source.
///
/// *Cost*: one step visits one instant and delivers all bars that close at it.
pub struct Engine {
    core: Core,
    state: State,
}

impl Engine {
    /// A run of `config` on the calendars of `time` and the data of `source`, planned and not
    /// begun.
    ///
    /// # Errors
    ///
    /// Every reason for which it cannot begin, at once.
    pub fn new(
        config: &SessionConfig,
        time: &TimeManager,
        source: Box<dyn Source>,
    ) -> Result<Engine, PlanErrors> {
        let core = Core::new(config, time, source, FeedKind::Stored, Sessions::OfConfig, None)?;
        Ok(Engine { core, state: State::Between { next: 0 } })
    }

    /// A run of `config` that follows the live feeds of `source` instead of replaying: the session
    /// clock is the instant handed to [`Engine::step`], and the config's dates say which sessions.
    ///
    /// # Errors
    ///
    /// Every reason for which it cannot begin, at once.
    pub fn live(
        config: &SessionConfig,
        time: &TimeManager,
        source: Box<dyn Source>,
    ) -> Result<Engine, PlanErrors> {
        Engine::live_sessions(config, time, source, Sessions::OfConfig)
    }

    /// As [`Engine::live`], for the `sessions` that are asked for: with [`Sessions::Ahead`] the config
    /// needs no dates, and the run goes on from session to session.
    ///
    /// A session that is over when its turn comes, as after a night asleep, is caught up with its
    /// gate shut and closed; none is left out.
    ///
    /// # Errors
    ///
    /// Every reason for which it cannot begin, at once.
    pub fn live_sessions(
        config: &SessionConfig,
        time: &TimeManager,
        source: Box<dyn Source>,
        sessions: Sessions,
    ) -> Result<Engine, PlanErrors> {
        let core = Core::new(config, time, source, FeedKind::Live, sessions, None)?;
        Ok(Engine { core, state: State::Between { next: 0 } })
    }

    /// As [`Engine::live_sessions`], with readers that hold the core to its word: outside, data is
    /// served only while `clock` shows less than the deadline that the last step gave, and is
    /// [`Reason::Stalled`] from then on until the core is heard again. So an engine that hangs, loads or
    /// has died leaves nobody with what was right when it was published; without its ticker
    /// ([`openbell_time::CoarseTicker`], which the program renews from a thread of its own, a few times a
    /// second) the clock stands past every deadline.
    ///
    /// A step promises the next one at the instant that it waits for, which is at most a second ahead
    /// while a session is open, and has a slack: the config's `catchup_threshold_seconds`, at least one
    /// second and at most five. What the core itself calls and waits for has no deadline.
    ///
    /// # Errors
    ///
    /// Every reason for which it cannot begin, at once.
    pub fn live_with_deadline(
        config: &SessionConfig,
        time: &TimeManager,
        source: Box<dyn Source>,
        sessions: Sessions,
        clock: CoarseClock,
    ) -> Result<Engine, PlanErrors> {
        let core = Core::new(config, time, source, FeedKind::Live, sessions, Some(clock))?;
        Ok(Engine { core, state: State::Between { next: 0 } })
    }

    /// Hands the inputs of every step of a live run to `recording`, before what they lead to is
    /// visible to anyone. A replay has none.
    pub fn record_with(&mut self, recording: Box<dyn Recording>) {
        self.core.recording = Some(recording);
    }

    /// Says from now on whether what is stepped was stepped before, by a process that has ended since:
    /// consumers are told so ([`Context::is_rehearsal`](crate::Context::is_rehearsal)), nothing else
    /// changes. Free consumers, which see *now*, are told nothing of what was.
    pub fn rehearse(&mut self, is_rehearsal: bool) {
        self.core.consumers.rehearse(is_rehearsal);
        self.core.facts.change(|facts| facts.is_rehearsing = is_rehearsal);
    }

    /// Sessions closed so far.
    pub fn n_sessions_closed(&self) -> usize {
        self.core.record.n_sessions_closed
    }

    /// Opens accounts on paper: consumers that `matching` knows by their names can order through their
    /// context from now on, and are told what becomes of it
    /// ([`Consumer::traded`](crate::Consumer::traded)). Orders, fills and refusals are in the event log.
    ///
    /// Accounts are opened once, before the first step: of bars that were delivered before, an account
    /// knows nothing.
    ///
    /// *Cost*: nothing for symbols in which no order rests and nothing is held.
    pub fn open_accounts(&mut self, mut matching: Box<dyn Matching>) {
        self.give_back_accounts(matching.as_mut());
        self.core.consumers.open_accounts(matching.as_ref());
        self.core.trading = Some(Trading::new(matching));
    }

    /// Takes the accounts out of the engine, when the run is over: what they came to is theirs to say. Their
    /// type is that which was given: `Box<dyn Any>` of it can be downcast.
    pub fn close_accounts(&mut self) -> Option<Box<dyn Matching>> {
        self.core.trading.take().map(|trading| trading.matching)
    }

    /// Registers a consumer that is called inline, on the thread that steps. Consumers are called
    /// in the order in which they were registered, whatever their delivery. One that is registered
    /// in mid-session is notified from the next instant on, and of its call windows from the next
    /// session on.
    pub fn register(&mut self, mut consumer: Box<dyn Consumer>, on_error: OnError) {
        let (name, subscription, windows) = self.introduce(consumer.as_mut());
        let endpoint = Endpoint::Inline(consumer);
        self.core.consumers.register(name, subscription, windows, on_error, endpoint);
        self.core.restore_registered();
        self.find_accounts();
    }

    /// Registers a consumer that is called on a thread of its own, which the program gives it by
    /// running the worker; the core waits until it has finished what it was given. What it is
    /// notified of and what it leads to is the same as inline.
    ///
    /// *Cost*: one wake of its thread, and one of the core's, for every instant that it is notified
    /// of.
    pub fn register_lock_step(&mut self, consumer: Box<dyn Consumer>, on_error: OnError) -> Worker {
        let rendezvous = Arc::new(LockStep::new());
        let endpoint = Endpoint::LockStep(Arc::clone(&rendezvous));
        self.worker(consumer, on_error, endpoint, Channel::LockStep(rendezvous))
    }

    /// Registers a consumer that is called on a thread of its own out of a queue of `queue_len`
    /// notices (at least 1), for which the core never waits. When the queue is full the oldest
    /// notice makes room, and the consumer is notified that it [lagged](Consumer::lagged).
    ///
    /// What it does depends on when its thread runs: its commands and signals are taken as those
    /// of any outsider are, and its failure stands in the operations log.
    ///
    /// *Cost*: a push for every instant that it is notified of.
    pub fn register_free(
        &mut self,
        consumer: Box<dyn Consumer>,
        on_error: OnError,
        queue_len: usize,
    ) -> Worker {
        let mailbox = Arc::new(Mailbox::new(queue_len));
        let endpoint = Endpoint::Free(Arc::clone(&mailbox));
        self.worker(consumer, on_error, endpoint, Channel::Free(mailbox))
    }

    /// Registers modules that were built for this run's config, in order.
    ///
    /// # Errors
    ///
    /// [`ModuleError::FreeDelivery`]: in a backtest a strategy or scanner that sees *now* instead
    /// of its instant gives other signals on every run.
    pub fn register_modules(
        &mut self,
        modules: Vec<BuiltModule>,
        delivery: Delivery,
    ) -> Result<Vec<Worker>, ModuleError> {
        let mut workers = Vec::new();
        for BuiltModule { consumer, on_error, emits, kind, .. } in modules {
            match delivery {
                Delivery::Inline => self.register(consumer, on_error),
                Delivery::LockStep => workers.push(self.register_lock_step(consumer, on_error)),
                Delivery::Free => {
                    return Err(ModuleError::FreeDelivery { module: consumer.name().to_owned() });
                }
            }
            self.core.consumers.last_is_module(emits, kind == ModuleKind::Strategy);
        }
        Ok(workers)
    }

    /// The names under which the strategies of the session file are registered, in its order: those that
    /// [`register_modules`](Engine::register_modules) was given. Of two of one module the second is
    /// `NAME-2`.
    pub fn strategies(&self) -> impl Iterator<Item = &str> {
        self.core.consumers.strategies()
    }

    /// A consumer that comes after the accounts were opened orders from its own, too; and whoever asks why
    /// is told of it.
    fn find_accounts(&mut self) {
        if let Some(facts) = self.core.consumers.last_facts() {
            self.core.facts.change(|known| known.consumers.push(facts));
        }
        if let Some(trading) = &self.core.trading {
            self.core.consumers.open_accounts(trading.matching.as_ref());
        }
    }

    fn worker(
        &mut self,
        mut consumer: Box<dyn Consumer>,
        on_error: OnError,
        endpoint: Endpoint,
        channel: Channel,
    ) -> Worker {
        let (name, subscription, windows) = self.introduce(consumer.as_mut());
        let consumers = &mut self.core.consumers;
        consumers.register(name.clone(), subscription, windows, on_error, endpoint);
        self.core.restore_registered();
        let consumers = &self.core.consumers;
        if matches!(self.state, State::Ended(_)) {
            consumers.close();
        }
        self.find_accounts();
        let reader = match &channel {
            Channel::LockStep(_) => self.core.board.called_reader(),
            Channel::Free(_) => self.core.board.outside_reader(),
        };
        let handle = self.core.handle.clone();
        Worker { name, consumer, reader, handle, core: Arc::clone(&self.core.thread), channel }
    }

    fn introduce(
        &mut self,
        consumer: &mut dyn Consumer,
    ) -> (String, Subscription, Vec<CallWindow>) {
        if !self.core.consumers.wants_bars()
            && let Some(session) = self.state.session_mut()
        {
            session.begin_notifying(self.core.clock.now());
        }
        let name = self.core.consumers.free_name(consumer.name());
        self.give_back(&name, consumer);
        (name, consumer.subscription(), consumer.call_windows())
    }

    /// Commands end the waits of `wall`, by which the run waits.
    fn wake_by(&self, wall: Arc<dyn WallClock>) {
        self.core.handle.wakes(wall);
    }

    /// Tells of steps of the wall clock.
    fn note_clock_steps(&mut self, steps: Vec<ClockStep>) {
        self.core.record.operations.extend(steps.into_iter().map(Operation::ClockStepped));
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        self.core.handle.clone()
    }

    /// A reader of the inside: it sees what the core has delivered, gate or no gate.
    pub fn inside_reader(&self) -> InsideReader {
        self.core.board.inside_reader()
    }

    /// A reader of the outside.
    pub fn outside_reader(&self) -> OutsideReader {
        self.core.board.outside_reader()
    }

    /// The session clock, for readers.
    pub fn clock(&self) -> SessionClock {
        self.core.clock.clone()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.core.plan
    }

    /// Takes the event log so far out of the engine, for a run that goes on for months: what was
    /// written elsewhere need not be kept. [`Engine::events`] begins anew; signals in it are in no later
    /// report.
    pub fn drain_events(&mut self) -> Vec<Event> {
        self.core.record.drain_events()
    }

    /// As [`Engine::drain_events`], of the operations log.
    pub fn drain_operations(&mut self) -> Vec<Operation> {
        self.core.record.drain_operations()
    }

    /// Takes the reports of the sessions closed so far out of the engine; no later report has them.
    pub fn drain_sessions(&mut self) -> Vec<SessionReport> {
        std::mem::take(&mut self.core.record.sessions)
    }

    /// The event log so far, or since it was last drained.
    pub fn events(&self) -> &[Event] {
        &self.core.record.events
    }

    /// The operations log so far.
    pub fn operations(&self) -> &[Operation] {
        &self.core.record.operations
    }

    /// Steps taken so far.
    pub fn n_steps(&self) -> u64 {
        self.core.record.n_steps
    }

    /// Does the next piece of work, at the instant `wall` of the wall clock (which only a paced
    /// run looks at).
    pub fn step(&mut self, wall: Timestamp) -> Step {
        self.core.thread.enter();
        self.core.begin_step();
        let step = match self.advance(wall) {
            Ok(step) => step,
            Err(error) => {
                self.fail(error);
                Step::Ended(Phase::Failed)
            }
        };
        self.leave_facts(step);
        self.core.record.trace(&self.core.plan.config.session_name);
        self.core.thread.leave();
        step
    }

    /// Leaves what the step has come to for whoever asks why.
    fn leave_facts(&mut self, step: Step) {
        let (events, operations) = self.core.record.untold();
        self.core.facts.note_events(events);
        self.core.facts.note_operations(operations);
        self.core.facts.record_step(match step {
            Step::Waits { until } => Some(until),
            Step::Worked | Step::Paused | Step::Ended(_) => None,
        });
    }

    fn advance(&mut self, wall: Timestamp) -> Result<Step, RunError> {
        if self.awaits_worker() {
            return Ok(match &self.state {
                State::Ended(phase) => Step::Ended(*phase),
                // No promise to readers: the data stands still.
                _ => Step::Waits { until: wall + WORKER_POLL },
            });
        }
        self.check_restored().map_err(|why| RunError::Restore(Box::new(why)))?;
        if let State::Between { next } = self.state {
            self.core.keep_checkpoint(next)?;
        }
        let n_recorded = self.core.n_recorded;
        let step = self.work(wall)?;
        if self.core.n_recorded == n_recorded {
            let first = self.core.waited.map_or(wall, |waited| waited.first);
            self.core.waited = Some(Waited { first, last: wall });
        }
        match step {
            Step::Worked => self.core.promise(Nanos::ZERO),
            Step::Waits { until } => self.core.promise(until - wall),
            Step::Paused | Step::Ended(_) => {}
        }
        Ok(step)
    }

    fn work(&mut self, wall: Timestamp) -> Result<Step, RunError> {
        if self.core.kind == FeedKind::Live
            && let Some(step) = self.follow_wall(wall)?
        {
            return Ok(step);
        }
        let after = match &mut self.state {
            State::Ended(phase) => return Ok(Step::Ended(*phase)),
            State::Between { next } => {
                let session = RunningSession::prepare(&mut self.core, *next)?;
                self.state = State::Ready(Box::new(session));
                return Ok(Step::Worked);
            }
            State::Ready(session) => {
                if let Some(until) = session.opens_after(wall) {
                    return Ok(Step::Waits { until });
                }
                session.open(&mut self.core, wall)?;
                self.state = State::Open(self.take_session());
                return Ok(Step::Worked);
            }
            State::Open(session) => session.step(&mut self.core, wall)?,
        };
        match after {
            After::GoesOn(step) => Ok(step),
            After::Stops => {
                self.stop();
                Ok(Step::Worked)
            }
            After::Closes => {
                self.go_on()?;
                Ok(Step::Worked)
            }
        }
    }

    /// Before anything else in a live run: holds the reading of the wall against those before, and
    /// takes commands where no session is open. Yields the step where nothing more is to be done.
    fn follow_wall(&mut self, wall: Timestamp) -> Result<Option<Step>, RunError> {
        let core = &mut self.core;
        let clock = match &self.state {
            State::Open(_) => Some(core.clock.now()),
            State::Ready(session) if session.index > 0 => Some(core.clock.now()),
            State::Between { next } if *next > 0 => Some(core.clock.now()),
            State::Ready(_) | State::Between { .. } | State::Ended(_) => None,
        };
        let reading = core.wall.read(wall, clock);
        let (date, due) = match &self.state {
            State::Ended(phase) => return Ok(Some(Step::Ended(*phase))),
            State::Open(_) if reading == Reading::Believed => return Ok(None),
            State::Open(session) => (session.layout.session.date, None),
            State::Ready(session) => {
                (session.layout.session.date, session.opens_after(Timestamp::MIN))
            }
            State::Between { next } => {
                let opens_at = core.rule.lay(core.plan.sessions[*next])?.clock_since;
                (core.last_date(), Some(opens_at - PREPARED_AHEAD))
            }
        };
        let waits = match reading {
            Reading::Stepped { until, .. } => Some(until),
            Reading::Believed => due.filter(|due| wall < *due),
        };
        let waiting = core.waiting_commands();
        if !waiting.is_empty() || reading != Reading::Believed || waits.is_none() {
            core.record_step(wall, date, &waiting)?;
        }
        let after = match &mut self.state {
            State::Ended(_) => After::GOES_ON,
            State::Between { .. } => core.take_between(waiting, wall),
            State::Ready(session) => session.take_all(core, waiting, wall)?,
            State::Open(session) => {
                let after = session.take_all(core, waiting, wall)?;
                if let Reading::Stepped { by, .. } = reading {
                    session.hold_for_wall(core, by)?;
                }
                after
            }
        };
        if after == After::Stops {
            self.stop();
            return Ok(Some(Step::Worked));
        }
        if let (Reading::Believed, Some(until)) = (reading, waits) {
            core.wall.waits(until);
        }
        Ok(waits.map(|until| Step::Waits { until }))
    }

    /// The open session is closed: its books are closed, and the next one is due, or the run has
    /// completed.
    fn go_on(&mut self) -> Result<(), RunError> {
        let session = self.take_session();
        let core = &mut self.core;
        let next = session.index + 1;
        let gauges = session.gauges();
        session.close_books(core);
        self.state = State::Between { next };
        if next == core.plan.sessions.len() {
            core.plan.go_on()?;
        }
        let following = core.plan.sessions.get(next).copied();
        core.facts.change(|facts| facts.next_open = following.map(|session| session.open));
        if core.kind == FeedKind::Live {
            let next_open = match following {
                Some(session) => Some(core.rule.lay(session)?.clock_since),
                None => None,
            };
            let (at, why) = (core.clock.now(), Why::Closed { next_open });
            gauges.iter().for_each(|gauge| gauge.show(SymbolState::Closed, &why, at));
        }
        if following.is_some() {
            core.is_checkpoint_due = core.kind == FeedKind::Live;
            return Ok(());
        }
        let at = core.clock.now();
        core.abandon_carried();
        core.record.events.push(Event::Completed { at });
        self.end(Phase::Closed);
        Ok(())
    }

    /// Takes the session out of the state, which the caller then changes.
    ///
    /// # Panics
    ///
    /// Where none is there: one opens and closes only while it is.
    fn take_session(&mut self) -> Box<RunningSession> {
        match std::mem::replace(&mut self.state, State::Between { next: 0 }) {
            State::Ready(session) | State::Open(session) => session,
            State::Between { .. } | State::Ended(_) => panic!("no session is there to be taken"),
        }
    }

    /// Whether the worker of a lock-step consumer is missing, and the run not over: to go on would
    /// be to wait for somebody who may never come. Of the commands that wait a stop is taken.
    fn awaits_worker(&mut self) -> bool {
        if matches!(self.state, State::Ended(_)) {
            return false;
        }
        let core = &mut self.core;
        let missing = core.consumers.missing_worker().map(str::to_owned);
        core.note_missing(missing.as_deref());
        let Some(consumer) = missing else { return false };
        let missing = Operation::WorkerMissing { consumer };
        if !core.record.operations.contains(&missing) {
            core.record.operations.push(missing);
        }
        while let Some(envelope) = self.core.commands.next() {
            match envelope.command {
                Command::Session(SessionCommand::Stop) => {
                    self.stop();
                    envelope.answer(Answer::Done);
                    break;
                }
                Command::Session(_) | Command::Pace(_) => {
                    envelope.answer(Answer::Refused(Refusal::NotRunning));
                }
            }
        }
        true
    }

    /// What the run has done so far, in numbers.
    pub fn report(&self) -> Report {
        self.report_with(self.core.record.sessions.clone())
    }

    /// What the run has done, in numbers, when nothing more is to come of it.
    ///
    /// *Cost*: unlike [`Engine::report`] it copies nothing of the sessions, of which a long run has
    /// many.
    pub fn into_report(mut self) -> Report {
        let sessions = std::mem::take(&mut self.core.record.sessions);
        self.report_with(sessions)
    }

    fn report_with(&self, sessions: Vec<SessionReport>) -> Report {
        let core = &self.core;
        let (phase, base) = (self.phase(), core.rule.base);
        let (consumers, digests) = (core.consumers.reports(), core.symbol_digests());
        let overrun = core.pace.worst_overrun();
        core.record.report(phase, base, sessions, consumers, digests, overrun)
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Between { next: 0 } => Phase::Planned,
            State::Between { .. } => Phase::Preparing,
            State::Ready(_) => Phase::Ready,
            State::Open(_) => Phase::Streaming,
            State::Ended(phase) => *phase,
        }
    }

    /// Ends the run as failed: the gate shuts, nothing more is delivered, every open ticket
    /// answers.
    fn fail(&mut self, error: RunError) {
        let failure = RunFailure::from(error);
        let at = self.abandon(Reason::Failed);
        self.core.record.events.push(Event::Failed { at, failure: failure.clone() });
        self.core.record.failure = Some(failure);
        self.end(Phase::Failed);
    }

    /// Ends the run in order, as it stands.
    fn stop(&mut self) {
        let at = self.abandon(Reason::Stopped);
        if let State::Open(session) = &mut self.state {
            self.core.record.interrupted = Some(session.as_it_stands(&self.core));
        }
        self.core.record.events.push(Event::Stopped { at });
        self.end(Phase::Stopped);
    }

    /// Shuts the gate, and answers the adds that are on their way. Returns where the clock stands,
    /// once a session is there.
    fn abandon(&mut self, reason: Reason) -> Option<Timestamp> {
        let at = self.session_instant();
        // Whoever was shut out before is so still.
        if let Some(session) = self.state.session_mut() {
            let _ = session.shut(&mut self.core, reason, None);
            session.abandon_pending(&mut self.core);
        } else {
            let _ = self.core.shut(at, reason, None);
        }
        self.core.abandon_carried();
        at
    }

    fn end(&mut self, phase: Phase) {
        self.state = State::Ended(phase);
        self.core.status.change_phase(phase);
        self.core.consumers.close();
        self.core.commands.close(); // What waits, and what comes later, answers *stopped*.
    }

    /// The session clock, once a session is there.
    fn session_instant(&self) -> Option<Timestamp> {
        let has_begun = !matches!(self.state, State::Between { next: 0 });
        has_begun.then(|| self.core.clock.now())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !matches!(self.state, State::Ended(_)) {
            let at = self.session_instant();
            let _ = self.core.shut(at, Reason::Stopped, None); // Whoever was shut out before is so still.
            self.core.status.change_phase(Phase::Stopped);
        }
    }
}
