//! How fast: the waits between attempts, and what may be sent in a time. Both run on instants that
//! are handed in.

use openbell_time::{Nanos, Timestamp};

use crate::live::Rate;

/// Numbers that follow from a seed, for waits that shall not fall together.
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Jitter {
        Jitter(seed)
    }

    /// A length between `low` and `high` percent of `length`.
    pub(crate) fn around(&mut self, length: Nanos, low: i64, high: i64) -> Nanos {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let permille = low * 10 + (mixed % ((high - low) as u64 * 10 + 1)) as i64;
        Nanos::from_nanos((i128::from(length.as_nanos()) * i128::from(permille) / 1_000) as i64)
    }
}

/// The waits between attempts to connect.
///
/// A line that lived a minute and delivered is tried again at once, after that 1, 2, 4 and up to 30
/// seconds, each half to one and a half as long. To have connected alone forgives nothing: a vendor
/// that accepts and cuts would be stormed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    n_failed: u32,
}

/// How a line has lived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Life {
    /// How long it was open.
    pub(crate) length: Nanos,
    /// Whether a bar came over it.
    pub(crate) has_delivered: bool,
}

impl Backoff {
    const LIFE_MIN: Nanos = Nanos::from_secs(60);
    const LONGEST_S: i64 = 30;

    /// How long to wait after a line that lived so.
    pub(crate) fn wait(&mut self, life: Life, jitter: &mut Jitter) -> Nanos {
        if life.has_delivered && life.length >= Backoff::LIFE_MIN {
            self.n_failed = 0;
        }
        self.n_failed = self.n_failed.saturating_add(1);
        match self.n_failed {
            1 if life.has_delivered => Nanos::ZERO,
            n => {
                let seconds = (1_i64 << n.saturating_sub(2).min(5)).min(Backoff::LONGEST_S);
                jitter.around(Nanos::from_secs(seconds), 50, 150)
            }
        }
    }

    /// How many attempts in a row have failed.
    pub(crate) fn n_failed(&self) -> u32 {
        self.n_failed
    }
}

/// What may be sent in a time: a bucket of tokens that fills while nothing is sent.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    /// From when on the bucket is full.
    full_at: Timestamp,
}

impl Bucket {
    pub(crate) fn new(rate: Rate) -> Bucket {
        Bucket { rate, full_at: Timestamp::MIN }
    }

    /// The instant from which on `n_tokens` may be taken.
    pub(crate) fn free_at(&self, n_tokens: u32) -> Timestamp {
        let spare = i64::from(self.rate.burst.saturating_sub(n_tokens));
        let credit_ns = self.rate.each.as_nanos().saturating_mul(spare);
        Timestamp::from_nanos(self.full_at.as_nanos().saturating_sub(credit_ns))
    }

    /// Takes tokens, also where they are not there yet: whoever takes them early makes the next wait.
    pub(crate) fn take(&mut self, now: Timestamp, n_tokens: u32) {
        let cost_ns = self.rate.each.as_nanos().saturating_mul(i64::from(n_tokens));
        self.full_at = self.full_at.max(now) + Nanos::from_nanos(cost_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(0) + Nanos::from_secs(seconds)
    }

    #[test]
    fn a_line_that_delivered_for_a_minute_is_tried_again_at_once_and_then_ever_later() {
        let (mut backoff, mut jitter) = (Backoff::default(), Jitter::new(7));
        let good = Life { length: Nanos::from_secs(60), has_delivered: true };
        let none = Life { length: Nanos::ZERO, has_delivered: false };
        assert_eq!(backoff.wait(good, &mut jitter), Nanos::ZERO);
        for seconds in [1, 2, 4, 8, 16, 30, 30, 30] {
            let wait = backoff.wait(none, &mut jitter);
            let (low, high) = (seconds * 500_000_000, seconds * 1_500_000_000);
            assert!((low..=high).contains(&wait.as_nanos()), "{wait} for {seconds} s");
        }
        assert_eq!(backoff.wait(good, &mut jitter), Nanos::ZERO, "a good life forgives");
    }

    #[test]
    fn to_have_connected_forgives_nothing() {
        let (mut backoff, mut jitter) = (Backoff::default(), Jitter::new(7));
        let short = Life { length: Nanos::from_secs(59), has_delivered: true };
        let mute = Life { length: Nanos::from_secs(3_600), has_delivered: false };
        let mut total = Nanos::ZERO;
        for n in 0..20 {
            total += backoff.wait(if n % 2 == 0 { short } else { mute }, &mut jitter);
        }
        assert!(total > Nanos::from_secs(300), "20 attempts in {total}");
    }

    #[test]
    fn no_second_has_more_than_the_burst_and_what_flows_in() {
        for burst in [1, 5] {
            let mut bucket = Bucket::new(Rate { burst, each: Nanos::from_nanos(300_000_000) });
            let (mut now, mut sent) = (at(100), Vec::new());
            for _ in 0..40 {
                now = now.max(bucket.free_at(1));
                bucket.take(now, 1);
                sent.push(now);
            }
            for first in &sent {
                let within =
                    sent.iter().filter(|s| *first <= **s && **s < *first + Nanos::from_secs(1));
                assert!(within.count() <= burst as usize + 3);
            }
            assert!(now <= at(112), "no slower than need be: {now}");
        }
    }

    #[test]
    fn a_heavy_request_waits_for_its_weight() {
        let mut bucket = Bucket::new(Rate { burst: 10, each: Nanos::from_secs(1) });
        bucket.take(at(0), 10);
        assert_eq!(bucket.free_at(1), at(1));
        assert_eq!(bucket.free_at(10), at(10));
        assert_eq!(bucket.free_at(11), at(10), "what never fits is let through when it is full");
    }
}
