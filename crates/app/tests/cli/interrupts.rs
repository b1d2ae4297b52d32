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

/// Looks until the event log shows that the session is open, or the program has ended.
fn wait_for_the_open(folder: &Folder, child: &mut Child) {
    let is_open = || folder.has("e.jsonl") && folder.read("e.jsonl").contains("gate_opened");
    while !is_open() && child.try_wait().expect("it can be asked").is_none() {
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
    wait_for_the_open(&folder, &mut child);
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
