//! Bars, one by one and as columns.

use openbell_time::Timestamp;

use crate::BarRows;

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
/// ```
/// use openbell_market::{BarFault, Ohlcv};
/// let bar = Ohlcv { open: 1.0, high: 0.5, low: 0.5, close: 0.5, volume: 0.0 };
/// assert_eq!(bar.fault(), Some(BarFault::HighBelowOthers));
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
        } else if self.high < self.open || self.high < self.low || self.high < self.close {
            Some(BarFault::HighBelowOthers)
        } else if self.low > self.open || self.low > self.close {
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

/// Rows of one series as columns of one's own: the stamp of each bar, and its values. Rows that
/// are shared are a [`BarSlice`](crate::BarSlice), rows that are borrowed [`BarRows`].
///
/// *Shape*: six columns of one length, in the order in which a source gave them; nothing is
/// checked here. Cleared and filled again without allocating.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct BarColumns {
    /// Open instants, nanoseconds since the epoch.
    pub opens_at_ns: Vec<i64>,
    /// First prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Last prices.
    pub close: Vec<f64>,
    /// Volumes.
    pub volume: Vec<f64>,
}

impl BarColumns {
    /// Columns without rows, with room for `n_bars`.
    pub fn with_capacity(n_bars: usize) -> BarColumns {
        BarColumns {
            opens_at_ns: Vec::with_capacity(n_bars),
            open: Vec::with_capacity(n_bars),
            high: Vec::with_capacity(n_bars),
            low: Vec::with_capacity(n_bars),
            close: Vec::with_capacity(n_bars),
            volume: Vec::with_capacity(n_bars),
        }
    }

    /// Rows held.
    pub fn len(&self) -> usize {
        self.opens_at_ns.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.opens_at_ns.is_empty()
    }

    /// Drops the rows and keeps the room.
    pub fn clear(&mut self) {
        self.opens_at_ns.clear();
        self.open.clear();
        self.high.clear();
        self.low.clear();
        self.close.clear();
        self.volume.clear();
    }

    /// Appends one row.
    pub fn push(&mut self, opens_at: Timestamp, ohlcv: Ohlcv) {
        self.opens_at_ns.push(opens_at.as_nanos());
        self.open.push(ohlcv.open);
        self.high.push(ohlcv.high);
        self.low.push(ohlcv.low);
        self.close.push(ohlcv.close);
        self.volume.push(ohlcv.volume);
    }

    /// Appends `rows`.
    pub fn append(&mut self, rows: &BarRows<'_>) {
        self.opens_at_ns.extend_from_slice(rows.opens_at_ns);
        self.open.extend_from_slice(rows.open);
        self.high.extend_from_slice(rows.high);
        self.low.extend_from_slice(rows.low);
        self.close.extend_from_slice(rows.close);
        self.volume.extend_from_slice(rows.volume);
    }

    /// Appends the rows `range` of `other`.
    pub fn extend_from(&mut self, other: &BarColumns, range: std::ops::Range<usize>) {
        self.append(&other.as_rows().rows(range));
    }

    /// All rows, where they lie.
    #[inline]
    pub fn as_rows(&self) -> BarRows<'_> {
        BarRows {
            opens_at_ns: &self.opens_at_ns,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            volume: &self.volume,
        }
    }

    /// The stamp of row `row`.
    ///
    /// # Panics
    ///
    /// Where there is no such row, as all of these do.
    pub fn opens_at(&self, row: usize) -> Timestamp {
        Timestamp::from_nanos(self.opens_at_ns[row])
    }

    /// The values of row `row`.
    pub fn ohlcv(&self, row: usize) -> Ohlcv {
        self.as_rows().ohlcv(row)
    }
}
