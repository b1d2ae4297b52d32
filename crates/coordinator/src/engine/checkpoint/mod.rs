//! What a run needs in order to go on where a session has closed, without the sessions before it.
//!
//! Kept is what cannot be made again: digests, counts, who is a member and why, what is locked, the accounts,
//! what consumers have in memory. Made again, by the code that makes a symbol which joins at noon as if it
//! had always been there, is what follows from bars: indicators, weeks that are forming, trailing windows.
//! Of those a checkpoint holds a number each, so that history which is not what it was is found and named.
//!
//! Not here: where checkpoints lie (`openbell-recorder`).

mod parts;
mod restore;

use super::core::Core;
use super::{Engine, State};
use crate::checkpoint::{Checkpoint, NoCheckpoint};
use crate::consumers::saving::Unsaved;
use crate::error::RunError;
use crate::saved::saved_bytes;
use parts::Parts;

impl Engine {
    /// What the run needs in order to go on from here, where a session has closed and another is to follow.
    ///
    /// *Cost*: consumers are asked what they keep; a number over all that trailing windows hold.
    ///
    /// # Errors
    ///
    /// Why there is none: nothing has changed then.
    pub fn checkpoint(&mut self) -> Result<Checkpoint, NoCheckpoint> {
        let State::Between { next } = self.state else { return Err(NoCheckpoint::NotBetween) };
        self.core.checkpoint(next)
    }
}

impl Core {
    /// The checkpoint before session `next`.
    fn checkpoint(&mut self, next: usize) -> Result<Checkpoint, NoCheckpoint> {
        let Some(last) = next.checked_sub(1).filter(|_| self.resuming.is_none()) else {
            return Err(NoCheckpoint::NotBetween);
        };
        let is_pending = !(self.loading.is_empty()
            && self.carried_adds.is_empty()
            && self.deferred.is_empty()
            && self.asked_of.is_empty());
        if is_pending {
            return Err(NoCheckpoint::SymbolsPending);
        }
        let accounts = match &self.trading {
            None => None,
            Some(trading) if !trading.untold.is_empty() => return Err(NoCheckpoint::TradesUntold),
            Some(trading) => Some(trading.matching.save().ok_or(NoCheckpoint::Accounts)?),
        };
        let consumers = self.consumers.save().map_err(|unsaved| match unsaved {
            Unsaved::Silent(names) => NoCheckpoint::Consumers { names },
            Unsaved::Failed { consumer, why } => NoCheckpoint::ConsumerFailed { consumer, why },
        })?;
        Ok(Checkpoint {
            session: self.plan.sessions[last].date,
            n_events: self.record.n_events(),
            digest: self.record.digest_so_far().whole(),
            parts: saved_bytes(&Parts::of(self, next, consumers, accounts)),
        })
    }

    /// Hands the checkpoint of a live session that has closed to the recording, once, before anything else
    /// is done: what the session has led to has been written elsewhere by now.
    pub(super) fn keep_checkpoint(&mut self, next: usize) -> Result<(), RunError> {
        if !std::mem::take(&mut self.is_checkpoint_due) || self.recording.is_none() {
            return Ok(());
        }
        let checkpoint = self.checkpoint(next);
        let Some(recording) = &mut self.recording else { return Ok(()) };
        recording
            .checkpoint(&checkpoint)
            .map_err(|error| RunError::Recording { at: self.clock.now(), why: error.to_string() })
    }
}
