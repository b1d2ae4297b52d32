//! What a strategy orders, and what it comes to have resting.

use std::fmt;

use openbell_market::Symbol;
use openbell_time::Timestamp;

use crate::trading::lots::Lots;

/// Which strategy of the run an order, a fill or a refusal belongs to: its place among those that have
/// an account, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StrategyIdx(u32);

impl StrategyIdx {
    /// The strategy at place `n`.
    pub const fn new(n: u32) -> StrategyIdx {
        StrategyIdx(n)
    }

    /// The place.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// The number of an order, rising in order of arrival: of two orders the lower came first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OrderId(u64);

impl OrderId {
    /// Order number `n`.
    pub const fn new(n: u64) -> OrderId {
        OrderId(n)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {}", self.0)
    }
}

/// The side of an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// It adds to a position.
    Buy,
    /// It takes from one.
    Sell,
}

impl Side {
    /// The name in logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }

    /// The other one.
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// 1 for a buy, -1 for a sale.
    pub const fn sign(self) -> i64 {
        match self {
            Side::Buy => 1,
            Side::Sell => -1,
        }
    }
}

/// How much is wanted.
///
/// *Units*: units of the symbol (shares, coins), or a share of the account's equity. What comes to no
/// whole number of lots is rounded toward zero.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Amount {
    /// So many units on one side; above 0.
    Units {
        /// Buy or sell.
        side: Side,
        /// How many.
        units: f64,
    },
    /// As many as lead from the position of now to so many units; below 0 is short.
    ToUnits(f64),
    /// As many as lead from the position of now to that share of equity, at the price known at the
    /// order; 0.5 is half of it, below 0 is short.
    ToFraction(f64),
}

/// At which price an order may be filled.
///
/// *Units*: prices in the currency of the bars; above 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum OrderKind {
    /// At the open of the next bar.
    Market,
    /// At the limit or better.
    Limit {
        /// The limit.
        limit: f64,
    },
    /// At the market, once the stop is touched.
    Stop {
        /// The stop.
        stop: f64,
    },
    /// A limit order, once the stop is touched.
    StopLimit {
        /// The stop.
        stop: f64,
        /// The limit from then on.
        limit: f64,
    },
    /// At the close of the session's last bar.
    OnClose,
}

impl OrderKind {
    /// The name in logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            OrderKind::Market => "market",
            OrderKind::Limit { .. } => "limit",
            OrderKind::Stop { .. } => "stop",
            OrderKind::StopLimit { .. } => "stop_limit",
            OrderKind::OnClose => "on_close",
        }
    }

    /// Its prices: none, one or two.
    pub fn prices(self) -> impl Iterator<Item = f64> {
        let (first, second) = match self {
            OrderKind::Market | OrderKind::OnClose => (None, None),
            OrderKind::Limit { limit } => (Some(limit), None),
            OrderKind::Stop { stop } => (Some(stop), None),
            OrderKind::StopLimit { stop, limit } => (Some(stop), Some(limit)),
        };
        first.into_iter().chain(second)
    }
}

/// How long an order rests.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lifetime {
    /// Until its session's close. An order that is given at or after a session's last publication
    /// belongs to the next one.
    Session,
    /// Until it is filled or cancelled, over sessions.
    UntilCancelled,
}

/// Whether an order may open a position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// It may open, add to, reduce and turn a position.
    Any,
    /// It may only reduce what is held then: an exit never opens the other side.
    ReduceOnly,
}

/// What is left resting once an entry has filled: an exit at a loss, one at a gain, or both, of which
/// one cancels the other.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Exits {
    /// A stop at this price.
    pub stop: Option<f64>,
    /// A limit at this price.
    pub target: Option<f64>,
}

impl Exits {
    /// Neither of them.
    pub const NONE: Exits = Exits { stop: None, target: None };
}

/// What is ordered.
///
/// It is a market order for the session until it is said to be another:
///
/// ```
/// use openbell_coordinator::{Lifetime, NewOrder, OrderKind};
/// use openbell_market::Symbol;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let entry = NewOrder::buy(&Symbol::new("AAPL")?, 100.0).limit(49.5).with_stop(48.0).with_target(53.0);
/// assert_eq!(entry.kind, OrderKind::Limit { limit: 49.5 });
/// assert_eq!(entry.lifetime, Lifetime::Session);
/// assert_eq!(entry.exits.stop, Some(48.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct NewOrder {
    /// The symbol.
    pub symbol: Symbol,
    /// How much.
    pub amount: Amount,
    /// At which price.
    pub kind: OrderKind,
    /// How long it rests.
    pub lifetime: Lifetime,
    /// Whether it may open a position.
    pub effect: Effect,
    /// What it leaves resting once it has filled.
    pub exits: Exits,
}

