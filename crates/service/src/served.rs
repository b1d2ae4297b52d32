//! What is served: a run by its handle, the facts of it, its log, and who may ask.

use std::sync::Arc;

use openbell_config::SessionConfig;
use openbell_coordinator::{Handle, Plan};
use openbell_market::BarInterval;
use openbell_time::{Calendar, WallClock};
use openbell_wire::engine::StatusFacts;
use openbell_wire::metrics::{Figures, SessionFigures};
use openbell_wire::served::LogPlace;
use openbell_wire::served::session::{PlannedRun, RunCalendar};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::bucket::Bucket;
use crate::log::{Log, LogTap};
use crate::problem::{Code, Problem};
use crate::sampler::{Looked, Sampler, State};
use crate::settings::{REQUESTS, Settings, TURN_WITHIN};
use crate::shape::{calendar_of, plan_of};
use crate::snapshot::{Latest, Snapshot};
use crate::tickets::Tickets;
use crate::timer::within;
use crate::token::Tokens;

/// What the program adds to the figures of a run, as those of its process.
pub type MoreFigures = Arc<dyn Fn(&mut Figures) + Send + Sync>;

/// A run that is to be served.
pub struct ServedRun<'p> {
    /// The program and its version.
    pub program: String,
    /// The number of the run in this process, from 1.
    pub run: u64,
    /// The way into it.
    pub handle: Handle,
    /// What is planned.
    pub plan: &'p Plan,
    /// Its log.
    pub log: LogTap,
    /// The clock on the wall, for what has an age: tickets, the state that is shared. No data depends on
    /// it.
    pub wall: Arc<dyn WallClock>,
    /// What the program knows beside.
    pub figures: MoreFigures,
}

/// A run as it is served: cheap to clone, for the router and for whoever ends it.
#[derive(Clone)]
pub struct Served(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) program: String,
    pub(crate) run: u64,
    pub(crate) handle: Handle,
    pub(crate) config: SessionConfig,
    pub(crate) calendar: Calendar,
    pub(crate) base: BarInterval,
    pub(crate) plan: PlannedRun,
    pub(crate) sessions: RunCalendar,
    pub(crate) log: Arc<Log>,
    pub(crate) wall: Arc<dyn WallClock>,
    pub(crate) tokens: Tokens,
    pub(crate) settings: Settings,
    pub(crate) tickets: Tickets,
    pub(crate) wrong_tokens: Bucket,
    pub(crate) sampler: Arc<Sampler>,
    figures: MoreFigures,
    latest: Latest,
    turns: Semaphore,
    is_ending: watch::Sender<bool>,
}

impl Served {
    /// `run`, for those who have one of `tokens`.
    pub fn new(run: ServedRun<'_>, tokens: Tokens, settings: Settings) -> Served {
        let plan = run.plan;
        Served(Arc::new(Inner {
            config: plan.config().clone(),
            calendar: plan.calendar().clone(),
            base: plan.base(),
            plan: plan_of(plan),
            sessions: calendar_of(plan),
            program: run.program,
            run: run.run,
            handle: run.handle,
            log: run.log.log(),
            wall: run.wall,
            tokens,
            settings,
            tickets: Tickets::new(run.run),
            wrong_tokens: Bucket::default(),
            sampler: Sampler::new(),
            figures: run.figures,
            latest: Latest::default(),
            turns: Semaphore::new(REQUESTS),
            is_ending: watch::Sender::new(false),
        }))
    }

    /// Ends the streams, each with the reason why, and takes no new one. What is asked beside is answered
    /// as before.
    pub fn end_streams(&self) {
        self.0.is_ending.send_replace(true);
    }

    /// Streams at present.
    pub fn n_streams(&self) -> usize {
        self.0.sampler.n_streams()
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }
}

impl Inner {
    /// The state of the run, no older than a tenth of a second and than the last answer to a command.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        let facts = StatusFacts { config: &self.config, calendar: &self.calendar };
        let now = (self.wall.now(), self.tickets.n_answered());
        self.latest.snapshot(&self.handle, facts, now)
    }

    /// The figures of the run, for its metrics.
    pub(crate) fn figures(&self) -> Figures {
        let (snapshot, wall) = (self.snapshot(), self.wall.now());
        let (mut run, symbols) = self.log.figures(&snapshot.raw, self.base, wall);
        run.publication = snapshot.publication;
        run.epoch = snapshot.epoch.or(run.epoch);
        let session = SessionFigures {
            name: self.config.session_name.clone(),
            mode: self.config.mode.name().to_owned(),
            exchange_group: self.config.exchange_group.name.to_owned(),
        };
        let mut figures = Figures { session, run, symbols, ..Figures::default() };
        (self.figures)(&mut figures);
        figures
    }

    /// The identity of an event.
    pub(crate) fn event_id(&self, position: u64) -> String {
        format!("{}-{position}", self.run)
    }

    /// Where the log stands.
    pub(crate) fn log_place(&self) -> LogPlace {
        let first = self.event_id(self.log.first());
        LogPlace { first, next: self.event_id(self.log.n_events()) }
    }

    /// A turn among the requests that are answered at once.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        match within(TURN_WITHIN, self.turns.acquire()).await {
            Some(Ok(turn)) => Ok(turn),
            _ => {
                let detail =
                    format!("{REQUESTS} requests are being answered, and none ended in time");
                Err(Problem::new(Code::Busy, detail))
            }
        }
    }

    /// What tells that the streams are to end.
    pub(crate) fn ending(&self) -> watch::Receiver<bool> {
        self.is_ending.subscribe()
    }

    /// Whether outside readers get data.
    pub(crate) fn is_active(&self) -> bool {
        self.snapshot().status.gate.active
    }

    /// Whether the run has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        !self.snapshot().phase().is_final()
    }
}

impl Looked for Inner {
    fn n_events(&self) -> u64 {
        self.log.n_events()
    }

    fn state(&self) -> State {
        let snapshot = self.snapshot();
        State {
            phase: snapshot.raw.phase,
            is_paused: snapshot.raw.is_paused,
            clock: snapshot.raw.clock,
            epoch: snapshot.epoch,
            publication: snapshot.publication,
        }
    }
}
