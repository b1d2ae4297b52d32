//! A wall clock for tests: the one of the machine over two clocks that the test moves.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::anchored::{Anchored, ClockStep, Reading};
use crate::{Nanos, Timestamp, WaitEnd, WallClock};

/// A wall clock for tests: waiting takes no time, it jumps to the instant waited for.
///
/// It is set and sleeps as a machine does ([`SimulatedWall::turn_back`], [`SimulatedWall::leap`]), and
/// makes of it what [`SystemWall`](crate::SystemWall) makes: up to two seconds are worked off, more
/// is a step.
///
/// ```
/// use openbell_time::{Nanos, SimulatedWall, Timestamp, WaitEnd, WallClock};
/// let wall = SimulatedWall::new(Timestamp::from_nanos(0));
/// assert_eq!(wall.wait_until(Timestamp::from_nanos(60)), WaitEnd::Reached);
/// wall.pass(Nanos::from_nanos(5));
/// assert_eq!(wall.now(), Timestamp::from_nanos(65));
///
/// // Set back by an hour it shows an hour less, and 65 ns have passed all the same.
/// wall.turn_back(Nanos::from_secs(3_600));
/// assert_eq!(wall.now(), Timestamp::from_nanos(65) - Nanos::from_secs(3_600));
/// assert_eq!(wall.take_steps()[0].by, Nanos::from_secs(-3_600));
/// assert_eq!(wall.passed(), Nanos::from_nanos(65));
/// ```
#[derive(Debug)]
pub struct SimulatedWall {
    state: Mutex<Simulated>,
}

#[derive(Debug)]
struct Simulated {
    reading: Reading,
    anchored: Anchored,
    /// Settings of the system's clock that are to come, by the time that will have passed.
    to_come: Vec<(i64, Nanos)>,
}

impl Simulated {
    /// Lets `length_ns` pass, with what comes on the way.
    fn pass(&mut self, length_ns: i64) {
        let end_ns = self.reading.monotonic_ns.saturating_add(length_ns);
        while let Some(place) = self.next_due(end_ns) {
            let (due_ns, by) = self.to_come.remove(place);
            self.tick_to(due_ns);
            self.set(by);
        }
        self.tick_to(end_ns);
    }

    /// The first setting that is due by `end_ns`.
    fn next_due(&self, end_ns: i64) -> Option<usize> {
        let due = (0..self.to_come.len()).filter(|&place| self.to_come[place].0 <= end_ns);
        due.min_by_key(|&place| self.to_come[place].0)
    }

    fn tick_to(&mut self, monotonic_ns: i64) {
        let passed_ns = (monotonic_ns - self.reading.monotonic_ns).max(0);
        self.reading.monotonic_ns += passed_ns;
        self.reading.system_ns = self.reading.system_ns.saturating_add(passed_ns);
    }

    fn set(&mut self, by: Nanos) {
        self.reading.system_ns = self.reading.system_ns.saturating_add(by.as_nanos());
    }

    /// How long a wait may last before something is to be looked at.
    fn until_next(&self, left: Nanos) -> i64 {
        let next_ns = self.to_come.iter().map(|&(due_ns, _)| due_ns - self.reading.monotonic_ns);
        next_ns.min().map_or(left.as_nanos(), |ns| ns.clamp(0, left.as_nanos()))
    }
}

impl SimulatedWall {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> SimulatedWall {
        let reading = Reading { system_ns: start.as_nanos(), monotonic_ns: 0 };
        let anchored = Anchored::new(reading);
        SimulatedWall { state: Mutex::new(Simulated { reading, anchored, to_come: Vec::new() }) }
    }

    /// Lets time pass without a wait, as work does.
    pub fn pass(&self, length: Nanos) {
        self.lock().pass(length.as_nanos().max(0));
    }

    /// Sets the system's clock back by `by`.
    pub fn turn_back(&self, by: Nanos) {
        self.lock().set(-by);
    }

    /// Sets the system's clock ahead by `by`, without that time having passed: as after a sleep, or
    /// by a wild reading, which a [`SimulatedWall::turn_back`] ends.
    pub fn leap(&self, by: Nanos) {
        self.lock().set(by);
    }

    /// Sets the system's clock by `by` (back where it is negative) when `after` has passed from now
    /// on: also amid a wait.
    pub fn step_in(&self, after: Nanos, by: Nanos) {
        let mut state = self.lock();
        let due_ns = state.reading.monotonic_ns.saturating_add(after.as_nanos().max(0));
        state.to_come.push((due_ns, by));
    }