impl NewOrder {
    /// Buys `units` of `symbol`.
    pub fn buy(symbol: &Symbol, units: f64) -> NewOrder {
        NewOrder::of(symbol, Amount::Units { side: Side::Buy, units })
    }

    /// Sells `units` of `symbol`.
    pub fn sell(symbol: &Symbol, units: f64) -> NewOrder {
        NewOrder::of(symbol, Amount::Units { side: Side::Sell, units })
    }

    /// Buys or sells what leads to a position of `units`; 0 closes it.
    pub fn to_units(symbol: &Symbol, units: f64) -> NewOrder {
        NewOrder::of(symbol, Amount::ToUnits(units))
    }

    /// Buys or sells what leads to a position of that share of equity.
    pub fn to_fraction(symbol: &Symbol, of_equity: f64) -> NewOrder {
        NewOrder::of(symbol, Amount::ToFraction(of_equity))
    }

    fn of(symbol: &Symbol, amount: Amount) -> NewOrder {
        NewOrder {
            symbol: symbol.clone(),
            amount,
            kind: OrderKind::Market,
            lifetime: Lifetime::Session,
            effect: Effect::Any,
            exits: Exits::NONE,
        }
    }

    /// At `limit` or better.
    pub fn limit(self, limit: f64) -> NewOrder {
        NewOrder { kind: OrderKind::Limit { limit }, ..self }
    }

    /// At the market, once `stop` is touched.
    pub fn stop(self, stop: f64) -> NewOrder {
        NewOrder { kind: OrderKind::Stop { stop }, ..self }
    }

    /// At `limit` or better, once `stop` is touched.
    pub fn stop_limit(self, stop: f64, limit: f64) -> NewOrder {
        NewOrder { kind: OrderKind::StopLimit { stop, limit }, ..self }
    }

    /// At the close of the session's last bar.
    pub fn on_close(self) -> NewOrder {
        NewOrder { kind: OrderKind::OnClose, ..self }
    }

    /// Rests over sessions, until it is filled or cancelled.
    pub fn until_cancelled(self) -> NewOrder {
        NewOrder { lifetime: Lifetime::UntilCancelled, ..self }
    }

    /// Reduces a position and never opens one.
    pub fn reduce_only(self) -> NewOrder {
        NewOrder { effect: Effect::ReduceOnly, ..self }
    }

    /// Once it has filled, a stop rests at `price` for what it has filled.
    pub fn with_stop(self, price: f64) -> NewOrder {
        NewOrder { exits: Exits { stop: Some(price), ..self.exits }, ..self }
    }

    /// Once it has filled, a limit rests at `price` for what it has filled.
    pub fn with_target(self, price: f64) -> NewOrder {
        NewOrder { exits: Exits { target: Some(price), ..self.exits }, ..self }
    }
}

/// What is given at once.
#[derive(Clone, PartialEq, Debug)]
pub enum Placement {
    /// One order.
    One(NewOrder),
    /// Two of one symbol and side, of which one cancels the other: what fills of one is taken off the
    /// other, and a stop that is touched ends its target.
    Pair {
        /// A stop order.
        stop: NewOrder,
        /// A limit order.
        target: NewOrder,
    },
}

impl Placement {
    /// The symbol; of a pair the stop's.
    pub fn symbol(&self) -> &Symbol {
        let (Placement::One(order) | Placement::Pair { stop: order, .. }) = self;
        &order.symbol
    }
}

/// The numbers of what was placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The order; of a pair the stop.
    pub first: OrderId,
    /// Of a pair the target.
    pub second: Option<OrderId>,
}

/// An order that was taken, as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// Who gave it.
    pub strategy: StrategyIdx,
    /// The symbol.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// At which price.
    pub kind: OrderKind,
    /// How long it rests.
    pub lifetime: Lifetime,
    /// Whether it may open a position.
    pub effect: Effect,
    /// What it leaves resting once it has filled.
    pub exits: Exits,
    /// When it was given: it meets bars that open then or later.
    pub given_at: Timestamp,
    /// What was ordered, above 0.
    pub ordered: Lots,
    /// What of it is not filled yet.
    pub remaining: Lots,
    /// Whether a cancel has been taken that waits for the bars that opened before it.
    pub cancelled_at: Option<Timestamp>,
    /// Of which other order it is a pair, as long as both rest.
    pub pair: Option<OrderId>,
    /// The entry that left it resting, where one did.
    pub entry: Option<OrderId>,
}
