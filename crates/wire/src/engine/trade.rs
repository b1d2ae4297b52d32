//! Orders and fills on paper, as they are written.

use openbell_coordinator::{
    Amount, Effect, Exits, Fill, Lifetime, NewOrder, Order, OrderId, OrderKind, TradeEvent,
};
use openbell_time::Timestamp;

use crate::event::Event as Shape;
use crate::trade as shape;

/// The event of what happened to an order.
pub(super) fn event(at: Timestamp, strategy: &str, trade: &TradeEvent) -> Shape {
    let (at, strategy) = (at.to_string(), strategy.to_owned());
    match trade {
        TradeEvent::Placed { order, .. } => Shape::Ordered {
            at,
            strategy,
            order: order.id.number(),
            terms: order.into(),
            pair: order.pair.map(OrderId::number),
            entry: order.entry.map(OrderId::number),
        },
        TradeEvent::Refused { order, why, .. } => {
            Shape::OrderRefused { at, strategy, terms: order.into(), why: why.to_string() }
        }
        TradeEvent::Filled(fill) => Shape::Filled { at, strategy, fill: fill.into() },
        TradeEvent::Ended { order, symbol, why, unfilled, .. } => Shape::OrderEnded {
            at,
            strategy,
            order: order.number(),
            symbol: symbol.to_string(),
            why: why.name().to_owned(),
            unfilled: unfilled.count(),
        },
    }
}

impl From<&Order> for shape::Order {
    fn from(order: &Order) -> shape::Order {
        let amount = (Some(order.side.name()), order.ordered.count() as f64, "lots");
        let rules = Rules { lifetime: order.lifetime, effect: order.effect, exits: order.exits };
        written(order.symbol.to_string(), amount, order.kind, rules)
    }
}

impl From<&NewOrder> for shape::Order {
    fn from(order: &NewOrder) -> shape::Order {
        let amount = match order.amount {
            Amount::Units { side, units } => (Some(side.name()), units, "units"),
            Amount::ToUnits(units) => (None, units, "to_units"),
            Amount::ToFraction(fraction) => (None, fraction, "to_fraction"),
        };
        let rules = Rules { lifetime: order.lifetime, effect: order.effect, exits: order.exits };
        written(order.symbol.to_string(), amount, order.kind, rules)
    }
}

struct Rules {
    lifetime: Lifetime,
    effect: Effect,
    exits: Exits,
}

fn written(
    symbol: String,
    (side, amount, amount_of): (Option<&str>, f64, &str),
    kind: OrderKind,
    Rules { lifetime, effect, exits }: Rules,
) -> shape::Order {
    let (stop, limit) = match kind {
        OrderKind::Market | OrderKind::OnClose => (None, None),
        OrderKind::Limit { limit } => (None, Some(limit)),
        OrderKind::Stop { stop } => (Some(stop), None),
        OrderKind::StopLimit { stop, limit } => (Some(stop), Some(limit)),
    };
    let lifetime = match lifetime {
        Lifetime::Session => "session",
        Lifetime::UntilCancelled => "until_cancelled",
    };
    shape::Order {
        symbol,
        side: side.map(str::to_owned),
        amount,
        amount_of: amount_of.to_owned(),
        kind: kind.name().to_owned(),
        stop,
        limit,
        lifetime: lifetime.to_owned(),
        reduce_only: effect == Effect::ReduceOnly,
        exit_stop: exits.stop,
        exit_target: exits.target,
    }
}

impl From<&Fill> for shape::Fill {
    fn from(fill: &Fill) -> shape::Fill {
        shape::Fill {
            order: fill.order.number(),
            symbol: fill.symbol.to_string(),
            side: fill.side.name().to_owned(),
            lots: fill.lots.count(),
            reference_price: fill.reference_price,
            slippage: fill.slippage,
            commission: fill.commission,
            dated: fill.at.to_string(),
            bar: fill.bar_opens_at.to_string(),
            moment: fill.moment.name().to_owned(),
        }
    }
}
