//! What a wall clock makes of a machine's two clocks: the one that only ticks, and the system's,
//! which people and time servers set.
//!
//! The wall goes by an anchor and the ticks since. At each reading it is held against the system's
//! clock: a small difference is worked off unseen, a large one is a step, which is taken over and
//! told. No clock is read here, so that every story of one can be played.

use crate::{Nanos, Timestamp};

/// Up to here the two clocks may differ before the difference is a step.
const STEP_LIMIT_NS: i64 = 2_000_000_000;
/// A smaller difference shrinks by this part of the time that passes: a millisecond in a second,
/// twice what a time server corrects at most, and too little to turn the wall back.
const SLEW_PART: i64 = 1_000;
/// Steps that are kept for whoever asks; what comes when it is full is added to the last.
const N_STEPS_KEPT: usize = 16;

/// A step of the system's clock by more than two seconds, which the wall clock has taken over: the
/// machine slept, or its clock was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockStep {
    /// The first reading after the step.
    pub at: Timestamp,
    /// How far that lies from where the clock would have stood without it; negative where it went
    /// back.
    pub by: Nanos,
}

/// Why a wait is over.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitEnd {
    /// The instant has come, or as much time has passed as lay before it when the wait began.
    Reached,
    /// Somebody called [`crate::WallClock::wake`].
    Woken,
    /// The clock was set, or the machine slept: what is due is to be found out anew.
    Stepped,
}

/// What the two clocks showed at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) system_ns: i64,
    /// Since any instant that stays the same.
    pub(crate) monotonic_ns: i64,
}

/// A wall clock between two readings.
#[derive(Debug)]
pub(crate) struct Anchored {
    /// Where the wall stood at the last reading, and the monotonic clock beside it.
    wall_ns: i64,
    monotonic_ns: i64,
    untaken: Vec<ClockStep>,
    /// Whether a step has come that ended no wait yet.
    is_stepped: bool,
    is_woken: bool,
}

/// A wait that has begun.
pub(crate) struct Wait {
    until_ns: i64,
    /// By the monotonic clock, which nobody sets: no wait is longer.
    over_at_ns: i64,
}

impl Anchored {
    pub(crate) fn new(reading: Reading) -> Anchored {
        let Reading { system_ns: wall_ns, monotonic_ns } = reading;
        let untaken = Vec::new();
        Anchored { wall_ns, monotonic_ns, untaken, is_stepped: false, is_woken: false }
    }

    /// The present instant, where the clocks show `reading`.
    pub(crate) fn now(&mut self, reading: Reading) -> Timestamp {
        let passed_ns = (reading.monotonic_ns - self.monotonic_ns).max(0);
        self.monotonic_ns += passed_ns;
        self.wall_ns = self.wall_ns.saturating_add(passed_ns);
        let apart_ns = reading.system_ns.saturating_sub(self.wall_ns);
        if apart_ns.saturating_abs() > STEP_LIMIT_NS {
            self.wall_ns = reading.system_ns;
            self.tell(ClockStep { at: self.here(), by: Nanos::from_nanos(apart_ns) });
        } else {
            let most_ns = passed_ns / SLEW_PART;
            self.wall_ns += apart_ns.clamp(-most_ns, most_ns);
        }
        self.here()
    }

    /// The steps since this was last asked, in order.
    pub(crate) fn take_steps(&mut self) -> Vec<ClockStep> {
        std::mem::take(&mut self.untaken)
    }

    /// Ends the wait at hand, or the next one.
    pub(crate) fn wake(&mut self) {
        self.is_woken = true;
    }

    pub(crate) fn begin_wait(&mut self, until: Timestamp, reading: Reading) -> Wait {
        let left_ns = until.as_nanos().saturating_sub(self.now(reading).as_nanos()).max(0);
        let over_at_ns = self.monotonic_ns.saturating_add(left_ns);
        Wait { until_ns: until.as_nanos(), over_at_ns }
    }

    /// How long `wait` goes on at most, or why it is over.
    pub(crate) fn left(&mut self, wait: &Wait, reading: Reading) -> Result<Nanos, WaitEnd> {
        let now_ns = self.now(reading).as_nanos();
        if std::mem::take(&mut self.is_woken) {
            return Err(WaitEnd::Woken);
        }
        if std::mem::take(&mut self.is_stepped) {
            return Err(WaitEnd::Stepped);
        }
        let by_wall_ns = wait.until_ns.saturating_sub(now_ns);
        let left_ns = by_wall_ns.min(wait.over_at_ns - self.monotonic_ns);
        if left_ns <= 0 { Err(WaitEnd::Reached) } else { Ok(Nanos::from_nanos(left_ns)) }
    }

    fn here(&self) -> Timestamp {
        Timestamp::from_nanos(self.wall_ns)
    }

