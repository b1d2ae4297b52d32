//! Quantities as whole counts of lots: sums of them are exact.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// A count of lots, signed: above zero is bought or held, below zero is sold or owed.
///
/// *Units*: lots, each of as many units of the symbol as the account's lot says: one share, or
/// 0.00000001 of a coin.
///
/// ```
/// use openbell_coordinator::Lots;
/// assert_eq!(Lots::new(100) - Lots::new(130), Lots::new(-30));
/// assert_eq!(Lots::new(-30).abs(), Lots::new(30));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lots(i64);

impl Lots {
    /// None.
    pub const ZERO: Lots = Lots(0);
    /// The largest count that prices can be multiplied with exactly: 2 to the power of 53.
    pub const MAX: Lots = Lots(1 << 53);

    /// `n` lots.
    pub const fn new(n: i64) -> Lots {
        Lots(n)
    }

    /// The count.
    pub const fn count(self) -> i64 {
        self.0
    }

    /// The count without its sign.
    pub const fn abs(self) -> Lots {
        Lots(self.0.abs())
    }

    /// -1, 0 or 1.
    pub const fn signum(self) -> i64 {
        self.0.signum()
    }

    /// Whether there are none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// How many units of the symbol they are, where one lot is `lot` of them.
    ///
    /// ```
    /// use openbell_coordinator::Lots;
    /// assert_eq!(Lots::new(-3).units(0.5), -1.5);
    /// ```
    pub fn units(self, lot: f64) -> f64 {
        self.0 as f64 * lot
    }
}

impl fmt::Debug for Lots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Lots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lots", self.0)
    }
}

impl Add for Lots {
    type Output = Lots;

    fn add(self, other: Lots) -> Lots {
        Lots(self.0 + other.0)
    }
}

impl Sub for Lots {
    type Output = Lots;

    fn sub(self, other: Lots) -> Lots {
        Lots(self.0 - other.0)
    }
}

impl Neg for Lots {
    type Output = Lots;

    fn neg(self) -> Lots {
        Lots(-self.0)
    }
}

impl AddAssign for Lots {
    fn add_assign(&mut self, other: Lots) {
        self.0 += other.0;
    }
}

impl SubAssign for Lots {
    fn sub_assign(&mut self, other: Lots) {
        self.0 -= other.0;
    }
}

impl std::iter::Sum for Lots {
    fn sum<I: Iterator<Item = Lots>>(lots: I) -> Lots {
        lots.fold(Lots::ZERO, Add::add)
    }
}
