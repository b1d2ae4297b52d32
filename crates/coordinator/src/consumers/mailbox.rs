//! The bounded queue of a free consumer: the core puts notices in and never waits; when it is
//! full, the oldest notice makes room and is counted.
//!
//! The newest are kept, because a free consumer sees *now*. The lock is held for a push or a pop,
//! never while a callback runs.

use std::collections::VecDeque;
use std::sync::PoisonError;

use crate::sync::{Condvar, Mutex};

/// What made room, or was too old when its turn came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Lost {
    pub(crate) n_notices: u64,
    pub(crate) n_bars: u64,
}

/// A queue as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    pub(crate) n_waiting: u64,
    pub(crate) n_displaced: u64,
    pub(crate) is_full: bool,
}

impl Lost {
    pub(crate) fn add(&mut self, other: Lost) {
        self.n_notices += other.n_notices;
        self.n_bars += other.n_bars;
    }

    pub(crate) fn is_nothing(self) -> bool {
        self.n_notices == 0
    }
}

struct Queue<T> {
    queue: VecDeque<(T, u64)>,
    lost: Lost,
    /// Whether the reader waits to be woken.
    is_awaited: bool,
    /// The core puts nothing in any more.
    is_closed: bool,
    /// Why the reader has gone, where it has.
    left: Option<Left>,
}

/// Why the reader of a mailbox has gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// Its worker was dropped.
    Dropped,
    /// Its consumer failed.
    Failed(String),
}

/// What became of a notice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Put {
    /// It is in the queue.
    Kept,
    /// It is in the queue, and the oldest one is not any more.
    Displaced(Lost),
    /// Nobody reads any more.
    Gone(Left),
}

/// The queue.
pub(crate) struct Mailbox<T> {
    inner: Mutex<Queue<T>>,
    wakes: Condvar,
    n_max: usize,
}

impl<T> Mailbox<T> {
    /// A queue for `n_max` notices, at least 1.
    pub(crate) fn new(n_max: usize) -> Mailbox<T> {
        let inner = Queue {
            queue: VecDeque::new(),
            lost: Lost::default(),
            is_awaited: false,
            is_closed: false,
            left: None,
        };
        Mailbox { inner: Mutex::new(inner), wakes: Condvar::new(), n_max: n_max.max(1) }
    }

    /// Core: puts a notice of `n_bars` bars in.
    pub(crate) fn put(&self, notice: T, n_bars: u64) -> Put {
        let mut displaced = None;
        let wakes = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(left) = &inner.left {
                return Put::Gone(left.clone());
            }
            if inner.queue.len() == self.n_max
                && let Some((_oldest, n_bars)) = inner.queue.pop_front()
            {
                let lost = Lost { n_notices: 1, n_bars };
                inner.lost.add(lost);
                displaced = Some(lost);
            }
            inner.queue.push_back((notice, n_bars));
            std::mem::take(&mut inner.is_awaited)
        };
        if wakes {
            self.wakes.notify_one();
        }
        displaced.map_or(Put::Kept, Put::Displaced)
    }

    /// Anyone: how many notices wait, and how many made room since one was taken.
    pub(crate) fn as_it_stands(&self) -> Standing {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        Standing {
            n_waiting: inner.queue.len() as u64,
            n_displaced: inner.lost.n_notices,
            is_full: inner.queue.len() == self.n_max,
        }
    }

    /// Core: puts nothing in any more. What is there can still be taken.
    pub(crate) fn close(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        self.wakes.notify_all();
    }

    /// Reader: waits for the oldest notice, with what was lost before it; `None` when the queue
    /// is closed and empty.
    pub(crate) fn take(&self) -> Option<(Lost, T, u64)> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some((notice, n_bars)) = inner.queue.pop_front() {
                return Some((std::mem::take(&mut inner.lost), notice, n_bars));
            }
            if inner.is_closed {
                return None;
            }
            inner.is_awaited = true;
            inner = self.wakes.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reader: nobody reads any more. The first reason counts.
    pub(crate) fn leave(&self, why: Left) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.queue.clear();
        inner.left.get_or_insert(why);
    }
}
