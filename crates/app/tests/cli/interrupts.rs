//! Ctrl-C. A run at the pace of real time is asked to end once its event log shows that it has
//! begun; it would go on for hours.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a running program is sent a signal"
)]

use std::process::{Child, Command, Stdio};

use crate::support::{Call, Folder, session};

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

/// Looks until the event log has that word, or the program has ended.
fn wait_for(word: &str, folder: &Folder, child: &mut Child) {
    let has_it = || folder.has("e.jsonl") && folder.read("e.jsonl").contains(word);
    while !has_it() && child.try_wait().expect("it can be asked").is_none() {
        std::thread::yield_now();
    }
}

#[test]
fn an_interrupted_run_ends_in_order_with_its_report_and_its_log_is_replayed() {
    for signal in ["-INT", "-TERM"] {
        ends_in_order(signal);
    }
}

fn ends_in_order(signal: &str) {
    let folder = Folder::with_market();
    folder.write("a.json", &session(["2025-07-03", "2025-07-03"], &["AAPL"], &["1m"], ""));
    let mut child = folder
        .command(&["run", "a.json", "--speed", "1", "--events", "e.jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for("gate_opened", &folder, &mut child);
    send(signal, &child);
    let call: Call = child.wait_with_output().expect("it ends").into();
    let call = call.expect_code(130);
    assert!(call.out.starts_with("test: stopped, "), "{}", call.out);
    assert_eq!(call.err, "interrupted: the run was ended in order, the report is of what it did\n");
    let log = folder.read("e.jsonl");
    assert!(log.lines().last().is_some_and(|line| line.contains("\"phase\":\"stopped\"")), "{log}");
    let replayed = folder.run(&["replay", "e.jsonl"]).expect_code(0);
    assert!(replayed.out.starts_with("the same: "), "{}", replayed.out);
}

/// A run that is interrupted some time after 10:00, three seconds before it would end.
fn interrupted(folder: &Folder, more: &[&str]) -> Call {
    let fields = r#", "symbol_schedule": [{ "at": "2025-07-03T10:00", "add": ["TSLA"] }]"#;
    let text = session(["2025-07-03", "2025-07-03"], &["AAPL", "MSFT"], &["1m", "5m"], fields);
    folder.write("a.json", &text);
    let args = ["run", "a.json", "--speed", "4000", "--events", "e.jsonl", "--export", "out"];
    let mut command = folder.command(&[&args, more].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    wait_for("\"n_backlog\":30,\"symbol\":\"TSLA\"", folder, &mut child);
    send("-INT", &child);
    let call: Call = child.wait_with_output().expect("it ends").into();
    call.expect_code(130)
}

#[test]
fn the_session_that_was_open_is_reported_and_exported_up_to_its_clock() {
    let folder = Folder::with_market();
    let report = interrupted(&folder, &["--json"]).json();
    assert_eq!(report["sessions"].as_array().map(Vec::len), Some(0), "none was closed");
    let open = &report["interrupted"];
    assert_eq!(open["date"], "2025-07-03");
    let n_bars = open["n_bars"].as_u64().expect("a count");
    let symbols = open["symbols"].as_array().expect("a list");
    let of_symbols = |what: &str| -> Vec<u64> {
        symbols.iter().map(|symbol| symbol["series"][0][what].as_u64().expect("a count")).collect()
    };
    // The market has every bar, so each symbol has as many as the clock has minutes.
    let each = of_symbols("n_bars");
    assert!(each[0] >= 30 && each.iter().all(|n| *n == each[0]), "{each:?}");
    assert_eq!((of_symbols("expected"), each.iter().sum::<u64>()), (each.clone(), n_bars));
    assert_eq!(report["n_bars"], n_bars);
    // The export has what the report has, and says where it ends.
    let series = symbols.iter().flat_map(|symbol| symbol["series"].as_array().expect("a list"));
    let n_exported: u64 = series.map(|of| of["n_bars"].as_u64().expect("a count")).sum();
    assert_eq!(report["exported"]["bars"], n_exported);
    let quality = folder.read("out/quality.csv");
    for symbol in ["AAPL", "MSFT", "TSLA"] {
        let row = format!("{symbol},2025-07-03,1m,{0},{0},0,0,100.0000\n", each[0]);
        assert!(quality.contains(&row), "{row} in {quality}");
    }
    let mark: serde_json::Value =
        serde_json::from_str(&folder.read("out/interrupted.json")).expect("JSON");
    assert_eq!((&mark["session_date"], &mark["at"]), (&"2025-07-03".into(), &open["at"]));
    // The same run again, to its end, leaves no mark of it.
    folder.run(&["run", "a.json", "--speed", "4000", "--export", "out"]).expect_code(0);
    assert!(!folder.has("out/interrupted.json"));
}

#[test]
fn the_tables_say_which_session_was_interrupted_and_when_and_the_log_that_the_run_was_stopped() {
    let folder = Folder::with_market();
    let call = interrupted(&folder, &["--log", "openbell_coordinator=info"]);
    assert!(call.err.contains("run stopped"), "{}", call.err);
    assert!(call.out.starts_with("test: stopped, 1 session, base 1m\n"), "{}", call.out);
    let day = call.out.lines().find(|line| line.starts_with("2025-07-03")).expect("a line");
    assert!(day.contains("early close, interrupted at 1"), "{day}");
    let replayed = folder.run(&["replay", "e.jsonl"]).expect_code(0);
    assert!(replayed.out.starts_with("the same: "), "{}", replayed.out);
}
