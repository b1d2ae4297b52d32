//! Who waits for commands is woken by them.

use std::sync::{Arc, Mutex, PoisonError};

use openbell_time::WallClock;

/// The wall clock by which the core waits, once it does; shared by all handles of a run.
#[derive(Clone, Default)]
pub(crate) struct Waker(Arc<Mutex<Option<Arc<dyn WallClock>>>>);

impl Waker {
    /// The core waits by `wall` from now on.
    pub(crate) fn wakes(&self, wall: Arc<dyn WallClock>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(wall);
    }

    /// Ends the wait of the core, or its next one.
    pub(crate) fn wake(&self) {
        // Whole at every instant. Not held while waking: that may wait for a lock of the clock.
        let wall = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(wall) = wall {
            wall.wake();
        }
    }
}
