//! The locks of this crate's thread protocols, in one place, so that a model checker can stand in
//! for them (`proofs/tests`).

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex};

/// Polls of the core for what a worker does, before it sleeps: at full speed the worker answers
/// within microseconds, and a wake-up costs tens of them. Workers do not poll: many of them would
/// keep each other from working.
pub(crate) const N_LOOKS: u32 = 32;
