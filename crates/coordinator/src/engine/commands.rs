//! Commands: taken between two steps, in order of arrival, and answered once.

use std::sync::Arc;

use openbell_config::ScheduleChange;
use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{Reason, DeliveredThrough};
use openbell_time::Timestamp;

use super::notify::Readiness;
use super::{Engine, State};
use crate::control::command::{Added, Answer, Command, Refusal, Removed, Stay, StepAt};
use crate::error::RunError;
use crate::control::event::{Event, Operation, Origin};
use crate::control::handle::Envelope;
use crate::consumers::Asked;
use crate::symbol::Membership;
use crate::control::status::Phase;

/// Which way a lock goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lock {
    Put,
    Lift,
}

impl Engine {
    /// Takes the commands that wait; those that come meanwhile have to wait for the next step, so
    /// that the clock goes on however fast they come.
    pub(super) fn take_waiting(&mut self, wall: Timestamp) -> Result<(), RunError> {
        for _ in 0..self.queue.n_waiting() {
            if !matches!(self.state, State::Day(_)) {
                break;
            }
            let Some(envelope) = self.queue.next() else { break };
            let command = envelope.command.clone();
            if command.is_pace() {
                self.take_pace(command, envelope, wall);
            } else {
                self.take(command, Origin::Handle, Some(envelope))?;
            }
        }
        Ok(())
    }

    /// Takes the schedule entries that are due at the session clock, in file order.
    pub(super) fn take_scheduled(&mut self) -> Result<(), RunError> {
        loop {
            let clock = self.clock.now();
            let State::Day(day) = &mut self.state else { return Ok(()) };
            let Some(due) = day.schedule.get(day.n_scheduled_done).copied() else { return Ok(()) };
            if due.at > clock {
                return Ok(());
            }
            day.n_scheduled_done += 1;
            let command = match self.plan.change(due.entry).clone() {
                ScheduleChange::Add { symbols, stay } => Command::AddSymbols {
                    symbols,
                    stay: if stay { Stay::Run } else { Stay::Session },
                },
                ScheduleChange::Remove { symbols } => Command::RemoveSymbols { symbols },
            };
            self.take(command, Origin::Schedule { entry: due.entry }, None)?;
        }
    }

    /// Takes what consumers asked for in the callbacks of this step, in the order asked. What
    /// they ask for while these are taken is taken at the end of the next step, so that none can
    /// keep the clock from moving.
    pub(super) fn take_asked(&mut self) -> Result<(), RunError> {
        for Asked { consumer, command } in std::mem::take(&mut self.consumers.asked) {
            if matches!(self.state, State::Day(_)) {
                self.take(command, self.origin_of(consumer), None)?;
            }
        }
        self.notify_answers()
    }

    /// Takes what consumers asked for at the close: locks, which symbols keep from session to
    /// session; no session is running for anything else.
    pub(super) fn take_last_asked(&mut self) -> Result<(), RunError> {
        for Asked { consumer, command } in std::mem::take(&mut self.consumers.asked) {
            let origin = self.origin_of(consumer);
            if matches!(command, Command::Lock { .. } | Command::Unlock { .. }) {
                self.take(command, origin, None)?;
                continue;
            }
            let (taken, answer) = (self.step_at(), Answer::Refused(Refusal::NotRunning));
            self.log.push(Event::Commanded { taken, origin, command, answer });
        }
        self.consumers.answered.clear(); // The session has told its last.
        Ok(())
    }

    fn origin_of(&self, consumer: usize) -> Origin {
        Origin::Consumer { name: self.consumers.name(consumer).to_owned() }
    }

    /// Keeps the answer to a consumer's command, to be told after what it led to.
    fn keep_answer(&mut self, origin: &Origin, command: &Command, answer: &Answer) {
        if let Origin::Consumer { name } = origin
            && let Some(place) = self.consumers.place_of(name)
        {
            self.consumers.answered.push((place, command.clone(), answer.clone()));
        }
    }

