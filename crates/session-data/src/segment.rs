//! One session of one series as columns: what is stored, and which of it can be seen at an
//! instant.
//!
//! Hot path. No allocation after the segment is made, no lock, no formatting, no `dyn`.

use std::sync::Arc;

use openbell_market::{Bar, BarInterval, BarRows, BarSlice, Coverage, Grid, Ohlcv};
use openbell_time::{Timestamp, TradingDate};

use crate::block::{Block, BlockWriter, Committed};
use crate::running::{Folds, Running};

/// Float columns that every segment has: open, high, low, close, volume.
pub(crate) const N_BAR_FLOATS: usize = 5;

/// What a segment holds besides bars.
#[derive(Clone, Debug)]
pub struct SegmentShape {
    /// The interval of its bars.
    pub interval: BarInterval,
    /// Base bars, or derived bars with their coverage.
    pub role: SeriesRole,
    /// Whether bars may be seen later than they close (live), so that each carries its instant.
    pub visibility: Visibility,
    /// The indicators of this series, each with a column for every field.
    pub indicators: Arc<[IndicatorColumns]>,
}

/// *Cost*: of indicators that are the very same list no name is compared.
impl PartialEq for SegmentShape {
    fn eq(&self, other: &SegmentShape) -> bool {
        (self.interval, self.role, self.visibility)
            == (other.interval, other.role, other.visibility)
            && (Arc::ptr_eq(&self.indicators, &other.indicators)
                || self.indicators == other.indicators)
    }
}

/// Where the bars of a series come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeriesRole {
    /// Delivered by a feed.
    Base,
    /// Made by the processor.
    Derived,
}

/// When a bar may first be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    /// At its close: a replay, in which the clock follows the data.
    AtClose,
    /// At the publication that brought it, which each bar carries: live.
    Recorded,
}

/// The name of an indicator and of its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndicatorColumns {
    /// The key, as `sma_20_5m`.
    pub key: Arc<str>,
    /// The names of its fields in order; empty for an indicator with one unnamed value.
    pub fields: Arc<[Arc<str>]>,
}

impl IndicatorColumns {
    /// Columns it takes, at least 1.
    pub fn n_columns(&self) -> usize {
        self.fields.len().max(1)
    }
}

/// The session that a segment belongs to, and where its bars lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentGrid {
    /// The session's date (1w: its Monday).
    pub session_date: TradingDate,
    /// Where bars of this interval are expected; for a base series with extended hours only the
    /// regular part, which alone counts for quality.
    pub grid: Grid,
    /// Where bars of the base interval are expected.
    pub base_grid: Grid,
}

/// One session of one series; readers share it, one [`SegmentWriter`](crate::SegmentWriter) fills it.
///
/// *Shape*: rows in time order, unique by open instant. Row `k` of the session has sequence `k`.
pub struct Segment {
    shape: SegmentShape,
    day: Arc<SegmentGrid>,
    /// Bars a nanosecond where none is missing.
    per_ns: f64,
    /// For a base series; a derived one keeps none.
    folds: Folds,
    /// The bars of a session that was there whole; `block` then holds their indicators alone.
    whole: Option<WholeBars>,
    block: Arc<Block>,
    n_indicator_columns: usize,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment")
            .field("interval", &self.shape.interval)
            .field("session_date", &self.day.session_date)
            .field("n_rows", &self.block.len())
            .finish()
    }
}

impl Segment {
    pub(crate) fn new(
        shape: SegmentShape,
        day: Arc<SegmentGrid>,
        whole: Option<WholeBars>,
        writer: &BlockWriter,
    ) -> Arc<Segment> {
        let per_ns = 1.0 / day.grid.step_ns() as f64;
        let folds = Folds::new(match shape.role {
            SeriesRole::Base => writer.len() + writer.room(),
            SeriesRole::Derived => 0,
        });
        let n_indicator_columns = shape.indicators.iter().map(IndicatorColumns::n_columns).sum();
        let block = Arc::clone(writer.block());
        Arc::new(Segment { shape, day, per_ns, folds, whole, block, n_indicator_columns })
    }

