//! Commands while no session is there: a live run waits for hours, and nobody waits with it.

use openbell_market::Symbol;
use openbell_time::{Timestamp, TradingDate};

use super::After;
use super::core::Core;
use crate::control::command::{Answer, Command, Refusal, Removed, SessionCommand};
use crate::control::event::{Event, Origin};
use crate::control::handle::Envelope;
use crate::symbol::Membership;
use crate::symbol::locks::Lock;

impl Core {
    /// Takes the commands `waiting` at the instant `wall` while no session is there. What needs one is
    /// taken when the next is prepared; its ticket stays open until then.
    pub(super) fn take_between(&mut self, waiting: Vec<Envelope>, wall: Timestamp) -> After {
        for envelope in waiting {
            let session = self.last_date();
            match envelope.command.clone() {
                Command::Pace(command) => self.take_pace(command, envelope, session, wall),
                Command::Session(command) => match self.answer_between(&command) {
                    None => self.deferred.push_back(envelope),
                    Some(answer) => {
                        let stops = command == SessionCommand::Stop;
                        let origin = Origin::Handle;
                        let taken = self.take_command(session);
                        let logged = answer.clone();
                        let commanded = Event::Commanded { taken, origin, command, answer: logged };
                        self.record.events.push(commanded);
                        envelope.answer(answer);
                        if stops {
                            return After::Stops;
                        }
                    }
                },
            }
        }
        After::GOES_ON
    }

    /// Does what a command asks for; `None` where that needs a session.
    fn answer_between(&mut self, command: &SessionCommand) -> Option<Answer> {
        Some(match command {
            SessionCommand::Stop => Answer::Done,
            SessionCommand::RemoveSymbols { symbols } => {
                let removed =
                    symbols.iter().map(|symbol| (symbol.clone(), self.remove_carried(symbol)));
                Answer::Removed(removed.collect())
            }
            SessionCommand::Lock { symbol } => self.lock_carried(symbol, Lock::Put),
            SessionCommand::Unlock { symbol } => self.lock_carried(symbol, Lock::Lift),
            SessionCommand::Signal { signal } => {
                let at = self.clock.now();
                self.record.events.push(Event::Signalled { at, signal: signal.clone() });
                Answer::Done
            }
            SessionCommand::AddSymbols { .. }
            | SessionCommand::AddInterval { .. }
            | SessionCommand::AddIndicator { .. } => return None,
        })
    }

    /// The session that was there last, or is to be the first.
    pub(super) fn last_date(&self) -> TradingDate {
        let clock = self.clock.now();
        let past = self.plan.sessions.iter().rev().find(|session| session.open <= clock);
        past.unwrap_or(&self.plan.sessions[0]).date
    }

    /// Between sessions only those are there that were asked to stay.
    fn remove_carried(&mut self, symbol: &Symbol) -> Removed {
        let place = self.carried.iter().position(|run| run.symbol == *symbol);
        match place {
            Some(at) if self.carried[at].locks.is_locked() => Removed::Refused(Refusal::Locked),
            Some(at) if self.carried[at].membership != Membership::Configured => {
                if let Some(refusal) = self.kept_by_account(symbol) {
                    return Removed::Refused(refusal);
                }
                drop(self.carried.remove(at));
                Removed::Removed
            }
            // A configured one would be back with the next session.
            Some(_) => Removed::Refused(Refusal::NotRunning),
            None => Removed::NotPresent,
        }
    }

    fn lock_carried(&mut self, symbol: &Symbol, lock: Lock) -> Answer {
        let Some(run) = self.carried.iter_mut().find(|run| run.symbol == *symbol) else {
            return Answer::NotPresent;
        };
        run.locks.change(lock, &Origin::Handle);
        Answer::Done
    }
}
