//! What each stage costs, as a person asks for it.
#![expect(clippy::disallowed_methods, reason = "the README is what is tested")]

use serde_json::Value;

use crate::support::{Folder, repository};

/// The first column of the table in what `openbell bench` prints.
fn stages(text: &str) -> Vec<&str> {
    let table = text.lines().skip_while(|line| !line.starts_with("stage "));
    let rows = table.skip(1).take_while(|line| !line.is_empty());
    rows.map(|line| line.split("  ").next().unwrap_or_default()).collect()
}

const STAGES: [&str; 6] = ["parquet", "decode", "run", "consumer", "derived", "indicators"];

#[test]
fn bench_tells_each_stage_beside_bare_decoding() {
    let call = Folder::new().run(&["bench", "--symbols", "2", "--days", "1", "--rounds", "1"]);
    let call = call.expect_code(0);
    assert_eq!(stages(&call.out).len(), STAGES.len(), "{}", call.out);
    assert!(
        call.out.starts_with("2 symbols, 1 session of 1m: 780 bars, synthetic"),
        "{}",
        call.out
    );
    assert!(call.out.contains("\nopenbell ") && call.out.contains(", rustc "), "{}", call.out);
    assert_eq!(call.err.contains("debug build"), cfg!(debug_assertions), "{}", call.err);
}

#[test]
fn bench_tells_the_same_as_json() {
    let args = ["bench", "--symbols", "2", "--days", "1", "--rounds", "1", "--json"];
    let call = Folder::new().run(&args).expect_code(0);
    let json: Value = serde_json::from_str(&call.out).expect("JSON");
    let stages = json["stages"].as_array().expect("stages");
    let names: Vec<&str> = stages.iter().filter_map(|stage| stage["stage"].as_str()).collect();
    assert_eq!(names, STAGES);
    for stage in stages {
        let is_bare = stage["stage"] == "parquet" || stage["stage"] == "decode";
        assert_eq!(stage["bars"], 780, "{stage}");
        assert!(stage["cpu_ns_per_bar"].as_f64().is_some_and(|ns| ns > 0.0), "{stage}");
        assert!(stage["decode_ratio"].as_f64().is_some_and(|ratio| ratio > 0.0), "{stage}");
        assert_eq!(stage["digest"].is_null(), is_bare, "{stage}");
    }
    assert!(json["versions"]["rustc"].as_str().is_some_and(|version| version.starts_with("rustc")));
    assert!(json["machine"]["cores"].as_u64().is_some_and(|n_cores| n_cores > 0));
}

#[test]
fn bench_measures_the_last_sessions_of_a_store_and_the_digest_is_that_of_its_run() {
    let folder = Folder::with_market();
    let args =
        ["bench", "--store", "bars", "--symbols", "2", "--days", "2", "--rounds", "1", "--json"];
    let json: Value = serde_json::from_str(&folder.run(&args).expect_code(0).out).expect("JSON");
    // A full day and a half day of two symbols.
    assert_eq!(json["stages"][2]["bars"], 2 * (390 + 210));
    assert_eq!((&json["first"], &json["last"]), (&"2025-07-02".into(), &"2025-07-03".into()));
    folder.write(
        "session.json",
        r#"{"session_name": "same", "mode": "backtest",
            "backtest_config": {"start_date": "2025-07-02", "end_date": "2025-07-03"},
            "session_data_config": {"symbols": ["AAPL", "MSFT"], "streams": ["1m"]},
            "data_config": {"store": "bars"}}"#,
    );
    let run = folder.run(&["run", "session.json", "--json"]).expect_code(0);
    let run: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(json["stages"][2]["digest"], run["digest"]);
}

#[test]
fn bench_of_a_store_without_such_bars_says_what_is_missing() {
    let folder = Folder::with_market();
    let call = folder.run(&["bench", "--store", "bars", "--group", "CRYPTO"]).expect_code(4);
    assert!(
        call.err.contains("bars holds no CRYPTO bars of seconds, minutes or hours"),
        "{}",
        call.err
    );
    folder.run(&["bench", "--store", "nowhere"]).expect_code(4);
    folder.run(&["bench", "--symbols", "0"]).expect_code(2);
}

#[test]
fn the_speed_that_the_readme_shows_is_of_the_stages_that_there_are() {
    let page = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    let shown = page.split("-- bench\n").nth(1).expect("the README shows `openbell bench`");
    let call = Folder::new().run(&["bench", "--symbols", "1", "--days", "1", "--rounds", "1"]);
    let call = call.expect_code(0);
    assert_eq!(stages(shown.split("```").next().unwrap_or_default()), stages(&call.out));
}
