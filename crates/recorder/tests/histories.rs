//! The history that a run has read is held against what the store has when the run goes on.

use std::ops::Range;

use openbell_coordinator::{Digest, Source, StoreSource};
use openbell_data_manager::{DataManager, Feed, Provenance, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_recorder::{
    Durability, HistoryWatch, RecordedRun, RecordingWriter, RestartFrom, last_run,
};
use openbell_time::{Calendar, Nanos, TimeManager, Timestamp};

use super::support::{Place, date, plain};

const GROUP: &str = "CRYPTO";

fn key(text: &str) -> SeriesKey {
    let (symbol, interval) = text.split_once(' ').unwrap();
    SeriesKey { symbol: symbol.parse().unwrap(), interval: interval.parse().unwrap() }
}

fn minute(n: i64) -> Timestamp {
    let midnight: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    midnight + Nanos::from_secs(60 * n)
}

fn calendar() -> Calendar {
    TimeManager::new().calendar(GROUP).unwrap()
}

/// Stores the minutes of `range` of a series; the price of each is `price`.
fn store(place: &Place, series: &str, range: Range<i64>, price: f64) {
    let mut rows = BarColumns::default();
    for n in range {
        let ohlcv = Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 };
        rows.push(minute(n), ohlcv);
    }
    let mut writer = StoreWriter::open(place.root.path().join("bars")).unwrap();
    writer.merge(GROUP, &key(series), &Provenance::default(), &rows).unwrap();
}

fn source(place: &Place) -> Box<dyn Source> {
    let options = StoreOptions { exchange_group: Some(GROUP.to_owned()) };
    let store = DataManager::open(place.root.path().join("bars"), &options).unwrap();
    Box::new(StoreSource::new(store))
}

fn read(feed: &mut dyn Feed, until: i64) -> usize {
    let mut out = BarColumns::default();
    feed.poll(minute(until), minute(until), &mut out).unwrap();
    out.len()
}

/// A run that has read two stretches of one series and one of another, over three looks.
fn recorded(place: &Place) {
    store(place, "BTC/USD 1m", 0..100, 10.0);
    store(place, "ETH/USD 1m", 0..100, 20.0);
    let history = HistoryWatch::default();
    let mut source = history.source(source(place));
    assert_eq!(source.intervals(&"BTC/USD".parse().unwrap()), [key("BTC/USD 1m").interval]);
    let setup = place.setup(Durability::Normal, None);
    let (mut writer, keeper) = RecordingWriter::begin(setup, date(24)).unwrap();
    writer.watch(history);
    plain(1, 1).hand_to(&mut writer).unwrap();
    let mut bitcoin = source.feed(&key("BTC/USD 1m"), &calendar()).unwrap();
    bitcoin.seek(minute(20)).unwrap();
    assert_eq!(read(bitcoin.as_mut(), 40) + read(bitcoin.as_mut(), 50), 30);
    plain(2, 1).hand_to(&mut writer).unwrap();
    assert_eq!(read(bitcoin.as_mut(), 60), 10);
    let mut ether = source.feed(&key("ETH/USD 1m"), &calendar()).unwrap();
    ether.seek(minute(90)).unwrap();
    assert_eq!(read(ether.as_mut(), 120), 10);
    drop(ether);
    plain(3, 1).hand_to(&mut writer).unwrap();
    drop(writer);
    keeper.end(plain(3, 1).wall, "interrupted", Digest(1)).unwrap();
}

fn run(place: &Place) -> RecordedRun {
    last_run(place.root.path(), "coins", RestartFrom::FirstSession).unwrap().expect("a run")
}

fn refused(place: &Place) -> String {
    let checked = run(place).check_history(source(place).as_mut(), &calendar());
    checked.expect_err("another history").to_string()
}

#[test]
fn history_that_is_still_the_same_where_it_was_read_is_no_difference() {
    let place = Place::new();
    recorded(&place);
    run(&place).check_history(source(&place).as_mut(), &calendar()).unwrap();
    store(&place, "BTC/USD 1m", 0..20, 11.0);
    store(&place, "BTC/USD 1m", 60..200, 11.0);
    run(&place).check_history(source(&place).as_mut(), &calendar()).unwrap();
    assert_eq!(place.read(&place.folder(24)).unwrap().len(), 3);
}

#[test]
fn a_value_that_has_changed_since_it_was_read_is_named_by_its_series_and_stretch() {
    let place = Place::new();
    recorded(&place);
    store(&place, "BTC/USD 1m", 30..31, 10.5);
    let said = refused(&place);
    let line = "the history of BTC/USD 1m from 2026-11-20T00:20:00Z to 2026-11-20T00:50:00Z: \
                recorded 30 rows, now as many with other values";
    assert!(said.contains(line), "{said}");
    assert!(!said.contains("ETH/USD") && said.contains("--fresh"), "{said}");
}

#[test]
fn rows_that_came_later_where_nothing_had_been_are_a_difference() {
    let place = Place::new();
    recorded(&place);
    store(&place, "ETH/USD 1m", 100..110, 20.0);
    let said = refused(&place);
    let line =
        "ETH/USD 1m from 2026-11-20T01:30:00Z to 2026-11-20T02:00:00Z: recorded 10 rows, now 20";
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_series_that_is_gone_is_a_difference() {
    let place = Place::new();
    recorded(&place);
    std::fs::remove_dir_all(place.root.path().join("bars")).unwrap();
    store(&place, "ETH/USD 1m", 0..100, 20.0);
    let said = refused(&place);
    assert!(said.contains("the history of BTC/USD 1m"), "{said}");
}

#[test]
fn what_was_offered_then_is_known_whatever_the_store_has_got_since() {
    let place = Place::new();
    recorded(&place);
    store(&place, "BTC/USD 1s", 0..10, 10.0);
    let offers = run(&place).offers().unwrap();
    assert_eq!(offers, [("BTC/USD".parse().unwrap(), vec![key("BTC/USD 1m").interval])].into());
}

#[test]
fn a_print_that_was_changed_by_hand_is_found_at_its_look() {
    for change in ["history SET print = print + 1", "offer SET intervals = '5m'"] {
        let place = Place::new();
        recorded(&place);
        let database = rusqlite::Connection::open(place.folder(24).join("inputs.sqlite")).unwrap();
        database.execute(&format!("UPDATE {change}"), []).unwrap();
        drop(database);
        let error = place.read(&place.folder(24)).map(drop).expect_err("it was changed");
        assert!(error.to_string().contains("it is not what was written"), "{error}");
    }
}
