//! Why an order is not taken, and why one that was taken ends.

use openbell_market::Symbol;
use openbell_time::Timestamp;

use crate::trading::lots::Lots;
use crate::trading::order::{OrderId, Side};

/// One of the limits of `trading_config`, or the money that there is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TradingLimit {
    /// Money in all.
    BuyingPower,
    /// Money in one trade.
    PerTrade,
    /// Money in one symbol.
    PerSymbol,
}

impl TradingLimit {
    /// The key in session files.
    pub const fn name(self) -> &'static str {
        match self {
            TradingLimit::BuyingPower => "max_buying_power",
            TradingLimit::PerTrade => "max_per_trade",
            TradingLimit::PerSymbol => "max_per_symbol",
        }
    }
}

/// Why an order is not taken.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderRefusal {
    /// The consumer has no account.
    #[error(
        "cannot order {symbol}: this consumer has no account; open one for its name, and deliver to it inline or in lock-step"
    )]
    NoAccount {
        /// The symbol.
        symbol: Symbol,
    },
    /// The symbol is no member of the session.
    #[error("cannot order {symbol}: it is no symbol of the session now; add it first")]
    UnknownSymbol {
        /// The symbol.
        symbol: Symbol,
    },
    /// No bar of the symbol has closed yet, so nothing is known to reckon with.
    #[error("cannot order {symbol}: no bar of it has closed yet, so it has no price; wait for one")]
    NoPrice {
        /// The symbol.
        symbol: Symbol,
    },
    /// The last price is no price that cash can be reckoned with.
    #[error(
        "cannot order {symbol}: its last price is {price}; an account reckons with prices above 0"
    )]
    PriceNotPositive {
        /// The symbol.
        symbol: Symbol,
        /// The last price.
        price: f64,
    },
    /// A limit, stop or target is no price.
    #[error("cannot order {symbol} at {price}: a finite price above 0 is needed")]
    BadPrice {
        /// The symbol.
        symbol: Symbol,
        /// What was given.
        price: f64,
    },
    /// The amount is no number that can be ordered.
    #[error(
        "cannot order {amount} of {symbol}: a finite number is needed, and above 0 where a side is given"
    )]
    BadAmount {
        /// The symbol.
        symbol: Symbol,
        /// What was given.
        amount: f64,
    },
    /// The amount comes to less than one lot.
    #[error("cannot order {units} of {symbol}: it is less than one lot of {lot}")]
    LessThanOneLot {
        /// The symbol.
        symbol: Symbol,
        /// What was given.
        units: f64,
        /// Units in one lot.
        lot: f64,
    },
    /// The amount is larger than can be counted exactly.
    #[error(
        "cannot order {units} of {symbol}: with lots of {lot} no more than {} can be counted",
        Lots::MAX
    )]
    TooManyLots {
        /// The symbol.
        symbol: Symbol,
        /// What was given.
        units: f64,
        /// Units in one lot.
        lot: f64,
    },
    /// The position is what the order would lead to.
    #[error("nothing to order of {symbol}: the position is at its target of {held} already")]
    AlreadyThere {
        /// The symbol.
        symbol: Symbol,
        /// The position.
        held: Lots,
    },
    /// An on-close order is one of its session alone.
    #[error(
        "cannot keep an on-close order of {symbol} until it is cancelled: it fills or ends at its session's close"
    )]
    OnCloseUntilCancelled {
        /// The symbol.
        symbol: Symbol,
    },
    /// The exits of an entry would both be touched at once.
    #[error("cannot leave a stop at {stop} and a target at {target} for a {} of {symbol}: {needed}",
        side.name(), needed = exits_needed(*side))]
    ExitsCrossed {
        /// The symbol.
        symbol: Symbol,
        /// The entry's side.
        side: Side,
        /// The stop.
        stop: f64,
        /// The target.
        target: f64,
    },
    /// An order that only reduces leaves no exits.
    #[error(
        "cannot leave exits behind an order of {symbol} that only reduces a position; drop one or the other"
    )]
    ExitsOfAnExit {
        /// The symbol.
        symbol: Symbol,
    },
    /// The two of a pair are not a stop and a limit order of one symbol and side, or leave exits.
    #[error(
        "cannot pair orders of {symbol}: a stop and a limit order of one symbol, side and amount are needed, without exits of their own"
    )]
    NoPair {
        /// The symbol of the stop.
        symbol: Symbol,
    },
    /// It would sell what is not held, and the account may not.
    #[error(
        "cannot sell {wanted} of {symbol}: {held} are held and not for sale yet, and short is false"
    )]
    ShortNotAllowed {
        /// The symbol.
        symbol: Symbol,
        /// What was ordered.
        wanted: Lots,
        /// What is held and in no other order.
        held: Lots,
    },
    /// The account has not the money.
    #[error("cannot order {symbol}: {needed:.2} is needed, {free:.2} is free")]
    NotEnoughCash {
        /// The symbol.
        symbol: Symbol,
        /// What would be reserved.
        needed: f64,
        /// What can be.
        free: f64,
    },
    /// A limit of `trading_config` would be broken.
    #[error("cannot order {symbol}: it would come to {needed:.2}, {} is {allowed:.2}", limit.name())]
    OverLimit {
        /// The symbol.
        symbol: Symbol,
        /// Which limit.
        limit: TradingLimit,
        /// What it would come to.
        needed: f64,
        /// What is allowed.
        allowed: f64,
    },
    /// There would be more positions than `trading_config` allows.
    #[error(
        "cannot order {symbol}: {open} positions are open or ordered, max_open_positions is {allowed}"
    )]
    TooManyPositions {
        /// The symbol.
        symbol: Symbol,
        /// Positions that are open or ordered.
        open: u32,
        /// What is allowed.
        allowed: u32,
    },
}

