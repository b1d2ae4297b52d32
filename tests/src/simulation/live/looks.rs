//! The inputs of a live run as it hands them over, kept in memory, and the vendors with which it goes
//! on where they end.

use openbell_coordinator::{Look, Recording, RecordingError};
use openbell_data_manager::Feed;
use openbell_market::SeriesKey;
use openbell_recorder::{HandedOut, MemoryRecording, Onward, RecordedLook, RecorderError};
use openbell_time::Timestamp;

use super::vendor::{Instant, Shared, Vendors};

/// The steps of a run, in order, and at which true time each was taken.
#[derive(Clone)]
pub struct KeptLooks {
    kept: MemoryRecording,
    at: Shared<Vec<Timestamp>>,
}

impl KeptLooks {
    /// Nothing so far.
    pub fn new() -> KeptLooks {
        KeptLooks { kept: MemoryRecording::default(), at: Shared::new(Vec::new()) }
    }

    /// How many there are.
    pub fn n_looks(&self) -> usize {
        self.kept.n_looks()
    }

    /// The first `n_looks` of them, to be played back.
    pub fn first(
        &self,
        n_looks: usize,
    ) -> impl Iterator<Item = Result<RecordedLook, RecorderError>> + Send + 'static {
        self.kept.looks().into_iter().take(n_looks).map(Ok)
    }

    /// How many commands the first `n_looks` of them have, and when the last was taken.
    pub fn state_after(&self, n_looks: usize) -> (usize, Option<Instant>) {
        let looks = &self.kept.looks()[..n_looks];
        let n_commands = looks.iter().map(|look| look.commands.len()).sum();
        let last =
            looks.last().map(|look| Instant { at: self.at.lock()[n_looks - 1], wall: look.wall });
        (n_commands, last)
    }

    /// What keeps them, by the clock `now`.
    pub fn keeping(&self, now: Shared<Instant>) -> Box<dyn Recording> {
        Box::new(Keeping { looks: self.clone(), now })
    }
}

struct Keeping {
    looks: KeptLooks,
    now: Shared<Instant>,
}

impl Recording for Keeping {
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError> {
        self.looks.at.lock().push(self.now.lock().at);
        self.looks.kept.look(look)
    }
}

/// The vendors are what they were: as after a process that was killed and is there again.
pub struct Alive(pub Vendors);

impl Onward for Alive {
    fn feed(&self, key: &SeriesKey, after: &HandedOut) -> Box<dyn Feed> {
        self.0.after_polls(key, after.nth, after.n_polls)
    }
}
