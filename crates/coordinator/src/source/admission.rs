//! Which rows of a source become bars of the session, and why the others do not.
//!
//! Hot path. Rows that follow each other by one step are admitted as one, and are not copied where
//! all of a session's are bars. Not here: when a rejection may be known ([`crate::symbol`]).

use std::sync::Arc;

use openbell_market::{BarColumns, BarRows, BarSlice, RejectReason, SlotMatch};
use openbell_session_data::WholeBars;
use openbell_time::Timestamp;

use crate::layout::{Slots, n_in_step};

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

/// The bars of one session of one series that were admitted, and the rows that were not.
#[derive(Clone, Default, Debug)]
pub struct Admitted {
    /// The bars that were copied, in time order, unique by stamp.
    pub bars: BarColumns,
    /// When each bar closes, nanoseconds since the epoch.
    pub closes_at_ns: Vec<i64>,
    /// The rows that were not admitted, by the instant at which they may be known.
    pub rejected: Vec<Rejected>,
}

impl Admitted {
    /// Admits those of `rows` that open a slot, and yields them: the same slice where all do, a
    /// copy of those that do where some do not. Rows stamped before `since` belong to no session
    /// and are passed over. Of rows with one stamp the first counts.
    ///
    /// *Shape*: what was admitted before is dropped; its memory is kept. *Cost*: linear in rows.
    pub fn admit_slice(
        &mut self,
        rows: BarSlice,
        slots: &Slots<'_>,
        since: Timestamp,
    ) -> WholeBars {
        self.bars.clear();
        self.closes_at_ns.clear();
        self.rejected.clear();
        let all = rows.as_rows();
        let is_own = all.opens_at_ns.first().is_none_or(|&ns| ns >= since.as_nanos());
        let is_valid = are_valid(&all);
        if let Some(closes_at_ns) = slots.closes_at_ns
            && (is_own && is_valid && slots.are_filled_by(all.opens_at_ns))
        {
            return WholeBars { bars: rows, closes_at_ns: Arc::clone(closes_at_ns) };
        }
        if is_own && self.admit_run(&all, 0, slots, is_valid) == all.len() {
            return WholeBars { closes_at_ns: self.closes_at_ns[..].into(), bars: rows };
        }
        self.closes_at_ns.clear();
        self.admit_rows(&all, slots, since, is_valid);
        let bars = std::mem::take(&mut self.bars).into();
        WholeBars { bars, closes_at_ns: self.closes_at_ns[..].into() }
    }

