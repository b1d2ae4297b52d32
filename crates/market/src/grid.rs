//! Where the bars of an interval lie in one session: the arithmetic of slots, and which of them
//! have a bar.
//!
//! Not here: bars made of bars ([`crate::Ohlcv::absorb`]), which days are sessions
//! (`openbell-time`).

use std::ops::Range;

use openbell_time::{SessionPart, Timestamp};

use crate::{BarInterval, Coverage, Gap};

/// The slots of one interval in one session: each part cut into lengths of the interval from its
/// own start, the last slot of each cut at its end.
///
/// *Shape*: slots count from 0 through all parts, in time order. An interval of a day or a week
/// has one slot from the first part's start to the last part's end.
///
/// ```
/// use openbell_market::{BarInterval, Grid};
/// use openbell_time::SessionPart;
///
/// let part = SessionPart {
///     since: "2025-07-03T13:30:00Z".parse()?, // 09:30 in New York
///     until: "2025-07-03T17:00:00Z".parse()?, // the half day closes at 13:00
/// };
/// let hours = Grid::of("1h".parse()?, &[part]);
/// assert_eq!(hours.n_slots(), 4);
/// assert_eq!(hours.slot(3).unwrap().since.to_string(), "2025-07-03T16:30:00Z");
/// assert_eq!(hours.slot(3).unwrap().until.to_string(), "2025-07-03T17:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    parts: Vec<SessionPart>,
    /// First slot of each part.
    first_slots: Vec<usize>,
    step_ns: i64,
    n_slots: usize,
}

impl Grid {
    /// The grid of `interval` over the `parts` of a session (1w: of the sessions of a week), which
    /// are in time order and do not overlap.
    ///
    /// A clock interval is anchored at the start of each part; a day or a week is one slot from
    /// the first part's start to the last part's end.
    pub fn of(interval: BarInterval, parts: &[SessionPart]) -> Grid {
        match (interval.clock(), parts) {
            (Some(clock), _) => Grid::clock(parts.to_vec(), clock.length().as_nanos()),
            (None, [first, .., last]) => Grid::whole(first.since, last.until),
            (None, [only]) => Grid::whole(only.since, only.until),
            (None, []) => Grid::clock(Vec::new(), 1),
        }
    }

    /// The grid of a clock interval of `step_ns` nanoseconds over `parts`, which are in time
    /// order and do not overlap.
    ///
    /// # Panics
    ///
    /// Where `step_ns` is not positive: no interval is.
    pub fn clock(parts: Vec<SessionPart>, step_ns: i64) -> Grid {
        assert!(step_ns > 0, "a grid of {step_ns} ns");
        let mut first_slots = Vec::with_capacity(parts.len());
        let mut n_slots = 0;
        for part in &parts {
            first_slots.push(n_slots);
            n_slots += slots_in(part.until.as_nanos() - part.since.as_nanos(), step_ns);
        }
        Grid { parts, first_slots, step_ns, n_slots }
    }

    /// The grid with one slot over everything from `since` to `until`: a day or a week.
    pub fn whole(since: Timestamp, until: Timestamp) -> Grid {
        let length_ns = (until.as_nanos() - since.as_nanos()).max(1);
        Grid::clock(vec![SessionPart { since, until }], length_ns)
    }

    /// The length of a slot that is not cut, in nanoseconds; at least 1.
    pub fn step_ns(&self) -> i64 {
        self.step_ns
    }

    /// Slots of the whole session: the bars that are expected of it.
    pub fn n_slots(&self) -> usize {
        self.n_slots
    }

    /// The start of the first slot.
    pub fn since(&self) -> Option<Timestamp> {
        self.parts.first().map(|part| part.since)
    }

    /// The end of the last slot.
    pub fn until(&self) -> Option<Timestamp> {
        self.parts.last().map(|part| part.until)
    }

    /// The stretches that the slots fill, in time order.
    pub fn parts(&self) -> &[SessionPart] {
        &self.parts
    }

    /// The bounds of slot `slot`, or `None` past the last.
    pub fn slot(&self, slot: usize) -> Option<SessionPart> {
        if slot >= self.n_slots {
            return None;
        }
        let part_idx = self.first_slots.partition_point(|&first| first <= slot) - 1;
        let part = self.parts[part_idx];
        let offset_ns = (slot - self.first_slots[part_idx]) as i64 * self.step_ns;
        Some(self.slot_from(part, part.since.as_nanos() + offset_ns))
    }

