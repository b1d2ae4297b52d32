//! Keys that are missing, unknown, misplaced, obsolete or there twice.

use openbell_config::SessionConfig;
use serde_json::json;

use crate::support::{check, errors_of, without};

#[test]
fn a_missing_key_is_named_with_what_it_holds() {
    for (pointer, expected) in [
        ("/session_name", "session_name: missing; a text that is not blank is required"),
        ("/mode", "mode: missing; one of \"backtest\", \"live\" is required"),
        ("/backtest_config", "backtest_config: missing; an object is required"),
        (
            "/backtest_config/start_date",
            "backtest_config.start_date: missing; a date as YYYY-MM-DD is required",
        ),
        ("/session_data_config", "session_data_config: missing; an object is required"),
        (
            "/session_data_config/symbols",
            "session_data_config.symbols: missing; a list with at least one entry is required",
        ),
        (
            "/session_data_config/historical/data/0/intervals",
            "session_data_config.historical.data[0].intervals: missing; a list with at least one \
             entry is required",
        ),
        (
            "/session_data_config/scanners/0/module",
            "session_data_config.scanners[0].module: missing; a text that is not blank is required",
        ),
    ] {
        assert_eq!(errors_of(&without(pointer)), [expected]);
    }
}

#[test]
fn obsolete_keys_are_answered_with_their_successor() {
    for (pointer, expected) in [
        (
            "/data_streams",
            "data_streams: key \"data_streams\" is of an older format; write \
          session_data_config.streams",
        ),
        (
            "/session_data_config/streaming/data_upkeep",
            "session_data_config.streaming.data_upkeep: key \"data_upkeep\" is of an older format; \
          write session_data_config.gap_filler",
        ),
        (
            "/session_data_config/data_upkeep",
            "session_data_config.data_upkeep: key \"data_upkeep\" is of an older format; write \
          session_data_config.gap_filler",
        ),
        (
            "/session_data_config/historical_bars",
            "session_data_config.historical_bars: key \"historical_bars\" is of an older format; \
          write session_data_config.historical.data",
        ),
        (
            "/session_data_config/historical/enabled",
            "session_data_config.historical.enabled: key \"enabled\" is of an older format; drop it: \
          session_data_config.historical.data says what is loaded, an empty list nothing",
        ),
        (
            "/session_data_config/historical/trailing_days",
            "session_data_config.historical.trailing_days: key \"trailing_days\" is of an older \
          format; write it in each entry of session_data_config.historical.data",
        ),
        (
            "/session_data_config/historical/intervals",
            "session_data_config.historical.intervals: key \"intervals\" is of an older format; \
          write it in each entry of session_data_config.historical.data",
        ),
        (
            "/session_data_config/historical/auto_load",
            "session_data_config.historical.auto_load: key \"auto_load\" is of an older format; drop \
          it: what historical.data names is always loaded",
        ),
        (
            "/session_data_config/historical/indicators",
            "session_data_config.historical.indicators: key \"indicators\" is of an older format; \
          write session_data_config.indicators.historical",
        ),
        (
            "/prefetch",
            "prefetch: key \"prefetch\" is of an older format; write \
          backtest_config.prefetch_days",
        ),
        (
            "/backtest_config/use_clock_time",
            "backtest_config.use_clock_time: key \"use_clock_time\" is of an older format; write \
          backtest_config.speed_multiplier: 1 for true, 0 for false",
        ),
        (
            "/backtest_config/enabled",
            "backtest_config.enabled: key \"enabled\" is of an older format; drop it: \"mode\": \
          \"backtest\" says it",
        ),
        (
            "/session_data_config/gap_filler/quality_update_frequency",
            "session_data_config.gap_filler.quality_update_frequency: key \
          \"quality_update_frequency\" is of an older format; drop it: quality is up to date at \
          every bar; gap_filler.enable_session_quality and historical.enable_quality switch it",
        ),
        (
            "/trading_config/paper_trading",
            "trading_config.paper_trading: key \"paper_trading\" is of an older format; drop it: \
          \"mode\" says whether a session is live",
        ),
    ] {
        check(pointer, json!(true), expected);
    }
}

#[test]
fn a_misspelt_key_is_answered_with_the_nearest() {
    check(
        "/session_data_config/streaming/catchup_treshold_seconds",
        json!(60),
        "session_data_config.streaming.catchup_treshold_seconds: unknown key \
         \"catchup_treshold_seconds\"; the nearest is \"catchup_threshold_seconds\" (known here: \
         catchup_threshold_seconds, catchup_check_interval, recovery_threshold_seconds, scope, \
         settle_seconds, comment, note)",
    );
    check(
        "/streams",
        json!(["1m"]),
        "streams: key \"streams\" does not belong here; move it to session_data_config.streams",
    );
    check(
        "/session_data_config/strategies/0/modul",
        json!("x"),
        "session_data_config.strategies[0].modul: unknown key \"modul\"; the nearest is \
         \"module\" (known here: module, enabled, config, on_error, comment, note)",
    );
}

#[test]
fn three_errors_in_one_file_are_reported_at_once_with_their_places() {
    let text = "\
{
  \"session_name\": \"three\",
  \"mode\": \"backtest\",
  \"backtest_config\": { \"start_date\": \"2025-07-02\", \"end_date\": \"2025-07-0x\" },
  \"session_data_config\": {
    \"symbols\": [\"AAPL\"],
    \"steams\": [\"1m\"],
    \"streams\": [\"1m\",
                \"5 m\"]
  }
}
";
    assert_eq!(
        SessionConfig::parse(text).unwrap_err().to_string(),
        "\
4:64: backtest_config.end_date: found \"2025-07-0x\"; a date as YYYY-MM-DD is allowed
7:5: session_data_config.steams: unknown key \"steams\"; the nearest is \"streams\" (known here: \
symbols, streams, hours, streaming, historical, gap_filler, indicators, base_interval, \
calendar_overlay, symbol_schedule, scanners, strategies, comment, note)
9:17: session_data_config.streams[1]: found \"5 m\"; a bar interval (1s, 5m, 1h, at most 24h, or \
1d or 1w) is allowed"
    );
}

#[test]
fn a_key_that_stands_twice_is_an_error_wherever_it_stands() {
    let text = r#"{"session_name": "a", "session_name": "b", "mode": "backtest",
 "backtest_config": {"start_date": "2025-07-02", "end_date": "2025-07-02"},
 "session_data_config": {"symbols": ["AAPL"], "streams": ["1m"]},
 "metadata": {"deep": [{"x": 1, "x": 2}]}}"#;
    assert_eq!(
        SessionConfig::parse(text).unwrap_err().to_string(),
        "\
1:23: session_name: key \"session_name\" stands here a second time, the first is at 1:2; drop one \
of the two
4:33: metadata.deep[0].x: key \"x\" stands here a second time, the first is at 4:25; drop one of \
the two"
    );
}
