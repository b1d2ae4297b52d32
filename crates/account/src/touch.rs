//! What one bar does to one order, by open, high, low and close alone: the pessimistic reading.
//!
//! | order | at the open | inside |
//! |---|---|---|
//! | market | at the open | |
//! | limit | at the open, where it opens at or beyond the limit | at the limit, where the bar trades *through* it |
//! | stop | at the open, where it opens at or beyond the stop | at the stop, where the bar touches it |
//! | stop-limit | triggered: a limit for this bar | triggered: a limit from the next bar on |
//!
//! Beyond is below for a buy's limit and above for its stop; for a sale the other way round.
//!
//! Not here: volume, cash, pairs (`account`).

use openbell_coordinator::saved;
use openbell_coordinator::{Moment, OrderKind, Side};
use openbell_market::Ohlcv;

/// How much of a bar an order is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Presence {
    /// All of it.
    Whole,
    /// An exit whose entry filled inside this bar: its stop counts, its target does not.
    Inside,
    /// None of it.
    Absent,
}

/// Whether the stop of an order was touched in an earlier bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trigger {
    /// It waits for its stop, or has none.
    Waits,
    /// It was: a stop is a market order by now, a stop-limit a limit.
    Pulled,
}
saved!(enum Trigger { 0 => Waits, 1 => Pulled });

/// What a bar does to an order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Touch {
    /// Nothing.
    None,
    /// A stop-limit was triggered, and does not fill in this bar.
    Armed,
    /// It fills at this price.
    Fills { price: f64, moment: Moment },
}

/// What `bar` does to an order of that kind and side.
pub(crate) fn touch(
    kind: OrderKind,
    trigger: Trigger,
    side: Side,
    presence: Presence,
    bar: &Ohlcv,
) -> Touch {
    match (kind, trigger, presence) {
        (_, _, Presence::Absent) | (OrderKind::OnClose, _, _) => Touch::None,
        (OrderKind::Market, _, _) | (OrderKind::Stop { .. }, Trigger::Pulled, _) => at_open(bar),
        (OrderKind::Limit { .. }, _, Presence::Inside) => Touch::None,
        (OrderKind::Limit { limit }, _, Presence::Whole)
        | (OrderKind::StopLimit { limit, .. }, Trigger::Pulled, _) => limit_touch(limit, side, bar),
        (OrderKind::Stop { stop }, Trigger::Waits, presence) => {
            match stop_touch(stop, side, presence, bar) {
                Some(Moment::Open) => at_open(bar),
                Some(moment) => Touch::Fills { price: stop, moment },
                None => Touch::None,
            }
        }
        (OrderKind::StopLimit { stop, limit }, Trigger::Waits, presence) => {
            match stop_touch(stop, side, presence, bar) {
                Some(Moment::Open) => match limit_touch(limit, side, bar) {
                    Touch::None => Touch::Armed,
                    fills => fills,
                },
                Some(_) => Touch::Armed,
                None => Touch::None,
            }
        }
    }
}

fn at_open(bar: &Ohlcv) -> Touch {
    Touch::Fills { price: bar.open, moment: Moment::Open }
}

fn limit_touch(limit: f64, side: Side, bar: &Ohlcv) -> Touch {
    let (opens_beyond, trades_through) = match side {
        Side::Buy => (bar.open <= limit, bar.low < limit),
        Side::Sell => (bar.open >= limit, bar.high > limit),
    };
    match (opens_beyond, trades_through) {
        (true, _) => at_open(bar),
        (false, true) => Touch::Fills { price: limit, moment: Moment::Inside },
        (false, false) => Touch::None,
    }
}

/// Where in the bar a stop is touched.
fn stop_touch(stop: f64, side: Side, presence: Presence, bar: &Ohlcv) -> Option<Moment> {
    let (opens_beyond, is_touched) = match side {
        Side::Buy => (bar.open >= stop, bar.high >= stop),
        Side::Sell => (bar.open <= stop, bar.low <= stop),
    };
    // An order that was not there at the open is not filled by it.
    if opens_beyond && presence == Presence::Whole {
        Some(Moment::Open)
    } else if is_touched || opens_beyond {
        Some(Moment::Inside)
    } else {
        None
    }
}
