//! The base series of one symbol: what is appended, and the session's running metrics.
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
    regular: Option<(Timestamp, Timestamp)>,
    running: Option<Running>,
    indicators: IndicatorSet,
}

/// Metrics of the session up to a bar.
#[derive(Clone, Copy)]
struct Running {
    high: f64,
    low: f64,
    volume: f64,
    price_volume: f64,
}

impl Running {
    const NONE: Running =
        Running { high: f64::NAN, low: f64::NAN, volume: f64::NAN, price_volume: f64::NAN };
}

impl BaseSeries {
    /// The series before its first session.
    pub fn new(indicators: IndicatorSet) -> BaseSeries {
        BaseSeries { regular: None, running: None, indicators }
    }

    /// The indicators on its bars.
    pub fn indicators(&self) -> &IndicatorSet {
        &self.indicators
    }

    /// The indicators on its bars, to seed them.
    pub fn indicators_mut(&mut self) -> &mut IndicatorSet {
        &mut self.indicators
    }

    /// Starts a session whose regular bars lie on the grid of `day`: the metrics begin anew.
    pub fn lay(&mut self, day: &Arc<SegmentDay>) {
        self.regular = day.grid.since().zip(day.grid.until());
        self.running = None;
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

    /// Completes the next `n_rows` rows of `out`, whose bars are in place: running metrics and
    /// indicators. Commits them.
    pub fn complete(&mut self, out: &mut SegmentWriter, n_rows: usize) {
        let mut tail = out.tail();
        let regular = self.regular_rows(&tail.opens_at_ns[..n_rows]);
        if let Some(columns) = &mut tail.running {
            let [high, low, volume, price_volume] = columns;
            let mut running = self.running;
            let mut show = |row: usize, running: Option<Running>| {
                // NaN is the store's code for "no regular bar yet".
                let shown = running.unwrap_or(Running::NONE);
                (high[row], low[row]) = (shown.high, shown.low);
                (volume[row], price_volume[row]) = (shown.volume, shown.price_volume);
            };
            (0..regular.start).for_each(|row| show(row, running));
            let bars = tail.high[regular.clone()].iter().zip(&tail.low[regular.clone()]);
            let bars = bars.zip(&tail.close[regular.clone()]).zip(&tail.volume[regular.clone()]);
            for (row, (((&high, &low), &close), &volume)) in regular.clone().zip(bars) {
                running = Some(advance(running, (high, low, close, volume)));
                show(row, running);
            }
            (regular.end..n_rows).for_each(|row| show(row, running));
            self.running = running;
        }
        self.indicators.fill(&mut tail, n_rows);
        out.commit(n_rows);
    }

    /// Which of the rows that open at `opens_at_ns`, ascending, lie in regular hours.
    fn regular_rows(&self, opens_at_ns: &[i64]) -> std::ops::Range<usize> {
        let Some((since, until)) = self.regular else { return 0..0 };
        let n_before = |at: Timestamp| opens_at_ns.partition_point(|&ns| ns < at.as_nanos());
        let start = n_before(since);
        start..n_before(until).max(start)
    }
}

fn advance(running: Option<Running>, (high, low, close, volume): (f64, f64, f64, f64)) -> Running {
    let price_volume = (high + low + close) / 3.0 * volume;
    match running {
        None => Running { high, low, volume, price_volume },
        Some(before) => Running {
            high: if high > before.high { high } else { before.high },
            low: if low < before.low { low } else { before.low },
            volume: before.volume + volume,
            price_volume: before.price_volume + price_volume,
        },
    }
}
