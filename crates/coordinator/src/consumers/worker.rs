//! The workers of consumers that are called on threads of their own.
//!
//! A library starts no threads: registering a consumer lock-step or free hands back a [`Worker`],
//! which the program moves to a thread and [runs](Worker::run).

use std::fmt;
use std::sync::Arc;

use openbell_session_data::OutsideReader;

use crate::consumers::consumer::{Consumer, Lagged};
use crate::consumers::context::{CallbackScope, Context, Outbox};
use crate::consumers::desk::{Desk, DeskAnswer, DeskQuestion, NoDesk};
use crate::consumers::mailbox::{Left, Lost, Mailbox};
use crate::consumers::notice::{Posted, guarded, notify_one, saved};
use crate::consumers::rendezvous::Rendezvous;
use crate::control::command::{Answer, Refusal, SessionCommand};
use crate::control::handle::{CoreThread, Handle};
use crate::history::request::{
    HistoryBars, HistoryError, HistoryRequest, HistorySource, NoHistory,
};

/// What a lock-step callback has come to.
pub(crate) struct Done {
    pub(crate) outcome: Result<(), String>,
    pub(crate) outbox: Outbox,
    /// What it keeps in memory, where it was asked for that and says so.
    pub(crate) saved: Option<Vec<u8>>,
}

/// What the core gives to a lock-step worker.
pub(crate) enum Work {
    /// A notice, to be handed to the consumer.
    Notice(Posted),
    /// The question what the consumer keeps in memory.
    Save,
}

/// Where the core and a lock-step worker meet.
pub(crate) type LockStep = Rendezvous<Work, Question, Reply, Done>;

/// What a lock-step callback asks the core before it goes on.
pub(crate) enum Question {
    History(HistoryRequest),
    Desk(DeskQuestion),
}

/// What it is answered.
pub(crate) enum Reply {
    History(Result<HistoryBars, HistoryError>),
    /// `None`: it has no account.
    Desk(Option<DeskAnswer>),
}

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

pub(crate) enum Channel {
    LockStep(Arc<LockStep>),
    Free(Arc<Mailbox<Posted>>),
}

/// A registered consumer that waits for a thread.
///
/// Dropping a worker is the same as an error of its consumer: the core goes on or fails by the
/// consumer's rule, and never waits for a worker that is gone. A lock-step worker that nobody runs yet
/// keeps the run from going on: [`Engine::step`](crate::Engine::step) answers
/// [`Step::Waits`](crate::Step::Waits), and the operations log says for whom.
#[must_use = "a worker has to be run on a thread; dropping it fails its consumer"]
pub struct Worker {
    pub(crate) name: String,
    pub(crate) consumer: Box<dyn Consumer>,
    /// Never has a view itself, so that it keeps no memory between two callbacks.
    pub(crate) reader: OutsideReader,
    pub(crate) handle: Handle,
    pub(crate) core: Arc<CoreThread>,
    pub(crate) channel: Channel,
}

/// Why a worker has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WorkerEnd {
    /// The run has ended, or its engine was dropped.
    RunEnded,
    /// The consumer failed.
    Failed {
        /// What it said.
        why: String,
    },
}

impl Worker {
    /// The name of its consumer in logs and reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the core waits for it.
    pub fn delivery(&self) -> Delivery {
        match self.channel {
            Channel::LockStep(_) => Delivery::LockStep,
            Channel::Free(_) => Delivery::Free,
        }
    }

    /// Calls the consumer with what comes, until the run has ended or the consumer fails.
    ///
    /// *Cost*: blocks this thread, which must not be the one that steps; while nothing is due it
    /// sleeps.
    pub fn run(mut self) -> WorkerEnd {
        match &self.channel {
            Channel::LockStep(rendezvous) => {
                let rendezvous = Arc::clone(rendezvous);
                self.run_lock_step(&rendezvous)
            }
            Channel::Free(mailbox) => {
                let mailbox = Arc::clone(mailbox);
                self.run_free(&mailbox)
            }
        }
    }

