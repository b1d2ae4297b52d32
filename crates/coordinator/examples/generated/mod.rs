//! A source of a service's own: bars that a generator makes as they are asked for, in place of
//! Parquet files.

use openbell_coordinator::{Source, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, FeedKind, Progress};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Timestamp};

const MINUTE: Nanos = Nanos::from_secs(60);

/// Minutes of a few symbols.
pub struct Generated {
    symbols: Vec<Symbol>,
}

impl Generated {
    /// A source that knows `names`.
    pub fn of(names: &[&str]) -> Result<Generated, openbell_market::MarketError> {
        let symbols = names.iter().map(|name| Symbol::new(name)).collect::<Result<_, _>>()?;
        Ok(Generated { symbols })
    }
}

impl Source for Generated {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let minute = BarInterval::from_mins(1).filter(|_| self.symbols.contains(symbol));
        minute.into_iter().collect()
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the generator".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(Minutes { key: key.clone(), next: Timestamp::from_nanos(0) }))
    }
}

/// The minutes of one symbol, made when they are asked for.
struct Minutes {
    key: SeriesKey,
    next: Timestamp,
}

impl Feed for Minutes {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Stored
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        let past = since.as_nanos().rem_euclid(MINUTE.as_nanos());
        let whole = Nanos::from_nanos((MINUTE.as_nanos() - past) % MINUTE.as_nanos());
        self.next = since + whole;
        Ok(())
    }

    fn poll(
        &mut self,
        _now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        while self.next < until {
            out.push(self.next, bar(&self.key.symbol, self.next));
            self.next += MINUTE;
        }
        Ok(Progress::stored(until, false))
    }
}

/// A bar that depends on its symbol and minute alone: a slow wave, and a little noise.
fn bar(symbol: &Symbol, opens_at: Timestamp) -> Ohlcv {
    let minute = opens_at.as_nanos() / MINUTE.as_nanos();
    let level = 100.0 + f64::from(symbol.as_str().bytes().map(u32::from).sum::<u32>() % 50);
    let price = |minute: i64| {
        let wave = (minute % 240 - 120).abs() as f64 / 60.0;
        let noise = (minute.wrapping_mul(7919) % 13) as f64 / 50.0;
        level + wave + noise
    };
    let (open, close) = (price(minute), price(minute + 1));
    let (high, low) = (open.max(close) + 0.05, open.min(close) - 0.05);
    Ohlcv { open, high, low, close, volume: 100.0 + (minute % 30) as f64 }
}
