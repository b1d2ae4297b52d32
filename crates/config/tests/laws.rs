//! Laws of session files, over random ones. Seeds are printed by proptest, and taken back from
//! `proptest-regressions`.

use crate::support::whole_file;
use openbell_config::{RawSession, SessionConfig, schema};
use proptest::prelude::*;
use serde_json::{Value, json};

fn words(all: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::sample::select(all).prop_map(|word| json!(word))
}

fn some_of(all: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(all, 1..=all.len()).prop_shuffle()
}

fn free() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const SYMBOLS: &[&str] = &["AAPL", "msft", " spy ", "BRK.B", "BTC/USD", "^GSPC", "ES=F"];
const INTERVALS: &[&str] = &["1s", "1m", "5m", "15m", "60m", "90m", "1d", "1w"];

/// Right files: parts of the whole file, with random values in them.
fn right_file() -> impl Strategy<Value = Value> {
    let streaming = (1u32..1000, 1u32..=100, 0u32..=1000, any::<bool>()).prop_map(
        |(threshold, every, recovery, has_recovery)| {
            let mut part = json!({
                "catchup_threshold_seconds": threshold, "catchup_check_interval": every,
            });
            if has_recovery {
                part["recovery_threshold_seconds"] = json!(recovery.min(threshold));
            }
            part
        },
    );
    let history = proptest::collection::vec((1u32..400, some_of(INTERVALS)), 0..3).prop_map(|all| {
        let entry = |(days, intervals): &(u32, Vec<&str>)| {
            json!({"trailing_days": days, "intervals": intervals})
        };
        json!({"data": all.iter().map(entry).collect::<Vec<_>>()})
    });
    let kept = proptest::collection::vec(any::<bool>(), 13);
    let speed = prop_oneof![Just(0.0), openbell_config::SPEED_MIN..10_000.0f64];
    let remark = proptest::option::of(".{0,20}");
    (
        (some_of(SYMBOLS), some_of(INTERVALS), streaming, history, kept, speed, remark, free()),
        words(&["session", "symbol"]),
        words(&["stop_run", "stop_consumer"]),
    )
        .prop_map(|(parts, scope, on_error)| {
            let (symbols, streams, streaming, history, kept, speed, remark, free) = parts;
            let mut file = whole_file();
            file["backtest_config"]["speed_multiplier"] = json!(speed);
            file["metadata"] = json!({"free": free});
            if let Some(remark) = remark {
                file["note"] = json!(remark);
            }
            file["account"]["benchmark"] = symbols[0].into();
            let data = file["session_data_config"].as_object_mut().expect("an object");
            data.insert("symbols".into(), json!(symbols));
            data.insert("streams".into(), json!(streams));
            data.insert("streaming".into(), streaming);
            data["streaming"]["scope"] = scope;
            data["strategies"][0]["on_error"] = on_error;
            data.remove("base_interval");
            data.insert("historical".into(), history);
            let optional = [
                "hours",
                "gap_filler",
                "indicators",
                "scanners",
                "strategies",
                "calendar_overlay",
                "historical",
                "symbol_schedule",
                "streaming",
            ];
            for (key, kept) in optional.into_iter().zip(&kept) {
                if !kept {
                    data.remove(key);
                }
            }
            for (key, kept) in
                ["trading_config", "api_config", "asset_class", "account"].iter().zip(&kept[9..])
            {
                if !kept {
                    file.as_object_mut().expect("an object").remove(*key);
                }
            }
            file
        })
}

// Spots in a text where cutting or putting in is likely to hurt.
fn mutated(text: String) -> impl Strategy<Value = String> {
    let pieces = words_of_json();
    proptest::collection::vec((any::<proptest::sample::Index>(), 0usize..20, pieces), 1..6)
        .prop_map(move |edits| {
            let mut letters: Vec<char> = text.chars().collect();
            for (at, cut, piece) in edits {
                let at = at.index(letters.len() + 1);
                let end = (at + cut).min(letters.len());
                letters.splice(at..end, piece.chars());
            }
            letters.into_iter().collect()
        })
}

fn words_of_json() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        proptest::sample::select(
            &[
                "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "-", "1e999", "\\ud800",
                "\u{feff}"
            ][..]
        )
        .prop_map(str::to_owned),
        ".{0,4}",
        any::<i64>().prop_map(|number| number.to_string()),
    ]
}

proptest! {
    #[test]
    fn written_and_loaded_again_a_session_is_the_same(file in right_file()) {
        let text = file.to_string();
        let (config, _) = SessionConfig::parse(&text)
            .map_err(|errors| TestCaseError::fail(format!("{errors}\n{text}")))?;
        for written in [config.to_json().to_string(), format!("{:#}", config.to_json())] {
            let (again, _) = SessionConfig::parse(&written)
                .map_err(|errors| TestCaseError::fail(errors.to_string()))?;
            prop_assert_eq!(&again, &config);
            prop_assert_eq!(again.to_json(), config.to_json());
        }
    }

    #[test]
    fn what_the_reader_accepts_is_valid_under_the_schema(file in right_file()) {
        let validator = jsonschema::validator_for(&schema::json_schema()).expect("a schema");
        let (config, _) = SessionConfig::parse(&file.to_string()).expect("a right file");
        prop_assert!(validator.is_valid(&file));
        prop_assert!(validator.is_valid(&config.to_json()));
    }

    #[test]
    fn a_broken_text_is_an_error_with_a_place_in_it_and_never_a_panic(
        text in mutated(format!("{:#}", whole_file()))
    ) {
        match SessionConfig::parse(&text) {
            Ok((config, _)) => {
                let written = config.to_json().to_string();
                let again = SessionConfig::parse(&written)
                    .map_err(|errors| TestCaseError::fail(errors.to_string()))?;
                prop_assert_eq!(again.0, config);
            }
            Err(errors) => {
                let lines: Vec<&str> = text.split('\n').collect();
                prop_assert!(!errors.as_slice().is_empty());
                for error in &errors {
                    let line = lines.get(error.at.line as usize - 1);
                    prop_assert!(line.is_some(), "{} of {} lines", error, lines.len());
                    let width = line.map_or(0, |line| line.chars().count());
                    prop_assert!(error.at.column as usize <= width + 1, "{}", error);
                }
            }
        }
    }

    #[test]
    fn any_value_anywhere_is_an_error_or_a_session(value in free(), at in any::<prop::sample::Index>()) {
        let mut pointers = Vec::new();
        collect_pointers(&whole_file(), String::new(), &mut pointers);
        let mut file = whole_file();
        *file.pointer_mut(at.get::<String>(&pointers)).expect("it is there") = value;
        let _either = SessionConfig::parse(&file.to_string());
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _either = RawSession::read(&text);
    }
}

fn collect_pointers(value: &Value, at: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                collect_pointers(value, format!("{at}/{key}"), pointers);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                collect_pointers(value, format!("{at}/{i}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(at);
}