    fn take(
        &mut self,
        command: Command,
        origin: Origin,
        envelope: Option<Envelope>,
    ) -> Result<(), RunError> {
        let taken = self.step_at();
        self.taken_after = (taken.step, taken.order + 1);
        if let Command::AddSymbols { symbols, stay } = &command {
            let results = self.add(symbols, *stay)?;
            let State::Day(day) = &mut self.state else { return Ok(()) };
            day.pending.push(PendingAdd { envelope, origin, taken, command, results });
            self.settle_if_caught_up()?;
            self.answer_pending();
            return Ok(());
        }
        let (answer, failure) = match self.answered(&command, &origin) {
            Ok(answer) => (answer, None),
            Err(error) => (Answer::Stopped, Some(error)), // The run fails by it.
        };
        let stops = matches!(command, Command::Stop);
        if let Command::Signal { signal } = &command {
            self.log.push(Event::Signalled { at: taken.clock, signal: signal.clone() });
        }
        self.keep_answer(&origin, &command, &answer);
        self.log.push(Event::Commanded { taken, origin, command, answer: answer.clone() });
        if let Some(envelope) = envelope {
            envelope.answer(answer);
        }
        if let Some(error) = failure {
            return Err(error);
        }
        if stops {
            self.stop();
            return Ok(());
        }
        self.settle_if_caught_up()?;
        self.answer_pending();
        Ok(())
    }

    /// Does what a command that is answered at once asks for.
    fn answered(&mut self, command: &Command, origin: &Origin) -> Result<Answer, RunError> {
        Ok(match command {
            Command::RemoveSymbols { symbols } => Answer::Removed(self.remove(symbols)?),
            Command::Lock { symbol } => self.lock(symbol, Lock::Put, origin),
            Command::Unlock { symbol } => self.lock(symbol, Lock::Lift, origin),
            Command::AddInterval { interval } => self.add_interval(*interval)?,
            Command::AddIndicator { spec } => self.add_indicator(*spec)?,
            Command::Stop | Command::Signal { .. } => Answer::Done,
            // Pace commands were taken before, and adds are answered when they have caught up.
            _ => Answer::Refused(Refusal::NotRunning),
        })
    }

    fn step_at(&self) -> StepAt {
        let session = match &self.state {
            State::Day(day) => day.layout.session.date,
            _ => self.plan.sessions[0].date,
        };
        let (step, n_taken) = self.taken_after;
        let order = if step == self.n_steps { n_taken } else { 0 };
        StepAt { step: self.n_steps, order, clock: self.clock.now(), session }
    }

    /// Loads each symbol and puts it among the others; what is still `None` joins when it has
    /// caught up.
    fn add(
        &mut self,
        symbols: &[Symbol],
        stay: Stay,
    ) -> Result<Vec<(Symbol, Option<Added>)>, RunError> {
        self.keep_up();
        let mut results = Vec::with_capacity(symbols.len());
        for symbol in symbols {
            results.push((symbol.clone(), self.add_one(symbol, stay)));
        }
        let State::Day(day) = &self.state else { return Ok(results) };
        if day.members_changed {
            self.refresh_members();
        }
        Ok(results)
    }

    fn add_one(&mut self, symbol: &Symbol, stay: Stay) -> Option<Added> {
        let State::Day(day) = &self.state else {
            return Some(Added::Refused(Refusal::NotRunning));
        };
        if day.find(symbol).is_ok() {
            return Some(Added::AlreadyPresent);
        }
        if self.source.intervals(symbol).is_empty() {
            let why = self.source.unknown(symbol);
            return Some(Added::Refused(Refusal::UnknownSymbol { why }));
        }
        let layout = Arc::clone(&day.layout);
        let session = layout.session;
        let is_configured = self.plan.config.session_data_config.symbols.contains(symbol);
        let membership = match is_configured {
            true => Membership::Configured,
            false => Membership::Asked(stay),
        };
        let before = self.known.get(symbol).copied();
        let run = match self.open_run(symbol, membership, &session) {
            Ok(run) => run,
            Err(error) => return Some(Added::Failed { why: error.to_string() }),
        };
        let loaded = self.load(&layout, run, DeliveredThrough::before_everything());
        let State::Day(day) = &mut self.state else { return None };
        match loaded {
            Ok(member) if member.fault.as_ref().is_some_and(|(at, _)| *at <= self.clock.now()) => {
                self.forget(symbol, before);
                let why = member.fault.map(|(_, error)| error.to_string()).unwrap_or_default();
                Some(Added::Failed { why })
            }
            Ok(member) => {
                if member.live.is_some() {
                    member.through.reach_the_clock(); // Live, the inside is where the clock is.
                }
                member.show_state();
                member.gauge.record_backlog(member.n_undelivered(self.clock.now()) as u64);
                day.insert(member);
                None
            }
            Err(error) => {
                self.forget(symbol, before);
                Some(Added::Failed { why: error.to_string() })
            }
        }
    }

