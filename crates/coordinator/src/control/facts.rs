//! What the core leaves for whoever asks why, beside the figures of the status: a step's outcome by
//! one store, the rest behind a lock that is held for a copy and never during a callback.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_market::{BarInterval, Symbol};
use openbell_time::{Nanos, Session, Timestamp, TradingDate};

use crate::control::command::{Added, Answer};
use crate::control::event::{Event, Operation};

type Includes = Arc<dyn Fn(&Symbol, BarInterval) -> bool + Send + Sync>;
type Queue = Arc<dyn Fn() -> QueueFacts + Send + Sync>;

/// The queue of a free consumer, as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct QueueFacts {
    pub(crate) n_waiting: u64,
    pub(crate) n_displaced: u64,
    pub(crate) is_full: bool,
}

/// A consumer, for whoever asks why it hears nothing.
#[derive(Clone)]
pub(crate) struct ConsumerFacts {
    pub(crate) name: String,
    pub(crate) includes: Includes,
    /// Where it is called out of a queue.
    pub(crate) queue: Option<Queue>,
    pub(crate) failure: Option<String>,
}

/// Bars that were given up.
#[derive(Clone, Copy)]
pub(crate) struct Gap {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) n_bars: u32,
}

/// What is known of a run that is no figure.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    pub(crate) is_live: bool,
    pub(crate) is_rehearsing: bool,
    /// How far a symbol may be behind.
    pub(crate) threshold: Nanos,
    /// The session that is there, or was last.
    pub(crate) session: Option<Session>,
    pub(crate) next_open: Option<Timestamp>,
    pub(crate) failure: Option<String>,
    pub(crate) missing_worker: Option<String>,
    pub(crate) consumers: Vec<ConsumerFacts>,
    pub(crate) left: BTreeMap<Symbol, Timestamp>,
    /// What was said of symbols that could not join.
    pub(crate) not_joined: BTreeMap<Symbol, String>,
    /// Of this session.
    pub(crate) gaps: BTreeMap<Symbol, Gap>,
    /// The first and the last of consecutive sessions without a bar.
    pub(crate) no_data: BTreeMap<Symbol, (TradingDate, TradingDate)>,
}

/// Where the core leaves them.
pub(crate) struct FactBoard {
    has_begun: AtomicBool,
    waits_until_ns: AtomicI64,
    facts: Mutex<Facts>,
}

const WAITS_FOR_NOTHING: i64 = i64::MIN;

impl FactBoard {
    pub(crate) fn new(facts: Facts) -> Arc<FactBoard> {
        Arc::new(FactBoard {
            has_begun: AtomicBool::new(false),
            waits_until_ns: AtomicI64::new(WAITS_FOR_NOTHING),
            facts: Mutex::new(facts),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy, so that nobody keeps the core out while an answer is made of it.
    pub(crate) fn facts(&self) -> Facts {
        self.lock().clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.lock());
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// The instant of the wall clock that the last step waits for.
    pub(crate) fn waits_until(&self) -> Option<Timestamp> {
        let ns = self.waits_until_ns.load(Ordering::Relaxed);
        (ns != WAITS_FOR_NOTHING).then(|| Timestamp::from_nanos(ns))
    }

    /// A step is over, and the next one is due at that instant of the wall clock, or at once.
    pub(crate) fn record_step(&self, waits_until: Option<Timestamp>) {
        self.has_begun.store(true, Ordering::Relaxed);
        let ns = waits_until.map_or(WAITS_FOR_NOTHING, Timestamp::as_nanos);
        self.waits_until_ns.store(ns, Ordering::Relaxed);
    }

    /// Notes what these events say.
    pub(crate) fn note_events(&self, events: &[Event]) {
        if !events.is_empty() {
            let mut facts = self.lock();
            events.iter().for_each(|event| facts.note(event));
        }
    }

    /// Notes what these operations say.
    pub(crate) fn note_operations(&self, operations: &[Operation]) {
        for operation in operations {
            if let Operation::ConsumerFailed { consumer, why, .. } = operation {
                self.lock().fail_consumer(consumer, why);
            }
        }
    }
}

impl Facts {
    fn note(&mut self, event: &Event) {
        match event {
            Event::SessionOpened { .. } => self.gaps.clear(),
            Event::Left { symbol, at } => drop(self.left.insert(symbol.clone(), *at)),
            Event::Joined { symbol, .. } => {
                self.left.remove(symbol);
                self.not_joined.remove(symbol);
            }
            Event::Commanded { answer: Answer::Added(added), .. } => {
                added.iter().for_each(|(symbol, added)| self.note_added(symbol, added));
            }
            Event::LeftOut { symbol, missing, .. } => {
                let said = format!("its history ends before the session of {missing}");
                self.not_joined.insert(symbol.clone(), said);
            }
            Event::GapLeft { symbol, since, until, n_bars, .. } => {
                let gap = Gap { since: *since, until: *until, n_bars: *n_bars };
                self.gaps.insert(symbol.clone(), gap);
            }
            Event::NoData { date, symbol } => {
                let days = self.no_data.entry(symbol.clone()).or_insert((*date, *date));
                days.1 = *date;
            }
            Event::SessionClosed { date, .. } => self.no_data.retain(|_, days| days.1 == *date),
            Event::ConsumerFailed { consumer, why, .. } => self.fail_consumer(consumer, why),
            Event::Failed { failure, .. } => self.failure = Some(failure.error().to_string()),
            _ => {}
        }
    }

    fn note_added(&mut self, symbol: &Symbol, added: &Added) {
        let said = match added {
            Added::Added { .. } | Added::AlreadyPresent => {
                self.not_joined.remove(symbol);
                return;
            }
            Added::Refused(refusal) => refusal.to_string(),
            Added::Failed(failure) => failure.to_string(),
        };
        self.not_joined.insert(symbol.clone(), said);
    }

    fn fail_consumer(&mut self, name: &str, why: &str) {
        let of_name = self.consumers.iter_mut().filter(|known| known.name == name);
        of_name.for_each(|known| known.failure = Some(why.to_owned()));
    }
}
