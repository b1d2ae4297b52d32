//! Commands of the session: taken between two steps, in order of arrival, and answered once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openbell_config::ScheduleChange;
use openbell_data_manager::FeedKind;
use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::DeliveredThrough;
use openbell_time::{Timestamp, TradingDate};

use super::After;
use super::core::Core;
use super::loading;
use super::pending_add::PendingAdd;
use super::session::{Flow, RosterState, RunningSession};
use crate::consumers::Asked;
use crate::control::command::{
    AddFailure, Added, Answer, Command, PaceCommand, Refusal, Removed, SessionCommand, Stay, StepAt,
};
use crate::control::event::{Event, Operation, Origin};
use crate::control::handle::Envelope;
use crate::control::status::SymbolState;
use crate::error::RunError;
use crate::symbol::locks::Lock;
use crate::symbol::readiness::Readiness;
use crate::symbol::{Membership, SymbolSession};

impl Core {
    fn origin_of(&self, consumer: usize) -> Origin {
        Origin::Consumer { name: self.consumers.name(consumer).to_owned() }
    }

    /// Keeps the answer to a consumer's command, of which it is notified after what it led to.
    pub(super) fn keep_answer(
        &mut self,
        origin: &Origin,
        command: &SessionCommand,
        answer: &Answer,
    ) {
        if let Origin::Consumer { name } = origin
            && let Some(place) = self.consumers.place_of(name)
        {
            self.consumers.answered.push((place, command.clone(), answer.clone()));
        }
    }

    /// The commands that wait, in order, up to a stop; those that come meanwhile have to wait for the
    /// next step, so that the clock goes on however fast they come.
    pub(super) fn waiting_commands(&mut self) -> Vec<Envelope> {
        let mut waiting = Vec::new();
        for _ in 0..self.commands.n_waiting() {
            let Some(envelope) = self.commands.next() else { break };
            let stops = envelope.command == Command::Session(SessionCommand::Stop);
            waiting.push(envelope);
            if stops {
                break;
            }
        }
        waiting
    }

    /// A command of the session `session` is taken now. Returns where.
    pub(super) fn take_command(&mut self, session: TradingDate) -> StepAt {
        let taken = self.record.step_at(self.clock.now(), session);
        self.record.count_taken(taken);
        taken
    }

    /// Takes a command of the pace.
    pub(super) fn take_pace(
        &mut self,
        command: PaceCommand,
        envelope: Envelope,
        session: TradingDate,
        wall: Timestamp,
    ) {
        let clock = self.clock.now();
        let taken = self.record.step_at(clock, session);
        let answer = match self.kind {
            FeedKind::Live => Answer::Refused(Refusal::LiveSession),
            FeedKind::Stored => self.pace.take(command, wall, clock),
        };
        self.status.record_pause(self.pace.is_paused());
        self.record.operations.push(Operation::Paced { taken, command, answer: answer.clone() });
        envelope.answer(answer);
    }
}

impl RunningSession {
    /// Takes the commands `waiting`, in order.
    pub(super) fn take_all(
        &mut self,
        core: &mut Core,
        waiting: Vec<Envelope>,
        wall: Timestamp,
    ) -> Result<After, RunError> {
        for envelope in waiting {
            match envelope.command.clone() {
                Command::Pace(command) => {
                    core.take_pace(command, envelope, self.layout.session.date, wall);
                }
                Command::Session(command) => {
                    let after = self.take(core, command, Origin::Handle, Some(envelope))?;
                    if after == After::Stops {
                        return Ok(after);
                    }
                }
            }
        }
        Ok(After::GOES_ON)
    }

    /// Takes the schedule entries that are due at the session clock, in file order.
    pub(super) fn take_scheduled(&mut self, core: &mut Core) -> Result<(), RunError> {
        let clock = core.clock.now();
        while let Some(due) = self.schedule.get(self.n_scheduled_done).copied() {
            if due.at > clock {
                break;
            }
            self.n_scheduled_done += 1;
            let command = match core.plan.change(due.entry).clone() {
                ScheduleChange::Add { symbols, stay } => SessionCommand::AddSymbols {
                    symbols,
                    stay: if stay { Stay::Run } else { Stay::Session },
                },
                ScheduleChange::Remove { symbols } => SessionCommand::RemoveSymbols { symbols },
            };
            let origin = Origin::Schedule { entry: due.entry };
            let _ = self.take(core, command, origin, None)?; // No entry of a schedule stops a run.
        }
        Ok(())
    }

