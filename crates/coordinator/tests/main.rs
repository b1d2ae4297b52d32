//! The thread protocols of this crate in every arrangement of threads: the very files that run, on
//! loom's locks and atomics in place of the machine's.

#[path = "../src/consumers/mailbox.rs"]
#[allow(dead_code, reason = "a model walks a part of the protocol")]
mod mailbox;
#[path = "../src/control/queue.rs"]
mod queue;
#[path = "../src/consumers/rendezvous.rs"]
#[allow(dead_code, reason = "a model walks a part of the protocol")]
mod rendezvous;

mod model_commands;
mod model_delivery;

/// What those files stand on, here.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use loom::sync::{Arc, Condvar, Mutex};

    /// Looking without sleeping is what sleeping is, seen twice.
    pub(crate) const N_LOOKS: u32 = 0;
}