    /// The slot of `part` that begins at `since_ns`.
    fn slot_from(&self, part: SessionPart, since_ns: i64) -> SessionPart {
        let ends_ns = since_ns.saturating_add(self.step_ns);
        SessionPart {
            since: Timestamp::from_nanos(since_ns),
            until: Timestamp::from_nanos(ends_ns.min(part.until.as_nanos())),
        }
    }

    /// All slots, in time order.
    pub fn slots(&self) -> impl Iterator<Item = SessionPart> {
        self.parts.iter().flat_map(move |part| {
            let (since_ns, until_ns) = (part.since.as_nanos(), part.until.as_nanos());
            let n_slots = slots_in(until_ns - since_ns, self.step_ns) as i64;
            (0..n_slots).map(move |n| self.slot_from(*part, since_ns + n * self.step_ns))
        })
    }

    /// When each slot closes, nanoseconds since the epoch, ascending.
    pub fn closes_ns(&self) -> impl Iterator<Item = i64> {
        self.slots().map(|slot| slot.until.as_nanos())
    }

    /// The slot that contains `instant`, or `None` outside all parts.
    pub fn slot_containing(&self, instant: Timestamp) -> Option<usize> {
        let part_idx = self.parts.iter().position(|p| p.since <= instant && instant < p.until)?;
        let offset_ns = instant.as_nanos() - self.parts[part_idx].since.as_nanos();
        Some(self.first_slots[part_idx] + (offset_ns / self.step_ns) as usize)
    }

    /// The bounds of the slot that contains `instant`, or `None` outside all parts.
    pub fn slot_around(&self, instant: Timestamp) -> Option<SessionPart> {
        let part = self.parts.iter().find(|p| p.since <= instant && instant < p.until)?;
        let offset_ns = instant.as_nanos() - part.since.as_nanos();
        let since_ns = part.since.as_nanos() + offset_ns / self.step_ns * self.step_ns;
        Some(self.slot_from(*part, since_ns))
    }

    /// As [`Grid::slot_around`], where `before` is a slot that ended at or before `instant`.
    ///
    /// *Cost*: no division where it is the next one.
    pub fn slot_around_after(
        &self,
        instant: Timestamp,
        before: SessionPart,
    ) -> Option<SessionPart> {
        let is_next = |part: &&SessionPart| part.since <= before.since && instant < part.until;
        let next = self.parts.iter().find(is_next);
        let next = next.map(|part| self.slot_from(*part, before.until.as_nanos()));
        next.filter(|slot| instant < slot.until).or_else(|| self.slot_around(instant))
    }

    /// Which of the rows with these ascending stamps lie between the first slot and the last: of a
    /// series with extended hours the regular ones.
    ///
    /// *Cost*: a few looks where all do, which is usual.
    pub fn rows_within(&self, opens_at_ns: &[i64]) -> Range<usize> {
        let bounds = self.since().zip(self.until());
        let (Some((since, until)), Some(first_ns), Some(last_ns)) =
            (bounds, opens_at_ns.first(), opens_at_ns.last())
        else {
            return 0..0;
        };
        if since.as_nanos() <= *first_ns && *last_ns < until.as_nanos() {
            return 0..opens_at_ns.len();
        }
        let n_before = |at: Timestamp| opens_at_ns.partition_point(|&ns| ns < at.as_nanos());
        n_before(since)..n_before(until)
    }

    /// Where a bar stamped `opens_at` stands.
    pub fn place(&self, opens_at: Timestamp) -> SlotMatch {
        match self.slot_containing(opens_at) {
            None => SlotMatch::Outside,
            Some(slot) => match self.slot(slot) {
                Some(bounds) if bounds.since == opens_at => {
                    SlotMatch::On { slot, closes_at: bounds.until }
                }
                _ => SlotMatch::OffGrid,
            },
        }
    }

    /// Slots that have closed at or before `instant`: the bars that can be expected by then.
    pub fn n_closed_by(&self, instant: Timestamp) -> usize {
        let mut n_closed = 0;
        for part in &self.parts {
            let length_ns = part.until.as_nanos() - part.since.as_nanos();
            let elapsed_ns = instant.as_nanos().saturating_sub(part.since.as_nanos());
            if elapsed_ns >= length_ns {
                n_closed += slots_in(length_ns, self.step_ns);
            } else if elapsed_ns > 0 {
                n_closed += (elapsed_ns / self.step_ns) as usize;
            }
        }
        n_closed
    }