    /// What it holds.
    pub fn shape(&self) -> &SegmentShape {
        &self.shape
    }

    /// The session it belongs to.
    pub fn day(&self) -> &Arc<SegmentGrid> {
        &self.day
    }

    /// Its bars, where it was made of them.
    pub(crate) fn whole(&self) -> Option<&WholeBars> {
        self.whole.as_ref()
    }

    /// Every row that is written, also those that no outsider may see yet.
    pub fn rows(&self) -> Rows<'_> {
        Rows { of: Some((self, self.block.committed())) }
    }

    /// The rows that can be seen at `as_of`: those that closed (live: were published) by then.
    ///
    /// *Cost*: one guess where bars are dense; a binary search otherwise.
    #[inline]
    pub(crate) fn rows_at(&self, as_of: Timestamp) -> Rows<'_> {
        let committed = self.block.committed();
        let instants = self.visible_from(committed);
        let n_visible = n_at_or_before(instants, as_of.as_nanos(), self.per_ns);
        Rows { of: Some((self, committed.first(n_visible))) }
    }

    /// [`Segment::rows_at`] for a reader that found `n_before` rows a little earlier.
    ///
    /// *Cost*: two looks where at most one row came since.
    #[inline]
    pub(crate) fn rows_at_after(&self, as_of: Timestamp, n_before: usize) -> Rows<'_> {
        let committed = self.block.committed();
        let instants = self.visible_from(committed);
        let is_due = |row: usize| instants.get(row).is_some_and(|&ns| ns <= as_of.as_nanos());
        let n_visible = if n_before > 0 && !is_due(n_before - 1) || is_due(n_before + 1) {
            n_at_or_before(instants, as_of.as_nanos(), self.per_ns)
        } else {
            n_before + usize::from(is_due(n_before))
        };
        Rows { of: Some((self, committed.first(n_visible))) }
    }

    /// The instant from which each row can be seen.
    fn visible_from<'s>(&'s self, committed: Committed<'s>) -> &'s [i64] {
        match (&self.whole, self.shape.visibility) {
            (Some(whole), _) => &whole.closes_at_ns[..committed.len()],
            (None, Visibility::AtClose) => committed.ints(CLOSES_AT),
            (None, Visibility::Recorded) => committed.ints(self.block.n_ints() - 1),
        }
    }
}

/// The base bars of a session that was there whole, held elsewhere.
#[derive(Clone, Default, Debug)]
pub struct WholeBars {
    /// The bars.
    pub bars: BarSlice,
    /// When each closes, nanoseconds since the epoch; one list for all symbols that have every bar.
    pub closes_at_ns: Arc<[i64]>,
}

const OPENS_AT: usize = 0;
const CLOSES_AT: usize = 1;
const N_BASE_BARS: usize = 2;
const N_EXPECTED: usize = 3;

/// Entries of the sorted `instants` at or before `as_of`, which lie `1 / per_ns` apart where no bar
/// is missing.
fn n_at_or_before(instants: &[i64], as_of_ns: i64, per_ns: f64) -> usize {
    let (Some(&first), Some(&last)) = (instants.first(), instants.last()) else { return 0 };
    if last <= as_of_ns {
        return instants.len();
    }
    if first > as_of_ns {
        return 0;
    }
    // Dense bars stand where a straight line puts them, thin ones often near the line from the
    // first to the last. A guess is rounded to the nearest and looked at, so it may be wrong.
    let guess = |per_ns: f64| {
        let nearest = ((as_of_ns - first) as f64 * per_ns + 0.5) as usize;
        let guess = nearest.min(instants.len() - 1);
        let guess = guess - usize::from(guess > 0 && instants[guess] > as_of_ns);
        let is_last_due = instants[guess] <= as_of_ns
            && instants.get(guess + 1).is_none_or(|&next| next > as_of_ns);
        is_last_due.then_some(guess + 1)
    };
    guess(per_ns)
        .or_else(|| guess((instants.len() - 1) as f64 / (last - first) as f64))
        .unwrap_or_else(|| instants.partition_point(|&instant| instant <= as_of_ns))
}

