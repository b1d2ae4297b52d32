//! The state of the run, made once for all who ask, at most ten times a second; and anew once a command is
//! answered, so that whoever gave it finds what it did.

use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{Handle, Phase, Status};
use openbell_time::{Nanos, Timestamp};
use openbell_wire::engine::StatusFacts;
use openbell_wire::status as wire;

/// How long one is good for.
const GOOD_FOR: Nanos = Nanos::from_nanos(100_000_000);

/// The state of the run at one instant.
pub(crate) struct Snapshot {
    pub(crate) raw: Status,
    pub(crate) status: wire::Status,
    /// How often the gate has switched.
    pub(crate) epoch: Option<u64>,
    /// The publication that readers see; absent while the gate is shut.
    pub(crate) publication: Option<u64>,
}

impl Snapshot {
    /// The state as it stands.
    ///
    /// *Cost*: linear in the symbols; never waits for the core.
    fn take(handle: &Handle, facts: StatusFacts<'_>) -> Snapshot {
        let raw = handle.status();
        // The status was made of one reading of the gate: what it says of it stands above a later look.
        let (epoch, publication) = match &raw.inactive {
            Some(inactive) => (Some(inactive.facts().epoch), None),
            None => match handle.reader().view() {
                Ok(view) => (Some(view.epoch()), Some(view.publication())),
                Err(_) => (None, None), // It shut in between, and the next snapshot says so.
            },
        };
        Snapshot { status: wire::Status::of(&raw, facts), raw, epoch, publication }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.raw.phase
    }
}

/// The one that was made last.
#[derive(Default)]
pub(crate) struct Latest(Mutex<Option<Made>>);

struct Made {
    /// The wall clock and the commands answered by then.
    at: Timestamp,
    n_answered: u64,
    snapshot: Arc<Snapshot>,
}

impl Latest {
    /// A snapshot that is no older than a tenth of a second when the wall clock shows `wall`, and no older
    /// than the last of the `n_answered` commands.
    pub(crate) fn snapshot(
        &self,
        handle: &Handle,
        facts: StatusFacts<'_>,
        (wall, n_answered): (Timestamp, u64),
    ) -> Arc<Snapshot> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner); // Whole at every instant.
        if let Some(made) = latest.as_ref()
            && made.n_answered == n_answered
            && made.at <= wall
            && wall < made.at + GOOD_FOR
        {
            return Arc::clone(&made.snapshot);
        }
        let snapshot = Arc::new(Snapshot::take(handle, facts));
        *latest = Some(Made { at: wall, n_answered, snapshot: Arc::clone(&snapshot) });
        snapshot
    }
}
