//! An add that is answered when its last symbol has joined.

use openbell_market::Symbol;

use super::core::Core;
use crate::control::command::{Added, Answer, SessionCommand, StepAt};
use crate::control::event::{Event, Origin};
use crate::control::handle::Envelope;

/// An add on its way.
pub(super) struct PendingAdd {
    pub(super) envelope: Option<Envelope>,
    pub(super) origin: Origin,
    pub(super) taken: StepAt,
    pub(super) command: SessionCommand,
    /// One for each symbol, in the order asked; `None` as long as it is on its way.
    pub(super) results: Vec<(Symbol, Option<Added>)>,
}

impl Core {
    /// Answers the commands and adds that waited for a session which does not come.
    pub(super) fn abandon_carried(&mut self) {
        for pending in std::mem::take(&mut self.carried_adds) {
            pending.conclude(self, Answer::Stopped);
        }
        self.loading.clear();
        self.deferred.clear(); // What is dropped answers *stopped*.
    }
}

impl PendingAdd {
    /// The answer, where every symbol has an outcome.
    pub(super) fn answer(&self) -> Option<Answer> {
        let results = self.results.iter();
        let results = results.map(|(symbol, added)| Some((symbol.clone(), added.clone()?)));
        results.collect::<Option<_>>().map(Answer::Added)
    }

    /// Logs the command with its `answer`, and gives it to who asked.
    pub(super) fn conclude(self, core: &mut Core, answer: Answer) {
        let PendingAdd { envelope, origin, taken, command, .. } = self;
        let commanded = Event::Commanded { taken, origin, command, answer: answer.clone() };
        core.record.events.push(commanded);
        if let Some(envelope) = envelope {
            envelope.answer(answer);
        }
    }
}
