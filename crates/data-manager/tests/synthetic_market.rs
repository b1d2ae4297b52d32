//! The synthetic market is the same everywhere, sound, and flawed only where it is asked to be.

#![allow(clippy::disallowed_methods)] // Tests read the files that they compare.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openbell_data_manager::generate::{
    Flaw, SymbolPlan, example_plans, session_bars, write_example_store,
};
use openbell_data_manager::{DataManager, StoreOptions, StoreWriter};
use openbell_market::BarColumns;

use crate::support::{at, series, us_equity};

const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/bar_data");

fn files_of(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                let name = path.strip_prefix(root).unwrap().to_owned();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Written anew, once the folder is removed, with
/// `cargo run -p openbell-data-manager --example write_example_store`.
#[test]
fn the_data_set_of_the_repository_is_generated_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let report = write_example_store(&mut writer).unwrap();
    assert_eq!(report.n_sessions, 16);
    let (generated, stored) = (files_of(folder.path()), files_of(Path::new(STORED)));
    assert_eq!(generated.keys().collect::<Vec<_>>(), stored.keys().collect::<Vec<_>>());
    for (name, bytes) in &generated {
        assert!(bytes == &stored[name], "{} differs from what is generated", name.display());
    }
    let n_bytes: usize = stored.values().map(Vec::len).sum();
    assert!(n_bytes < 2_000_000, "{n_bytes} bytes");
}

#[test]
fn the_data_set_says_that_it_is_synthetic_and_holds_a_full_and_a_half_day() {
    let options = StoreOptions { exchange_group: Some("US_EQUITY".to_owned()) };
    let store = DataManager::open(STORED, &options).unwrap();
    assert!(store.series().iter().all(|info| info.provenance.is_synthetic));
    let calendar = us_equity();
    let n_bars = |since: &str, until: &str| {
        let mut out = BarColumns::default();
        store.read(&series("MSFT 1m"), at(since)..at(until), &calendar, &mut out).unwrap();
        out.len()
    };
    assert_eq!(n_bars("2025-07-02T00:00:00Z", "2025-07-03T00:00:00Z"), 390);
    assert_eq!(n_bars("2025-07-03T00:00:00Z", "2025-07-04T00:00:00Z"), 210);
    let days = store.info(&series("AAPL 1d")).unwrap();
    assert_eq!(days.n_rows, 61);
}

#[test]
fn every_bar_of_the_synthetic_market_can_be_one() {
    let calendar = us_equity();
    for plan in example_plans() {
        for symbol in &plan.symbols {
            let mut rows = BarColumns::default();
            let year =
                at("2024-01-01T00:00:00Z").utc_date()..=at("2024-12-31T00:00:00Z").utc_date();
            for session in calendar.sessions(year).unwrap() {
                session_bars(plan.seed, symbol, session, &mut rows);
            }
            for row in 0..rows.len() {
                assert_eq!(
                    rows.ohlcv(row).fault(),
                    None,
                    "{} {}",
                    symbol.symbol,
                    rows.opens_at(row)
                );
                assert!(rows.low[row] > 0.0 && rows.volume[row] > 0.0);
            }
            assert!(rows.opens_at_ns.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}

#[test]
fn flaws_are_where_they_are_asked_for() {
    let date = "2025-07-02".parse().unwrap();
    let session = us_equity().session(date).unwrap().unwrap();
    let bars = |flaw: Option<Flaw>| {
        let plan = SymbolPlan::liquid("AAPL".parse().unwrap());
        let plan = flaw.map_or(plan.clone(), |flaw| plan.with(flaw));
        let mut rows = BarColumns::default();
        session_bars(1, &plan, &session, &mut rows);
        rows
    };
    assert_eq!(bars(None).len(), 390);
    assert_eq!(bars(Some(Flaw::Silent { date })).len(), 0);
    assert_eq!(bars(Some(Flaw::Halt { date, first_bar: 90, n_bars: 30 })).len(), 360);
    assert_eq!(bars(Some(Flaw::EndsEarly { date, n_bars: 100 })).len(), 100);
    let late = bars(Some(Flaw::StartsLate { date, first_bar: 17 }));
    assert_eq!(late.opens_at(0), at("2025-07-02T13:47:00Z"));
    let thin = bars(Some(Flaw::Thin { one_in: 4 })).len();
    assert!((60..140).contains(&thin), "{thin}");
    let extended = bars(Some(Flaw::ExtendedHours { one_in: 8 }));
    assert!(extended.len() > 420);
    assert!(extended.opens_at_ns.contains(&session.close.as_nanos()));
}

#[test]
fn a_session_is_the_same_whatever_was_generated_before_it() {
    let calendar = us_equity();
    let plan = SymbolPlan::liquid("AAPL".parse().unwrap());
    let dates = "2025-06-16".parse().unwrap()..="2025-07-03".parse().unwrap();
    let sessions = calendar.sessions(dates).unwrap();
    let mut whole = BarColumns::default();
    for session in sessions {
        session_bars(9, &plan, session, &mut whole);
    }
    let mut last = BarColumns::default();
    session_bars(9, &plan, sessions.last().unwrap(), &mut last);
    assert_eq!(whole.close[whole.len() - 210..], last.close[..]);
}
