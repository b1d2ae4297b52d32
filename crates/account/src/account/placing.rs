//! Orders as they are given: checked, counted in lots, reserved for; and taken back.

use openbell_coordinator::{
    Amount, CancelRefusal, Effect, Exits, Known, Lifetime, Lots, Mark, NewOrder, Order, OrderEnd,
    OrderId, OrderKind, OrderRefusal, Placed, Placement, Side, Standing, StrategyIdx, TradeEvent,
    TradingLimit,
};

use super::book::SymbolBook;
use super::resting::Resting;
use super::{Account, Shared};

/// An order that is well formed, in lots.
struct Sized {
    side: Side,
    lots: Lots,
}

impl Account {
    /// Takes what `strategy` gives, or refuses it.
    pub(crate) fn place(
        &mut self,
        strategy: StrategyIdx,
        placement: Placement,
        known: Known,
        shared: &mut Shared<'_>,
    ) -> Result<Placed, OrderRefusal> {
        let outcome = match &placement {
            Placement::One(order) => self.place_one(strategy, order, known, shared),
            Placement::Pair { stop, target } => {
                self.place_pair(strategy, (stop, target), known, shared)
            }
        };
        if let Err(why) = &outcome {
            let (Placement::One(order) | Placement::Pair { stop: order, .. }) = placement;
            self.record.count_refused();
            let (at, why) = (shared.at, why.clone());
            shared.events.push(TradeEvent::Refused { strategy, order, at, why });
        }
        outcome
    }

    fn place_one(
        &mut self,
        strategy: StrategyIdx,
        order: &NewOrder,
        known: Known,
        shared: &mut Shared<'_>,
    ) -> Result<Placed, OrderRefusal> {
        let mark = self.price_of(order, known.standing)?;
        let sized = self.sized(order, mark)?;
        let place = self.book_for(order, mark);
        let resting = self.resting_of(strategy, order, &sized, mark, shared);
        let first = resting.order.id;
        self.books[place].orders.push(resting);
        self.admit(place, 1, shared)?;
        Ok(Placed { first, second: None })
    }

    fn place_pair(
        &mut self,
        strategy: StrategyIdx,
        (stop, target): (&NewOrder, &NewOrder),
        known: Known,
        shared: &mut Shared<'_>,
    ) -> Result<Placed, OrderRefusal> {
        let mark = self.price_of(stop, known.standing)?;
        let (of_stop, of_target) = (self.sized(stop, mark)?, self.sized(target, mark)?);
        let is_pair = matches!(stop.kind, OrderKind::Stop { .. })
            && matches!(target.kind, OrderKind::Limit { .. })
            && stop.symbol == target.symbol
            && stop.effect == target.effect
            && (of_stop.side, of_stop.lots) == (of_target.side, of_target.lots)
            && (stop.exits, target.exits) == (Exits::NONE, Exits::NONE);
        if !is_pair {
            return Err(OrderRefusal::NoPair { symbol: stop.symbol.clone() });
        }
        let place = self.book_for(stop, mark);
        let mut first = self.resting_of(strategy, stop, &of_stop, mark, shared);
        let mut second = self.resting_of(strategy, target, &of_target, mark, shared);
        first.order.pair = Some(second.order.id);
        second.order.pair = Some(first.order.id);
        let placed = Placed { first: first.order.id, second: Some(second.order.id) };
        self.books[place].orders.extend([first, second]);
        self.admit(place, 2, shared)?;
        Ok(placed)
    }

    /// The price that an order is reckoned with.
    fn price_of(&self, order: &NewOrder, standing: Standing) -> Result<Mark, OrderRefusal> {
        let symbol = order.symbol.clone();
        match (standing, self.book_of(&order.symbol)) {
            (Standing::Absent, _) => Err(OrderRefusal::UnknownSymbol { symbol }),
            (Standing::Priced(mark), _) if mark.price > 0.0 => Ok(mark),
            (Standing::Priced(Mark { price, .. }), _) => {
                Err(OrderRefusal::PriceNotPositive { symbol, price })
            }
            // What is held has the mark of an earlier session.
            (Standing::Unpriced, Some(book)) => Ok(book.mark),
            (Standing::Unpriced, None) => Err(OrderRefusal::NoPrice { symbol }),
        }
    }

