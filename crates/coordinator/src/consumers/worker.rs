//! The seats of consumers that are called on threads of their own.
//!
//! A library starts no threads: registering a consumer lock-step or free hands back a [`Seat`],
//! which the program moves to a thread and [runs](Seat::run).

use std::fmt;
use std::sync::Arc;

use openbell_session_data::OutsideReader;

use crate::control::command::{Answer, Command, Refusal};
use crate::consumers::consumer::{Consumer, Lagged};
use crate::consumers::context::{Context, Desk, Outbox};
use crate::consumers::rendezvous::Exchange;
use crate::control::handle::{CoreThread, Handle};
use crate::consumers::mailbox::{Left, Lost, Mailbox};
use crate::consumers::notice::{BarBuffer, Posted, guarded, tell_one};
use crate::history::request::{Archive, HistoryError, NoArchive, PastAsked, PastSessions};

/// What a lock-step callback has come to.
pub(crate) struct Done {
    pub(crate) outcome: Result<(), String>,
    pub(crate) outbox: Outbox,
}

/// Where the core and a lock-step seat meet.
pub(crate) type LockStep = Exchange<Posted, PastAsked, Result<PastSessions, HistoryError>, Done>;

/// How a consumer is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// On the core's thread.
    Inline,
    /// On a thread of its own; the core waits until it has finished what it was given.
    LockStep,
    /// On a thread of its own, out of a bounded queue; the core never waits.
    Free,
}

impl Delivery {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Delivery::Inline => "inline",
            Delivery::LockStep => "lock_step",
            Delivery::Free => "free",
        }
    }
}

pub(crate) enum Line {
    LockStep(Arc<LockStep>),
    Free(Arc<Mailbox<Posted>>),
}

/// A registered consumer that waits for a thread.
///
/// Dropping a seat is the same as an error of its consumer: the core goes on or fails by the
/// consumer's rule, and never waits for a seat that is gone. A lock-step seat that nobody runs yet
/// keeps the run from going on: [`Engine::step`](crate::Engine::step) answers
/// [`Step::Waits`](crate::Step::Waits), and the operations log says for whom.
#[must_use = "a seat has to be run on a thread; dropping it fails its consumer"]
pub struct Seat {
    pub(crate) name: String,
    pub(crate) consumer: Box<dyn Consumer>,
    /// Never has a view itself, so that it keeps no memory between two callbacks.
    pub(crate) reader: OutsideReader,
    pub(crate) handle: Handle,
    pub(crate) core: Arc<CoreThread>,
    pub(crate) line: Line,
}

/// Why a seat came to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SeatEnd {
    /// The run has ended, or its engine was dropped.
    RunEnded,
    /// The consumer failed.
    Failed {
        /// What it said.
        why: String,
    },
}

impl Seat {
    /// The name of its consumer in logs and reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the core waits for it.
    pub fn delivery(&self) -> Delivery {
        match self.line {
            Line::LockStep(_) => Delivery::LockStep,
            Line::Free(_) => Delivery::Free,
        }
    }

    /// Calls the consumer with what comes, until the run has ended or the consumer fails.
    ///
    /// *Cost*: blocks this thread, which must not be the one that steps; while nothing is due it
    /// sleeps.
    pub fn run(mut self) -> SeatEnd {
        match &self.line {
            Line::LockStep(exchange) => {
                let exchange = Arc::clone(exchange);
                self.run_lock_step(&exchange)
            }
            Line::Free(mailbox) => {
                let mailbox = Arc::clone(mailbox);
                self.run_free(&mailbox)
            }
        }
    }