fn exits_needed(side: Side) -> &'static str {
    match side {
        Side::Buy => "the stop has to lie below the target",
        Side::Sell => "the stop has to lie above the target",
    }
}

/// Why an order is not cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CancelRefusal {
    /// The strategy has no such order resting: it has ended, or was never its own.
    #[error("cannot cancel {order}: it does not rest")]
    NotResting {
        /// The order.
        order: OrderId,
    },
    /// A cancel of it was taken before.
    #[error("cannot cancel {order} again: a cancel was taken at {at}")]
    AlreadyCancelled {
        /// The order.
        order: OrderId,
        /// When.
        at: Timestamp,
    },
}

/// Why an order that was taken rests no more.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum OrderEnd {
    /// All of it has filled.
    Filled,
    /// It was cancelled.
    Cancelled,
    /// Its session is over.
    SessionOver,
    /// An on-close order: no bar of the session opened at or after it.
    NoBarAfterIt,
    /// The other of its pair has filled, or its stop was touched.
    PairDone,
    /// It only reduces, and there is nothing left to reduce.
    NothingToReduce,
    /// What it cost was more than the account had then; the rest is refused.
    ShortOfCash {
        /// What one lot would have cost.
        needed_each: f64,
        /// What was free.
        free: f64,
    },
    /// It would have sold what is not held, and the account may not.
    ShortNotAllowed,
    /// The bar's price is no price that cash can be reckoned with.
    PriceNotPositive,
    /// Its symbol has left the session.
    SymbolLeft,
}

impl OrderEnd {
    /// The name in logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            OrderEnd::Filled => "filled",
            OrderEnd::Cancelled => "cancelled",
            OrderEnd::SessionOver => "session_over",
            OrderEnd::NoBarAfterIt => "no_bar_after_it",
            OrderEnd::PairDone => "pair_done",
            OrderEnd::NothingToReduce => "nothing_to_reduce",
            OrderEnd::ShortOfCash { .. } => "short_of_cash",
            OrderEnd::ShortNotAllowed => "short_not_allowed",
            OrderEnd::PriceNotPositive => "price_not_positive",
            OrderEnd::SymbolLeft => "symbol_left",
        }
    }
}