    /// The side and the lots of an order that is well formed.
    fn sized(&self, order: &NewOrder, mark: Mark) -> Result<Sized, OrderRefusal> {
        let symbol = || order.symbol.clone();
        let exits = order.exits.stop.into_iter().chain(order.exits.target);
        for price in order.kind.prices().chain(exits) {
            if !(price.is_finite() && price > 0.0) {
                return Err(OrderRefusal::BadPrice { symbol: symbol(), price });
            }
        }
        if order.kind == OrderKind::OnClose && order.lifetime == Lifetime::UntilCancelled {
            return Err(OrderRefusal::OnCloseUntilCancelled { symbol: symbol() });
        }
        let sized = self.sized_amount(order, mark)?;
        if order.exits != Exits::NONE && order.effect == Effect::ReduceOnly {
            return Err(OrderRefusal::ExitsOfAnExit { symbol: symbol() });
        }
        if let Exits { stop: Some(stop), target: Some(target) } = order.exits {
            let is_crossed = match sized.side {
                Side::Buy => stop >= target,
                Side::Sell => stop <= target,
            };
            if is_crossed {
                let side = sized.side;
                return Err(OrderRefusal::ExitsCrossed { symbol: symbol(), side, stop, target });
            }
        }
        Ok(sized)
    }

    fn sized_amount(&self, order: &NewOrder, mark: Mark) -> Result<Sized, OrderRefusal> {
        let symbol = || order.symbol.clone();
        let given = match order.amount {
            Amount::Units { units, .. } => units,
            Amount::ToUnits(units) => units,
            Amount::ToFraction(fraction) => fraction,
        };
        let has_side = matches!(order.amount, Amount::Units { .. });
        if !given.is_finite() || (has_side && given <= 0.0) {
            return Err(OrderRefusal::BadAmount { symbol: symbol(), amount: given });
        }
        let units = match order.amount {
            Amount::Units { units, .. } | Amount::ToUnits(units) => units,
            Amount::ToFraction(fraction) => fraction * self.equity() / mark.price,
        };
        let lot = self.settings.lot;
        let too_many = || OrderRefusal::TooManyLots { symbol: symbol(), units, lot };
        let whole = self.lot().whole(units).ok_or_else(too_many)?;
        if let Amount::Units { side, .. } = order.amount {
            return if whole.is_zero() {
                Err(OrderRefusal::LessThanOneLot { symbol: symbol(), units, lot })
            } else {
                Ok(Sized { side, lots: whole })
            };
        }
        let held = self.book_of(&order.symbol).map_or(Lots::ZERO, |book| book.lots);
        let lots = whole - held;
        match lots.signum() {
            0 => Err(OrderRefusal::AlreadyThere { symbol: symbol(), held }),
            1 => Ok(Sized { side: Side::Buy, lots }),
            _ => Ok(Sized { side: Side::Sell, lots: lots.abs() }),
        }
    }

    /// Where the book of the order's symbol stands; it is begun where there is none.
    fn book_for(&mut self, order: &NewOrder, mark: Mark) -> usize {
        match self.place_of(&order.symbol) {
            Ok(place) => place,
            Err(place) => {
                self.books.insert(place, SymbolBook::new(order.symbol.clone(), mark));
                place
            }
        }
    }

    fn resting_of(
        &self,
        strategy: StrategyIdx,
        order: &NewOrder,
        sized: &Sized,
        mark: Mark,
        shared: &mut Shared<'_>,
    ) -> Resting {
        let Sized { side, lots } = *sized;
        let (reference, slips) = match order.kind {
            OrderKind::Market | OrderKind::OnClose => (mark.price, true),
            OrderKind::Stop { stop } => (stop, true),
            OrderKind::Limit { limit } | OrderKind::StopLimit { limit, .. } => (limit, false),
        };
        let slippage = if slips { self.slippage_of(reference) } else { 0.0 };
        let order = Order {
            id: shared.take_id(),
            strategy,
            symbol: order.symbol.clone(),
            side,
            kind: order.kind,
            lifetime: order.lifetime,
            effect: order.effect,
            exits: order.exits,
            given_at: shared.at,
            ordered: lots,
            remaining: lots,
            cancelled_at: None,
            pair: None,
            entry: None,
        };
        Resting::new(order, reference + slippage)
    }

