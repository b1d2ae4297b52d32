//! Strategies and scanners by the names of session files: over the small store, over reference
//! data, and over a market of five hundred.

#![expect(clippy::disallowed_methods, reason = "session files and reference data are read here")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Bars, Consumer, ConsumerError, Context, Delivery, Engine, Event, LookaheadCheck,
    LookaheadSetup, Module, ModuleContext, ModuleFiles, NoModuleFiles, NoSettings, OnError,
    Outcome, Phase, Registry, Signal, Source, StoreSource, Subscription, Tampering,
};
use openbell_data_manager::{DataError, DataManager, StoreOptions};
use openbell_market::Symbol;
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_session_data::{HistoricalHandle, IndicatorHandle, Unavailable};
use openbell_strategies::built_in;
use openbell_tests::{Finished, Market, Story, at, bar_at, finish_with_workers, flat, sym, time};
use openbell_time::{Nanos, TimeManager, Timestamp};

use crate::reference::large;

const DAY: &str = "2025-07-02";

/// Files of a folder.
struct Folder(PathBuf);

impl ModuleFiles for Folder {
    fn text(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| format!("{path}: {error}"))
    }
}

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../session_configs")
}

fn parsed(json: &str) -> SessionConfig {
    SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}")).0
}

fn store(folder: &Path) -> Box<dyn Source> {
    let store = DataManager::open(folder, &StoreOptions::default());
    Box::new(StoreSource::new(store.unwrap_or_else(|error| panic!("{error}"))))
}

/// A run of `config` with its modules, each delivered that way.
fn run(
    config: &SessionConfig,
    source: Box<dyn Source>,
    texts: &dyn ModuleFiles,
    delivery: Delivery,
) -> Finished {
    let time = TimeManager::new();
    let calendar = time.calendar(config.exchange_group.name).expect("a calendar");
    let made =
        built_in().build(config, &calendar, texts).unwrap_or_else(|errors| panic!("{errors}"));
    let engine = Engine::new(config, &time, source).unwrap_or_else(|errors| panic!("{errors}"));
    let mut story = Story { engine };
    let workers = story.engine.register_modules(made, delivery).expect("not free");
    let finished = finish_with_workers(story, workers).0;
    assert_eq!(finished.phase, Phase::Closed, "{:?}", finished.report.failure);
    finished
}

fn with_speed(mut config: SessionConfig, speed: f64) -> SessionConfig {
    if let openbell_config::Mode::Backtest(backtest) = &mut config.mode {
        backtest.speed_multiplier = speed;
    }
    config
}

fn by_consumer(finished: &Finished) -> BTreeMap<String, Vec<(Timestamp, Signal)>> {
    let mut signals: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (at, signal) in &finished.report.signals {
        signals.entry(signal.consumer.clone()).or_default().push((*at, signal.clone()));
    }
    signals
}

/// One log at every speed and for both deliveries. Returns the run.
fn the_same_everywhere(
    config: &SessionConfig,
    source: impl Fn() -> Box<dyn Source>,
    texts: &dyn ModuleFiles,
) -> Finished {
    let first = run(config, source(), texts, Delivery::Inline);
    for speed in [0.0, 60.0, 1200.0] {
        for delivery in [Delivery::Inline, Delivery::LockStep] {
            let again = run(&with_speed(config.clone(), speed), source(), texts, delivery);
            assert_eq!(again.events, first.events, "{speed} {delivery:?}");
            assert_eq!(again.report.signals, first.report.signals);
            assert_eq!(again.report.digest, first.report.digest);
        }
    }
    first
}

#[test]
fn the_session_file_with_all_modules_signals_the_same_at_every_speed_and_delivery() {
    let text = std::fs::read_to_string(configs().join("scanners.json")).expect("it is there");
    let source = || store(&configs().join("../tests/data/bar_data"));
    let finished = the_same_everywhere(&parsed(&text), source, &Folder(configs()));
    let signals = by_consumer(&finished);
    let names: Vec<&str> = signals.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["gap_scanner", "momentum_scanner", "moving_average_cross", "opening_range_breakout"]
    );
}

