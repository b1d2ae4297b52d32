//! The deepest fall of a curve from a peak, found as the curve goes.

use openbell_coordinator::saved;
use openbell_time::Timestamp;

/// A fall from a peak.
///
/// Source: M. Magdon-Ismail and A. Atiya, "Maximum drawdown", Risk 17(10), 2004: the largest
/// 1 − X(t) / max X(s), s ≤ t.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Drawdown {
    /// How deep, as a share of the peak; above 0.
    pub depth: f64,
    /// The last instant at which the curve stood at that peak.
    pub peak_at: Timestamp,
    /// The instant at which it stood lowest.
    pub trough_at: Timestamp,
    /// The first instant at which it stood at that peak again; absent while it has not.
    pub recovered_at: Option<Timestamp>,
}
saved!(struct Drawdown { depth, peak_at, trough_at, recovered_at });

/// Finds the deepest fall of a curve as it goes.
///
/// ```
/// use openbell_account::DrawdownMeter;
/// use openbell_time::Timestamp;
/// let day = |n| Timestamp::from_nanos(n);
/// let mut meter = DrawdownMeter::default();
/// for (at, equity) in [(1, 100.0), (2, 120.0), (3, 90.0), (4, 108.0), (5, 120.0), (6, 110.0)] {
///     meter.mark(day(at), equity);
/// }
/// let deepest = meter.deepest().unwrap();
/// assert_eq!(deepest.depth, 0.25); // From 120 to 90.
/// assert_eq!((deepest.peak_at, deepest.trough_at), (day(2), day(3)));
/// assert_eq!(deepest.recovered_at, Some(day(5)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct DrawdownMeter {
    peak: Option<(f64, Timestamp)>,
    /// The deepest, with the height of its peak.
    deepest: Option<(Drawdown, f64)>,
}
saved!(struct DrawdownMeter { peak, deepest });

impl DrawdownMeter {
    /// The curve stands at `equity`.
    pub fn mark(&mut self, at: Timestamp, equity: f64) {
        if let Some((deepest, height)) = &mut self.deepest
            && deepest.recovered_at.is_none()
            && equity >= *height
        {
            deepest.recovered_at = Some(at);
        }
        let Some((peak, peak_at)) = self.peak.filter(|(peak, _)| equity < *peak) else {
            self.peak = Some((equity, at));
            return;
        };
        let depth = 1.0 - equity / peak;
        if peak > 0.0 && self.deepest.is_none_or(|(deepest, _)| depth > deepest.depth) {
            let fall = Drawdown { depth, peak_at, trough_at: at, recovered_at: None };
            self.deepest = Some((fall, peak));
        }
    }

    /// The deepest fall so far; of several as deep the first.
    pub fn deepest(&self) -> Option<Drawdown> {
        self.deepest.map(|(deepest, _)| deepest)
    }
}
