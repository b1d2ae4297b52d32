//! An add that is answered when its last symbol has joined.

use openbell_market::Symbol;

use super::record::Record;
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

impl PendingAdd {
    /// The answer, where every symbol has an outcome.
    pub(super) fn answer(&self) -> Option<Answer> {
        let results = self.results.iter();
        let results = results.map(|(symbol, added)| Some((symbol.clone(), added.clone()?)));
        results.collect::<Option<_>>().map(Answer::Added)
    }

    /// Logs the command with its `answer`, and gives it to who asked.
    pub(super) fn conclude(self, record: &mut Record, answer: Answer) {
        let PendingAdd { envelope, origin, taken, command, .. } = self;
        let commanded = Event::Commanded { taken, origin, command, answer: answer.clone() };
        record.events.push(commanded);
        if let Some(envelope) = envelope {
            envelope.answer(answer);
        }
    }
}
