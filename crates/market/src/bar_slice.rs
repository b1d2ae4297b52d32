//! Rows of columns that others hold as well.

use std::ops::Range;
use std::sync::Arc;

use crate::{BarColumns, BarRows, Ohlcv};

/// Rows that follow each other in columns which nobody changes any more: handed on instead of
/// copied.
///
/// *Shape*: as [`BarColumns`]; every column is a slice of the shared one. *Cost*: cloned and cut
/// without looking at a row. The columns live as long as any slice of them.
///
/// *Example*
///
/// ```
/// use std::sync::Arc;
///
/// use openbell_market::{BarColumns, BarSlice, Ohlcv};
/// use openbell_time::Timestamp;
///
/// let mut columns = BarColumns::default();
/// for (minute, price) in [(0, 10.0), (1, 11.0), (2, 12.0)] {
///     let flat = Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 };
///     columns.push(Timestamp::from_nanos(minute * 60_000_000_000), flat);
/// }
/// let last = BarSlice::new(Arc::new(columns), 1..3);
/// assert_eq!(last.close(), [11.0, 12.0]);
/// assert_eq!(last.opens_at_ns(), [60_000_000_000, 120_000_000_000]);
/// ```
#[derive(Clone, Default)]
pub struct BarSlice {
    columns: Arc<BarColumns>,
    rows: Range<usize>,
}

impl BarSlice {
    /// The rows `rows` of `columns`.
    ///
    /// # Panics
    ///
    /// Where there are fewer.
    pub fn new(columns: Arc<BarColumns>, rows: Range<usize>) -> BarSlice {
        assert!(rows.start <= rows.end && rows.end <= columns.len(), "{rows:?} of {columns:?}");
        BarSlice { columns, rows }
    }

    /// Rows in it.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Open instants, nanoseconds since the epoch.
    pub fn opens_at_ns(&self) -> &[i64] {
        &self.columns.opens_at_ns[self.rows.clone()]
    }

    /// First prices.
    pub fn open(&self) -> &[f64] {
        &self.columns.open[self.rows.clone()]
    }

    /// Highest prices.
    pub fn high(&self) -> &[f64] {
        &self.columns.high[self.rows.clone()]
    }

    /// Lowest prices.
    pub fn low(&self) -> &[f64] {
        &self.columns.low[self.rows.clone()]
    }

    /// Last prices.
    pub fn close(&self) -> &[f64] {
        &self.columns.close[self.rows.clone()]
    }

    /// Volumes.
    pub fn volume(&self) -> &[f64] {
        &self.columns.volume[self.rows.clone()]
    }

    /// The values of row `row`.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    pub fn ohlcv(&self, row: usize) -> Ohlcv {
        assert!(row < self.len(), "row {row} of {self:?}");
        self.columns.ohlcv(self.rows.start + row)
    }

    /// The rows where they lie.
    #[inline]
    pub fn as_rows(&self) -> BarRows<'_> {
        self.columns.as_rows().rows(self.rows.clone())
    }

    /// Appends these rows to `out`.
    pub fn copy_to(&self, out: &mut BarColumns) {
        out.append(&self.as_rows());
    }

    /// A copy of these rows that shares its columns with nothing: kept for long, a slice of few
    /// rows keeps the memory of all the others.
    pub fn detached(&self) -> BarSlice {
        let mut own = BarColumns::with_capacity(self.len());
        self.copy_to(&mut own);
        own.into()
    }
}

/// All rows of columns that were one's own until now.
impl From<BarColumns> for BarSlice {
    fn from(columns: BarColumns) -> BarSlice {
        let rows = 0..columns.len();
        BarSlice { columns: Arc::new(columns), rows }
    }
}

impl PartialEq for BarSlice {
    fn eq(&self, other: &BarSlice) -> bool {
        self.opens_at_ns() == other.opens_at_ns()
            && self.open() == other.open()
            && self.high() == other.high()
            && self.low() == other.low()
            && self.close() == other.close()
            && self.volume() == other.volume()
    }
}

impl std::fmt::Debug for BarSlice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BarSlice")
            .field("rows", &self.rows)
            .field("n_shared", &self.columns.len())
            .finish()
    }
}