/// The folder of reference bars, where the large reference is; the small one has too few symbols, and
/// the session over the synthetic market stands for it.
fn reference() -> Option<PathBuf> {
    large().map(|reference| reference.data().join("bars/us-rth-2019"))
}

const REFERENCE: &str = r#"{
    "session_name": "us-rth-2019", "mode": "backtest",
    "backtest_config": { "start_date": "2019-02-11", "end_date": "2019-02-15" },
    "session_data_config": {
        "symbols": ["SPY", "QQQ"],
        "streams": ["1m", "5m"],
        "historical": { "data": [{ "trailing_days": 1, "intervals": ["5m"] }] },
        "scanners": [
            { "module": "gap_scanner", "pre_session": true, "config": {
                "symbols": ["BAC", "GLD", "JPM", "PPLT", "TSLA", "V", "XLP", "NOSUCH"],
                "min_gap_pct": 0.5, "max_picks": 3 } },
            { "module": "momentum_scanner",
              "regular_session": [{ "start": "09:35", "end": "10:31", "interval": "5m" }],
              "config": { "symbols": ["BAC", "GLD", "JPM", "TSLA", "V", "XLP"],
                          "watch": 3, "min_return_pct": 0.4, "max_picks": 2 } }
        ],
        "strategies": [
            { "module": "moving_average_cross" },
            { "module": "opening_range_breakout" }
        ]
    } }"#;

#[test]
fn reference_bars_signal_the_same_at_every_speed_and_delivery() {
    let Some(folder) = reference() else { return };
    let finished = the_same_everywhere(&parsed(REFERENCE), || store(&folder), &NoModuleFiles);
    let signals = by_consumer(&finished);
    for name in
        ["gap_scanner", "momentum_scanner", "moving_average_cross", "opening_range_breakout"]
    {
        let n = signals.get(name).map_or(0, Vec::len);
        println!("{name}: {n} signals");
        assert!(n > 0, "{name} signals something in a week");
    }
}

/// The session with the modules of `off` not enabled.
fn without(off: &str, json: &str) -> SessionConfig {
    let mut config = parsed(json);
    for scanner in &mut config.session_data_config.scanners {
        scanner.enabled = scanner.module != off;
    }
    for strategy in &mut config.session_data_config.strategies {
        strategy.enabled = strategy.module != off;
    }
    config
}

/// Runs the session of `json` without each of `off`, and expects everyone else's signals as they
/// were.
fn nobody_else_changes(json: &str, off: &[&str], folder: &Path) {
    let all = by_consumer(&run(&parsed(json), store(folder), &NoModuleFiles, Delivery::Inline));
    for off in off {
        let mut expected = all.clone();
        assert!(expected.remove(*off).is_some(), "{off} signals nothing");
        let rest = run(&without(off, json), store(folder), &NoModuleFiles, Delivery::Inline);
        let found = by_consumer(&rest);
        for (consumer, signals) in &expected {
            assert!(found.get(consumer) == Some(signals), "{consumer} differs without {off}");
        }
        assert_eq!(found.len(), expected.len(), "without {off}");
    }
}

