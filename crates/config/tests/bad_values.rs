//! Every field's bad values: each is reported at its own place, with what is allowed.

use openbell_config::SessionConfig;
use serde_json::json;

use crate::support::{check, check_twice, errors_of, whole_file, with};

#[test]
fn the_whole_file_is_right() {
    let (_, warnings) = SessionConfig::parse(&whole_file().to_string()).unwrap();
    let said: Vec<String> = warnings.iter().map(|w| format!("{}: {}", w.path, w.reason)).collect();
    assert_eq!(
        said,
        [
            "api_config.account_id: has no effect: there is nothing in it",
            "api_config.data_api: has no effect in a backtest",
            "api_config.trade_api: has no effect: there is nothing in it",
            "session_data_config.gap_filler.max_retries: has no effect in a backtest",
            "session_data_config.gap_filler.retry_interval_seconds: has no effect in a backtest",
            "session_data_config.historical.enable_quality: has no effect: the quality of the days \
             before is not computed; `openbell data coverage` reports it",
            "session_data_config.streaming.settle_seconds: has no effect in a backtest",
        ]
    );
}

#[test]
fn a_whole_number_is_nothing_else() {
    for (pointer, path, allowed, bad) in [
        (
            "/backtest_config/prefetch_days",
            "backtest_config.prefetch_days",
            "a whole number of at least 1",
            &["0", "-1", "1.5", "1.0", "\"1\"", "null", "true", "[1]", "4294967296", "1e3"][..],
        ),
        (
            "/session_data_config/streaming/catchup_threshold_seconds",
            "session_data_config.streaming.catchup_threshold_seconds",
            "a whole number of at least 1",
            &["0", "-60", "60.5", "\"60\"", "{}"],
        ),
        (
            "/session_data_config/streaming/catchup_check_interval",
            "session_data_config.streaming.catchup_check_interval",
            "a whole number of 1 to 100",
            &["0", "101", "\"10\"", "false"],
        ),
        (
            "/session_data_config/streaming/recovery_threshold_seconds",
            "session_data_config.streaming.recovery_threshold_seconds",
            "a whole number of at least 0",
            &["-1", "0.5", "null"],
        ),
        (
            "/session_data_config/streaming/settle_seconds",
            "session_data_config.streaming.settle_seconds",
            "a whole number of 0 to 60",
            &["-1", "61"],
        ),
        (
            "/session_data_config/gap_filler/max_retries",
            "session_data_config.gap_filler.max_retries",
            "a whole number of 1 to 20",
            &["0", "21"],
        ),
        (
            "/session_data_config/gap_filler/retry_interval_seconds",
            "session_data_config.gap_filler.retry_interval_seconds",
            "a whole number of at least 1",
            &["0"],
        ),
        (
            "/session_data_config/historical/data/0/trailing_days",
            "session_data_config.historical.data[0].trailing_days",
            "a whole number of at least 1",
            &["0", "-5", "\"5\""],
        ),
        (
            "/trading_config/max_open_positions",
            "trading_config.max_open_positions",
            "a whole number of at least 1",
            &["0", "2.5"],
        ),
    ] {
        for text in bad {
            // The text as it stands, since a JSON value would lose how a number was written.
            let marked = with(pointer, json!("@@")).to_string().replace("\"@@\"", text);
            let errors = SessionConfig::parse(&marked).expect_err(text);
            let said: Vec<String> =
                errors.into_iter().map(|e| format!("{}: {}", e.path, e.fault)).collect();
            assert_eq!(said, [format!("{path}: found {text}; {allowed} is allowed")]);
        }
    }
}

#[test]
fn a_number_is_finite_and_in_its_range() {
    for (bad, shown) in [(json!(-0.5), "-0.5"), (json!("0"), "\"0\""), (json!(null), "null")] {
        check(
            "/backtest_config/speed_multiplier",
            bad,
            &format!(
                "backtest_config.speed_multiplier: found {shown}; 0, or a number of at least 0.001, is allowed"
            ),
        );
    }
    check(
        "/trading_config/max_per_trade",
        json!(0),
        "trading_config.max_per_trade: found 0; a number above 0 is allowed",
    );
    let text = whole_file().to_string().replace("60.5", "1e999");
    assert!(
        SessionConfig::parse(&text).unwrap_err().to_string().ends_with(
            "speed_multiplier: found 1e999; 0, or a number of at least 0.001, is allowed"
        )
    );
    let text = whole_file().to_string().replace("1e300", "1e999").replace("1e+300", "1e999");
    assert!(
        SessionConfig::parse(&text)
            .unwrap_err()
            .to_string()
            .ends_with("metadata.tags[1]: found 1e999; a number is allowed")
    );
}

#[test]
fn a_text_that_must_say_something_is_not_blank() {
    for (pointer, path) in [
        ("/session_name", "session_name"),
        ("/session_data_config/calendar_overlay", "session_data_config.calendar_overlay"),
        ("/session_data_config/scanners/0/module", "session_data_config.scanners[0].module"),
        ("/session_data_config/strategies/0/module", "session_data_config.strategies[0].module"),
        ("/data_config/store", "data_config.store"),
    ] {
        for (bad, shown) in [(json!(""), "\"\""), (json!("  "), "\"  \""), (json!(7), "7")] {
            check(
                pointer,
                bad,
                &format!("{path}: found {shown}; a text that is not blank is allowed"),
            );
        }
    }
    check("/comment", json!(1), "comment: found 1; a text is allowed");
    check(
        "/session_data_config/historical/data/0/note",
        json!([]),
        "session_data_config.historical.data[0].note: found []; a text is allowed",
    );
    check("/$schema", json!(null), "$schema: found null; a text is allowed");
}

