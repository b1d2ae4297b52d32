//! A session file that uses every field, changing one value of it, and what is said then.

use openbell_config::{RawSession, SessionConfig};
use serde_json::{Value, json};

/// A right file with every field but those that exclude each other.
pub fn whole_file() -> Value {
    json!({
        "$schema": "session.schema.json",
        "session_name": "whole",
        "exchange_group": "US_EQUITY",
        "asset_class": "EQUITY",
        "mode": "backtest",
        "comment": "all of it",
        "backtest_config": {
            "start_date": "2025-07-02", "end_date": "2025-07-03",
            "speed_multiplier": 60.5, "prefetch_days": 2, "note": "slowly"
        },
        "session_data_config": {
            "symbols": ["AAPL", "brk.b"],
            "streams": ["1m", "5m", "60m", "1d"],
            "hours": "extended",
            "streaming": {
                "catchup_threshold_seconds": 120, "catchup_check_interval": 5,
                "recovery_threshold_seconds": 30, "scope": "symbol", "settle_seconds": 7
            },
            "historical": {
                "enable_quality": false,
                "data": [
                    {"trailing_days": 5, "intervals": ["1m", "5m"], "apply_to": "all"},
                    {"trailing_days": 20, "intervals": ["1d"], "apply_to": ["AAPL", "TSLA"]}
                ]
            },
            "gap_filler": {
                "enable_session_quality": false, "max_retries": 3, "retry_interval_seconds": 30
            },
            "indicators": {
                "session": [
                    {"name": "sma", "period": 20, "interval": "5m", "type": "trend"},
                    {"name": "macd", "interval": "5m", "params": {"fast": 5, "slow": 35, "note": "slow"}},
                    {"name": "bbands", "interval": "1m", "params": {"num_std": 2.5}}
                ],
                "historical": [
                    {"name": "avg_volume", "period": 5, "interval": "1d", "unit": "weeks"}
                ]
            },
            "base_interval": "1m",
            "calendar_overlay": "closures.txt",
            "symbol_schedule": [
                {"at": "12:00", "add": ["TSLA"], "stay": true},
                {"at": "2025-07-02T14:00", "remove": ["AAPL"], "comment": "profit"}
            ],
            "scanners": [{
                "module": "movers", "enabled": false, "pre_session": true,
                "regular_session": [{"start": "09:35", "end": "11:00", "interval": "5m"}],
                "config": {"top": 10, "deep": {"list": [1, 2.5, null, true, "a"]}}
            }],
            "strategies": [{
                "module": "cross", "enabled": true, "config": {"fast": 3},
                "on_error": "stop_consumer"
            }]
        },
        "data_config": {"store": "../bars"},
        "trading_config": {
            "max_buying_power": 100000, "max_per_trade": 10000, "max_per_symbol": 20000.5,
            "max_open_positions": 5
        },
        "account": {
            "cash": 25000, "of": "session",
            "commission": {"per_trade": 1, "per_share": 0.005, "bps": 2.5, "min": 0.35, "note": "a broker's"},
            "slippage_bps": 1.5, "participation": 0.25, "volume_unknown": false, "lot": 10,
            "equity": "publication", "short": true, "benchmark": "TSLA", "comment": "on paper"
        },
        "api_config": {"data_api": "somewhere", "trade_api": null, "account_id": ""},
        "metadata": {"author": "a person", "tags": ["x", 1e300, -0.0, 18446744073709551615u64]}
    })
}

/// The same with the value at a JSON pointer replaced; a key that is not there yet is added.
pub fn with(pointer: &str, value: Value) -> Value {
    let mut file = whole_file();
    put(&mut file, pointer, value);
    file
}

pub fn put(file: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    match file.pointer_mut(parent).expect("the parent is there") {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Value::Array(list) => list[key.parse::<usize>().expect("a position")] = value,
        other => panic!("{parent} is {other}"),
    }
}

/// The same without the value at a JSON pointer.
pub fn without(pointer: &str) -> Value {
    let mut file = whole_file();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    let parent = file.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    assert!(parent.remove(key).is_some(), "{pointer} was not there");
    file
}

/// The errors of a file as `path: message`, each checked to stand where its value stands.
pub fn errors_of(file: &Value) -> Vec<String> {
    let text = format!("{file:#}");
    let errors = SessionConfig::parse(&text).expect_err(&format!("accepted:\n{text}"));
    let raw = RawSession::read(&text).expect("the text is JSON");
    let mut lines = Vec::new();
    for error in &errors {
        let is_key_error = error.fault.to_string().contains("key")
            || error.fault.to_string().starts_with("missing");
        if !is_key_error {
            assert_eq!(raw.position_of(error.path.as_str()), Some(error.at), "{error}");
        }
        lines.push(format!("{}: {}", error.path, error.fault));
    }
    lines
}

#[track_caller]
pub fn check(pointer: &str, value: Value, expected: &str) {
    assert_eq!(errors_of(&with(pointer, value)), [expected]);
}

/// The same for a thing that stands twice in a list, at two paths.
#[track_caller]
pub fn check_twice(pointer: &str, value: Value, item: &str, first: &str, second: &str) {
    let file = with(pointer, value);
    let raw = RawSession::read(&format!("{file:#}")).expect("the text is JSON");
    let first = raw.position_of(first).expect("the first is there");
    assert_eq!(
        errors_of(&file),
        [format!(
            "{second}: {item} stands twice in this list, first at {first}; drop one of the two"
        )]
    );
}