    /// Takes what consumers asked for in the callbacks of this step, in the order asked. What
    /// they ask for while these are taken is taken at the end of the next step, so that none can
    /// keep the clock from moving.
    pub(super) fn take_asked(&mut self, core: &mut Core) -> Result<(), RunError> {
        for Asked { consumer, command } in std::mem::take(&mut core.consumers.asked) {
            let origin = core.origin_of(consumer);
            let _ = self.take(core, command, origin, None)?; // No callback can stop a run.
        }
        self.notify_answers(core)
    }

    /// Takes what consumers asked for at the close: locks, which symbols keep from session to
    /// session; no session is running for anything else.
    pub(super) fn take_last_asked(&mut self, core: &mut Core) -> Result<(), RunError> {
        for Asked { consumer, command } in std::mem::take(&mut core.consumers.asked) {
            let origin = core.origin_of(consumer);
            match command {
                SessionCommand::Lock { .. } | SessionCommand::Unlock { .. } => {
                    let _ = self.take(core, command, origin, None)?; // A lock stops nothing.
                }
                SessionCommand::AddSymbols { .. }
                | SessionCommand::RemoveSymbols { .. }
                | SessionCommand::AddInterval { .. }
                | SessionCommand::AddIndicator { .. }
                | SessionCommand::Signal { .. }
                | SessionCommand::Stop => {
                    let taken = core.record.step_at(core.clock.now(), self.layout.session.date);
                    let answer = Answer::Refused(Refusal::NotRunning);
                    let commanded = Event::Commanded { taken, origin, command, answer };
                    core.record.events.push(commanded);
                }
            }
        }
        core.consumers.answered.clear(); // The session has notified its last.
        Ok(())
    }

    /// Takes one command: does what it asks for, logs it, answers it, and resumes where nobody is
    /// behind any more.
    pub(super) fn take(
        &mut self,
        core: &mut Core,
        command: SessionCommand,
        origin: Origin,
        envelope: Option<Envelope>,
    ) -> Result<After, RunError> {
        let taken = core.take_command(self.layout.session.date);
        let done = match &command {
            SessionCommand::AddSymbols { symbols, stay } => {
                let results = self.add(core, symbols, *stay)?;
                self.pending.push(PendingAdd { envelope, origin, taken, command, results });
                return self.resume_and_answer(core);
            }
            SessionCommand::RemoveSymbols { symbols } => {
                self.remove(core, symbols).map(Answer::Removed)
            }
            SessionCommand::Lock { symbol } => Ok(self.lock(symbol, Lock::Put, &origin)),
            SessionCommand::Unlock { symbol } => Ok(self.lock(symbol, Lock::Lift, &origin)),
            SessionCommand::AddInterval { interval } => self.add_interval(core, *interval),
            SessionCommand::AddIndicator { spec } => self.add_indicator(core, *spec),
            SessionCommand::Signal { signal } => {
                let signalled = Event::Signalled { at: taken.clock, signal: signal.clone() };
                core.record.events.push(signalled);
                Ok(Answer::Done)
            }
            SessionCommand::Stop => Ok(Answer::Done),
        };
        // One that fails the run was taken all the same, and is answered as the others that wait.
        let answer = done.as_ref().map_or(Answer::Stopped, Answer::clone);
        let stops = command == SessionCommand::Stop;
        core.keep_answer(&origin, &command, &answer);
        let commanded = Event::Commanded { taken, origin, command, answer: answer.clone() };
        core.record.events.push(commanded);
        if let Some(envelope) = envelope {
            envelope.answer(answer);
        }
        done?;
        if stops { Ok(After::Stops) } else { self.resume_and_answer(core) }
    }

    fn resume_and_answer(&mut self, core: &mut Core) -> Result<After, RunError> {
        self.resume_if_caught_up(core)?;
        self.answer_pending(core);
        Ok(After::GOES_ON)
    }

    /// Loads each symbol and puts it among the members; what is still `None` joins when it has
    /// caught up.
    fn add(
        &mut self,
        core: &mut Core,
        symbols: &[Symbol],
        stay: Stay,
    ) -> Result<Vec<(Symbol, Option<Added>)>, RunError> {
        let mut results = Vec::with_capacity(symbols.len());
        let mut newcomers: BTreeMap<&Symbol, SymbolSession> = BTreeMap::new();
        for symbol in symbols {
            let is_there = self.find(symbol).is_ok() || newcomers.contains_key(symbol);
            let added = if is_there || core.is_loading(symbol) {
                Some(Added::AlreadyPresent)
            } else {
                match self.ask_newcomer(core, symbol, stay) {
                    Ok(newcomer) => {
                        newcomers.extend(newcomer.map(|newcomer| (symbol, newcomer)));
                        None
                    }
                    Err(added) => Some(added),
                }
            };
            results.push((symbol.clone(), added));
        }
        if !newcomers.is_empty() {
            self.join_members(newcomers.into_values().collect(), core.clock.now());
        }
        if results.iter().any(|(_, added)| added.is_none()) {
            self.refresh_members(core);
        }
        Ok(results)
    }

