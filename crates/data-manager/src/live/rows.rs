//! What a row of a vendor's history is: a bar that is over, one that runs, one that was made up, or one
//! that lies beyond what the vendor keeps. The same for whoever catches up and for whoever fetches.

use openbell_time::{Nanos, Timestamp};

use crate::live::{Closing, EmptyInterval, Heard, VendorTraits};

/// The beginning of the interval of that length around an instant.
pub(crate) fn floor(at: Timestamp, length: Nanos) -> Timestamp {
    at - Nanos::from_nanos(at.as_nanos().rem_euclid(length.as_nanos()))
}

/// The end of the interval of that length in which an instant lies; the instant itself where it is one.
pub(crate) fn ceil(at: Timestamp, length: Nanos) -> Timestamp {
    let floored = floor(at, length);
    if floored < at { floored + length } else { floored }
}

/// Before which open all rows of an answer are over, where the last row is the one that runs: its own
/// open, or its end where it says that it is closed. An empty answer proves nothing.
pub(crate) fn over_before(rows: &[Heard], length: Nanos) -> Timestamp {
    match rows.last() {
        Some(last) if last.closing == Closing::Closed => floor(last.opens_at, length) + length,
        Some(last) => floor(last.opens_at, length),
        None => Timestamp::MIN,
    }
}

impl VendorTraits {
    /// Whether the vendor made the bar up for an interval without a trade.
    pub(crate) fn is_made_up(&self, row: &Heard) -> bool {
        self.empty == EmptyInterval::NoBar && row.n_trades == Some(0)
    }

    /// The open before which the history has no bar of that length when it is asked at `asked_at`;
    /// absent where it has all.
    pub fn history_since(&self, length: Nanos, asked_at: Timestamp) -> Option<Timestamp> {
        let n_rows = i64::from(self.n_history_rows?);
        let reach_ns = length.as_nanos().saturating_mul(n_rows);
        Some(ceil(asked_at - Nanos::from_nanos(reach_ns), length))
    }

    /// Up to which open the bars from `since` on cannot be had, where an answer begins later because
    /// the history has the newest rows only.
    pub(crate) fn out_of_reach(
        &self,
        length: Nanos,
        since: Timestamp,
        asked_at: Timestamp,
        rows: &[Heard],
    ) -> Option<Timestamp> {
        let reach = self.history_since(length, asked_at)?;
        let first = rows.first()?.opens_at;
        (since < reach && first > since).then(|| floor(first, length))
    }
}

#[cfg(test)]
mod tests {
    use openbell_market::Ohlcv;

    use super::*;

    const MINUTE: Nanos = Nanos::from_secs(60);

    fn row(minute: i64, closing: Closing) -> Heard {
        let opens_at = Timestamp::from_nanos(0) + Nanos::from_secs(60 * minute);
        let ohlcv = Ohlcv { open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 0.0 };
        Heard { opens_at, ohlcv, n_trades: None, closing }
    }

    #[test]
    fn the_last_row_runs_unless_it_says_that_it_is_closed() {
        let at = |minute| row(minute, Closing::Unsaid).opens_at;
        let rows = [row(7, Closing::Unsaid), row(8, Closing::Unsaid)];
        assert_eq!(over_before(&rows, MINUTE), at(8));
        let rows = [row(7, Closing::Unsaid), row(8, Closing::Closed)];
        assert_eq!(over_before(&rows, MINUTE), at(9));
        assert_eq!(over_before(&[], MINUTE), Timestamp::MIN);
    }
}
