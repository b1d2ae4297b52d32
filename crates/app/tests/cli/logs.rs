//! Log lines on standard error, each as it is documented.

use crate::support::{Folder, session};

/// A JSON log line: its level, its message, its fields, and the spans around it.
struct Line {
    level: String,
    message: String,
    fields: serde_json::Value,
    spans: serde_json::Value,
}

/// The log lines of a command.
fn lines(folder: &Folder, args: &[&str]) -> Vec<Line> {
    let log =
        ["--log", "openbell_coordinator=debug,openbell_data_manager=debug", "--log-format", "json"];
    let call = folder.run(&[args, &log].concat());
    let found = call.err.lines().filter_map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(Line {
            level: value["level"].as_str()?.to_owned(),
            message: value["fields"]["message"].as_str()?.to_owned(),
            fields: value["fields"].clone(),
            spans: value["spans"].clone(),
        })
    });
    found.collect()
}

#[track_caller]
fn has<'l>(lines: &'l [Line], level: &str, message: &str) -> &'l Line {
    let found = lines.iter().find(|line| line.level == level && line.message == message);
    let all = || lines.iter().map(|line| format!("{} {}", line.level, line.message));
    found.unwrap_or_else(|| {
        panic!("no {level} line {message:?} in {:#?}", all().collect::<Vec<_>>())
    })
}

#[test]
fn a_run_logs_what_its_event_log_says_and_nothing_for_a_bar() {
    let folder = Folder::with_market();
    let fields = r#", "symbol_schedule": [
        { "at": "12:00", "add": ["TSLA"] }, { "at": "14:00", "remove": ["AAPL"] }]"#;
    folder.write(
        "a.json",
        &session(["2025-07-02", "2025-07-03"], &["AAPL", "MSFT"], &["1m"], fields),
    );
    let found = lines(&folder, &["run", "a.json"]);
    for message in [
        "session opened",
        "gate opened",
        "gate shut",
        "joined",
        "left",
        "session closed",
        "run completed",
    ] {
        has(&found, "INFO", message);
    }
    has(&found, "INFO", "schedule entry skipped");
    for message in ["command", "planned", "gate decided", "lags", "lags no more"] {
        has(&found, "DEBUG", message);
    }
    has(&found, "DEBUG", "file looked at");
    has(&found, "DEBUG", "file opened");
    assert!(found.len() < 100, "{} lines for two sessions", found.len());
    let call = folder.run(&["run", "a.json"]).expect_code(0);
    assert_eq!(call.err, "", "nothing is logged that is not asked for");
}

#[test]
fn each_decision_of_the_gate_has_a_line_with_its_reason_and_who_holds_it() {
    let folder = Folder::with_market();
    let fields = r#", "symbol_schedule": [{ "at": "12:00", "add": ["TSLA"] }, { "at": "12:00", "add": ["MSFT"] }]"#;
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], fields));
    let found = lines(&folder, &["run", "a.json"]);
    let decided: Vec<String> = found
        .iter()
        .filter(|line| line.message == "gate decided")
        .map(|line| {
            let text = |name: &str| line.fields[name].as_str().unwrap_or("").to_owned();
            format!("{} {} {}", text("verdict"), text("why"), text("holders"))
        })
        .collect();
    assert_eq!(
        decided,
        [
            "opens  []",
            "shuts catching_up [\"MSFT lags 8940s\"]",
            "holds catching_up [\"MSFT lags 8940s\", \"TSLA lags 8940s\"]",
            // MSFT lags no more, TSLA does; then neither, and both have a last bar to come.
            "holds catching_up [\"TSLA lags 120s\"]",
            "holds catching_up [\"MSFT lags 60s\", \"TSLA lags 60s\"]",
            "holds catching_up [\"TSLA lags 60s\"]",
            "opens  []",
            "shuts closed []",
        ]
    );
}

