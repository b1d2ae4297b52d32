//! What the thread protocols of this crate stand on, in one place, so that a model checker can
//! stand in for it (`tests/model_*.rs`).

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
