//! The wall clock: the one file that reads it, and that waits by it.
//!
//! Not here: what is made of its readings (`anchored.rs` beside), the session clock
//! ([`crate::SessionClock`]).
#![expect(clippy::disallowed_methods, reason = "the wall clock is read, and waited for, here")]

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::anchored::{Anchored, ClockStep, Reading, WaitEnd};
use crate::{Nanos, Timestamp};

/// Wall time, handed to whoever paces by it, so that a test can hand in a simulated one.
pub trait WallClock: Send + Sync {
    /// The present instant.
    ///
    /// It goes back where the machine's clock is set back by more than two seconds: whoever reads
    /// it handles a reading that lies before the last one. For lengths of time there is
    /// [`SystemWall::passed`].
    fn now(&self) -> Timestamp;

    /// The steps of the clock since this was last asked, in order; there is one who asks. A clock
    /// that is never set has none.
    fn take_steps(&self) -> Vec<ClockStep> {
        Vec::new()
    }

    /// Waits for an instant, for a call of [`WallClock::wake`], or for a step of the clock, whichever
    /// is first. One call of `wake` ends one wait, also where it comes before the wait begins, and so
    /// does a step. No wait lasts longer than the time that lay between its call and the instant,
    /// whatever becomes of the clock meanwhile.
    ///
    /// *Cost*: blocks the thread. There is one waiter for each clock.
    fn wait_until(&self, instant: Timestamp) -> WaitEnd;

    /// Ends the wait at hand, or the next one; from any thread.
    fn wake(&self);
}

/// The machine's own clock.
///
/// It goes by the ticks of the monotonic clock from an anchor, and is held against the system's
/// clock at each reading. Up to two seconds of difference are worked off, a millisecond in a second,
/// so that it neither jumps nor goes back. More is a step, and taken over: forward where the machine
/// slept or its clock was set ahead, back where it was set back; [`WallClock::take_steps`] tells it.
///
/// *Cost*: reading it is three readings of the system's clocks and a lock that nobody holds for long.
#[derive(Debug)]
pub struct SystemWall {
    origin: Instant,
    anchored: Mutex<Anchored>,
    changed: Condvar,
}

impl Default for SystemWall {
    fn default() -> SystemWall {
        SystemWall::new()
    }
}

impl SystemWall {
    /// The machine's clock.
    pub fn new() -> SystemWall {
        let origin = Instant::now();
        let anchored = Mutex::new(Anchored::new(reading_since(origin)));
        SystemWall { origin, anchored, changed: Condvar::new() }
    }

    /// The time that has passed since it was made: by the monotonic clock, which nobody sets, so for
    /// measuring how long something takes.
    pub fn passed(&self) -> Nanos {
        Nanos::from_nanos(monotonic_ns(self.origin))
    }

    fn lock(&self) -> MutexGuard<'_, Anchored> {
        // What is behind the lock is whole at every instant, whoever panicked beside it.
        self.anchored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WallClock for SystemWall {
    fn now(&self) -> Timestamp {
        let mut anchored = self.lock();
        anchored.now(reading_since(self.origin)) // Read under the lock, so in order.
    }

    fn take_steps(&self) -> Vec<ClockStep> {
        self.lock().take_steps()
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        // The system's clock may be set meanwhile, so it is looked at as often as this.
        const SLICE: Nanos = Nanos::from_secs(1);
        let mut anchored = self.lock();
        let wait = anchored.begin_wait(instant, reading_since(self.origin));
        loop {
            let left = match anchored.left(&wait, reading_since(self.origin)) {
                Ok(left) => left.min(SLICE),
                Err(end) => return end,
            };
            let slice = Duration::from_nanos(left.as_nanos().unsigned_abs());
            let waited = self.changed.wait_timeout(anchored, slice);
            anchored = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn wake(&self) {
        self.lock().wake();
        self.changed.notify_all();
    }
}

fn monotonic_ns(origin: Instant) -> i64 {
    i64::try_from(origin.elapsed().as_nanos()).unwrap_or(i64::MAX) // After 292 years.
}

/// Both clocks at one instant.
fn reading_since(origin: Instant) -> Reading {
    // A thread that is put aside between the two takes the time away for a step: so again, thrice.
    const TORN_NS: i64 = 100_000_000;
    let mut before_ns = monotonic_ns(origin);
    let mut n_tries = 0;
    loop {
        // A machine that believes to live before 1970 or after 2262 stands at the epoch.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let system_ns = i64::try_from(since_epoch.as_nanos()).unwrap_or(0);
        let after_ns = monotonic_ns(origin);
        n_tries += 1;
        if after_ns - before_ns <= TORN_NS || n_tries == 3 {
            return Reading { system_ns, monotonic_ns: after_ns };
        }
        before_ns = after_ns;
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
    fn a_wait_goes_on_from_where_the_clock_was_set_to_and_no_longer_than_it_was_to_last() {
        // Anchored an hour ahead of the system's clock, as one that is set back by an hour is.
        let wall = SystemWall::new();
        let ahead = Nanos::from_secs(3_600);
        let reading = reading_since(wall.origin);
        let system_ns = reading.system_ns + ahead.as_nanos();
        *wall.lock() = Anchored::new(Reading { system_ns, ..reading });
        let before = Timestamp::from_nanos(system_ns);
        assert_eq!(wall.wait_until(before + ahead), WaitEnd::Stepped);
        assert!(wall.now() < before);
        assert_eq!(wall.take_steps().len(), 1);
        let passed = wall.passed();
        assert!(Nanos::ZERO <= passed && passed < ahead, "{passed}");
    }
}
