//! Hot path. How far prices swing: true range, deviations, bands and channels.
//!
//! Never: an allocation after construction, the platform's own logarithm.

use super::average::{ExponentialMeanOf, MeanOf};
use super::extremes::Extremes;
use super::formula::{ABSENT, Formula, ReadyAfter, or_absent, ratio};
use super::input::InputBar;
use super::window::MomentsWindow;

/// The greatest of high − low and the distances of both from the close before.
#[inline]
pub(super) fn true_range(bar: &InputBar, last_close: f64) -> f64 {
    let mut range = bar.ohlcv.high - bar.ohlcv.low;
    for distance in [(bar.ohlcv.high - last_close).abs(), (bar.ohlcv.low - last_close).abs()] {
        if distance > range {
            range = distance;
        }
    }
    range
}

/// Wilder's mean: that of the first n values, then (mean·(n − 1) + value)/n.
#[derive(Clone, Debug)]
pub(super) struct WilderMean {
    n: u32,
    // 1/n: each mean waits for the one before it, and longer for a division.
    share: f64,
    n_seen: u32,
    // The sum of the values while there are fewer than n of them, then the mean.
    state: f64,
}

impl WilderMean {
    pub(super) fn new(n: u32) -> WilderMean {
        WilderMean { n, share: 1.0 / f64::from(n), n_seen: 0, state: 0.0 }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.n
    }

    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        let n = f64::from(self.n);
        if self.n_seen == self.n {
            self.state = (self.state * (n - 1.0) + value) * self.share;
            return Some(self.state);
        }
        self.state += value;
        self.n_seen += 1;
        if self.n_seen < self.n {
            return None;
        }
        self.state /= n;
        Some(self.state)
    }
}

/// `trange`.
#[derive(Clone, Debug)]
pub(super) struct Trange {
    last_close: Option<f64>,
}

impl Trange {
    pub(super) fn new() -> Trange {
        Trange { last_close: None }
    }

    fn bars_until_ready() -> u32 {
        2
    }

    #[inline]
    fn push(&mut self, bar: &InputBar) -> Option<f64> {
        let last_close = self.last_close.replace(bar.ohlcv.close)?;
        Some(true_range(bar, last_close))
    }
}

impl Formula<1> for Trange {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(Trange::bars_until_ready())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [or_absent(self.push(bar))]
    }
}

/// `atr`, `atr_daily`: Wilder's mean of the true ranges.
#[derive(Clone, Debug)]
pub(super) struct Atr {
    range: Trange,
    mean: WilderMean,
}

impl Atr {
    pub(super) fn new(n: u32) -> Atr {
        Atr { range: Trange::new(), mean: WilderMean::new(n) }
    }

    fn bars_until_ready(&self) -> u32 {
        Trange::bars_until_ready() + self.mean.ready_after() - 1
    }

    #[inline]
    fn push(&mut self, bar: &InputBar) -> Option<f64> {
        self.mean.push(self.range.push(bar)?)
    }
}

impl Formula<1> for Atr {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.bars_until_ready())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [or_absent(self.push(bar))]
    }
}

/// The population's deviation of the last n values.
#[derive(Clone, Debug)]
struct DeviationOf {
    moments: MomentsWindow,
    n: f64,
}

impl DeviationOf {
    fn new(n: u32) -> DeviationOf {
        DeviationOf { moments: MomentsWindow::new(n), n: f64::from(n) }
    }

    fn ready_after(&self) -> u32 {
        self.moments.ready_after()
    }

    #[inline]
    fn push(&mut self, value: f64) -> Option<f64> {
        let moments = self.moments.push(value)?;
        if moments.are_squares_lost() {
            return Some(self.moments.scaled_deviation(moments.mean));
        }
        Some((moments.square_sum / self.n).sqrt())
    }
}

/// `stddev`: the population's deviation of the last n closes.
#[derive(Clone, Debug)]
pub(super) struct Stddev(DeviationOf);

