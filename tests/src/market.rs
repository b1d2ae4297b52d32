//! Bars in memory, as a source of a run.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use openbell_coordinator::{Source, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, MemoryFeed};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::{Calendar, TimeManager, Timestamp, TradingDate};

use crate::breaking_feed::{BreakingFeed, said};

/// What a source that fails says.
const ON_FIRE: &str = "the disk is on fire";

/// A bar whose four prices are `price`.
pub fn flat(price: f64, volume: f64) -> Ohlcv {
    Ohlcv { open: price, high: price, low: price, close: price, volume }
}

/// A bar that depends on its symbol and stamp alone, with prices that move.
pub fn bar_at(symbol: &str, opens_at: Timestamp) -> Ohlcv {
    let mut seed = opens_at.as_secs() as u64;
    for byte in symbol.bytes() {
        seed = seed.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte);
    }
    let mut draw = |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n) as f64
    };
    let open = 100.0 + draw(2_000) / 100.0;
    let close = open + (draw(101) - 50.0) / 100.0;
    let high = open.max(close) + draw(30) / 100.0;
    let low = open.min(close) - draw(30) / 100.0;
    Ohlcv { open, high, low, close, volume: 1.0 + draw(1_000) }
}

/// How the series of a symbol fail.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// None of them can be opened.
    CannotOpen,
    /// Rows stamped at that instant or after it cannot be read.
    BreaksAt(Timestamp),
}

/// Series in memory; what a store is to the program.
#[derive(Clone, Default)]
pub struct Market {
    series: BTreeMap<SeriesKey, BarColumns>,
    faults: BTreeMap<Symbol, Fault>,
}

impl Market {
    /// A market without series.
    pub fn new() -> Market {
        Market::default()
    }

    /// Adds a series of `interval` (as `1m`) with one row for each stamp.
    pub fn with_rows(
        mut self,
        symbol: &str,
        interval: &str,
        rows: impl IntoIterator<Item = (Timestamp, Ohlcv)>,
    ) -> Market {
        let mut columns = BarColumns::default();
        for (opens_at, ohlcv) in rows {
            columns.push(opens_at, ohlcv);
        }
        self.series.insert(key(symbol, interval), columns);
        self
    }

    /// Adds the 1m bars of every regular minute of the New York sessions `first` to `last` that
    /// `keep` keeps; `keep` is asked with the session, and the minute of it from 0.
    pub fn with_minutes(
        self,
        symbol: &str,
        first: &str,
        last: &str,
        keep: impl Fn(TradingDate, usize) -> bool,
    ) -> Market {
        let calendar = new_york();
        let dates = first.parse().expect("a date")..=last.parse().expect("a date");
        let mut rows = Vec::new();
        for session in calendar.sessions(dates).expect("dates within the facts") {
            let mut opens_at = session.open;
            for minute in 0.. {
                if opens_at >= session.close {
                    break;
                }
                if keep(session.date, minute) {
                    rows.push((opens_at, bar_at(symbol, opens_at)));
                }
                opens_at += openbell_time::Nanos::from_secs(60);
            }
        }
        self.with_rows(symbol, "1m", rows)
    }

    /// Adds the 1m bars of every minute of the sessions `first` to `last` of `calendar`.
    pub fn with_all_minutes_of(
        self,
        calendar: &str,
        symbol: &str,
        first: &str,
        last: &str,
    ) -> Market {
        let calendar = time().calendar(calendar).expect("a calendar");
        let dates = first.parse().expect("a date")..=last.parse().expect("a date");
        let mut rows = Vec::new();
        for session in calendar.sessions(dates).expect("dates within the facts") {
            let mut opens_at = session.open;
            while opens_at < session.close {
                rows.push((opens_at, bar_at(symbol, opens_at)));
                opens_at += openbell_time::Nanos::from_secs(60);
            }
        }
        self.with_rows(symbol, "1m", rows)
    }

    /// The same market, in which the series of `symbol` fail.
    pub fn failing(mut self, symbol: &str, fault: Fault) -> Market {
        self.faults.insert(symbol.parse().expect("a symbol"), fault);
        self
    }

    /// The same market with the rows of every series changed by `change`.
    pub fn changed(mut self, change: impl Fn(&SeriesKey, &BarColumns) -> BarColumns) -> Market {
        for (key, rows) in &mut self.series {
            *rows = change(key, rows);
        }
        self
    }
}

/// The calendars of all stories: expanding one takes milliseconds, so it is done once.
pub fn time() -> &'static TimeManager {
    static TIME: OnceLock<TimeManager> = OnceLock::new();
    TIME.get_or_init(TimeManager::new)
}

/// The calendar of the stories.
pub(crate) fn new_york() -> Calendar {
    time().calendar("XNYS").expect("XNYS is embedded")
}

fn key(symbol: &str, interval: &str) -> SeriesKey {
    SeriesKey {
        symbol: symbol.parse().expect("a symbol"),
        interval: interval.parse().expect("an interval"),
    }
}

impl Source for Market {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        self.series.keys().filter(|key| key.symbol == *symbol).map(|key| key.interval).collect()
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the market".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let rows = self.series.get(key).cloned().unwrap_or_default();
        let feed = MemoryFeed::new(key.clone(), rows);
        match self.faults.get(&key.symbol) {
            None => Ok(Box::new(feed)),
            Some(Fault::CannotOpen) => Err(said(ON_FIRE)),
            Some(&Fault::BreaksAt(since)) => {
                Ok(Box::new(BreakingFeed { feed, since, why: ON_FIRE }))
            }
        }
    }
}