    /// The first slot end after `instant`, or `None` where all have closed.
    pub fn next_close_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.slot(self.n_closed_by(instant)).map(|bounds| bounds.until)
    }

    /// Bars that are there and bars that are expected by `as_of`; `None` while nothing is expected.
    ///
    /// *Shape*: `opens_at_ns` are the ascending stamps of the bars that have closed by `as_of`,
    /// each the start of a slot of its own, or before the first slot or after the last.
    pub fn coverage(&self, opens_at_ns: &[i64], as_of: Timestamp) -> Option<Coverage> {
        let expected = self.n_closed_by(as_of) as u32;
        let n = self.rows_within(opens_at_ns).len() as u32;
        (expected > 0).then_some(Coverage { n, expected })
    }

    /// The runs of slots that have closed by `as_of` and have no bar, oldest first.
    ///
    /// *Shape*: `opens_at_ns` as for [`Grid::coverage`]. *Cost*: a few looks where no bar is
    /// missing; else linear in slots.
    pub fn gaps(&self, opens_at_ns: &[i64], as_of: Timestamp) -> Vec<Gap> {
        let n_closed = self.n_closed_by(as_of);
        let mut left = &opens_at_ns[self.rows_within(opens_at_ns)];
        if left.len() == n_closed {
            return Vec::new(); // As many bars as slots, each in a slot of its own.
        }
        let mut gaps: Vec<Gap> = Vec::new();
        let mut is_gap_open = false;
        for slot in self.slots().take(n_closed) {
            if let [first_ns, later @ ..] = left
                && *first_ns == slot.since.as_nanos()
            {
                left = later;
                is_gap_open = false;
                continue;
            }
            match gaps.last_mut() {
                Some(gap) if is_gap_open => {
                    gap.until = slot.until;
                    gap.n_bars += 1;
                }
                _ => gaps.push(Gap { since: slot.since, until: slot.until, n_bars: 1 }),
            }
            is_gap_open = true;
        }
        gaps
    }
}

/// Where a stamp stands on a grid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotMatch {
    /// On the grid: the stamp opens `slot`, which closes at `closes_at`.
    On {
        /// The slot, from 0.
        slot: usize,
        /// When the slot closes.
        closes_at: Timestamp,
    },
    /// Inside the hours, and not at the start of a slot.
    OffGrid,
    /// Outside the hours.
    Outside,
}

fn slots_in(length_ns: i64, step_ns: i64) -> usize {
    if length_ns <= 0 { 0 } else { ((length_ns + step_ns - 1) / step_ns) as usize }
}

#[cfg(test)]
mod tests {
    use openbell_time::Nanos;
    use proptest::prelude::*;

    use super::*;

    fn part(since_ns: i64, until_ns: i64) -> SessionPart {
        SessionPart {
            since: Timestamp::from_nanos(since_ns),
            until: Timestamp::from_nanos(until_ns),
        }
    }

