//! Bars of one series as owned columns.

use openbell_time::Timestamp;

use crate::{BarRows, Ohlcv};

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
