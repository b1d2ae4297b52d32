//! The rules between fields.

use openbell_config::SessionConfig;
use serde_json::json;

use crate::support::{check, check_twice, errors_of, put, with, without};

#[test]
fn the_base_divides_what_is_asked_for() {
    check(
        "/session_data_config/base_interval",
        json!("5m"),
        "session_data_config.base_interval: found 5m, of which no 1m bars can be made \
         (session_data_config.streams[0] asks for them); choose a base that divides 1m, or drop it",
    );
    let mut file = with("/session_data_config/base_interval", json!("5m"));
    put(&mut file, "/session_data_config/streams/0", json!("10m"));
    assert_eq!(
        errors_of(&file),
        ["session_data_config.base_interval: found 5m, of which no 1m bars can be made \
          (session_data_config.indicators.session[2].interval asks for them); choose a base that \
          divides 1m, or drop it"]
    );
    check(
        "/session_data_config/base_interval",
        json!("1x"),
        "session_data_config.base_interval: found \"1x\"; a bar interval (1s, 5m, 1h, at most \
         24h, or 1d or 1w) is allowed",
    );
}

#[test]
fn recovery_is_not_above_the_threshold() {
    check(
        "/session_data_config/streaming/recovery_threshold_seconds",
        json!(121),
        "session_data_config.streaming.recovery_threshold_seconds: found 121; 0 to \
         catchup_threshold_seconds, which is 120, is allowed: a symbol has recovered at or under \
         it",
    );
}

#[test]
fn history_is_for_symbols_of_the_session() {
    check(
        "/session_data_config/historical/data/1/apply_to",
        json!(["AAPL", "TSLS"]),
        "session_data_config.historical.data[1].apply_to[1]: found TSLS, which is in neither \
         symbols nor symbol_schedule; did you mean TSLA?",
    );
    check(
        "/session_data_config/historical/data/1/apply_to",
        json!("ALL"),
        "session_data_config.historical.data[1].apply_to: found \"ALL\"; \"all\" or a list with \
         at least one entry is allowed",
    );
    check(
        "/session_data_config/historical/data/1/apply_to",
        json!([]),
        "session_data_config.historical.data[1].apply_to: found []; \"all\" or a list with at \
         least one entry is allowed",
    );
    check(
        "/session_data_config/historical/data/0/intervals",
        json!([]),
        "session_data_config.historical.data[0].intervals: found []; a list with at least one \
         entry is allowed",
    );
}

#[test]
fn the_schedule_adds_or_removes_at_a_time() {
    for bad in ["9:30", "12:00:00", "24:00", "noon", "2025-07-02 12:00", "2025-07-32T12:00", ""] {
        check(
            "/session_data_config/symbol_schedule/0/at",
            json!(bad),
            &format!(
                "session_data_config.symbol_schedule[0].at: found {bad:?}; a time of the \
                 exchange's clock as HH:MM or YYYY-MM-DDTHH:MM is allowed"
            ),
        );
    }
    check(
        "/session_data_config/symbol_schedule/0/remove",
        json!(["AAPL"]),
        "session_data_config.symbol_schedule[0]: found both \"add\" and \"remove\"; one of the \
         two is required",
    );
    assert_eq!(
        errors_of(&without("/session_data_config/symbol_schedule/1/remove")),
        ["session_data_config.symbol_schedule[1]: found neither \"add\" nor \"remove\"; one of \
          the two is required"]
    );
    check(
        "/session_data_config/symbol_schedule/1/stay",
        json!(true),
        "session_data_config.symbol_schedule[1].stay: \"stay\" belongs to \"add\"; a configured \
         symbol that was removed is back next session",
    );
}

