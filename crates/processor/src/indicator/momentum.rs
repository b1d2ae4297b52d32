//! Hot path. Oscillators: where the last price stands among those before it.
//!
//! Never: an allocation after construction.

use super::average::MeanOf;
use super::extremes::Extremes;
use super::formula::{ABSENT, Formula, ReadyAfter, or_absent, ratio};
use super::input::InputBar;
use super::volatility::{WilderMean, true_range};
use super::window::{Ring, SumPair, Window};

/// `rsi`: 100·G/(G + L), G and L the Wilder means of the gains and losses.
#[derive(Clone, Debug)]
pub(super) struct Rsi {
    last_close: Option<f64>,
    gain: WilderMean,
    loss: WilderMean,
}

impl Rsi {
    pub(super) fn new(n: u32) -> Rsi {
        Rsi { last_close: None, gain: WilderMean::new(n), loss: WilderMean::new(n) }
    }
}

impl Formula<1> for Rsi {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.gain.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let close = bar.ohlcv.close;
        let Some(last_close) = self.last_close.replace(close) else { return [ABSENT] };
        let change = close - last_close;
        let gain = self.gain.push(if change > 0.0 { change } else { 0.0 });
        let loss = self.loss.push(if change < 0.0 { -change } else { 0.0 });
        let (Some(gain), Some(loss)) = (gain, loss) else { return [ABSENT] };
        [100.0 * ratio(gain, gain + loss)]
    }
}

/// `stochastic`, the slow one: k is the mean of the raw 100·(c − LL)/(HH − LL), d the mean of k.
#[derive(Clone, Debug)]
pub(super) struct Stochastic {
    extremes: Extremes,
    k: MeanOf,
    d: MeanOf,
}

impl Stochastic {
    pub(super) fn new(n: u32, k: u32, d: u32) -> Stochastic {
        Stochastic { extremes: Extremes::new(n), k: MeanOf::new(k), d: MeanOf::new(d) }
    }
}

impl Formula<2> for Stochastic {
    fn ready_after(&self) -> ReadyAfter {
        let (k, d) = (self.k.ready_after(), self.d.ready_after());
        ReadyAfter::Bars(self.extremes.ready_after() + k + d - 2)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 2] {
        let Some((high, low)) = self.extremes.push(bar) else { return [ABSENT; 2] };
        let raw = 100.0 * ratio(bar.ohlcv.close - low, high - low);
        let Some(k) = self.k.push(raw) else { return [ABSENT; 2] };
        let Some(d) = self.d.push(k) else { return [ABSENT; 2] };
        [k, d]
    }
}

/// `williams_r`: −100·(HH − c)/(HH − LL).
#[derive(Clone, Debug)]
pub(super) struct WilliamsR(Extremes);

impl WilliamsR {
    pub(super) fn new(n: u32) -> WilliamsR {
        WilliamsR(Extremes::new(n))
    }
}

impl Formula<1> for WilliamsR {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let Some((high, low)) = self.0.push(bar) else { return [ABSENT] };
        [-100.0 * ratio(high - bar.ohlcv.close, high - low)]
    }
}

/// `cci`: (tp − mean)/(0.015·mean deviation), tp = (h + l + c)/3.
///
/// *Cost*: a pass over the n values at each bar: the mean deviation follows from nothing smaller.
#[derive(Clone, Debug)]
pub(super) struct Cci {
    typical: Box<[f64]>,
    next: usize,
    // The sum of `typical[..next]`.
    newer: f64,
    is_full: bool,
}

impl Cci {
    pub(super) fn new(n: u32) -> Cci {
        let typical = vec![0.0; n as usize].into_boxed_slice();
        Cci { typical, next: 0, newer: 0.0, is_full: false }
    }
}

// Four sums side by side, joined in a fixed order: one sum would wait for each addition.
#[inline]
fn deviation_sum(values: &[f64], mean: f64) -> f64 {
    let (fours, rest) = values.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for four in fours {
        for (sum, &value) in sums.iter_mut().zip(four) {
            *sum += (value - mean).abs();
        }
    }
    let sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    rest.iter().fold(sum, |sum, &value| sum + (value - mean).abs())
}

impl Formula<1> for Cci {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.typical.len() as u32)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let typical = bar.ohlcv.typical();
        self.typical[self.next] = typical;
        self.next += 1;
        self.newer += typical;
        // In the order of the ring, which is that of TA-Lib: after one small move among equal
        // prices the deviation is not much greater than the rounding of this sum, and shows it.
        let sum = self.typical[self.next..].iter().fold(self.newer, |sum, value| sum + value);
        if self.next == self.typical.len() {
            self.next = 0;
            self.newer = 0.0;
            self.is_full = true;
        }
        if !self.is_full {
            return [ABSENT];
        }
        let n = self.typical.len() as f64;
        let mean = sum / n;
        let deviation = deviation_sum(&self.typical, mean) / n;
        // Equal prices leave the rounding of their mean, some units of its last place, more of
        // them the more there are to add; dividing that by itself gives any number up to 67. The
        // test `equal_prices_have_no_channel_index_whatever_their_digits` holds it to 0.
        if deviation <= mean.abs() * f64::EPSILON * n.max(64.0) {
            return [0.0];
        }
        [(typical - mean) / (0.015 * deviation)]
    }
}

/// `roc`: the change over n bars in percent; 0 where the price was 0.
#[derive(Clone, Debug)]
pub(super) struct Roc(Ring);

impl Roc {
    pub(super) fn new(n: u32) -> Roc {
        Roc(Ring::new(n))
    }
}

impl Formula<1> for Roc {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let close = bar.ohlcv.close;
        [or_absent(self.0.push(close).map(|past| 100.0 * ratio(close - past, past)))]
    }
}

/// `mom`: the change over n bars.
#[derive(Clone, Debug)]
pub(super) struct Mom(Ring);

impl Mom {
    pub(super) fn new(n: u32) -> Mom {
        Mom(Ring::new(n))
    }
}

impl Formula<1> for Mom {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let close = bar.ohlcv.close;
        [or_absent(self.0.push(close).map(|past| close - past))]
    }
}

/// `ultimate_osc`: buying pressure over true range, summed over three periods, weighted 4:2:1.
#[derive(Clone, Debug)]
pub(super) struct UltimateOsc {
    last_close: Option<f64>,
    sums: [Window<SumPair>; 3],
}

impl UltimateOsc {
    pub(super) fn new(periods: [u32; 3]) -> UltimateOsc {
        UltimateOsc { last_close: None, sums: periods.map(Window::new) }
    }
}

impl Formula<1> for UltimateOsc {
    fn ready_after(&self) -> ReadyAfter {
        let longest = self.sums.iter().map(Window::ready_after).max().unwrap_or(0);
        ReadyAfter::Bars(longest + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let close = bar.ohlcv.close;
        let Some(last_close) = self.last_close.replace(close) else { return [ABSENT] };
        let true_low = if last_close < bar.ohlcv.low { last_close } else { bar.ohlcv.low };
        let terms = [close - true_low, true_range(bar, last_close)];
        let [short, middle, long] = &mut self.sums;
        let (short, middle, long) = (short.push(terms), middle.push(terms), long.push(terms));
        let (Some(short), Some(middle), Some(long)) = (short, middle, long) else {
            return [ABSENT];
        };
        let weighted = 4.0 * ratio(short[0], short[1])
            + 2.0 * ratio(middle[0], middle[1])
            + ratio(long[0], long[1]);
        [100.0 * (weighted / 7.0)]
    }
}
