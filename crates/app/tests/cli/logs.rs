//! Log lines on standard error, each as it is documented.

use crate::support::{Folder, session};

/// The messages of the JSON log lines of a command, with their levels.
fn lines(folder: &Folder, args: &[&str]) -> Vec<(String, String)> {
    let log =
        ["--log", "openbell_coordinator=debug,openbell_data_manager=debug", "--log-format", "json"];
    let call = folder.run(&[args, &log].concat());
    let found = call.err.lines().filter_map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some((text("level")?, value["fields"]["message"].as_str()?.to_owned()))
    });
    found.collect()
}

#[track_caller]
fn has(lines: &[(String, String)], level: &str, message: &str) {
    assert!(
        lines.iter().any(|(found, said)| found == level && said == message),
        "no {level} line {message:?} in {lines:?}"
    );
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
    has(&found, "DEBUG", "command");
    has(&found, "DEBUG", "planned");
    has(&found, "DEBUG", "file opened");
    assert!(found.len() < 100, "{} lines for two sessions", found.len());
    let call = folder.run(&["run", "a.json"]).expect_code(0);
    assert_eq!(call.err, "", "nothing is logged that is not asked for");
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