/// What a segment is for, without its rows.
#[derive(Clone, Copy, Debug)]
pub struct SegmentFacts<'s> {
    shape: &'s SegmentShape,
    day: &'s SegmentGrid,
}

impl<'s> SegmentFacts<'s> {
    /// What it holds.
    pub fn shape(&self) -> &'s SegmentShape {
        self.shape
    }

    /// The session it belongs to.
    pub fn day(&self) -> &'s SegmentGrid {
        self.day
    }
}

/// The first so many rows of a segment.
///
/// *Cost*: every column is a slice of the stored one; nothing is copied.
#[derive(Clone, Copy)]
pub struct Rows<'s> {
    /// `None` where a series has no rows of the day at all.
    pub(crate) of: Option<(&'s Segment, Committed<'s>)>,
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("segment", &self.segment()).field("n", &self.len()).finish()
    }
}

impl<'s> Rows<'s> {
    /// Rows in it.
    pub fn len(&self) -> usize {
        self.of.map_or(0, |(_, committed)| committed.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// No rows, of no segment.
    pub(crate) fn none() -> Rows<'s> {
        Rows { of: None }
    }

    /// What they belong to; `None` where there is no segment. It does not lead to the segment's
    /// other rows, which cannot be seen yet.
    pub fn segment(&self) -> Option<SegmentFacts<'s>> {
        self.of.map(|(segment, _)| SegmentFacts { shape: &segment.shape, day: &segment.day })
    }

