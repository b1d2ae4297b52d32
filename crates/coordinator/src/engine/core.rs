//! What outlasts a session: plan, source, clock, board, consumers, and what the run has come to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use openbell_config::{Mode, SessionConfig};
use openbell_data_manager::FeedKind;
use openbell_market::{Symbol, SymbolIdx};
use openbell_session_data::{
    BoardWriter, DeliveredThrough, HolderLags, Opened, OutsideReader, Reason, Shut,
};
use openbell_time::{
    ClockDriver, CoarseClock, Nanos, Session, SessionClock, TimeManager, Timestamp,
};

use super::accounts::Trading;
use super::deadline::Promise;
use super::loading_symbol::LoadingSymbol;
use super::pace::Pace;
use super::pending_add::PendingAdd;
use super::record::Record;
use super::resuming::Resuming;
use super::wall_watch::WallWatch;
use crate::consumers::Consumers;
use crate::consumers::saving::SavedConsumer;
use crate::control::event::Event;
use crate::control::facts::{FactBoard, Facts};
use crate::control::handle::{CommandQueue, CoreThread, Envelope, Handle};
use crate::control::status::StatusBoard;
use crate::digest::Digest;
use crate::error::{PlanErrors, RunError};
use crate::gate::GateState;
use crate::layout::{LayoutRule, SessionLayout};
use crate::plan::Plan;
use crate::plan::reading::Reading;
use crate::plan::sessions::Sessions;
use crate::saved::{NotRestored, Saved};
use crate::source::Source;
use crate::source::admission::Admitted;
use crate::source::kept::Kept;
use crate::source::recording::{Loading, Recording, Waited};
use crate::symbol::loader::{JoiningSymbol, SymbolLoader, open_symbol};
use crate::symbol::{Membership, SymbolRun, SymbolRuns, SymbolSession};

/// Sessions that are laid out beyond the one that is there: as many as a feed of minutes decodes in
/// one go.
const N_LATER: usize = 5;

/// What outlasts a session.
pub(super) struct Core {
    pub(super) plan: Plan,
    /// The rule of the plan with the intervals that were asked for since.
    pub(super) rule: LayoutRule,
    /// How rows come: stored ones in a replay, or as they come.
    pub(super) kind: FeedKind,
    pub(super) source: Box<dyn Source>,
    /// What a session's rows pass through; used again and again.
    admitted: Admitted,
    /// The sessions after the one that is there that are laid out, in order.
    pub(super) later: VecDeque<Arc<SessionLayout>>,
    driver: ClockDriver,
    pub(super) clock: SessionClock,
    pub(super) pace: Pace,
    /// What the readings of the wall clock are worth (live).
    pub(super) wall: WallWatch,
    /// Where the inputs of looks are kept (live).
    pub(super) recording: Option<Box<dyn Recording>>,
    /// Steps whose inputs were handed over to be kept (live).
    pub(super) n_recorded: u64,
    /// The steps since then at which there was nothing to do (live).
    pub(super) waited: Option<Waited>,
    /// What the source has said since then of symbols that are to be added (live).
    pub(super) asked_of: Vec<Loading>,
    /// Commands that wait for the next session (live).
    pub(super) deferred: VecDeque<Envelope>,
    /// Symbols whose data the source is still reading (live).
    pub(super) loading: Vec<LoadingSymbol>,
    /// Adds that were in flight when their session closed, and go on in the next (live).
    pub(super) carried_adds: Vec<PendingAdd>,
    pub(super) board: BoardWriter,
    /// Until when the core will be heard again (live, where readers hold it to that).
    promise: Option<Promise>,
    /// What those read that the core calls, and waits for.
    pub(super) reader: OutsideReader,
    pub(super) status: Arc<StatusBoard>,
    /// What whoever asks why is told of beside that.
    pub(super) facts: Arc<FactBoard>,
    pub(super) consumers: Consumers,
    pub(super) commands: CommandQueue,
    pub(super) handle: Handle,
    pub(super) thread: Arc<CoreThread>,
    known: BTreeMap<Symbol, Known>,
    /// The consumer whose worker the run waits for.
    missing_worker: Option<String>,
    /// What is kept of symbols from session to session beside those that go on.
    pub(super) kept: Kept,
    /// Those that go on from session to session.
    pub(super) carried: SymbolRuns,
    pub(super) record: Record,
    /// The accounts on paper, where there are some.
    pub(super) trading: Option<Trading>,
    /// Whether a session has closed of which the recording has no checkpoint yet (live).
    pub(super) is_checkpoint_due: bool,
    /// What is still to be given back where the run goes on from a checkpoint, until its first step.
    pub(super) resuming: Option<Resuming>,
    /// What the checkpoint has of the consumer that is being registered.
    pub(super) restoring: Option<SavedConsumer>,
}

