//! Bars folded from minutes as plainly as it can be written, to hold derived ones against.

use openbell_market::Ohlcv;
use openbell_time::{Nanos, Session, Timestamp};

/// The bars of `width` (the whole session where there is none) of one session without a break, of
/// the `rows` that lie in it; each with the instant it opens.
pub fn plain_fold(
    session: &Session,
    width: Option<Nanos>,
    rows: &[(Timestamp, Ohlcv)],
) -> Vec<(Timestamp, Ohlcv)> {
    let mut bars: Vec<(Timestamp, Ohlcv)> = Vec::new();
    for &(at, row) in rows.iter().filter(|&&(at, _)| session.open <= at && at < session.close) {
        let width_ns = width.map_or(i64::MAX, Nanos::as_nanos);
        let n_before = (at - session.open).as_nanos() / width_ns;
        let opens_at = session.open + Nanos::from_nanos(n_before * width_ns);
        match bars.last_mut() {
            Some((last, bar)) if *last == opens_at => {
                bar.high = bar.high.max(row.high);
                bar.low = bar.low.min(row.low);
                bar.close = row.close;
                bar.volume += row.volume;
            }
            _ => bars.push((opens_at, row)),
        }
    }
    bars
}
