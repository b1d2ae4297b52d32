//! What a callback may see and do.

use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::View;
use openbell_time::{Session, Timestamp, TradingDate};

use crate::consumers::desk::{Desk, DeskAnswer, DeskQuestion};
use crate::control::command::{SessionCommand, Stay};
use crate::control::signal::Signal;
use crate::history::request::{HistoryBars, HistoryError, HistoryRequest, HistorySource};
use crate::trading::order::{NewOrder, Order, OrderId, Placed, Placement};
use crate::trading::position::{Balance, Position};
use crate::trading::refusal::{CancelRefusal, OrderRefusal};

/// What one callback asked for and said, in order; recycled.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) asked: Vec<SessionCommand>,
    pub(crate) signals: Vec<Signal>,
}

/// What every callback that may act has.
pub(crate) struct CallbackScope<'c> {
    pub(crate) at: Timestamp,
    pub(crate) session: Session,
    pub(crate) is_rehearsal: bool,
    pub(crate) consumer: &'c str,
    pub(crate) outbox: &'c mut Outbox,
    pub(crate) history_source: &'c mut dyn HistorySource,
    pub(crate) desk: &'c mut dyn Desk,
}

impl CallbackScope<'_> {
    fn ask(&mut self, command: SessionCommand) {
        self.outbox.asked.push(command);
    }

    fn add(&mut self, symbols: impl IntoIterator<Item = Symbol>, stay: Stay) {
        let symbols = symbols.into_iter().collect();
        self.ask(SessionCommand::AddSymbols { symbols, stay });
    }

    fn remove(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.ask(SessionCommand::RemoveSymbols { symbols: symbols.into_iter().collect() });
    }

    fn signal(&mut self, symbol: &Symbol, kind: &str, value: Option<f64>) {
        self.outbox.signals.push(Signal {
            consumer: self.consumer.to_owned(),
            symbol: symbol.clone(),
            kind: kind.to_owned(),
            value,
        });
    }

    fn history(
        &mut self,
        symbol: &Symbol,
        interval: BarInterval,
        n_sessions: u32,
    ) -> Result<HistoryBars, HistoryError> {
        let n_sessions = n_sessions.max(1);
        self.history_source.history(HistoryRequest { symbol: symbol.clone(), interval, n_sessions })
    }
}

/// What a callback may see and do while the session is active.
///
/// What it asks for is taken by the core after the callbacks of this step, in the order asked, and
/// answered to [`Consumer::answered`](crate::Consumer::answered).
pub struct Context<'c> {
    view: View<'c>,
    scope: CallbackScope<'c>,
}