#[test]
fn a_scanner_runs_at_some_time_and_its_windows_go_forward() {
    let mut file = with("/session_data_config/scanners/0/pre_session", json!(false));
    put(&mut file, "/session_data_config/scanners/0/regular_session", json!([]));
    assert_eq!(
        errors_of(&file),
        ["session_data_config.scanners[0]: the scanner would never run; \"pre_session\": true or \
          a \"regular_session\" is required"]
    );
    check(
        "/session_data_config/scanners/0/regular_session/0/end",
        json!("09:35"),
        "session_data_config.scanners[0].regular_session[0].end: found 09:35, which is not after \
         start 09:35; a later time is allowed",
    );
    check(
        "/session_data_config/scanners/0/regular_session/0/interval",
        json!("1d"),
        "session_data_config.scanners[0].regular_session[0].interval: found \"1d\"; a bar \
         interval of 1s to 24h is allowed",
    );
    check(
        "/session_data_config/scanners/0/config",
        json!([]),
        "session_data_config.scanners[0].config: found []; an object is allowed",
    );
}

#[test]
fn an_overnight_session_has_windows_over_midnight() {
    let mut file = with("/exchange_group", json!("FOREX"));
    put(&mut file, "/asset_class", json!("FOREX"));
    let window = "/session_data_config/scanners/0/regular_session/0";
    put(&mut file, &format!("{window}/start"), json!("22:00"));
    put(&mut file, &format!("{window}/end"), json!("03:00"));
    assert!(SessionConfig::parse(&file.to_string()).is_ok());
}

#[test]
fn what_is_traded_fits_the_group() {
    check(
        "/asset_class",
        json!("CRYPTO"),
        "asset_class: found CRYPTO; US_EQUITY trades EQUITY, OPTIONS",
    );
    let mut file = without("/asset_class");
    put(&mut file, "/exchange_group", json!("CRYPTO"));
    let (config, _) = SessionConfig::parse(&file.to_string()).unwrap();
    assert_eq!(config.asset_class.to_string(), "CRYPTO");
}

#[test]
fn limits_go_together_under_the_buying_power() {
    assert_eq!(
        errors_of(&without("/trading_config/max_per_symbol")),
        ["trading_config: the limits go together, all or none; missing: max_per_symbol"]
    );
    check(
        "/trading_config/max_per_trade",
        json!(100000.5),
        "trading_config.max_per_trade: found 100000.5; at most max_buying_power, which is 100000, \
         is allowed",
    );
    let mut file = without("/session_data_config/strategies");
    let (_, warnings) = SessionConfig::parse(&file.to_string()).unwrap();
    let idle = warnings.iter().filter(|w| w.path.as_str().starts_with("trading_config.")).count();
    assert_eq!(idle, 4);
    put(&mut file, "/trading_config", json!({}));
    let (config, _) = SessionConfig::parse(&file.to_string()).unwrap();
    assert_eq!(config.trading_config.unwrap().limits, None);
}

#[test]
fn indicators_are_held_against_the_catalogue() {
    let session = "/session_data_config/indicators/session";
    let at = "session_data_config.indicators.session";
    check(
        &format!("{session}/0/name"),
        json!("smaa"),
        &format!("{at}[0].name: there is no indicator \"smaa\"; the nearest name is sma"),
    );
    check(
        &format!("{session}/0/period"),
        json!(0),
        &format!("{at}[0].period: period of sma is 0; 1 to 100000 is allowed"),
    );
    check(
        &format!("{session}/0/period"),
        json!("20"),
        &format!("{at}[0].period: found \"20\"; a number is allowed"),
    );
    check(
        &format!("{session}/0/type"),
        json!("momentum"),
        &format!("{at}[0].type: sma is not of type momentum; its type is trend"),
    );
    check(
        &format!("{session}/0/type"),
        json!("trendy"),
        &format!("{at}[0].type: there is no indicator type \"trendy\"; the nearest is trend"),
    );
    check(
        &format!("{session}/1/params/fasst"),
        json!(3),
        &format!(
            "{at}[1].params.fasst: macd has no parameter \"fasst\"; the nearest is fast, and it \
             takes fast, slow, signal"
        ),
    );
    check(
        &format!("{session}/1/params/fast"),
        json!(35),
        &format!(
            "{at}[1].params.fast: fast of macd is 35 and slow is 35; fast must be the smaller one"
        ),
    );
    check(
        &format!("{session}/1/params/fast"),
        json!("5"),
        &format!("{at}[1].params.fast: found \"5\"; a number is allowed"),
    );
    check(
        &format!("{session}/1/period"),
        json!(3),
        &format!(
            "{at}[1].period: macd has no parameter \"period\"; the nearest is slow, and it takes \
             fast, slow, signal"
        ),
    );
    check(
        &format!("{session}/0/unit"),
        json!("days"),
        &format!(
            "{at}[0].unit: key \"unit\" does not belong here; move it to \
             session_data_config.indicators.historical[].unit"
        ),
    );
    let twice = json!({"name": "sma", "period": 20, "interval": "300s"});
    check_twice(
        &format!("{session}/1"),
        twice,
        "sma_20_5m",
        &format!("{at}[0]"),
        &format!("{at}[1]"),
    );
    assert_eq!(
        errors_of(&without(&format!("{session}/0/period"))),
        [format!("{at}[0]: sma needs a period of 1 to 100000; none was given")]
    );
    let historical = "/session_data_config/indicators/historical/0";
    check(
        &format!("{historical}/unit"),
        json!("day"),
        "session_data_config.indicators.historical[0].unit: there is no unit \"day\"; the nearest \
         is days",
    );
    check(
        &format!("{historical}/name"),
        json!("rsi"),
        "session_data_config.indicators.historical[0].unit: rsi cannot count its period in weeks: \
         its value depends on all bars before it, not on a window; write unit \"bars\"",
    );
}

