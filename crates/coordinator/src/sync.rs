//! The locks of this crate's thread protocols, in one place, so that a model checker can stand in
//! for them (`tests/model_*.rs`).

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex};

/// Looks of the core at what a seat does, before it goes to sleep: at full speed the seat answers
/// within microseconds, and a wake-up costs tens of them. Seats do not look: many of them would
/// keep each other from working.
pub(crate) const N_LOOKS: u32 = 32;
