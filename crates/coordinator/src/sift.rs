//! Which rows of a source become bars of the session, and why the others do not.
//!
//! Hot path. A row that follows the one before it by one step needs no division. Not here: when
//! a rejection may be known ([`crate::lane`]).

use openbell_market::planted::{Planted, planted};
use openbell_market::{BarColumns, RejectReason};
use openbell_session_data::{Grid, Placed};
use openbell_time::Timestamp;

/// A row that did not become a bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rejected {
    /// Its stamp.
    pub opens_at: Timestamp,
    /// The instant at which a run may know of it: when it would have closed.
    pub known_at: Timestamp,
    /// Why.
    pub reason: RejectReason,
}

/// The bars of one session of one series, as they passed.
#[derive(Clone, Default, Debug)]
pub struct Sifted {
    /// The bars, in time order, unique by stamp.
    pub bars: BarColumns,
    /// When each closes, nanoseconds since the epoch.
    pub closes_at_ns: Vec<i64>,
    /// The rows that did not pass, by the instant at which they may be known.
    pub rejected: Vec<Rejected>,
}

impl Sifted {
    /// Drops everything and keeps the room.
    pub fn clear(&mut self) {
        self.bars.clear();
        self.closes_at_ns.clear();
        self.rejected.clear();
    }

    /// Passes the rows of `rows` that lie on `grid`, whose slots are `step_ns` long; rows stamped
    /// before `since` belong to no session and are passed over.
    ///
    /// Of rows with one stamp the first counts. *Cost*: linear in rows.
    pub fn pass(&mut self, rows: &BarColumns, grid: &Grid, step_ns: i64, since: Timestamp) {
        let n_rejected = self.rejected.len();
        // The stamp and close that a bar right after the last one would have.
        let mut expected: Option<(i64, i64, i64)> = None;
        for row in 0..rows.len() {
            let opens_at_ns = rows.opens_at_ns[row];
            if opens_at_ns < since.as_nanos() {
                continue;
            }
            let closes_at_ns = match expected {
                Some((stamp, close, _)) if stamp == opens_at_ns => Ok(close),
                _ => match grid.place(Timestamp::from_nanos(opens_at_ns)) {
                    Placed::On { closes_at, .. } => Ok(closes_at.as_nanos()),
                    Placed::Outside
                        if planted(Planted::BarsAtCloseIncluded)
                            && grid.until().is_some_and(|at| at.as_nanos() == opens_at_ns) =>
                    {
                        Ok(opens_at_ns)
                    }
                    Placed::OffGrid => Err(RejectReason::OffGrid),
                    Placed::Outside => Err(RejectReason::OutsideHours),
                },
            };
            let passed = closes_at_ns.and_then(|closes_at_ns| self.sound(rows, row, closes_at_ns));
            match passed {
                Ok(closes_at_ns) => {
                    self.bars.push(rows.opens_at(row), rows.ohlcv(row));
                    self.closes_at_ns.push(closes_at_ns);
                    expected = following(grid, expected, closes_at_ns, step_ns);
                }
                Err(reason) => self.rejected.push(Rejected {
                    opens_at: rows.opens_at(row),
                    known_at: Timestamp::from_nanos(opens_at_ns.saturating_add(step_ns)),
                    reason,
                }),
            }
        }
        self.rejected[n_rejected..].sort_by_key(|rejected| rejected.known_at);
    }

    fn sound(&self, rows: &BarColumns, row: usize, closes_at_ns: i64) -> Result<i64, RejectReason> {
        match self.bars.opens_at_ns.last() {
            Some(&last) if last == rows.opens_at_ns[row] && !planted(Planted::DuplicatesPass) => {
                Err(RejectReason::Duplicate)
            }
            Some(&last) if last > rows.opens_at_ns[row] => Err(RejectReason::Late),
            _ => match rows.ohlcv(row).fault() {
                Some(_) if planted(Planted::InvalidPasses) => Ok(closes_at_ns),
                Some(fault) => Err(RejectReason::Invalid(fault)),
                None => Ok(closes_at_ns),
            },
        }
    }
}

/// The stamp and close of the slot that begins at `since_ns`, where it lies in the same part of
/// the grid as the one before; with the end of that part.
fn following(
    grid: &Grid,
    before: Option<(i64, i64, i64)>,
    since_ns: i64,
    step_ns: i64,
) -> Option<(i64, i64, i64)> {
    let until_ns = match before {
        Some((_, _, until_ns)) if since_ns < until_ns => until_ns,
        _ => {
            let parts = grid.parts().iter();
            let mut holding = parts.filter(|part| {
                part.since.as_nanos() <= since_ns && since_ns < part.until.as_nanos()
            });
            holding.next()?.until.as_nanos()
        }
    };
    Some((since_ns, (since_ns + step_ns).min(until_ns), until_ns))
}

#[cfg(test)]
mod tests {
    use openbell_market::{BarFault, Ohlcv};
    use openbell_session_data::GridPart;

    use super::*;

    fn row(price: f64) -> Ohlcv {
        Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 }
    }

    #[test]
    fn every_row_is_a_bar_or_has_a_named_reason() {
        let part = |since, until| GridPart {
            since: Timestamp::from_nanos(since),
            until: Timestamp::from_nanos(until),
        };
        let grid = Grid::clock(vec![part(100, 135), part(200, 220)], 10);
        let mut rows = BarColumns::default();
        let stamps = [90, 100, 110, 110, 115, 120, 130, 135, 140, 200, 210, 205];
        for stamp in stamps {
            rows.push(Timestamp::from_nanos(stamp), row(1.0));
        }
        rows.high[5] = 0.5;
        let mut sifted = Sifted::default();
        sifted.pass(&rows, &grid, 10, Timestamp::MIN);
        assert_eq!(sifted.bars.opens_at_ns, [100, 110, 130, 200, 210]);
        assert_eq!(sifted.closes_at_ns, [110, 120, 135, 210, 220]);
        let reasons: Vec<(i64, RejectReason)> =
            sifted.rejected.iter().map(|r| (r.opens_at.as_nanos(), r.reason)).collect();
        assert_eq!(
            reasons,
            [
                (90, RejectReason::OutsideHours),
                (110, RejectReason::Duplicate),
                (115, RejectReason::OffGrid),
                (120, RejectReason::Invalid(BarFault::HighBelowOthers)),
                (135, RejectReason::OutsideHours),
                (140, RejectReason::OutsideHours),
                (205, RejectReason::OffGrid),
            ]
        );
    }
}
