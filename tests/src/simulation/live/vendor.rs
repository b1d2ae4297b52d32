//! The vendors of a live scenario as a source of a run: each subscription is a script that begins anew,
//! heard by the true time, and writes down what it has handed over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_coordinator::{Source, UnknownSymbol};
use openbell_data_manager::{
    DataError, Feed, FeedKind, Link, LinkStep, MemoryFeed, Progress, ScriptedFeed, Trading,
};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Timestamp};

/// What time it is: the true one, and that of our clock.
#[derive(Clone, Copy, Debug)]
pub struct Instant {
    /// The true time.
    pub at: Timestamp,
    /// What our clock shows.
    pub wall: Timestamp,
}

/// What one poll handed over.
#[derive(Clone, Debug)]
pub struct Poll {
    /// When.
    pub when: Instant,
    /// Rows.
    pub rows: Vec<(Timestamp, Ohlcv)>,
    /// Rows that take the place of others.
    pub revised: Vec<(Timestamp, Ohlcv)>,
    /// What was said beside them; `None` where it failed.
    pub said: Option<Progress>,
}

/// A subscription, from the vendor's side.
#[derive(Debug)]
pub struct Subscription {
    /// The symbol.
    pub symbol: Symbol,
    feed: ScriptedFeed,
    /// When its history has come.
    ready_at: Timestamp,
    was_ready: bool,
    /// What it was asked, in order.
    calls: Vec<Call>,
    /// Polls that nobody has looked at so far.
    pub polls: Vec<Poll>,
}

/// What a subscription was asked.
#[derive(Clone, Copy, Debug)]
enum Call {
    Seek { since: Timestamp },
    Poll { at: Timestamp, until: Timestamp },
    Revisions { at: Timestamp },
}

impl Subscription {
    /// Whether there is something by the true time `at` that was not handed over.
    pub fn has_more(&self, at: Timestamp) -> bool {
        at >= self.ready_at && self.feed.has_news(at)
    }
}

/// A value that the run and those who watch it share.
#[derive(Debug)]
pub struct Shared<T>(Arc<Mutex<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(Arc::clone(&self.0))
    }
}

impl<T> Shared<T> {
    /// Shares `value`.
    pub fn new(value: T) -> Shared<T> {
        Shared(Arc::new(Mutex::new(value)))
    }

    /// The value, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One symbol at its vendor.
#[derive(Clone, Debug)]
pub struct VendorSymbol {
    /// Its series.
    pub key: SeriesKey,
    /// What it says, from the beginning.
    pub script: ScriptedFeed,
    /// From a subscription to its first answer.
    pub slowness: Nanos,
    /// The bars of the days that its history has.
    pub history: BarColumns,
}

/// All vendors.
#[derive(Clone)]
pub struct Vendors {
    symbols: Arc<Vec<VendorSymbol>>,
    /// What time it is.
    pub now: Shared<Instant>,
    /// All subscriptions that were made, in order.
    pub subscriptions: Shared<Vec<Shared<Subscription>>>,
}

impl Vendors {
    /// The vendors of `symbols`.
    pub fn new(symbols: Vec<VendorSymbol>) -> Vendors {
        let never = Timestamp::MIN;
        Vendors {
            symbols: Arc::new(symbols),
            now: Shared::new(Instant { at: never, wall: never }),
            subscriptions: Shared::new(Vec::new()),
        }
    }

    /// The subscription `nth` of a symbol as it stood after its first `n_polls` polls: what a process
    /// that was killed and is there again goes on with.
    ///
    /// # Panics
    ///
    /// Where there was none.
    pub fn after_polls(&self, key: &SeriesKey, nth: usize, n_polls: usize) -> Box<dyn Feed> {
        let all = self.subscriptions.lock();
        let mut of_symbol = all.iter().filter(|known| known.lock().symbol == key.symbol);
        let known = of_symbol.nth(nth).expect("it was there").lock();
        let mut feed = self.find(&key.symbol).expect("it is a vendor's").script.clone();
        let (mut out, mut n_left, mut was_ready) = (BarColumns::default(), n_polls, false);
        for call in &known.calls {
            match *call {
                Call::Seek { since } if n_left > 0 => drop(feed.seek(since)),
                Call::Poll { at, until } if n_left > 0 => {
                    n_left -= 1;
                    if at >= known.ready_at {
                        was_ready = true;
                        drop(feed.poll(at, until, &mut out));
                    }
                }
                // It belongs to the poll before it.
                Call::Revisions { at } => feed.poll_revisions(at, &mut out),
                Call::Seek { .. } | Call::Poll { .. } => break,
            }
        }
        let subscription = Shared::new(Subscription {
            symbol: key.symbol.clone(),
            feed,
            ready_at: known.ready_at,
            was_ready,
            calls: Vec::new(),
            polls: Vec::new(),
        });
        Box::new(Heard { key: key.clone(), now: self.now.clone(), subscription })
    }

