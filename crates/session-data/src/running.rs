//! The session's figures up to any of its bars, folded when they are asked for.
//!
//! A replay asks for few of them; so nothing is computed ahead, and what was once computed is kept
//! at every sixteenth bar. Hot path: no allocation after the first question, no lock.

use std::sync::OnceLock;

use openbell_market::{BarFold, BarRows};

use crate::sync::{AtomicU64, Ordering};

/// Regular bars between two places at which the figures are kept.
const STRIDE: usize = 16;

/// High, low, volume, and price times volume of the regular bars so far.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Running {
    pub(crate) fold: BarFold,
    pub(crate) price_volume: f64,
}

impl Running {
    /// Before the first bar.
    const NONE: Running = Running { fold: BarFold::NONE, price_volume: 0.0 };

    fn advance(self, (high, low, close, volume): (f64, f64, f64, f64)) -> Running {
        Running {
            fold: self.fold.with(high, low, volume),
            price_volume: self.price_volume + (high + low + close) / 3.0 * volume,
        }
    }
}

/// What has been computed of the figures of one segment.
///
/// Any reader fills a place that is empty. All come to the same bits, since the fold goes from bar
/// to bar; so it does not matter who does, or how often.
pub(crate) struct Folds {
    /// A place for every stride; made by the first who asks, since of most segments nobody does.
    kept: OnceLock<Box<[Kept]>>,
    n_rows: usize,
}

/// The figures after a whole number of strides; not there while `high` is NaN, which no bar's is.
struct Kept {
    low: AtomicU64,
    volume: AtomicU64,
    price_volume: AtomicU64,
    high: AtomicU64,
}

impl Kept {
    fn nothing() -> Kept {
        Kept {
            low: AtomicU64::new(0),
            volume: AtomicU64::new(0),
            price_volume: AtomicU64::new(0),
            high: AtomicU64::new(f64::NAN.to_bits()),
        }
    }

    fn load(&self) -> Option<Running> {
        // It is written last: who sees it sees the others.
        let high = f64::from_bits(self.high.load(Ordering::Acquire));
        let value = |of: &AtomicU64| f64::from_bits(of.load(Ordering::Relaxed));
        (!high.is_nan()).then(|| Running {
            fold: BarFold { high, low: value(&self.low), volume: value(&self.volume) },
            price_volume: value(&self.price_volume),
        })
    }

    fn store(&self, running: Running) {
        let BarFold { high, low, volume } = running.fold;
        self.low.store(low.to_bits(), Ordering::Relaxed);
        self.volume.store(volume.to_bits(), Ordering::Relaxed);
        self.price_volume.store(running.price_volume.to_bits(), Ordering::Relaxed);
        self.high.store(high.to_bits(), Ordering::Release);
    }
}

impl Folds {
    /// Nothing computed yet, for a segment of at most `n_rows`.
    pub(crate) fn new(n_rows: usize) -> Folds {
        Folds { kept: OnceLock::new(), n_rows }
    }

    /// The figures of the bars `first..=last` of the segment's `bars`, where `first` is the first
    /// regular one, whichever its `last` one.
    ///
    /// *Cost*: at most 15 bars where a bar of the last 16 was asked for before; at first linear in
    /// bars.
    pub(crate) fn at(&self, bars: &BarRows<'_>, first: usize, last: usize) -> Running {
        let n_bars = last + 1 - first;
        let n_strides = n_bars / STRIDE;
        let nothing = || (0..self.n_rows / STRIDE).map(|_| Kept::nothing()).collect();
        let all_kept = self.kept.get_or_init(nothing);
        let known = all_kept[..n_strides].iter().rposition(|kept| kept.load().is_some());
        let mut running = known.and_then(|known| all_kept[known].load()).unwrap_or(Running::NONE);
        let mut n_folded = known.map_or(0, |known| (known + 1) * STRIDE);
        let (high, low) = (&bars.high[first..=last], &bars.low[first..=last]);
        let (close, volume) = (&bars.close[first..=last], &bars.volume[first..=last]);
        while n_folded < n_bars {
            let until = (n_folded + STRIDE).min(n_bars);
            for row in n_folded..until {
                running = running.advance((high[row], low[row], close[row], volume[row]));
            }
            n_folded = until;
            if n_folded.is_multiple_of(STRIDE) {
                all_kept[n_folded / STRIDE - 1].store(running);
            }
        }
        running
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use openbell_market::{BarColumns, Ohlcv};
    use openbell_time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn bars_of(values: &[(f64, f64)]) -> BarColumns {
        let mut bars = BarColumns::default();
        for (row, &(price, volume)) in values.iter().enumerate() {
            let (high, low) = (price + 1.0, price - 1.0);
            let ohlcv = Ohlcv { open: price, high, low, close: price, volume };
            bars.push(Timestamp::from_nanos(row as i64), ohlcv);
        }
        bars
    }

    proptest! {
        /// Asked in any order, by whatever has been kept, the figures are those of a plain fold.
        #[test]
        fn whatever_was_asked_before_the_figures_are_those_of_a_plain_fold(
            values in proptest::collection::vec((1.0..1e3_f64, 0.0..1e6_f64), 1..200),
            asked in proptest::collection::vec(any::<prop::sample::Index>(), 1..20),
            first in any::<prop::sample::Index>(),
        ) {
            let (bars, folds) = (bars_of(&values), Folds::new(values.len()));
            let first = first.index(values.len());
            for last in asked {
                let last = first + last.index(values.len() - first);
                let mut plain = Running::NONE;
                for &(price, volume) in &values[first..=last] {
                    plain = plain.advance((price + 1.0, price - 1.0, price, volume));
                }
                prop_assert_eq!(folds.at(&bars.as_rows(), first, last), plain);
            }
        }
    }
}
