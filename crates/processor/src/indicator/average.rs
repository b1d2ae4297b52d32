//! Hot path. Moving averages and what is made of them alone.
//!
//! Never: an allocation after construction.

use super::formula::{ABSENT, Formula, ReadyAfter, or_absent};
use super::input::InputBar;
use super::window::{Sum, WeightedWindow, Window};

/// What of a bar is averaged.
pub(super) trait Source: Clone {
    fn of(bar: &InputBar) -> f64;
}

/// The last price.
#[derive(Clone, Debug)]
pub(super) struct Close;

impl Source for Close {
    #[inline]
    fn of(bar: &InputBar) -> f64 {
        bar.ohlcv.close
    }
}

/// The volume.
#[derive(Clone, Debug)]
pub(super) struct Volume;

impl Source for Volume {
    #[inline]
    fn of(bar: &InputBar) -> f64 {
        bar.ohlcv.volume
    }
}

/// High minus low.
#[derive(Clone, Debug)]
pub(super) struct Range;

impl Source for Range {
    #[inline]
    fn of(bar: &InputBar) -> f64 {
        bar.ohlcv.high - bar.ohlcv.low
    }
}

/// The plain mean of the last n values.
#[derive(Clone, Debug)]
pub(super) struct MeanOf {
    window: Window<Sum>,
    n: f64,
}

impl MeanOf {
    pub(super) fn new(n: u32) -> MeanOf {
        MeanOf { window: Window::new(n), n: f64::from(n) }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.window.ready_after()
    }

    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        self.window.push(value).map(|sum| sum / self.n)
    }
}

/// `sma`, `volume_sma`, `avg_volume`, `avg_range`: the mean of the last n of a source.
#[derive(Clone, Debug)]
pub(super) struct Mean<S> {
    mean: MeanOf,
    source: std::marker::PhantomData<S>,
}

impl<S: Source> Mean<S> {
    pub(super) fn new(n: u32) -> Mean<S> {
        Mean { mean: MeanOf::new(n), source: std::marker::PhantomData }
    }
}

impl<S: Source> Formula<1> for Mean<S> {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.mean.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [or_absent(self.mean.push(S::of(bar)))]
    }
}

/// The last value over the mean of the n before it.
#[derive(Clone, Debug)]
pub(super) struct RatioToMean<S> {
    before: MeanOf,
    mean: Option<f64>,
    source: std::marker::PhantomData<S>,
}

impl<S: Source> RatioToMean<S> {
    pub(super) fn new(n: u32) -> RatioToMean<S> {
        RatioToMean { before: MeanOf::new(n), mean: None, source: std::marker::PhantomData }
    }
}

impl<S: Source> Formula<1> for RatioToMean<S> {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.before.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let value = S::of(bar);
        let ratio = match self.mean {
            None => ABSENT,
            Some(0.0) => 0.0,
            Some(mean) => value / mean,
        };
        self.mean = self.before.push(value);
        [ratio]
    }
}

/// The linearly weighted mean of the last n values.
#[derive(Clone, Debug)]
pub(super) struct WeightedMeanOf {
    window: WeightedWindow,
    weights: f64,
}

impl WeightedMeanOf {
    pub(super) fn new(n: u32) -> WeightedMeanOf {
        let n_f = f64::from(n);
        WeightedMeanOf { window: WeightedWindow::new(n), weights: n_f * (n_f + 1.0) / 2.0 }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.window.ready_after()
    }

    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        self.window.push(value).map(|sum| sum / self.weights)
    }
}

/// `wma`.
#[derive(Clone, Debug)]
pub(super) struct Wma(WeightedMeanOf);

impl Wma {
    pub(super) fn new(n: u32) -> Wma {
        Wma(WeightedMeanOf::new(n))
    }
}

impl Formula<1> for Wma {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [or_absent(self.0.push(bar.ohlcv.close))]
    }
}

/// The exponential mean: k = 2/(n + 1), seeded with the mean of the first n values.
#[derive(Clone, Debug)]
pub(super) struct ExponentialMeanOf {
    n: u32,
    k: f64,
    n_seen: u32,
    // The sum of the values while there are fewer than n of them, then the mean.
    state: f64,
}

impl ExponentialMeanOf {
    pub(super) fn new(n: u32) -> ExponentialMeanOf {
        ExponentialMeanOf { n, k: 2.0 / (f64::from(n) + 1.0), n_seen: 0, state: 0.0 }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.n
    }

    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        if self.n_seen == self.n {
            self.state += (value - self.state) * self.k;
            return Some(self.state);
        }
        self.state += value;
        self.n_seen += 1;
        if self.n_seen < self.n {
            return None;
        }
        self.state /= f64::from(self.n);
        Some(self.state)
    }
}

