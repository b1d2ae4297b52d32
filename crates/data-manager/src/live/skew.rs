//! How far this machine's clock and a vendor's are apart, from the send times in what it says.
//!
//! What comes was sent before it came: received minus sent is the difference of the clocks and the
//! time on the way, which is never negative. The least of five minutes is taken for the difference.

use std::collections::VecDeque;

use openbell_time::{Nanos, Timestamp};

/// The estimate of one vendor's clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skew {
    /// The least difference of each minute, oldest first.
    minutes: VecDeque<(i64, Nanos)>,
}

impl Skew {
    const N_MINUTES: i64 = 5;

    /// Something sent at `sent` by the vendor's clock came at `now` by ours.
    pub(crate) fn heard(&mut self, sent: Timestamp, now: Timestamp) {
        let apart = Nanos::from_nanos(now.as_nanos().saturating_sub(sent.as_nanos()));
        let minute = now.as_secs().div_euclid(60);
        match self.minutes.back_mut() {
            Some((last, least)) if *last == minute => *least = (*least).min(apart),
            _ => self.minutes.push_back((minute, apart)),
        }
        self.minutes.retain(|(at, _)| (minute - Skew::N_MINUTES..=minute).contains(at));
    }

    /// Our clock minus the vendor's, where anything is known; by no more than the shortest way too
    /// much.
    pub(crate) fn by(&self) -> Option<Nanos> {
        self.minutes.iter().map(|&(_, least)| least).min()
    }

    /// What was measured is void: our own clock was set.
    pub(crate) fn forget(&mut self) {
        self.minutes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(1_700_000_000_000_000_000 + ms * 1_000_000)
    }

    #[test]
    fn a_clock_two_seconds_behind_is_measured_to_the_shortest_way() {
        let mut skew = Skew::default();
        assert_eq!(skew.by(), None);
        for (n, way_ms) in [310, 80, 1_900, 45].into_iter().enumerate() {
            let sent_ms = n as i64 * 2_000;
            skew.heard(at(sent_ms), at(sent_ms + way_ms - 2_000));
        }
        assert_eq!(skew.by(), Some(Nanos::from_nanos(-1_955_000_000)));
    }

    #[test]
    fn a_slow_spell_does_not_move_the_clock_and_a_new_difference_is_seen_in_five_minutes() {
        let mut skew = Skew::default();
        skew.heard(at(0), at(20));
        skew.heard(at(60_000), at(66_000));
        assert_eq!(skew.by(), Some(Nanos::from_nanos(20_000_000)));
        for minute in 2..8 {
            skew.heard(at(minute * 60_000), at(minute * 60_000 + 3_000));
        }
        assert_eq!(skew.by(), Some(Nanos::from_secs(3)));
    }
}
