//! When a live scenario looks at its clock, and what that shows.

use openbell_time::{Nanos, Timestamp};

/// A reading of our clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The true time.
    pub at: Timestamp,
    /// What our clock shows.
    pub wall: Timestamp,
}

/// What a reading must come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// It is the time.
    Believed,
    /// It lies further ahead of the one before than anybody waits: one alone proves nothing.
    Doubted,
    /// The session clock has been there already: it stands, and nothing is shown as of now.
    Behind,
}

/// How far the wall may lie behind the session clock without a word.
pub(super) const JITTER: Nanos = Nanos::from_secs(2);

/// What readings are worth, by the readings alone.
#[derive(Clone, Debug)]
pub struct WallModel {
    /// No look is further from the one before.
    limit: Nanos,
    /// Where the next reading is expected at the latest, less the limit.
    expected: Option<Timestamp>,
    doubted: Option<Timestamp>,
    /// The last instant that was believed, at most the end of its session.
    floor: Timestamp,
}

impl WallModel {
    /// The model of a run that takes more than `limit` for a jump.
    pub fn new(limit: Nanos) -> WallModel {
        WallModel { limit: limit.max(JITTER), expected: None, doubted: None, floor: Timestamp::MIN }
    }

    /// What a reading of `wall` comes to, where the run is in a session or between two.
    pub fn read(&mut self, wall: Timestamp) -> Worth {
        if self.floor > Timestamp::MIN && wall < self.floor - JITTER {
            (self.expected, self.doubted) = (Some(wall), None);
            return Worth::Behind;
        }
        let is_ahead = self.expected.is_some_and(|expected| wall > expected + self.limit);
        let agrees = self.doubted.is_some_and(|doubted| wall > doubted);
        if is_ahead && !agrees {
            self.doubted = Some(wall);
            return Worth::Doubted;
        }
        (self.expected, self.doubted) = (Some(wall), None);
        Worth::Believed
    }

    /// The session clock stands at `clock`.
    pub fn reach(&mut self, clock: Timestamp) {
        self.floor = self.floor.max(clock);
    }

    /// The run chose to wait until then, since no session is open.
    pub fn wait(&mut self, until: Timestamp) {
        self.expected = self.expected.max(Some(until));
    }
}
