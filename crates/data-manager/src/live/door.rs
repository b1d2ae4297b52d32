//! The one meeting point of threads: what a vendor's side has to deliver, and what the core's side
//! wishes of it.
//!
//! The order of a series is the order in which it was pushed. What waits is counted over all series;
//! over the limit [`Inlet::is_full`] says so before anything is taken in, the vendor's lines are
//! closed, and what was not taken in is fetched later: nothing is dropped in silence.
//!
//! Not here: what is delivered, and when it is due ([`crate::live::DoorFeed`]).

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crossbeam::queue::SegQueue;
use openbell_market::{Ohlcv, SeriesKey};
use openbell_time::{Timestamp, WallClock};

use crate::feed::{Link, Trading};

/// Something that a vendor's side delivers of a series.
#[derive(Clone, PartialEq, Debug)]
pub enum Delivery {
    /// A closed bar.
    Row {
        /// Its open.
        opens_at: Timestamp,
        /// Its values.
        ohlcv: Ohlcv,
    },
    /// Other values of a bar that was delivered.
    Revision {
        /// Its open.
        opens_at: Timestamp,
        /// Its values from now on.
        ohlcv: Ohlcv,
    },
    /// Every bar that closes by an instant has been delivered.
    Complete {
        /// The instant.
        through: Timestamp,
        /// How it is known.
        evidence: Evidence,
    },
    /// What the way to the vendor does from now on.
    Link(Link),
    /// Whether the instrument trades from now on.
    Trading(Trading),
}

/// How it is known that no bar of a series is missing up to an instant.
///
/// A heartbeat is none: there is no way to write it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Evidence {
    /// A closed bar that continues the last one without a hole.
    ClosedBar,
    /// The vendor's own mark that the interval has ended.
    EndMark,
    /// A later bar of a vendor that sends them in order and leaves none out.
    NextBarInOrder,
    /// An answer of the vendor's history that reaches past the instant.
    HistoryReaches,
    /// An answer of the vendor that there was no trade.
    NothingTraded,
    /// None: it was asked for as often as the settings say, and is given up. The hole is named in the
    /// vendor's notes, in the session's events and in its quality.
    GivenUp {
        /// Where it begins.
        since: Timestamp,
    },
}

/// What the core's side wishes of a vendor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Bars of a series from an open on.
    Want {
        /// Which series.
        key: SeriesKey,
        /// The open of the first bar.
        since: Timestamp,
    },
    /// What closes by the end of a session, and has not come, is wanted at once.
    Hurry {
        /// Which series.
        key: SeriesKey,
        /// The end.
        due: Timestamp,
    },
    /// No more of a series.
    Leave {
        /// Which series.
        key: SeriesKey,
    },
}

/// The core's side of the meeting point, from which feeds come.
#[derive(Clone, Debug)]
pub struct Door {
    shared: Arc<Shared>,
}

/// The vendor's side of the meeting point.
#[derive(Clone, Debug)]
pub struct Inlet {
    shared: Arc<Shared>,
}

struct Shared {
    series: Mutex<HashMap<SeriesKey, Arc<Waiting>>>,
    n_waiting: AtomicUsize,
    limit: usize,
    wishes: SegQueue<Wish>,
    wall: Arc<dyn WallClock>,
    /// What whoever carries for the vendor waits by.
    carriers_wall: OnceLock<Arc<dyn WallClock>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_waiting = self.n_waiting.load(Ordering::Relaxed);
        f.debug_struct("Shared").field("n_waiting", &n_waiting).finish_non_exhaustive()
    }
}

/// What waits of one series.
#[derive(Default)]
struct Waiting {
    queue: SegQueue<Delivery>,
}

/// The end of a series at the core's side.
pub(crate) struct Outlet {
    shared: Arc<Shared>,
    waiting: Arc<Waiting>,
    key: SeriesKey,
}

impl Door {
    /// So many deliveries may wait before a vendor's side has to hold back.
    pub const LIMIT: usize = 1_000_000;

