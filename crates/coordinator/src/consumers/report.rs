//! What one consumer came to in a run, in numbers.

use crate::consumers::worker::Delivery;
use crate::digest::Digest;

/// One consumer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerReport {
    /// Its name.
    pub name: String,
    /// How it is called.
    pub delivery: Delivery,
    /// Signals that it emitted; those of a free consumer come as commands, and are not counted.
    pub n_signals: u64,
    /// Commands that it asked for; those of a free consumer come by the handle, and are not
    /// counted.
    pub n_commands: u64,
    /// Notices that made room in its queue before they were delivered; 0 unless it is free.
    pub n_displaced: u64,
    /// One number for all that it emitted: signals, what it asked for, what became of its orders, how it
    /// failed. It is the same whoever runs beside it; zero where it has emitted nothing.
    pub digest: Digest,
    /// Why it is called no more; absent where it is still called.
    pub failure: Option<String>,
}
