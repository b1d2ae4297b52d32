//! What indicators are told: bars, the beginning of sessions, and facts about the market.

use openbell_market::{BarColumns, BarSlice, Ohlcv};
use openbell_session_data::Rows;
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

/// Rows of one series as columns.
///
/// *Shape*: ordered by `opens_at_ns`, ascending; all columns of one length, `slots` likewise or
/// empty where nothing that looks at slots is computed from it.
#[derive(Clone, Copy, Debug)]
pub struct BarRows<'a> {
    /// Open instants, nanoseconds since the epoch.
    pub opens_at_ns: &'a [i64],
    /// First prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
    /// Volumes.
    pub volume: &'a [f64],
    /// Positions in the session's grid, as [`InputBar::slot`].
    pub slots: &'a [u32],
}

impl<'a> BarRows<'a> {
    /// The rows of `columns`, without slots.
    pub fn of(columns: &'a BarColumns) -> BarRows<'a> {
        BarRows {
            opens_at_ns: &columns.opens_at_ns,
            open: &columns.open,
            high: &columns.high,
            low: &columns.low,
            close: &columns.close,
            volume: &columns.volume,
            slots: &[],
        }
    }

    /// The rows of `slice`, without slots.
    pub fn of_slice(slice: &'a BarSlice) -> BarRows<'a> {
        BarRows {
            opens_at_ns: slice.opens_at_ns(),
            open: slice.open(),
            high: slice.high(),
            low: slice.low(),
            close: slice.close(),
            volume: slice.volume(),
            slots: &[],
        }
    }

    /// The rows of a segment, without slots.
    pub fn of_rows(rows: &Rows<'a>) -> BarRows<'a> {
        BarRows {
            opens_at_ns: rows.opens_at_ns(),
            open: rows.open(),
            high: rows.high(),
            low: rows.low(),
            close: rows.close(),
            volume: rows.volume(),
            slots: &[],
        }
    }

    /// The same rows with their slots.
    pub fn with_slots(self, slots: &'a [u32]) -> BarRows<'a> {
        BarRows { slots, ..self }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.opens_at_ns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.opens_at_ns.is_empty()
    }

    /// Rows `range`.
    ///
    /// *Panics* where there are not so many.
    pub fn rows(&self, range: std::ops::Range<usize>) -> BarRows<'a> {
        BarRows {
            opens_at_ns: &self.opens_at_ns[range.clone()],
            open: &self.open[range.clone()],
            high: &self.high[range.clone()],
            low: &self.low[range.clone()],
            close: &self.close[range.clone()],
            volume: &self.volume[range.clone()],
            slots: if self.slots.is_empty() { &[] } else { &self.slots[range] },
        }
    }

    /// Row `row` as a bar. Without slots its slot is `u32::MAX`, which no grid has.
    ///
    /// *Panics* where there is no such row.
    // A loop over rows drops the columns that it does not look at, if it sees what this reads.
    #[inline(always)]
    pub fn bar(&self, row: usize) -> InputBar {
        InputBar {
            opens_at: Timestamp::from_nanos(self.opens_at_ns[row]),
            ohlcv: Ohlcv {
                open: self.open[row],
                high: self.high[row],
                low: self.low[row],
                close: self.close[row],
                volume: self.volume[row],
            },
            slot: self.slots.get(row).copied().unwrap_or(u32::MAX),
        }
    }
}

/// The beginning of a session, told before its first bar, also where it will have none.
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