/// `ema`.
#[derive(Clone, Debug)]
pub(super) struct Ema(ExponentialMeanOf);

impl Ema {
    pub(super) fn new(n: u32) -> Ema {
        Ema(ExponentialMeanOf::new(n))
    }
}

impl Formula<1> for Ema {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [or_absent(self.0.push(bar.ohlcv.close))]
    }
}

/// `dema`: 2·E1 − E2, E2 the exponential mean of E1.
#[derive(Clone, Debug)]
pub(super) struct Dema([ExponentialMeanOf; 2]);

impl Dema {
    pub(super) fn new(n: u32) -> Dema {
        Dema([ExponentialMeanOf::new(n), ExponentialMeanOf::new(n)])
    }
}

impl Formula<1> for Dema {
    fn ready_after(&self) -> ReadyAfter {
        chained(&self.0)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let [first, second] = &mut self.0;
        let Some(e1) = first.push(bar.ohlcv.close) else { return [ABSENT] };
        let Some(e2) = second.push(e1) else { return [ABSENT] };
        [2.0 * e1 - e2]
    }
}

/// `tema`: 3·E1 − 3·E2 + E3.
#[derive(Clone, Debug)]
pub(super) struct Tema([ExponentialMeanOf; 3]);

impl Tema {
    pub(super) fn new(n: u32) -> Tema {
        Tema(std::array::from_fn(|_| ExponentialMeanOf::new(n)))
    }
}

impl Formula<1> for Tema {
    fn ready_after(&self) -> ReadyAfter {
        chained(&self.0)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let [first, second, third] = &mut self.0;
        let Some(e1) = first.push(bar.ohlcv.close) else { return [ABSENT] };
        let Some(e2) = second.push(e1) else { return [ABSENT] };
        let Some(e3) = third.push(e2) else { return [ABSENT] };
        [3.0 * e1 - 3.0 * e2 + e3]
    }
}

// Each mean's first value is the first input of the next.
fn chained(means: &[ExponentialMeanOf]) -> ReadyAfter {
    ReadyAfter::Bars(means.iter().map(|mean| mean.ready_after() - 1).sum::<u32>() + 1)
}

/// `hma`: WMA(⌊√n⌋) of 2·WMA(⌊n/2⌋) − WMA(n).
#[derive(Clone, Debug)]
pub(super) struct Hma {
    half: WeightedMeanOf,
    whole: WeightedMeanOf,
    smooth: WeightedMeanOf,
}

impl Hma {
    pub(super) fn new(n: u32) -> Hma {
        Hma {
            half: WeightedMeanOf::new(n / 2),
            whole: WeightedMeanOf::new(n),
            smooth: WeightedMeanOf::new(n.isqrt()),
        }
    }
}

impl Formula<1> for Hma {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.whole.ready_after() + self.smooth.ready_after() - 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let half = self.half.push(bar.ohlcv.close);
        let whole = self.whole.push(bar.ohlcv.close);
        let (Some(half), Some(whole)) = (half, whole) else { return [ABSENT] };
        [or_absent(self.smooth.push(2.0 * half - whole))]
    }
}

/// `macd`: the fast minus the slow exponential mean, its exponential mean, and what is between
/// those two. The fast mean leaves out as many closes as make both start together.
#[derive(Clone, Debug)]
pub(super) struct Macd {
    n_until_fast: u32,
    fast: ExponentialMeanOf,
    slow: ExponentialMeanOf,
    signal: ExponentialMeanOf,
}

impl Macd {
    pub(super) fn new(fast: u32, slow: u32, signal: u32) -> Macd {
        Macd {
            n_until_fast: slow - fast,
            fast: ExponentialMeanOf::new(fast),
            slow: ExponentialMeanOf::new(slow),
            signal: ExponentialMeanOf::new(signal),
        }
    }
}

impl Formula<3> for Macd {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.slow.ready_after() + self.signal.ready_after() - 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 3] {
        let close = bar.ohlcv.close;
        let slow = self.slow.push(close);
        if self.n_until_fast > 0 {
            self.n_until_fast -= 1;
            return [ABSENT; 3];
        }
        let (Some(fast), Some(slow)) = (self.fast.push(close), slow) else { return [ABSENT; 3] };
        let macd = fast - slow;
        let Some(signal) = self.signal.push(macd) else { return [ABSENT; 3] };
        [macd, signal, macd - signal]
    }
}
