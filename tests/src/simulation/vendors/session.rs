//! The engine at its end of the door, and what the feeds of its series have handed over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Sessions, Source, Step, UnknownSymbol};
use openbell_data_manager::live::{Door, Inlet};
use openbell_data_manager::{DataError, Feed, FeedKind, Link, MemoryFeed, Progress};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_session_data::{InsideReader, OutsideReader};
use openbell_time::{Calendar, SimulatedWall, Timestamp};

use super::kind::short_time;

/// What a feed has handed over.
#[derive(Clone, Default, Debug)]
pub struct Handed {
    /// Rows by their stamp, with the values last said.
    pub rows: BTreeMap<Timestamp, Ohlcv>,
    /// When each was handed over first.
    pub came: BTreeMap<Timestamp, Timestamp>,
    /// Rows that had been handed over before.
    pub n_twice: u64,
    /// Rows that took the place of others.
    pub n_revised: u64,
    /// Rows that came below what was said to be complete.
    pub late: Vec<Timestamp>,
    /// Complete through.
    pub through: Option<Timestamp>,
    /// What was said of the link last.
    pub link: Option<Link>,
}

/// What the feeds have handed over, by symbol.
#[derive(Clone, Default, Debug)]
pub struct HandedOver(Arc<Mutex<BTreeMap<Symbol, Handed>>>);

impl HandedOver {
    /// All of it.
    pub fn lock(&self) -> MutexGuard<'_, BTreeMap<Symbol, Handed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The base interval of these runs.
pub fn minute() -> BarInterval {
    BarInterval::from_mins(1).expect("a minute")
}

/// The door as a source of a run.
struct VendorSource {
    door: Door,
    handed: HandedOver,
}

impl Source for VendorSource {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        vec![minute()]
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the vendor".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default())))
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let feed = self.door.feed(key).expect("an interval of the clock");
        Ok(Box::new(Watched { feed, handed: self.handed.clone() }))
    }
}

/// A feed of which is written down what it hands over.
struct Watched<F> {
    feed: F,
    handed: HandedOver,
}

impl<F: Feed> Feed for Watched<F> {
    fn series(&self) -> &SeriesKey {
        self.feed.series()
    }

    fn kind(&self) -> FeedKind {
        self.feed.kind()
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.feed.seek(since)
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let n_before = out.len();
        let progress = self.feed.poll(now, until, out)?;
        let mut all = self.handed.lock();
        let handed = all.entry(self.feed.series().symbol.clone()).or_default();
        for row in n_before..out.len() {
            let opens_at = out.opens_at(row);
            if handed.through.is_some_and(|through| opens_at < through) {
                handed.late.push(opens_at);
            }
            handed.came.entry(opens_at).or_insert(now);
            handed.n_twice += u64::from(handed.rows.insert(opens_at, out.ohlcv(row)).is_some());
        }
        handed.through = handed.through.max(Some(progress.complete_through));
        handed.link = Some(progress.link.clone());
        Ok(progress)
    }

    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        let n_before = out.len();
        self.feed.poll_revisions(now, out);
        let mut all = self.handed.lock();
        let handed = all.entry(self.feed.series().symbol.clone()).or_default();
        for row in n_before..out.len() {
            handed.rows.insert(out.opens_at(row), out.ohlcv(row));
            handed.n_revised += 1;
        }
    }

    fn hurry(&mut self, due: Timestamp) {
        self.feed.hurry(due);
    }

    fn has_news(&self, now: Timestamp) -> bool {
        self.feed.has_news(now)
    }

    fn next_due(&self) -> Timestamp {
        self.feed.next_due()
    }
}

/// The engine of a run.
pub struct Session {
    /// The engine.
    pub engine: Engine,
    /// What outsiders read.
    pub outside: OutsideReader,
    /// What the core has.
    pub inside: InsideReader,
    /// What the feeds have handed over.
    pub handed: HandedOver,
    door: Door,
    /// When it wants to look again; `None` where it has ended.
    due: Option<Timestamp>,
}

impl Session {
    /// A run of the config `json`, and the other side of its door.
    ///
    /// # Panics
    ///
    /// Where the config or the plan is refused.
    pub fn new(json: &str, now: Timestamp) -> (Session, Inlet) {
        let wall = Arc::new(SimulatedWall::new(now));
        let (door, inlet) = Door::new(wall, Door::LIMIT);
        let handed = HandedOver::default();
        let source = VendorSource { door: door.clone(), handed: handed.clone() };
        let (config, _) = SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}"));
        let engine =
            Engine::live_sessions(&config, short_time(), Box::new(source), Sessions::OfConfig);
        let engine = engine.unwrap_or_else(|errors| panic!("{errors}"));
        let (outside, inside) = (engine.outside_reader(), engine.inside_reader());
        (Session { engine, outside, inside, handed, door, due: Some(now) }, inlet)
    }

    /// When it wants to look again.
    pub fn due(&self) -> Timestamp {
        self.due.unwrap_or(Timestamp::MAX)
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.due.is_none()
    }

    /// Looks at the instant `now` of our clock, as often as there is something to do.
    pub fn look(&mut self, now: Timestamp) {
        if self.due.is_none() {
            return;
        }
        loop {
            match self.engine.step(now) {
                Step::Worked => {}
                Step::Waits { until } => {
                    self.due = Some(until.max(now));
                    break;
                }
                Step::Paused => panic!("nobody pauses it"),
                Step::Ended(_) => {
                    self.due = None;
                    break;
                }
            }
        }
    }

    /// Whether something waits for its next look.
    pub fn has_news(&self) -> bool {
        self.door.n_waiting() > 0
    }
}
