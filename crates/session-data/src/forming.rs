//! The bar that is forming: what a window that has not closed holds so far. It is no bar yet, and
//! no series, indicator, history or export has it.

use openbell_market::{BarInterval, Coverage, Grid, Ohlcv};
use openbell_time::{SessionPart, Timestamp};

use crate::segment::Rows;

/// A window of a derived interval that has not closed, as of one publication.
///
/// It is not final: the next base bar may change all of it but its open.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FormingBar {
    /// The interval of the bar that it is going to be.
    pub interval: BarInterval,
    /// The start of its window: the stamp of that bar.
    pub since: Timestamp,
    /// The end of its window, at which the bar closes and is final.
    pub until: Timestamp,
    /// The instant up to which it is known.
    pub as_of: Timestamp,
    /// What the base bars in it make so far.
    pub ohlcv: Ohlcv,
    /// Base bars in it, of those that have closed by `as_of`.
    pub coverage: Coverage,
}

/// Folds the base rows of `window`, one of `interval`; `None` where it is not open at `as_of`, or has no base bar
/// so far.
pub(crate) fn forming_bar(
    interval: BarInterval,
    window: &SessionPart,
    base_grid: &Grid,
    base: &Rows<'_>,
    as_of: Timestamp,
) -> Option<FormingBar> {
    if as_of < window.since {
        return None;
    }
    let bars = base.bars();
    let n_before = |at: Timestamp| bars.opens_at_ns.partition_point(|&ns| ns < at.as_nanos());
    let (first, end) = (n_before(window.since), n_before(window.until));
    if first == end {
        return None;
    }
    let mut ohlcv = bars.ohlcv(first);
    ohlcv.absorb(&bars, first + 1..end);
    let n = (end - first) as u32;
    let expected = base_grid.n_closed_by(as_of) - base_grid.n_closed_by(window.since);
    let coverage = Coverage { n, expected: expected as u32 };
    let (since, until) = (window.since, window.until);
    Some(FormingBar { interval, since, until, as_of, ohlcv, coverage })
}
