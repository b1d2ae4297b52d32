//! What the plain run makes of commands, and what it answers.

use openbell_coordinator::{
    AddFailure, Added, Answer, Event, Origin, Phase, Refusal, Removed, SessionCommand, Stay,
    StepAt, UnknownSymbol,
};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Reason;

use super::session_model::{Membership, Pending, SessionModel, some_failure};

impl SessionModel<'_> {
    pub(super) fn take(
        &mut self,
        command: SessionCommand,
        origin: Origin,
        command_idx: Option<usize>,
    ) {
        let (step, n_taken) = self.taken_after;
        let order = if step == self.n_steps { n_taken } else { 0 };
        self.taken_after = (self.n_steps, order + 1);
        let session = self.scenario.stretch.days[self.day].date;
        let taken = StepAt { step: self.n_steps, order, clock: self.gate.clock, session };
        let answer = match &command {
            SessionCommand::AddSymbols { symbols, stay } => {
                self.n_adds_in_catch_up += u64::from(self.gate.backlog().is_some());
                let results = symbols.iter().map(|s| (s.clone(), self.add(s, *stay))).collect();
                self.pending.push(Pending { command_idx, origin, taken, command, results });
                self.settle();
                self.answer_pending();
                return;
            }
            SessionCommand::RemoveSymbols { symbols } => {
                Answer::Removed(symbols.iter().map(|s| (s.clone(), self.remove(s))).collect())
            }
            SessionCommand::Lock { symbol } => self.lock(symbol, true),
            SessionCommand::Unlock { symbol } => self.lock(symbol, false),
            SessionCommand::AddInterval { interval } => self.add_interval(*interval),
            SessionCommand::AddIndicator { spec } if self.indicators.contains(spec) => {
                Answer::AlreadyPresent
            }
            SessionCommand::AddIndicator { spec } => {
                let answer = self.add_interval(spec.interval());
                if answer == Answer::AlreadyPresent || answer == Answer::Done {
                    self.indicators.push(*spec);
                    self.members_changed = true;
                    Answer::Done
                } else {
                    answer
                }
            }
            _ => Answer::Done, // Stop.
        };
        let stops = command == SessionCommand::Stop;
        self.answer(command_idx, &answer);
        self.events.push(Event::Commanded { taken, origin, command, answer });
        if stops {
            self.gate.shut();
            self.note_switches(Reason::Stopped);
            self.abandon();
            self.events.push(Event::Stopped { at: Some(self.gate.clock) });
            self.end(Phase::Stopped);
            return;
        }
        self.settle();
        self.answer_pending();
    }

    fn add(&mut self, symbol: &Symbol, stay: Stay) -> Option<Added> {
        if self.members.contains_key(symbol) {
            return Some(Added::AlreadyPresent);
        }
        let Some(symbol_idx) = self.position(symbol) else {
            return Some(Added::Refused(Refusal::UnknownSymbol(UnknownSymbol {
                symbol: symbol.clone(),
                source: String::new(),
                nearest: None,
            })));
        };
        let known = &self.scenario.symbols[symbol_idx];
        if known.rows.is_none() || known.unreadable_since() <= self.gate.clock {
            return Some(Added::Failed(AddFailure::Load(some_failure())));
        }
        let generation = self.generations.get(symbol).copied().unwrap_or(0) + 1;
        self.generations.insert(symbol.clone(), generation);
        let stays = stay == Stay::Run || self.scenario.configured.contains(symbol);
        let member = Membership { symbol_idx, generation, is_locked: false, stays };
        self.members.insert(symbol.clone(), member);
        self.gate.join(symbol.clone(), self.closes(symbol_idx));
        self.announced.retain(|(known, _), _| known != symbol);
        self.members_changed = true;
        None
    }

    fn remove(&mut self, symbol: &Symbol) -> Removed {
        let Some(member) = self.members.get(symbol) else { return Removed::NotPresent };
        if member.is_locked {
            return Removed::Refused(Refusal::Locked);
        }
        self.members.remove(symbol);
        let is_joining = self.gate.members.get(symbol).is_some_and(|member| member.is_joining);
        self.gate.leave(symbol);
        self.members_changed = true;
        if is_joining {
            for (asked, result) in self.pending.iter_mut().flat_map(|p| &mut p.results) {
                if asked == symbol && result.is_none() {
                    *result = Some(Added::Failed(AddFailure::Load(some_failure())));
                }
            }
        } else {
            self.left_unnotified.push(symbol.clone());
        }
        self.events.push(Event::Left { symbol: symbol.clone(), at: self.gate.clock });
        Removed::Removed
    }

    fn lock(&mut self, symbol: &Symbol, is_locked: bool) -> Answer {
        match self.members.get_mut(symbol) {
            Some(member) => {
                member.is_locked = is_locked;
                Answer::Done
            }
            None => Answer::NotPresent,
        }
    }

    fn add_interval(&mut self, interval: BarInterval) -> Answer {
        let base = self.scenario.base;
        if interval == base || self.derived.contains(&interval) {
            return Answer::AlreadyPresent;
        }
        let made_of = |clock: openbell_market::ClockInterval| {
            clock.as_secs().is_multiple_of(base.clock().map_or(1, |base| base.as_secs()))
        };
        if !interval.clock().is_none_or(made_of) {
            return Answer::Refused(Refusal::NotDerivable { interval, base });
        }
        self.derived.insert(interval);
        self.members_changed = true;
        // A new interval begins to be announced with its next bar.
        for (symbol, member) in &self.members {
            let series = self.oracle.series(self.day, member.symbol_idx, interval);
            let n_visible = series.n_visible(self.gate.clock);
            self.announced.insert((symbol.clone(), interval), n_visible);
        }
        Answer::Done
    }

    pub(super) fn answer_pending(&mut self) {
        for mut pending in std::mem::take(&mut self.pending) {
            for (symbol, result) in pending.results.iter_mut().filter(|(_, r)| r.is_none()) {
                if self.gate.members.get(symbol).is_some_and(|member| !member.is_joining) {
                    let generation = self.members[symbol].generation;
                    *result = Some(Added::Added { generation });
                }
            }
            if pending.results.iter().any(|(_, result)| result.is_none()) {
                self.pending.push(pending);
                continue;
            }
            let results = pending.results.into_iter().filter_map(|(s, result)| Some((s, result?)));
            let answer = Answer::Added(results.collect());
            self.answer(pending.command_idx, &answer);
            let Pending { origin, taken, command, .. } = pending;
            self.events.push(Event::Commanded { taken, origin, command, answer });
        }
    }

    pub(super) fn abandon(&mut self) {
        for Pending { command_idx, origin, taken, command, .. } in std::mem::take(&mut self.pending)
        {
            let answer = Answer::Stopped;
            self.answer(command_idx, &answer);
            self.events.push(Event::Commanded { taken, origin, command, answer });
        }
    }

    fn answer(&mut self, command_idx: Option<usize>, answer: &Answer) {
        if let Some(idx) = command_idx {
            self.answers.insert(idx, answer.clone());
        }
    }
}
