//! The figures of the session so far.

use openbell_time::Timestamp;

use crate::running::Running;
use crate::segment::Rows;

/// Open, high, low, last, volume and VWAP of the session so far, from its regular base bars.
///
/// *Units*: prices in the quote currency, volume in units traded. *Time*: depends on bars that
/// closed at or before the view's instant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SessionMetrics {
    /// The open of the first regular bar.
    pub open: f64,
    /// The highest high.
    pub high: f64,
    /// The lowest low.
    pub low: f64,
    /// The close of the last regular bar.
    pub last: f64,
    /// The sum of volumes; 0 is a real zero.
    pub volume: f64,
    /// Σ(typical · volume) / Σ volume; absent while the volume is 0.
    pub vwap: Option<f64>,
}

impl SessionMetrics {
    /// The metrics at the last of `rows`, a base series whose regular hours begin at `open`.
    pub fn of(rows: &Rows<'_>, open: Timestamp) -> Option<SessionMetrics> {
        let segment = rows.segment()?;
        let until = segment.day().grid.until()?;
        let opens_at_ns = rows.opens_at_ns();
        let first = opens_at_ns.partition_point(|&ns| ns < open.as_nanos());
        let end = opens_at_ns.partition_point(|&ns| ns < until.as_nanos());
        let last = end.checked_sub(1).filter(|&last| last >= first)?;
        let Running { fold, price_volume } = rows.running(first, last)?;
        Some(SessionMetrics {
            open: rows.open()[first],
            high: fold.high,
            low: fold.low,
            last: rows.close()[last],
            volume: fold.volume,
            vwap: (fold.volume > 0.0).then(|| price_volume / fold.volume),
        })
    }
}