/// The same session over a week of the synthetic market of the repository.
fn synthetic() -> String {
    REFERENCE
        .replace("2019-02-11", "2025-06-23")
        .replace("2019-02-15", "2025-06-27")
        .replace(r#"["SPY", "QQQ"]"#, r#"["SPY", "MSFT"]"#)
        .replace(r#"["BAC", "GLD", "JPM", "PPLT", "TSLA", "V", "XLP", "NOSUCH"]"#, CANDIDATES)
        .replace(r#"["BAC", "GLD", "JPM", "TSLA", "V", "XLP"]"#, CANDIDATES)
        .replace(r#""min_gap_pct": 0.5"#, r#""min_gap_pct": 0.05"#)
        .replace(r#""min_return_pct": 0.4"#, r#""min_return_pct": 0.2"#)
}

const CANDIDATES: &str = r#"["AAPL", "AMZN", "GME", "META", "NVDA", "PPLT", "RIVN", "TSLA"]"#;

/// The session over each market that is there: its file, and the folder of its bars.
fn weeks() -> Vec<(String, PathBuf)> {
    let ours = (synthetic(), configs().join("../tests/data/bar_data"));
    let reference = reference().map(|folder| (REFERENCE.to_owned(), folder));
    [ours].into_iter().chain(reference).collect()
}

#[test]
fn switching_a_strategy_off_changes_no_one_elses_signals() {
    for (json, folder) in weeks() {
        nobody_else_changes(&json, &["moving_average_cross", "opening_range_breakout"], &folder);
    }
}

#[test]
fn switching_a_scanner_off_changes_nothing_for_those_that_have_symbols_of_their_own() {
    for (json, folder) in weeks() {
        let own = r#""config": {"symbols": ["SPY", "QQQ", "MSFT"]} }"#;
        let json = json
            .replace("moving_average_cross\" }", &format!("moving_average_cross\", {own}"))
            .replace("opening_range_breakout\" }", &format!("opening_range_breakout\", {own}"));
        let all =
            ["gap_scanner", "momentum_scanner", "moving_average_cross", "opening_range_breakout"];
        nobody_else_changes(&json, &all, &folder);
    }
}

/// The modules of a session file over a store, made anew for every run of a check.
struct Modules<'m> {
    config: &'m SessionConfig,
    folder: &'m Path,
}

impl LookaheadSetup for Modules<'_> {
    fn source(&mut self) -> Result<Box<dyn Source>, DataError> {
        Ok(store(self.folder))
    }

    fn register(&mut self, engine: &mut Engine, _: &Tampering) -> Result<(), ConsumerError> {
        let calendar = time().calendar(self.config.exchange_group.name)?;
        let made = built_in().build(self.config, &calendar, &NoModuleFiles)?;
        let workers = engine.register_modules(made, Delivery::Inline)?;
        assert!(workers.is_empty());
        Ok(())
    }
}

#[test]
fn no_signal_and_nothing_that_a_module_asks_for_depends_on_a_later_bar() {
    for (json, folder) in weeks() {
        let config = parsed(&json);
        let check = LookaheadCheck { n_cuts: 60, ..LookaheadCheck::of(&config, time()) };
        let mut modules = Modules { config: &config, folder: &folder };
        let report = check.run(&mut modules, |_| ControlFlow::Continue(())).expect("it begins");
        assert!(report.findings.is_empty(), "{}", report.findings[0]);
        assert!(report.is_complete);
    }
}

/// Five hundred symbols: a day of history each, and a minute-by-minute session in which every
/// fiftieth opens 4 percent higher.
fn five_hundred() -> (Market, Vec<Symbol>) {
    let names: Vec<Symbol> = (0..500).map(|n| sym(&format!("S{n:03}"))).collect();
    let mut market = Market::new().with_minutes("SPY", "2025-07-01", DAY, |_, _| true);
    for (n, name) in names.iter().enumerate() {
        let yesterday = (at("2025-07-01", 9, 30), flat(100.0, 1_000.0 + n as f64));
        let level = if n % 50 == 7 { 104.0 } else { 100.5 };
        let minutes = (0..390).map(|minute| {
            let opens_at = at(DAY, 9, 30) + Nanos::from_secs(60 * minute);
            let moves = bar_at(name.as_str(), opens_at).close % 1.0;
            (opens_at, flat(level + if minute == 0 { 0.0 } else { moves }, 10.0))
        });
        market = market.with_rows(name.as_str(), "1d", [yesterday]);
        market = market.with_rows(name.as_str(), "1m", minutes);
    }
    (market, names)
}

#[test]
fn a_session_of_five_hundred_candidates_trades_ten() {
    let (market, names) = five_hundred();
    let list: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let json = format!(
        r#"{{"session_name": "five hundred", "mode": "backtest",
            "backtest_config": {{"start_date": "{DAY}", "end_date": "{DAY}"}},
            "session_data_config": {{"symbols": ["SPY"], "streams": ["1m"],
                "scanners": [{{"module": "gap_scanner", "pre_session": true,
                    "config": {{"symbols": [{}], "history_sessions": 1}}}}],
                "strategies": [{{"module": "opening_range_breakout",
                    "config": {{"minutes": 5}}}}]}}}}"#,
        list.join(", ")
    );
    let finished = run(&parsed(&json), Box::new(market), &NoModuleFiles, Delivery::Inline);
    let gaps: Vec<&Signal> = finished
        .report
        .signals
        .iter()
        .filter(|(_, signal)| signal.kind == "gap")
        .map(|(at, signal)| {
            assert_eq!(*at, openbell_tests::at(DAY, 9, 31), "at the first closed bar");
            assert_eq!(signal.value, Some(4.0));
            signal
        })
        .collect();
    let picked: Vec<String> = gaps.iter().map(|signal| signal.symbol.to_string()).collect();
    let expected: Vec<String> = (0..10).map(|n| format!("S{:03}", n * 50 + 7)).collect();
    assert_eq!(picked, expected);
    let session = &finished.report.sessions[0];
    let stayed = session.symbols.iter().filter(|symbol| !symbol.has_left).count();
    assert_eq!((session.symbols.len(), stayed), (501, 11), "500 candidates and SPY");
    let is_trade = |signal: &&(Timestamp, Signal)| signal.1.consumer == "opening_range_breakout";
    for (_, signal) in finished.report.signals.iter().filter(is_trade) {
        let symbol = signal.symbol.as_str();
        assert!(symbol == "SPY" || expected.iter().any(|pick| pick == symbol), "{symbol}");
    }
    // At the open nobody has a backlog, so the gate never shut.
    assert!(!finished.events.iter().any(|event| matches!(event, Event::GateShut { reason, .. }
        if reason.name() == "catching_up")));
}

#[test]
fn what_a_session_file_asks_for_in_vain_is_said_at_once_and_with_its_path() {
    let json = r#"{"session_name": "vain", "mode": "backtest",
        "backtest_config": {"start_date": "2025-07-03", "end_date": "2025-07-03"},
        "session_data_config": {"symbols": ["SPY"], "streams": ["1m", "5m"],
            "scanners": [
                {"module": "gap_scaner", "pre_session": true},
                {"module": "momentum_scanner", "config": {"symbols": ["A"]},
                 "regular_session": [{"start": "13:30", "end": "14:00", "interval": "5m"}]},
                {"module": "gap_scanner", "pre_session": true, "config": {"universe": "u.txt"}}],
            "strategies": [
                {"module": "moving_average_cross", "config": {"fast": 20, "slow": 20}},
                {"module": "opening_range_breakout", "config": {"minuts": 20}}]}}"#;
    let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
    let errors = built_in().build(&parsed(json), &calendar, &NoModuleFiles).err().unwrap();
    let lines: Vec<String> =
        errors.0.iter().map(|e| format!("{}: {e}", e.path().unwrap())).collect();
    assert_eq!(
        lines,
        [
            "session_data_config.scanners[0].module: found \"gap_scaner\"; registered are \
             gap_scanner, momentum_scanner",
            "session_data_config.scanners[1].regular_session[0].start: the window 13:30:00 to 14:00:00 \
             lies in no session of the run, which are open from 09:30:00 to 13:00:00; give times of the \
             exchange's clock inside",
            "session_data_config.scanners[2].config: the scanner gap_scanner cannot be built from \
             its config: cannot read u.txt: no files are handed to modules here",
            "session_data_config.strategies[0].config: the strategy moving_average_cross cannot be \
             built from its config: found fast 20 and slow 20; fast < slow is needed",
            "session_data_config.strategies[1].config.minuts: unknown key \"minuts\"; the nearest is \
             \"minutes\" (known here: minutes, both_ways, symbols, lock)",
        ]
    );
    let none = Registry::new().build(&parsed(json), &calendar, &NoModuleFiles).err().unwrap();
    assert!(none.0[0].to_string().ends_with("no scanner is registered; drop it, or register it"));
}

