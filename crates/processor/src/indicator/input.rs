//! The input of indicators: bars, the beginning of sessions, and facts about the market.

use openbell_market::{BarRows, Ohlcv};
use openbell_time::{Timestamp, TradingDate};

/// One closed bar of the interval of an indicator.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct InputBar {
    /// The instant it opens; bars come in the order of it.
    pub opens_at: Timestamp,
    /// Prices and volume; finite, as [`Ohlcv::fault`] has it.
    pub ohlcv: Ohlcv,
    /// Its position in its session's grid of that interval, from 0; what the bars of one time of
    /// day have in common. Only `avg_volume_intraday` looks at it.
    pub slot: u32,
}

/// Rows of one series with their slots: what an indicator takes in.
///
/// *Shape*: ordered by their stamps, ascending.
#[derive(Clone, Copy, Debug)]
pub struct InputRows<'a> {
    bars: BarRows<'a>,
    slots: &'a [u32],
}

/// Rows without slots, for indicators that do not look at them.
impl<'a> From<BarRows<'a>> for InputRows<'a> {
    fn from(bars: BarRows<'a>) -> InputRows<'a> {
        InputRows { bars, slots: &[] }
    }
}

impl<'a> InputRows<'a> {
    /// The rows `bars`, each with its position in its session's grid, as [`InputBar::slot`].
    ///
    /// *Shape*: `slots` are as many as the rows, or none.
    pub fn new(bars: BarRows<'a>, slots: &'a [u32]) -> InputRows<'a> {
        InputRows { bars, slots }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.bars.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }

    /// Rows `range`.
    ///
    /// # Panics
    ///
    /// Where there are not so many.
    pub fn rows(&self, range: std::ops::Range<usize>) -> InputRows<'a> {
        InputRows {
            slots: if self.slots.is_empty() { &[] } else { &self.slots[range.clone()] },
            bars: self.bars.rows(range),
        }
    }

    /// Row `row` as a bar. Without slots its slot is `u32::MAX`, which no grid has.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    // A loop over rows drops the columns that it does not look at, if it sees what this reads.
    #[inline(always)]
    pub fn bar(&self, row: usize) -> InputBar {
        InputBar {
            opens_at: self.bars.opens_at(row),
            ohlcv: self.bars.ohlcv(row),
            slot: self.slots.get(row).copied().unwrap_or(u32::MAX),
        }
    }
}

/// The beginning of a session, given before its first bar, also where it will have none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionStart {
    /// The trading day.
    pub date: TradingDate,
    /// Whether it has all the slots of an ordinary day.
    pub length: SessionLength,
}

/// How long a session is beside an ordinary one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionLength {
    /// As long as usual.
    Normal,
    /// An early close or a late open.
    Short,
}

/// What indicators need to know about the market of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarketFacts {
    /// Sessions in a year: 252 for equities, 260 for FX and futures, 365 for a market that never
    /// closes.
    pub sessions_per_year: u32,
    /// Bars of the indicator's interval in a session of normal length, at least 1; 1 for a day or
    /// a week.
    pub bars_per_full_session: u32,
}
