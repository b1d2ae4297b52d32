//! The one hand that fills a segment, and the rows that it fills.
//!
//! Hot path. No allocation after the segment is made, no lock, no formatting, no `dyn`.

use std::sync::Arc;

use openbell_market::BarRowsMut;
use openbell_time::Timestamp;

use crate::block::{BlockWriter, Tails};
use crate::segment::{
    IndicatorColumns, N_BAR_FLOATS, Rows, Segment, SegmentGrid, SegmentShape, SeriesRole,
    Visibility, WholeBars,
};

/// An empty block with the columns of `shape`: those of its indicators alone where its bars are
/// `is_whole`.
fn blank_block(shape: &SegmentShape, is_whole: bool, capacity: usize) -> BlockWriter {
    let n_indicators: usize = shape.indicators.iter().map(IndicatorColumns::n_columns).sum();
    if is_whole {
        return BlockWriter::new(0, n_indicators, capacity);
    }
    let n_ints = 2
        + 2 * usize::from(shape.role == SeriesRole::Derived)
        + usize::from(shape.visibility == Visibility::Recorded);
    BlockWriter::new(n_ints, N_BAR_FLOATS + n_indicators, capacity)
}

/// The memory of a segment whose session has ended and that no reader holds: the next segment of the
/// same shape is written into it.
pub struct SegmentMemory {
    shape: SegmentShape,
    /// Whether it was made of whole bars.
    is_whole: bool,
    writer: BlockWriter,
}

/// The only writer of a segment.
pub struct SegmentWriter {
    shape: SegmentShape,
    writer: BlockWriter,
    segment: Arc<Segment>,
}

/// The rows of a segment that are not committed yet, to be filled from row 0 of these slices.
///
/// Every column of a row must be filled before the row is committed; [`SegmentWriter::commit`]
/// makes it readable.
///
/// Of a segment that was [made of whole bars](SegmentWriter::of_whole), the slices of bars are empty.
pub struct SegmentTail<'w> {
    /// The bars.
    pub bars: BarRowsMut<'w>,
    /// Close instants, nanoseconds since the epoch; ascending through the segment.
    pub closes_at_ns: &'w mut [i64],
    /// Base bars seen and expected; a derived series only.
    pub coverage: Option<(&'w mut [i64], &'w mut [i64])>,
    /// The publication's instant from which each row is visible; live only.
    pub visible_at_ns: Option<&'w mut [i64]>,
    /// The indicators' columns in the order of the shape.
    pub indicators: IndicatorTails<'w>,
}

/// The uncommitted rows of the indicators' columns, in the order of the shape.
pub struct IndicatorTails<'w>(Tails<'w, f64>);

impl<'w> Iterator for IndicatorTails<'w> {
    type Item = &'w mut [f64];

    fn next(&mut self) -> Option<&'w mut [f64]> {
        self.0.next()
    }
}

impl SegmentWriter {
    /// A segment with room for `capacity` rows, and its writer.
    pub fn new(
        shape: SegmentShape,
        day: impl Into<Arc<SegmentGrid>>,
        capacity: usize,
    ) -> SegmentWriter {
        let writer = blank_block(&shape, false, capacity);
        SegmentWriter::over(writer, shape, day.into(), None)
    }

    fn over(
        writer: BlockWriter,
        shape: SegmentShape,
        day: Arc<SegmentGrid>,
        whole: Option<WholeBars>,
    ) -> SegmentWriter {
        let segment = Segment::new(shape.clone(), day, whole, &writer);
        SegmentWriter { shape, writer, segment }
    }

    /// The writer of a base segment that has room for exactly the bars of `whole`, with its bars in
    /// place and nothing committed, in `memory` where that is of the same make. They are seen at
    /// their close.
    ///
    /// *Cost*: nothing is copied: bars and closes are read where they lie.
    ///
    /// # Panics
    ///
    /// Where there are more or fewer closes than bars.
    pub fn of_whole(
        memory: Option<SegmentMemory>,
        shape: SegmentShape,
        day: Arc<SegmentGrid>,
        whole: WholeBars,
    ) -> SegmentWriter {
        let n_rows = whole.bars.len();
        assert_eq!(whole.closes_at_ns.len(), n_rows, "a close for each bar");
        let fitting = memory.filter(|memory| memory.is_whole && memory.shape == shape);
        let reused = fitting.and_then(|SegmentMemory { mut writer, .. }| {
            writer.try_empty(n_rows).then_some(writer)
        });
        let writer = reused.unwrap_or_else(|| blank_block(&shape, true, n_rows));
        SegmentWriter::over(writer, shape, day, Some(whole))
    }