#[test]
fn free_delivery_of_strategies_in_a_backtest_is_refused() {
    let mut story = Story::of(
        r#"["SPY"]"#,
        r#"["1m"]"#,
        DAY,
        r#", "strategies": [{"module": "opening_range_breakout"}]"#,
        Market::new().with_minutes("SPY", DAY, DAY, |_, _| true),
    );
    let config = story.engine.plan().config().clone();
    let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
    let made =
        built_in().build(&config, &calendar, &NoModuleFiles).unwrap_or_else(|e| panic!("{e}"));
    let error = story.engine.register_modules(made, Delivery::Free).unwrap_err();
    assert_eq!(
        error.to_string(),
        "opening_range_breakout cannot be delivered free: what it sees would depend on its \
         thread; register it inline or lock-step"
    );
}

/// A module of somebody's own that reads an indicator, which its setting names.
struct Reads;

impl Consumer for Reads {
    fn name(&self) -> &str {
        "reads"
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().matching(|symbol, _| symbol.as_str() == "QQQ")
    }
}

fn reading(
    context: &ModuleContext<'_>,
    settings: BTreeMap<String, String>,
) -> Result<Box<dyn Consumer>, String> {
    context.indicator("indicator", &settings["indicator"])?;
    Ok(Box::new(Reads))
}

