//! Ten thousand symbol-days through a whole run: what it holds does not grow with the days, but for
//! the report of each.

#![allow(clippy::disallowed_methods)] // The test asks the system how much memory it takes.

use openbell_coordinator::Phase;
use openbell_data_manager::StoreWriter;
use openbell_data_manager::generate::{MarketPlan, SymbolPlan, generate};
use openbell_tests::{finish, store_engine, time};

const N_SYMBOLS: usize = 40;

/// The most memory that this process has had in main memory; `None` where the system does not say.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?; // `None`: another system
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok() // `None`: as above
}

#[test]
fn a_run_over_ten_thousand_symbol_days_takes_little_more_memory_than_over_a_fifth_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let symbols: Vec<String> = (0..N_SYMBOLS).map(|n| format!("S{n:02}")).collect();
    let plan = MarketPlan {
        exchange_group: "US_EQUITY".to_owned(),
        seed: 3,
        first: "2024-01-01".parse().unwrap(),
        last: "2024-12-31".parse().unwrap(),
        symbols: symbols.iter().map(|name| SymbolPlan::liquid(name.parse().unwrap())).collect(),
    };
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let generated = generate(&plan, &time().calendar("US_EQUITY").unwrap(), &mut writer).unwrap();
    let run = |end: &str| {
        let config = format!(
            r#"{{"session_name": "a year", "mode": "backtest",
                "backtest_config": {{"start_date": "2024-01-01", "end_date": "{end}"}},
                "session_data_config": {{"symbols": {symbols:?}, "streams": ["1m", "5m"]}}}}"#
        );
        let done = finish(&mut store_engine(&config, folder.path()));
        assert_eq!(done.phase, Phase::Closed, "{:?}", done.report.failure);
        (done.report.n_bars, done.report.sessions.len() * N_SYMBOLS)
    };
    run("2024-03-13");
    let early = peak_kb();
    let (n_bars, n_symbol_days) = run("2024-12-31");
    let late = peak_kb();
    assert_eq!(n_bars, generated.n_bars);
    println!("{n_symbol_days} symbol-days, {n_bars} bars, peak {early:?} kB, then {late:?} kB");
    assert!(n_symbol_days > 10_000);
    match (early, late) {
        (Some(early), Some(late)) => {
            // Reports and events are about a kilobyte a symbol-day; the columns would be 190 MB.
            assert!(late < early + 32_768, "{early} kB after two months, {late} kB after the year");
        }
        _ => println!("skipped: this system does not say how much memory a process takes"),
    }
}
