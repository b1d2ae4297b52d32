//! The base series of one symbol: what is appended, with its indicators.
//!
//! Hot path. No allocation after the day's segment is made, no lock, no hashing, no formatting.

use std::sync::Arc;

use openbell_market::BarColumns;
use openbell_session_data::{SegmentDay, SegmentWriter};
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
    pub fn lay(&mut self, day: &Arc<SegmentDay>) {
        self.indicators.start_session(day);
    }

    /// Appends the rows `range` of `bars`, closing at `closes_at_ns`, to `out`.
    ///
    /// *Shape*: `closes_at_ns` runs beside `bars`. *Panics* where the segment has less room.
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
        tail.opens_at_ns[..n_rows].copy_from_slice(&bars.opens_at_ns[range.clone()]);
        tail.closes_at_ns[..n_rows].copy_from_slice(&closes_at_ns[range.clone()]);
        tail.open[..n_rows].copy_from_slice(&bars.open[range.clone()]);
        tail.high[..n_rows].copy_from_slice(&bars.high[range.clone()]);
        tail.low[..n_rows].copy_from_slice(&bars.low[range.clone()]);
        tail.close[..n_rows].copy_from_slice(&bars.close[range.clone()]);
        tail.volume[..n_rows].copy_from_slice(&bars.volume[range]);
        if let (Some(column), Some(instant)) = (&mut tail.visible_at_ns, visible_at) {
            column[..n_rows].fill(instant.as_nanos());
        }
        self.complete(out, n_rows);
    }

    /// Computes the indicators of the next `n_rows` rows of `out`, whose bars are in place, and
    /// commits them.
    pub fn complete(&mut self, out: &mut SegmentWriter, n_rows: usize) {
        self.indicators.fill(&mut out.tail(), n_rows);
        out.commit(n_rows);
    }
}
