//! A recording in memory: for tests, and for a service that keeps a session's inputs by itself.

use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{Look, Recording, RecordingError};

use crate::look::RecordedLook;

/// Keeps every step in memory; clones share what is kept.
///
/// ```
/// use openbell_recorder::MemoryRecording;
///
/// let recording = MemoryRecording::default();
/// // engine.record_with(Box::new(recording.clone()));
/// assert_eq!(recording.looks(), []);
/// ```
#[derive(Clone, Default, Debug)]
pub struct MemoryRecording(Arc<Mutex<Vec<RecordedLook>>>);

impl MemoryRecording {
    /// What is kept so far.
    pub fn looks(&self) -> Vec<RecordedLook> {
        self.kept().clone()
    }

    /// How many steps are kept so far.
    pub fn n_looks(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<RecordedLook>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // A push is done or not.
    }
}

impl Recording for MemoryRecording {
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError> {
        self.kept().push(RecordedLook::of(look));
        Ok(())
    }
}
