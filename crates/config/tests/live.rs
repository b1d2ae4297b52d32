//! What only a live session has, and what it refuses.

use openbell_config::{
    DataApi, DataFeed, Mode, RecordSync, Restart, Revisions, SessionConfig, schema,
};
use serde_json::{Value, json};

use crate::support::{errors_of, put, with};

/// A right live file with every field of `live_config`.
fn live_file() -> Value {
    json!({
        "session_name": "live", "exchange_group": "US_EQUITY", "mode": "live",
        "api_config": {"data_api": "alpaca", "comment": "the free feed"},
        "live_config": {
            "sessions": "all",
            "symbols": {"BRK-B": "BRK.B"},
            "feed": "delayed_sip",
            "key_env": "MY_KEY_ID", "secret_env": "MY_SECRET",
            "endpoint": {
                "stream": "ws://127.0.0.1:8780/v2", "history": "http://127.0.0.1:8780/",
                "note": "simulated"
            },
            "revisions": "count",
            "silent_seconds": 30.5, "probe_seconds": 20, "max_skew_seconds": 2,
            "give_up_minutes": 45,
            "record": {
                "folder": "kept", "raw": true, "sync": "full", "restart": "session",
                "keep_days": 7, "store": false, "comment": "a week"
            },
            "note": "all of it"
        },
        "session_data_config": {"symbols": ["AAPL", "BRK-B"], "streams": ["1m"]}
    })
}

fn live_with(pointer: &str, value: Value) -> Value {
    let mut file = live_file();
    put(&mut file, pointer, value);
    file
}

#[track_caller]
fn refused(pointer: &str, value: Value, expected: &str) {
    assert_eq!(errors_of(&live_with(pointer, value)), [expected]);
}

#[test]
fn a_live_file_says_whose_bars_for_how_long_and_what_is_kept() {
    let (config, warnings) = SessionConfig::parse(&live_file().to_string()).unwrap();
    assert_eq!(warnings, []);
    let Mode::Live(live) = &config.mode else { panic!("{:?}", config.mode) };
    assert_eq!(
        (live.data_api, live.sessions, live.feed),
        (DataApi::Alpaca, None, Some(DataFeed::DelayedSip))
    );
    assert_eq!(
        live.symbols.iter().map(|(s, n)| format!("{s} {n}")).collect::<Vec<_>>(),
        ["BRK-B BRK.B"]
    );
    assert_eq!(live.revisions, Revisions::Count);
    assert_eq!((live.silent_seconds, live.probe_seconds), (Some(30.5), 20.0));
    assert_eq!(live.endpoint.as_ref().unwrap().history, "http://127.0.0.1:8780");
    let record = live.record.as_ref().unwrap();
    assert_eq!(
        (record.sync, record.restart, record.keep_days),
        (RecordSync::Full, Restart::Session, 7)
    );
    let (again, _) = SessionConfig::parse(&config.to_json().to_string()).unwrap();
    assert_eq!(again, config);
}

#[test]
fn a_live_file_of_three_lines_follows_one_session_and_records_it() {
    let file = json!({
        "session_name": "coins", "exchange_group": "CRYPTO", "mode": "live",
        "api_config": {"data_api": "binance"},
        "session_data_config": {"symbols": ["BTCUSDT"], "streams": ["1m"]}
    });
    let (config, warnings) = SessionConfig::parse(&file.to_string()).unwrap();
    assert_eq!(warnings, []);
    let Mode::Live(live) = &config.mode else { panic!("{:?}", config.mode) };
    assert_eq!(
        (live.sessions, live.revisions, live.silent_seconds),
        (Some(1), Revisions::Apply, None)
    );
    assert_eq!((live.probe_seconds, live.max_skew_seconds), (10.0, 5.0));
    let record = live.record.as_ref().unwrap();
    assert_eq!((record.folder.as_str(), record.keep_days, record.store), ("recordings", 30, true));
    let (again, _) = SessionConfig::parse(&config.to_json().to_string()).unwrap();
    assert_eq!(again, config);
    let nothing = live_with("/live_config/record", json!(false));
    let (config, _) = SessionConfig::parse(&nothing.to_string()).unwrap();
    let Mode::Live(live) = &config.mode else { panic!("{:?}", config.mode) };
    assert_eq!(live.record, None);
    let (again, _) = SessionConfig::parse(&config.to_json().to_string()).unwrap();
    assert_eq!(again, config);
}

