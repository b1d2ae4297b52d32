//! Which limits of a session file anybody reads: the others have no effect, and are named.

use std::cell::Cell;

use openbell_config::TradingLimits;

/// The limits that were asked for, each by the name of its key.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct LimitsRead {
    max_buying_power: bool,
    max_per_trade: bool,
    max_per_symbol: bool,
    max_open_positions: bool,
}

impl LimitsRead {
    /// What one or the other has read.
    pub(super) fn and(self, other: LimitsRead) -> LimitsRead {
        LimitsRead {
            max_buying_power: self.max_buying_power || other.max_buying_power,
            max_per_trade: self.max_per_trade || other.max_per_trade,
            max_per_symbol: self.max_per_symbol || other.max_per_symbol,
            max_open_positions: self.max_open_positions || other.max_open_positions,
        }
    }

    /// The keys of those that nobody has read, in the order of the file.
    pub(super) fn idle(self) -> Vec<&'static str> {
        let all = [
            ("max_buying_power", self.max_buying_power),
            ("max_per_trade", self.max_per_trade),
            ("max_per_symbol", self.max_per_symbol),
            ("max_open_positions", self.max_open_positions),
        ];
        all.into_iter().filter_map(|(name, is_read)| (!is_read).then_some(name)).collect()
    }
}

/// The limits of `trading_config`, for one module: what it reads of them counts as heeded.
///
/// *Units*: money, in the currency of the prices.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'m> {
    pub(super) limits: TradingLimits,
    pub(super) read: &'m Cell<LimitsRead>,
}

impl Limits<'_> {
    /// Money in all; above 0.
    pub fn max_buying_power(&self) -> f64 {
        self.read.set(LimitsRead { max_buying_power: true, ..self.read.get() });
        self.limits.max_buying_power
    }

    /// Money in one trade; above 0, at most the buying power.
    pub fn max_per_trade(&self) -> f64 {
        self.read.set(LimitsRead { max_per_trade: true, ..self.read.get() });
        self.limits.max_per_trade
    }

    /// Money in one symbol; above 0, at most the buying power.
    pub fn max_per_symbol(&self) -> f64 {
        self.read.set(LimitsRead { max_per_symbol: true, ..self.read.get() });
        self.limits.max_per_symbol
    }

    /// Positions open at once, at least 1.
    pub fn max_open_positions(&self) -> u32 {
        self.read.set(LimitsRead { max_open_positions: true, ..self.read.get() });
        self.limits.max_open_positions
    }
}
