//! The store of a program as the source of a run.

use std::ops::Range;

use openbell_data_manager::{DataError, DataManager, Feed, Prefetch};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Timestamp};

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

    fn unknown(&self, symbol: &Symbol) -> String {
        // Any interval does: what is unknown is the symbol.
        let key = SeriesKey { symbol: symbol.clone(), interval: BarInterval::DAY };
        match self.store.info(&key) {
            Err(DataError::UnknownSeries { store, nearest, .. }) => {
                let hint = match nearest.as_slice() {
                    [] => "it holds no symbol".to_owned(),
                    names => {
                        let names: Vec<&str> = names.iter().map(Symbol::as_str).collect();
                        format!("the nearest are {}", names.join(", "))
                    }
                };
                format!("the store {store:?} has no symbol {symbol}; {hint}")
            }
            Err(error) => error.to_string(),
            Ok(_) => format!("the store holds {symbol}"),
        }
    }

    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        self.store.check_together(keys)
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