#[test]
fn a_module_that_would_read_nothing_or_hear_nothing_is_refused_with_the_nearest_name() {
    let config = |name: &str| {
        parsed(&format!(
            r#"{{"session_name": "test", "mode": "backtest",
            "backtest_config": {{"start_date": "{DAY}", "end_date": "{DAY}"}},
            "session_data_config": {{"symbols": ["SPY"], "streams": ["1m"],
                "indicators": {{"session": [{{"name": "macd", "interval": "5m"}}]}},
                "strategies": [{{"module": "reads", "config": {{"indicator": "{name}"}}}}]}}}}"#
        ))
    };
    let mut registry = Registry::new();
    registry.add(Module::strategy("reads", "Reads an indicator.", reading));
    let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
    let refused = |name: &str| {
        let errors = registry.build(&config(name), &calendar, &NoModuleFiles).err().unwrap();
        errors.0.iter().map(|e| format!("{}: {e}", e.path().unwrap())).collect::<Vec<_>>()
    };
    let place = "session_data_config.strategies[0].config.indicator: the strategy reads cannot be built \
                 from its config: ";
    assert_eq!(
        refused("macd_5.signal"),
        [format!(
            "{place}no session indicator of this session has the value \"macd_5.signal\"; the nearest is \
             \"macd_5m.signal\" (known here: macd_5m.macd, macd_5m.signal, macd_5m.histogram)"
        )]
    );
    assert_eq!(
        refused("macd_5m.sginal"),
        [format!(
            "{place}macd_5m has no value \"sginal\"; the nearest is \"signal\" (known here: macd, \
             signal, histogram)"
        )]
    );
    // It is built now; that its subscription includes nothing of this session, the plan knows.
    let config = config("macd_5m.signal");
    let made = registry.build(&config, &calendar, &NoModuleFiles).unwrap_or_else(|e| panic!("{e}"));
    let market = Market::new().with_minutes("SPY", DAY, DAY, |_, _| true);
    let engine = Engine::new(&config, &TimeManager::new(), Box::new(market)).expect("planned");
    let errors = engine.plan().check_modules(&made).unwrap_err();
    let lines: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "the strategy reads asks in vain: it is never notified of a bar: its subscription includes no \
          symbol and interval of this session"
        ]
    );
}

/// A value by its handle, and as it is looked up.
type HandleAndPlain = (Option<f64>, Option<f64>);

/// Reads an indicator by the handle that it was given at the start, beside one that it looks up, at every
/// bar, and one that it adds itself while the session runs.
struct ByHandle {
    average: IndicatorHandle,
    yesterday: HistoricalHandle,
    read: Arc<Mutex<Vec<HandleAndPlain>>>,
}

