//! The recording of a run that is repeated: nothing is kept, all is compared.

use openbell_coordinator::{Checkpoint, Look, NoCheckpoint, Recording, RecordingError};

use super::player::Shared;

/// Holds every step against the recorded one; behind the last the steps go to another recording.
pub(super) struct Held {
    player: Shared,
    then: Option<Box<dyn Recording>>,
}

impl Held {
    pub(super) fn new(player: Shared, then: Option<Box<dyn Recording>>) -> Held {
        Held { player, then }
    }
}

impl Recording for Held {
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError> {
        let is_new = self.player.lock().take(look)?;
        match &mut self.then {
            Some(then) if is_new => then.look(look),
            Some(_) | None => Ok(()),
        }
    }

    fn checkpoint(
        &mut self,
        checkpoint: &Result<Checkpoint, NoCheckpoint>,
    ) -> Result<(), RecordingError> {
        let is_over = self.player.lock().is_over();
        match &mut self.then {
            // Of a session that was repeated whole it was kept then.
            Some(then) if is_over => then.checkpoint(checkpoint),
            Some(_) | None => Ok(()),
        }
    }
}
