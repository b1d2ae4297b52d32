//! How long outsiders of a live board may read what is published without hearing of the core.
//!
//! The core says with each look until when it will be heard again: behind the word of what it
//! publishes, or alone, where a look has found nothing new. The deadline of a publication is the one
//! that was in place before its word, or a later one that came while it was current. So a core that
//! comes back after a silence makes nothing readable that was published before it.
//!
//! # In which order it is read
//!
//! A reader that finds the word of its last view again has loaded the deadline before it. That is no
//! older than what was in place before that word, since the reader has met the word before; and it
//! is no younger than what came while the word stood: a deadline is released, and whoever has loaded
//! a later one finds the later word too. So it is that publication's own. The clock is loaded
//! between them: it showed less than the deadline while the publication was current.
//!
//! A reader that finds another word, or is past the deadline, takes the long way: word, deadline,
//! clock, and deadline and word again, until nothing has changed on the way. So it is never refused
//! by the deadline of a publication before, and never for want of a renewal that came in time.
//!
//! The clock never goes back, nor does a word that a thread has loaded once. So who is refused stays
//! refused until the core is heard again, and then is not.
//!
//! Not here: the clock ([`openbell_time::CoarseClock`]), the word (`board.rs`).

use openbell_time::{CoarseClock, Timestamp};

use crate::inactive::Reason;
use crate::sync::{AtomicI64, Ordering};

/// Until when the core will be heard again, and when it was heard last.
pub(crate) struct Deadline {
    due_ns: AtomicI64,
    heard_ns: AtomicI64,
}

/// What the core has said last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    heard_at: Timestamp,
    due_by: Timestamp,
}

impl Deadline {
    /// A core that was heard at `heard_at`, and by then has said no deadline.
    pub(crate) fn new(heard_at: Timestamp) -> Deadline {
        let ns = heard_at.as_nanos();
        Deadline { due_ns: AtomicI64::new(ns), heard_ns: AtomicI64::new(ns) }
    }

    /// The core is heard at `heard_at`, and will be before `due_by` again.
    pub(crate) fn renew(&self, heard_at: Timestamp, due_by: Timestamp) {
        self.due_ns.store(due_by.as_nanos(), Ordering::Release);
        // Second, and read first: who is told of this has its deadline, or a later one.
        self.heard_ns.store(heard_at.as_nanos(), Ordering::Release);
    }

    /// Whether `clock` shows an instant before the deadline.
    #[inline]
    pub(crate) fn is_ahead_of(&self, clock: &CoarseClock) -> bool {
        let due_ns = self.due_ns.load(Ordering::Acquire);
        clock.now().as_nanos() < due_ns
    }

    /// What stands now.
    pub(crate) fn given(&self) -> Given {
        let heard_at = Timestamp::from_nanos(self.heard_ns.load(Ordering::Acquire));
        let due_by = Timestamp::from_nanos(self.due_ns.load(Ordering::Acquire));
        Given { heard_at, due_by }
    }
}

impl Given {
    /// Since when and why a reader is refused at `now`; `None` where it is not.
    pub(crate) fn stall(self, now: Timestamp) -> Option<(Timestamp, Reason)> {
        let Given { heard_at, due_by } = self;
        if now < due_by {
            None
        } else if now == Timestamp::MAX {
            Some((heard_at, Reason::Stalled { heard_at, due_by: None }))
        } else {
            Some((due_by, Reason::Stalled { heard_at, due_by: Some(due_by) }))
        }
    }
}
