//! Exact decimals: prices and sizes are whole numbers of their smallest step until they are written.

/// A number with a fixed count of decimal places.
///
/// *Units*: `units` of 10^-`places`; never negative here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decimal {
    /// How many of the smallest step.
    pub(crate) units: u128,
    /// Decimal places of the smallest step.
    pub(crate) places: u8,
}

impl Decimal {
    /// The number as text with exactly `places` decimals, at least its own; none is dropped.
    pub(crate) fn text(&self, places: u8) -> String {
        let places = places.max(self.places);
        let units = self.units * 10_u128.pow(u32::from(places - self.places));
        if places == 0 {
            return units.to_string();
        }
        let step = 10_u128.pow(u32::from(places));
        format!("{}.{:0width$}", units / step, units % step, width = usize::from(places))
    }

    /// The double nearest to the number: what reading its text gives.
    pub(crate) fn number(&self) -> f64 {
        self.text(self.places).parse().expect("digits and a point are a number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_written_with_all_its_places_and_as_many_more_as_are_asked_for() {
        let price = Decimal { units: 10_005, places: 3 };
        assert_eq!(price.text(0), "10.005");
        assert_eq!(price.text(8), "10.00500000");
        assert_eq!(price.number(), 10.005);
        assert_eq!(Decimal { units: 7, places: 0 }.text(0), "7");
    }
}
