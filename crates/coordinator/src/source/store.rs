//! The store of a program as the source of a run.

use std::ops::Range;

use openbell_data_manager::{DataError, DataManager, Feed, Prefetch};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Timestamp};

use crate::error::{UnknownSymbol, with_causes};
use crate::source::Source;

/// Feeds out of a [`DataManager`].
pub struct StoreSource {
    store: DataManager,
    prefetch: Option<Prefetch>,
}

impl StoreSource {
    /// The feeds of `store`.
    pub fn new(store: DataManager) -> StoreSource {
        StoreSource { store, prefetch: None }
    }
}

impl Source for StoreSource {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.store.intervals(symbol)
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        let (root, nearest) = (self.store.root(), self.store.nearest(symbol));
        let source = match self.store.refusal_of(symbol) {
            None => format!("the store {root:?}"),
            Some(error) => {
                let why = with_causes(&error);
                format!("the store {root:?} cannot read the file of that name ({why}), and")
            }
        };
        UnknownSymbol { symbol: symbol.clone(), source, nearest: Some(nearest) }
    }

    fn n_covered(
        &self,
        key: &SeriesKey,
        calendar: &Calendar,
        hours: &[Range<Timestamp>],
        piece: Nanos,
    ) -> Result<Option<u64>, DataError> {
        self.store.n_covered(key, calendar, hours, piece).map(Some)
    }

    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        self.store.check_together(keys)
    }

    fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        self.store.check_files(key, range, calendar)
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(self.store.feed(key, calendar)?))
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        let feed = self.store.feed(key, calendar)?;
        Ok(match &self.prefetch {
            Some(prefetch) => Box::new(prefetch.feed(feed)),
            None => Box::new(feed),
        })
    }

    /// Starts the thread that reads ahead; it ends with this source. For one session, or
    /// on one core, there is none: rows are read when they are asked for.
    fn read_ahead(
        &mut self,
        windows: Vec<Range<Timestamp>>,
        n_ahead: usize,
    ) -> Result<(), DataError> {
        self.prefetch = Prefetch::start_where_useful(windows, n_ahead)?;
        Ok(())
    }
}
