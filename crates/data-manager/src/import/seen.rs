//! Which stamps of a series have been met, and with which values: a short print of them for each place
//! on the interval's grid.

use std::collections::{BTreeMap, HashMap};

use openbell_market::{BarInterval, Ohlcv};
use openbell_time::NANOS_PER_DAY;

/// Places in one block: 2 kB.
const BLOCK_PLACES: i64 = 1 << 9;

/// What a row is beside those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Met {
    /// The first of its stamp.
    New,
    /// A row of its stamp stands before it, with the same values.
    Equal,
    /// A row of its stamp stands before it, with others.
    Other,
}

/// The rows of a series that have been met.
///
/// Of two rows whose values have the same print one is taken for a repetition of the other: of
/// contradictory ones, one in four thousand million pairs.
///
/// *Cost*: 4 bytes for each place on the grid around rows; a stamp off the grid costs some 20.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    step_ns: i64,
    blocks: BTreeMap<i64, Box<[u32; BLOCK_PLACES as usize]>>,
    off_grid: HashMap<i64, u32>,
    /// The block of the last row: the next lies in it, mostly.
    last: Option<(i64, Box<[u32; BLOCK_PLACES as usize]>)>,
}

impl Seen {
    pub(super) fn new(interval: BarInterval) -> Seen {
        let step_ns = interval.clock().map_or(NANOS_PER_DAY, |clock| clock.length().as_nanos());
        Seen { step_ns, blocks: BTreeMap::new(), off_grid: HashMap::new(), last: None }
    }

    /// Puts a row in, where it is the first of its stamp.
    pub(super) fn insert(&mut self, stamp_ns: i64, ohlcv: &Ohlcv) -> Met {
        let print = print_of(ohlcv);
        let known = if stamp_ns % self.step_ns == 0 {
            self.place(stamp_ns / self.step_ns)
        } else {
            self.off_grid.entry(stamp_ns).or_insert(0)
        };
        match *known {
            0 => {
                *known = print;
                Met::New
            }
            same if same == print => Met::Equal,
            _ => Met::Other,
        }
    }

    fn place(&mut self, place: i64) -> &mut u32 {
        let (block, idx) = (place.div_euclid(BLOCK_PLACES), place.rem_euclid(BLOCK_PLACES));
        if self.last.as_ref().is_none_or(|(last, _)| *last != block) {
            let found = self.blocks.remove(&block);
            let found = found.unwrap_or_else(|| Box::new([0; BLOCK_PLACES as usize]));
            if let Some((last, places)) = self.last.replace((block, found)) {
                self.blocks.insert(last, places);
            }
        }
        let (_, places) = self.last.as_mut().expect("the block was put there");
        &mut places[idx as usize]
    }
}

/// A number of the values, never 0.
fn print_of(ohlcv: &Ohlcv) -> u32 {
    let values = [ohlcv.open, ohlcv.high, ohlcv.low, ohlcv.close, ohlcv.volume];
    let mixed = values.into_iter().fold(0x9e37_79b9_7f4a_7c15_u64, |all, value| {
        (all.rotate_left(23) ^ value.to_bits()).wrapping_mul(0xff51_afd7_ed55_8ccd)
    });
    ((mixed >> 32) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_new_once_and_then_repeated_or_contradicted() {
        let mut seen = Seen::new("1m".parse().unwrap());
        let bar = |volume| Ohlcv { open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume };
        for stamp_ns in [0, 60_000_000_000, -60_000_000_000, 61_000_000_000, 1 << 60] {
            assert_eq!(seen.insert(stamp_ns, &bar(1.0)), Met::New, "{stamp_ns}");
        }
        for stamp_ns in [1 << 60, 0, 61_000_000_000] {
            assert_eq!(seen.insert(stamp_ns, &bar(1.0)), Met::Equal, "{stamp_ns}");
            assert_eq!(seen.insert(stamp_ns, &bar(2.0)), Met::Other, "{stamp_ns}");
        }
    }
}