#[test]
fn live_files_are_valid_under_the_schema_and_bad_ones_are_not() {
    let validator = jsonschema::validator_for(&schema::json_schema()).expect("a schema");
    let faults: Vec<String> = validator.iter_errors(&live_file()).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    for (pointer, bad) in [
        ("/api_config", json!({})),
        ("/api_config/data_api", json!("nowhere")),
        ("/backtest_config", json!({"start_date": "2025-07-02", "end_date": "2025-07-02"})),
        ("/session_data_config/symbol_schedule", json!([{"at": "12:00", "add": ["TSLA"]}])),
        ("/live_config/sessions", json!(0)),
        ("/live_config/sessions", json!("some")),
        ("/live_config/symbols", json!({"AAPL": ""})),
        ("/live_config/key_env", json!("s3cret")),
        ("/live_config/endpoint", json!({"stream": "ws://a"})),
        ("/live_config/revisions", json!("drop")),
        ("/live_config/probe_seconds", json!(0)),
        ("/live_config/give_up_minutes", json!(0)),
        ("/live_config/record", json!(true)),
        ("/live_config/record/sync", json!("always")),
        ("/live_config/record/keep_days", json!(0)),
    ] {
        let file = live_with(pointer, bad);
        assert!(!validator.is_valid(&file), "valid: {pointer}");
        assert!(SessionConfig::parse(&file.to_string()).is_err(), "accepted: {pointer}");
    }
}

#[test]
fn what_looks_like_a_secret_is_refused_and_not_repeated() {
    for key in ["PKABCDEF1234567890AB", "s3cretS3cret/xyz"] {
        let said = errors_of(&live_with("/live_config/key_env", json!(key)));
        assert!(!said[0].contains(key) && said[0].contains("name of the variable"), "{said:?}");
    }
    let address = "https://me:hunter2@data.example/v2";
    let said = errors_of(&live_with("/live_config/endpoint/history", json!(address)));
    assert!(!said[0].contains("hunter2") && said[0].contains("without a user"), "{said:?}");
    let address = "wss://data.example/v2?token=hunter2";
    let said = errors_of(&live_with("/live_config/endpoint/stream", json!(address)));
    assert!(!said[0].contains("hunter2"), "{said:?}");
}

#[test]
fn what_is_for_other_vendors_or_the_other_mode_is_refused_with_the_way_out() {
    refused(
        "/exchange_group",
        json!("CRYPTO"),
        "api_config.data_api: found alpaca, whose bars are those of US_EQUITY, and exchange_group is \
         CRYPTO; one of the two is to be another",
    );
    refused(
        "/api_config/data_api",
        json!("alpacca"),
        "api_config.data_api: found \"alpacca\"; one of \"binance\", \"kraken\", \"alpaca\", \"sim\" is \
         allowed; did you mean \"alpaca\"?",
    );
    let mut coins = live_file();
    put(&mut coins, "/exchange_group", json!("CRYPTO"));
    put(&mut coins, "/api_config/data_api", json!("kraken"));
    assert_eq!(
        errors_of(&coins),
        [
            "live_config.feed: feed is not for kraken, which has one; drop it",
            "live_config.key_env: a variable with a key is not for kraken, which takes no key; drop it",
            "live_config.secret_env: a variable with a key is not for kraken, which takes no key; \
             drop it",
        ]
    );
    let backtest = errors_of(&with("/live_config", json!({})));
    assert_eq!(
        backtest,
        ["live_config: live_config is for a live session only, and mode is \"backtest\"; drop it"]
    );
    let mut file = live_file();
    file.as_object_mut().unwrap().remove("api_config");
    assert_eq!(errors_of(&file), ["api_config: missing; an object is required"]);
    let dated = live_with(
        "/backtest_config",
        json!({"start_date": "2025-07-02", "end_date": "2025-07-02"}),
    );
    assert_eq!(
        errors_of(&dated),
        [
            "backtest_config: backtest_config is for a backtest session only, and mode is \"live\"; drop it"
        ]
    );
    let schedule = json!([{"at": "12:00", "add": ["TSLA"]}]);
    refused(
        "/session_data_config/symbol_schedule",
        schedule,
        "session_data_config.symbol_schedule: symbol_schedule is for a backtest session only, and mode \
         is \"live\"; drop it",
    );
}

#[test]
fn an_account_is_not_forgotten_with_the_strategies_memory() {
    let mut file = live_with("/account", json!({"cash": 1000}));
    assert_eq!(
        errors_of(&file),
        [
            "account: live_config.record.restart is \"session\", with which strategies forget what was, and an \
          account is never forgotten; write \"restart\": \"run\", or drop the account"
        ]
    );
    put(&mut file, "/live_config/record/restart", json!("run"));
    let (config, _) = SessionConfig::parse(&file.to_string()).expect("it is right");
    assert_eq!(config.account.map(|account| account.cash), Some(1000.0));
}