    proptest! {
        #[test]
        fn slots_tile_their_parts_and_every_count_agrees(
            lengths in proptest::collection::vec((1_i64..500, 0_i64..50), 1..4),
            step in 1_i64..120,
            at in -20_i64..1800,
        ) {
            let mut parts = Vec::new();
            let mut start = 0;
            for (length, pause) in lengths {
                parts.push(part(start, start + length));
                start += length + pause;
            }
            let grid = Grid::clock(parts.clone(), step);
            let closes_ns: Vec<i64> = grid.closes_ns().collect();
            prop_assert_eq!(closes_ns.len(), grid.n_slots());
            prop_assert_eq!(grid.n_closed_by(Timestamp::MIN), 0);
            prop_assert_eq!(grid.n_closed_by(Timestamp::MAX), grid.n_slots());
            let mut covered = 0;
            let mut closed = 0;
            for (slot, &closes_ns) in closes_ns.iter().enumerate() {
                let bounds = grid.slot(slot).unwrap();
                prop_assert!(bounds.since < bounds.until);
                prop_assert_eq!(closes_ns, bounds.until.as_nanos());
                covered += bounds.until.as_nanos() - bounds.since.as_nanos();
                closed += usize::from(bounds.until.as_nanos() <= at);
                prop_assert_eq!(grid.slot_containing(bounds.since), Some(slot));
                prop_assert_eq!(grid.slot_around(bounds.since), Some(bounds));
                let last = Timestamp::from_nanos(closes_ns - 1);
                prop_assert_eq!(grid.slot_around(last), Some(bounds));
                for earlier in (0..slot).filter_map(|earlier| grid.slot(earlier)) {
                    prop_assert_eq!(grid.slot_around_after(last, earlier), Some(bounds));
                    let gap = bounds.since.max(earlier.until + Nanos::from_nanos(at.max(0)));
                    prop_assert_eq!(grid.slot_around_after(gap, earlier), grid.slot_around(gap));
                }
                let placed = SlotMatch::On { slot, closes_at: bounds.until };
                prop_assert_eq!(grid.place(bounds.since), placed);
            }
            let stamps: Vec<i64> = (at..at + 700).step_by(step as usize).collect();
            let bounds = (grid.since().unwrap(), grid.until().unwrap());
            let is_within = |ns: &&i64| bounds.0.as_nanos() <= **ns && **ns < bounds.1.as_nanos();
            let within = &stamps[grid.rows_within(&stamps)];
            prop_assert_eq!(within, stamps.iter().filter(is_within).copied().collect::<Vec<_>>());
            let total: i64 = parts.iter().map(|p| p.until.as_nanos() - p.since.as_nanos()).sum();
            prop_assert_eq!(covered, total);
            prop_assert_eq!(grid.slot(grid.n_slots()), None);
            prop_assert!(grid.slots().eq((0..grid.n_slots()).filter_map(|slot| grid.slot(slot))));
            prop_assert_eq!(grid.n_closed_by(Timestamp::from_nanos(at)), closed);
        }
    }

    proptest! {
        /// Bars before the first slot and after the last count for nothing.
        #[test]
        fn what_is_missing_lies_in_the_gaps_and_what_is_there_does_not(
            lengths in proptest::collection::vec((1_i64..100, 0_i64..50), 1..4),
            step in 1_i64..40,
            has_bar in proptest::collection::vec(prop::bool::weighted(0.7), 310),
            n_around in 0_i64..3,
            as_of in 0_i64..500,
        ) {
            let mut parts = Vec::new();
            let mut start = 10;
            for (length, pause) in lengths {
                parts.push(part(start, start + length));
                start += length + pause;
            }
            let grid = Grid::clock(parts, step);
            let closed: Vec<(SessionPart, bool)> = grid
                .slots()
                .zip(has_bar)
                .take_while(|(slot, _)| slot.until.as_nanos() <= as_of)
                .collect();
            let there = closed.iter().filter(|(_, has_bar)| *has_bar);
            let mut stamps: Vec<i64> = (0..n_around).collect();
            stamps.extend(there.map(|(slot, _)| slot.since.as_nanos()));
            stamps.extend((0..n_around).map(|after| start + after));

            let mut plain: Vec<Gap> = Vec::new();
            for run in closed.chunk_by(|(_, a), (_, b)| a == b).filter(|run| !run[0].1) {
                let (since, until) = (run[0].0.since, run[run.len() - 1].0.until);
                plain.push(Gap { since, until, n_bars: run.len() as u32 });
            }
            let as_of = Timestamp::from_nanos(as_of);
            prop_assert_eq!(grid.gaps(&stamps, as_of), plain);
            let n = closed.iter().filter(|(_, has_bar)| *has_bar).count() as u32;
            let expected = closed.len() as u32;
            let coverage = (expected > 0).then_some(Coverage { n, expected });
            prop_assert_eq!(grid.coverage(&stamps, as_of), coverage);
        }
    }

    #[test]
    fn a_stamp_between_slots_is_off_the_grid_and_one_in_the_break_is_outside() {
        let grid = Grid::clock(vec![part(0, 100), part(150, 200)], 20);
        assert_eq!(grid.place(Timestamp::from_nanos(21)), SlotMatch::OffGrid);
        assert_eq!(grid.place(Timestamp::from_nanos(120)), SlotMatch::Outside);
        assert_eq!(grid.place(Timestamp::from_nanos(200)), SlotMatch::Outside);
    }
}
