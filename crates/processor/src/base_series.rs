//! The base series of one symbol: what is appended, with its indicators.
//!
//! Hot path. No allocation after the day's segment is made, no lock, no hashing, no formatting.

use std::sync::Arc;

use openbell_market::{BarColumns, copy_rows};
use openbell_session_data::{SegmentGrid, SegmentWriter, WholeBars};
use openbell_time::Timestamp;

use crate::indicator_set::IndicatorSet;

/// How the base series of a symbol is laid into its segment.
#[derive(Clone)]
pub struct BaseSeries {
    indicators: IndicatorSet,
}

impl BaseSeries {
    /// The series before its first session.
    pub fn new(indicators: IndicatorSet) -> BaseSeries {
        BaseSeries { indicators }
    }

    /// The indicators on its bars.
    pub fn indicators(&self) -> &IndicatorSet {
        &self.indicators
    }

    /// The indicators on its bars, to seed them.
    pub fn indicators_mut(&mut self) -> &mut IndicatorSet {
        &mut self.indicators
    }

    /// Starts a session whose regular bars lie on the grid of `day`.
    pub fn lay(&mut self, day: &Arc<SegmentGrid>) {
        self.indicators.start_session(day);
    }

    /// Appends the rows `range` of `bars`, closing at `closes_at_ns`, to `out`.
    ///
    /// *Shape*: `closes_at_ns` runs beside `bars`.
    ///
    /// # Panics
    ///
    /// Where the segment has less room.
    pub fn append(
        &mut self,
        bars: &BarColumns,
        closes_at_ns: &[i64],
        range: std::ops::Range<usize>,
        out: &mut SegmentWriter,
        visible_at: Option<Timestamp>,
    ) {
        let n_rows = range.len();
        let mut tail = out.tail();
        tail.bars.copy_from(&bars.as_rows().rows(range.clone()));
        copy_rows(tail.closes_at_ns, &closes_at_ns[range]);
        if let (Some(column), Some(instant)) = (&mut tail.visible_at_ns, visible_at) {
            column[..n_rows].fill(instant.as_nanos());
        }
        self.indicators.fill_tail(&mut tail, n_rows);
        out.commit(n_rows);
    }

    /// Computes the indicators of the rows of `out`, whose bars are in place, and commits them.
    ///
    /// *Shape*: `out` was made [of whole bars](SegmentWriter::of_whole); of another one nothing is
    /// done.
    pub fn complete(&mut self, out: &mut SegmentWriter) {
        let Some(WholeBars { bars, .. }) = out.whole().cloned() else { return };
        self.indicators.fill(bars.as_rows(), &mut out.tail().indicators);
        out.commit(bars.len());
    }
}