impl Consumer for ByHandle {
    fn name(&self) -> &str {
        "by_handle"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        let spec = IndicatorSpec::new(IndicatorName::Ema, Some(3.0), [], "1m".parse()?)?;
        context.add_indicator(spec);
        let spy = context.view().symbol("SPY")?;
        assert!(spy.historical_indicator(&self.yesterday)?.is_some());
        let error = spy.find_indicator("sma_3_5m").unwrap_err().to_string();
        assert!(error.ends_with("it has ema_2_1m, sma_3_1m"), "{error}");
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let spy = context.view().symbol("SPY")?;
        let closes = spy.series("1m".parse()?)?.today().close();
        let row = bars.first().ok_or("no bar")?.sequence;
        let plain = (row >= 2).then(|| closes[row - 2..=row].iter().sum::<f64>() / 3.0);
        let read = spy.indicator(self.average)?;
        assert_eq!(read, spy.indicator_at(spy.find_indicator("sma_3_1m")?, row)?);
        self.read.lock().unwrap().push((read, plain));
        if row == 5 {
            assert!(spy.indicator(spy.find_indicator("ema_3_1m")?)?.is_some(), "the late one too");
        }
        let elsewhere = IndicatorHandle::new("1m".parse()?, 9);
        assert!(matches!(spy.indicator(elsewhere), Err(Unavailable::NoIndicator { .. })));
        Ok(())
    }
}

#[test]
fn a_handle_that_is_found_once_reads_what_the_name_names_and_nothing_means_not_ready() {
    let more = r#", "indicators": {
        "session": [{"name": "ema", "period": 2, "interval": "1m"},
                    {"name": "sma", "period": 3, "interval": "1m"}],
        "historical": [{"name": "avg_volume", "period": 1, "interval": "1d"}]}"#;
    let market = Market::new().with_minutes("SPY", "2025-07-01", DAY, |_, _| true);
    let mut story = Story::of(r#"["SPY"]"#, r#"["1m"]"#, DAY, more, market);
    let average = story.engine.plan().indicator("sma_3_1m").unwrap();
    let yesterday = story.engine.plan().historical_indicator("avg_volume_1_1d").unwrap();
    let refused = story.engine.plan().indicator("sma_4_1m").unwrap_err().to_string();
    assert!(refused.contains("the nearest is \"sma_3_1m\""), "{refused}");
    let read = Arc::new(Mutex::new(Vec::new()));
    let by_handle = ByHandle { average, yesterday, read: Arc::clone(&read) };
    story.engine.register(Box::new(by_handle), OnError::StopRun);
    let finished = finish_with_workers(story, Vec::new()).0;
    assert_eq!(finished.phase, Phase::Closed, "{:?}", finished.report.failure);
    let read = read.lock().unwrap();
    assert_eq!(read.len(), 390);
    assert!(read.iter().any(|(read, _)| read.is_some()));
    for (row, (read, plain)) in read.iter().enumerate() {
        // Warm by the day before from the first bar on.
        let Some(plain) = plain else { continue };
        assert!(read.is_some_and(|read| (read - plain).abs() < 1e-9), "{row}: {read:?} {plain}");
    }
}

/// A module that says what it does not name.
struct Undeclared;

impl Consumer for Undeclared {
    fn name(&self) -> &str {
        "undeclared"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        context.signal(bars.first().ok_or("no bar")?.symbol, "buy", None);
        context.signal(bars.first().ok_or("no bar")?.symbol, "hold", None);
        Ok(())
    }
}

#[test]
fn a_module_that_signals_what_it_does_not_name_has_failed() {
    let mut registry = Registry::new();
    let build =
        |_: &ModuleContext<'_>, _: NoSettings| Ok(Box::new(Undeclared) as Box<dyn Consumer>);
    registry.add(Module::strategy("undeclared", "Buys.", build).emits("buy", "Always."));
    let market = Market::new().with_minutes("SPY", DAY, DAY, |_, _| true);
    let more = r#", "strategies": [{"module": "undeclared"}]"#;
    let mut story = Story::of(r#"["SPY"]"#, r#"["1m"]"#, DAY, more, market);
    let config = story.engine.plan().config().clone();
    let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
    let made = registry.build(&config, &calendar, &NoModuleFiles).unwrap_or_else(|e| panic!("{e}"));
    assert!(story.engine.register_modules(made, Delivery::Inline).unwrap().is_empty());
    let finished = finish_with_workers(story, Vec::new()).0;
    assert_eq!(finished.phase, Phase::Failed);
    let why = finished.report.failure.unwrap().to_string();
    assert!(
        why.contains("it signals \"hold\", which its module does not name (it names buy)"),
        "{why}"
    );
    assert_eq!(finished.report.signals.len(), 1, "what it names counts");
}
