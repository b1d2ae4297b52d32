//! Hot path. Sums, extremes and moments of the last n values, without subtracting what has left.
//!
//! A running sum that adds what comes and subtracts what goes keeps the rounding of both for ever:
//! it drifts, it is not 0 when all its values are, and after one huge value it has lost the small
//! ones. Here a value that has left leaves no trace. The n values are cut where the ring wraps into
//! an older and a newer part. The newer part is folded forwards as it grows; the older one was
//! folded backwards, every suffix of it, when it was complete; the fold of the window is that of
//! one suffix and the newer part. That is two additions a bar, and n more once every n bars.
//! Source: two-stack queues; for extremes van Herk, "A fast algorithm for local minimum and maximum
//! filters on rectangular and octagonal kernels", Pattern Recognition Letters 13 (1992).
//!
//! Never: an allocation after construction, a subtraction of values that left, a step whose cost
//! grows with the bars seen.

/// What a window keeps of its values: how two neighbouring parts make one.
pub(super) trait Fold: Clone {
    /// A value, and the aggregate of several.
    type Part: Copy;
    /// The part of no value.
    const NOTHING: Self::Part;
    /// The part of `older` values followed by `newer` ones.
    fn join(older: Self::Part, newer: Self::Part) -> Self::Part;
}

/// Their sum.
#[derive(Clone, Debug)]
pub(super) struct Sum;

impl Fold for Sum {
    type Part = f64;
    const NOTHING: f64 = 0.0;
    fn join(older: f64, newer: f64) -> f64 {
        older + newer
    }
}

/// Two sums side by side.
#[derive(Clone, Debug)]
pub(super) struct SumPair;

impl Fold for SumPair {
    type Part = [f64; 2];
    const NOTHING: [f64; 2] = [0.0; 2];
    fn join(older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [older[0] + newer[0], older[1] + newer[1]]
    }
}

/// The highest of them.
#[derive(Clone, Debug)]
pub(super) struct Highest;

impl Fold for Highest {
    type Part = f64;
    const NOTHING: f64 = f64::NEG_INFINITY;
    fn join(older: f64, newer: f64) -> f64 {
        if newer > older { newer } else { older }
    }
}

/// The lowest of them.
#[derive(Clone, Debug)]
pub(super) struct Lowest;

impl Fold for Lowest {
    type Part = f64;
    const NOTHING: f64 = f64::INFINITY;
    fn join(older: f64, newer: f64) -> f64 {
        if newer < older { newer } else { older }
    }
}

/// The last n values, folded.
///
/// *Cost*: memory for n parts; a push is a few operations, and once every n pushes n more.
#[derive(Clone, Debug)]
pub(super) struct Window<F: Fold> {
    // `..n_newer` holds the newer values as they came, the rest suffixes of the older ones.
    ring: Box<[F::Part]>,
    n_newer: usize,
    newer: F::Part,
    is_full: bool,
}

impl<F: Fold> Window<F> {
    pub(super) fn new(n: u32) -> Window<F> {
        let ring = vec![F::NOTHING; n as usize].into_boxed_slice();
        Window { ring, n_newer: 0, newer: F::NOTHING, is_full: false }
    }

    /// Values after which there is a fold.
    pub(super) fn ready_after(&self) -> u32 {
        self.ring.len() as u32
    }

    /// Takes `value` in; the fold of the last n where there are so many.
    #[inline]
    pub(super) fn push(&mut self, value: F::Part) -> Option<F::Part> {
        self.ring[self.n_newer] = value;
        self.n_newer += 1;
        self.newer = F::join(self.newer, value);
        if self.n_newer == self.ring.len() {
            return Some(self.turn());
        }
        if !self.is_full {
            return None;
        }
        Some(F::join(self.ring[self.n_newer], self.newer))
    }

    // The newer part has grown to all of the window: from now on it is the older one.
    fn turn(&mut self) -> F::Part {
        let all = self.newer;
        let mut suffix = F::NOTHING;
        for part in self.ring.iter_mut().rev() {
            suffix = F::join(*part, suffix);
            *part = suffix;
        }
        self.n_newer = 0;
        self.newer = F::NOTHING;
        self.is_full = true;
        all
    }
}

