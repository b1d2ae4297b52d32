//! One account: its cash, what it holds, what rests, and when each of them changes.
//!
//! `placing.rs` takes orders, `meeting.rs` brings them together with bars, `filling.rs` books what fills.

mod book;
mod filling;
mod meeting;
mod placing;
mod resting;

use openbell_coordinator::{
    Balance, Fill, Lifetime, Lots, Mark, NotRestored, Order, OrderEnd, OrderId, OrderKind,
    Position, Saved, Side, StrategyIdx, TradeEvent,
};
use openbell_market::{Bar, Symbol};
use openbell_time::{Session, Timestamp};

use crate::lot_size::LotSize;
use crate::results::record::{EquityPoint, Record};
use crate::settings::{AccountSettings, Participation, ShortSales};
use book::SymbolBook;
use resting::Resting;

/// What an account shares with the others of its run.
pub(crate) struct Shared<'a> {
    /// The number of the next order.
    pub(crate) next_order: &'a mut u64,
    pub(crate) events: &'a mut Vec<TradeEvent>,
    /// The publication that is being made, or that a strategy is called with.
    pub(crate) at: Timestamp,
}

impl Shared<'_> {
    fn take_id(&mut self) -> OrderId {
        let id = OrderId::new(*self.next_order);
        *self.next_order += 1;
        id
    }
}

/// One account.
pub(crate) struct Account {
    settings: AccountSettings,
    cash: f64,
    /// What fills have made free, and when their bars close. No fill spends it in a bar that opens before:
    /// whether a sale came before a purchase is not known of two bars of the same minute, nor inside one.
    frozen: Vec<(Timestamp, f64)>,
    /// By symbol, in symbol order.
    books: Vec<SymbolBook>,
    /// The close of the session: what is ordered then or later belongs to the next.
    closes_at: Option<Timestamp>,
    pub(crate) record: Record,
}

impl Account {
    /// An account that holds its cash alone. `settings` have been checked.
    pub(crate) fn new(settings: AccountSettings) -> Account {
        let record = Record::new(settings.cash, settings.curve, settings.lot);
        Account {
            settings,
            cash: settings.cash,
            frozen: Vec::new(),
            books: Vec::new(),
            closes_at: None,
            record,
        }
    }