impl<'c> Context<'c> {
    pub(crate) fn new(view: View<'c>, scope: CallbackScope<'c>) -> Context<'c> {
        Context { view, scope }
    }

    /// The publication that the callback is about (free delivery: the one of now).
    pub fn view(&self) -> View<'c> {
        self.view
    }

    /// The session's date.
    pub fn session_date(&self) -> TradingDate {
        self.scope.session.date
    }

    /// The session: its open, close and breaks.
    pub fn session(&self) -> Session {
        self.scope.session
    }

    /// The session clock when this callback was given.
    pub fn now(&self) -> Timestamp {
        self.scope.at
    }

    /// Whether this was called before, by a process that has ended since: a recorded run is repeated, so
    /// that what is kept in memory is as it was ([`Engine::rehearse`](crate::Engine::rehearse)). What a
    /// consumer decides may not depend on it, or the run comes to something else; what it does outside,
    /// such as sending an order, it has done then and does not do once more.
    pub fn is_rehearsal(&self) -> bool {
        self.scope.is_rehearsal
    }

    /// The bars of the last `n_sessions` sessions strictly before this one, of any symbol of the
    /// source, a member or not. At least one session is read.
    ///
    /// *Cost*: opens and reads files, the same on every call; keep what you need again.
    ///
    /// # Errors
    ///
    /// An unknown symbol, an interval that is neither stored nor made of the base, a source that
    /// cannot be read, free delivery.
    pub fn history(
        &mut self,
        symbol: &Symbol,
        interval: BarInterval,
        n_sessions: u32,
    ) -> Result<HistoryBars, HistoryError> {
        self.scope.history(symbol, interval, n_sessions)
    }

    /// Asks for symbols to join for this session.
    pub fn add_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.scope.add(symbols, Stay::Session);
    }

    /// Asks for symbols to join for this and all later sessions of the run.
    pub fn add_symbols_to_stay(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.scope.add(symbols, Stay::Run);
    }

    /// Asks for symbols to leave.
    pub fn remove_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.scope.remove(symbols);
    }

    /// Asks for a symbol to be kept until it is unlocked.
    pub fn lock(&mut self, symbol: Symbol) {
        self.scope.ask(SessionCommand::Lock { symbol });
    }

    /// Lifts this consumer's lock; the symbol stays while another one has locked it.
    pub fn unlock(&mut self, symbol: Symbol) {
        self.scope.ask(SessionCommand::Unlock { symbol });
    }

    /// Asks for a further interval to be derived, built back from the session's open.
    pub fn add_interval(&mut self, interval: BarInterval) {
        self.scope.ask(SessionCommand::AddInterval { interval });
    }

    /// Asks for a further indicator to be computed, built back from the session's open.
    pub fn add_indicator(&mut self, spec: IndicatorSpec) {
        self.scope.ask(SessionCommand::AddIndicator { spec });
    }

    /// Records a signal: in the event log, the report and the export.
    pub fn signal(&mut self, symbol: &Symbol, kind: &str, value: Option<f64>) {
        self.scope.signal(symbol, kind, value);
    }

    /// Orders on paper, from the account of this consumer
    /// ([`Engine::open_accounts`](crate::Engine::open_accounts)). It is taken or refused at once, and can
    /// meet bars that open at this instant or later; what becomes of it is told by
    /// [`Consumer::traded`](crate::Consumer::traded).
    ///
    /// # Errors
    ///
    /// Why it is refused; [`OrderRefusal::NoAccount`] where the consumer has no account, and always with
    /// free delivery.
    pub fn order(&mut self, order: NewOrder) -> Result<OrderId, OrderRefusal> {
        self.place(Placement::One(order)).map(|placed| placed.first)
    }

    /// Orders a stop and a target on paper, of which one cancels the other.
    ///
    /// # Errors
    ///
    /// As [`Context::order`].
    pub fn order_pair(&mut self, stop: NewOrder, target: NewOrder) -> Result<Placed, OrderRefusal> {
        self.place(Placement::Pair { stop, target })
    }

    fn place(&mut self, placement: Placement) -> Result<Placed, OrderRefusal> {
        let symbol = placement.symbol().clone();
        match self.scope.desk.ask(DeskQuestion::Place(placement)) {
            Some(DeskAnswer::Placed(outcome)) => outcome,
            _ => Err(OrderRefusal::NoAccount { symbol }),
        }
    }

    /// Cancels an order of this consumer, for bars that open at this instant or later.
    ///
    /// # Errors
    ///
    /// It does not rest, or is cancelled already.
    pub fn cancel(&mut self, order: OrderId) -> Result<(), CancelRefusal> {
        match self.scope.desk.ask(DeskQuestion::Cancel(order)) {
            Some(DeskAnswer::Cancelled(outcome)) => outcome,
            _ => Err(CancelRefusal::NotResting { order }),
        }
    }

    /// The money of this consumer's account; `None` where it has none.
    pub fn balance(&mut self) -> Option<Balance> {
        match self.scope.desk.ask(DeskQuestion::Balance) {
            Some(DeskAnswer::Balance(balance)) => Some(balance),
            _ => None,
        }
    }

    /// What its account holds of `symbol`; `None` where it is nothing.
    pub fn position(&mut self, symbol: &Symbol) -> Option<Position> {
        match self.scope.desk.ask(DeskQuestion::Position(symbol.clone())) {
            Some(DeskAnswer::Position(position)) => position,
            _ => None,
        }
    }

    /// All that its account holds, in symbol order.
    pub fn positions(&mut self) -> Vec<Position> {
        match self.scope.desk.ask(DeskQuestion::Positions) {
            Some(DeskAnswer::Positions(positions)) => positions,
            _ => Vec::new(),
        }
    }

    /// Its orders that rest, in order of arrival.
    pub fn resting_orders(&mut self) -> Vec<Order> {
        match self.scope.desk.ask(DeskQuestion::Resting) {
            Some(DeskAnswer::Resting(orders)) => orders,
            _ => Vec::new(),
        }
    }
}

/// What a callback may do before the session's open: there is no market data of the day yet.
pub struct BeforeOpen<'c> {
    scope: CallbackScope<'c>,
}

impl<'c> BeforeOpen<'c> {
    pub(crate) fn new(scope: CallbackScope<'c>) -> BeforeOpen<'c> {
        BeforeOpen { scope }
    }

    /// The session's date.
    pub fn session_date(&self) -> TradingDate {
        self.scope.session.date
    }

    /// The session: its open, close and breaks.
    pub fn session(&self) -> Session {
        self.scope.session
    }

    /// As [`Context::history`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn history(
        &mut self,
        symbol: &Symbol,
        interval: BarInterval,
        n_sessions: u32,
    ) -> Result<HistoryBars, HistoryError> {
        self.scope.history(symbol, interval, n_sessions)
    }

    /// Asks for symbols to join at the open, for this session.
    pub fn add_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.scope.add(symbols, Stay::Session);
    }

    /// Asks for symbols to join at the open, for this and all later sessions of the run.
    pub fn add_symbols_to_stay(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.scope.add(symbols, Stay::Run);
    }

    /// Records a signal: in the event log, the report and the export.
    pub fn signal(&mut self, symbol: &Symbol, kind: &str, value: Option<f64>) {
        self.scope.signal(symbol, kind, value);
    }
}