    fn find(&self, symbol: &Symbol) -> Option<&VendorSymbol> {
        self.symbols.iter().find(|known| known.key.symbol == *symbol)
    }
}

impl Source for Vendors {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.find(symbol).map(|known| known.key.interval).into_iter().collect()
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the vendor".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let rows = self.find(&key.symbol).map(|known| known.history.clone()).unwrap_or_default();
        Ok(Box::new(MemoryFeed::new(key.clone(), rows)))
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let Some(known) = self.find(&key.symbol) else {
            return Err(DataError::SourceFailed { said: "no such symbol".to_owned() });
        };
        let now = self.now.lock().at;
        let subscription = Shared::new(Subscription {
            symbol: key.symbol.clone(),
            feed: known.script.clone(),
            ready_at: if known.slowness > Nanos::ZERO { now + known.slowness } else { now },
            was_ready: false,
            calls: Vec::new(),
            polls: Vec::new(),
        });
        self.subscriptions.lock().push(subscription.clone());
        Ok(Box::new(Heard { key: key.clone(), now: self.now.clone(), subscription }))
    }
}

/// A subscription, from the side of the run.
struct Heard {
    key: SeriesKey,
    now: Shared<Instant>,
    subscription: Shared<Subscription>,
}

fn rows_since(columns: &BarColumns, first: usize) -> Vec<(Timestamp, Ohlcv)> {
    (first..columns.len()).map(|row| (columns.opens_at(row), columns.ohlcv(row))).collect()
}

impl Feed for Heard {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        let mut subscription = self.subscription.lock();
        subscription.calls.push(Call::Seek { since });
        subscription.feed.seek(since)
    }

    fn poll(
        &mut self,
        _: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let (when, first) = (*self.now.lock(), out.len());
        let mut subscription = self.subscription.lock();
        subscription.calls.push(Call::Poll { at: when.at, until });
        let polled = if when.at < subscription.ready_at {
            let link = Link::Starting { since: when.at, step: LinkStep::Subscribing };
            let (complete_through, trading) = (Timestamp::MIN, Trading::Normal);
            let given_up = Vec::new();
            Ok(Progress { complete_through, given_up, link, trading, is_exhausted: false })
        } else {
            subscription.was_ready = true;
            subscription.feed.poll(when.at, until, out)
        };
        let (rows, said) = (rows_since(out, first), polled.as_ref().ok().cloned());
        subscription.polls.push(Poll { when, rows, revised: Vec::new(), said });
        polled
    }

    fn poll_revisions(&mut self, _: Timestamp, out: &mut BarColumns) {
        let (at, first) = (self.now.lock().at, out.len());
        let mut subscription = self.subscription.lock();
        if at < subscription.ready_at {
            return;
        }
        subscription.calls.push(Call::Revisions { at });
        subscription.feed.poll_revisions(at, out);
        if let Some(poll) = subscription.polls.last_mut() {
            poll.revised.extend(rows_since(out, first));
        }
    }

    fn has_news(&self, _: Timestamp) -> bool {
        let at = self.now.lock().at;
        let subscription = self.subscription.lock();
        let begins = at >= subscription.ready_at && !subscription.was_ready;
        begins || subscription.has_more(at)
    }

    fn next_due(&self) -> Timestamp {
        let subscription = self.subscription.lock();
        if subscription.was_ready { subscription.feed.next_due() } else { subscription.ready_at }
    }
}
