//! One fill: how much of an order, for how much money, and what it leaves behind.

use openbell_coordinator::{
    Effect, Exits, Fill, Lifetime, Lots, Moment, Order, OrderEnd, OrderKind, Side, TradeEvent,
};

use super::meeting::Met;
use super::resting::Resting;
use super::{Account, Shared};
use crate::average::Holding;

/// How much of an order can be filled, and what becomes of the rest.
struct Allowed {
    lots: Lots,
    /// Of those, how many open a position or add to it.
    opening: Lots,
    /// Why the rest ends, where it does not go on resting.
    rest: Option<OrderEnd>,
}

impl Account {
    /// Fills of the order what volume, position and cash allow, at `price` in `met`'s bar.
    pub(super) fn fill(
        &mut self,
        place: usize,
        order: usize,
        price: f64,
        moment: Moment,
        met: &mut Met,
        shared: &mut Shared<'_>,
    ) {
        if price <= 0.0 {
            return self.end(place, order, OrderEnd::PriceNotPositive, shared);
        }
        let slippage =
            if self.books[place].orders[order].slips() { self.slippage_of(price) } else { 0.0 };
        let side = self.books[place].orders[order].order.side;
        let unit_price = price + side.sign() as f64 * slippage;
        let allowed = self.allowed(place, order, unit_price, met.left);
        if !allowed.lots.is_zero() {
            let free_before = self.free();
            met.left -= allowed.lots;
            let commission = self.pay(place, order, allowed.lots, unit_price);
            let resting = &self.books[place].orders[order];
            let fill = Fill {
                order: resting.order.id,
                strategy: resting.order.strategy,
                symbol: resting.order.symbol.clone(),
                side,
                lots: allowed.lots,
                reference_price: price,
                slippage,
                commission,
                at: if moment == Moment::Open { met.bar.opens_at } else { met.bar.closes_at },
                made_at: shared.at,
                bar_opens_at: met.bar.opens_at,
                moment,
            };
            self.book_fill(fill, shared);
            self.take_off(place, order, allowed.lots, shared);
            let freed = self.free() - free_before;
            if freed > 0.0 {
                self.frozen.push((met.bar.closes_at, freed));
            }
            self.leave_exits(place, order, allowed.opening, (met, moment), shared);
            if allowed.opening < allowed.lots {
                self.end_reducers(place, side, shared);
            }
        }
        let resting = &self.books[place].orders[order];
        if !resting.has_ended
            && let Some(why) = allowed.rest
        {
            self.end(place, order, why, shared);
        }
    }

    /// How much of the order can be filled at `unit_price`, of at most `left`.
    fn allowed(&self, place: usize, order: usize, unit_price: f64, left: Lots) -> Allowed {
        let book = &self.books[place];
        let resting = &book.orders[order];
        let Order { side, remaining, .. } = resting.order;
        let closable = book.closable_by(side);
        let may_open = !resting.only_reduces() && (side == Side::Buy || self.may_sell_short());
        let (wanted, rest) = match may_open {
            true => (remaining, None),
            false if resting.only_reduces() => {
                (remaining.min(closable), Some(OrderEnd::NothingToReduce))
            }
            false => (remaining.min(closable), Some(OrderEnd::ShortNotAllowed)),
        };
        let lots = wanted.min(left);
        // What cannot be sold ends once the rest of it is sold; what volume holds back goes on.
        let rest = rest.filter(|_| wanted < remaining && lots == wanted);
        let closing = lots.min(closable);
        let opening = lots - closing;
        if opening.is_zero() {
            return Allowed { lots, opening, rest };
        }
        let free = self.free_without(Some((place, order)));
        let affordable = self.affordable(resting, closing, opening, unit_price, free);
        let rest = if affordable == opening {
            rest
        } else {
            let needed_each = self.lot().units(Lots::new(1)) * unit_price;
            Some(OrderEnd::ShortOfCash { needed_each, free })
        };
        Allowed { lots: closing + affordable, opening: affordable, rest }
    }

