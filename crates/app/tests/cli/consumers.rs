//! The strategies and scanners of a session file, as the program runs and shows them.

use crate::support::{Folder, repository, session};

fn scanners() -> String {
    repository().join("session_configs/scanners.json").display().to_string()
}

#[test]
fn signals_are_shown_exported_logged_and_the_log_is_replayed_to_the_same() {
    let folder = Folder::new();
    let json = folder
        .run(&["run", &scanners(), "--json", "--events", "e.jsonl", "--export", "out"])
        .expect_code(0)
        .json();
    let signals = json["signals"].as_array().expect("a list");
    assert!(!signals.is_empty());
    let consumers: Vec<&str> = json["consumers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|consumer| consumer["name"].as_str().expect("a name"))
        .collect();
    let expected = [
        "gap_scanner",
        "momentum_scanner",
        "moving_average_cross",
        "opening_range_breakout",
        "export",
    ];
    assert_eq!(consumers, expected);
    assert_eq!(json["exported"]["signal_rows"], signals.len());
    let csv = folder.read("out/signals.csv");
    assert_eq!(csv.lines().count(), signals.len() + 1);
    let first = &signals[0];
    let line = csv.lines().nth(1).expect("a signal");
    for key in ["at", "consumer", "symbol", "kind"] {
        assert!(line.contains(first[key].as_str().expect("text")), "{line} {first}");
    }
    let n_logged =
        folder.read("e.jsonl").lines().filter(|line| line.contains("\"signalled\"")).count();
    assert_eq!(n_logged, signals.len());
    // The log holds the universe too, so that it can be replayed where the files are gone.
    let replayed = folder.run(&["replay", "e.jsonl"]).expect_code(0);
    assert!(replayed.out.starts_with("the same: "), "{}", replayed.out);
    let table = folder.run(&["run", &scanners(), "--no-progress"]).expect_code(0).out;
    assert!(table.contains("gap_scanner") && table.contains("signal at"), "{table}");
}

#[test]
fn a_session_file_with_modules_is_checked_and_planned() {
    let folder = Folder::new();
    let checked = folder.run(&["check", &scanners()]).expect_code(0).out;
    assert!(checked.ends_with("1 symbol, 2 streams, 4 modules\n"), "{checked}");
    let planned = folder.run(&["plan", &scanners()]).expect_code(0).out;
    let called = "momentum_scanner        from 09:35:00 to 10:31:00 every 5m\n";
    assert!(planned.contains(called), "{planned}");
}

#[test]
fn a_wrong_key_of_a_module_is_an_error_with_the_nearest_one_at_its_own_place() {
    let folder = Folder::new();
    let modules = r#",
    "scanners": [
      { "module": "gap_scanner", "pre_session": true,
        "config": { "symbols": ["AAPL"],
                    "min_gap": 1.0, "history_session": 2 } }
    ],
    "strategies": [
      { "module": "opening_range_breakout",
        "config": { "comment": "as ever",
                    "minutes": "15" } }
    ]"#;
    let text = session(["2025-07-02", "2025-07-03"], &["AAPL"], &["1m"], modules);
    folder.write("session.json", &text);
    let call = folder.run(&["check", "session.json"]).expect_code(3);
    let lines: Vec<&str> = call.err.lines().skip(1).collect();
    let scanner = "session_data_config.scanners[0].config";
    let known = "known here: universe, symbols, history_sessions, min_price, \
                 min_dollar_volume, max_candidates, min_gap_pct, max_picks";
    assert_eq!(
        lines,
        [
            format!(
                "session.json:9:56: {scanner}.history_session: unknown key \"history_session\"; the \
                 nearest is \"history_sessions\" ({known})"
            ),
            format!(
                "session.json:9:32: {scanner}.min_gap: unknown key \"min_gap\"; the nearest is \
                 \"min_gap_pct\" ({known})"
            ),
            "session.json:14:32: session_data_config.strategies[0].config.minutes: the strategy \
             opening_range_breakout cannot be built from its config: invalid type: string \"15\", \
             expected u32"
                .to_owned(),
        ]
    );
}
