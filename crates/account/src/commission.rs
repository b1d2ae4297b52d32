//! What an order pays beside its price.

/// What an order pays, over all its fills: the larger of `min` and the sum of the others.
///
/// However many fills it takes, an order pays as one: each fill pays what the order owes by then less
/// what it has paid.
///
/// *Units*: money; `bps` in hundredths of a percent of what is traded; each 0 or more.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Commission {
    /// For each order that fills.
    pub per_trade: f64,
    /// For each unit.
    pub per_share: f64,
    /// Of the money that is traded.
    pub bps: f64,
    /// For each order that fills, at least.
    pub min: f64,
}

impl Commission {
    /// Nothing.
    pub const NONE: Commission = Commission { per_trade: 0.0, per_share: 0.0, bps: 0.0, min: 0.0 };

    /// What an order owes that has traded `units` for `value` in all; nothing before it has filled.
    ///
    /// ```
    /// use openbell_account::Commission;
    /// let commission = Commission { per_share: 0.01, min: 1.0, ..Commission::NONE };
    /// assert_eq!(commission.owed(50.0, 5_000.0), 1.0);
    /// assert_eq!(commission.owed(200.0, 20_000.0), 2.0);
    /// ```
    pub fn owed(&self, units: f64, value: f64) -> f64 {
        if units <= 0.0 {
            return 0.0;
        }
        let sum = self.per_trade + self.per_share * units + self.bps / 10_000.0 * value;
        sum.max(self.min)
    }
}
