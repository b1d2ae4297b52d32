//! Hot path. Prices at which the market turned, and what was usual between sessions:
//! `high_low`, `swing_high`, `swing_low`, `gap_stats`.
//!
//! Never: an allocation after construction.

use super::extremes::Extremes;
use super::formula::{ABSENT, Formula, ReadyAfter};
use super::input::InputBar;
use super::window::{Highest, Ring, Sum, Window};

/// `high_low`: the highest high and the lowest low of the last n bars.
#[derive(Clone, Debug)]
pub(super) struct HighLow(Extremes);

impl HighLow {
    pub(super) fn new(n: u32) -> HighLow {
        HighLow(Extremes::new(n))
    }
}

impl Formula<2> for HighLow {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.0.ready_after())
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 2] {
        let Some((high, low)) = self.0.push(bar) else { return [ABSENT; 2] };
        [high, low]
    }
}

/// Which turn is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// A high above those around it.
    High,
    /// A low below those around it.
    Low,
}

/// `swing_high`, `swing_low`: the last bar found that stands strictly out of the n bars on each
/// side, known when the n-th bar after it closes.
///
/// A low is the high of the negated prices, so one code finds both.
#[derive(Clone, Debug)]
pub(super) struct Swing {
    turn: Turn,
    extreme: Window<Highest>,
    // The extreme of the n bars before the next one; absent while there are fewer.
    before: Option<f64>,
    // The last n bars: the price where it stands out of the n bars before it, else ABSENT; and
    // when it opened.
    candidates: Box<[(f64, i64)]>,
    next: usize,
    found: [f64; 2],
}

impl Swing {
    pub(super) fn new(turn: Turn, n: u32) -> Swing {
        Swing {
            turn,
            extreme: Window::new(n),
            before: None,
            candidates: vec![(ABSENT, 0); n as usize].into_boxed_slice(),
            next: 0,
            found: [ABSENT; 2],
        }
    }
}

impl Formula<2> for Swing {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(2 * self.extreme.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 2] {
        let price = match self.turn {
            Turn::High => bar.ohlcv.high,
            Turn::Low => -bar.ohlcv.low,
        };
        let stands_out = self.before.is_some_and(|before| price > before);
        self.before = self.extreme.push(price);
        let candidate = (if stands_out { price } else { ABSENT }, bar.opens_at.as_nanos());
        let (past, opened_at_ns) = std::mem::replace(&mut self.candidates[self.next], candidate);
        self.next += 1;
        if self.next == self.candidates.len() {
            self.next = 0;
        }
        // The window now holds exactly the n bars after it; ABSENT is above nothing.
        if self.before.is_some_and(|after| past > after) {
            let price = match self.turn {
                Turn::High => past,
                Turn::Low => -past,
            };
            self.found = [price, opened_at_ns.div_euclid(1_000) as f64];
        }
        self.found
    }
}

/// `gap_stats`: open minus the close before, over the last n bars: the mean, and how many were not
/// 0, above it, below it.
#[derive(Clone, Debug)]
pub(super) struct GapStats {
    last_close: Option<f64>,
    sum: Window<Sum>,
    gaps: Ring,
    up: u32,
    down: u32,
    n: f64,
}

impl GapStats {
    pub(super) fn new(n: u32) -> GapStats {
        GapStats {
            last_close: None,
            sum: Window::new(n),
            gaps: Ring::new(n),
            up: 0,
            down: 0,
            n: f64::from(n),
        }
    }
}

impl Formula<4> for GapStats {
    fn ready_after(&self) -> ReadyAfter {
        ReadyAfter::Bars(self.sum.ready_after() + 1)
    }

    #[inline]
    fn step(&mut self, bar: &InputBar) -> [f64; 4] {
        let Some(last_close) = self.last_close.replace(bar.ohlcv.close) else {
            return [ABSENT; 4];
        };
        let gap = bar.ohlcv.open - last_close;
        self.up += u32::from(gap > 0.0);
        self.down += u32::from(gap < 0.0);
        if let Some(left) = self.gaps.push(gap) {
            self.up -= u32::from(left > 0.0);
            self.down -= u32::from(left < 0.0);
        }
        let Some(sum) = self.sum.push(gap) else { return [ABSENT; 4] };
        let (up, down) = (f64::from(self.up), f64::from(self.down));
        [sum / self.n, up + down, up, down]
    }
}
