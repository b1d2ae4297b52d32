//! The market of a scenario as a source of a run, with its faults.

use std::sync::Arc;

use openbell_coordinator::{Source, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, MemoryFeed};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::Calendar;

use super::symbols::{Breakage, SimSymbol};
use crate::breaking_feed::{BreakingFeed, said};

/// What a source that fails says.
const GONE: &str = "the file is gone";

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

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the market".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let known = self.symbols.iter().find(|known| known.name == key.symbol);
        let Some(known) = known else { return Err(said(GONE)) };
        let is_base = key.interval == self.stored;
        let rows = if is_base { &known.rows } else { &known.daily };
        let rows = rows.as_deref().cloned().unwrap_or_default();
        let feed = MemoryFeed::new(key.clone(), rows);
        match known.breakage {
            Some(Breakage::CannotOpen) => Err(said(GONE)),
            Some(Breakage::VanishesAt(since)) if is_base => {
                Ok(Box::new(BreakingFeed { feed, since, why: GONE }))
            }
            _ => Ok(Box::new(feed)),
        }
    }
}
