//! Hot path. The highest high and the lowest low of a window of bars.
//!
//! Never: an allocation after construction.

use super::input::InputBar;
use super::window::{Highest, Lowest, Window};

/// The highest high and the lowest low of the last n bars.
#[derive(Clone, Debug)]
pub(super) struct Extremes {
    high: Window<Highest>,
    low: Window<Lowest>,
}

impl Extremes {
    pub(super) fn new(n: u32) -> Extremes {
        Extremes { high: Window::new(n), low: Window::new(n) }
    }

    pub(super) fn ready_after(&self) -> u32 {
        self.high.ready_after()
    }

    #[inline]
    pub(super) fn push(&mut self, bar: &InputBar) -> Option<(f64, f64)> {
        let high = self.high.push(bar.ohlcv.high);
        let low = self.low.push(bar.ohlcv.low);
        high.zip(low)
    }
}