    /// The time that has passed since it was made, which no setting of the clock changes.
    pub fn passed(&self) -> Nanos {
        Nanos::from_nanos(self.lock().reading.monotonic_ns)
    }

    fn lock(&self) -> MutexGuard<'_, Simulated> {
        // What is behind the lock is whole at every instant, whoever panicked beside it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WallClock for SimulatedWall {
    fn now(&self) -> Timestamp {
        let mut state = self.lock();
        let reading = state.reading;
        state.anchored.now(reading)
    }

    fn take_steps(&self) -> Vec<ClockStep> {
        self.lock().anchored.take_steps()
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        let mut state = self.lock();
        let reading = state.reading;
        let wait = state.anchored.begin_wait(instant, reading);
        loop {
            let reading = state.reading;
            match state.anchored.left(&wait, reading) {
                Err(end) => return end,
                Ok(left) => {
                    let slice_ns = state.until_next(left);
                    state.pass(slice_ns);
                }
            }
        }
    }

    fn wake(&self) {
        self.lock().anchored.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * crate::NANOS_PER_SECOND)
    }

    const HOUR: Nanos = Nanos::from_secs(3_600);

    #[test]
    fn a_wait_jumps_and_does_not_go_back() {
        let wall = SimulatedWall::new(at(10));
        assert_eq!(wall.wait_until(at(5)), WaitEnd::Reached);
        assert_eq!(wall.now(), at(10));
        wall.wake();
        assert_eq!(wall.wait_until(at(50)), WaitEnd::Woken);
        assert_eq!(wall.now(), at(10));
        assert_eq!(wall.wait_until(at(50)), WaitEnd::Reached);
        assert_eq!(wall.now(), at(50));
    }

    #[test]
    fn one_wake_ends_one_wait() {
        let wall = SimulatedWall::new(at(0));
        wall.wake();
        wall.wake();
        assert_eq!(wall.wait_until(at(1)), WaitEnd::Woken);
        assert_eq!(wall.wait_until(at(1)), WaitEnd::Reached);
    }

    #[test]
    fn a_step_back_of_an_hour_amid_a_wait_ends_it_and_lengthens_no_other() {
        let wall = SimulatedWall::new(at(10_000));
        wall.step_in(Nanos::from_secs(20), -HOUR);
        assert_eq!(wall.wait_until(at(10_060)), WaitEnd::Stepped);
        assert_eq!(wall.passed(), Nanos::from_secs(20));
        assert_eq!(wall.now(), at(10_020) - HOUR);
        let told = ClockStep { at: at(10_020) - HOUR, by: -HOUR };
        assert_eq!(wall.take_steps(), [told]);
        // The step has ended its wait: the next ends by time.
        let until = wall.now() + Nanos::from_secs(5);
        assert_eq!(wall.wait_until(until), WaitEnd::Reached);
        assert_eq!(wall.passed(), Nanos::from_secs(25));
    }

    #[test]
    fn a_wait_that_a_step_forward_overtakes_is_over_at_once() {
        let wall = SimulatedWall::new(at(0));
        wall.step_in(Nanos::from_secs(1), HOUR);
        assert_eq!(wall.wait_until(at(60)), WaitEnd::Stepped);
        assert_eq!((wall.now(), wall.passed()), (at(3_601), Nanos::from_secs(1)));
        assert_eq!(wall.wait_until(at(60)), WaitEnd::Reached);
        assert_eq!(wall.passed(), Nanos::from_secs(1));
    }

    #[test]
    fn a_step_between_two_waits_ends_the_next_once_whoever_read_the_clock_meanwhile() {
        let wall = SimulatedWall::new(at(10_000));
        wall.turn_back(HOUR);
        assert_eq!(wall.now(), at(10_000) - HOUR);
        assert_eq!(wall.wait_until(at(10_000)), WaitEnd::Stepped);
        assert_eq!(wall.passed(), Nanos::ZERO);
    }

    #[test]
    fn two_seconds_are_no_step_and_end_no_wait() {
        let wall = SimulatedWall::new(at(10_000));
        wall.step_in(Nanos::from_secs(1), Nanos::from_secs(-2));
        assert_eq!(wall.wait_until(at(10_060)), WaitEnd::Reached);
        assert_eq!(wall.passed(), Nanos::from_secs(60), "not lengthened by what is worked off");
        assert_eq!(wall.take_steps(), []);
    }

    #[test]
    fn an_endless_wait_ends_at_the_last_instant_that_there_is() {
        let wall = SimulatedWall::new(at(10));
        assert_eq!(wall.wait_until(Timestamp::MAX), WaitEnd::Reached);
    }
}