/// A symbol that has been in the run.
#[derive(Clone, Copy)]
pub(super) struct Known {
    idx: SymbolIdx,
    /// How often it has joined.
    generation: u32,
}

impl Saved for Known {
    fn write(&self, to: &mut Vec<u8>) {
        (self.idx.as_usize() as u32, self.generation).write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Known, NotRestored> {
        let (idx, generation) = <(u32, u32)>::read(from)?;
        Ok(Known { idx: SymbolIdx::new(idx), generation })
    }
}

impl Core {
    /// The core of a run of `config`, planned and not begun.
    ///
    /// # Errors
    ///
    /// Every reason for which it cannot begin, at once.
    pub(super) fn new(
        config: &SessionConfig,
        time: &TimeManager,
        mut source: Box<dyn Source>,
        kind: FeedKind,
        sessions: Sessions,
        held_to: Option<CoarseClock>,
    ) -> Result<Core, PlanErrors> {
        let plan = Plan::of(config, time, source.as_mut(), sessions)?;
        read_ahead(&plan, &plan.sessions, source.as_mut())?;
        let first = plan.sessions[0];
        let (driver, clock) = ClockDriver::new(first.pre_open.unwrap_or(first.open));
        let board = held_to.clone().map_or_else(BoardWriter::new, BoardWriter::live);
        let promise =
            held_to.map(|clock| Promise::new(clock, &plan.config.session_data_config.streaming));
        let thread = Arc::new(CoreThread::default());
        let status = StatusBoard::new();
        let facts = FactBoard::new(Facts {
            is_live: kind == FeedKind::Live,
            threshold: plan.lag.threshold,
            next_open: Some(first.open),
            ..Facts::default()
        });
        let shown = (Arc::clone(&status), Arc::clone(&facts));
        let (handle, commands) = Handle::new(Arc::clone(&thread), shown, board.outside_reader());
        let speed = match &plan.config.mode {
            Mode::Backtest(backtest) => backtest.speed_multiplier,
            Mode::Live(_) => 1.0,
        };
        Ok(Core {
            rule: plan.rule.clone(),
            wall: WallWatch::new(plan.lag.threshold),
            recording: None,
            n_recorded: 0,
            waited: None,
            asked_of: Vec::new(),
            deferred: VecDeque::new(),
            loading: Vec::new(),
            carried_adds: Vec::new(),
            plan,
            kind,
            source,
            admitted: Admitted::default(),
            later: VecDeque::new(),
            driver,
            clock,
            pace: Pace::new(speed),
            reader: board.called_reader(),
            board,
            promise,
            status,
            facts,
            consumers: Consumers::default(),
            commands,
            handle,
            thread,
            known: BTreeMap::new(),
            missing_worker: None,
            kept: Kept::default(),
            carried: SymbolRuns::new(),
            record: Record::new(),
            trading: None,
            is_checkpoint_due: false,
            resuming: None,
            restoring: None,
        })
    }

    /// The hand on the clock: the session clock stands at `instant` from here on.
    pub(super) fn advance_clock(&mut self, instant: Timestamp) -> Result<(), RunError> {
        self.driver.advance_to(instant)?;
        self.status.record_clock(instant);
        Ok(())
    }

    /// The worker of that consumer is missing, or that of nobody any more.
    pub(super) fn note_missing(&mut self, consumer: Option<&str>) {
        if self.missing_worker.as_deref() != consumer {
            self.missing_worker = consumer.map(str::to_owned);
            let missing = self.missing_worker.clone();
            self.facts.change(|facts| facts.missing_worker = missing);
        }
    }

