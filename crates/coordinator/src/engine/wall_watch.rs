//! What the readings of the wall clock are worth: a live run follows the wall, and a wall clock can be
//! set, stand still while the machine sleeps, or be read wrong once.
//!
//! A step ahead shuts the gate at once and moves the session clock when a second reading agrees: one
//! wild reading must not end a session. Where the wall lies behind the session clock, that stands, and
//! nothing is shown as if it were of now.

use openbell_time::{Nanos, Timestamp};

/// A wall that lies no more than this behind the session clock is waited for without a word.
pub(super) const JITTER: Nanos = Nanos::from_nanos(2_000_000_000);

/// How long a run waits for the second reading.
const SECOND_READING: Nanos = Nanos::from_nanos(1_000_000);

/// What a live run knows of the wall.
#[derive(Debug)]
pub(super) struct WallWatch {
    /// A reading that lies further ahead of what was expected has jumped.
    limit: Nanos,
    /// The last reading that was believed, or the instant until which the run chose to wait, if that
    /// is later; `None` before the first.
    expected: Option<Timestamp>,
    /// A reading that has jumped ahead, and that no other agrees with so far.
    doubted: Option<Timestamp>,
}

/// What a reading comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// It is the time.
    Believed,
    /// The clock has jumped by so much; nothing is looked at before `until`.
    Stepped { by: Nanos, until: Timestamp },
}

impl WallWatch {
    /// What readings are held against, for a checkpoint.
    pub(super) fn readings(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.expected, self.doubted)
    }

    /// Goes on from a checkpoint: the next reading is held against those before it.
    pub(super) fn go_on_from(
        &mut self,
        (expected, doubted): (Option<Timestamp>, Option<Timestamp>),
    ) {
        (self.expected, self.doubted) = (expected, doubted);
    }

    /// A watch that takes what lies `limit` ahead for a jump.
    pub(super) fn new(limit: Nanos) -> WallWatch {
        WallWatch { limit: limit.max(JITTER), expected: None, doubted: None }
    }

    /// The wall shows `wall`, and the session clock stands at `clock`, where a session has begun.
    pub(super) fn read(&mut self, wall: Timestamp, clock: Option<Timestamp>) -> Reading {
        if let Some(clock) = clock
            && wall < clock - JITTER
        {
            self.doubted = None;
            self.expected = Some(wall);
            return Reading::Stepped { by: wall - clock, until: wall + JITTER };
        }
        let expected = self.expected.unwrap_or(wall);
        let has_jumped = wall > expected + self.limit;
        match self.doubted {
            _ if !has_jumped => self.doubted = None,
            Some(doubted) if wall > doubted => self.doubted = None, // It agrees.
            Some(_) | None => {
                self.doubted = Some(wall);
                return Reading::Stepped { by: wall - expected, until: wall + SECOND_READING };
            }
        }
        self.expected = Some(wall);
        Reading::Believed
    }

    /// The run waits until then: a reading near it has not jumped.
    pub(super) fn waits(&mut self, until: Timestamp) {
        self.expected = self.expected.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_nanos(second * 1_000_000_000)
    }

    fn steps(watch: &mut WallWatch, clock_s: i64, readings_s: &[i64]) -> Vec<Option<i64>> {
        let read =
            readings_s.iter().map(|&second| match watch.read(at(second), Some(at(clock_s))) {
                Reading::Believed => None,
                Reading::Stepped { by, .. } => Some(by.as_secs()),
            });
        read.collect()
    }

    #[test]
    fn one_wild_reading_ahead_is_dropped_and_two_that_agree_are_believed() {
        let mut watch = WallWatch::new(Nanos::from_secs(60));
        let wild = steps(&mut watch, 0, &[0, 1, 3_600, 2, 3]);
        assert_eq!(wild, [None, None, Some(3_599), None, None]);
        let asleep = steps(&mut watch, 3, &[7_200, 7_200, 7_201, 7_202]);
        assert_eq!(asleep, [Some(7_197), Some(7_197), None, None], "the same reading is no second");
    }

    #[test]
    fn a_wall_that_was_set_back_is_no_time_before_it_has_come_so_far_again() {
        let mut watch = WallWatch::new(Nanos::from_secs(60));
        let back = steps(&mut watch, 1_000, &[1_000, 400, 401, 459, 998, 999, 1_000]);
        assert_eq!(back[..4], [None, Some(-600), Some(-599), Some(-541)]);
        // It leaps to where it was: that is a step ahead again, until a second reading agrees.
        assert_eq!(back[4..], [Some(539), None, None]);
    }

    #[test]
    fn what_the_run_waits_for_is_no_jump() {
        let mut watch = WallWatch::new(Nanos::from_secs(60));
        assert_eq!(steps(&mut watch, 0, &[0]), [None]);
        watch.waits(at(60_000));
        assert_eq!(steps(&mut watch, 0, &[60_030, 60_200]), [None, Some(170)]);
    }
}
