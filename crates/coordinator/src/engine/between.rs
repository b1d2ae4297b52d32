//! Commands while no session is there: a live run waits for hours, and nobody waits with it.

use openbell_time::{Timestamp, TradingDate};

use super::After;
use super::core::Core;
use crate::control::command::{Answer, Command, PaceCommand, Refusal, Removed, SessionCommand};
use crate::control::event::{Event, Operation, Origin};
use crate::control::handle::Envelope;
use crate::error::RunError;
use crate::source::recording::{Heard, Look};
use crate::symbol::Membership;

impl Core {
    /// Takes the commands that wait while no session is there. What needs one is taken when the next
    /// is prepared; its ticket stays open until then.
    pub(super) fn take_between(&mut self) -> After {
        for _ in 0..self.commands.n_waiting() {
            let Some(envelope) = self.commands.next() else { break };
            match envelope.command.clone() {
                Command::Pace(command) => self.refuse_pace(command, envelope),
                Command::Session(command) => {
                    let answer = match &command {
                        SessionCommand::Stop => Answer::Done,
                        SessionCommand::RemoveSymbols { symbols } => {
                            let removed = symbols
                                .iter()
                                .map(|symbol| (symbol.clone(), self.remove_carried(symbol)));
                            Answer::Removed(removed.collect())
                        }
                        SessionCommand::Lock { symbol } | SessionCommand::Unlock { symbol } => {
                            let locks = matches!(command, SessionCommand::Lock { .. });
                            self.lock_carried(symbol, locks)
                        }
                        SessionCommand::Signal { signal } => {
                            let at = self.clock.now();
                            let signal = signal.clone();
                            self.record.events.push(Event::Signalled { at, signal });
                            Answer::Done
                        }
                        SessionCommand::AddSymbols { .. }
                        | SessionCommand::AddInterval { .. }
                        | SessionCommand::AddIndicator { .. } => {
                            self.deferred.push_back(envelope);
                            continue;
                        }
                    };
                    let stops = command == SessionCommand::Stop;
                    self.log_between(command, answer.clone());
                    envelope.answer(answer);
                    if stops {
                        return After::Stops;
                    }
                }
            }
        }
        After::GOES_ON
    }

    /// Hands the inputs of a look over to be kept, with the commands since the one before.
    ///
    /// # Errors
    ///
    /// They could not be kept.
    pub(super) fn record_inputs(
        &mut self,
        wall: Timestamp,
        session: TradingDate,
        heard: &[Heard<'_>],
    ) -> Result<(), RunError> {
        let (loaded, step) = (self.loaded(), self.record.n_steps);
        let commands = std::mem::take(&mut self.commanded);
        let Some(recording) = &mut self.recording else { return Ok(()) };
        let look = Look { step, wall, session, heard, commands: &commands, loaded: &loaded };
        let kept = recording.look(&look);
        kept.map_err(|error| RunError::Recording { at: wall, why: error.to_string() })
    }

    /// Hands over the commands that were taken while nothing was looked at.
    ///
    /// # Errors
    ///
    /// They could not be kept.
    pub(super) fn record_commands(&mut self, wall: Timestamp) -> Result<(), RunError> {
        if self.commanded.is_empty() {
            return Ok(());
        }
        self.record_inputs(wall, self.last_date(), &[])
    }

    fn refuse_pace(&mut self, command: PaceCommand, envelope: Envelope) {
        let answer = Answer::Refused(Refusal::LiveSession);
        let taken = self.record.step_at(self.clock.now(), self.last_date());
        self.record.operations.push(Operation::Paced { taken, command, answer: answer.clone() });
        envelope.answer(answer);
    }

    fn log_between(&mut self, command: SessionCommand, answer: Answer) {
        let taken = self.record.step_at(self.clock.now(), self.last_date());
        self.record.count_taken(taken);
        let origin = Origin::Handle;
        if self.recording.is_some() {
            self.commanded.push(command.clone());
        }
        self.record.events.push(Event::Commanded { taken, origin, command, answer });
    }

    /// The session that was there last, or is to be the first.
    fn last_date(&self) -> TradingDate {
        let clock: Timestamp = self.clock.now();
        let past = self.plan.sessions.iter().rev().find(|session| session.open <= clock);
        past.unwrap_or(&self.plan.sessions[0]).date
    }

    /// Between sessions only those are there that were asked to stay.
    fn remove_carried(&mut self, symbol: &openbell_market::Symbol) -> Removed {
        let place = self.carried.iter().position(|run| run.symbol == *symbol);
        match place {
            Some(at) if !self.carried[at].locks.is_empty() => Removed::Refused(Refusal::Locked),
            Some(at) if self.carried[at].membership != Membership::Configured => {
                drop(self.carried.remove(at));
                Removed::Removed
            }
            // A configured one would be back with the next session.
            Some(_) => Removed::Refused(Refusal::NotRunning),
            None => Removed::NotPresent,
        }
    }

    fn lock_carried(&mut self, symbol: &openbell_market::Symbol, locks: bool) -> Answer {
        let Some(run) = self.carried.iter_mut().find(|run| run.symbol == *symbol) else {
            return Answer::NotPresent;
        };
        if locks {
            run.locks.insert(None);
        } else {
            run.locks.clear();
        }
        Answer::Done
    }
}
