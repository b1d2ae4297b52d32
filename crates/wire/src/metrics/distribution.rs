//! How often values fell between bounds: a histogram whose bounds are fixed.

/// Values in seconds, counted between bounds.
///
/// ```
/// use openbell_wire::metrics::Distribution;
///
/// let mut looks = Distribution::of_looks();
/// looks.record(0.002);
/// looks.record(0.004);
/// assert_eq!((looks.n(), looks.sum_s()), (2, 0.006));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Distribution {
    bounds_s: &'static [f64],
    /// Values up to each bound and above the one before; at last those above all.
    counts: Vec<u64>,
    sum_s: f64,
}

/// From a tenth of what a vendor takes at its best to the threshold of a late bar.
const LATENCY_S: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// From a look without news to one that fetches an outage of a day.
const LOOKS_S: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

impl Distribution {
    /// None so far, with bounds for the time from a bar's close to its arrival.
    pub fn of_latency() -> Distribution {
        Distribution::new(LATENCY_S)
    }

    /// None so far, with bounds for what a look takes.
    pub fn of_looks() -> Distribution {
        Distribution::new(LOOKS_S)
    }

    fn new(bounds_s: &'static [f64]) -> Distribution {
        Distribution { bounds_s, counts: vec![0; bounds_s.len() + 1], sum_s: 0.0 }
    }

    /// Counts a value; one below zero, as a clock that is behind brings it about, as zero.
    ///
    /// *Cost*: linear in the bounds, a dozen; allocates nothing.
    pub fn record(&mut self, seconds: f64) {
        let seconds = seconds.max(0.0);
        let at = self.bounds_s.iter().position(|bound| seconds <= *bound);
        self.counts[at.unwrap_or(self.bounds_s.len())] += 1;
        self.sum_s += seconds;
    }

    /// How many values there were.
    pub fn n(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together, in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_s
    }

    /// Each bound with the values up to it and above the one before.
    pub(super) fn buckets(&self) -> Vec<(f64, u64)> {
        self.bounds_s.iter().copied().zip(self.counts.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_below_it_and_one_above_all_is_counted() {
        let mut latency = Distribution::of_latency();
        for seconds in [0.05, 0.050_1, 60.0, 61.0, -2.0] {
            latency.record(seconds);
        }
        let filled: Vec<_> = latency.buckets().into_iter().filter(|(_, n)| *n > 0).collect();
        assert_eq!(filled, [(0.05, 2), (0.1, 1), (60.0, 1)]);
        assert_eq!(latency.n(), 5);
        assert!((latency.sum_s() - 121.1001).abs() < 1e-9, "{}", latency.sum_s());
    }
}
