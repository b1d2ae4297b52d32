//! A run as it stands between two sessions: as bytes, with a form and a number by which damage is found.
//!
//! Not here: what is kept, and how a run goes on from it (the engine's `checkpoint`); where checkpoints lie
//! (`openbell-recorder`).

use openbell_time::TradingDate;
use thiserror::Error;
use twox_hash::xxhash3_64::Hasher as Xxh3;

use crate::digest::Digest;
use crate::saved;
use crate::saved::{NotRestored, Saved, restored, saved_bytes};

/// The form of the bytes of checkpoints: another one is refused.
const FORM: u32 = 1;

/// A run as it stands between two sessions, from which another process goes on with it.
///
/// What it comes to from there is bit for bit what the run comes to that took it: event log, digests,
/// accounts, indicators. It is of one session file, one calendar and one history: the first two are whoever
/// keeps it to hold against those of now, the third is held against it by [`Engine::go_on_from`](crate::Engine::go_on_from).
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint {
    pub(crate) session: TradingDate,
    pub(crate) n_events: u64,
    pub(crate) digest: Digest,
    /// What the engine makes of it.
    pub(crate) parts: Vec<u8>,
}
saved!(struct Checkpoint { session, n_events, digest, parts });

/// Why bytes are no checkpoint that this program can go on from.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Another version of the program has written it.
    #[error("it is a checkpoint of form {found}, and this program reads form {known}")]
    OtherForm {
        /// Its form.
        found: u32,
        /// The form that is read.
        known: u32,
    },
    /// It is not what was written.
    #[error("it is damaged: {why}")]
    Damaged {
        /// What is wrong with it.
        why: String,
    },
}

/// Why there is no checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NoCheckpoint {
    /// The run does not stand between two sessions.
    #[error("the run does not stand between two sessions")]
    NotBetween,
    /// Symbols that were asked for are still on their way.
    #[error("symbols that were asked for are still on their way")]
    SymbolsPending,
    /// Strategies are still to be told what became of their orders, since the session closed inactive.
    #[error("the session closed inactive, and strategies are still to be told of their orders")]
    TradesUntold,
    /// Consumers do not say what they keep.
    #[error("{} keeps what it does not save: no restart can give it back", .names.join(", "))]
    Consumers {
        /// Their names.
        names: Vec<String>,
    },
    /// A consumer failed when it was asked.
    #[error("consumer {consumer} could not be saved: {why}")]
    ConsumerFailed {
        /// Its name.
        consumer: String,
        /// What it said.
        why: String,
    },
    /// The accounts do not say what they keep.
    #[error("the accounts do not say what they keep")]
    Accounts,
}

impl Checkpoint {
    /// The session that has closed.
    pub fn session(&self) -> TradingDate {
        self.session
    }

    /// The entries of the event log of the run before it.
    pub fn n_events(&self) -> u64 {
        self.n_events
    }

    /// The digest of the run before it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its bytes: their form, a number by which damage is found, and what is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let kept = saved_bytes(self);
        let mut bytes = saved_bytes(&(FORM, Xxh3::oneshot(&kept)));
        bytes.extend_from_slice(&kept);
        bytes
    }

    /// The checkpoint that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// Another form, or damage.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let damaged = |why: NotRestored| CheckpointError::Damaged { why: why.to_string() };
        let found = u32::read(&mut bytes).map_err(damaged)?;
        if found != FORM {
            return Err(CheckpointError::OtherForm { found, known: FORM });
        }
        if u64::read(&mut bytes).map_err(damaged)? != Xxh3::oneshot(bytes) {
            let why = "its bytes are not those that were written".to_owned();
            return Err(CheckpointError::Damaged { why });
        }
        restored(bytes).map_err(damaged)
    }
}