/// The weighted sum of the last n values, weights 1 to n, the newest the heaviest.
///
/// The same cut: the older part of a values has its own weights 1 to a, built from behind by adding
/// the plain suffix sum at each step; in the newer part the weights go on from a.
#[derive(Clone, Debug)]
pub(super) struct WeightedWindow {
    ring: Box<[f64]>,
    n_newer: usize,
    newer: f64,
    newer_weighted: f64,
    is_full: bool,
}

impl WeightedWindow {
    pub(super) fn new(n: u32) -> WeightedWindow {
        WeightedWindow {
            ring: vec![0.0; n as usize].into_boxed_slice(),
            n_newer: 0,
            newer: 0.0,
            newer_weighted: 0.0,
            is_full: false,
        }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.ring.len() as u32
    }

    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        let n = self.ring.len();
        self.ring[self.n_newer] = value;
        self.n_newer += 1;
        self.newer += value;
        self.newer_weighted += self.n_newer as f64 * value;
        if self.n_newer == n {
            return Some(self.turn());
        }
        if !self.is_full {
            return None;
        }
        let n_older = (n - self.n_newer) as f64;
        Some(self.ring[self.n_newer] + (n_older * self.newer + self.newer_weighted))
    }

    fn turn(&mut self) -> f64 {
        let all = self.newer_weighted;
        let (mut suffix, mut weighted) = (0.0, 0.0);
        for value in self.ring.iter_mut().rev() {
            suffix += *value;
            weighted += suffix;
            *value = weighted;
        }
        self.n_newer = 0;
        self.newer = 0.0;
        self.newer_weighted = 0.0;
        self.is_full = true;
        all
    }
}

/// Mean of values, and the sum of the squares of their distances from it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) square_sum: f64,
}

impl Moments {
    const NOTHING: Moments = Moments { mean: 0.0, square_sum: 0.0 };

    /// Whether the squares are past what float64 holds, at either end, though the distances
    /// themselves need not be. Distances from a mean of 1e-120 and more are 0 or at least its
    /// rounding, whose square is far above the lower end.
    #[inline]
    pub(super) fn are_squares_lost(&self) -> bool {
        let is_tiny = self.square_sum < 1e-280 && self.mean.abs() < 1e-120 && self.mean != 0.0;
        is_tiny || !self.square_sum.is_finite()
    }

    // Welford, "Note on a method for calculating corrected sums of squares and products",
    // Technometrics 4 (1962): never the difference of two large squares.
    #[inline]
    fn add(&mut self, value: f64, share: f64) {
        let from_old = value - self.mean;
        self.mean += from_old * share;
        self.square_sum += from_old * (value - self.mean);
    }
}

/// The moments of the last n values.
///
/// The two parts are joined as in Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm
/// for computing sample variances" (1979).
#[derive(Clone, Debug)]
pub(super) struct MomentsWindow {
    values: Box<[f64]>,
    suffixes: Box<[Moments]>,
    // 1 / k for k of 1 to n.
    shares: Box<[f64]>,
    n_newer: usize,
    newer: Moments,
    is_full: bool,
}

impl MomentsWindow {
    pub(super) fn new(n: u32) -> MomentsWindow {
        MomentsWindow {
            values: vec![0.0; n as usize].into_boxed_slice(),
            suffixes: vec![Moments::NOTHING; n as usize].into_boxed_slice(),
            shares: (1..=n).map(|k| 1.0 / f64::from(k)).collect(),
            n_newer: 0,
            newer: Moments::NOTHING,
            is_full: false,
        }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.values.len() as u32
    }

    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<Moments> {
        let n = self.values.len();
        self.values[self.n_newer] = value;
        self.newer.add(value, self.shares[self.n_newer]);
        self.n_newer += 1;
        if self.n_newer == n {
            return Some(self.turn());
        }
        if !self.is_full {
            return None;
        }
        let older = self.suffixes[self.n_newer];
        let share = self.shares[n - 1];
        let (n_older, n_newer) = ((n - self.n_newer) as f64, self.n_newer as f64);
        let apart = self.newer.mean - older.mean;
        Some(Moments {
            mean: older.mean + apart * (n_newer * share),
            square_sum: (older.square_sum + self.newer.square_sum)
                + apart * apart * (n_older * n_newer * share),
        })
    }