    fn run_lock_step(&mut self, exchange: &LockStep) -> SeatEnd {
        let (mut outbox, mut buffer) = (Outbox::default(), BarBuffer::default());
        exchange.sit();
        while let Some(posted) = exchange.take() {
            // The core stands still while it waits, so this is the publication it told of.
            let mut reader = self.reader.clone();
            let view = match posted.notice.needs_view() {
                true => reader.view().ok(), // Inactive: the callback is not made.
                false => None,
            };
            let mut archive = Asking(exchange);
            let desk = desk(&self.name, &posted, &mut outbox, &mut archive);
            let consumer = self.consumer.as_mut();
            self.core.enter();
            let outcome =
                tell_one(consumer, &posted.notice, &posted.wanted, view, desk, &mut buffer);
            self.core.leave();
            drop(reader);
            drop(posted); // The core may use the room of its bars again.
            let failure = outcome.as_ref().err().cloned();
            exchange.finish(Done { outcome, outbox: std::mem::take(&mut outbox) });
            if let Some(why) = failure {
                return SeatEnd::Failed { why };
            }
        }
        SeatEnd::RunEnded
    }

    fn run_free(&mut self, mailbox: &Mailbox<Posted>) -> SeatEnd {
        let mut buffer = BarBuffer::default();
        let mut lost = Lost::default();
        while let Some((displaced, posted, n_bars)) = mailbox.take() {
            lost.add(displaced);
            match self.tell_free(&posted, &mut lost, n_bars, &mut buffer) {
                Ok(()) => {}
                Err(why) => {
                    mailbox.leave(Left::Failed(why.clone()));
                    return SeatEnd::Failed { why };
                }
            }
        }
        SeatEnd::RunEnded
    }

    /// Tells one notice as things stand now; one whose time is over is counted as lost.
    fn tell_free(
        &mut self,
        posted: &Posted,
        lost: &mut Lost,
        n_bars: u64,
        buffer: &mut BarBuffer,
    ) -> Result<(), String> {
        let mut reader = self.reader.clone();
        let view = match (&posted.held, posted.notice.needs_view()) {
            (Some(held), _) => Some(held.view()),
            (None, true) => reader.view().ok().filter(|view| view.epoch() == posted.epoch),
            (None, false) => None,
        };
        if posted.notice.needs_view() && view.is_none() {
            lost.add(Lost { n_notices: 1, n_bars });
            return Ok(());
        }
        let (mut outbox, consumer) = (Outbox::default(), self.consumer.as_mut());
        let mut archive = NoArchive;
        let mut outcome = Ok(());
        if let Some(view) = view
            && !lost.is_nothing()
        {
            let Lost { n_notices, n_bars } = std::mem::take(lost);
            let desk = desk(&self.name, posted, &mut outbox, &mut archive);
            let lagged = Lagged { n_notices, n_bars };
            outcome = guarded(|| consumer.lagged(&mut Context::new(view, desk), &lagged));
        }
        if outcome.is_ok() {
            let desk = desk(&self.name, posted, &mut outbox, &mut archive);
            outcome = tell_one(consumer, &posted.notice, &posted.wanted, view, desk, buffer);
        }
        let given = give_all(&self.handle, outbox);
        outcome.and(given)
    }
}

/// Gives what a free consumer asked for, as any outsider does.
fn give_all(handle: &Handle, outbox: Outbox) -> Result<(), String> {
    let signals = outbox.signals.into_iter().map(|signal| Command::Signal { signal });
    for command in outbox.asked.into_iter().chain(signals) {
        let full = Answer::Refused(Refusal::QueueFull);
        if handle.command(command).try_answer() == Some(full) {
            return Err(Refusal::QueueFull.to_string());
        }
    }
    Ok(())
}

fn desk<'c>(
    name: &'c str,
    posted: &Posted,
    outbox: &'c mut Outbox,
    archive: &'c mut dyn Archive,
) -> Desk<'c> {
    Desk { at: posted.at, session: posted.session, consumer: name, outbox, archive }
}

/// History by way of the core, which waits for this callback and so has time.
struct Asking<'e>(&'e LockStep);

impl Archive for Asking<'_> {
    fn past(&mut self, asked: PastAsked) -> Result<PastSessions, HistoryError> {
        self.0.ask(asked).unwrap_or(Err(HistoryError::RunEnded))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        match &self.line {
            Line::LockStep(exchange) => exchange.leave(),
            Line::Free(mailbox) => mailbox.leave(Left::Dropped),
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("name", &self.name)
            .field("delivery", &self.delivery())
            .finish()
    }
}
