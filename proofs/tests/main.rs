//! The thread protocols of the board, of commands and of deliveries in every order of their threads,
//! under loom, with `--cfg loom` as `cargo xtask models` builds it; without, the programs that the
//! compiler must refuse. What coordinator keeps to itself is here as the very files that run.

#[cfg(loom)]
mod board;
#[cfg(loom)]
mod commands;
#[cfg(loom)]
mod deliveries;
#[cfg(loom)]
#[path = "../../crates/coordinator/src/consumers/mailbox.rs"]
#[allow(dead_code, reason = "a model walks a part of the protocol")]
mod mailbox;
#[cfg(loom)]
#[path = "../../crates/coordinator/src/control/queue.rs"]
mod queue;
#[cfg(not(loom))]
mod refused;
#[cfg(loom)]
#[path = "../../crates/coordinator/src/consumers/rendezvous.rs"]
#[allow(dead_code, reason = "a model walks a part of the protocol")]
mod rendezvous;
#[cfg(loom)]
#[path = "../../crates/session-data/tests/sample/mod.rs"]
mod sample;
#[cfg(loom)]
mod segment;

/// What the files of coordinator stand on, here.
#[cfg(loom)]
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use loom::sync::{Arc, Condvar, Mutex};

    /// Looking without sleeping is what sleeping is, seen twice.
    pub(crate) const N_LOOKS: u32 = 0;
}