    /// Keeps the last `n_new` orders of the book at `place`, or takes them out again and says why.
    fn admit(
        &mut self,
        place: usize,
        n_new: usize,
        shared: &mut Shared<'_>,
    ) -> Result<(), OrderRefusal> {
        let n_before = self.books[place].orders.len() - n_new;
        match self.refused(place, n_before) {
            Some(why) => {
                self.books[place].orders.truncate(n_before);
                self.sweep();
                Err(why)
            }
            None => {
                for resting in &self.books[place].orders[n_before..] {
                    self.record.count_placed();
                    let order = resting.order.clone();
                    shared.events.push(TradeEvent::Placed { order, at: shared.at });
                }
                Ok(())
            }
        }
    }

    /// Why the order at `newest` (the first of a pair) is not taken.
    fn refused(&mut self, place: usize, newest: usize) -> Option<OrderRefusal> {
        let book = &self.books[place];
        let symbol = || book.symbol.clone();
        let resting = &book.orders[newest];
        let openings = book.openings(None);
        let opening = openings.iter().find(|opening| opening.place == newest)?;
        if resting.order.side == Side::Sell && !self.may_sell_short() {
            let wanted = resting.order.remaining;
            let held = wanted - opening.lots;
            return Some(OrderRefusal::ShortNotAllowed { symbol: symbol(), wanted, held });
        }
        if let Some(why) = self.over_limit(place, newest) {
            return Some(why);
        }
        let needed = self.reserved_for(resting, opening.lots, opening.price);
        let free = self.free_without(Some((place, newest)));
        (needed > free).then(|| OrderRefusal::NotEnoughCash { symbol: symbol(), needed, free })
    }

    /// Which limit the order at `newest` would break. Limits are held at the order; a fill at another
    /// price than was reckoned with may come to more.
    fn over_limit(&self, place: usize, newest: usize) -> Option<OrderRefusal> {
        let limits = self.settings.limits?;
        let symbol = || self.books[place].symbol.clone();
        let lot = self.lot();
        let ordered = |book: &SymbolBook| -> f64 {
            let openings = book.openings(None);
            openings.iter().map(|opening| lot.units(opening.lots) * opening.price).sum()
        };
        let in_symbol = |book: &SymbolBook| self.worth(book).abs() + ordered(book);
        let book = &self.books[place];
        let openings = book.openings(None);
        let this = openings.iter().find(|opening| opening.place == newest)?;
        let sums = [
            (TradingLimit::PerTrade, lot.units(this.lots) * this.price, limits.max_per_trade),
            (TradingLimit::PerSymbol, in_symbol(book), limits.max_per_symbol),
            (
                TradingLimit::BuyingPower,
                self.books.iter().map(in_symbol).sum(),
                limits.max_buying_power,
            ),
        ];
        for (limit, needed, allowed) in sums {
            if needed > allowed {
                return Some(OrderRefusal::OverLimit { symbol: symbol(), limit, needed, allowed });
            }
        }
        let is_open = |book: &&SymbolBook| !book.lots.is_zero() || !book.openings(None).is_empty();
        let open = self.books.iter().filter(is_open).count() as u32;
        let allowed = limits.max_open_positions;
        (open > allowed).then(|| OrderRefusal::TooManyPositions { symbol: symbol(), open, allowed })
    }

    /// Cancels an order of `strategy`: at once where every bar that opened before has been handed over,
    /// else as soon as they have.
    pub(crate) fn cancel(
        &mut self,
        strategy: StrategyIdx,
        id: OrderId,
        known: Known,
        shared: &mut Shared<'_>,
    ) -> Result<(), CancelRefusal> {
        let is_own =
            |book: &SymbolBook, place: &usize| book.orders[*place].order.strategy == strategy;
        let found = self.books.iter().enumerate().find_map(|(place, book)| {
            Some((place, book.place_of(id).filter(|order| is_own(book, order))?))
        });
        let Some((place, order)) = found else {
            return Err(CancelRefusal::NotResting { order: id });
        };
        let resting = &mut self.books[place].orders[order].order;
        if let Some(at) = resting.cancelled_at {
            return Err(CancelRefusal::AlreadyCancelled { order: id, at });
        }
        resting.cancelled_at = Some(known.at);
        if known.settled_through >= known.at {
            self.end(place, order, OrderEnd::Cancelled, shared);
            self.sweep();
        }
        Ok(())
    }
}
