//! The locks of this crate's thread protocols, in one place, so that a model checker can stand in
//! for them (`tests/loom_delivery.rs`).

pub(crate) use std::sync::{Condvar, Mutex};
