//! What reads a session as it runs: strategies, scanners, services.
//!
//! Callbacks come in this order within one session: [`Consumer::session_started`] with the gate
//! open at the open; for every instant at which bars closed, [`Consumer::bars_closed`] once, after
//! their publication; [`Consumer::deactivated`] when the gate shuts in mid-session and
//! [`Consumer::resumed`] when it opens again; [`Consumer::symbol_joined`] and
//! [`Consumer::symbol_left`] as members change; [`Consumer::session_closed`] with a final view.
//! Market data comes only while the gate is open.

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{Reason, View};
use openbell_time::{Timestamp, TradingDate};

use crate::command::{Command, Stay};
use crate::event::Signal;

/// A bar has closed and is published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BarClosed<'e> {
    /// The symbol.
    pub symbol: &'e Symbol,
    /// The interval.
    pub interval: BarInterval,
    /// Row of the session in that series, from 0.
    pub sequence: usize,
    /// When it closed.
    pub closes_at: Timestamp,
}

/// What of one series was not announced while the session was inactive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// The symbol.
    pub symbol: Symbol,
    /// The interval.
    pub interval: BarInterval,
    /// Sequence of the first bar that was not announced.
    pub first: usize,
    /// Sequence of the last one.
    pub last: usize,
}

impl Skipped {
    /// Bars in it, at least 1.
    pub fn n_bars(&self) -> usize {
        self.last - self.first + 1
    }
}

/// The gate is open again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resumed {
    /// The epoch that begins.
    pub epoch: u64,
    /// The session clock.
    pub at: Timestamp,
    /// What was not announced, in symbol order, then interval; a newcomer's backlog included.
    pub skipped: Vec<Skipped>,
}

/// An error of a consumer; what becomes of the run is the consumer's rule.
pub type ConsumerError = Box<dyn std::error::Error + Send + Sync>;

/// What a callback returns.
pub type Outcome = Result<(), ConsumerError>;

/// Something that is called as the session goes.
///
/// A consumer can do nothing that an outside reader could not: what it sees is the view of the
/// publication it is told about, and what it asks for is taken by the core between two steps.
/// An error or a panic of one never corrupts the others; by its [`OnError`] it stops that consumer
/// or the run.
pub trait Consumer: Send {
    /// The name in logs and reports.
    fn name(&self) -> &str;

    /// Which bars it wants to hear of; by default all.
    fn wants(&self, symbol: &Symbol, interval: BarInterval) -> bool {
        let _ = (symbol, interval);
        true
    }

    /// The session is at its open and active.
    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        let _ = context;
        Ok(())
    }

    /// Bars have closed at one instant and are published: base bars in symbol order, then derived
    /// ones, shortest interval first, in symbol order. Never empty.
    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &[BarClosed<'_>]) -> Outcome {
        let _ = (context, bars);
        Ok(())
    }

    /// The gate has shut in mid-session; nothing is heard until [`Consumer::resumed`].
    fn deactivated(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        let _ = (at, reason);
        Ok(())
    }

    /// The gate is open again.
    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        let _ = (context, resumed);
        Ok(())
    }

    /// A symbol has joined and is published.
    fn symbol_joined(&mut self, context: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        let _ = (context, symbol);
        Ok(())
    }

    /// A symbol has left.
    fn symbol_left(&mut self, at: Timestamp, symbol: &Symbol) -> Outcome {
        let _ = (at, symbol);
        Ok(())
    }

    /// The session's last instant is published; this view is its final one.
    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let _ = context;
        Ok(())
    }
}

/// What an error or panic of a consumer stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnError {
    /// The run, which then has failed.
    StopRun,
    /// That consumer; the others go on.
    StopConsumer,
}

/// What a callback may see and do.
pub struct Context<'c> {
    view: View<'c>,
    date: TradingDate,
    consumer: &'c str,
    asked: &'c mut Vec<(String, Command)>,
    signals: &'c mut Vec<Signal>,
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        view: View<'c>,
        date: TradingDate,
        consumer: &'c str,
        asked: &'c mut Vec<(String, Command)>,
        signals: &'c mut Vec<Signal>,
    ) -> Context<'c> {
        Context { view, date, consumer, asked, signals }
    }

    /// The publication that the callback is about.
    pub fn view(&self) -> View<'c> {
        self.view
    }

    /// The session's date.
    pub fn session_date(&self) -> TradingDate {
        self.date
    }

    /// Asks for symbols to join; taken after this step, in the order asked.
    pub fn add_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        let symbols = symbols.into_iter().collect();
        self.ask(Command::AddSymbols { symbols, stay: Stay::Session });
    }

    /// Asks for symbols to leave.
    pub fn remove_symbols(&mut self, symbols: impl IntoIterator<Item = Symbol>) {
        self.ask(Command::RemoveSymbols { symbols: symbols.into_iter().collect() });
    }

    /// Asks for a symbol to be kept until it is unlocked.
    pub fn lock(&mut self, symbol: Symbol) {
        self.ask(Command::Lock { symbol });
    }

    /// Lets a symbol be removed again.
    pub fn unlock(&mut self, symbol: Symbol) {
        self.ask(Command::Unlock { symbol });
    }

    /// Records a signal in the event log.
    pub fn signal(&mut self, symbol: &Symbol, kind: &str, value: Option<f64>) {
        self.signals.push(Signal {
            consumer: self.consumer.to_owned(),
            symbol: symbol.clone(),
            kind: kind.to_owned(),
            value,
        });
    }

    fn ask(&mut self, command: Command) {
        self.asked.push((self.consumer.to_owned(), command));
    }
}