    fn tell(&mut self, step: ClockStep) {
        self.is_stepped = true;
        if self.untaken.len() < N_STEPS_KEPT {
            self.untaken.push(step);
        } else if let Some(last) = self.untaken.last_mut() {
            let by_ns = last.by.as_nanos().saturating_add(step.by.as_nanos());
            *last = ClockStep { at: step.at, by: Nanos::from_nanos(by_ns) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = crate::NANOS_PER_SECOND;

    /// The two clocks after `monotonic_s` seconds, where the system's is off by `off_ns`.
    fn after(monotonic_s: i64, off_ns: i64) -> Reading {
        let monotonic_ns = monotonic_s * SECOND;
        Reading { system_ns: 1_000_000 * SECOND + monotonic_ns + off_ns, monotonic_ns }
    }

    fn at(system_s: i64) -> Timestamp {
        Timestamp::from_nanos((1_000_000 + system_s) * SECOND)
    }

    #[test]
    fn a_step_back_of_an_hour_is_taken_over_and_told_once() {
        let mut wall = Anchored::new(after(0, 0));
        assert_eq!(wall.now(after(60, 0)), at(60));
        let (back, by) = (-3_600 * SECOND, Nanos::from_secs(-3_600));
        assert_eq!(wall.now(after(61, back)), at(61 - 3_600));
        assert_eq!(wall.now(after(62, back)), at(62 - 3_600));
        assert_eq!(wall.take_steps(), [ClockStep { at: at(61 - 3_600), by }]);
        assert_eq!(wall.take_steps(), []);
    }

    #[test]
    fn a_night_asleep_is_a_step_forward_while_the_ticks_stood() {
        let mut wall = Anchored::new(after(0, 0));
        let night = 8 * 3_600;
        assert_eq!(wall.now(after(1, night * SECOND)), at(1 + night));
        let step = ClockStep { at: at(1 + night), by: Nanos::from_secs(night) };
        assert_eq!(wall.take_steps(), [step]);
    }

    #[test]
    fn a_difference_of_two_seconds_is_worked_off_without_going_back_or_being_told() {
        for off_ns in [-2 * SECOND, 2 * SECOND] {
            let mut wall = Anchored::new(after(0, 0));
            let mut last = wall.now(after(1, 0));
            for second in 2..2_002 {
                let now = wall.now(after(second, off_ns));
                let passed_ns = (now - last).as_nanos();
                assert_eq!((passed_ns - SECOND).abs(), SECOND / SLEW_PART, "second {second}");
                last = now;
            }
            assert_eq!(wall.now(after(2_002, off_ns)).as_nanos(), after(2_002, off_ns).system_ns);
            assert_eq!(wall.take_steps(), []);
        }
    }

    #[test]
    fn one_wild_reading_is_two_steps_that_cancel() {
        let mut wall = Anchored::new(after(0, 0));
        let year = 365 * 86_400;
        assert_eq!(wall.now(after(1, year * SECOND)), at(1 + year));
        assert_eq!(wall.now(after(2, 0)), at(2));
        let by: Vec<i64> = wall.take_steps().iter().map(|step| step.by.as_secs()).collect();
        assert_eq!(by, [year, -year]);
    }

    #[test]
    fn steps_that_nobody_takes_cost_no_memory_and_their_sum_is_kept() {
        let mut wall = Anchored::new(after(0, 0));
        for n in 1..=100 {
            let _ = wall.now(after(n, n * 10 * SECOND));
        }
        let steps = wall.take_steps();
        assert_eq!(steps.len(), N_STEPS_KEPT);
        assert_eq!(steps.iter().map(|step| step.by.as_secs()).sum::<i64>(), 1_000);
        assert_eq!(steps.last().map(|step| step.at), Some(at(1_100)));
    }

    #[test]
    fn ticks_that_seem_to_go_back_move_nothing() {
        let mut wall = Anchored::new(after(10, 0));
        let earlier = Reading { monotonic_ns: 9 * SECOND, ..after(10, 0) };
        assert_eq!(wall.now(earlier), at(10));
        assert_eq!(wall.now(after(11, 0)), at(11));
    }

    #[test]
    fn a_wait_is_over_when_the_time_that_lay_before_it_has_passed_whatever_the_wall_shows() {
        let mut wall = Anchored::new(after(0, 0));
        let wait = wall.begin_wait(at(100), after(0, 0));
        // Worked off for 100 s, so that the wall lies 0.1 s before the instant waited for.
        let off_ns = -2 * SECOND;
        assert_eq!(wall.left(&wait, after(99, off_ns)), Ok(Nanos::from_secs(1)));
        assert_eq!(wall.left(&wait, after(100, off_ns)), Err(WaitEnd::Reached));
        assert!(wall.now(after(100, off_ns)) < at(100));
    }
}
