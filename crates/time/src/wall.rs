//! The wall clock: the one file that reads it, and that waits by it.
//!
//! Not here: the session clock ([`crate::SessionClock`]).
#![expect(clippy::disallowed_methods, reason = "the wall clock is read, and waited for, here")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Nanos, Timestamp};

/// Why a wait is over.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitEnd {
    /// The instant has come.
    Reached,
    /// Somebody called [`WallClock::wake`].
    Woken,
}

/// Wall time, handed to whoever paces by it, so that a test can hand in a simulated one.
pub trait WallClock: Send + Sync {
    /// The present instant; it never goes back.
    fn now(&self) -> Timestamp;

    /// Waits for an instant, or for a call of [`WallClock::wake`], whichever is first. One call of
    /// `wake` ends one wait, also where it comes before the wait begins.
    ///
    /// *Cost*: blocks the thread. There is one waiter for each clock.
    fn wait_until(&self, instant: Timestamp) -> WaitEnd;

    /// Ends the wait at hand, or the next one; from any thread.
    fn wake(&self);
}

/// The machine's own clock.
#[derive(Debug, Default)]
pub struct SystemWall {
    /// The latest instant answered, so that a clock that is set back stands still instead.
    latest_ns: AtomicI64,
    is_woken: Mutex<bool>,
    woken: Condvar,
}

impl SystemWall {
    /// The machine's clock.
    pub fn new() -> SystemWall {
        SystemWall::default()
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        // The word behind the lock is whole at every instant, whoever panicked beside it.
        self.is_woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WallClock for SystemWall {
    fn now(&self) -> Timestamp {
        // A machine that believes to live before 1970 or after 2262 stands at the epoch.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ns = i64::try_from(since_epoch.as_nanos()).unwrap_or(0);
        Timestamp::from_nanos(self.latest_ns.fetch_max(ns, Ordering::AcqRel).max(ns))
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        // The system's clock may be set meanwhile, so that no wait is longer than this.
        const SLICE: Nanos = Nanos::from_secs(1);
        let mut is_woken = self.lock();
        loop {
            if std::mem::take(&mut *is_woken) {
                return WaitEnd::Woken;
            }
            let now = self.now();
            if now >= instant {
                return WaitEnd::Reached;
            }
            let left_ns = instant.as_nanos().saturating_sub(now.as_nanos());
            let slice = Duration::from_nanos(left_ns.min(SLICE.as_nanos()).unsigned_abs());
            let waited = self.woken.wait_timeout(is_woken, slice);
            is_woken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn wake(&self) {
        *self.lock() = true;
        self.woken.notify_all();
    }
}

/// A wall clock for tests: waiting takes no time, it jumps to the instant waited for.
///
/// ```
/// use openbell_time::{Nanos, SimulatedWall, Timestamp, WaitEnd, WallClock};
/// let wall = SimulatedWall::new(Timestamp::from_nanos(0));
/// assert_eq!(wall.wait_until(Timestamp::from_nanos(60)), WaitEnd::Reached);
/// wall.pass(Nanos::from_nanos(5));
/// assert_eq!(wall.now(), Timestamp::from_nanos(65));
/// ```
#[derive(Debug)]
pub struct SimulatedWall {
    now_ns: AtomicI64,
    is_woken: Mutex<bool>,
}

impl SimulatedWall {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> SimulatedWall {
        SimulatedWall { now_ns: AtomicI64::new(start.as_nanos()), is_woken: Mutex::new(false) }
    }

    /// Lets time pass without a wait, as work does.
    pub fn pass(&self, length: Nanos) {
        self.now_ns.fetch_add(length.as_nanos().max(0), Ordering::AcqRel);
    }
}

impl WallClock for SimulatedWall {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.now_ns.load(Ordering::Acquire))
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        let mut is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut *is_woken) {
            return WaitEnd::Woken;
        }
        self.now_ns.fetch_max(instant.as_nanos(), Ordering::AcqRel);
        WaitEnd::Reached
    }

    fn wake(&self) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_wake_before_the_wait_is_not_lost() {
        let wall = SystemWall::new();
        wall.wake();
        assert_eq!(wall.wait_until(Timestamp::MAX), WaitEnd::Woken);
        assert_eq!(wall.wait_until(wall.now()), WaitEnd::Reached);
    }

    #[test]
    fn a_wake_from_another_thread_ends_an_endless_wait() {
        let wall = Arc::new(SystemWall::new());
        let other = Arc::clone(&wall);
        let waker = std::thread::spawn(move || other.wake());
        assert_eq!(wall.wait_until(Timestamp::MAX), WaitEnd::Woken);
        waker.join().expect("the waker ends");
    }

    #[test]
    fn the_present_never_goes_back() {
        let wall = SystemWall::new();
        wall.latest_ns.store(i64::MAX - 1, Ordering::Release);
        assert_eq!(wall.now(), Timestamp::from_nanos(i64::MAX - 1));
    }

    #[test]
    fn a_simulated_wait_jumps_and_does_not_go_back() {
        let wall = SimulatedWall::new(Timestamp::from_nanos(10));
        assert_eq!(wall.wait_until(Timestamp::from_nanos(5)), WaitEnd::Reached);
        assert_eq!(wall.now(), Timestamp::from_nanos(10));
        wall.wake();
        assert_eq!(wall.wait_until(Timestamp::from_nanos(50)), WaitEnd::Woken);
        assert_eq!(wall.now(), Timestamp::from_nanos(10));
    }
}