    pub(super) fn gate_state(&self) -> GateState {
        if self.board.is_active() { GateState::Open } else { GateState::Shut }
    }

    /// Publishes what is in place as of the session clock, and opens the gate where it was shut.
    /// Returns the epoch that begins, where it was.
    pub(super) fn publish(&mut self) -> Result<Option<u64>, RunError> {
        let at = self.clock.now();
        self.board.advance_inside(at);
        let opened = self.board.publish(at)?;
        self.promise(Nanos::ZERO);
        Ok(match opened {
            Opened::No => None,
            Opened::Yes => {
                let epoch = self.board.epoch();
                self.record.digest.switch(true, epoch, at);
                self.record.events.push(Event::GateOpened { at, epoch });
                Some(epoch)
            }
        })
    }

    /// A step begins, at whose instant its data is.
    pub(super) fn begin_step(&mut self) {
        if let Some(promise) = &mut self.promise {
            promise.begin_step();
        }
    }

    /// The next step is due `wait` after this one: outsiders read until they miss it. After what they
    /// are to read is published, so that none reads what was there before by a later deadline.
    pub(super) fn promise(&mut self, wait: Nanos) {
        if let Some(promise) = &self.promise {
            self.board.hold_until(promise.due_by(wait));
        }
    }

    /// Shuts the gate, before anything else is visible to anyone outside; where it is shut
    /// already, renews the reason. `at` is the session clock, once a session is there. Returns the
    /// epoch that begins, where the gate was open.
    pub(super) fn shut(
        &mut self,
        at: Option<Timestamp>,
        reason: Reason,
        lags: Option<Arc<dyn HolderLags>>,
    ) -> Option<u64> {
        match self.board.shut_with_lags(at, reason.clone(), lags) {
            Shut::Already => None,
            Shut::JustNow => {
                let at = at.expect("a gate that was open has a session");
                let epoch = self.board.epoch();
                self.record.digest.switch(false, epoch, at);
                self.record.events.push(Event::GateShut { at, epoch, reason });
                Some(epoch)
            }
        }
    }

    /// Lays out session `index`, and some of those after it.
    pub(super) fn lay_out(&mut self, index: usize) -> Result<Arc<SessionLayout>, RunError> {
        let session = self.plan.sessions[index];
        let later = &mut self.later;
        let layout = match later.pop_front_if(|layout| layout.session.date == session.date) {
            Some(layout) => layout,
            None => {
                later.clear();
                Arc::new(self.rule.lay(session)?)
            }
        };
        let to_come = self.plan.sessions[index + 1..].iter().take(N_LATER).skip(later.len());
        // One that cannot be laid out is an error when it is due.
        later.extend(to_come.map_while(|session| self.rule.lay(*session).ok()).map(Arc::new));
        Ok(layout)
    }