    /// Loads a symbol that is no member, where its source has it ready: `None` where it is still
    /// being read, and joins later.
    ///
    /// # Errors
    ///
    /// What became of adding it, where it cannot join.
    fn ask_newcomer(
        &mut self,
        core: &mut Core,
        symbol: &Symbol,
        stay: Stay,
    ) -> Result<Option<SymbolSession>, Added> {
        if core.source.intervals(symbol).is_empty() {
            let unknown = core.source.unknown(symbol);
            return Err(Added::Refused(Refusal::UnknownSymbol(unknown)));
        }
        match core.waits_for(symbol, stay) {
            Ok(true) => Ok(None),
            Ok(false) => self.load_newcomer(core, symbol, stay).map(Some),
            Err(error) => Err(Added::Failed(AddFailure::Load(loading::failure(error)))),
        }
    }

    /// Loads a symbol that is no member, and that its source can read.
    ///
    /// # Errors
    ///
    /// What became of adding it, where it cannot join.
    pub(super) fn load_newcomer(
        &mut self,
        core: &mut Core,
        symbol: &Symbol,
        stay: Stay,
    ) -> Result<SymbolSession, Added> {
        let is_configured = core.plan.config.session_data_config.symbols.contains(symbol);
        let membership =
            if is_configured { Membership::Configured } else { Membership::Asked(stay) };
        let before = core.known(symbol);
        let failed = |error: RunError| Added::Failed(AddFailure::Load(error.into()));
        let run = core.open_run(symbol, membership, &self.layout.session).map_err(failed)?;
        let through = DeliveredThrough::before_everything();
        let clock = core.clock.now();
        let loaded = core.load(&self.layout, run, through);
        let loaded = loaded.and_then(|mut newcomer| match newcomer.take_fault(clock) {
            None => Ok(newcomer),
            Some((_, error)) => Err(error.into()),
        });
        let newcomer = loaded.map_err(|error| {
            core.forget(symbol, before);
            failed(error)
        })?;
        if let Flow::Live(_) = &self.flow {
            newcomer.through.reach_the_clock(); // Live, the inside is where the clock is.
        }
        newcomer.gauge.change_state(SymbolState::CatchingUp);
        newcomer.gauge.record_backlog(newcomer.n_undelivered(0, clock) as u64);
        self.note_newcomer(&newcomer);
        Ok(newcomer)
    }

    fn remove(
        &mut self,
        core: &mut Core,
        symbols: &[Symbol],
    ) -> Result<Vec<(Symbol, Removed)>, RunError> {
        let at = core.clock.now();
        let mut results = Vec::with_capacity(symbols.len());
        let mut leaving = BTreeSet::new();
        for symbol in symbols {
            let removed = match self.find(symbol) {
                Ok(position) if leaving.contains(&position) => Removed::NotPresent,
                Ok(position) if self.members[position].run.locks.is_locked() => {
                    Removed::Refused(Refusal::Locked)
                }
                Ok(position) => match core.kept_by_account(symbol) {
                    Some(refusal) => Removed::Refused(refusal),
                    None => {
                        leaving.insert(position);
                        self.let_go(core, position);
                        Removed::Removed
                    }
                },
                Err(_) if core.is_loading(symbol) => {
                    core.loading.retain(|loading| loading.symbol != *symbol);
                    self.fail_pending(symbol);
                    self.roster = RosterState::Changed;
                    Removed::Removed
                }
                Err(_) => Removed::NotPresent,
            };
            results.push((symbol.clone(), removed));
        }
        if !leaving.is_empty() {
            let (date, before) = (self.layout.session.date, self.date_before(core));
            for member in self.take_out(&leaving, at) {
                let symbol = member.run.symbol.clone();
                if let Some((date, processor)) = member.state_after(date, before) {
                    core.kept.keep_state(&symbol, date, processor);
                }
            }
            self.refresh_members(core);
            self.decide(core)?; // The reason no longer names those that left.
        }
        Ok(results)
    }

    /// The member at `position` leaves: what it came to is reported, and consumers that knew of it
    /// are to be notified.
    fn let_go(&mut self, core: &mut Core, position: usize) {
        let at = core.clock.now();
        let member = &mut self.members[position];
        let symbol = member.run.symbol.clone();
        member.gauge.change_state(SymbolState::Removed);
        self.left.push(member.report(at, self.keeps_quality, true));
        if let Flow::Live(live) = &mut self.flow {
            live.forget(member.run.idx);
        }
        if self.gate.is_joining(position) {
            self.fail_pending(&symbol);
        } else {
            self.left_unnotified.push(symbol.clone());
        }
        core.end_orders_of(&symbol);
        core.record.events.push(Event::Left { symbol, at });
    }

