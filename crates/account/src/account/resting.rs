//! An order as it rests, with what the account keeps of it.

use openbell_coordinator::saved;
use openbell_coordinator::{Effect, Moment, Order, OrderKind};
use openbell_market::Bar;
use openbell_time::Timestamp;

use crate::touch::{Presence, Touch, Trigger, touch};

/// An order that rests, or has ended in this pass over its symbol.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Resting {
    pub(crate) order: Order,
    pub(crate) trigger: Trigger,
    /// Whether it has ended, and is to be swept out.
    pub(crate) has_ended: bool,
    /// The bar that it met last.
    pub(crate) met: Option<Timestamp>,
    /// Of an exit: the bar in which its entry filled, and where in it.
    pub(crate) entered: Option<(Timestamp, Moment)>,
    /// What one unit of it is reckoned at before it fills, slippage counted.
    pub(crate) reserve_price: f64,
    /// Units and money that it has traded, and the commission that it has paid.
    pub(crate) traded: Traded,
}
saved!(struct Resting { order, trigger, has_ended, met, entered, reserve_price, traded });

/// What an order has come to by now.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Traded {
    pub(crate) units: f64,
    pub(crate) value: f64,
    pub(crate) commission: f64,
}
saved!(struct Traded { units, value, commission });

impl Resting {
    pub(crate) fn new(order: Order, reserve_price: f64) -> Resting {
        Resting {
            order,
            trigger: Trigger::Waits,
            has_ended: false,
            met: None,
            entered: None,
            reserve_price,
            traded: Traded::default(),
        }
    }

    pub(crate) fn only_reduces(&self) -> bool {
        self.order.effect == Effect::ReduceOnly
    }

    pub(crate) fn is_stop(&self) -> bool {
        matches!(self.order.kind, OrderKind::Stop { .. })
    }

    /// Whether slippage applies to it: to limits it does not.
    pub(crate) fn slips(&self) -> bool {
        matches!(self.order.kind, OrderKind::Market | OrderKind::Stop { .. } | OrderKind::OnClose)
    }

    /// What `bar` does to it.
    pub(crate) fn touched_by(&self, bar: &Bar) -> Touch {
        let presence = match self.entered {
            Some((opens_at, Moment::Inside)) if opens_at == bar.opens_at => Presence::Inside,
            Some((opens_at, Moment::Close)) if opens_at == bar.opens_at => Presence::Absent,
            _ if self.order.given_at <= bar.opens_at => Presence::Whole,
            _ => Presence::Absent,
        };
        touch(self.order.kind, self.trigger, self.order.side, presence, &bar.ohlcv)
    }
}
