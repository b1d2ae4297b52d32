//! A coarse instant that costs nothing to read: one ticker renews it, any number of readers hold
//! something against it.
//!
//! Hot path of readers: one relaxed load, no lock, no system call.
//!
//! Not here: the wall clock ([`crate::WallClock`]), the session clock ([`crate::SessionClock`]).

use std::sync::Arc;

#[cfg(loom)]
use loom::sync::atomic::{AtomicI64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicI64, Ordering};

use crate::Timestamp;

/// The right to move one coarse clock, made with it and moved to its owner; it cannot be copied.
///
/// The program owns the thread that ticks; no library starts one. When the ticker is gone, also
/// because its thread has panicked, the clock stands past every deadline, so that whoever holds
/// something against it is refused, and not served what nobody looks after.
///
/// ```
/// use openbell_time::{CoarseTicker, Nanos, Timestamp};
/// let at = Timestamp::from_nanos;
/// let (mut ticker, clock) = CoarseTicker::new(at(100));
/// ticker.tick(at(130));
/// assert_eq!(clock.now(), at(130));
///
/// // The wall is set back by 50: the clock goes on from where it stood, by what passes.
/// ticker.tick(at(80));
/// assert_eq!(clock.now(), at(130));
/// ticker.tick(at(85));
/// assert_eq!(clock.now(), at(135));
///
/// drop(ticker);
/// assert!(clock.is_abandoned());
/// assert_eq!(clock.now(), Timestamp::MAX);
/// ```
///
/// ```compile_fail
/// let (ticker, _clock) = openbell_time::CoarseTicker::new(openbell_time::Timestamp::MIN);
/// let second_hand = ticker.clone();
/// ```
#[derive(Debug)]
pub struct CoarseTicker {
    shown: Arc<AtomicI64>,
    /// The last reading that it was given.
    reading_ns: i64,
    shown_ns: i64,
}

/// A reader of a coarse clock.
///
/// *Cost*: cloning counts a reference; reading is one relaxed load.
#[derive(Debug, Clone)]
pub struct CoarseClock {
    shown: Arc<AtomicI64>,
}

impl CoarseTicker {
    /// Makes a clock that stands at `now`.
    pub fn new(now: Timestamp) -> (CoarseTicker, CoarseClock) {
        let now_ns = now.as_nanos();
        let shown = Arc::new(AtomicI64::new(now_ns));
        let clock = CoarseClock { shown: Arc::clone(&shown) };
        (CoarseTicker { shown, reading_ns: now_ns, shown_ns: now_ns }, clock)
    }

    /// Shows that the wall stands at `now`: forward as the wall goes; where the wall was set back,
    /// from where the clock stands.
    pub fn tick(&mut self, now: Timestamp) {
        let passed_ns = now.as_nanos().saturating_sub(self.reading_ns).max(0);
        self.reading_ns = now.as_nanos();
        self.shown_ns = self.shown_ns.saturating_add(passed_ns);
        // Released for whoever has loaded it and asks, by a fence, what was there before.
        self.shown.store(self.shown_ns, Ordering::Release);
    }

    /// Another reader of this clock.
    pub fn clock(&self) -> CoarseClock {
        CoarseClock { shown: Arc::clone(&self.shown) }
    }
}

impl Drop for CoarseTicker {
    fn drop(&mut self) {
        self.shown.store(i64::MAX, Ordering::Release);
    }
}

impl CoarseClock {
    /// The instant that was ticked last, [`Timestamp::MAX`] when the ticker is gone; it never goes
    /// back.
    ///
    /// *Time*: as old as its ticker lets it become.
    #[inline]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.shown.load(Ordering::Relaxed))
    }

    /// Whether the ticker is gone.
    pub fn is_abandoned(&self) -> bool {
        self.now() == Timestamp::MAX
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn at(ns: i64) -> Timestamp {
        Timestamp::from_nanos(ns)
    }

    #[test]
    fn it_follows_the_wall_forward_and_goes_on_from_where_it_stood_when_that_is_set_back() {
        let (mut ticker, clock) = CoarseTicker::new(at(1_000));
        let shown: Vec<i64> = [1_010, 5_000, 900, 900, 910, 2_000]
            .map(|ns| {
                ticker.tick(at(ns));
                clock.now().as_nanos()
            })
            .to_vec();
        assert_eq!(shown, [1_010, 5_000, 5_000, 5_000, 5_010, 6_100]);
    }

    #[test]
    fn a_ticker_that_a_panic_unwinds_leaves_a_clock_that_is_past_every_deadline() {
        let (mut ticker, clock) = CoarseTicker::new(at(0));
        let beside = ticker.clock();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            ticker.tick(at(5));
            panic!("who ticks is told to end so");
        }));
        assert!(ended.is_err());
        assert!(clock.is_abandoned() && beside.is_abandoned());
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn the_readers_may_go_to_other_threads_and_the_ticker_to_its_own() {
        fn goes_anywhere<T: Send + Sync + 'static>() {}
        goes_anywhere::<CoarseClock>();
        goes_anywhere::<CoarseTicker>();
    }
}