    /// A symbol that could not be loaded has not joined.
    fn forget(&mut self, symbol: &Symbol, before: Option<super::Known>) {
        match before {
            Some(known) => drop(self.known.insert(symbol.clone(), known)),
            None => drop(self.known.remove(symbol)),
        }
    }

    fn remove(&mut self, symbols: &[Symbol]) -> Result<Vec<(Symbol, Removed)>, RunError> {
        self.keep_up();
        let mut results = Vec::with_capacity(symbols.len());
        for symbol in symbols {
            results.push((symbol.clone(), self.remove_one(symbol)));
        }
        let State::Day(day) = &self.state else { return Ok(results) };
        if day.members_changed {
            let still_held = !self.board.is_active() && day.has_backlog();
            self.refresh_members();
            if still_held {
                self.hold_gate()?; // The reason no longer names those that left.
            }
            if let State::Day(day) = &mut self.state {
                day.members_changed = true; // Outsiders have not been told yet.
            }
        }
        Ok(results)
    }

    fn remove_one(&mut self, symbol: &Symbol) -> Removed {
        let at = self.clock.now();
        let State::Day(day) = &mut self.state else {
            return Removed::Refused(Refusal::NotRunning);
        };
        let Ok(position) = day.find(symbol) else { return Removed::NotPresent };
        if !day.members[position].run.locks.is_empty() {
            return Removed::Refused(Refusal::Locked);
        }
        let mut member = day.take_out(position);
        member.gauge.change_state(crate::control::status::SymbolState::Removed);
        if member.is_joining {
            let failed =
                Added::Failed { why: "it was removed while it was catching up".to_owned() };
            for pending in &mut day.pending {
                for (asked, result) in &mut pending.results {
                    if asked == symbol && result.is_none() {
                        *result = Some(failed.clone());
                    }
                }
            }
        } else {
            day.left_untold.push(symbol.clone());
        }
        day.left.push(member.report(at, day.keeps_quality, true));
        self.log.push(Event::Left { symbol: symbol.clone(), at });
        Removed::Removed
    }

    /// Locks or unlocks a symbol. A consumer lets go of its own lock only; whoever unlocks from
    /// outside lets go of all.
    fn lock(&mut self, symbol: &Symbol, lock: Lock, origin: &Origin) -> Answer {
        let State::Day(day) = &mut self.state else {
            return Answer::Refused(Refusal::NotRunning);
        };
        let Ok(position) = day.find(symbol) else { return Answer::NotPresent };
        let member = &mut day.members[position];
        let owner = match origin {
            Origin::Consumer { name } => Some(name.clone()),
            Origin::Handle | Origin::Schedule { .. } => None,
        };
        match (lock, &owner) {
            (Lock::Put, _) => drop(member.run.locks.insert(owner)),
            (Lock::Lift, None) => member.run.locks.clear(),
            (Lock::Lift, Some(_)) => drop(member.run.locks.remove(&owner)),
        }
        member.gauge.record_lock(!member.run.locks.is_empty());
        Answer::Done
    }

    fn add_interval(&mut self, interval: BarInterval) -> Result<Answer, RunError> {
        let base = self.rule.base;
        if interval == base || self.rule.derived.contains(&interval) {
            return Ok(Answer::AlreadyPresent);
        }
        if !interval.is_made_of(base) {
            let why =
                format!("{interval} bars cannot be made of {base} bars, the base of this run");
            return Ok(Answer::Refused(Refusal::NotDerivable { why }));
        }
        self.rule.derived.push(interval);
        self.rule.derived.sort_unstable();
        self.rebuild()?;
        Ok(Answer::Done)
    }

    fn add_indicator(&mut self, spec: IndicatorSpec) -> Result<Answer, RunError> {
        if self.plan.indicators().contains(&spec) {
            return Ok(Answer::AlreadyPresent);
        }
        let (interval, base) = (spec.interval(), self.rule.base);
        if !interval.is_made_of(base) {
            let why =
                format!("{interval} bars cannot be made of {base} bars, the base of this run");
            return Ok(Answer::Refused(Refusal::NotDerivable { why }));
        }
        if interval != base && !self.rule.derived.contains(&interval) {
            self.rule.derived.push(interval);
            self.rule.derived.sort_unstable();
        }
        self.plan.add_indicator(spec);
        self.rebuild()?;
        Ok(Answer::Done)
    }

