//! The atomics and cells of this crate: the machine's own, or loom's under `--cfg loom`, so that
//! the very code that runs is the code that is model-checked.

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering, fence};

/// A shared pointer that one writer replaces and any reader loads.
///
/// *Cost*: loading does not lock and does not wait for the writer. Under loom, which knows
/// nothing of `arc_swap`, the place of the value among all that were ever stored stands in,
/// released by the writer and acquired by readers: a reader may load an older value than the
/// newest, unless something else that it has seen forbids it.
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
pub(crate) struct Shared<T> {
    stored: std::sync::Mutex<Vec<std::sync::Arc<T>>>,
    newest: AtomicUsize,
}

#[cfg(loom)]
impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Shared<T> {
        let stored = std::sync::Mutex::new(vec![std::sync::Arc::new(value)]);
        Shared { stored, newest: AtomicUsize::new(0) }
    }

    pub(crate) fn load(&self) -> std::sync::Arc<T> {
        let place = self.newest.load(Ordering::Acquire);
        std::sync::Arc::clone(&self.stored.lock().unwrap()[place])
    }

    pub(crate) fn replace(&self, value: T) {
        let place = {
            let mut stored = self.stored.lock().unwrap();
            stored.push(std::sync::Arc::new(value));
            stored.len() - 1
        };
        self.newest.store(place, Ordering::Release);
    }
}