#[test]
fn a_word_is_one_of_its_list_and_the_nearest_is_named() {
    check(
        "/mode",
        json!("backtset"),
        "mode: found \"backtset\"; one of \"backtest\", \"live\" is allowed; did you mean \
         \"backtest\"?",
    );
    check("/mode", json!(1), "mode: found 1; one of \"backtest\", \"live\" is allowed");
    check(
        "/asset_class",
        json!("equity"),
        "asset_class: found \"equity\"; one of \"EQUITY\", \"CRYPTO\", \"FOREX\", \"FUTURES\", \
         \"OPTIONS\" is allowed; did you mean \"EQUITY\"?",
    );
    check(
        "/session_data_config/hours",
        json!("regularly"),
        "session_data_config.hours: found \"regularly\"; one of \"regular\", \"extended\" is \
         allowed; did you mean \"regular\"?",
    );
    check(
        "/session_data_config/streaming/scope",
        json!("all"),
        "session_data_config.streaming.scope: found \"all\"; one of \"session\", \"symbol\" is \
         allowed",
    );
    check(
        "/session_data_config/strategies/0/on_error",
        json!("stop"),
        "session_data_config.strategies[0].on_error: found \"stop\"; one of \"stop_run\", \
         \"stop_consumer\" is allowed; did you mean \"stop_run\"?",
    );
    let unknown_group = errors_of(&with("/exchange_group", json!("US_EQUITYS")));
    assert_eq!(unknown_group.len(), 1);
    assert!(unknown_group[0].starts_with("exchange_group: found \"US_EQUITYS\"; one of "));
    assert!(unknown_group[0].ends_with("did you mean \"US_EQUITY\"?"));
}

#[test]
fn true_is_not_one() {
    for (pointer, path) in [
        ("/session_data_config/historical/enable_quality", "historical.enable_quality"),
        (
            "/session_data_config/gap_filler/enable_session_quality",
            "gap_filler.enable_session_quality",
        ),
        ("/session_data_config/symbol_schedule/0/stay", "symbol_schedule[0].stay"),
        ("/session_data_config/scanners/0/enabled", "scanners[0].enabled"),
        ("/session_data_config/scanners/0/pre_session", "scanners[0].pre_session"),
        ("/session_data_config/strategies/0/enabled", "strategies[0].enabled"),
    ] {
        for (bad, shown) in [(json!(1), "1"), (json!("true"), "\"true\""), (json!(null), "null")] {
            let expected =
                format!("session_data_config.{path}: found {shown}; true or false is allowed");
            check(pointer, bad, &expected);
        }
    }
}

#[test]
fn a_date_is_written_in_one_way() {
    for bad in ["2025-7-2", "20250702", "2025-02-30", "07/02/2025", "2025-07-02T00:00", "", "today"]
    {
        check(
            "/backtest_config/start_date",
            json!(bad),
            &format!("backtest_config.start_date: found {bad:?}; a date as YYYY-MM-DD is allowed"),
        );
    }
    check(
        "/backtest_config/end_date",
        json!("2025-07-01"),
        "backtest_config.end_date: found 2025-07-01, which is before start_date 2025-07-02; a day \
         on or after it is allowed",
    );
}

#[test]
fn symbols_are_symbols_each_once() {
    let symbol = "a symbol (1 to 32 of A-Z 0-9 . _ ^ = / -) is allowed";
    for (bad, shown) in
        [(json!(""), "\"\""), (json!(" "), "\" \""), (json!("A B"), "\"A B\""), (json!(1), "1")]
    {
        check(
            "/session_data_config/symbols/1",
            bad,
            &format!("session_data_config.symbols[1]: found {shown}; {symbol}"),
        );
    }
    check_twice(
        "/session_data_config/symbols",
        json!(["AAPL", "TSLA", "aapl"]),
        "AAPL",
        "session_data_config.symbols[0]",
        "session_data_config.symbols[2]",
    );
    for bad in [json!([]), json!("AAPL"), json!({}), json!(null)] {
        let shown = bad.to_string();
        check(
            "/session_data_config/symbols",
            bad,
            &format!(
                "session_data_config.symbols: found {shown}; a list with at least one entry is \
                 allowed"
            ),
        );
    }
}

#[test]
fn streams_are_intervals_each_once() {
    let allowed = "a bar interval (1s, 5m, 1h, at most 24h, or 1d or 1w) is allowed";
    for bad in ["5x", "0m", "2d", "1 m", "", "25h", "1M", "tick"] {
        check(
            "/session_data_config/streams/1",
            json!(bad),
            &format!("session_data_config.streams[1]: found {bad:?}; {allowed}"),
        );
    }
    check_twice(
        "/session_data_config/streams/1",
        json!("1h"),
        "1h",
        "session_data_config.streams[1]",
        "session_data_config.streams[2]",
    );
    check(
        "/session_data_config/streams/1",
        json!("quotes"),
        "session_data_config.streams[1]: \"quotes\" cannot be used: there are no quotes in this \
         build; drop it",
    );
    check(
        "/session_data_config/streams",
        json!([]),
        "session_data_config.streams: found []; a list with at least one entry is allowed",
    );
}

#[test]
fn there_is_no_way_to_trade() {
    for field in ["trade_api", "account_id"] {
        check(
            &format!("/api_config/{field}"),
            json!("alpaca"),
            &format!(
                "api_config.{field}: \"alpaca\" cannot be used: there is no way to trade in this \
                 build; drop it"
            ),
        );
    }
    check(
        "/api_config/data_api",
        json!(3),
        "api_config.data_api: found 3; a text or null or \"\" is allowed",
    );
}
