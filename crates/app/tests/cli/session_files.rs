//! `check`, `schema` and `plan`: session files before they are run.
#![expect(clippy::disallowed_methods, reason = "the files of the repository are looked at")]

use serde_json::Value;

use crate::support::{Folder, repository, session};

#[test]
fn all_errors_are_said_with_file_line_and_column() {
    let folder = Folder::new();
    folder.write(
        "bad.json",
        r#"{
  "session_name": "bad",
  "mode": "backtset",
  "backtest_config": { "start_date": "2025-07-02", "end_date": "2025-07-02" },
  "session_data_config": { "symbols": ["AAPL", "AAPL"], "streams": ["1m"], "stream": [] }
}
"#,
    );
    folder.run(&["check", "bad.json"]).expect_error(
        3,
        "\
error: the session file is wrong in 3 places
bad.json:3:11: mode: found \"backtset\"; one of \"backtest\", \"live\" is allowed; did you mean \"backtest\"?
bad.json:5:48: session_data_config.symbols[1]: AAPL stands twice in this list, first at 5:40; drop one of the two
bad.json:5:76: session_data_config.stream: unknown key \"stream\"; the nearest is \"streams\" (known here: symbols, streams, hours, streaming, historical, gap_filler, indicators, base_interval, calendar_overlay, symbol_schedule, scanners, strategies, comment, note)
",
    );
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_said_to_be_so() {
    let folder = Folder::new();
    folder.run(&["check", "none.json"]).expect_error(
        3,
        "error: cannot read the session file none.json: No such file or directory (os error 2); \
         `openbell schema` says what a session file holds\n",
    );
    std::fs::write(folder.path("bytes.json"), b"{\n\"a\": \"\xff\"}").expect("written");
    folder
        .run(&["check", "bytes.json"])
        .expect_error(3, "error: bytes.json:2: this is no UTF-8 text\n");
    folder.write("empty.json", "");
    folder.run(&["check", "empty.json"]).expect_error(
        3,
        "error: the session file is wrong\nempty.json:1:1: $: this is no JSON: the file is empty\n",
    );
    std::fs::create_dir(folder.path("folder")).expect("made");
    let call = folder.run(&["run", "folder"]).expect_code(3);
    assert!(call.err.ends_with("; name a file in it\n"), "{}", call.err);
}

#[test]
fn every_file_is_checked_also_after_a_wrong_one() {
    let folder = Folder::new();
    folder.write("wrong.json", "[]");
    folder.write("right.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], ""));
    let call = folder.run(&["check", "wrong.json", "right.json"]).expect_code(3);
    assert_eq!(call.out, "right.json: valid: \"test\", 1 symbol, 1 stream\n");
    assert!(call.err.ends_with("wrong.json:1:1: $: found []; an object is allowed\n"));
}

#[test]
fn what_has_no_effect_is_a_warning_and_no_error() {
    let folder = Folder::new();
    let fields = r#", "streaming": { "settle_seconds": 3 }"#;
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], fields));
    let call = folder.run(&["check", "a.json"]).expect_code(0);
    assert!(
        call.err.starts_with("warning: a.json:5:")
            && call.err.ends_with(".settle_seconds: has no effect in a backtest\n"),
        "{}",
        call.err
    );
}

#[test]
fn the_files_of_the_repository_are_right_and_its_schema_is_the_printed_one_without_modules() {
    let folder = Folder::new();
    let configs = repository().join("session_configs");
    let mut files: Vec<String> = std::fs::read_dir(&configs)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path().display().to_string())
        .filter(|path| path.ends_with(".json"))
        .collect();
    files.sort();
    let args: Vec<&str> =
        std::iter::once("check").chain(files.iter().map(String::as_str)).collect();
    let call = folder.run(&args).expect_code(0);
    assert_eq!(call.out.lines().count(), files.len() - 1);
    assert!(call.err.ends_with("session.schema.json: skipped, it is the schema\n"), "{}", call.err);

    let printed = folder.run(&["schema"]).expect_code(0).out;
    let mut printed: Value = serde_json::from_str(&printed).expect("JSON");
    let data = &mut printed["properties"]["session_data_config"]["properties"];
    for (list, module) in [("strategies", "moving_average_cross"), ("scanners", "gap_scanner")] {
        let entry = data[list]["items"].as_object_mut().expect("an object");
        let rules = entry["allOf"].as_array_mut().expect("the settings of the modules");
        let n_rules = rules.len();
        rules.retain(|rule| rule["if"]["properties"]["module"].is_null());
        let n_in_box = if list == "strategies" { 3 } else { 2 };
        assert_eq!(n_rules - rules.len(), n_in_box, "{list} in the box");
        if rules.is_empty() {
            entry.remove("allOf");
        }
        let names =
            entry["properties"]["module"].as_object_mut().expect("an object").remove("enum");
        assert!(names.expect("their names").to_string().contains(module));
    }
    let stored = std::fs::read_to_string(configs.join("session.schema.json")).expect("it is there");
    let stored: Value = serde_json::from_str(&stored).expect("JSON");
    assert!(printed == stored, "write it anew with `cargo xtask schema --write`");
}

