//! Bars, one by one.

use openbell_time::Timestamp;

/// Prices and volume of one bar, without its instants.
///
/// *Units*: prices in the instrument's quote currency; volume in units traded, which for some
/// markets has fractions.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ohlcv {
    /// The first price.
    pub open: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The last price.
    pub close: f64,
    /// Units traded in `[open instant, close instant)`; 0 is a real zero.
    pub volume: f64,
}

/// What is wrong with the values of a row, or `None` where it can be a bar.
///
/// Prices that were adjusted are products, each rounded by itself: a high may lie below a close by as
/// much as rounding makes, four times the machine's epsilon of the price, and the row is a bar.
///
/// ```
/// use openbell_market::{BarFault, Ohlcv};
/// let bar = Ohlcv { open: 1.0, high: 0.5, low: 0.5, close: 0.5, volume: 0.0 };
/// assert_eq!(bar.fault(), Some(BarFault::HighBelowOthers));
/// let adjusted = Ohlcv { open: 0.3, high: 0.3, low: 0.25, close: 0.1 + 0.2, volume: 0.0 };
/// assert!(adjusted.high < adjusted.close);
/// assert_eq!(adjusted.fault(), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BarFault {
    /// A value is NaN or infinite.
    NotFinite,
    /// The high lies below the open, the low or the close.
    HighBelowOthers,
    /// The low lies above the open or the close.
    LowAboveOthers,
    /// The volume is below 0.
    NegativeVolume,
}

impl Ohlcv {
    /// The first fault of these values, in the order of [`BarFault`]. Prices may be 0 or negative:
    /// spreads and some futures have such.
    pub fn fault(&self) -> Option<BarFault> {
        let finite = self.open.is_finite()
            && self.high.is_finite()
            && self.low.is_finite()
            && self.close.is_finite()
            && self.volume.is_finite();
        if !finite {
            Some(BarFault::NotFinite)
        } else if [self.open, self.low, self.close].iter().any(|&other| is_above(other, self.high))
        {
            Some(BarFault::HighBelowOthers)
        } else if is_above(self.low, self.open) || is_above(self.low, self.close) {
            Some(BarFault::LowAboveOthers)
        } else if self.volume < 0.0 {
            Some(BarFault::NegativeVolume)
        } else {
            None
        }
    }

    /// (high + low + close) / 3, the price that VWAP weights.
    pub fn typical(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }
}

/// Whether `a` lies above `b` by more than rounding.
#[inline]
fn is_above(a: f64, b: f64) -> bool {
    a > b && a - b > 4.0 * f64::EPSILON * a.abs().max(b.abs())
}

/// One bar: prices and volume over the half-open `[opens_at, closes_at)`.
///
/// *Time*: it may be read from `closes_at` on, never earlier.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bar {
    /// The instant it opens; the stamp of the bar in every file and API.
    pub opens_at: Timestamp,
    /// The instant it closes, cut at its session's close.
    pub closes_at: Timestamp,
    /// Prices and volume.
    pub ohlcv: Ohlcv,
}
