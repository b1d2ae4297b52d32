//! Hot path. Bars of bars: how the values of bars that follow each other become those of one.
//!
//! Never: an allocation, a lock, an order of additions other than that of the bars. So whoever
//! folds the same bars has the same bits, in one go or one by one. Not here: which bars belong
//! together ([`crate::Grid`]).

use std::ops::Range;

use crate::{BarRows, Ohlcv};

/// The high, the low and the volume of the bars so far.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BarFold {
    /// The highest high.
    pub high: f64,
    /// The lowest low.
    pub low: f64,
    /// The sum of the volumes, taken from the first bar on.
    pub volume: f64,
}

impl BarFold {
    /// Before the first bar.
    pub const NONE: BarFold = BarFold { high: f64::NEG_INFINITY, low: f64::INFINITY, volume: 0.0 };

    /// With a further bar. Bars have no NaN, and of two zeros the first counts.
    #[inline(always)]
    #[must_use]
    pub fn with(self, high: f64, low: f64, volume: f64) -> BarFold {
        BarFold {
            high: if high > self.high { high } else { self.high },
            low: if low < self.low { low } else { self.low },
            volume: self.volume + volume,
        }
    }
}

impl Ohlcv {
    /// Takes in the rows `rows` of `bars`, which follow, oldest first.
    ///
    /// ```
    /// use openbell_market::{BarColumns, Ohlcv};
    /// use openbell_time::Timestamp;
    ///
    /// let mut bars = BarColumns::default();
    /// for (minute, price) in [(0, 10.0), (1, 12.0), (2, 11.0)] {
    ///     let flat = Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 };
    ///     bars.push(Timestamp::from_nanos(minute * 60_000_000_000), flat);
    /// }
    /// let mut three = bars.ohlcv(0);
    /// three.absorb(&bars.as_rows(), 1..3);
    /// let (open, high, low, close, volume) = (10.0, 12.0, 10.0, 11.0, 3.0);
    /// assert_eq!(three, Ohlcv { open, high, low, close, volume });
    /// ```
    ///
    /// # Panics
    ///
    /// Where there are not so many.
    #[inline]
    pub fn absorb(&mut self, bars: &BarRows<'_>, rows: Range<usize>) {
        let mut fold = BarFold { high: self.high, low: self.low, volume: self.volume };
        let highs_and_lows = bars.high[rows.clone()].iter().zip(&bars.low[rows.clone()]);
        for ((&high, &low), &volume) in highs_and_lows.zip(&bars.volume[rows.clone()]) {
            fold = fold.with(high, low, volume);
        }
        let close = bars.close[rows].last().copied().unwrap_or(self.close);
        let BarFold { high, low, volume } = fold;
        *self = Ohlcv { open: self.open, high, low, close, volume };
    }
}
