//! How many wrong tokens are answered as such: so many a second, from all who send them together.

use std::sync::{Mutex, PoisonError};

use openbell_time::{Nanos, Timestamp};

/// So many a second.
const EACH_SECOND: u32 = 10;

/// What is left of this second.
#[derive(Default)]
pub(crate) struct Bucket(Mutex<Option<Second>>);

struct Second {
    since: Timestamp,
    n: u32,
}

impl Bucket {
    /// Whether a further one is answered when the wall clock shows `wall`.
    pub(crate) fn has_room(&self, wall: Timestamp) -> bool {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner); // Two words, always whole.
        let is_over = second
            .as_ref()
            .is_none_or(|second| wall < second.since || wall >= second.since + Nanos::from_secs(1));
        if is_over {
            *second = Some(Second { since: wall, n: 0 });
        }
        let Some(second) = second.as_mut() else { return true };
        second.n += 1;
        if second.n == EACH_SECOND + 1 {
            tracing::warn!(
                "more than {EACH_SECOND} wrong tokens a second; further ones are answered 429"
            );
        }
        second.n <= EACH_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_have_room_and_the_next_second_begins_anew() {
        let bucket = Bucket::default();
        let at = |ms: i64| Timestamp::from_nanos(ms * 1_000_000);
        let n_taken = (0..50).filter(|n| bucket.has_room(at(n * 10))).count();
        assert_eq!(n_taken, 10);
        assert!(!bucket.has_room(at(999)));
        assert!(bucket.has_room(at(1_000)));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let bucket = Bucket::default();
        let at = |s: i64| Timestamp::from_nanos(s * 1_000_000_000);
        assert_eq!((0..20).filter(|_| bucket.has_room(at(100))).count(), 10);
        assert!(bucket.has_room(at(50)));
    }
}