impl Stddev {
    pub(super) fn new(n: u32) -> Stddev {
        Stddev(DeviationOf::new(n))
    }
}

impl Formula<1> for Stddev {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [or_absent(self.0.push(bar.ohlcv.close))]
    }
}

/// `bbands`: the mean of the last n closes, and k population deviations above and below it.
#[derive(Clone, Debug)]
pub(super) struct Bbands {
    mean: MeanOf,
    deviation: DeviationOf,
    num_std: f64,
}

impl Bbands {
    pub(super) fn new(n: u32, num_std: f64) -> Bbands {
        Bbands { mean: MeanOf::new(n), deviation: DeviationOf::new(n), num_std }
    }
}

impl Formula<4> for Bbands {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.mean.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 4] {
        // The middle is the same number as `sma`, to the last digit.
        let middle = self.mean.push(bar.ohlcv.close);
        let deviation = self.deviation.push(bar.ohlcv.close);
        let (Some(middle), Some(deviation)) = (middle, deviation) else { return [ABSENT; 4] };
        let half = self.num_std * deviation;
        let (upper, lower) = (middle + half, middle - half);
        [upper, middle, lower, ratio(upper - lower, middle)]
    }
}

/// `keltner`: the exponential mean of the closes, and m true ranges above and below it.
#[derive(Clone, Debug)]
pub(super) struct Keltner {
    middle: ExponentialMeanOf,
    atr: Atr,
    multiplier: f64,
}

impl Keltner {
    pub(super) fn new(n: u32, atr_n: u32, multiplier: f64) -> Keltner {
        Keltner { middle: ExponentialMeanOf::new(n), atr: Atr::new(atr_n), multiplier }
    }
}

impl Formula<3> for Keltner {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.middle.ready_after().max(self.atr.bars_until_ready()))
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 3] {
        let middle = self.middle.push(bar.ohlcv.close);
        let atr = self.atr.push(bar);
        let (Some(middle), Some(atr)) = (middle, atr) else { return [ABSENT; 3] };
        let half = self.multiplier * atr;
        [middle + half, middle, middle - half]
    }
}

/// `donchian`: the highest high, the lowest low, and the mean of the two.
#[derive(Clone, Debug)]
pub(super) struct Donchian(Extremes);

impl Donchian {
    pub(super) fn new(n: u32) -> Donchian {
        Donchian(Extremes::new(n))
    }
}

impl Formula<3> for Donchian {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 3] {
        let Some((high, low)) = self.0.push(bar) else { return [ABSENT; 3] };
        [high, low, (high + low) / 2.0]
    }
}

/// `histvol`: the sample deviation of n log returns, in percent a year.
#[derive(Clone, Debug)]
pub(super) struct Histvol {
    last_close: Option<f64>,
    moments: MomentsWindow,
    n_less_one: f64,
    scale: f64,
}

impl Histvol {
    pub(super) fn new(n: u32, bars_per_year: f64) -> Histvol {
        Histvol {
            last_close: None,
            moments: MomentsWindow::new(n),
            n_less_one: f64::from(n - 1),
            scale: bars_per_year.sqrt() * 100.0,
        }
    }
}

impl Formula<1> for Histvol {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.moments.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let close = bar.ohlcv.close;
        let Some(last_close) = self.last_close.replace(close) else { return [ABSENT] };
        let Some(moments) = self.moments.push(log_return(last_close, close)) else {
            return [ABSENT];
        };
        [(moments.square_sum / self.n_less_one).sqrt() * self.scale]
    }
}

// A price of 0 or below has no logarithm: NaN goes in, and the value is absent until that return
// has left the window, which then keeps nothing of it.
#[inline]
fn log_return(last_close: f64, close: f64) -> f64 {
    if close <= 0.0 || last_close <= 0.0 {
        return ABSENT;
    }
    let quotient = close / last_close;
    if quotient.is_normal() {
        libm::log(quotient)
    } else {
        libm::log(close) - libm::log(last_close)
    }
}
