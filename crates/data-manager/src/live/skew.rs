//! How far this machine's clock and a vendor's are apart, as far as what the vendor says proves it.
//!
//! What comes was sent before it came: received minus sent is the difference of the clocks and the
//! time on the way, so that the difference is no more than the least of them. What answers us was sent
//! after we had asked: asked minus sent is no more than the difference. Between the two it lies, and how
//! long the way takes is no part of it.

use std::collections::VecDeque;

use openbell_time::{Nanos, Timestamp};

/// What is known of one vendor's clock: our clock minus the vendor's lies between two bounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skew {
    /// Bounds from above of each minute, the least first of all; every message gives one.
    at_most: Bounds,
    /// Bounds from below of each minute, negated; only answers give one.
    at_least: Bounds,
}

/// The least bound of each minute, oldest first.
#[derive(Clone, Debug, Default)]
struct Bounds(VecDeque<(i64, i64)>);

impl Bounds {
    fn take(&mut self, bound_ns: i64, now: Timestamp, n_minutes: i64) {
        let minute = now.as_secs().div_euclid(60);
        match self.0.back_mut() {
            Some((last, least)) if *last == minute => *least = (*least).min(bound_ns),
            _ => self.0.push_back((minute, bound_ns)),
        }
        self.0.retain(|(at, _)| (minute - n_minutes..=minute).contains(at));
    }

    fn least_ns(&self) -> Option<i64> {
        self.0.iter().map(|&(_, least_ns)| least_ns).min()
    }
}

impl Skew {
    /// A message may be slow for so long.
    const N_MINUTES: i64 = 5;
    /// A vendor whose messages answer nothing is asked each ten minutes.
    const N_MINUTES_OF_ANSWERS: i64 = 11;

    /// Something sent at `sent` by the vendor's clock came at `now` by ours; where it is an answer,
    /// that was asked for at `asked_at` by ours.
    pub(crate) fn heard(&mut self, sent: Timestamp, asked_at: Option<Timestamp>, now: Timestamp) {
        let sent_ns = sent.as_nanos();
        let at_most_ns = now.as_nanos().saturating_sub(sent_ns);
        self.at_most.take(at_most_ns, now, Skew::N_MINUTES);
        if let Some(asked_at) = asked_at {
            let negated_ns = sent_ns.saturating_sub(asked_at.as_nanos());
            self.at_least.take(negated_ns, now, Skew::N_MINUTES_OF_ANSWERS);
        }
    }

    /// The bounds, from below where there is one. A clock that is being set slowly may have passed one
    /// that was true some minutes ago.
    fn bounds_ns(&self) -> Option<(Option<i64>, i64)> {
        let at_most_ns = self.at_most.least_ns()?;
        Some(match self.at_least.least_ns().map(|ns| 0_i64.saturating_sub(ns)) {
            Some(at_least_ns) => (Some(at_least_ns.min(at_most_ns)), at_least_ns.max(at_most_ns)),
            None => (None, at_most_ns),
        })
    }

    /// Our clock minus the vendor's, where anything is known: the middle of what it may be; by no more
    /// than the shortest way too much where the vendor has answered nothing.
    pub(crate) fn by(&self) -> Option<Nanos> {
        let by_ns = match self.bounds_ns()? {
            (Some(at_least_ns), at_most_ns) => at_least_ns.midpoint(at_most_ns),
            (None, at_most_ns) => at_most_ns,
        };
        Some(Nanos::from_nanos(by_ns))
    }

    /// Whether the clocks are proven to differ by more than `limit`, whatever the way has taken.
    pub(crate) fn is_over(&self, limit: Nanos) -> bool {
        self.bounds_ns().is_some_and(|(at_least_ns, at_most_ns)| {
            let is_ahead = at_least_ns.is_some_and(|ns| ns > limit.as_nanos());
            is_ahead || at_most_ns < -limit.as_nanos()
        })
    }

    /// So much our clock may be ahead of the vendor's, where anything is known.
    pub(crate) fn at_most(&self) -> Option<Nanos> {
        self.bounds_ns().map(|(_, at_most_ns)| Nanos::from_nanos(at_most_ns))
    }

