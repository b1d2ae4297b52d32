//! The source of a recorded run: history from where it is, live feeds from the recording.

use std::ops::Range;

use openbell_coordinator::{Source, SourceReadiness, UnknownSymbol};
use openbell_data_manager::{DataError, Feed};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Timestamp, TradingDate};

use super::feed::RecordedFeed;
use super::player::Shared;

/// Where a recorded run gets its feeds from.
pub(super) struct RecordedSource {
    player: Shared,
    history: Box<dyn Source>,
    /// Whose each feed is that was handed out.
    handed_out: Vec<SeriesKey>,
}

impl RecordedSource {
    pub(super) fn new(player: Shared, history: Box<dyn Source>) -> RecordedSource {
        RecordedSource { player, history, handed_out: Vec::new() }
    }
}

impl Source for RecordedSource {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let offered = self.player.lock().offers.get(symbol).cloned();
        offered.unwrap_or_else(|| self.history.intervals(symbol))
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        self.history.unknown(symbol)
    }

    fn n_covered(
        &self,
        key: &SeriesKey,
        calendar: &Calendar,
        hours: &[Range<Timestamp>],
        piece: Nanos,
    ) -> Result<Option<u64>, DataError> {
        self.history.n_covered(key, calendar, hours, piece)
    }

    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        self.history.check_together(keys)
    }

    fn readiness(&mut self, symbol: &Symbol) -> SourceReadiness {
        let mut player = self.player.lock();
        if player.is_over() {
            drop(player);
            return self.history.readiness(symbol);
        }
        player.readiness(symbol)
    }

    fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        self.history.check_files(key, range, calendar)
    }

    fn delivered(
        &mut self,
        key: &SeriesKey,
        session: TradingDate,
    ) -> Result<Option<BarColumns>, DataError> {
        let kept = self.player.lock().delivered.as_mut().and_then(|all| all.take(key, session));
        match kept {
            Some(bars) => Ok(Some(bars)),
            None => self.history.delivered(key, session),
        }
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        self.history.feed(key, calendar)
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let nth = self.handed_out.iter().filter(|known| *known == key).count();
        self.handed_out.push(key.clone());
        Ok(Box::new(RecordedFeed::new(key.clone(), nth, self.player.clone())))
    }
}
