//! The market of a scenario as a source of a run, with its faults.

use std::sync::Arc;

use openbell_coordinator::Source;
use openbell_data_manager::{DataError, Feed, FeedKind, MemoryFeed, Progress};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Timestamp};

use super::symbols::{Breakage, SimSymbol};

/// The series of all symbols.
#[derive(Clone)]
pub struct SimSource {
    /// The symbols.
    pub symbols: Arc<Vec<SimSymbol>>,
    /// The interval of their base rows.
    pub stored: BarInterval,
}

impl Source for SimSource {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let Some(known) = self.symbols.iter().find(|known| known.name == *symbol) else {
            return Vec::new();
        };
        let base = known.rows.as_ref().map(|_| self.stored);
        base.into_iter().chain(known.daily.as_ref().map(|_| BarInterval::DAY)).collect()
    }

    fn unknown(&self, symbol: &Symbol) -> String {
        format!("the market has no {symbol}")
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let known = self.symbols.iter().find(|known| known.name == key.symbol);
        let Some(known) = known else { return Err(failed()) };
        let is_base = key.interval == self.stored;
        let rows = if is_base { &known.rows } else { &known.daily };
        let rows = rows.as_deref().cloned().unwrap_or_default();
        let feed = MemoryFeed::new(key.clone(), rows);
        match known.breakage {
            Some(Breakage::CannotOpen) => Err(failed()),
            Some(Breakage::VanishesAt(since)) if is_base => {
                Ok(Box::new(VanishingFeed { feed, since }))
            }
            _ => Ok(Box::new(feed)),
        }
    }
}

fn failed() -> DataError {
    DataError::SourceFailed { said: "the file is gone".to_owned() }
}

/// A feed whose file vanishes: rows stamped from an instant on cannot be read.
struct VanishingFeed {
    feed: MemoryFeed,
    since: Timestamp,
}

impl Feed for VanishingFeed {
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
        let progress = self.feed.poll(now, until.min(self.since), out)?;
        if until <= self.since {
            return Ok(progress);
        }
        let (key, since) = (self.series().clone(), Some(self.since));
        Err(DataError::SeriesUnreadable { key, since, source: Box::new(failed()) })
    }
}