#[test]
fn the_lines_of_a_session_stand_inside_the_spans_of_their_run_and_session() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(["2025-07-02", "2025-07-03"], &["AAPL"], &["1m"], ""));
    let found = lines(&folder, &["run", "a.json"]);
    let of_run: Vec<&Line> = found.iter().filter(|line| line.spans[0]["name"] == "run").collect();
    let dates: Vec<(&str, &str)> = of_run
        .iter()
        .map(|line| (line.message.as_str(), line.spans[1]["date"].as_str().expect("a session")))
        .collect();
    let day = |date: &'static str| {
        let lines = ["gate decided", "gate decided", "session opened", "joined"];
        lines.into_iter().map(move |line| (line, date))
    };
    for (line, date) in day("2025-07-02").chain(day("2025-07-03")) {
        assert!(dates.contains(&(line, date)), "{line} of {date} in {dates:?}");
    }
    assert_eq!(dates.last(), Some(&("run completed", "2025-07-03")));
    assert!(
        of_run
            .iter()
            .all(|line| line.spans[0]["name"] == "run" && line.spans[1]["name"] == "session")
    );
}

#[test]
fn a_run_that_fails_logs_the_consumer_and_the_cause_and_one_that_ends_its_signals_and_its_export() {
    let folder = Folder::with_market();
    let modules = r#", "scanners": [{ "module": "gap_scanner", "pre_session": true, "config": { "symbols": ["TSLA"] } }],
    "strategies": [{ "module": "opening_range_breakout" }]"#;
    let text = session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], modules);
    folder.write("a.json", &text);
    let found = lines(&folder, &["run", "a.json", "--export", "out"]);
    has(&found, "DEBUG", "signal");
    assert_eq!(has(&found, "INFO", "export written").fields["n_bars"], 780);
    let june = "bars/exchange_group=US_EQUITY/interval=1m/symbol=TSLA/2025-06.parquet";
    folder.write(june, "no parquet");
    let found = lines(&folder, &["run", "a.json"]);
    assert_eq!(has(&found, "INFO", "consumer failed").fields["consumer"], "gap_scanner");
    has(&found, "INFO", "run failed");
}

#[test]
fn days_without_bars_and_rejected_rows_and_signals_are_logged() {
    let folder = Folder::new();
    folder
        .run(&["data", "generate", "bars", "--symbols", "AAPL", "--extended", "4"])
        .expect_code(0);
    folder.write("a.json", &session(["2025-07-03", "2025-07-07"], &["AAPL"], &["1m"], ""));
    let found = lines(&folder, &["run", "a.json"]);
    has(&found, "INFO", "rows rejected");
    has(&found, "INFO", "no data");
}

#[test]
fn an_import_logs_its_decisions_and_the_files_that_it_writes() {
    let folder = Folder::new();
    folder.write("AAA.csv", "ts,open,high,low,close,volume\n2025-07-02T13:30:00Z,1,1,1,1,1\n");
    let found = lines(&folder, &["data", "import", "AAA.csv", "--store", "s", "--interval", "1m"]);
    has(&found, "DEBUG", "file read");
    has(&found, "INFO", "file written");
    has(&found, "INFO", "file imported");
}

#[test]
fn an_import_logs_what_all_rows_show_and_the_first_ones_did_not() {
    let folder = Folder::new();
    let import = |name: &str, rows: &str| {
        folder.write(name, &format!("ts,desk,open,high,low,close,volume\n{rows}"));
        lines(&folder, &["data", "import", name, "--store", "s", "--interval", "1m"])
    };
    // Whose rows they are is shown where rows of one stamp contradict each other: below the first ones.
    let row = |minute: u32, desk: &str, price: u32| {
        let price = format!("{price},{price},{price},{price}");
        format!("2025-07-02T{:02}:{:02}:00Z,{desk},{price},1\n", 14 + minute / 60, minute % 60)
    };
    let alone: String = (0..300).map(|minute| row(minute, "AAA", 10)).collect();
    let both: String = (0..300).map(|minute| row(minute, "BBB", 20)).collect();
    let found = import("A.csv", &format!("{alone}{both}"));
    let line = has(&found, "DEBUG", "all rows show another way to read the file");
    let learned = line.fields["learned"].as_str().expect("what was learned");
    assert!(learned.contains("symbol_column: Some(1)"), "{learned}");
    // It is not said of a file whose first rows show all.
    let found = import("C.csv", &alone);
    has(&found, "DEBUG", "file read");
    assert!(!found.iter().any(|line| line.message.starts_with("all rows show")));
}
