//! Which rows of a source become bars of the session, and why the others do not.
//!
//! Hot path. Rows that follow each other by one step need no division, and are not copied where all
//! of a session's are bars. Not here: when
//! a rejection may be known ([`crate::lane`]).

use openbell_market::planted::{Planted, planted};
use openbell_market::{BarColumns, RejectReason};
use openbell_session_data::{Grid, GridPart, Placed, Rows};
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

/// Where the bars of a session lie: a grid with the length of its slots.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'g> {
    pub(crate) grid: &'g Grid,
    pub(crate) step_ns: i64,
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
    /// The bars that `rows` are.
    pub(crate) fn of(rows: &Rows<'_>) -> Sifted {
        Sifted {
            bars: BarColumns {
                opens_at_ns: rows.opens_at_ns().to_vec(),
                open: rows.open().to_vec(),
                high: rows.high().to_vec(),
                low: rows.low().to_vec(),
                close: rows.close().to_vec(),
                volume: rows.volume().to_vec(),
            },
            closes_at_ns: rows.closes_at_ns().to_vec(),
            rejected: Vec::new(),
        }
    }

    /// Drops everything and keeps the room.
    pub fn clear(&mut self) {
        self.bars.clear();
        self.closes_at_ns.clear();
        self.rejected.clear();
    }

    /// Passes the rows of `rows` that open a slot; rows stamped before `since` belong to no session
    /// and are passed over.
    ///
    /// Of rows with one stamp the first counts. Where every row passes the columns change hands,
    /// and `rows` is left with the empty ones; else it is as it was. *Cost*: linear in rows.
    pub fn pass(&mut self, rows: &mut BarColumns, slots: &Slots<'_>, since: Timestamp) {
        let n_rejected = self.rejected.len();
        let is_sound = are_sound(rows);
        let mut row = 0;
        while row < rows.len() {
            let n_passed = match rows.opens_at_ns[row] < since.as_nanos() {
                true => 0,
                false => self.pass_run(rows, row, slots, is_sound),
            };
            if n_passed == rows.len() && self.bars.is_empty() {
                std::mem::swap(&mut self.bars, rows);
                return;
            }
            self.bars.extend_from(rows, row..row + n_passed);
            row += n_passed;
            if row < rows.len() && n_passed == 0 {
                if rows.opens_at_ns[row] >= since.as_nanos() {
                    self.reject(rows, row, slots);
                }
                row += 1;
            }
        }
        self.rejected[n_rejected..].sort_by_key(|rejected| rejected.known_at);
    }

    /// Lists the closes of the rows from `first` on that are bars, each after the one before.
    /// Returns how many they are.
    fn pass_run(
        &mut self,
        rows: &BarColumns,
        first: usize,
        slots: &Slots<'_>,
        is_sound: bool,
    ) -> usize {
        let mut last_ns = self.bars.opens_at_ns.last().copied().unwrap_or(i64::MIN);
        // The part of the grid at hand, and the stamp right after the last one.
        let (mut since_ns, mut until_ns) = (0, 0);
        let mut next_ns = i64::MIN;
        for (n_passed, &stamp_ns) in rows.opens_at_ns[first..].iter().enumerate() {
            let in_part = since_ns <= stamp_ns && stamp_ns < until_ns;
            let on_slot = if in_part && stamp_ns == next_ns {
                true
            } else if stamp_ns < last_ns || stamp_ns == last_ns && !planted(Planted::DuplicatesPass)
            {
                return n_passed;
            } else if planted(Planted::BarsAtCloseIncluded) && slots.ends_at(stamp_ns) {
                true
            } else {
                if !in_part {
                    let Some(part) = slots.part_at(stamp_ns) else { return n_passed };
                    (since_ns, until_ns) = (part.since.as_nanos(), part.until.as_nanos());
                }
                (stamp_ns - since_ns) % slots.step_ns == 0
            };
            let is_faulty = !is_sound && rows.ohlcv(first + n_passed).fault().is_some();
            if !on_slot || is_faulty && !planted(Planted::InvalidPasses) {
                return n_passed;
            }
            (last_ns, next_ns) = (stamp_ns, stamp_ns + slots.step_ns);
            self.closes_at_ns.push(next_ns.min(until_ns));
        }
        rows.len() - first
    }

    /// Says why row `row`, which is no bar, is none.
    fn reject(&mut self, rows: &BarColumns, row: usize, slots: &Slots<'_>) {
        let opens_at = rows.opens_at(row);
        let on_grid = match slots.grid.place(opens_at) {
            Placed::On { .. } => None,
            Placed::OffGrid => Some(RejectReason::OffGrid),
            Placed::Outside => Some(RejectReason::OutsideHours),
        };
        let in_order = match self.bars.opens_at_ns.last() {
            Some(&last_ns) if last_ns == opens_at.as_nanos() => Some(RejectReason::Duplicate),
            Some(&last_ns) if last_ns > opens_at.as_nanos() => Some(RejectReason::Late),
            _ => None,
        };
        let reason = on_grid
            .or(in_order)
            .or_else(|| rows.ohlcv(row).fault().map(RejectReason::Invalid))
            .expect("a row that did not pass has a reason");
        let known_at = Timestamp::from_nanos(opens_at.as_nanos().saturating_add(slots.step_ns));
        self.rejected.push(Rejected { opens_at, known_at, reason });
    }
}

impl Slots<'_> {
    fn ends_at(&self, stamp_ns: i64) -> bool {
        self.grid.until().is_some_and(|until| until.as_nanos() == stamp_ns)
    }

    fn part_at(&self, stamp_ns: i64) -> Option<&GridPart> {
        let holds = |part: &&GridPart| {
            part.since.as_nanos() <= stamp_ns && stamp_ns < part.until.as_nanos()
        };
        self.grid.parts().iter().find(holds)
    }
}

/// Whether no row has a [fault](openbell_market::Ohlcv::fault), found column by column and without
/// a branch. A comparison with NaN is false, and what lies between two finite values is
/// finite.
fn are_sound(rows: &BarColumns) -> bool {
    let prices = rows.open.iter().zip(&rows.close).zip(rows.high.iter().zip(&rows.low));
    let rows = prices.zip(&rows.volume);
    rows.fold(true, |all, (((open, close), (high, low)), volume)| {
        all & (low <= open)
            & (open <= high)
            & (low <= close)
            & (close <= high)
            & (high.abs() < f64::INFINITY)
            & (low.abs() < f64::INFINITY)
            & (*volume >= 0.0)
            & (*volume < f64::INFINITY)
    })
}

#[cfg(test)]
mod tests {
    use openbell_market::{BarFault, Ohlcv};

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
        sifted.pass(&mut rows, &Slots { grid: &grid, step_ns: 10 }, Timestamp::MIN);
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
