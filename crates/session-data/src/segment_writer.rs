//! The one hand that fills a segment, and the rows that it fills.
//!
//! Hot path. No allocation after the segment is made, no lock, no formatting, no `dyn`.

use std::sync::Arc;

use openbell_market::BarColumns;
use openbell_time::Timestamp;

use crate::block::{BlockWriter, Tails};
use crate::segment::{
    Arrival, IndicatorColumns, N_BAR_FLOATS, Rows, Segment, SegmentDay, SegmentShape, SeriesRole,
};

/// An empty block with the columns of `shape`.
fn blank_block(shape: &SegmentShape, capacity: usize) -> BlockWriter {
    let n_ints = 2
        + 2 * usize::from(shape.role == SeriesRole::Derived)
        + usize::from(shape.arrival == Arrival::Recorded);
    let n_indicators: usize = shape.indicators.iter().map(IndicatorColumns::n_columns).sum();
    BlockWriter::new(n_ints, N_BAR_FLOATS + n_indicators, capacity)
}

/// The one hand that fills a segment.
pub struct SegmentWriter {
    shape: SegmentShape,
    writer: BlockWriter,
    segment: Arc<Segment>,
}

/// The rows of a segment that are not committed yet, to be filled from row 0 of these slices.
///
/// Every column of a row must be filled before the row is committed; [`SegmentWriter::commit`]
/// makes it readable.
pub struct SegmentTail<'w> {
    /// Open instants, nanoseconds since the epoch.
    pub opens_at_ns: &'w mut [i64],
    /// Close instants, nanoseconds since the epoch; ascending through the segment.
    pub closes_at_ns: &'w mut [i64],
    /// Base bars seen and expected; a derived series only.
    pub coverage: Option<(&'w mut [i64], &'w mut [i64])>,
    /// The publication's instant from which each row is visible; live only.
    pub visible_at_ns: Option<&'w mut [i64]>,
    /// First prices.
    pub open: &'w mut [f64],
    /// Highest prices.
    pub high: &'w mut [f64],
    /// Lowest prices.
    pub low: &'w mut [f64],
    /// Last prices.
    pub close: &'w mut [f64],
    /// Volumes.
    pub volume: &'w mut [f64],
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
        day: impl Into<Arc<SegmentDay>>,
        capacity: usize,
    ) -> SegmentWriter {
        let writer = blank_block(&shape, capacity);
        SegmentWriter::over(writer, shape, day.into())
    }

    fn over(writer: BlockWriter, shape: SegmentShape, day: Arc<SegmentDay>) -> SegmentWriter {
        let segment = Segment::new(shape.clone(), day, &writer);
        SegmentWriter { shape, writer, segment }
    }

    /// The writer of a segment that has room for exactly the bars `bars`, closing at
    /// `closes_at_ns`, with their columns filled and nothing committed, in the memory of `retired`
    /// where that is of the same shape and held by nobody.
    ///
    /// *Cost*: nothing is copied: the columns change hands, and the arguments are left with those
    /// of `retired`, emptied.
    pub fn of_bars(
        retired: Option<SegmentWriter>,
        shape: SegmentShape,
        day: Arc<SegmentDay>,
        bars: &mut BarColumns,
        closes_at_ns: &mut Vec<i64>,
    ) -> SegmentWriter {
        let n_rows = bars.len();
        let fitting = retired.filter(|writer| writer.shape == shape);
        let unshared = fitting.and_then(|writer| {
            let SegmentWriter { writer, segment, .. } = writer;
            Arc::try_unwrap(segment).ok().map(|_| writer)
        });
        let mut writer = unshared.unwrap_or_else(|| blank_block(&shape, 0));
        let BarColumns { opens_at_ns, open, high, low, close, volume } = bars;
        let mut ints = [opens_at_ns, closes_at_ns];
        let mut floats = [open, high, low, close, volume];
        if !writer.try_hold(&mut ints, &mut floats, n_rows) {
            writer = blank_block(&shape, 0);
            let _ = writer.try_hold(&mut ints, &mut floats, n_rows); // Nobody else has it yet.
        }
        SegmentWriter::over(writer, shape, day)
    }

    /// A segment with room for `capacity` rows, in the memory of `retired` where that is of the
    /// same shape, has the room, and is held by nobody; else in new memory.
    pub fn renewed(
        retired: Option<SegmentWriter>,
        shape: SegmentShape,
        day: Arc<SegmentDay>,
        capacity: usize,
    ) -> SegmentWriter {
        let fitting = retired.filter(|writer| writer.shape == shape);
        match fitting.map(|writer| writer.recycle(Arc::clone(&day), capacity)) {
            Some(Ok(writer)) => writer,
            _ => SegmentWriter::new(shape, day, capacity),
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

    /// Rows that still fit.
    pub fn room(&self) -> usize {
        self.writer.room()
    }

    /// The rows that are not committed yet.
    pub fn tail(&mut self) -> SegmentTail<'_> {
        // The block was made with exactly these columns, so none is missing.
        const MADE: &str = "a segment's block has the columns of its shape";
        let (mut ints, mut floats) = self.writer.tails();
        let opens_at_ns = ints.next().expect(MADE);
        let closes_at_ns = ints.next().expect(MADE);
        let coverage = (self.shape.role == SeriesRole::Derived)
            .then(|| (ints.next().expect(MADE), ints.next().expect(MADE)));
        let visible_at_ns =
            (self.shape.arrival == Arrival::Recorded).then(|| ints.next().expect(MADE));
        let mut float = || floats.next().expect(MADE);
        let (open, high, low, close, volume) = (float(), float(), float(), float(), float());
        SegmentTail {
            opens_at_ns,
            closes_at_ns,
            coverage,
            visible_at_ns,
            open,
            high,
            low,
            close,
            volume,
            indicators: IndicatorTails(floats),
        }
    }

    /// Makes the next `n_rows` rows readable; when outsiders see them is the publication's to
    /// say.
    ///
    /// *Panics* where fewer fit.
    pub fn commit(&mut self, n_rows: usize) {
        self.writer.commit(n_rows);
    }

    /// The writer of an empty segment for another day in the same memory, or the writer as it
    /// was where a view still holds the segment or the day needs more room.
    pub fn recycle(
        self,
        day: impl Into<Arc<SegmentDay>>,
        capacity: usize,
    ) -> Result<SegmentWriter, SegmentWriter> {
        let SegmentWriter { shape, mut writer, segment } = self;
        let segment = match Arc::try_unwrap(segment) {
            Ok(unshared) => unshared,
            Err(segment) => return Err(SegmentWriter { shape, writer, segment }),
        };
        let old_day = Arc::clone(segment.day());
        drop(segment); // It holds the block.
        let fits = writer.len() + writer.room() >= capacity;
        if fits && writer.try_clear() {
            Ok(SegmentWriter::over(writer, shape, day.into()))
        } else {
            Err(SegmentWriter::over(writer, shape, old_day))
        }
    }

    /// Whether someone besides the writer holds the segment.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.segment) > 1
    }
}
