//! Which stamps of a file have been met, in a bit for each place on the interval's grid.

use std::collections::{BTreeMap, BTreeSet};

use openbell_market::BarInterval;
use openbell_time::NANOS_PER_DAY;

/// Places in one block: 4 kB.
const BLOCK_PLACES: i64 = 1 << 15;

/// A set of stamps.
///
/// *Cost*: 4 kB for 22 days of minutes, or 9 hours of seconds; a stamp off the grid costs more.
#[derive(Debug)]
pub(super) struct Seen {
    step_ns: i64,
    blocks: BTreeMap<i64, Vec<u64>>,
    off_grid: BTreeSet<i64>,
}

impl Seen {
    pub(super) fn new(interval: BarInterval) -> Seen {
        let step_ns = interval.clock().map_or(NANOS_PER_DAY, |clock| clock.length().as_nanos());
        Seen { step_ns, blocks: BTreeMap::new(), off_grid: BTreeSet::new() }
    }

    /// Puts a stamp in; says whether it is new.
    pub(super) fn insert(&mut self, stamp_ns: i64) -> bool {
        if stamp_ns % self.step_ns != 0 {
            return self.off_grid.insert(stamp_ns);
        }
        let place = stamp_ns / self.step_ns;
        let block = self
            .blocks
            .entry(place.div_euclid(BLOCK_PLACES))
            .or_insert_with(|| vec![0; (BLOCK_PLACES / 64) as usize]);
        let bit_idx = place.rem_euclid(BLOCK_PLACES) as usize;
        let word = &mut block[bit_idx / 64];
        let mask = 1 << (bit_idx % 64);
        let is_new = *word & mask == 0;
        *word |= mask;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_new_once() {
        let mut seen = Seen::new("1m".parse().unwrap());
        for stamp_ns in [0, 60_000_000_000, -60_000_000_000, 61_000_000_000, 1 << 60] {
            assert!(seen.insert(stamp_ns), "{stamp_ns}");
            assert!(!seen.insert(stamp_ns), "{stamp_ns}");
        }
    }
}
