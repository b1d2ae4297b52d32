//! Scripted feeds as the source of a live run, and the clock that drives it.

use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Event, Sessions, Source, SourceReadiness, Step, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, MemoryFeed, ScriptedFeed};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Timestamp};

use crate::market::{bar_at, time};

/// Live feeds by symbol, each a script that begins anew whenever it is asked for, and the bars that
/// the history of each symbol has.
#[derive(Clone, Default)]
pub struct LiveMarket {
    feeds: Vec<ScriptedFeed>,
    history: Vec<(SeriesKey, BarColumns)>,
}

impl LiveMarket {
    /// The market of these feeds, all of one interval, without history.
    pub fn new(feeds: impl IntoIterator<Item = ScriptedFeed>) -> LiveMarket {
        LiveMarket { feeds: feeds.into_iter().collect(), history: Vec::new() }
    }

    /// The same with a history of one series.
    pub fn with_history(mut self, key: SeriesKey, rows: BarColumns) -> LiveMarket {
        self.history.push((key, rows));
        self
    }
}

impl Source for LiveMarket {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let of_symbol = |feed: &&ScriptedFeed| feed.series().symbol == *symbol;
        self.feeds.iter().filter(of_symbol).map(|feed| feed.series().interval).collect()
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the vendor".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let rows = self.history.iter().find(|(known, _)| known == key);
        let rows = rows.map(|(_, rows)| rows.clone()).unwrap_or_default();
        Ok(Box::new(MemoryFeed::new(key.clone(), rows)))
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        match self.feeds.iter().find(|feed| feed.series() == key) {
            Some(feed) => Ok(Box::new(feed.clone())),
            None => self.feed(key, calendar),
        }
    }
}

/// What a source says of the loading of a symbol.
type Readiness = Box<dyn FnMut(&Symbol) -> SourceReadiness + Send>;

/// What a source does while it opens the feed of a symbol.
type WhileOpening = Box<dyn FnMut(&Symbol) + Send>;

/// A live market whose symbols take their time: to be read, and to be opened.
pub struct SlowMarket {
    market: LiveMarket,
    readiness: Readiness,
    while_opening: WhileOpening,
}

impl SlowMarket {
    /// A market that takes no time.
    pub fn new(market: LiveMarket) -> SlowMarket {
        let readiness = Box::new(|_: &Symbol| SourceReadiness::Ready);
        SlowMarket { market, readiness, while_opening: Box::new(|_| {}) }
    }

    /// The same, where the loading of a symbol stands as `readiness` says.
    pub fn with_readiness(
        mut self,
        readiness: impl FnMut(&Symbol) -> SourceReadiness + Send + 'static,
    ) -> SlowMarket {
        self.readiness = Box::new(readiness);
        self
    }

    /// The same, where something happens while a feed is opened.
    pub fn while_opening(mut self, happens: impl FnMut(&Symbol) + Send + 'static) -> SlowMarket {
        self.while_opening = Box::new(happens);
        self
    }
}

impl Source for SlowMarket {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.market.intervals(symbol)
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        self.market.unknown(symbol)
    }

    fn readiness(&mut self, symbol: &Symbol) -> SourceReadiness {
        (self.readiness)(symbol)
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        self.market.feed(key, calendar)
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        (self.while_opening)(&key.symbol);
        self.market.day_feed(key, calendar)
    }
}

/// A live run, and the wall clock that it follows.
pub struct LiveStory {
    /// The run.
    pub engine: Engine,
    /// The instant of the wall at which it was stepped last.
    pub now: Timestamp,
}

impl LiveStory {
    /// A live run of the config `json` over `market`, whose clock stands at `now`.
    ///
    /// # Panics
    ///
    /// Where the config or the plan is refused.
    pub fn new(json: &str, market: LiveMarket, sessions: Sessions, now: Timestamp) -> LiveStory {
        LiveStory::of(json, Box::new(market), sessions, now)
    }

    /// The same over any source.
    ///
    /// # Panics
    ///
    /// Where the config or the plan is refused.
    pub fn of(
        json: &str,
        source: Box<dyn Source>,
        sessions: Sessions,
        now: Timestamp,
    ) -> LiveStory {
        let (config, _) = SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}"));
        let engine = Engine::live_sessions(&config, time(), source, sessions);
        LiveStory { engine: engine.unwrap_or_else(|errors| panic!("{errors}")), now }
    }

    /// Steps at `now` as often as there is something to do. Returns whether the run goes on.
    pub fn look(&mut self, now: Timestamp) -> bool {
        self.now = now;
        loop {
            match self.engine.step(now) {
                Step::Worked => {}
                Step::Waits { .. } | Step::Paused => return true,
                Step::Ended(_) => return false,
            }
        }
    }

    /// Goes on second by second up to and including `until`, or to the end of the run.
    pub fn go(&mut self, until: Timestamp) {
        self.go_by(until, Nanos::from_secs(1));
    }

    /// Goes on by a clock that is looked at every `tick`.
    pub fn go_by(&mut self, until: Timestamp, tick: Nanos) {
        while self.now < until && self.look((self.now + tick).min(until)) {}
    }

    /// Sleeps: the clock is not looked at, and stands at `until` then.
    pub fn sleep(&mut self, until: Timestamp) {
        self.now = until;
    }

    /// The switches so far: the seconds since `since`, and the reason where the gate shut.
    pub fn switches(&self, since: Timestamp) -> Vec<(i64, &'static str)> {
        let switches = self.engine.events().iter().filter_map(|event| match event {
            Event::GateOpened { at, .. } => Some(((*at - since).as_secs(), "open")),
            Event::GateShut { at, reason, .. } => Some(((*at - since).as_secs(), reason.name())),
            _ => None,
        });
        switches.collect()
    }

    /// Whether outsiders read.
    pub fn is_active(&self) -> bool {
        self.engine.outside_reader().view().is_ok()
    }

    /// The closes of the base bars of `symbol` that the inside has.
    pub fn closes(&self, symbol: &str) -> Vec<Timestamp> {
        let view = self.engine.inside_reader().view();
        let Some(symbol) = view.symbol(symbol) else { return Vec::new() };
        let rows = symbol.base().expect("a base series").today();
        rows.closes_at_ns().iter().map(|&ns| Timestamp::from_nanos(ns)).collect()
    }
}

/// The series of that name, as `AAPL 1m`.
///
/// # Panics
///
/// Where it is no name of one.
pub fn series(text: &str) -> SeriesKey {
    let (symbol, interval) = text.split_once(' ').expect("a symbol and an interval");
    SeriesKey {
        symbol: symbol.parse().expect("a symbol"),
        interval: interval.parse().expect("an interval"),
    }
}

/// `n` bars of a series that follow each other from `since` on.
///
/// # Panics
///
/// Where the interval is no clock interval.
pub fn bars_of(key: &SeriesKey, since: Timestamp, n: usize) -> BarColumns {
    let step = key.interval.clock().expect("an interval of the clock").length();
    let mut rows = BarColumns::default();
    let mut opens_at = since;
    for _ in 0..n {
        rows.push(opens_at, bar_at(key.symbol.as_str(), opens_at));
        opens_at += step;
    }
    rows
}