    /// A segment with room for `capacity` rows, in `memory` where that is of the same make and has
    /// the room; else in new memory.
    pub fn renewed(
        memory: Option<SegmentMemory>,
        shape: SegmentShape,
        day: impl Into<Arc<SegmentGrid>>,
        capacity: usize,
    ) -> SegmentWriter {
        let fits = |memory: &SegmentMemory| {
            !memory.is_whole && memory.shape == shape && memory.writer.room() >= capacity
        };
        match memory.filter(fits) {
            Some(memory) => SegmentWriter::over(memory.writer, shape, day.into(), None),
            None => SegmentWriter::new(shape, day, capacity),
        }
    }

    /// The segment, for readers.
    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// The rows committed so far.
    pub fn rows(&self) -> Rows<'_> {
        self.segment.rows()
    }

    /// The rows that can be seen at `as_of`.
    pub fn rows_at(&self, as_of: Timestamp) -> Rows<'_> {
        self.segment.rows_at(as_of)
    }

    /// The rows that are not committed yet.
    pub fn tail(&mut self) -> SegmentTail<'_> {
        // The block was made with exactly these columns, so none is missing.
        const MADE: &str = "a segment's block has the columns of its shape";
        let is_whole = self.whole().is_some();
        let (mut ints, mut floats) = self.writer.tails();
        let mut int = || if is_whole { &mut [][..] } else { ints.next().expect(MADE) };
        let (opens_at_ns, closes_at_ns) = (int(), int());
        let coverage = (self.shape.role == SeriesRole::Derived)
            .then(|| (ints.next().expect(MADE), ints.next().expect(MADE)));
        let visible_at_ns =
            (self.shape.visibility == Visibility::Recorded).then(|| ints.next().expect(MADE));
        let mut float = || if is_whole { &mut [][..] } else { floats.next().expect(MADE) };
        let (open, high, low, close, volume) = (float(), float(), float(), float(), float());
        SegmentTail {
            bars: BarRowsMut { opens_at_ns, open, high, low, close, volume },
            closes_at_ns,
            coverage,
            visible_at_ns,
            indicators: IndicatorTails(floats),
        }
    }

    /// Makes the next `n_rows` rows readable; when outsiders see them is the publication's to
    /// say.
    ///
    /// # Panics
    ///
    /// Where fewer fit.
    pub fn commit(&mut self, n_rows: usize) {
        self.writer.commit(n_rows);
    }

    /// Takes over `rows`, the first of another segment of the same shape, as they are: bars, closes,
    /// and since when each is visible.
    ///
    /// *Cost*: a copy of each column.
    ///
    /// # Panics
    ///
    /// Where rows are committed already, fewer fit, or one of the two was
    /// [made of whole bars](SegmentWriter::of_whole).
    pub fn take_over(&mut self, rows: Rows<'_>) {
        let Some((segment, committed)) = rows.of else { return };
        assert!(self.writer.len() == 0 && self.whole().is_none() && segment.whole().is_none());
        let n_rows = committed.len();
        let (ints, floats) = self.writer.tails();
        for (column, tail) in ints.enumerate() {
            tail[..n_rows].copy_from_slice(committed.ints(column));
        }
        for (column, tail) in floats.enumerate() {
            tail[..n_rows].copy_from_slice(committed.floats(column));
        }
        self.writer.commit(n_rows);
    }

    /// The bars that the segment was made of, where they were there whole.
    pub fn whole(&self) -> Option<&WholeBars> {
        self.segment.whole()
    }

    /// The memory of a segment that is over, to be used for another one; whole bars are released.
    ///
    /// # Errors
    ///
    /// The writer as it was, where a view still holds the segment.
    pub fn into_memory(self) -> Result<SegmentMemory, SegmentWriter> {
        let SegmentWriter { shape, mut writer, segment } = self;
        let is_whole = segment.whole().is_some();
        match Arc::try_unwrap(segment) {
            Ok(unshared) => drop(unshared), // It holds the block.
            Err(segment) => return Err(SegmentWriter { shape, writer, segment }),
        }
        let capacity = writer.len() + writer.room();
        let is_free = writer.try_empty(capacity);
        debug_assert!(is_free, "only its segment and its writer hold a block");
        Ok(SegmentMemory { shape, is_whole, writer })
    }

    /// Whether someone besides the writer holds the segment.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.segment) > 1
    }
}