    /// Both sides of a meeting point for at most `limit` waiting deliveries; what is pushed wakes
    /// `wall`.
    pub fn new(wall: Arc<dyn WallClock>, limit: usize) -> (Door, Inlet) {
        let shared = Arc::new(Shared {
            series: Mutex::default(),
            n_waiting: AtomicUsize::new(0),
            limit,
            wishes: SegQueue::new(),
            wall,
            carriers_wall: OnceLock::new(),
        });
        (Door { shared: Arc::clone(&shared) }, Inlet { shared })
    }

    /// The end of a series, in the place of the one before.
    pub(crate) fn outlet(&self, key: &SeriesKey) -> Outlet {
        let waiting = Arc::new(Waiting::default());
        let before = self.shared.lock().insert(key.clone(), Arc::clone(&waiting));
        if let Some(before) = before {
            self.shared.empty(&before);
        }
        Outlet { shared: Arc::clone(&self.shared), waiting, key: key.clone() }
    }

    /// How many deliveries wait.
    pub fn n_waiting(&self) -> usize {
        self.shared.n_waiting.load(Ordering::Acquire)
    }
}

impl Inlet {
    /// Whether more waits than may. What comes then is not to be taken in.
    pub fn is_full(&self) -> bool {
        self.shared.n_waiting.load(Ordering::Acquire) >= self.shared.limit
    }

    /// Whether the core has caught up so far that lines may be opened again.
    pub fn has_room(&self) -> bool {
        self.shared.n_waiting.load(Ordering::Acquire) <= self.shared.limit / 2
    }

    /// Leaves deliveries of a series for the core, and wakes it. What belongs to a series that has
    /// been left meanwhile has no receiver.
    pub fn push(&self, key: &SeriesKey, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut n_pushed = 0;
        {
            let series = self.shared.lock();
            let Some(waiting) = series.get(key) else { return };
            for delivery in deliveries {
                // Counted before it can be taken, so that the count never falls below nothing.
                self.shared.n_waiting.fetch_add(1, Ordering::AcqRel);
                waiting.queue.push(delivery);
                n_pushed += 1;
            }
        }
        if n_pushed > 0 {
            self.shared.wall.wake();
        }
    }

    /// Has every wish of the core wake `wall` from now on; the first clock that is named stays.
    pub fn wake_by(&self, wall: Arc<dyn WallClock>) {
        let _ = self.shared.carriers_wall.set(wall); // There is one who waits for wishes.
    }

    /// What the core has wished since this was last asked, in order.
    pub fn take_wishes(&self) -> Vec<Wish> {
        std::iter::from_fn(|| self.shared.wishes.pop()).collect()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<SeriesKey, Arc<Waiting>>> {
        // What is behind the lock is whole at every instant, whoever panicked beside it.
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wish(&self, wish: Wish) {
        self.wishes.push(wish);
        if let Some(wall) = self.carriers_wall.get() {
            wall.wake();
        }
    }

    fn empty(&self, waiting: &Waiting) {
        while waiting.queue.pop().is_some() {
            self.n_waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Outlet {
    pub(crate) fn key(&self) -> &SeriesKey {
        &self.key
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.queue.is_empty()
    }

    pub(crate) fn pop(&self) -> Option<Delivery> {
        let delivery = self.waiting.queue.pop()?;
        self.shared.n_waiting.fetch_sub(1, Ordering::AcqRel);
        Some(delivery)
    }

    pub(crate) fn want(&self, since: Timestamp) {
        self.shared.wish(Wish::Want { key: self.key.clone(), since });
    }

    pub(crate) fn hurry(&self, due: Timestamp) {
        self.shared.wish(Wish::Hurry { key: self.key.clone(), due });
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let mut series = self.shared.lock();
        if series.get(&self.key).is_some_and(|found| Arc::ptr_eq(found, &self.waiting)) {
            series.remove(&self.key);
            self.shared.wish(Wish::Leave { key: self.key.clone() });
        }
        self.shared.empty(&self.waiting);
    }
}
