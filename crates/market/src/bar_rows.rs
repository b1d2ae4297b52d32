//! Rows of columns that are read, or filled, where they lie.

use std::ops::Range;

use openbell_time::Timestamp;

use crate::Ohlcv;

/// Rows of one series as borrowed columns, wherever they lie: in [`BarColumns`](crate::BarColumns),
/// in a [`BarSlice`](crate::BarSlice), in the memory of a session.
///
/// *Shape*: as [`BarColumns`](crate::BarColumns): six columns of one length.
#[derive(Clone, Copy, Debug)]
pub struct BarRows<'a> {
    /// Open instants, nanoseconds since the epoch.
    pub opens_at_ns: &'a [i64],
    /// First prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
    /// Volumes.
    pub volume: &'a [f64],
}

impl<'a> BarRows<'a> {
    /// No rows.
    pub const NONE: BarRows<'static> =
        BarRows { opens_at_ns: &[], open: &[], high: &[], low: &[], close: &[], volume: &[] };

    /// How many rows there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.opens_at_ns.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.opens_at_ns.is_empty()
    }

    /// Rows `range`.
    ///
    /// # Panics
    ///
    /// Where there are not so many.
    #[inline]
    pub fn rows(&self, range: Range<usize>) -> BarRows<'a> {
        BarRows {
            opens_at_ns: &self.opens_at_ns[range.clone()],
            open: &self.open[range.clone()],
            high: &self.high[range.clone()],
            low: &self.low[range.clone()],
            close: &self.close[range.clone()],
            volume: &self.volume[range],
        }
    }

    /// The stamp of row `row`.
    ///
    /// # Panics
    ///
    /// Where there is no such row, as all of these do.
    #[inline(always)]
    pub fn opens_at(&self, row: usize) -> Timestamp {
        Timestamp::from_nanos(self.opens_at_ns[row])
    }

    /// The values of row `row`.
    // A loop over rows drops the columns that it does not look at, if it sees what this reads.
    #[inline(always)]
    pub fn ohlcv(&self, row: usize) -> Ohlcv {
        Ohlcv {
            open: self.open[row],
            high: self.high[row],
            low: self.low[row],
            close: self.close[row],
            volume: self.volume[row],
        }
    }
}

/// Room for rows of one series, to be filled where it lies.
///
/// *Shape*: six columns of one length; what they hold before they are filled means nothing.
#[derive(Debug)]
pub struct BarRowsMut<'a> {
    /// Open instants, nanoseconds since the epoch.
    pub opens_at_ns: &'a mut [i64],
    /// First prices.
    pub open: &'a mut [f64],
    /// Highest prices.
    pub high: &'a mut [f64],
    /// Lowest prices.
    pub low: &'a mut [f64],
    /// Last prices.
    pub close: &'a mut [f64],
    /// Volumes.
    pub volume: &'a mut [f64],
}

impl BarRowsMut<'_> {
    /// Writes one bar as row `row`.
    ///
    /// # Panics
    ///
    /// Where there is no room for it.
    #[inline]
    pub fn write(&mut self, row: usize, opens_at: Timestamp, ohlcv: Ohlcv) {
        self.opens_at_ns[row] = opens_at.as_nanos();
        self.open[row] = ohlcv.open;
        self.high[row] = ohlcv.high;
        self.low[row] = ohlcv.low;
        self.close[row] = ohlcv.close;
        self.volume[row] = ohlcv.volume;
    }

    /// Copies `rows` to the first rows.
    ///
    /// # Panics
    ///
    /// Where there is less room.
    #[inline]
    pub fn copy_from(&mut self, rows: &BarRows<'_>) {
        copy_rows(self.opens_at_ns, rows.opens_at_ns);
        copy_rows(self.open, rows.open);
        copy_rows(self.high, rows.high);
        copy_rows(self.low, rows.low);
        copy_rows(self.close, rows.close);
        copy_rows(self.volume, rows.volume);
    }

    /// The first `n_rows` rows, to be read.
    ///
    /// # Panics
    ///
    /// Where there are fewer.
    #[inline]
    pub fn first(&self, n_rows: usize) -> BarRows<'_> {
        BarRows {
            opens_at_ns: &self.opens_at_ns[..n_rows],
            open: &self.open[..n_rows],
            high: &self.high[..n_rows],
            low: &self.low[..n_rows],
            close: &self.close[..n_rows],
            volume: &self.volume[..n_rows],
        }
    }
}

/// Copies `from` to the first rows of a column. Live hands over one row at a time, for which a call
/// of the copying routine costs more than the copy.
///
/// # Panics
///
/// Where the column is shorter.
#[inline]
pub fn copy_rows<T: Copy>(to: &mut [T], from: &[T]) {
    match from {
        [row] => to[0] = *row,
        rows => to[..rows.len()].copy_from_slice(rows),
    }
}