#[test]
fn a_removal_of_a_symbol_that_the_file_never_has_is_a_warning() {
    let file = with("/session_data_config/symbol_schedule/1/remove", json!(["NVDA"]));
    let (_, warnings) = SessionConfig::parse(&file.to_string()).unwrap();
    assert!(warnings.iter().any(|warning| {
        warning.to_string().ends_with(
            "session_data_config.symbol_schedule[1].remove[0]: removes NVDA, which is in neither \
             symbols nor an \"add\" of this file",
        )
    }));
}

#[test]
fn a_share_of_volume_that_bars_do_not_have_cannot_be_taken() {
    check(
        "/account/volume_unknown",
        json!(true),
        "account.participation: found 0.25, and volume_unknown is true; only 1 is allowed: an order \
         fills whole",
    );
    let mut file = with("/account/volume_unknown", json!(true));
    put(&mut file, "/account/participation", json!(1));
    let (config, _) = SessionConfig::parse(&file.to_string()).expect("it is right");
    assert!(config.account.expect("there is one").volume_unknown);
}

#[test]
fn a_benchmark_is_a_symbol_of_the_session() {
    check(
        "/account/benchmark",
        json!("TSLS"),
        "account.benchmark: found TSLS, which is in neither symbols nor symbol_schedule; did you mean \
         TSLA?",
    );
}

#[test]
fn an_account_for_nobody_is_warned_of() {
    let file = without("/session_data_config/strategies");
    let (_, warnings) = SessionConfig::parse(&file.to_string()).expect("it is right");
    let warnings: Vec<String> =
        warnings.iter().map(|warning| format!("{}: {}", warning.path, warning.reason)).collect();
    let expected = "account: has no effect: the session has no strategies";
    assert!(warnings.iter().any(|said| said == expected), "{warnings:?}");
}

#[test]
fn what_an_account_leaves_out_is_the_usual() {
    let lot_of = |group: &str, class: &str| {
        let text = format!(
            r#"{{"session_name": "a", "mode": "backtest", "exchange_group": "{group}",
                "asset_class": "{class}", "account": {{"cash": 100}},
                "backtest_config": {{"start_date": "2025-07-02", "end_date": "2025-07-02"}},
                "session_data_config": {{"symbols": ["A"], "streams": ["1m"],
                    "strategies": [{{"module": "any"}}]}}}}"#
        );
        let (config, warnings) = SessionConfig::parse(&text).expect("it is right");
        assert!(warnings.is_empty(), "{warnings:?}");
        let account = config.account.expect("there is one");
        assert_eq!((account.of.name(), account.equity.name()), ("strategy", "session"));
        assert_eq!((account.participation, account.slippage_bps), (0.1, 0.0));
        assert!(!account.short && !account.volume_unknown && account.benchmark.is_none());
        account.lot
    };
    assert_eq!(lot_of("US_EQUITY", "EQUITY"), 1.0);
    assert_eq!(lot_of("CRYPTO", "CRYPTO"), 1e-8);
}