    fn run_lock_step(&mut self, rendezvous: &LockStep) -> WorkerEnd {
        let mut outbox = Outbox::default();
        rendezvous.arrive();
        while let Some(work) = rendezvous.take() {
            let posted = match work {
                Work::Notice(posted) => posted,
                Work::Save => {
                    let outbox = std::mem::take(&mut outbox);
                    match saved(self.consumer.as_ref()) {
                        Ok(saved) => rendezvous.finish(Done { outcome: Ok(()), outbox, saved }),
                        Err(why) => {
                            let outcome = Err(why.clone());
                            rendezvous.finish(Done { outcome, outbox, saved: None });
                            return WorkerEnd::Failed { why };
                        }
                    }
                    continue;
                }
            };
            // The core stands still while it waits, so this is the publication that the notice is about.
            let mut reader = self.reader.clone();
            let view = if posted.notice.needs_view() {
                reader.view().ok()
            } else {
                // Inactive: the callback is not made.
                None
            };
            let (mut history_source, mut desk) = (Asking(rendezvous), Asking(rendezvous));
            let core = CoreSide { history: &mut history_source, desk: &mut desk };
            let scope = scope(&self.name, &posted, &mut outbox, core);
            let consumer = self.consumer.as_mut();
            self.core.enter();
            let outcome = notify_one(consumer, &posted.notice, &posted.wanted, view, scope);
            self.core.leave();
            drop(reader);
            drop(posted); // The core may use the room of its bars again.
            let failure = outcome.as_ref().err().cloned();
            let outbox = std::mem::take(&mut outbox);
            rendezvous.finish(Done { outcome, outbox, saved: None });
            if let Some(why) = failure {
                return WorkerEnd::Failed { why };
            }
        }
        WorkerEnd::RunEnded
    }

    fn run_free(&mut self, mailbox: &Mailbox<Posted>) -> WorkerEnd {
        let mut lost = Lost::default();
        while let Some((displaced, posted, n_bars)) = mailbox.take() {
            lost.add(displaced);
            match self.notify_free(&posted, &mut lost, n_bars) {
                Ok(()) => {}
                Err(why) => {
                    mailbox.leave(Left::Failed(why.clone()));
                    return WorkerEnd::Failed { why };
                }
            }
        }
        WorkerEnd::RunEnded
    }

    /// Hands one notice to the consumer with the view of now; one that came too late is counted as
    /// lost.
    fn notify_free(&mut self, posted: &Posted, lost: &mut Lost, n_bars: u64) -> Result<(), String> {
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
        let (mut history, mut desk) = (NoHistory, NoDesk);
        let mut outcome = Ok(());
        if let Some(view) = view
            && !lost.is_nothing()
        {
            let Lost { n_notices, n_bars } = std::mem::take(lost);
            let core = CoreSide { history: &mut history, desk: &mut desk };
            let scope = scope(&self.name, posted, &mut outbox, core);
            let lagged = Lagged { n_notices, n_bars };
            outcome = guarded(|| consumer.lagged(&mut Context::new(view, scope), &lagged));
        }
        if outcome.is_ok() {
            let core = CoreSide { history: &mut history, desk: &mut desk };
            let scope = scope(&self.name, posted, &mut outbox, core);
            outcome = notify_one(consumer, &posted.notice, &posted.wanted, view, scope);
        }
        let given = give_all(&self.handle, outbox);
        outcome.and(given)
    }
}

/// Gives what a free consumer asked for, as any outsider does.
fn give_all(handle: &Handle, outbox: Outbox) -> Result<(), String> {
    let signals = outbox.signals.into_iter().map(|signal| SessionCommand::Signal { signal });
    for command in outbox.asked.into_iter().chain(signals) {
        let full = Answer::Refused(Refusal::QueueFull);
        if handle.command(command).try_answer() == Some(full) {
            return Err(Refusal::QueueFull.to_string());
        }
    }
    Ok(())
}

fn scope<'c>(
    name: &'c str,
    posted: &Posted,
    outbox: &'c mut Outbox,
    core: CoreSide<'c>,
) -> CallbackScope<'c> {
    CallbackScope {
        at: posted.at,
        session: posted.session,
        is_rehearsal: posted.is_rehearsal,
        consumer: name,
        outbox,
        history_source: core.history,
        desk: core.desk,
    }
}

/// What a callback asks of the core.
struct CoreSide<'c> {
    history: &'c mut dyn HistorySource,
    desk: &'c mut dyn Desk,
}

/// History and account by way of the core, which waits for this callback and so has time.
struct Asking<'e>(&'e LockStep);

impl HistorySource for Asking<'_> {
    fn history(&mut self, asked: HistoryRequest) -> Result<HistoryBars, HistoryError> {
        match self.0.ask(Question::History(asked)) {
            Some(Reply::History(history)) => history,
            Some(Reply::Desk(_)) | None => Err(HistoryError::RunEnded),
        }
    }
}

impl Desk for Asking<'_> {
    fn ask(&mut self, question: DeskQuestion) -> Option<DeskAnswer> {
        match self.0.ask(Question::Desk(question)) {
            Some(Reply::Desk(answer)) => answer,
            Some(Reply::History(_)) | None => None,
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        match &self.channel {
            Channel::LockStep(rendezvous) => rendezvous.leave(),
            Channel::Free(mailbox) => mailbox.leave(Left::Dropped),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.name)
            .field("delivery", &self.delivery())
            .finish()
    }
}
