//! Ten thousand symbol-days stream through feeds, and what they hold does not grow with the days.

#![allow(clippy::disallowed_methods)] // The test asks the system how much memory it takes.

mod support;

use openbell_data_manager::generate::{MarketPlan, SymbolPlan, generate};
use openbell_data_manager::{DataManager, Feed, Prefetch, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, BarInterval, SeriesKey};
use openbell_time::{Session, TradingDate};
use support::us_equity;

const N_SYMBOLS: usize = 40;

/// The most memory that this process has had in main memory; `None` where the system does not say.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?; // `None`: another system
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok() // `None`: as above
}

fn stream(store: &DataManager, keys: &[SeriesKey], sessions: &[Session]) -> u64 {
    let calendar = us_equity();
    let windows = sessions.iter().map(|session| session.open..session.close).collect();
    let prefetch = Prefetch::start(windows, 1).unwrap();
    let mut feeds: Vec<_> =
        keys.iter().map(|key| prefetch.feed(store.feed(key, &calendar).unwrap())).collect();
    for feed in &mut feeds {
        feed.seek(sessions[0].open).unwrap();
    }
    let mut rows = BarColumns::default();
    let mut n_rows = 0;
    for session in sessions {
        for feed in &mut feeds {
            rows.clear();
            feed.poll(session.close, session.close, &mut rows).unwrap();
            n_rows += rows.len() as u64;
        }
    }
    n_rows
}

#[test]
fn ten_thousand_symbol_days_take_no_more_memory_than_a_month_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let dates: [TradingDate; 2] = ["2024-01-01".parse().unwrap(), "2024-12-31".parse().unwrap()];
    let plan = MarketPlan {
        exchange_group: "US_EQUITY".to_owned(),
        seed: 3,
        first: dates[0],
        last: dates[1],
        symbols: (0..N_SYMBOLS)
            .map(|n| SymbolPlan::liquid(format!("S{n:02}").parse().unwrap()))
            .collect(),
    };
    let calendar = us_equity();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let report = generate(&plan, &calendar, &mut writer).unwrap();
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let interval = BarInterval::from_mins(1).unwrap();
    let keys: Vec<SeriesKey> = plan
        .symbols
        .iter()
        .map(|symbol| SeriesKey { symbol: symbol.symbol.clone(), interval })
        .collect();
    let sessions = calendar.sessions(dates[0]..=dates[1]).unwrap();

    stream(&store, &keys, &sessions[..42]);
    let after_two_months = peak_kb();
    let n_rows = stream(&store, &keys, sessions);
    let after_the_year = peak_kb();
    assert_eq!(n_rows, report.n_bars);
    let n_symbol_days = sessions.len() * N_SYMBOLS;
    println!("{n_symbol_days} symbol-days, {n_rows} bars, peak {after_the_year:?} kB");
    assert!(n_symbol_days > 10_000);
    match (after_two_months, after_the_year) {
        (Some(early), Some(late)) => {
            // The columns of the year would be 190 MB.
            assert!(late < early + 16_384, "{early} kB after two months, {late} kB after the year");
        }
        _ => println!("skipped: this system does not say how much memory a process takes"),
    }
}
