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
        if let Some([high, low, volume, price_volume]) = &mut tail.running {
            for row in 0..n_rows {
                let opens_at = Timestamp::from_nanos(tail.opens_at_ns[row]);
                let is_regular = self
                    .regular
                    .is_some_and(|(since, until)| since <= opens_at && opens_at < until);
                if is_regular {
                    let bar = (tail.high[row], tail.low[row], tail.close[row], tail.volume[row]);
                    self.running = Some(advance(self.running, bar));
                }
                // NaN is the store's code for "no regular bar yet".
                let shown = self.running.unwrap_or(Running {
                    high: f64::NAN,
                    low: f64::NAN,
                    volume: f64::NAN,
                    price_volume: f64::NAN,
                });
                high[row] = shown.high;
                low[row] = shown.low;
                volume[row] = shown.volume;
                price_volume[row] = shown.price_volume;
            }
        }
        self.indicators.fill(&mut tail, n_rows);
        out.commit(n_rows);
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
