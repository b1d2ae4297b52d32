//! Hot path. Wilder's directional movement: `plus_di`, `minus_di`, `adx`.
//!
//! Source: J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978), without his
//! rounding, seeded as TA-Lib does: the sums are over the movements 1 to n − 1, and the n-th is the
//! first that is smoothed in.
//!
//! Never: an allocation after construction.

use super::formula::{ABSENT, Formula, ReadyAfter, ratio};
use super::input::InputBar;
use super::volatility::{WilderMean, true_range};

/// The smoothed movements up and down, in percent of the smoothed true range.
#[derive(Clone, Debug)]
struct Movement {
    n: u32,
    // 1/n: each sum waits for the one before it, and longer for a division.
    share: f64,
    n_until_ready: u32,
    last: Option<(f64, f64, f64)>,
    plus: f64,
    minus: f64,
    range: f64,
}

impl Movement {
    fn new(n: u32) -> Movement {
        Movement {
            n,
            share: 1.0 / f64::from(n),
            n_until_ready: n,
            last: None,
            plus: 0.0,
            minus: 0.0,
            range: 0.0,
        }
    }

    fn ready_after(&self) -> u32 {
        self.n + 1
    }

    /// plus_di and minus_di at `bar`.
    #[inline]
    fn push(&mut self, bar: &InputBar) -> Option<(f64, f64)> {
        let (high, low, close) = (bar.ohlcv.high, bar.ohlcv.low, bar.ohlcv.close);
        let (last_high, last_low, last_close) = self.last.replace((high, low, close))?;
        let (up, down) = (high - last_high, last_low - low);
        let plus = if up > 0.0 && up > down { up } else { 0.0 };
        let minus = if down > 0.0 && down > up { down } else { 0.0 };
        let range = true_range(bar, last_close);
        if self.n_until_ready > 1 {
            self.n_until_ready -= 1;
            self.plus += plus;
            self.minus += minus;
            self.range += range;
            return None;
        }
        self.plus = self.plus - self.plus * self.share + plus;
        self.minus = self.minus - self.minus * self.share + minus;
        self.range = self.range - self.range * self.share + range;
        Some((100.0 * ratio(self.plus, self.range), 100.0 * ratio(self.minus, self.range)))
    }
}

/// `plus_di`.
#[derive(Clone, Debug)]
pub(super) struct PlusDi(Movement);

impl PlusDi {
    pub(super) fn new(n: u32) -> PlusDi {
        PlusDi(Movement::new(n))
    }
}

impl Formula<1> for PlusDi {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [self.0.push(bar).map_or(ABSENT, |(plus, _)| plus)]
    }
}

/// `minus_di`.
#[derive(Clone, Debug)]
pub(super) struct MinusDi(Movement);

impl MinusDi {
    pub(super) fn new(n: u32) -> MinusDi {
        MinusDi(Movement::new(n))
    }
}

impl Formula<1> for MinusDi {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        [self.0.push(bar).map_or(ABSENT, |(_, minus)| minus)]
    }
}

/// `adx`: the Wilder mean of DX = 100·|plus_di − minus_di|/(plus_di + minus_di).
#[derive(Clone, Debug)]
pub(super) struct Adx {
    movement: Movement,
    mean: WilderMean,
}

impl Adx {
    pub(super) fn new(n: u32) -> Adx {
        Adx { movement: Movement::new(n), mean: WilderMean::new(n) }
    }
}

impl Formula<1> for Adx {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.movement.ready_after() + self.mean.ready_after() - 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let Some((plus, minus)) = self.movement.push(bar) else { return [ABSENT] };
        let dx = 100.0 * ratio((plus - minus).abs(), plus + minus);
        [self.mean.push(dx).unwrap_or(ABSENT)]
    }
}
