//! What an account has to do with one symbol: the position, the orders that rest, and what it has seen.

use openbell_coordinator::saved;
use openbell_coordinator::{Lifetime, Lots, Mark, OrderId, Side};
use openbell_market::{Bar, Symbol};
use openbell_time::Timestamp;

use super::resting::Resting;

/// What an account has to do with one symbol.
#[derive(Clone, Debug)]
pub(crate) struct SymbolBook {
    pub(crate) symbol: Symbol,
    pub(crate) lots: Lots,
    /// What one unit of the position cost, or brought.
    pub(crate) average_price: f64,
    /// As published.
    pub(crate) mark: Mark,
    /// With the next publication.
    pub(crate) next_mark: Option<Mark>,
    /// In order of arrival.
    pub(crate) orders: Vec<Resting>,
    /// The last bar that it met, and what of the account's share of its volume is left.
    pub(crate) last_bar: Option<(Bar, Lots)>,
    /// Bars that open before this have been handed over, or will never come.
    pub(crate) settled_through: Option<Timestamp>,
}
saved!(struct SymbolBook {
    symbol, lots, average_price, mark, next_mark, orders, last_bar, settled_through,
});

impl SymbolBook {
    pub(crate) fn new(symbol: Symbol, mark: Mark) -> SymbolBook {
        SymbolBook {
            symbol,
            lots: Lots::ZERO,
            average_price: 0.0,
            mark,
            next_mark: None,
            orders: Vec::new(),
            last_bar: None,
            settled_through: None,
        }
    }

    /// Whether nothing is held and nothing rests.
    pub(crate) fn is_idle(&self) -> bool {
        self.lots.is_zero() && self.orders.is_empty()
    }

    /// Whether its symbol has to stay for later sessions.
    pub(crate) fn locks(&self) -> bool {
        let stays = |resting: &Resting| resting.order.lifetime == Lifetime::UntilCancelled;
        !self.lots.is_zero() || self.orders.iter().any(stays)
    }

    /// Where the order of that number stands, if it still rests.
    pub(crate) fn place_of(&self, id: OrderId) -> Option<usize> {
        self.orders.iter().position(|resting| resting.order.id == id && !resting.has_ended)
    }

    /// Where the other of its pair stands.
    pub(crate) fn partner_of(&self, place: usize) -> Option<usize> {
        self.place_of(self.orders[place].order.pair?)
    }

    /// What of the position an order of `side` could close.
    pub(crate) fn closable_by(&self, side: Side) -> Lots {
        if self.lots.signum() * side.sign() < 0 { self.lots.abs() } else { Lots::ZERO }
    }

    /// What each order that rests would open, were all filled in order of arrival; that which closes what
    /// is held opens nothing. A pair counts once, at the first of it, by the dearer price.
    ///
    /// *Shape*: place, lots and price of one unit, of those that would open something.
    pub(crate) fn openings(&self, without: Option<usize>) -> Vec<Opening> {
        let mut closable = [self.closable_by(Side::Buy), self.closable_by(Side::Sell)];
        let mut openings = Vec::new();
        let partner_left_out = without.and_then(|place| self.partner_of(place));
        for (place, resting) in self.orders.iter().enumerate() {
            let is_left_out = Some(place) == without || Some(place) == partner_left_out;
            if resting.has_ended || resting.only_reduces() || is_left_out {
                continue;
            }
            let partner = self.partner_of(place);
            if partner.is_some_and(|partner| partner < place) {
                continue;
            }
            let side = resting.order.side;
            let closable = &mut closable[usize::from(side == Side::Sell)];
            let closes = resting.order.remaining.min(*closable);
            *closable -= closes;
            let lots = resting.order.remaining - closes;
            if lots.is_zero() {
                continue;
            }
            let of_partner = partner.map_or(0.0, |partner| self.orders[partner].reserve_price);
            openings.push(Opening { place, lots, price: resting.reserve_price.max(of_partner) });
        }
        openings
    }
}

/// What an order would open.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Opening {
    pub(crate) place: usize,
    pub(crate) lots: Lots,
    pub(crate) price: f64,
}
