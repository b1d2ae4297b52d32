//! Orders of one symbol and one bar: who is filled, in order of arrival, and of a pair which.

use openbell_coordinator::{Lots, Moment, OrderEnd, OrderKind};
use openbell_market::{Bar, Symbol};

use super::{Account, Shared, mark_of};
use crate::touch::{Touch, Trigger};

/// A bar that is being met, and what of the account's share of its volume is left.
pub(super) struct Met {
    pub(super) bar: Bar,
    pub(super) left: Lots,
}

/// A place among the orders of a symbol.
#[derive(Clone, Copy)]
struct Pair {
    stop: usize,
    target: usize,
}

impl Account {
    /// Brings the orders of `symbol` together with `bar`. One that is older than the last is late, and
    /// matches nothing.
    pub(crate) fn meet(&mut self, symbol: &Symbol, bar: &Bar, shared: &mut Shared<'_>) {
        let Ok(place) = self.place_of(symbol) else { return };
        let is_late = |(last, _): (Bar, Lots)| bar.opens_at <= last.opens_at;
        if self.books[place].last_bar.is_some_and(is_late) {
            self.record.count_late();
            return;
        }
        self.look_back_from(bar);
        self.end_cancelled(place, bar.opens_at, shared);
        let mut met = Met { bar: *bar, left: self.share_of(bar.ohlcv.volume) };
        let mut order = 0;
        // Exits of an entry that fills come to stand at the end, and have their turn too.
        while order < self.books[place].orders.len() {
            self.give_turn(place, order, &mut met, shared);
            order += 1;
        }
        let book = &mut self.books[place];
        book.orders.retain(|resting| !resting.has_ended);
        book.last_bar = Some((*bar, met.left));
        book.next_mark = Some(mark_of(bar));
    }

    /// What earlier bars made free and what they closed at is known when `bar` opens, published or not: so
    /// it is the same whether the bars of a minute are published at once or those of an hour.
    fn look_back_from(&mut self, bar: &Bar) {
        self.frozen.retain(|(closes_at, _)| *closes_at > bar.opens_at);
        for book in &mut self.books {
            if let Some(mark) = book.next_mark.take_if(|mark| mark.at <= bar.opens_at) {
                book.mark = mark;
            }
        }
    }

    /// The order at that place, or the pair that it is one of, meets the bar; once in a bar.
    fn give_turn(&mut self, place: usize, order: usize, met: &mut Met, shared: &mut Shared<'_>) {
        let book = &mut self.books[place];
        let opens_at = Some(met.bar.opens_at);
        if book.orders[order].has_ended || book.orders[order].met == opens_at {
            return;
        }
        book.orders[order].met = opens_at;
        match book.partner_of(order) {
            None => self.meet_one(place, order, met, shared),
            Some(partner) => {
                book.orders[partner].met = opens_at;
                let pair = if book.orders[order].is_stop() {
                    Pair { stop: order, target: partner }
                } else {
                    Pair { stop: partner, target: order }
                };
                self.meet_pair(place, pair, met, shared);
            }
        }
    }

    fn meet_one(&mut self, place: usize, order: usize, met: &mut Met, shared: &mut Shared<'_>) {
        let touch = self.books[place].orders[order].touched_by(&met.bar);
        if touch != Touch::None {
            self.pull_trigger(place, order, shared);
        }
        if let Touch::Fills { price, moment } = touch {
            self.fill(place, order, price, moment, met, shared);
        }
    }

    /// A stop that is touched is a market order from now on, and ends its target.
    fn pull_trigger(&mut self, place: usize, order: usize, shared: &mut Shared<'_>) {
        let book = &mut self.books[place];
        let resting = &mut book.orders[order];
        match resting.order.kind {
            OrderKind::Stop { .. } | OrderKind::StopLimit { .. } => {
                resting.trigger = Trigger::Pulled
            }
            OrderKind::Market | OrderKind::Limit { .. } | OrderKind::OnClose => return,
        }
        if let Some(partner) = book.partner_of(order) {
            self.end(place, partner, OrderEnd::PairDone, shared);
        }
    }

    /// Both touched is the stop. Only what fills at the open is known to come before what is touched
    /// inside: a target at the open goes first, and the stop takes what volume has left of it.
    fn meet_pair(&mut self, place: usize, pair: Pair, met: &mut Met, shared: &mut Shared<'_>) {
        let orders = &self.books[place].orders;
        let stop = orders[pair.stop].touched_by(&met.bar);
        let target = orders[pair.target].touched_by(&met.bar);
        let is_at_open = |touch: Touch| matches!(touch, Touch::Fills { moment: Moment::Open, .. });
        let target_is_first = stop == Touch::None || (is_at_open(target) && !is_at_open(stop));
        if target_is_first && target != Touch::None {
            self.meet_one(place, pair.target, met, shared);
        }
        if stop != Touch::None && !self.books[place].orders[pair.stop].has_ended {
            self.meet_one(place, pair.stop, met, shared);
        }
    }

    /// The session is over: on-close orders fill at the close of its last bar, if that opened at or after
    /// them.
    pub(super) fn fill_on_close(&mut self, place: usize, shared: &mut Shared<'_>) {
        let Some((bar, left)) = self.books[place].last_bar else { return };
        let mut met = Met { bar, left };
        for order in 0..self.books[place].orders.len() {
            let resting = &self.books[place].orders[order];
            let is_due = resting.order.kind == OrderKind::OnClose
                && !resting.has_ended
                && resting.order.given_at <= bar.opens_at
                && resting.order.cancelled_at.is_none_or(|at| bar.opens_at < at);
            if is_due {
                self.fill(place, order, bar.ohlcv.close, Moment::Close, &mut met, shared);
            }
        }
        self.books[place].last_bar = Some((bar, met.left));
    }
}
