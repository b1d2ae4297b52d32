//! The session files of the repository, and the JSON Schema beside them.
#![expect(clippy::disallowed_methods, reason = "the files of the repository are what is tested")]

use std::path::{Path, PathBuf};

use crate::support::{put, whole_file, with};
use openbell_config::{SessionConfig, schema};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../session_configs")
}

fn session_files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .filter(|path| !path.ends_with("session.schema.json"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("a text")))
        .collect();
    files.sort();
    files
}

#[test]
fn every_file_loads_without_a_warning_and_is_valid_under_the_schema() {
    let validator = jsonschema::validator_for(&schema::json_schema()).expect("a schema");
    let files = session_files();
    assert!(files.len() >= 5, "{} files", files.len());
    for (name, text) in files {
        let (config, warnings) =
            SessionConfig::parse(&text).unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
        assert_eq!(warnings, [], "{name}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let faults: Vec<String> =
            validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
        assert_eq!(value["$schema"], "session.schema.json", "{name}");
        let (again, _) = SessionConfig::parse(&format!("{:#}", config.to_json())).unwrap();
        assert_eq!(again, config, "{name}");
    }
}

/// After a change of the fields: `cargo xtask schema --write`.
#[test]
fn the_schema_in_the_folder_is_the_one_that_is_written() {
    let path = folder().join("session.schema.json");
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == schema::json_schema_text(&[]),
        "{} is stale: write it anew with `cargo xtask schema --write`",
        path.display()
    );
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = jsonschema::validator_for(&schema::json_schema()).expect("a schema");
    assert!(validator.is_valid(&whole_file()));
    for (pointer, bad) in [
        ("/session_name", json!(" ")),
        ("/mode", json!("replay")),
        ("/mode", json!("live")),
        ("/live_config", json!({})),
        ("/exchange_group", json!("NYSE")),
        ("/unknown", json!(1)),
        ("/backtest_config/start_date", json!("2025-7-2")),
        ("/backtest_config/speed_multiplier", json!(-1)),
        ("/backtest_config/prefetch_days", json!(0)),
        ("/session_data_config/symbols", json!([])),
        ("/session_data_config/symbols", json!(["AAPL", "AAPL"])),
        ("/session_data_config/symbols", json!(["A B"])),
        ("/session_data_config/streams", json!(["quotes"])),
        ("/session_data_config/streams", json!(["5x"])),
        ("/session_data_config/hours", json!("all")),
        ("/session_data_config/streaming/catchup_check_interval", json!(101)),
        ("/session_data_config/streaming/catchup_treshold_seconds", json!(60)),
        ("/session_data_config/historical/data/0/apply_to", json!("some")),
        ("/session_data_config/gap_filler/max_retries", json!(21)),
        ("/session_data_config/indicators/session/0/name", json!("smaa")),
        ("/session_data_config/indicators/session/0/unit", json!("days")),
        ("/session_data_config/symbol_schedule/0/remove", json!(["AAPL"])),
        ("/session_data_config/symbol_schedule/1/stay", json!(true)),
        ("/session_data_config/symbol_schedule/0/at", json!("9:30")),
        ("/session_data_config/strategies/0/on_error", json!("stop")),
        ("/trading_config", json!({"max_per_trade": 1})),
        ("/api_config/trade_api", json!("somewhere")),
        ("/metadata", json!([])),
    ] {
        let file = with(pointer, bad);
        assert!(!validator.is_valid(&file), "valid: {pointer}");
        assert!(SessionConfig::parse(&file.to_string()).is_err(), "accepted: {pointer}");
    }
    let mut never = with("/session_data_config/scanners/0/pre_session", json!(false));
    put(&mut never, "/session_data_config/scanners/0/regular_session", json!([]));
    assert!(!validator.is_valid(&never));
}
