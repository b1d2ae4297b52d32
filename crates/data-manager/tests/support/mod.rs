//! What the stories of this crate share: rows by hand, series by name.

#![allow(dead_code)] // Each test file uses its part.

pub mod foreign;
pub mod importing;

use openbell_data_manager::{DataManager, Provenance, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Calendar, TimeManager, Timestamp};

pub fn series(text: &str) -> SeriesKey {
    let (symbol, interval) = text.split_once(' ').expect("a symbol and an interval");
    SeriesKey { symbol: symbol.parse().unwrap(), interval: interval.parse().unwrap() }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn us_equity() -> Calendar {
    TimeManager::new().calendar("US_EQUITY").unwrap()
}

pub fn bar(price: f64) -> Ohlcv {
    Ohlcv { open: price, high: price + 1.0, low: price - 1.0, close: price, volume: 100.0 }
}

/// Rows at the given instants, priced 10, 11, 12 …
pub fn rows(stamps: &[&str]) -> BarColumns {
    let mut rows = BarColumns::default();
    for (n, stamp) in stamps.iter().enumerate() {
        rows.push(at(stamp), bar(10.0 + n as f64));
    }
    rows
}

/// `n_rows` of minutes from `first` on.
pub fn minutes(first: &str, n_rows: usize) -> BarColumns {
    let mut rows = BarColumns::default();
    for n in 0..n_rows {
        let stamp = at(first) + openbell_time::Nanos::from_secs(60 * n as i64);
        rows.push(stamp, bar(10.0 + (n % 97) as f64 * 0.01));
    }
    rows
}

/// A store with one series.
pub fn store_with(key: &SeriesKey, rows: &BarColumns) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    writer.merge("US_EQUITY", key, &Provenance::default(), rows).unwrap();
    folder
}

pub fn open(folder: &tempfile::TempDir) -> DataManager {
    DataManager::open(folder.path(), &StoreOptions::default()).unwrap()
}

/// All rows of a series, whatever their stamps.
pub fn read_all(store: &DataManager, key: &SeriesKey, calendar: &Calendar) -> BarColumns {
    let mut out = BarColumns::default();
    store.read(key, Timestamp::MIN..Timestamp::MAX, calendar, &mut out).unwrap();
    out
}
