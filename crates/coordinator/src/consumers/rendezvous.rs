//! Lock-step between the core and one worker: the core gives a piece of work and waits until the
//! worker has counted it as done.
//!
//! A piece of work is a count, not a flag: the core waits until as many pieces are done as were
//! given, so a wake-up that comes early, late or twice changes nothing. One message lies between
//! the two at any time; only the side whose turn it is touches it. Whoever goes away says so
//! under the same lock, and whoever waits is woken: nobody waits for someone who is gone.

use std::sync::PoisonError;

use crate::sync::{Condvar, Mutex, N_LOOKS};

/// What lies between the two.
enum Message<W, Q, A, D> {
    /// Nothing: the worker is idle.
    Blank,
    /// The core has given work.
    Work(W),
    /// The worker asks something before it goes on.
    Question(Q),
    /// The core has answered it.
    Answer(A),
    /// The worker has finished the work.
    Done(D),
}

/// Whether a thread runs the worker: *not yet*, then it is *there*, and then *gone*.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Peer {
    NotYet,
    There,
    Gone,
}

struct State<W, Q, A, D> {
    message: Message<W, Q, A, D>,
    peer: Peer,
    /// Pieces of work given, and finished.
    n_given: u64,
    n_done: u64,
    /// The core gives nothing any more.
    is_closed: bool,
}

/// The place at which core and worker meet.
pub(crate) struct Rendezvous<W, Q, A, D> {
    state: Mutex<State<W, Q, A, D>>,
    worker_wakes: Condvar,
    core_wakes: Condvar,
}

/// What ends a wait of the core.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Reply<Q, D> {
    /// A question, to be answered before the work goes on.
    Question(Q),
    /// The work is finished.
    Done(D),
    /// The worker is gone; nothing will come.
    Gone,
}

impl<W, Q, A, D> Rendezvous<W, Q, A, D> {
    pub(crate) fn new() -> Rendezvous<W, Q, A, D> {
        let (peer, is_closed) = (Peer::NotYet, false);
        let state = State { message: Message::Blank, peer, n_given: 0, n_done: 0, is_closed };
        Rendezvous {
            state: Mutex::new(state),
            worker_wakes: Condvar::new(),
            core_wakes: Condvar::new(),
        }
    }

    /// Core: whether no thread runs the worker yet, so that waiting for work would not end.
    pub(crate) fn is_empty(&self) -> bool {
        self.with(|state| state.peer == Peer::NotYet)
    }

    /// Core: gives a piece of work. Where the worker is gone it is dropped, and
    /// [`Rendezvous::wait`] says so.
    pub(crate) fn give(&self, work: W) {
        self.with(|state| {
            if state.peer != Peer::Gone {
                state.n_given += 1;
                state.message = Message::Work(work);
            }
        });
        self.worker_wakes.notify_all();
    }

    /// Core: waits for a question, or until all that was given is done. Ends when the worker
    /// finishes, asks, or goes; one that was never taken counts as gone.
    pub(crate) fn wait(&self) -> Reply<Q, D> {
        self.await_that(&self.core_wakes, N_LOOKS, |state| {
            match std::mem::replace(&mut state.message, Message::Blank) {
                Message::Question(question) => return Some(Reply::Question(question)),
                Message::Done(done) if state.n_done == state.n_given => {
                    return Some(Reply::Done(done));
                }
                other => state.message = other,
            }
            (state.peer != Peer::There).then_some(Reply::Gone)
        })
    }

    /// Core: answers a question.
    pub(crate) fn answer(&self, answer: A) {
        self.with(|state| state.message = Message::Answer(answer));
        self.worker_wakes.notify_all();
    }

    /// Core: gives nothing any more; a worker that waits is stopped.
    pub(crate) fn close(&self) {
        self.with(|state| state.is_closed = true);
        self.worker_wakes.notify_all();
    }

    /// Worker: a thread runs it from now on.
    pub(crate) fn arrive(&self) {
        self.with(|state| state.peer = Peer::There);
    }

    /// Worker: no thread runs it any more.
    pub(crate) fn leave(&self) {
        self.with(|state| state.peer = Peer::Gone);
        self.core_wakes.notify_all();
    }

    /// Worker: waits for work; `None` when none will come.
    pub(crate) fn take(&self) -> Option<W> {
        self.await_message(|message| match message {
            Message::Work(work) => Ok(work),
            other => Err(other),
        })
    }

    /// Worker: asks, and waits for the answer; `None` when none will come.
    pub(crate) fn ask(&self, question: Q) -> Option<A> {
        self.with(|state| state.message = Message::Question(question));
        self.core_wakes.notify_all();
        self.await_message(|message| match message {
            Message::Answer(answer) => Ok(answer),
            other => Err(other),
        })
    }

    /// Worker: the work is finished.
    pub(crate) fn finish(&self, done: D) {
        self.with(|state| {
            state.n_done += 1;
            state.message = Message::Done(done);
        });
        self.core_wakes.notify_all();
    }

    fn await_message<T>(
        &self,
        wanted: impl Fn(Message<W, Q, A, D>) -> Result<T, Message<W, Q, A, D>>,
    ) -> Option<T> {
        self.await_that(&self.worker_wakes, 0, |state| {
            match wanted(std::mem::replace(&mut state.message, Message::Blank)) {
                Ok(message) => return Some(Some(message)),
                Err(other) => state.message = other,
            }
            state.is_closed.then_some(None)
        })
    }

    /// Waits until `found` finds something: looks `n_looks` times, then sleeps until it is woken.
    fn await_that<T>(
        &self,
        wakes: &Condvar,
        n_looks: u32,
        mut found: impl FnMut(&mut State<W, Q, A, D>) -> Option<T>,
    ) -> T {
        for _ in 0..n_looks {
            if let Some(found) = self.with(&mut found) {
                return found;
            }
            (0..n_looks).for_each(|_| std::hint::spin_loop());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = found(&mut state) {
                return found;
            }
            state = wakes.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing below the lock can panic half way: a poisoned table is whole.
    fn with<T>(&self, change: impl FnOnce(&mut State<W, Q, A, D>) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