    /// How many of `opening` lots the money `free` covers, after `closing` have been bought or sold back.
    fn affordable(
        &self,
        resting: &Resting,
        closing: Lots,
        opening: Lots,
        unit_price: f64,
        free: f64,
    ) -> Lots {
        let covers = |lots: Lots| {
            let units = self.lot().units(lots);
            let traded = resting.traded;
            let all_units = traded.units + self.lot().units(closing) + units;
            let all_value = traded.value + (self.lot().units(closing) + units) * unit_price;
            let owed = self.settings.commission.owed(all_units, all_value) - traded.commission;
            units * unit_price + owed.max(0.0) <= free
        };
        if covers(opening) {
            return opening;
        }
        let (mut covered, mut too_many) = (0, opening.count());
        while too_many - covered > 1 {
            let middle = covered + (too_many - covered) / 2;
            if covers(Lots::new(middle)) { covered = middle } else { too_many = middle }
        }
        Lots::new(covered)
    }

    /// Moves the money and the position; returns the commission of this fill.
    fn pay(&mut self, place: usize, order: usize, lots: Lots, unit_price: f64) -> f64 {
        let lot = self.lot();
        let units = lot.units(lots);
        let book = &mut self.books[place];
        let resting = &mut book.orders[order];
        resting.traded.units += units;
        resting.traded.value += units * unit_price;
        let owed = self.settings.commission.owed(resting.traded.units, resting.traded.value);
        let commission = owed - resting.traded.commission;
        resting.traded.commission = owed;
        let signed = Lots::new(resting.order.side.sign() * lots.count());
        let mut holding = Holding { lots: book.lots, average_price: book.average_price };
        holding.take(signed, unit_price);
        book.lots = holding.lots;
        book.average_price = holding.average_price;
        self.cash -= lot.units(signed) * unit_price;
        self.cash -= commission;
        commission
    }

    /// Takes what was filled off the order, and off the other of its pair.
    fn take_off(&mut self, place: usize, order: usize, lots: Lots, shared: &mut Shared<'_>) {
        let book = &mut self.books[place];
        let partner = book.partner_of(order);
        book.orders[order].order.remaining -= lots;
        if let Some(partner) = partner {
            let other = &mut book.orders[partner].order;
            other.remaining = (other.remaining - lots).max(Lots::ZERO);
            if other.remaining.is_zero() {
                self.end(place, partner, OrderEnd::PairDone, shared);
            }
        }
        if self.books[place].orders[order].order.remaining.is_zero() {
            self.end(place, order, OrderEnd::Filled, shared);
        }
    }

    /// Leaves the exits of an entry resting, for what it has opened.
    fn leave_exits(
        &mut self,
        place: usize,
        order: usize,
        opened: Lots,
        (met, moment): (&Met, Moment),
        shared: &mut Shared<'_>,
    ) {
        let entry = self.books[place].orders[order].order.clone();
        if entry.exits == Exits::NONE || opened.is_zero() {
            return;
        }
        let stop = entry.exits.stop.map(|stop| OrderKind::Stop { stop });
        let target = entry.exits.target.map(|limit| OrderKind::Limit { limit });
        let kinds: Vec<OrderKind> = stop.into_iter().chain(target).collect();
        let ids: Vec<_> = kinds.iter().map(|_| shared.take_id()).collect();
        for (which, kind) in kinds.iter().enumerate() {
            let exit = Order {
                id: ids[which],
                side: entry.side.opposite(),
                kind: *kind,
                lifetime: Lifetime::UntilCancelled,
                effect: Effect::ReduceOnly,
                exits: Exits::NONE,
                ordered: opened,
                remaining: opened,
                cancelled_at: None,
                pair: ids.get(1 - which).copied().filter(|_| ids.len() == 2),
                entry: Some(entry.id),
                ..entry.clone()
            };
            shared.events.push(TradeEvent::Placed { order: exit.clone(), at: shared.at });
            let mut resting = Resting::new(exit, 0.0);
            resting.entered = Some((met.bar.opens_at, moment));
            self.books[place].orders.push(resting);
        }
    }

    /// A fill of `side` that reduced the position may have left nothing to reduce: the orders of that side
    /// which only reduce end. One that waits for a position that was never there waits on.
    fn end_reducers(&mut self, place: usize, side: Side, shared: &mut Shared<'_>) {
        if !self.books[place].closable_by(side).is_zero() {
            return;
        }
        for order in 0..self.books[place].orders.len() {
            let resting = &self.books[place].orders[order];
            let is_done = resting.only_reduces() && resting.order.side == side;
            if is_done && !resting.has_ended {
                self.end(place, order, OrderEnd::NothingToReduce, shared);
            }
        }
    }
}
