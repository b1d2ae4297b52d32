//! The source of a live session: its own bars through a door, the days before from the store.

use std::ops::Range;

use openbell_coordinator::{Source, StoreSource, UnknownSymbol};
use openbell_data_manager::live::Door;
use openbell_data_manager::{DataError, Feed, MemoryFeed};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Timestamp};

/// Where a live session gets its bars from. A recorded one has them from its recording, and the days
/// before from here.
pub(crate) struct Followed {
    /// Absent where the session has none: then there are no days before.
    store: Option<StoreSource>,
    /// The interval that the vendor delivers.
    base: BarInterval,
    vendor: &'static str,
    /// Absent where the session is recorded.
    door: Option<Door>,
}

impl Followed {
    /// The days before of a session whose base is `base`.
    pub(crate) fn recorded(store: Option<StoreSource>, base: BarInterval) -> Followed {
        Followed { store, base, vendor: "the recording", door: None }
    }

    /// The same, with the session's own bars of `vendor` through `door`.
    pub(crate) fn live(
        store: Option<StoreSource>,
        base: BarInterval,
        vendor: &'static str,
        door: Door,
    ) -> Followed {
        Followed { store, base, vendor, door: Some(door) }
    }

    /// The store, where it holds that series.
    fn store_of(&self, key: &SeriesKey) -> Option<&StoreSource> {
        self.store.as_ref().filter(|store| store.intervals(&key.symbol).contains(&key.interval))
    }
}

impl Source for Followed {
    /// What is stored, and what the vendor delivers.
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let mut intervals =
            self.store.as_ref().map(|store| store.intervals(symbol)).unwrap_or_default();
        intervals.push(self.base);
        intervals.sort_unstable();
        intervals.dedup();
        intervals
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: self.vendor.to_owned(), nearest: None }
    }

    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        let Some(store) = &self.store else { return Ok(()) };
        let stored: Vec<SeriesKey> =
            keys.iter().filter(|key| self.store_of(key).is_some()).cloned().collect();
        store.check_together(&stored)
    }

    fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        self.store_of(key).map_or(Ok(()), |store| store.check_files(key, range, calendar))
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let is_stored = self.store_of(key).is_some();
        match &mut self.store {
            Some(store) if is_stored => store.feed(key, calendar),
            _ => Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default()))),
        }
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        match self.door.as_ref().and_then(|door| door.feed(key)) {
            Some(feed) => Ok(Box::new(feed)),
            None => self.feed(key, calendar),
        }
    }
}