    /// Locks or unlocks a symbol.
    fn lock(&mut self, symbol: &Symbol, lock: Lock, origin: &Origin) -> Answer {
        let Ok(position) = self.find(symbol) else { return Answer::NotPresent };
        let SymbolSession { run, gauge, .. } = &mut self.members[position];
        run.locks.change(lock, origin);
        gauge.record_lock(run.locks.is_locked());
        Answer::Done
    }

    fn add_interval(&mut self, core: &mut Core, interval: BarInterval) -> Result<Answer, RunError> {
        let base = core.rule.base;
        if interval == base || core.rule.derived.contains(&interval) {
            return Ok(Answer::AlreadyPresent);
        }
        if !interval.is_made_of(base) {
            return Ok(Answer::Refused(Refusal::NotDerivable { interval, base }));
        }
        let before = core.rule.derived.clone();
        derive_further(core, interval);
        self.rebuild(core).or_else(|error| {
            core.rule.derived = before;
            refused(error)
        })
    }

    fn add_indicator(&mut self, core: &mut Core, spec: IndicatorSpec) -> Result<Answer, RunError> {
        if core.plan.indicators().contains(&spec) {
            return Ok(Answer::AlreadyPresent);
        }
        let (interval, base) = (spec.interval(), core.rule.base);
        if !interval.is_made_of(base) {
            return Ok(Answer::Refused(Refusal::NotDerivable { interval, base }));
        }
        let before = core.rule.derived.clone();
        if interval != base && !core.rule.derived.contains(&interval) {
            derive_further(core, interval);
        }
        core.plan.add_indicator(spec);
        self.rebuild(core).or_else(|error| {
            core.rule.derived = before;
            core.plan.drop_last_indicator();
            refused(error)
        })
    }

    /// Builds every member's series back from its earlier sessions for the intervals and indicators of
    /// now. They appear at the next publication, together; what was there stays as it was.
    ///
    /// # Errors
    ///
    /// Earlier sessions that cannot be read; nothing has changed then.
    fn rebuild(&mut self, core: &mut Core) -> Result<Answer, RunError> {
        let clock = core.clock.now();
        let known: Vec<BarInterval> = self.layout.series.derived.iter().map(|(i, _)| *i).collect();
        let layout = Arc::new(core.rule.lay(self.layout.session)?);
        core.kept.forget_states();
        let states = self.members.iter().map(|m| m.state_before(&mut core.reading(), &layout));
        let states = states.collect::<Result<Vec<_>, RunError>>()?;
        for (position, (member, state)) in self.members.iter_mut().zip(states).enumerate() {
            member.rebuild(state, &layout, self.progress.n_delivered(position), clock);
        }
        for (series, (interval, _)) in (1..).zip(&layout.series.derived) {
            if !known.contains(interval) {
                // A new interval begins to be announced with its next bar.
                let n_rows = |member: &SymbolSession| member.rows_at(series, clock).len() as u32;
                let n_rows = self.members.iter().map(n_rows).collect();
                self.progress.insert_series(series, n_rows);
            }
        }
        self.layout = layout;
        core.later.clear(); // They are laid out for the intervals of before.
        if let Flow::Replay(replay) = &mut self.flow {
            replay.lay_derived(&self.layout, &self.members, clock);
        }
        self.readiness = Readiness::default(); // The series stand elsewhere now.
        for member in &self.members {
            self.readiness.note(member);
        }
        self.lay_due(clock);
        self.roster = RosterState::Changed;
        Ok(Answer::Done)
    }

    /// Lays out the instants after `clock` that a replay must visit.
    pub(super) fn lay_due(&mut self, clock: Timestamp) {
        if let Flow::Replay(replay) = &mut self.flow {
            let entries = self.schedule[self.n_scheduled_done..].iter().map(|due| due.at);
            let calls = self.calls.iter().map(|&(at, _)| at);
            replay.lay_due(&self.layout, entries.chain(calls), clock);
        }
    }
}

/// The run derives `interval` from now on.
fn derive_further(core: &mut Core, interval: BarInterval) {
    let derived = &mut core.rule.derived;
    let at = derived.partition_point(|known| *known < interval);
    derived.insert(at, interval);
}

/// What cannot be built back is refused where only its history is missing; anything else fails the
/// run, as whatever breaks a member's source does.
fn refused(error: RunError) -> Result<Answer, RunError> {
    match error {
        RunError::HistoryEnds { symbol, session } => {
            Ok(Answer::Refused(Refusal::HistoryEnds { symbol, session }))
        }
        other => Err(other),
    }
}
