//! The queue of commands: any thread puts in, the core takes out between two steps.
//!
//! The core looks at one flag where nothing waits. `tests/model_commands.rs` runs this file in
//! every arrangement of threads.

use crate::sync::{Arc, AtomicBool, Ordering, Receiver, Sender, TrySendError, bounded};

/// Why nothing was put in; it comes back.
pub(crate) enum NotTaken<T> {
    /// So many wait that the caller must slow down.
    Full(T),
    /// Nobody takes out any more.
    Over(T),
}

/// Where commands are put in; cheap to clone.
pub(crate) struct Entrance<T> {
    sender: Sender<T>,
    has_waiting: Arc<AtomicBool>,
}

impl<T> Clone for Entrance<T> {
    fn clone(&self) -> Entrance<T> {
        Entrance { sender: self.sender.clone(), has_waiting: Arc::clone(&self.has_waiting) }
    }
}

/// The core's end. What waits when it is dropped is dropped with it.
pub(crate) struct Waiting<T> {
    receiver: Receiver<T>,
    has_waiting: Arc<AtomicBool>,
}

/// A queue in which `len` may wait; a further one comes back at once, and nobody blocks.
pub(crate) fn queue<T>(len: usize) -> (Entrance<T>, Waiting<T>) {
    let (sender, receiver) = bounded(len);
    let has_waiting = Arc::new(AtomicBool::new(false));
    let entrance = Entrance { sender, has_waiting: Arc::clone(&has_waiting) };
    (entrance, Waiting { receiver, has_waiting })
}

impl<T> Entrance<T> {
    /// Puts one in.
    ///
    /// *Errors*: it comes back where the queue is full or over.
    pub(crate) fn give(&self, command: T) -> Result<(), NotTaken<T>> {
        match self.sender.try_send(command) {
            Ok(()) => {
                self.has_waiting.store(true, Ordering::Release);
                Ok(())
            }
            Err(TrySendError::Full(command)) => Err(NotTaken::Full(command)),
            Err(TrySendError::Disconnected(command)) => Err(NotTaken::Over(command)),
        }
    }
}

impl<T> Waiting<T> {
    /// The one that has waited longest. *Cost*: one load where none waits.
    pub(crate) fn next(&self) -> Option<T> {
        if !self.has_waiting.load(Ordering::Acquire) {
            return None;
        }
        match self.receiver.try_recv() {
            Ok(command) => Some(command),
            Err(_) => {
                // The flag is taken back before the last look, and by a swap: it meets whoever set
                // it in between, so that what was put in then is seen by that look.
                self.has_waiting.swap(false, Ordering::AcqRel);
                self.receiver.try_recv().ok().inspect(|_| {
                    self.has_waiting.store(true, Ordering::Release);
                })
            }
        }
    }
}
