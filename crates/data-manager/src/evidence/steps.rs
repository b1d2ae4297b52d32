//! The steps from stamp to stamp, and the interval that they show.

use openbell_market::BarInterval;
use openbell_time::NANOS_PER_DAY;

use super::length::{StepLength, length_of};
use super::objection::Objection;

/// Lengths that are counted one by one; a series has a few that matter.
const N_LENGTHS: usize = 64;

/// How many steps of which length a series has.
#[derive(Clone, Default, Debug)]
pub(crate) struct Steps {
    /// Lengths with their counts; where a series has more, the first ones.
    counts: Vec<(i64, u64)>,
    n: u64,
    divisor: i64,
}

impl Steps {
    /// Counts a step.
    #[inline]
    pub(crate) fn add(&mut self, step_ns: i64) {
        self.n += 1;
        match self.counts.first_mut() {
            Some(first) if first.0 == step_ns => first.1 += 1,
            _ => self.add_other(step_ns),
        }
    }

    fn add_other(&mut self, step_ns: i64) {
        match self.counts.iter().position(|known| known.0 == step_ns) {
            Some(idx) => {
                self.counts[idx].1 += 1;
                if self.counts[idx].1 > self.counts[0].1 {
                    self.counts.swap(0, idx); // The usual one is found at once.
                }
            }
            None => {
                self.divisor = greatest_common_divisor(self.divisor, step_ns);
                if self.counts.len() < N_LENGTHS {
                    self.counts.push((step_ns, 1));
                }
            }
        }
    }

    fn n_in(&self, lengths: std::ops::RangeInclusive<i64>) -> u64 {
        self.counts.iter().filter(|(step, _)| lengths.contains(step)).map(|(_, n)| n).sum()
    }

    /// What speaks against `interval`. A thin series has steps of many lengths, all of them multiples of
    /// its interval: only steps that are all alike, or nearly, are those of another one.
    pub(crate) fn against(&self, interval: BarInterval) -> Option<Objection> {
        let &(usual_ns, n_usual) = self.counts.iter().max_by_key(|(_, n)| *n)?;
        let length_ns = length_of(interval).as_nanos();
        let n = self.n;
        let objection =
            |steps, n_such| Some(Objection::Interval { asked: interval, steps, n_such, n });
        let n_finer = self.n_in(1..=length_ns - 1);
        if 10 * n_finer > n {
            let finer = self.counts.iter().filter(|(step, _)| *step < length_ns);
            let &(step_ns, n_such) = finer.max_by_key(|(_, n)| *n)?;
            return objection(StepLength::Clock(step_ns), n_such);
        }
        let n_months = self.n_in(27 * NANOS_PER_DAY..=32 * NANOS_PER_DAY);
        match interval {
            BarInterval::Day if n >= 3 && 10 * n_months >= 8 * n => {
                objection(StepLength::Month, n_months)
            }
            BarInterval::Day
                if n >= 4 && usual_ns == 7 * NANOS_PER_DAY && 10 * n_usual >= 8 * n =>
            {
                objection(StepLength::Clock(usual_ns), n_usual)
            }
            BarInterval::Week => {
                let n_such = self.n_in(28 * NANOS_PER_DAY..=35 * NANOS_PER_DAY);
                if n >= 3 && n_such == n { objection(StepLength::Month, n_such) } else { None }
            }
            BarInterval::Clock(_) if usual_ns >= 2 * length_ns => {
                let is_other = (n >= 4 && n_usual == n)
                    || (n >= 8 && usual_ns == self.divisor && 2 * n_usual >= n)
                    || (n >= 20 && 10 * n_usual >= 7 * n);
                if is_other { objection(StepLength::Clock(usual_ns), n_usual) } else { None }
            }
            BarInterval::Day | BarInterval::Clock(_) => None,
        }
    }
}

fn greatest_common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
