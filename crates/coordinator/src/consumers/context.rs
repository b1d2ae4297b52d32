//! What a callback may see and do.

use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::View;
use openbell_time::{Session, Timestamp, TradingDate};

use crate::control::command::{SessionCommand, Stay};
use crate::control::signal::Signal;
use crate::history::request::{HistoryBars, HistoryError, HistoryRequest, HistorySource};

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