    /// Adds those of the configured symbols that are not among `runs`, which stand in symbol order. One
    /// whose state cannot be built back is left out of this session, by name.
    pub(super) fn open_configured(
        &mut self,
        runs: &mut SymbolRuns,
        session: &Session,
    ) -> Result<(), RunError> {
        let is_there = runs.iter().filter(|run| run.membership == Membership::Configured);
        if is_there.count() == self.plan.n_symbols() {
            return Ok(()); // As on most days.
        }
        for symbol in self.plan.symbols() {
            if let Err(place) = runs.binary_search_by(|run| run.symbol.cmp(&symbol)) {
                match self.open_run(&symbol, Membership::Configured, session) {
                    Ok(run) => runs.insert(place, run),
                    Err(RunError::HistoryEnds { symbol, session: missing }) => {
                        let left_out = Event::LeftOut { date: session.date, symbol, missing };
                        self.record.events.push(left_out);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// What a symbol needs before its session, under the identity it has in this run.
    pub(super) fn open_run(
        &mut self,
        symbol: &Symbol,
        membership: Membership,
        session: &Session,
    ) -> Result<Box<SymbolRun>, RunError> {
        let next_idx = SymbolIdx::new(self.known.len() as u32);
        let known = self.known(symbol).unwrap_or(Known { idx: next_idx, generation: 0 });
        let joining = JoiningSymbol {
            symbol: symbol.clone(),
            idx: known.idx,
            generation: known.generation + 1,
            membership,
        };
        let run = open_symbol(&mut self.reading(), joining, session)?;
        // Only a symbol that could be loaded has joined.
        let generation = run.generation;
        self.known.insert(symbol.clone(), Known { idx: known.idx, generation });
        Ok(run)
    }

    /// What a symbol needs before its session that was a member before, under the identity it had.
    pub(super) fn open_again(
        &mut self,
        symbol: &Symbol,
        membership: Membership,
        session: &Session,
    ) -> Result<Box<SymbolRun>, RunError> {
        let next_idx = SymbolIdx::new(self.known.len() as u32);
        let Known { idx, generation } =
            self.known(symbol).unwrap_or(Known { idx: next_idx, generation: 1 });
        let joining = JoiningSymbol { symbol: symbol.clone(), idx, generation, membership };
        open_symbol(&mut self.reading(), joining, session)
    }

    /// The symbols that have been in the run.
    pub(super) fn known_symbols(&self) -> &BTreeMap<Symbol, Known> {
        &self.known
    }

    /// The symbols that had been in the run by a checkpoint.
    pub(super) fn restore_known(&mut self, known: BTreeMap<Symbol, Known>) {
        self.known = known;
    }

    /// The consumer that was registered last has what the checkpoint has of it.
    pub(super) fn restore_registered(&mut self) {
        if let Some(saved) = self.restoring.take() {
            self.consumers.restore_last(saved);
        }
    }

    /// As which making of it a symbol would join next.
    pub(super) fn next_generation(&self, symbol: &Symbol) -> u32 {
        self.known(symbol).map_or(0, |known| known.generation) + 1
    }

    /// What is known of a symbol that has been in the run.
    pub(super) fn known(&self, symbol: &Symbol) -> Option<Known> {
        self.known.get(symbol).copied()
    }

    /// A symbol that could not be loaded has not joined: what is known of it is what was before.
    pub(super) fn forget(&mut self, symbol: &Symbol, before: Option<Known>) {
        match before {
            Some(known) => drop(self.known.insert(symbol.clone(), known)),
            None => drop(self.known.remove(symbol)),
        }
    }

    /// Puts what `run` needs for the session of `layout` in place.
    pub(super) fn load(
        &mut self,
        layout: &SessionLayout,
        run: Box<SymbolRun>,
        through: Arc<DeliveredThrough>,
    ) -> Result<SymbolSession, RunError> {
        let (kept, kind) = (&self.kept, self.kind);
        let (plan, rule, source) = (&self.plan, &self.rule, self.source.as_mut());
        let reading = Reading { plan, rule, source, kept, kind };
        let (later, admitted) = (&self.later, &mut self.admitted);
        SymbolLoader { reading, layout, later, admitted }.load(run, through)
    }

    pub(super) fn reading(&mut self) -> Reading<'_> {
        let (kept, kind) = (&self.kept, self.kind);
        Reading { plan: &self.plan, rule: &self.rule, source: self.source.as_mut(), kept, kind }
    }

    /// The digests of all symbols of which a session has closed, in symbol order.
    pub(super) fn symbol_digests(&self) -> Vec<(Symbol, Digest)> {
        let digests = self.known.iter().filter_map(|(symbol, known)| {
            Some((symbol.clone(), self.record.digests.get(known.idx)?))
        });
        digests.collect()
    }
}

/// Tells `source` which stretches of time the run will read in its `sessions` to come, in order.
pub(super) fn read_ahead(
    plan: &Plan,
    sessions: &[Session],
    source: &mut dyn Source,
) -> Result<(), PlanErrors> {
    let mut errors = Vec::new();
    let windows = sessions.iter().filter_map(|session| {
        let layout = plan.rule.lay(*session).map_err(|error| errors.push(error.into())).ok()?;
        Some(layout.rows_since..layout.rows_until)
    });
    let windows: Vec<_> = windows.collect();
    let n_ahead = match &plan.config.mode {
        Mode::Backtest(backtest) => backtest.prefetch_days as usize,
        Mode::Live(_) => 1,
    };
    if let Err(error) = source.read_ahead(windows, n_ahead) {
        errors.push(error.into());
    }
    if errors.is_empty() { Ok(()) } else { Err(PlanErrors(errors)) }
}
