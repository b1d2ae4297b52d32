//! What a callback may see and do.

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::View;
use openbell_time::{Session, Timestamp, TradingDate};

use crate::control::command::{Command, Stay};
use crate::control::event::Signal;
use crate::history::request::{Archive, HistoryError, PastAsked, PastSessions};

/// What one callback asked for and said, in order; recycled.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) asked: Vec<Command>,
    pub(crate) signals: Vec<Signal>,
}

/// What every callback that may act has.
pub(crate) struct Desk<'c> {
    pub(crate) at: Timestamp,
    pub(crate) session: Session,
    pub(crate) consumer: &'c str,
    pub(crate) outbox: &'c mut Outbox,
    pub(crate) archive: &'c mut dyn Archive,
}

impl Desk<'_> {
    fn ask(&mut self, command: Command) {
        self.outbox.asked.push(command);
    }

    fn add(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        let symbols = symbols.into_iter().collect();
        self.ask(Command::AddSymbols { symbols, stay: Stay::Session });
    }

    fn remove(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.ask(Command::RemoveSymbols { symbols: symbols.into_iter().collect() });
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
    ) -> Result<PastSessions, HistoryError> {
        let n_sessions = n_sessions.max(1);
        self.archive.past(PastAsked { symbol: symbol.clone(), interval, n_sessions })
    }
}

/// What a callback may see and do while the session is active.
///
/// What it asks for is taken by the core after the callbacks of this step, in the order asked, and
/// answered to [`Consumer::answered`](crate::Consumer::answered).
pub struct Context<'c> {
    view: View<'c>,
    desk: Desk<'c>,
}

impl<'c> Context<'c> {
    pub(crate) fn new(view: View<'c>, desk: Desk<'c>) -> Context<'c> {
        Context { view, desk }
    }

    /// The publication that the callback is about (free delivery: the one of now).
    pub fn view(&self) -> View<'c> {
        self.view
    }

    /// The session's date.
    pub fn session_date(&self) -> TradingDate {
        self.desk.session.date
    }

    /// The session: its open, close and breaks.
    pub fn session(&self) -> Session {
        self.desk.session
    }

    /// The session clock when this callback was given.
    pub fn now(&self) -> Timestamp {
        self.desk.at
    }

    /// The bars of the last `n_sessions` sessions strictly before this one, of any symbol of the
    /// source, a member or not. At least one session is read.
    ///
    /// *Cost*: opens and reads files, the same on every call; keep what you need again. *Errors*:
    /// an unknown symbol, an interval that is neither stored nor made of the base, a source that
    /// cannot be read, free delivery.
    pub fn history(
        &mut self,
        symbol: &Symbol,
        interval: BarInterval,
        n_sessions: u32,
    ) -> Result<PastSessions, HistoryError> {
        self.desk.history(symbol, interval, n_sessions)
    }

    /// Asks for symbols to join for this session.
    pub fn add_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.desk.add(symbols);
    }

    /// Asks for symbols to leave.
    pub fn remove_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.desk.remove(symbols);
    }

    /// Asks for a symbol to be kept until it is unlocked.
    pub fn lock(&mut self, symbol: Symbol) {
        self.desk.ask(Command::Lock { symbol });
    }

    /// Lifts this consumer's lock; the symbol stays while another one has locked it.
    pub fn unlock(&mut self, symbol: Symbol) {
        self.desk.ask(Command::Unlock { symbol });
    }

    /// Records a signal: in the event log, the report and the export.
    pub fn signal(&mut self, symbol: &Symbol, kind: &str, value: Option<f64>) {
        self.desk.signal(symbol, kind, value);
    }
}

/// What a callback may do before the session's open: there is no market data of the day yet.
pub struct BeforeOpen<'c> {
    desk: Desk<'c>,
}

impl<'c> BeforeOpen<'c> {
    pub(crate) fn new(desk: Desk<'c>) -> BeforeOpen<'c> {
        BeforeOpen { desk }
    }

    /// The session's date.
    pub fn session_date(&self) -> TradingDate {
        self.desk.session.date
    }

    /// The session: its open, close and breaks.
    pub fn session(&self) -> Session {
        self.desk.session
    }

    /// As [`Context::history`].
    ///
    /// *Errors*: as there.
    pub fn history(
        &mut self,
        symbol: &Symbol,
        interval: BarInterval,
        n_sessions: u32,
    ) -> Result<PastSessions, HistoryError> {
        self.desk.history(symbol, interval, n_sessions)
    }

    /// Asks for symbols to join at the open, for this session.
    pub fn add_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.desk.add(symbols);
    }

    /// Records a signal: in the event log, the report and the export.
    pub fn signal(&mut self, symbol: &Symbol, kind: &str, value: Option<f64>) {
        self.desk.signal(symbol, kind, value);
    }
}