    /// Writes all that it keeps; what it was set to is not.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        let Account { settings: _, cash, frozen, books, closes_at, record } = self;
        cash.write(to);
        frozen.write(to);
        books.write(to);
        closes_at.write(to);
        record.write(to);
    }

    /// Takes back what [`Account::write`] wrote, of an account of the same settings.
    pub(crate) fn read(&mut self, from: &mut &[u8]) -> Result<(), NotRestored> {
        self.cash = Saved::read(from)?;
        self.frozen = Saved::read(from)?;
        self.books = Saved::read(from)?;
        self.closes_at = Saved::read(from)?;
        self.record.read(from)
    }

    fn lot(&self) -> LotSize {
        LotSize(self.settings.lot)
    }

    fn place_of(&self, symbol: &Symbol) -> Result<usize, usize> {
        self.books.binary_search_by(|book| book.symbol.cmp(symbol))
    }

    fn book_of(&self, symbol: &Symbol) -> Option<&SymbolBook> {
        self.place_of(symbol).ok().map(|place| &self.books[place])
    }

    pub(crate) fn watches(&self, symbol: &Symbol) -> bool {
        self.book_of(symbol).is_some()
    }

    /// The symbols that it has to do with, in order.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Symbol> {
        self.books.iter().map(|book| &book.symbol)
    }

    /// How many they are.
    pub(crate) fn n_watched(&self) -> usize {
        self.books.len()
    }

    pub(crate) fn locks(&self, symbol: &Symbol) -> bool {
        self.book_of(symbol).is_some_and(SymbolBook::locks)
    }

    pub(crate) fn open_session(&mut self, session: &Session) {
        self.closes_at = Some(session.close);
        self.record.open_session(session);
    }

    /// What of a bar's volume the account takes.
    fn share_of(&self, volume: f64) -> Lots {
        match self.settings.participation {
            Participation::VolumeUnknown => Lots::MAX,
            Participation::OfVolume(share) => self.lot().whole(share * volume).unwrap_or(Lots::MAX),
        }
    }

    /// Slippage in money of one unit, at that reference price.
    fn slippage_of(&self, price: f64) -> f64 {
        price * self.settings.slippage_bps / 10_000.0
    }

    /// What reserving or covering would leave of the cash, were the order at `without` not there.
    fn free_without(&self, without: Option<(usize, usize)>) -> f64 {
        let mut free = self.cash - self.frozen.iter().map(|(_, money)| money).sum::<f64>();
        for (place, book) in self.books.iter().enumerate() {
            let left_out = without.and_then(|(of, order)| (of == place).then_some(order));
            for opening in book.openings(left_out) {
                free -= self.reserved_for(&book.orders[opening.place], opening.lots, opening.price);
            }
            if book.lots < Lots::ZERO {
                // What it brought, and as much again.
                free -= 2.0 * self.lot().units(book.lots.abs()) * book.mark.price;
            }
        }
        free
    }

    fn free(&self) -> f64 {
        self.free_without(None)
    }

    /// What `lots` of an order need, commission counted: of a purchase at most what the sum for all its
    /// lots has left. What was filled dearer than was reckoned with is paid out of that, and not reserved
    /// once more.
    fn reserved_for(&self, resting: &Resting, lots: Lots, price: f64) -> f64 {
        let (traded, commission) = (resting.traded, self.settings.commission);
        let units = self.lot().units(lots);
        let owed = commission.owed(traded.units + units, traded.value + units * price);
        let rest = units * price + (owed - traded.commission).max(0.0);
        if resting.order.side == Side::Sell {
            return rest;
        }
        let all_units = self.lot().units(resting.order.ordered);
        let all = all_units * price + commission.owed(all_units, all_units * price);
        rest.min((all - traded.value - traded.commission).max(0.0))
    }

    fn worth(&self, book: &SymbolBook) -> f64 {
        self.lot().units(book.lots) * book.mark.price
    }

    fn equity(&self) -> f64 {
        let worth: f64 = self.books.iter().map(|book| self.worth(book)).sum();
        self.cash + worth
    }

    pub(crate) fn balance(&self) -> Balance {
        Balance { cash: self.cash, free: self.free(), equity: self.equity() }
    }

    /// The point of the curve as of the publication at `at`.
    fn point(&self, at: Timestamp) -> EquityPoint {
        EquityPoint { at, cash: self.cash, equity: self.equity() }
    }

    /// What all positions are worth, whichever side they are on.
    fn gross(&self) -> f64 {
        self.books.iter().map(|book| self.worth(book).abs()).sum()
    }

    pub(crate) fn position(&self, symbol: &Symbol) -> Option<Position> {
        self.book_of(symbol).and_then(position_of)
    }

    pub(crate) fn positions(&self) -> Vec<Position> {
        self.books.iter().filter_map(position_of).collect()
    }

    /// The orders of `strategy` that rest, in order of arrival.
    pub(crate) fn resting(&self, strategy: StrategyIdx) -> Vec<Order> {
        let all = self.books.iter().flat_map(|book| &book.orders);
        let mut orders: Vec<Order> = all
            .filter(|resting| resting.order.strategy == strategy)
            .map(|resting| resting.order.clone())
            .collect();
        orders.sort_by_key(|order| order.id);
        orders
    }

    /// Symbols of which a cancel waits for bars that open before it.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = &Symbol> {
        let waits = |book: &&SymbolBook| {
            book.orders
                .iter()
                .any(|resting| resting.order.cancelled_at.is_some() && !resting.has_ended)
        };
        self.books.iter().filter(waits).map(|book| &book.symbol)
    }

    pub(crate) fn settle(&mut self, symbol: &Symbol, through: Timestamp) {
        if let Ok(place) = self.place_of(symbol) {
            self.books[place].settled_through = Some(through);
        }
    }

    /// What the bars that it has met came to is published: marks move, cancels that waited for bars take
    /// effect, equity is taken.
    pub(crate) fn publish(&mut self, shared: &mut Shared<'_>) {
        let has_business = !self.books.is_empty();
        self.frozen.clear();
        for place in 0..self.books.len() {
            if let Some(through) = self.books[place].settled_through {
                self.end_cancelled(place, through, shared);
            }
            if let Some(mark) = self.books[place].next_mark.take() {
                self.books[place].mark = mark;
            }
        }
        self.sweep();
        if has_business {
            self.record.mark(self.point(shared.at), self.gross());
        }
    }

    /// Drops what has ended, and books that are idle.
    fn sweep(&mut self) {
        for book in &mut self.books {
            book.orders.retain(|resting| !resting.has_ended);
        }
        self.books.retain(|book| !book.is_idle());
    }

    /// The session's last publication.
    pub(crate) fn close_session(&mut self, shared: &mut Shared<'_>) {
        // An account that was told of no session takes this for the close.
        let closes_at = self.closes_at.map_or(shared.at, |closes_at| closes_at.min(shared.at));
        for place in 0..self.books.len() {
            self.fill_on_close(place, shared);
            self.end_cancelled(place, shared.at, shared);
            for order in 0..self.books[place].orders.len() {
                let resting = &self.books[place].orders[order];
                let is_over = resting.order.lifetime == Lifetime::Session
                    && resting.order.given_at < closes_at;
                if is_over && !resting.has_ended {
                    let why = if resting.order.kind == OrderKind::OnClose
                        && resting.order.remaining == resting.order.ordered
                        && !self.books[place].has_bar_since(resting.order.given_at)
                    {
                        OrderEnd::NoBarAfterIt
                    } else {
                        OrderEnd::SessionOver
                    };
                    self.end(place, order, why, shared);
                }
            }
        }
        self.publish(shared);
        self.record.close_session(self.point(shared.at), self.gross(), self.positions());
    }

    /// Ends what was cancelled at or before `through`.
    fn end_cancelled(&mut self, place: usize, through: Timestamp, shared: &mut Shared<'_>) {
        for order in 0..self.books[place].orders.len() {
            let resting = &self.books[place].orders[order];
            let is_due = resting.order.cancelled_at.is_some_and(|at| at <= through);
            if is_due && !resting.has_ended {
                self.end(place, order, OrderEnd::Cancelled, shared);
            }
        }
    }

    /// The order rests no more; the other of its pair rests alone from now on.
    fn end(&mut self, place: usize, order: usize, why: OrderEnd, shared: &mut Shared<'_>) {
        let book = &mut self.books[place];
        if let Some(partner) = book.partner_of(order) {
            book.orders[partner].order.pair = None;
        }
        let resting = &mut book.orders[order];
        resting.has_ended = true;
        shared.events.push(TradeEvent::Ended {
            order: resting.order.id,
            strategy: resting.order.strategy,
            symbol: book.symbol.clone(),
            at: shared.at,
            why,
            unfilled: resting.order.remaining,
        });
    }

    /// Its symbol has left the session: what rests of it ends.
    pub(crate) fn symbol_left(&mut self, symbol: &Symbol, shared: &mut Shared<'_>) {
        let Ok(place) = self.place_of(symbol) else { return };
        for order in 0..self.books[place].orders.len() {
            if !self.books[place].orders[order].has_ended {
                self.end(place, order, OrderEnd::SymbolLeft, shared);
            }
        }
        self.sweep();
    }

    /// A bar that was published has other values now.
    pub(crate) fn revise(&mut self, symbol: &Symbol, bar: &Bar) {
        self.record.revise(symbol, bar.opens_at);
        if let Ok(place) = self.place_of(symbol) {
            let book = &mut self.books[place];
            if book.mark.at == bar.closes_at {
                book.mark.price = bar.ohlcv.close;
            }
            // What fills at the session's close has not filled yet.
            if let Some((last, _)) = &mut book.last_bar
                && last.opens_at == bar.opens_at
            {
                *last = *bar;
            }
        }
    }

    fn may_sell_short(&self) -> bool {
        self.settings.short == ShortSales::Allowed
    }

    fn book_fill(&mut self, fill: Fill, shared: &mut Shared<'_>) {
        self.record.fill(&fill);
        shared.events.push(TradeEvent::Filled(fill));
    }
}

impl SymbolBook {
    fn has_bar_since(&self, given_at: Timestamp) -> bool {
        self.last_bar.is_some_and(|(bar, _)| bar.opens_at >= given_at)
    }
}

fn position_of(book: &SymbolBook) -> Option<Position> {
    (!book.lots.is_zero()).then(|| Position {
        symbol: book.symbol.clone(),
        lots: book.lots,
        average_price: book.average_price,
        mark: book.mark,
    })
}

/// What is known of a price once a bar has closed.
fn mark_of(bar: &Bar) -> Mark {
    Mark { price: bar.ohlcv.close, at: bar.closes_at }
}
