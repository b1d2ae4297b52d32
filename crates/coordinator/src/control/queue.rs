//! The queue of commands: any thread puts in, the core takes out between two steps.
//!
//! The core looks at one flag where nothing waits; the lock is held for a push or a pop. A channel
//! would keep what waits when its receiver goes, for as long as there are senders, and with it
//! tickets that nobody answers. `proofs/tests/commands.rs` runs this file in every
//! arrangement of threads.

use std::collections::VecDeque;
use std::sync::PoisonError;

use crate::sync::{Arc, AtomicBool, Mutex, Ordering};

/// Why nothing was put in; it comes back.
pub(crate) enum NotTaken<T> {
    /// So many wait that the caller must slow down.
    Full(T),
    /// Nobody takes out any more.
    Over(T),
}

struct Shared<T> {
    line: Mutex<Line<T>>,
    /// Whether something waits; written with the lock held.
    has_waiting: AtomicBool,
}

struct Line<T> {
    waiting: VecDeque<T>,
    len: usize,
    is_over: bool,
}

/// Where commands are put in; cheap to clone.
pub(crate) struct Entrance<T>(Arc<Shared<T>>);

impl<T> Clone for Entrance<T> {
    fn clone(&self) -> Entrance<T> {
        Entrance(Arc::clone(&self.0))
    }
}

/// The core's end. What waits when it is dropped is dropped with it.
pub(crate) struct Waiting<T>(Arc<Shared<T>>);

/// A queue in which `len` may wait; a further one comes back at once, and nobody blocks.
pub(crate) fn queue<T>(len: usize) -> (Entrance<T>, Waiting<T>) {
    let line = Mutex::new(Line { waiting: VecDeque::new(), len, is_over: false });
    let shared = Arc::new(Shared { line, has_waiting: AtomicBool::new(false) });
    (Entrance(Arc::clone(&shared)), Waiting(shared))
}

impl<T> Shared<T> {
    /// Does `work` with the line, and leaves the flag as the line is then.
    fn with_line<R>(&self, work: impl FnOnce(&mut Line<T>) -> R) -> R {
        // Neither a push nor a pop leaves the line half done.
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let done = work(&mut line);
        self.has_waiting.store(!line.waiting.is_empty(), Ordering::Release);
        done
    }
}

impl<T> Entrance<T> {
    /// Puts one in.
    ///
    /// # Errors
    ///
    /// It comes back where the queue is full or over.
    pub(crate) fn give(&self, command: T) -> Result<(), NotTaken<T>> {
        self.0.with_line(|line| {
            if line.is_over {
                return Err(NotTaken::Over(command));
            }
            if line.waiting.len() == line.len {
                return Err(NotTaken::Full(command));
            }
            line.waiting.push_back(command);
            Ok(())
        })
    }
}

impl<T> Waiting<T> {
    /// How many wait now. *Cost*: one load where none does.
    pub(crate) fn n_waiting(&self) -> usize {
        if self.0.has_waiting.load(Ordering::Acquire) {
            self.0.with_line(|line| line.waiting.len())
        } else {
            0
        }
    }

    /// The one that has waited longest.
    pub(crate) fn next(&self) -> Option<T> {
        self.0.with_line(|line| line.waiting.pop_front())
    }

    /// Takes nothing out any more: what waits is dropped, and what comes later comes back.
    pub(crate) fn close(&mut self) {
        let left = self.0.with_line(|line| {
            line.is_over = true;
            std::mem::take(&mut line.waiting)
        });
        drop(left); // Without the lock: an answer may lead to the next command.
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.close();
    }
}
