//! Hot path. What is traded, and in which direction the price went meanwhile.
//!
//! Never: an allocation after construction.

use super::formula::{ABSENT, Formula, ReadyAfter, ratio};
use super::input::InputBar;
use super::window::{SumPair, Window};

/// `obv`: the first bar's volume, then the volume added where the close rose and subtracted where
/// it fell.
#[derive(Clone, Debug)]
pub(super) struct Obv {
    last_close: Option<f64>,
    sum: f64,
}

impl Obv {
    pub(super) fn new() -> Obv {
        Obv { last_close: None, sum: 0.0 }
    }
}

impl Formula<1> for Obv {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let close = bar.ohlcv.close;
        match self.last_close.replace(close) {
            Some(last_close) if close < last_close => self.sum -= bar.ohlcv.volume,
            Some(last_close) if close == last_close => {}
            Some(_) | None => self.sum += bar.ohlcv.volume,
        }
        [self.sum]
    }
}

/// `pvt`: the sum of v·(c − c₋₁)/c₋₁; a change from a price of 0 adds nothing.
#[derive(Clone, Debug)]
pub(super) struct Pvt {
    last_close: Option<f64>,
    sum: f64,
}

impl Pvt {
    pub(super) fn new() -> Pvt {
        Pvt { last_close: None, sum: 0.0 }
    }
}

impl Formula<1> for Pvt {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(2)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let close = bar.ohlcv.close;
        let Some(last_close) = self.last_close.replace(close) else { return [ABSENT] };
        self.sum += bar.ohlcv.volume * ratio(close - last_close, last_close);
        [self.sum]
    }
}

/// `mfi`: 100·up/(up + down), the money flows tp·volume of the last n bars whose typical price
/// rose or fell.
#[derive(Clone, Debug)]
pub(super) struct Mfi {
    last_typical: Option<f64>,
    flows: Window<SumPair>,
}

impl Mfi {
    pub(super) fn new(n: u32) -> Mfi {
        Mfi { last_typical: None, flows: Window::new(n) }
    }
}

// Typical prices that are equal on paper differ by rounding in about one bar of 200.
const TYPICAL_EQUAL: f64 = 1e-12;

impl Formula<1> for Mfi {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.flows.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 1] {
        let typical = bar.ohlcv.typical();
        let Some(last) = self.last_typical.replace(typical) else { return [ABSENT] };
        let change = typical - last;
        let magnitude = if last.abs() > typical.abs() { last.abs() } else { typical.abs() };
        let is_move = change.abs() > TYPICAL_EQUAL * magnitude;
        let flow = if is_move { typical * bar.ohlcv.volume } else { 0.0 };
        let terms = if change > 0.0 { [flow, 0.0] } else { [0.0, flow] };
        let Some([up, down]) = self.flows.push(terms) else { return [ABSENT] };
        [100.0 * ratio(up, up + down)]
    }
}
