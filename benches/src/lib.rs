//! Benches of the streaming hot path and of whole runs: what they are run on.
//!
//! `cargo xtask bench` runs them. Each prints the digest of what it has delivered beside its
//! figures, so that a speed-up which changes a value is seen.

use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Phase, Report, Step, StoreSource};
use openbell_data_manager::generate::{MarketPlan, SymbolPlan, generate};
use openbell_data_manager::{DataManager, Feed, StoreOptions, StoreWriter};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{TimeManager, Timestamp};

/// A synthetic market on disk: minutes of US stocks, month files.
pub struct BenchStore {
    _folder: tempfile::TempDir,
    store: DataManager,
    symbols: Vec<Symbol>,
    first: &'static str,
    last: &'static str,
    /// Bars in it.
    pub n_bars: u64,
}

impl BenchStore {
    /// `n_symbols` over the sessions `first` to `last`.
    ///
    /// *Panics* where the machine gives no folder to write in.
    pub fn new(n_symbols: usize, first: &'static str, last: &'static str) -> BenchStore {
        let folder = tempfile::tempdir().expect("a folder");
        let symbols: Vec<Symbol> =
            (0..n_symbols).map(|n| format!("S{n:04}").parse().expect("a symbol")).collect();
        let plan = MarketPlan {
            exchange_group: "US_EQUITY".to_owned(),
            seed: 1,
            first: first.parse().expect("a date"),
            last: last.parse().expect("a date"),
            symbols: symbols.iter().cloned().map(SymbolPlan::liquid).collect(),
        };
        let calendar = TimeManager::new().calendar("US_EQUITY").expect("a calendar");
        let mut writer = StoreWriter::open(folder.path()).expect("a store");
        let report = generate(&plan, &calendar, &mut writer).expect("a market");
        let store = DataManager::open(folder.path(), &StoreOptions::default()).expect("a store");
        BenchStore { _folder: folder, store, symbols, first, last, n_bars: report.n_bars }
    }

    /// Reads every bar by the typed readers, session by session, and does nothing with it: the
    /// yardstick. Returns how many there were.
    pub fn decode(&self) -> usize {
        let calendar = TimeManager::new().calendar("US_EQUITY").expect("a calendar");
        let dates = self.first.parse().expect("a date")..=self.last.parse().expect("a date");
        let sessions = calendar.sessions(dates).expect("sessions");
        let interval = BarInterval::from_mins(1).expect("a minute");
        let mut rows = BarColumns::default();
        let mut n_bars = 0;
        for symbol in &self.symbols {
            let key = SeriesKey { symbol: symbol.clone(), interval };
            let mut feed = self.store.feed(&key, &calendar).expect("a feed");
            for session in sessions {
                rows.clear();
                feed.poll(session.close, session.close, &mut rows).expect("rows");
                n_bars += rows.len();
            }
        }
        n_bars
    }

    /// A run over it with `streams`, and `more` in its `session_data_config`.
    pub fn engine(&self, streams: &str, more: &str) -> Engine {
        let symbols: Vec<String> = self.symbols.iter().map(|s| format!("\"{s}\"")).collect();
        let json = format!(
            r#"{{"session_name": "bench", "mode": "backtest",
                "backtest_config": {{"start_date": "{}", "end_date": "{}"}},
                "session_data_config": {{"symbols": [{}], "streams": {streams}{more}}}}}"#,
            self.first,
            self.last,
            symbols.join(",")
        );
        let (config, _) = SessionConfig::parse(&json).expect("a good config");
        let source = Box::new(StoreSource::new(self.store.clone()));
        Engine::new(&config, &TimeManager::new(), source).expect("a plan")
    }
}

/// Steps a run to its end.
///
/// *Panics* where it does not complete.
pub fn run(mut engine: Engine) -> Report {
    loop {
        match engine.step(Timestamp::from_nanos(0)) {
            Step::Ended(phase) => {
                assert_eq!(phase, Phase::Closed, "{:?}", engine.report().failure);
                return engine.report();
            }
            Step::Worked | Step::Paused | Step::Waits { .. } => {}
        }
    }
}
