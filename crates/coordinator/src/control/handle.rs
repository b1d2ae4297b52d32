//! The way into a running session from any thread: commands in, tickets and polled state out.

use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::OutsideReader;
use openbell_time::{Timestamp, WallClock};
use thiserror::Error;

use crate::control::asked::Asked;
use crate::control::command::{Answer, Command, PaceCommand, Refusal, SessionCommand, Stay};
use crate::control::facts::FactBoard;
use crate::control::queue::{Entrance, NotTaken, Waiting, queue};
use crate::control::signal::Signal;
use crate::control::status::{Status, StatusBoard};
use crate::control::waker::Waker;
use crate::control::why::{Diagnosis, diagnose};

/// Commands that may wait. When so many wait, a further one is refused at once; nobody blocks.
const QUEUE_LEN: usize = 1024;

/// Why waiting for a ticket gave no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The core waits for this callback, inline or lock-step, which so would wait for itself.
    #[error(
        "a callback that the core waits for cannot wait for a ticket; take the answer in a later callback"
    )]
    OnTheCoreThread,
}

type Callback = Box<dyn FnOnce(Answer) + Send>;

enum ReplyTo {
    Ticket(Sender<Answer>),
    Callback(Callback),
}

/// A command on its way, which is answered exactly once: where nobody does, it answers *stopped*.
pub(crate) struct Envelope {
    pub(crate) command: Command,
    /// Taken with the answer.
    reply_to: Option<ReplyTo>,
}

impl Envelope {
    pub(crate) fn answer(mut self, answer: Answer) {
        self.send(answer);
    }

    fn send(&mut self, answer: Answer) {
        match self.reply_to.take() {
            None => {}
            // A ticket that was dropped wants no answer.
            Some(ReplyTo::Ticket(sender)) => drop(sender.send(answer)),
            Some(ReplyTo::Callback(callback)) => callback(answer),
        }
    }
}

impl Drop for Envelope {
    fn drop(&mut self) {
        self.send(Answer::Stopped);
    }
}

/// Which threads are inside a step or a lock-step callback, so that none waits for itself.
#[derive(Default)]
pub(crate) struct CoreThread(std::sync::Mutex<Vec<ThreadId>>);

impl CoreThread {
    pub(crate) fn enter(&self) {
        self.inside().push(std::thread::current().id());
    }

    pub(crate) fn leave(&self) {
        let current = std::thread::current().id();
        let mut inside = self.inside();
        if let Some(at) = inside.iter().rposition(|&id| id == current) {
            inside.remove(at);
        }
    }

    fn is_current(&self) -> bool {
        self.inside().contains(&std::thread::current().id())
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Vec<ThreadId>> {
        // A panic cannot leave the list half written.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The open end of a command: its answer comes here.
pub struct Ticket {
    answer: Receiver<Answer>,
    core: Arc<CoreThread>,
}

impl Ticket {
    /// The answer where there is one already.
    pub fn try_answer(&self) -> Option<Answer> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Answer::Stopped),
        }
    }

    /// Waits for the answer, and at most so long: a copy of it, or `None` where none has come. The
    /// ticket is good for waiting again.
    ///
    /// # Errors
    ///
    /// As for [`Ticket::wait`].
    #[expect(clippy::disallowed_methods, reason = "the user waits, and says for how long")]
    pub fn wait_timeout(&self, at_most: Duration) -> Result<Option<Answer>, WaitError> {
        if self.core.is_current() {
            return Err(WaitError::OnTheCoreThread);
        }
        match self.answer.recv_timeout(at_most) {
            Ok(answer) => Ok(Some(answer)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Answer::Stopped)),
        }
    }

    /// Waits for the answer.
    ///
    /// # Errors
    ///
    /// [`WaitError::OnTheCoreThread`] inside a callback of an inline or lock-step consumer, where
    /// waiting would never end.
    pub fn wait(self) -> Result<Answer, WaitError> {
        if self.core.is_current() {
            return Err(WaitError::OnTheCoreThread);
        }
        Ok(self.answer.recv().unwrap_or(Answer::Stopped)) // A closed channel: the run is gone.
    }
}

/// A handle to a run: cheap to clone, usable from any thread.
///
/// *Cost*: giving a command puts it in a queue and returns; it is taken by the core between two
/// steps, in order of arrival. Nothing here waits for the core but [`Ticket::wait`].
#[derive(Clone)]
pub struct Handle {
    queue: Entrance<Envelope>,
    core: Arc<CoreThread>,
    status: Arc<StatusBoard>,
    facts: Arc<FactBoard>,
    reader: OutsideReader,
    waker: Waker,
}

impl Handle {
    pub(crate) fn new(
        core: Arc<CoreThread>,
        (status, facts): (Arc<StatusBoard>, Arc<FactBoard>),
        reader: OutsideReader,
    ) -> (Handle, CommandQueue) {
        let (entrance, waiting) = queue(QUEUE_LEN);
        (Handle { queue: entrance, core, status, facts, reader, waker: Waker::default() }, waiting)
    }

    /// Gives a command; its answer comes by the ticket.
    pub fn command(&self, command: impl Into<Command>) -> Ticket {
        let (sender, answer) = bounded(1);
        self.give(command.into(), ReplyTo::Ticket(sender));
        Ticket { answer, core: Arc::clone(&self.core) }
    }

