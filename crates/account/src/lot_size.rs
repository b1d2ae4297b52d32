//! How many units one lot is, and how units become whole lots.

use openbell_coordinator::Lots;

/// Units of a symbol in one lot; above 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct LotSize(pub(crate) f64);

impl LotSize {
    /// The lots in `units`, rounded toward zero; `None` where they are too many to be counted exactly.
    ///
    /// What is a whole number but for the rounding of a decimal is that number: 0.3 coins are
    /// 30,000,000 lots of 0.00000001.
    pub(crate) fn whole(self, units: f64) -> Option<Lots> {
        let exact = units / self.0;
        let nearest = exact.round();
        let whole = if (exact - nearest).abs() <= 4.0 * f64::EPSILON * exact.abs() {
            nearest
        } else {
            exact.trunc()
        };
        (whole.abs() <= Lots::MAX.count() as f64).then(|| Lots::new(whole as i64))
    }

    pub(crate) fn units(self, lots: Lots) -> f64 {
        lots.units(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_rounded_toward_zero_and_decimals_are_what_they_say() {
        let whole = |lot, units| LotSize(lot).whole(units).map(Lots::count);
        assert_eq!(whole(1.0, 10.9), Some(10));
        assert_eq!(whole(1.0, -10.9), Some(-10));
        assert_eq!(whole(1e-8, 0.3), Some(30_000_000));
        assert_eq!(whole(0.1, 0.7), Some(7));
        assert_eq!(whole(0.1, 0.79), Some(7));
        assert_eq!(whole(1e-8, 1e9), None);
        assert_eq!(whole(1.0, f64::INFINITY), None);
    }
}