    /// What was measured is void: our own clock was set.
    pub(crate) fn forget(&mut self) {
        *self = Skew::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Nanos = Nanos::from_secs(5);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(1_700_000_000_000_000_000 + ms * 1_000_000)
    }

    fn millis(ms: i64) -> Option<Nanos> {
        Some(Nanos::from_nanos(ms * 1_000_000))
    }

    /// An answer to what was asked at `asked_ms` by the vendor's clock, with so long a way there and
    /// back, where our clock is `ahead_ms` ahead.
    fn answer(skew: &mut Skew, asked_ms: i64, ways_ms: [i64; 2], ahead_ms: i64) {
        let sent_ms = asked_ms + ways_ms[0];
        let came_ms = sent_ms + ways_ms[1];
        skew.heard(at(sent_ms), Some(at(asked_ms + ahead_ms)), at(came_ms + ahead_ms));
    }

    #[test]
    fn a_clock_two_seconds_behind_is_measured_to_the_shortest_way() {
        let mut skew = Skew::default();
        assert_eq!(skew.by(), None);
        for (n, way_ms) in [310, 80, 1_900, 45].into_iter().enumerate() {
            let sent_ms = n as i64 * 2_000;
            skew.heard(at(sent_ms), None, at(sent_ms + way_ms - 2_000));
        }
        assert_eq!(skew.by(), millis(-1_955));
        assert!(!skew.is_over(LIMIT));
    }

    #[test]
    fn a_slow_spell_does_not_move_the_clock_and_a_new_difference_is_seen_in_five_minutes() {
        let mut skew = Skew::default();
        skew.heard(at(0), None, at(20));
        skew.heard(at(60_000), None, at(66_000));
        assert_eq!(skew.by(), millis(20));
        for minute in 2..8 {
            skew.heard(at(minute * 60_000), None, at(minute * 60_000 + 3_000));
        }
        assert_eq!(skew.by(), millis(3_000));
    }

    #[test]
    fn a_slow_way_is_not_taken_for_a_clock_that_is_ahead() {
        let mut skew = Skew::default();
        skew.heard(at(0), None, at(4_000 + 1_280));
        assert!(!skew.is_over(LIMIT), "it may have been on its way for a second");
        answer(&mut skew, 1_000, [900, 1_300], 4_000);
        assert!(!skew.is_over(LIMIT));
        assert_eq!(skew.by(), millis((3_100 + 5_280) / 2));
        assert_eq!(skew.at_most(), millis(5_280));
    }

    #[test]
    fn a_clock_that_is_too_far_ahead_is_proven_so_by_an_answer() {
        let mut skew = Skew::default();
        skew.heard(at(0), None, at(7_400));
        assert!(!skew.is_over(LIMIT));
        answer(&mut skew, 1_000, [1_300, 900], 7_000);
        assert!(skew.is_over(LIMIT));
        assert_eq!(skew.by(), millis((5_700 + 7_400) / 2));
        for minute in 1..=10 {
            skew.heard(at(minute * 60_000), None, at(minute * 60_000 + 7_400));
            assert!(skew.is_over(LIMIT), "until it is asked again");
        }
        answer(&mut skew, 601_000, [400, 400], 0);
        assert!(!skew.is_over(LIMIT), "it has been set since");
    }

    #[test]
    fn a_clock_that_is_too_far_behind_is_proven_so_by_any_message() {
        let mut skew = Skew::default();
        skew.heard(at(0), None, at(-5_500 + 400));
        assert!(skew.is_over(LIMIT));
        answer(&mut skew, 30_000, [20, 20], 0);
        assert!(!skew.is_over(LIMIT), "it has been set slowly since");
    }

    #[test]
    fn stamps_at_the_ends_of_time_are_no_overflow() {
        let mut skew = Skew::default();
        for sent in [Timestamp::MIN, Timestamp::MAX] {
            for asked_at in [Timestamp::MIN, Timestamp::MAX] {
                skew.heard(sent, Some(asked_at), at(0));
                assert!(skew.by().is_some() && skew.by() <= skew.at_most());
            }
        }
    }
}