#[test]
fn a_plan_says_what_would_be_read_and_reads_no_bar() {
    let folder = Folder::with_market();
    let fields = r#", "historical": { "data": [{ "trailing_days": 5, "intervals": ["1m", "1d"] }] },
    "symbol_schedule": [{ "at": "12:00", "add": ["TSLA"] }, { "at": "14:00", "remove": ["AAPL"] }]"#;
    folder
        .write("a.json", &session(["2025-07-02", "2025-07-05"], &["AAPL"], &["1m", "5m"], fields));
    let call = folder.run(&["plan", "a.json"]).expect_code(0);
    assert_eq!(
        call.out,
        "\
test: 2 sessions of US_EQUITY (XNYS, America/New_York), store bars
base 1m, derived 5m

session         open   close               schedule
2025-07-02 Wed  09:30  16:00               12:00 +TSLA, 14:00 -AAPL
2025-07-03 Thu  09:30  13:00  early close  12:00 +TSLA, 14:00 -AAPL is outside and skipped

symbol  reads  for                     files  expected bars  stored rows
AAPL    1m     the sessions                1            600          600
AAPL    1m     1m history, 5 sessions      2          2,340        2,340
AAPL    1m     1d history, 5 sessions      2          2,340        2,340
TSLA    1m     the sessions                1            600          600
TSLA    1m     1m history, 5 sessions      2          2,340        2,340
TSLA    1m     1d history, 5 sessions      2          2,340        2,340

10,560 bars expected in all, 10,560 rows stored from the first open to the last close
"
    );
    let json = folder.run(&["plan", "a.json", "--json"]).expect_code(0).json();
    assert_eq!(json["sessions"][1]["schedule_skipped"], serde_json::json!([1]));
    assert_eq!(json["reads"][0]["expected_bars"], 600);
}

#[test]
fn a_plan_that_cannot_be_says_all_reasons_with_their_places() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(["2025-07-04", "2025-07-06"], &["AAPL", "TSLQ"], &["1m"], ""));
    let call = folder.run(&["plan", "a.json"]).expect_code(3);
    assert_eq!(
        call.err,
        "\
error: the run cannot begin
a.json:5:48: the store \"bars\" has no symbol TSLQ; the nearest are TSLA, MSFT, AAPL
a.json:4:38: XNYS has no session from 2025-07-04 to 2025-07-06; the next one is 2025-07-07
"
    );
    let fields = r#", "symbol_schedule": [{ "at": "2025-07-03T14:00", "add": ["MSFT"] }]"#;
    folder.write("b.json", &session(["2025-07-03", "2025-07-03"], &["AAPL"], &["7s"], fields));
    let call = folder.run(&["plan", "b.json"]).expect_code(3);
    for place in [
        "\nb.json:5:60: cannot make 7s bars for AAPL: the store holds 1m",
        "\nb.json:5:96: symbol_schedule[0] at 2025-07-03T14:00 lies outside the session of its date",
    ] {
        assert!(call.err.contains(place), "{}", call.err);
    }
}