    /// Builds every member's series back from the store for the intervals and indicators of now.
    /// They appear at the next publication, together; what was there stays as it was.
    fn rebuild(&mut self) -> Result<(), RunError> {
        self.keep_up();
        let clock = self.clock.now();
        let State::Day(day) = &mut self.state else { return Ok(()) };
        let layout = Arc::new(self.rule.lay(day.layout.session)?);
        for member in &mut day.members {
            member.rebuild(&self.plan, &self.rule, &layout, self.source.as_mut(), clock)?;
        }
        day.layout = layout;
        self.later.clear(); // They are laid out for the intervals of before.
        if !self.is_live {
            day.lay_news(clock);
        }
        day.unready = Readiness::default(); // The series stand elsewhere now.
        for member in &day.members {
            day.unready.note(member);
        }
        day.lay_due(clock);
        day.members_changed = true;
        Ok(())
    }

    fn take_pace(&mut self, command: Command, envelope: Envelope, wall: Timestamp) {
        let (taken, clock) = (self.step_at(), self.clock.now());
        let paused = self.pace.is_paused();
        let answer = match &command {
            _ if self.is_live => Answer::Refused(Refusal::LiveSession),
            Command::Pause if paused => Answer::Refused(Refusal::AlreadyPaused),
            Command::Resume | Command::Step if !paused => Answer::Refused(Refusal::NotPaused),
            Command::RunUntil { until } if *until <= clock => {
                Answer::Refused(Refusal::NotAhead { clock })
            }
            Command::ChangeSpeed { multiplier } if !multiplier.is_finite() || *multiplier < 0.0 => {
                Answer::Refused(Refusal::BadSpeed)
            }
            _ => Answer::Done,
        };
        if answer == Answer::Done {
            match &command {
                Command::Pause => self.pace.pause(),
                Command::Resume => self.pace.resume(wall, clock),
                Command::Step => self.pace.allow_one(),
                Command::RunUntil { until } => self.pace.run_until(*until, wall, clock),
                Command::ChangeSpeed { multiplier } => {
                    self.pace.change_speed(*multiplier, wall, clock);
                }
                _ => {}
            }
        }
        self.status.record_pause(self.pace.is_paused());
        self.operations.push(Operation::Paced { taken, command, answer: answer.clone() });
        envelope.answer(answer);
    }

    /// Ends the run in order, as it stands.
    pub(super) fn stop(&mut self) {
        let at = self.session_instant();
        let _ = self.switch_shut(Reason::Stopped);
        self.abandon_pending();
        self.log.push(Event::Stopped { at });
        self.end(Phase::Stopped);
    }

    /// Answers the adds that are on their way as *stopped*: they were taken, so a replay must meet
    /// them, and nothing follows that they could become.
    pub(super) fn abandon_pending(&mut self) {
        let State::Day(day) = &mut self.state else { return };
        for PendingAdd { envelope, origin, taken, command, .. } in std::mem::take(&mut day.pending)
        {
            let answer = Answer::Stopped;
            self.log.push(Event::Commanded { taken, origin, command, answer: answer.clone() });
            if let Some(envelope) = envelope {
                envelope.answer(answer);
            }
        }
    }

    /// Answers the adds of which every symbol has an outcome.
    pub(super) fn answer_pending(&mut self) {
        let State::Day(day) = &mut self.state else { return };
        let mut waiting = Vec::with_capacity(day.pending.len());
        let mut answers = Vec::new();
        for mut pending in std::mem::take(&mut day.pending) {
            for (symbol, result) in pending.results.iter_mut().filter(|(_, r)| r.is_none()) {
                let member = day.find(symbol).ok().map(|position| &day.members[position]);
                if let Some(member) = member.filter(|member| !member.is_joining) {
                    *result = Some(Added::Added { generation: member.run.generation });
                }
            }
            if pending.results.iter().any(|(_, result)| result.is_none()) {
                waiting.push(pending);
                continue;
            }
            let PendingAdd { envelope, origin, taken, command, results } = pending;
            let results = results.into_iter().filter_map(|(s, result)| Some((s, result?)));
            let answer = Answer::Added(results.collect());
            answers.push((origin.clone(), command.clone(), answer.clone()));
            self.log.push(Event::Commanded { taken, origin, command, answer: answer.clone() });
            if let Some(envelope) = envelope {
                envelope.answer(answer);
            }
        }
        day.pending = waiting;
        for (origin, command, answer) in answers {
            self.keep_answer(&origin, &command, &answer);
        }
    }
}
