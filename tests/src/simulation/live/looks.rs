//! The inputs of a live run as it hands them over, kept in memory, and a source that hands them out
//! again.

use openbell_coordinator::{Look, Recording, RecordingError, Source, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, FeedKind, Progress};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Timestamp};

use super::vendor::{Shared, Vendors};

/// What one feed handed over in a look.
struct KeptHeard {
    symbol: Symbol,
    rows: BarColumns,
    revisions: BarColumns,
    progress: Option<Progress>,
}

/// One look.
struct KeptLook {
    wall: Timestamp,
    heard: Vec<KeptHeard>,
}

/// The looks of a run, in order.
#[derive(Default)]
pub struct KeptLooks(Vec<KeptLook>);

impl KeptLooks {
    /// How many there are.
    pub fn n_looks(&self) -> usize {
        self.0.len()
    }
}

fn copied(rows: &BarColumns) -> BarColumns {
    let mut copy = BarColumns::default();
    copy.extend_from(rows, 0..rows.len());
    copy
}

/// Keeps every look.
pub struct Keeping(pub Shared<KeptLooks>);

impl Recording for Keeping {
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError> {
        let heard = look.heard.iter().map(|heard| KeptHeard {
            symbol: heard.symbol.clone(),
            rows: copied(heard.rows),
            revisions: copied(heard.revisions),
            progress: heard.progress.cloned(),
        });
        let kept = KeptLook { wall: look.wall, heard: heard.collect() };
        self.0.lock().0.push(kept);
        Ok(())
    }
}

/// Counts the looks of a run that hears the kept ones again.
pub struct Counting(pub Shared<usize>);

impl Recording for Counting {
    fn look(&mut self, _: &Look<'_>) -> Result<(), RecordingError> {
        *self.0.lock() += 1;
        Ok(())
    }
}

/// Hands out what was kept, look by look, up to one of them, and is then what it was: as after a process
/// that was killed and is there again. History comes from where it came from.
pub struct KeptSource {
    /// The looks.
    pub looks: Shared<KeptLooks>,
    /// Which of them comes next.
    pub next: Shared<usize>,
    /// The look from which on the vendors are heard again.
    pub alive_from: usize,
    /// The vendors.
    pub vendors: Vendors,
    /// Subscriptions that were made so far, by symbol.
    pub subscribed: Vec<Symbol>,
}

impl Source for KeptSource {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.vendors.intervals(symbol)
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        self.vendors.unknown(symbol)
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        self.vendors.feed(key, calendar)
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let nth = self.subscribed.iter().filter(|known| **known == key.symbol).count();
        self.subscribed.push(key.symbol.clone());
        Ok(Box::new(KeptFeed {
            key: key.clone(),
            looks: self.looks.clone(),
            next: self.next.clone(),
            alive_from: self.alive_from,
            vendors: self.vendors.clone(),
            nth,
            n_polls: 0,
            live: Shared::new(None),
        }))
    }
}

struct KeptFeed {
    key: SeriesKey,
    looks: Shared<KeptLooks>,
    next: Shared<usize>,
    alive_from: usize,
    vendors: Vendors,
    /// Which subscription of its symbol it is.
    nth: usize,
    /// Polls that it has handed out again.
    n_polls: usize,
    /// The vendor, once it is heard again.
    live: Shared<Option<Box<dyn Feed>>>,
}

impl KeptFeed {
    /// The vendor, where it is heard again.
    fn alive<T>(&self, ask: impl FnOnce(&mut dyn Feed) -> T) -> Option<T> {
        if *self.next.lock() < self.alive_from {
            return None;
        }
        let mut live = self.live.lock();
        let resume = || self.vendors.after_polls(&self.key, self.nth, self.n_polls);
        Some(ask(live.get_or_insert_with(resume).as_mut()))
    }

    /// What the look that comes next has of this feed.
    fn with<T>(&self, take: impl FnOnce(&KeptLook, &KeptHeard) -> T) -> Option<T> {
        let (looks, next) = (self.looks.lock(), *self.next.lock());
        let look = looks.0.get(next)?;
        let heard = look.heard.iter().find(|heard| heard.symbol == self.key.symbol)?;
        Some(take(look, heard))
    }
}

impl Feed for KeptFeed {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.alive(|feed| feed.seek(since)).unwrap_or(Ok(()))
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        if let Some(polled) = self.alive(|feed| feed.poll(now, until, out)) {
            return polled;
        }
        self.n_polls += 1;
        let progress = self.with(|_, heard| {
            out.extend_from(&heard.rows, 0..heard.rows.len());
            heard.progress.clone()
        });
        let failed = || DataError::SourceFailed { said: "the poll had failed".to_owned() };
        progress.flatten().ok_or_else(failed)
    }

    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        if self.alive(|feed| feed.poll_revisions(now, out)).is_some() {
            return;
        }
        let _there = self.with(|_, heard| {
            out.extend_from(&heard.revisions, 0..heard.revisions.len());
        });
    }

    fn has_news(&self, now: Timestamp) -> bool {
        let is_kept = || self.with(|look, _| look.wall == now).unwrap_or(false);
        self.alive(|feed| feed.has_news(now)).unwrap_or_else(is_kept)
    }

    fn next_due(&self) -> Timestamp {
        let next = *self.next.lock();
        let kept = || self.looks.lock().0.get(next).map_or(Timestamp::MAX, |look| look.wall);
        self.alive(|feed| feed.next_due()).unwrap_or_else(kept)
    }
}
