//! What consumers keep in memory, for a checkpoint, and taken back.

use super::notice::{guarded, saved};
use super::rendezvous::Reply;
use super::worker::{Done, LockStep, Work};
use super::{Consumers, Endpoint, Registered};
use crate::consumers::consumer::Consumer;
use crate::saved;

/// What a checkpoint holds of one consumer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct SavedConsumer {
    pub(crate) name: String,
    pub(crate) n_signals: u64,
    pub(crate) n_commands: u64,
    /// Why it is called no more.
    pub(crate) failure: Option<String>,
    /// What it keeps; absent of one that is called no more, and of a free one.
    pub(crate) kept: Option<Vec<u8>>,
}
saved!(struct SavedConsumer { name, n_signals, n_commands, failure, kept });

/// Why consumers cannot be saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Unsaved {
    /// They do not say what they keep: the names of all of them.
    Silent(Vec<String>),
    /// One failed when it was asked.
    Failed { consumer: String, why: String },
}

impl Consumers {
    /// What all consumers keep, in order of registration. Lock-step ones are waited for.
    pub(crate) fn save(&self) -> Result<Vec<SavedConsumer>, Unsaved> {
        let (mut all, mut silent) = (Vec::new(), Vec::new());
        for known in &self.consumers {
            let kept = match known.save() {
                Ok(kept) => kept,
                Err(why) => return Err(Unsaved::Failed { consumer: known.name.clone(), why }),
            };
            if kept.is_none() && known.has_to_save() {
                silent.push(known.name.clone());
            }
            all.push(SavedConsumer {
                name: known.name.clone(),
                n_signals: known.n_signals,
                n_commands: known.n_commands,
                failure: known.failure.clone(),
                kept,
            });
        }
        if silent.is_empty() { Ok(all) } else { Err(Unsaved::Silent(silent)) }
    }

    /// The consumer that was registered last goes on from a checkpoint.
    pub(crate) fn restore_last(&mut self, saved: SavedConsumer) {
        let Some(last) = self.consumers.last_mut() else { return };
        last.n_signals = saved.n_signals;
        last.n_commands = saved.n_commands;
        last.failure = saved.failure;
        let listens = |known: &Registered| known.runs() && !known.subscription.is_none();
        self.wants_bars = self.consumers.iter().any(listens);
    }
}

impl Registered {
    /// Whether no checkpoint can do without what it keeps.
    fn has_to_save(&self) -> bool {
        self.runs() && !matches!(self.endpoint, Endpoint::Free(_))
    }

    fn save(&self) -> Result<Option<Vec<u8>>, String> {
        if !self.has_to_save() {
            return Ok(None);
        }
        match &self.endpoint {
            Endpoint::Inline(consumer) => saved(consumer.as_ref()),
            Endpoint::LockStep(rendezvous) => save_by_worker(rendezvous),
            Endpoint::Free(_) => Ok(None),
        }
    }
}

/// Asks the worker, and waits for it.
fn save_by_worker(rendezvous: &LockStep) -> Result<Option<Vec<u8>>, String> {
    if rendezvous.is_empty() {
        return Err("nobody runs its worker".to_owned());
    }
    rendezvous.give(Work::Save);
    match rendezvous.wait() {
        Reply::Done(Done { outcome, saved, .. }) => outcome.map(|()| saved),
        Reply::Question(_) | Reply::Gone => Err("its worker was dropped".to_owned()),
    }
}

/// Gives a consumer back what it kept.
pub(crate) fn restore(consumer: &mut dyn Consumer, kept: &[u8]) -> Result<(), String> {
    guarded(|| consumer.restore(kept))
}