    /// The first `len` of these rows.
    pub fn first(self, len: usize) -> Rows<'s> {
        Rows { of: self.of.map(|(segment, committed)| (segment, committed.first(len))) }
    }

    /// A column of numbers: that of `whole`, or the block's at `column`.
    fn ints(&self, whole: impl Fn(&'s WholeBars) -> &'s [i64], column: usize) -> &'s [i64] {
        let Some((segment, rows)) = self.of else { return &[] };
        match &segment.whole {
            Some(bars) => &whole(bars)[..rows.len()],
            None => rows.ints(column),
        }
    }

    /// A column of prices or volumes: that of `whole`, or the block's at `column`.
    fn floats(&self, whole: impl Fn(&'s BarSlice) -> &'s [f64], column: usize) -> &'s [f64] {
        let Some((segment, rows)) = self.of else { return &[] };
        match &segment.whole {
            Some(WholeBars { bars, .. }) => &whole(bars)[..rows.len()],
            None => rows.floats(column),
        }
    }

    /// A column of numbers that the block keeps in any case.
    fn block_ints(&self, column: usize) -> &'s [i64] {
        self.of.map_or(&[], |(_, rows)| rows.ints(column))
    }

    fn role(&self) -> SeriesRole {
        self.of.map_or(SeriesRole::Base, |(segment, _)| segment.shape.role)
    }

    /// Open instants, nanoseconds since the epoch.
    pub fn opens_at_ns(&self) -> &'s [i64] {
        self.ints(|whole| whole.bars.opens_at_ns(), OPENS_AT)
    }

    /// Close instants, nanoseconds since the epoch.
    pub fn closes_at_ns(&self) -> &'s [i64] {
        self.ints(|whole| &whole.closes_at_ns, CLOSES_AT)
    }

    /// First prices.
    pub fn open(&self) -> &'s [f64] {
        self.floats(BarSlice::open, 0)
    }

    /// Highest prices.
    pub fn high(&self) -> &'s [f64] {
        self.floats(BarSlice::high, 1)
    }

    /// Lowest prices.
    pub fn low(&self) -> &'s [f64] {
        self.floats(BarSlice::low, 2)
    }

    /// Last prices.
    pub fn close(&self) -> &'s [f64] {
        self.floats(BarSlice::close, 3)
    }

    /// Volumes.
    pub fn volume(&self) -> &'s [f64] {
        self.floats(BarSlice::volume, 4)
    }

    /// The bar of row `row`, or `None` past the last.
    #[inline]
    pub fn bar(&self, row: usize) -> Option<Bar> {
        (row < self.len()).then(|| Bar {
            opens_at: Timestamp::from_nanos(self.opens_at_ns()[row]),
            closes_at: Timestamp::from_nanos(self.closes_at_ns()[row]),
            ohlcv: Ohlcv {
                open: self.open()[row],
                high: self.high()[row],
                low: self.low()[row],
                close: self.close()[row],
                volume: self.volume()[row],
            },
        })
    }

    /// The columns of bars without their closes.
    #[inline]
    pub fn bars(&self) -> BarRows<'s> {
        let Some((segment, rows)) = self.of else { return BarRows::NONE };
        match &segment.whole {
            Some(WholeBars { bars, .. }) => bars.as_rows().rows(0..rows.len()),
            None => BarRows {
                opens_at_ns: rows.ints(OPENS_AT),
                open: rows.floats(0),
                high: rows.floats(1),
                low: rows.floats(2),
                close: rows.floats(3),
                volume: rows.floats(4),
            },
        }
    }

    /// The bars from row `row` on, oldest first.
    ///
    /// *Cost*: finds the columns once, then reads them bar by bar.
    pub fn bars_since(self, row: usize) -> impl ExactSizeIterator<Item = Bar> + 's {
        let (bars, closes_at_ns) = (self.bars(), self.closes_at_ns());
        (row.min(self.len())..self.len()).map(move |row| Bar {
            opens_at: bars.opens_at(row),
            closes_at: Timestamp::from_nanos(closes_at_ns[row]),
            ohlcv: bars.ohlcv(row),
        })
    }

    /// How many base bars row `row` saw of how many; a base bar is one of one.
    pub fn coverage(&self, row: usize) -> Option<Coverage> {
        if row >= self.len() {
            return None;
        }
        Some(match self.role() {
            SeriesRole::Base => Coverage { n: 1, expected: 1 },
            SeriesRole::Derived => Coverage {
                n: self.block_ints(N_BASE_BARS)[row] as u32,
                expected: self.block_ints(N_EXPECTED)[row] as u32,
            },
        })
    }

    /// The figures of the bars `first..=last` of a base series, `first` being the first regular
    /// bar; `None` for a derived one.
    pub(crate) fn running(&self, first: usize, last: usize) -> Option<Running> {
        let (segment, _) = self.of.filter(|_| self.role() == SeriesRole::Base)?;
        Some(segment.folds.at(&self.bars(), first, last))
    }

    /// The column of an indicator's field, raw: NaN is the store's code for *absent*.
    fn indicator_column(&self, column: usize) -> &'s [f64] {
        let Some((segment, rows)) = self.of else { return &[] };
        rows.floats(if segment.whole.is_some() { column } else { N_BAR_FLOATS + column })
    }

    /// The value in column `column` of the indicators at row `row`, absent where there is no such row yet,
    /// or no value in it; `None` where the indicators have no such column.
    pub(crate) fn indicator_value(&self, column: usize, row: usize) -> Option<Option<f64>> {
        let (segment, _) = self.of?;
        if column >= segment.n_indicator_columns {
            return None;
        }
        let value = self.indicator_column(column).get(row);
        Some(value.copied().filter(|value| !value.is_nan()))
    }

    /// Every indicator column in the order of the shape, raw, for digest and export: NaN codes
    /// *absent*.
    pub fn indicator_columns(
        &self,
    ) -> impl Iterator<Item = (&'s IndicatorColumns, usize, &'s [f64])> {
        let rows = *self;
        let mut column = 0;
        let indicators = rows.of.map_or(&[][..], |(segment, _)| &segment.shape.indicators);
        indicators.iter().flat_map(move |indicator| {
            let first = column;
            column += indicator.n_columns();
            (0..indicator.n_columns())
                .map(move |field| (indicator, field, rows.indicator_column(first + field)))
        })
    }

    /// The number of base bars in each row and the number expected; `None` for a base series.
    pub fn coverage_columns(&self) -> Option<(&'s [i64], &'s [i64])> {
        (self.role() == SeriesRole::Derived)
            .then(|| (self.block_ints(N_BASE_BARS), self.block_ints(N_EXPECTED)))
    }
}