    /// The deviation of the last n from their mean `mean`, squared as parts of the greatest
    /// distance and not as they are.
    ///
    /// *Cost*: two passes over the n values. Only for those whose squares are lost.
    #[cold]
    pub(super) fn scaled_deviation(&self, mean: f64) -> f64 {
        let distances = || self.values.iter().map(|value| (value - mean).abs());
        let greatest = distances().fold(0.0, |a: f64, b| if b > a { b } else { a });
        if greatest == 0.0 {
            return 0.0;
        }
        let squares: f64 = distances().map(|part| (part / greatest) * (part / greatest)).sum();
        greatest * (squares / self.values.len() as f64).sqrt()
    }

    fn turn(&mut self) -> Moments {
        let all = self.newer;
        let mut suffix = Moments::NOTHING;
        let backwards = self.values.iter().zip(self.suffixes.iter_mut()).rev();
        for ((value, place), share) in backwards.zip(&self.shares) {
            suffix.add(*value, *share);
            *place = suffix;
        }
        self.n_newer = 0;
        self.newer = Moments::NOTHING;
        self.is_full = true;
        all
    }
}

/// The last n values as they came.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    values: Box<[f64]>,
    next: usize,
    is_full: bool,
}

impl Ring {
    pub(super) fn new(n: u32) -> Ring {
        Ring { values: vec![0.0; n as usize].into_boxed_slice(), next: 0, is_full: false }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.values.len() as u32
    }

    /// Takes `value` in; the one that leaves for it, which came n values earlier.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        let left = std::mem::replace(&mut self.values[self.next], value);
        let had = self.is_full;
        self.next += 1;
        if self.next == self.values.len() {
            self.next = 0;
            self.is_full = true;
        }
        had.then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-12 * expected.abs().max(1e-300)
    }

    #[test]
    fn a_huge_value_that_has_left_leaves_no_trace() {
        let mut sum = Window::<Sum>::new(3);
        let mut moments = MomentsWindow::new(3);
        let mut weighted = WeightedWindow::new(3);
        let mut last = (None, None, None);
        for value in [1e18, 0.1, 0.2, 0.3, 0.4] {
            last = (sum.push(value), moments.push(value), weighted.push(value));
        }
        assert!(close(last.0.unwrap(), 0.9));
        assert!(close(last.1.unwrap().mean, 0.3));
        assert!(close(last.1.unwrap().square_sum, 0.02));
        assert!(close(last.2.unwrap(), 0.2 + 2.0 * 0.3 + 3.0 * 0.4));
    }

    #[test]
    fn equal_values_deviate_by_nothing_at_all() {
        let mut moments = MomentsWindow::new(7);
        for _ in 0..100 {
            if let Some(found) = moments.push(0.1) {
                assert_eq!(found, Moments { mean: 0.1, square_sum: 0.0 });
            }
        }
    }

    #[test]
    fn every_position_of_the_cut_gives_the_fold_of_the_last_n() {
        let values: Vec<f64> = (0..60).map(|i| f64::from((i * 37) % 23) + 1.0).collect();
        for n in 1..=12_usize {
            let mut sum = Window::<Sum>::new(n as u32);
            let mut high = Window::<Highest>::new(n as u32);
            let mut low = Window::<Lowest>::new(n as u32);
            let mut weighted = WeightedWindow::new(n as u32);
            let mut moments = MomentsWindow::new(n as u32);
            let mut ring = Ring::new(n as u32);
            for (i, &value) in values.iter().enumerate() {
                let found = (sum.push(value), high.push(value), low.push(value));
                let (weighted, moments) = (weighted.push(value), moments.push(value));
                assert_eq!(ring.push(value), i.checked_sub(n).map(|past| values[past]));
                if i + 1 < n {
                    assert_eq!(found, (None, None, None));
                    continue;
                }
                let last = &values[i + 1 - n..=i];
                let total: f64 = last.iter().sum();
                let mean = total / n as f64;
                assert_eq!(found.0, Some(total));
                assert_eq!(found.1, last.iter().copied().reduce(f64::max));
                assert_eq!(found.2, last.iter().copied().reduce(f64::min));
                let by_weight = last.iter().zip(1..).map(|(v, w)| v * f64::from(w)).sum::<f64>();
                assert!(close(weighted.unwrap(), by_weight));
                let squares = last.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
                assert!(close(moments.unwrap().mean, mean));
                assert!((moments.unwrap().square_sum - squares).abs() < 1e-10);
            }
        }
    }
}
