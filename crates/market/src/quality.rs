//! How much of what a calendar expects is there.

use openbell_time::Timestamp;

/// How many base bars a window saw, of how many it holds when full.
///
/// ```
/// use openbell_market::Coverage;
/// let coverage = Coverage { n: 4, expected: 5 };
/// assert_eq!(coverage.quality().unwrap().as_pct(), 80.0);
/// assert!(!coverage.is_full());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Coverage {
    /// Base bars seen.
    pub n: u32,
    /// Base bars that the window holds when full.
    pub expected: u32,
}

impl Coverage {
    /// Whether nothing is missing.
    pub fn is_full(self) -> bool {
        self.n >= self.expected
    }

    /// The share of what was expected; absent while nothing is.
    pub fn quality(self) -> Option<Quality> {
        Quality::of(u64::from(self.n), u64::from(self.expected))
    }
}

impl std::ops::AddAssign for Coverage {
    fn add_assign(&mut self, other: Coverage) {
        self.n += other.n;
        self.expected += other.expected;
    }
}

/// Delivered bars over expected bars.
///
/// *Units*: percent, 0 to 100. Absent (an `Option` around it) where nothing is expected yet or
/// quality is switched off; never 100 for want of an answer.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Quality(f64);

impl Quality {
    /// `present` of `expected` in percent, or `None` where nothing is expected.
    pub fn of(present: u64, expected: u64) -> Option<Quality> {
        (expected > 0).then(|| Quality(100.0 * present as f64 / expected as f64))
    }

    /// The value in percent.
    pub fn as_pct(self) -> f64 {
        self.0
    }
}

/// A run of expected bars of which none is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Gap {
    /// Open instant of the first missing bar.
    pub since: Timestamp,
    /// Close instant of the last missing bar.
    pub until: Timestamp,
    /// Missing bars in it, at least 1.
    pub n_bars: u32,
}
