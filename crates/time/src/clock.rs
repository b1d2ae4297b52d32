//! The session clock: one driver that moves it, any number of readers.
//!
//! Not here: the wall clock ([`crate::WallClock`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::{TimeError, Timestamp};

/// The right to move one session clock.
///
/// There is one for each clock, made with it and moved to its owner; it cannot be copied.
///
/// ```
/// use openbell_time::{ClockDriver, Timestamp};
/// let at = |text: &str| text.parse::<Timestamp>();
/// let (mut driver, clock) = ClockDriver::new(at("2025-07-02T13:30:00Z")?);
/// driver.advance_to(at("2025-07-02T13:31:00Z")?)?;
/// assert_eq!(clock.now(), at("2025-07-02T13:31:00Z")?);
/// assert!(driver.advance_to(at("2025-07-02T13:30:59Z")?).is_err());
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
///
/// ```compile_fail
/// let (driver, _clock) = openbell_time::ClockDriver::new(openbell_time::Timestamp::MIN);
/// let second_hand = driver.clone();
/// ```
#[derive(Debug)]
pub struct ClockDriver {
    reached: Arc<AtomicI64>,
}

/// A reader of a session clock.
///
/// *Cost*: cloning counts a reference; reading is one atomic load.
#[derive(Debug, Clone)]
pub struct SessionClock {
    reached: Arc<AtomicI64>,
}

impl ClockDriver {
    /// Makes a clock that stands at `start`.
    pub fn new(start: Timestamp) -> (ClockDriver, SessionClock) {
        let reached = Arc::new(AtomicI64::new(start.as_nanos()));
        (ClockDriver { reached: Arc::clone(&reached) }, SessionClock { reached })
    }

    /// Moves the clock to `instant`; to where it stands already is no error.
    ///
    /// What was written before is seen by whoever reads this instant.
    ///
    /// # Errors
    ///
    /// [`TimeError::ClockWouldGoBack`], and the clock stays where it is.
    pub fn advance_to(&mut self, instant: Timestamp) -> Result<(), TimeError> {
        let at = self.now();
        if instant < at {
            return Err(TimeError::ClockWouldGoBack { at, asked: instant });
        }
        self.reached.store(instant.as_nanos(), Ordering::Release);
        Ok(())
    }

    /// The instant that the clock has reached.
    pub fn now(&self) -> Timestamp {
        // Only this hand stores, and `advance_to` borrows it for good: nothing to be ordered with.
        Timestamp::from_nanos(self.reached.load(Ordering::Relaxed))
    }

    /// Another reader of this clock.
    pub fn clock(&self) -> SessionClock {
        SessionClock { reached: Arc::clone(&self.reached) }
    }
}

impl SessionClock {
    /// The instant that the run has reached; it never goes back.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.reached.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_stands_still_rather_than_go_back() {
        let (mut driver, clock) = ClockDriver::new(Timestamp::from_nanos(5));
        assert_eq!(driver.advance_to(Timestamp::from_nanos(5)), Ok(()));
        let back = driver.advance_to(Timestamp::from_nanos(4));
        let (at, asked) = (Timestamp::from_nanos(5), Timestamp::from_nanos(4));
        assert_eq!(back, Err(TimeError::ClockWouldGoBack { at, asked }));
        assert_eq!(clock.now(), at);
    }

    #[test]
    fn every_reader_sees_the_same_instant() {
        let (mut driver, first) = ClockDriver::new(Timestamp::from_nanos(0));
        let (second, third) = (first.clone(), driver.clock());
        driver.advance_to(Timestamp::from_nanos(7)).expect("forward");
        assert_eq!([first.now(), second.now(), third.now()], [Timestamp::from_nanos(7); 3]);
    }

    #[test]
    fn a_reader_may_go_to_another_thread() {
        fn goes_anywhere<T: Send + Sync + 'static>() {}
        goes_anywhere::<SessionClock>();
        goes_anywhere::<ClockDriver>();
    }
}
