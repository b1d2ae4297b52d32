//! What is asked of a run, what it answers and logs, and what can be polled of it.

pub(crate) mod asked;
pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod facts;
pub(crate) mod handle;
pub(crate) mod queue;
pub(crate) mod signal;
pub(crate) mod status;
pub(crate) mod verdict;
pub(crate) mod waker;
pub(crate) mod ways_out;
pub(crate) mod why;
