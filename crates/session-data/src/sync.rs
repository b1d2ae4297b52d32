//! The atomics and cells of this crate: the machine's own, or loom's under `--cfg loom`, so that
//! the very code that runs is the code that is model-checked.

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering, fence};

/// A shared pointer that one writer replaces and any reader loads.
///
/// *Cost*: loading does not lock and does not wait for the writer. Under loom, which knows
/// nothing of `arc_swap`, a mutex stands in: it allows the same orders of replace and load.
#[cfg(not(loom))]
pub(crate) struct Shared<T>(arc_swap::ArcSwap<T>);

#[cfg(not(loom))]
impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Shared<T> {
        Shared(arc_swap::ArcSwap::from_pointee(value))
    }

    pub(crate) fn load(&self) -> std::sync::Arc<T> {
        self.0.load_full()
    }

    pub(crate) fn replace(&self, value: T) {
        self.0.store(std::sync::Arc::new(value));
    }
}

#[cfg(loom)]
pub(crate) struct Shared<T>(loom::sync::Mutex<std::sync::Arc<T>>);

#[cfg(loom)]
impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Shared<T> {
        Shared(loom::sync::Mutex::new(std::sync::Arc::new(value)))
    }

    pub(crate) fn load(&self) -> std::sync::Arc<T> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn replace(&self, value: T) {
        *self.0.lock().unwrap() = std::sync::Arc::new(value);
    }
}
