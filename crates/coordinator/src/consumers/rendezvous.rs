//! Lock-step between the core and one seat: the core gives a piece of work and waits until the
//! seat has counted it as done.
//!
//! A piece of work is a count, not a flag: the core waits until as many pieces are done as were
//! given, so a wake-up that comes early, late or twice changes nothing. One paper lies between
//! the two at any time; only the side whose turn it is touches it. Whoever goes away says so
//! under the same lock, and whoever waits is woken: nobody waits for someone who is gone.

use std::sync::PoisonError;

use crate::sync::{Condvar, Mutex, N_LOOKS};

/// What lies between the two.
enum Paper<W, Q, A, D> {
    /// Nothing: the seat is idle.
    Blank,
    /// The core has given work.
    Work(W),
    /// The seat asks something before it goes on.
    Question(Q),
    /// The core has answered it.
    Answer(A),
    /// The seat has finished the work.
    Done(D),
}

/// Who sits there: *nobody yet*, then *somebody*, who has then *gone*.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sitter {
    NotYet,
    There,
    Gone,
}

struct Table<W, Q, A, D> {
    paper: Paper<W, Q, A, D>,
    sitter: Sitter,
    /// Pieces of work given, and finished.
    n_given: u64,
    n_done: u64,
    /// The core gives nothing any more.
    is_closed: bool,
}

/// The place at which core and seat meet.
pub(crate) struct Exchange<W, Q, A, D> {
    table: Mutex<Table<W, Q, A, D>>,
    seat_wakes: Condvar,
    core_wakes: Condvar,
}

/// What the core hears when it waits.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Heard<Q, D> {
    /// A question, to be answered before the work goes on.
    Question(Q),
    /// The work is finished.
    Done(D),
    /// The seat is gone; nothing will come.
    Gone,
}

impl<W, Q, A, D> Exchange<W, Q, A, D> {
    pub(crate) fn new() -> Exchange<W, Q, A, D> {
        let (sitter, is_closed) = (Sitter::NotYet, false);
        let table = Table { paper: Paper::Blank, sitter, n_given: 0, n_done: 0, is_closed };
        Exchange {
            table: Mutex::new(table),
            seat_wakes: Condvar::new(),
            core_wakes: Condvar::new(),
        }
    }

    /// Core: whether nobody has sat down yet, so that waiting for work would not end.
    pub(crate) fn is_empty(&self) -> bool {
        self.with(|table| table.sitter == Sitter::NotYet)
    }

    /// Core: gives a piece of work. Where the seat is gone it is dropped, and
    /// [`Exchange::hear`] says so.
    pub(crate) fn give(&self, work: W) {
        self.with(|table| {
            if table.sitter != Sitter::Gone {
                table.n_given += 1;
                table.paper = Paper::Work(work);
            }
        });
        self.seat_wakes.notify_all();
    }

    /// Core: waits for a question, or until all that was given is done. Ends when the seat
    /// finishes, asks, or goes; one that was never taken counts as gone.
    pub(crate) fn hear(&self) -> Heard<Q, D> {
        self.await_that(&self.core_wakes, N_LOOKS, |table| {
            match std::mem::replace(&mut table.paper, Paper::Blank) {
                Paper::Question(question) => return Some(Heard::Question(question)),
                Paper::Done(done) if table.n_done == table.n_given => {
                    return Some(Heard::Done(done));
                }
                other => table.paper = other,
            }
            (table.sitter != Sitter::There).then_some(Heard::Gone)
        })
    }

    /// Core: answers a question.
    pub(crate) fn answer(&self, answer: A) {
        self.with(|table| table.paper = Paper::Answer(answer));
        self.seat_wakes.notify_all();
    }

    /// Core: gives nothing any more; whoever waits at the seat is sent away.
    pub(crate) fn close(&self) {
        self.with(|table| table.is_closed = true);
        self.seat_wakes.notify_all();
    }

    /// Seat: somebody is there from now on.
    pub(crate) fn sit(&self) {
        self.with(|table| table.sitter = Sitter::There);
    }

    /// Seat: nobody is there any more.
    pub(crate) fn leave(&self) {
        self.with(|table| table.sitter = Sitter::Gone);
        self.core_wakes.notify_all();
    }

    /// Seat: waits for work; `None` when none will come.
    pub(crate) fn take(&self) -> Option<W> {
        self.await_paper(|paper| match paper {
            Paper::Work(work) => Ok(work),
            other => Err(other),
        })
    }

    /// Seat: asks, and waits for the answer; `None` when none will come.
    pub(crate) fn ask(&self, question: Q) -> Option<A> {
        self.with(|table| table.paper = Paper::Question(question));
        self.core_wakes.notify_all();
        self.await_paper(|paper| match paper {
            Paper::Answer(answer) => Ok(answer),
            other => Err(other),
        })
    }

    /// Seat: the work is finished.
    pub(crate) fn finish(&self, done: D) {
        self.with(|table| {
            table.n_done += 1;
            table.paper = Paper::Done(done);
        });
        self.core_wakes.notify_all();
    }

    fn await_paper<T>(
        &self,
        wanted: impl Fn(Paper<W, Q, A, D>) -> Result<T, Paper<W, Q, A, D>>,
    ) -> Option<T> {
        self.await_that(&self.seat_wakes, 0, |table| {
            match wanted(std::mem::replace(&mut table.paper, Paper::Blank)) {
                Ok(paper) => return Some(Some(paper)),
                Err(other) => table.paper = other,
            }
            table.is_closed.then_some(None)
        })
    }

    /// Waits until `found` finds something: looks `n_looks` times, then sleeps until it is woken.
    fn await_that<T>(
        &self,
        wakes: &Condvar,
        n_looks: u32,
        mut found: impl FnMut(&mut Table<W, Q, A, D>) -> Option<T>,
    ) -> T {
        for _ in 0..n_looks {
            if let Some(found) = self.with(&mut found) {
                return found;
            }
            (0..n_looks).for_each(|_| std::hint::spin_loop());
        }
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = found(&mut table) {
                return found;
            }
            table = wakes.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing below the lock can panic half way: a poisoned table is whole.
    fn with<T>(&self, change: impl FnOnce(&mut Table<W, Q, A, D>) -> T) -> T {
        change(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