#[test]
fn an_overlay_that_is_not_there_or_wrong_is_said_with_its_place() {
    let folder = Folder::with_market();
    let fields = r#", "calendar_overlay": "closures.txt""#;
    folder.write("a.json", &session(["2025-07-02", "2025-07-03"], &["AAPL"], &["1m"], fields));
    let call = folder.run(&["plan", "a.json"]).expect_code(3);
    assert!(
        call.err.starts_with("error: a.json:5:88: cannot read the calendar overlay closures.txt:"),
        "{}",
        call.err
    );
    folder.write("closures.txt", "calendar XNYS\nclosd 2025-07-02\n");
    let call = folder.run(&["plan", "a.json"]).expect_code(3);
    assert!(call.err.starts_with("error: a.json:5:88: the calendar overlay is wrong: line 2"));
    folder.write("closures.txt", "calendar XNYS\nclosed 2025-07-02 = inventory\n");
    let call = folder.run(&["plan", "a.json"]).expect_code(0);
    assert!(call.out.starts_with("test: 1 session of US_EQUITY"), "{}", call.out);
}

#[test]
fn a_session_without_a_store_says_how_to_name_one() {
    let folder = Folder::with_market();
    let text = session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], "");
    folder.write("a.json", &text.replace(r#""store": "bars""#, ""));
    folder.run(&["plan", "a.json"]).expect_error(
        3,
        "error: a.json names no store; write \"data_config\": {\"store\": \"FOLDER\"} into it, or \
         give --store FOLDER\n",
    );
    folder.run(&["plan", "a.json", "--store", "bars"]).expect_code(0);
    folder.run(&["run", "a.json", "--store", "nowhere"]).expect_error(
        4,
        "error: there is no store at \"nowhere\"; name a folder of bars, or write one with \
         `openbell data generate` or `openbell data import`\n",
    );
}

#[test]
fn a_module_that_is_not_registered_is_an_error_that_lists_those_that_are() {
    let folder = Folder::with_market();
    let fields = r#", "strategies": [{ "module": "cross" }]"#;
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], fields));
    for command in ["check", "plan", "run"] {
        folder.run(&[command, "a.json"]).expect_error(
            3,
            "\
error: the session file asks for modules that cannot be built
a.json:5:95: session_data_config.strategies[0].module: found \"cross\"; registered are channel_breakout, moving_average_cross, opening_range_breakout
",
        );
    }
}

#[test]
fn what_is_wrong_with_a_modules_config_is_said_at_its_place() {
    let folder = Folder::with_market();
    let fields = r#", "scanners": [{ "module": "gap_scanner", "pre_session": true, "config": { "universe": "u.txt" } }]"#;
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], fields));
    folder.write("u.txt", "AAPL\nMS*FT\n");
    let ran = folder.run(&["check", "a.json"]);
    let said = &ran.err;
    assert!(said.contains("a.json:5:139: session_data_config.scanners[0].config: the scanner gap_scanner cannot be built from its config: u.txt:2: "), "{said}");
}

/// Minutes as they traded and days adjusted for splits do not mean the same prices: a run that
/// reads both would join them at the open.
#[test]
fn series_of_one_symbol_that_were_adjusted_in_different_ways_refuse_the_run() {
    let folder = Folder::new();
    folder.write("minutes.csv", "ts,open,high,low,close,volume\n2025-07-02 09:30,1,1,1,1,5\n");
    folder.write("days.csv", "ts,open,high,low,close,volume\n2025-07-01,1,1,1,1,5\n");
    for (file, interval, adjustment) in [("minutes.csv", "1m", "raw"), ("days.csv", "1d", "splits")]
    {
        let series = ["data", "import", file, "--store", "bars", "--symbol", "AAPL"];
        let make = ["--interval", interval, "--adjustment", adjustment];
        let zone = ["--zone", "America/New_York"];
        folder.run(&[&series[..], &make, &zone].concat()).expect_code(0);
    }
    let history = r#", "historical": { "data": [
        { "trailing_days": 1, "intervals": ["1d"], "apply_to": "all" }] }"#;
    let dates = ["2025-07-02", "2025-07-02"];
    folder.write("mixed.json", &session(dates, &["AAPL"], &["1m"], history));
    folder.write("minutes.json", &session(dates, &["AAPL"], &["1m"], ""));
    for command in ["plan", "run"] {
        let call = folder.run(&[command, "mixed.json"]).expect_code(4);
        for said in ["AAPL", "adjusted raw", "splits", "cannot be used together"] {
            assert!(call.err.contains(said), "{command}: {}", call.err);
        }
        folder.run(&[command, "minutes.json"]).expect_code(0);
    }
}