    fn admit_rows(
        &mut self,
        rows: &BarRows<'_>,
        slots: &Slots<'_>,
        since: Timestamp,
        is_valid: bool,
    ) {
        let n_rejected = self.rejected.len();
        let mut row = 0;
        while row < rows.len() {
            let n_admitted = if rows.opens_at_ns[row] < since.as_nanos() {
                0
            } else {
                self.admit_run(rows, row, slots, is_valid)
            };
            self.bars.append(&rows.rows(row..row + n_admitted));
            row += n_admitted;
            if row < rows.len() && n_admitted == 0 {
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
    fn admit_run(
        &mut self,
        rows: &BarRows<'_>,
        first: usize,
        slots: &Slots<'_>,
        is_valid: bool,
    ) -> usize {
        let mut last_ns = self.bars.opens_at_ns.last().copied().unwrap_or(i64::MIN);
        let mut row = first;
        while row < rows.len() {
            let stamps = &rows.opens_at_ns[row..];
            let is_after = stamps[0] > last_ns;
            let Some((n_slots, until_ns)) = slots.from(stamps[0]).filter(|_| is_after) else {
                break;
            };
            let mut n_admitted = n_in_step(stamps, n_slots, slots.step_ns);
            if !is_valid {
                let is_faulty = |row: &usize| rows.ohlcv(*row).fault().is_some();
                n_admitted =
                    (row..row + n_admitted).find(is_faulty).map_or(n_admitted, |f| f - row);
            }
            if n_admitted == 0 {
                break;
            }
            let opens = stamps[..n_admitted].iter();
            self.closes_at_ns.extend(opens.map(|opens_ns| opens_ns + slots.step_ns));
            if let Some(last_ns) = self.closes_at_ns.last_mut() {
                *last_ns = (*last_ns).min(until_ns); // The last slot of a part may be cut short.
            }
            last_ns = stamps[n_admitted - 1];
            row += n_admitted;
        }
        row - first
    }

    /// Says why row `row`, which is no bar, is none.
    fn reject(&mut self, rows: &BarRows<'_>, row: usize, slots: &Slots<'_>) {
        let opens_at = Timestamp::from_nanos(rows.opens_at_ns[row]);
        let on_grid = match slots.grid.place(opens_at) {
            SlotMatch::On { .. } => None,
            SlotMatch::OffGrid => Some(RejectReason::OffGrid),
            SlotMatch::Outside => Some(RejectReason::OutsideHours),
        };
        let in_order = match self.bars.opens_at_ns.last() {
            Some(&last_ns) if last_ns == opens_at.as_nanos() => Some(RejectReason::Duplicate),
            Some(&last_ns) if last_ns > opens_at.as_nanos() => Some(RejectReason::Late),
            _ => None,
        };
        let reason = on_grid
            .or(in_order)
            .or_else(|| rows.ohlcv(row).fault().map(RejectReason::Invalid))
            .expect("a row that is not admitted has a reason");
        let known_at = Timestamp::from_nanos(opens_at.as_nanos().saturating_add(slots.step_ns));
        self.rejected.push(Rejected { opens_at, known_at, reason });
    }
}

/// Whether no row has a [fault](openbell_market::Ohlcv::fault), found column by column and without
/// a branch. A comparison with NaN is false, and what lies between two finite values is
/// finite; a sum with infinity is none. Valid values whose sum is beyond float64 are not
/// recognized: they are looked at row by row.
fn are_valid(rows: &BarRows<'_>) -> bool {
    let prices = rows.open.iter().zip(rows.close).zip(rows.high.iter().zip(rows.low));
    let n_faulty =
        prices.zip(rows.volume).fold(0_u64, |n, (((open, close), (high, low)), volume)| {
            // Where one is NaN, one of the two is.
            let (lower, higher) = if open < close { (open, close) } else { (close, open) };
            let is_valid = (low <= lower)
                & (higher <= high)
                & (*volume >= 0.0)
                & (high - low + volume < f64::INFINITY);
            n + u64::from(!is_valid)
        });
    n_faulty == 0
}

#[cfg(test)]
mod tests {
    use openbell_market::{BarFault, Grid, Ohlcv};
    use openbell_time::SessionPart;
    use proptest::prelude::*;

    use super::*;

    fn row(price: f64) -> Ohlcv {
        Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 }
    }

    #[test]
    fn every_row_is_a_bar_or_has_a_named_reason() {
        let part = |since, until| SessionPart {
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
        let mut admitted = Admitted::default();
        let slots = Slots { grid: &grid, step_ns: 10, closes_at_ns: None };
        let WholeBars { bars, closes_at_ns } =
            admitted.admit_slice(rows.into(), &slots, Timestamp::MIN);
        assert_eq!(bars.opens_at_ns(), [100, 110, 130, 200, 210]);
        assert_eq!(closes_at_ns[..], [110, 120, 135, 210, 220]);
        let reasons: Vec<(i64, RejectReason)> =
            admitted.rejected.iter().map(|r| (r.opens_at.as_nanos(), r.reason)).collect();
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

    proptest! {
        /// Whether the closes of all slots are listed or not, the same rows are bars, with the same
        /// closes; and where all are, the list is shared.
        #[test]
        fn a_list_of_closes_changes_no_bar(
            n_slots in (1_usize..8, 0_usize..5),
            missing in proptest::collection::vec(any::<bool>(), 13),
            has_gaps in any::<bool>(),
            fault in proptest::option::of(0_usize..13),
        ) {
            let (first, second) = n_slots;
            let part = |since, until| SessionPart {
                since: Timestamp::from_nanos(since),
                until: Timestamp::from_nanos(until),
            };
            // The last slot of the first part is cut short.
            let parts = vec![part(100, 95 + 10 * first as i64), part(300, 300 + 10 * second as i64)];
            let grid = Grid::clock(parts, 10);
            let stamps = (0..first).map(|slot| 100 + 10 * slot as i64);
            let stamps = stamps.chain((0..second).map(|slot| 300 + 10 * slot as i64));
            let mut rows = BarColumns::default();
            for (slot, stamp) in stamps.enumerate() {
                if !(has_gaps && missing[slot]) {
                    rows.push(Timestamp::from_nanos(stamp), row(1.0));
                }
            }
            if let Some(high) = fault.and_then(|row| rows.high.get_mut(row)) {
                *high = 0.5;
            }
            let (n_rows, rows) = (rows.len(), BarSlice::from(rows));
            let closes_at_ns: Arc<[i64]> = grid.closes_ns().collect();
            let admit = |closes_at_ns| {
                let mut admitted = Admitted::default();
                let slots = Slots { grid: &grid, step_ns: 10, closes_at_ns };
                let whole = admitted.admit_slice(rows.clone(), &slots, Timestamp::MIN);
                (whole, admitted.rejected)
            };
            let (by_list, rejected) = admit(Some(&closes_at_ns));
            let (without, same) = admit(None);
            prop_assert_eq!(&by_list.bars, &without.bars);
            prop_assert_eq!(&by_list.closes_at_ns, &without.closes_at_ns);
            prop_assert_eq!(rejected, same);
            let is_full = by_list.bars.len() == grid.n_slots() && n_rows == grid.n_slots();
            prop_assert_eq!(Arc::ptr_eq(&by_list.closes_at_ns, &closes_at_ns), is_full);
        }
    }
}