    /// Gives a command; its answer is handed to `callback`, once, on the core's thread (or on
    /// this one, where the run is over or the queue is full).
    pub fn command_then(
        &self,
        command: impl Into<Command>,
        callback: impl FnOnce(Answer) + Send + 'static,
    ) {
        self.give(command.into(), ReplyTo::Callback(Box::new(callback)));
    }

    /// Adds symbols for this session.
    pub fn add_symbols(&self, symbols: impl IntoIterator<Item = Symbol>) -> Ticket {
        let symbols = symbols.into_iter().collect();
        self.command(SessionCommand::AddSymbols { symbols, stay: Stay::Session })
    }

    /// Adds symbols for this and all later sessions of the run.
    pub fn add_symbols_to_stay(&self, symbols: impl IntoIterator<Item = Symbol>) -> Ticket {
        let symbols = symbols.into_iter().collect();
        self.command(SessionCommand::AddSymbols { symbols, stay: Stay::Run })
    }

    /// Removes symbols.
    pub fn remove_symbols(&self, symbols: impl IntoIterator<Item = Symbol>) -> Ticket {
        let symbols = symbols.into_iter().collect();
        self.command(SessionCommand::RemoveSymbols { symbols })
    }

    /// Keeps a symbol from being removed.
    pub fn lock(&self, symbol: Symbol) -> Ticket {
        self.command(SessionCommand::Lock { symbol })
    }

    /// Lets a symbol be removed again.
    pub fn unlock(&self, symbol: Symbol) -> Ticket {
        self.command(SessionCommand::Unlock { symbol })
    }

    /// Derives a further interval.
    pub fn add_interval(&self, interval: BarInterval) -> Ticket {
        self.command(SessionCommand::AddInterval { interval })
    }

    /// Computes a further indicator.
    pub fn add_indicator(&self, spec: IndicatorSpec) -> Ticket {
        self.command(SessionCommand::AddIndicator { spec })
    }

    /// Records a signal of an outsider.
    pub fn signal(&self, signal: Signal) -> Ticket {
        self.command(SessionCommand::Signal { signal })
    }

    /// Lets the clock stand.
    pub fn pause(&self) -> Ticket {
        self.command(PaceCommand::Pause)
    }

    /// Lets the clock go on.
    pub fn resume(&self) -> Ticket {
        self.command(PaceCommand::Resume)
    }

    /// Lets the paused clock visit one further instant.
    pub fn step(&self) -> Ticket {
        self.command(PaceCommand::Step)
    }

    /// Lets the paused clock go on up to and including `until`.
    pub fn run_until(&self, until: Timestamp) -> Ticket {
        self.command(PaceCommand::RunUntil { until })
    }

    /// Changes the speed: 0 as fast as possible, N times real time.
    pub fn change_speed(&self, multiplier: f64) -> Ticket {
        self.command(PaceCommand::ChangeSpeed { multiplier })
    }

    /// Ends the run in order.
    pub fn stop(&self) -> Ticket {
        self.command(SessionCommand::Stop)
    }

    /// The state of the run, as a copy; never waits for the core.
    pub fn status(&self) -> Status {
        self.status.status(self.reader.clone())
    }

    /// Why somebody gets no data: the first cause that holds, what was ruled out, and the ways out.
    ///
    /// *Cost*: it is answered on the caller's thread and never waits for the core, also where the core
    /// hangs; what a step finds is known when that step is over. Linear in the symbols of the session.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn example(engine: &openbell_coordinator::Engine) -> Result<(), openbell_market::MarketError> {
    /// let diagnosis = engine.handle().why(Some("AAPL".parse()?), Some("5m".parse()?), None);
    /// // Before the first step of a run.
    /// assert_eq!(diagnosis.verdict.name(), "not_begun");
    /// # Ok(())
    /// # }
    /// ```
    pub fn why(
        &self,
        symbol: Option<Symbol>,
        interval: Option<BarInterval>,
        consumer: Option<String>,
    ) -> Diagnosis {
        let asked = Asked { symbol, interval, consumer };
        diagnose(asked, (&self.status, &self.facts), self.reader.clone())
    }

    /// The members of the session that are caught up, in symbol order.
    pub fn loaded_symbols(&self) -> Vec<Symbol> {
        self.status.loaded()
    }

    /// The symbols that are loading or catching up, in symbol order.
    pub fn pending_symbols(&self) -> Vec<Symbol> {
        self.status.pending()
    }

    /// The intervals that feeds deliver.
    pub fn streamed(&self) -> Vec<BarInterval> {
        self.status.streamed()
    }

    /// The intervals that the processor derives.
    pub fn derived(&self) -> Vec<BarInterval> {
        self.status.derived()
    }

    /// A reader for services and displays; every view of it passes the gate.
    pub fn reader(&self) -> OutsideReader {
        self.reader.clone()
    }

    /// Commands end the waits of `wall` from now on, whichever clone gives them.
    pub(crate) fn wakes(&self, wall: Arc<dyn WallClock>) {
        self.waker.wakes(wall);
    }

    fn give(&self, command: Command, reply_to: ReplyTo) {
        match self.queue.give(Envelope { command, reply_to: Some(reply_to) }) {
            Ok(()) => self.waker.wake(),
            Err(NotTaken::Full(envelope)) => {
                envelope.answer(Answer::Refused(Refusal::QueueFull));
            }
            // Dropping it answers *stopped*.
            Err(NotTaken::Over(envelope)) => drop(envelope),
        }
    }
}

/// The core's end of the queue.
pub(crate) type CommandQueue = Waiting<Envelope>;
