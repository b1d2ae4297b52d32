//! A live session by the program, against the exchange that it simulates: followed, ended by a person,
//! gone on with, killed, gone on with again, and replayed.
#![cfg(unix)]
#![expect(clippy::disallowed_types, reason = "a running program is sent a signal")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Call, Folder};

/// A session that is open whenever the test runs, and across midnight.
fn write_session(folder: &Folder, changes: impl FnOnce(&mut Value)) {
    let mut session = json!({
        "session_name": "live", "mode": "live", "exchange_group": "CRYPTO",
        "api_config": {"data_api": "sim"}, "live_config": {"sessions": "all"},
        "session_data_config": {
            "symbols": ["BTCUSDT", "ETHUSDT"], "streams": ["1m", "5m"],
            "streaming": {"settle_seconds": 1}
        }
    });
    changes(&mut session);
    folder.write("live.json", &session.to_string());
}

/// The program, following.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    seen: String,
}

fn follow(folder: &Folder, options: &[&str]) -> Running {
    let args = [&["run", "live.json"], options].concat();
    let mut command = folder.command(&args);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program starts");
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    Running { child, out, seen: String::new() }
}

impl Running {
    /// Reads up to a line with that text.
    fn until(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let n_bytes = self.out.read_line(&mut line).expect("it prints text");
            assert!(n_bytes > 0, "it ended without {text:?}:\n{}", self.seen);
            self.seen.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    fn end_by(mut self, signal: &str) -> Call {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
        self.out.read_to_string(&mut self.seen).expect("it prints text");
        let mut call: Call = self.child.wait_with_output().expect("it ends").into();
        call.out = self.seen;
        call
    }
}

/// All that is kept of what went to the vendor and came from it.
#[expect(clippy::disallowed_methods, reason = "what was kept is looked at")]
fn raw_text(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("it is there") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("it can be read");
        let read = flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text);
        read.expect("it was ended in order");
    }
    text
}

#[test]
fn a_live_session_that_is_ended_and_killed_goes_on_and_its_recording_is_replayed() {
    let folder = Folder::new();
    write_session(&folder, |session| {
        session["live_config"]["record"] = json!({"raw": true});
    });
    let mut first = follow(&folder, &[]);
    let begun = first.until("live from sim");
    assert!(begun.contains("2 symbols") && begun.contains("base 1m"), "{begun}");
    first.until(" active: ");
    let first = first.end_by("-INT").expect_code(130);
    assert_eq!(first.err, "interrupted; run it again to go on with it\n");
    for line in
        ["bars caught up, 0 late, 0 revised, 0 gaps left", "reconnects: none", "recording: "]
    {
        assert!(first.out.contains(line), "{line:?} in {}", first.out);
    }
    let checked = folder.run(&["check", "live.json"]).expect_code(0);
    assert!(checked.out.contains(", live from sim, 1 recording of "), "{}", checked.out);
    let recording = first.out.lines().find_map(|line| line.strip_prefix("recording: "));
    let recording = recording.expect("its place is said").to_owned();
    let raw = raw_text(&folder.path(&recording).join("raw"));
    for part in ["\t>\topen ws://", "SUBSCRIBE", "\t<\t{", "@kline_1m", "\t>\tGET ", "\t<\t200 "] {
        assert!(raw.contains(part), "{part:?} is not in {} bytes", raw.len());
    }

    let mut second = follow(&folder, &[]);
    second.until("gone on with: ");
    let second = second.end_by("-KILL");
    assert!(!second.out.contains("has joined"), "what was told is not told again: {}", second.out);

    let mut third = follow(&folder, &["--json", "--metrics", "metrics.prom"]);
    // What is told goes to standard error, beside JSON.
    let mut told = BufReader::new(third.child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("line 0 is up") {
        line.clear();
        assert!(told.read_line(&mut line).expect("it prints text") > 0, "it has ended");
    }
    let third = third.end_by("-TERM").expect_code(130);
    let report = third.json();
    assert_eq!(report["live"]["gaps_left"], 0, "{report}");
    let metrics = folder.read("metrics.prom");
    for name in ["openbell_session_active ", "openbell_feed_connected{feed=\"sim\"} "] {
        assert!(metrics.contains(&format!("\n{name}")), "{name:?} in {metrics}");
    }

    // Each process that went on says so in the log; what it says is no event that a replay must lead to.
    let log = folder.read(&format!("{recording}/events.jsonl"));
    let resumed = log.lines().filter(|line| line.starts_with(r#"{"event":"resumed","at":"#));
    assert_eq!(resumed.count(), 2, "{log}");
    let replayed = folder.run(&["replay", &recording]).expect_code(0);
    assert!(replayed.out.starts_with("the same: "), "{}", replayed.out);
    let digest = report["digest"].as_str().expect("a digest");
    assert!(replayed.out.contains(digest), "{digest} in {}", replayed.out);

    write_session(&folder, |session| {
        session["session_data_config"]["streams"] = json!(["1m", "15m"])
    });
    let refused = folder.run(&["run", "live.json"]).expect_code(4);
    assert!(refused.err.contains("session_data_config.streams[1]"), "{}", refused.err);
    assert!(refused.err.contains("--fresh"), "{}", refused.err);
    let mut fresh = follow(&folder, &["--fresh"]);
    fresh.until("is moved aside");
    fresh.until(" active: ");
    fresh.end_by("-INT").expect_code(130);
}

#[test]
fn plan_and_check_say_what_is_followed_and_which_keys_are_set() {
    let folder = Folder::new();
    write_session(&folder, |session| {
        session["api_config"] = json!({"data_api": "kraken"});
        session["session_data_config"]["symbols"] = json!(["BTC/USD"]);
        session["session_data_config"]["historical"] =
            json!({"data": [{"trailing_days": 5, "intervals": ["1h"]}]});
    });
    let checked = folder.run(&["check", "live.json"]).expect_code(0);
    assert_eq!(checked.out, "live.json: valid: \"live\", 1 symbol, 2 streams, live from kraken\n");
    let planned = folder.run(&["plan", "live.json"]).expect_code(0).out;
    for part in [
        "live: sessions without end of CRYPTO live from kraken (24/7, UTC), no store",
        "base 1m, derived 5m",
        "runs now",
        "1 series on 1 connection;",
        "openbell data fetch --vendor kraken --symbols BTC/USD --interval 1m",
        "it keeps the newest 720 bars of 1m: what opens before",
    ] {
        assert!(planned.contains(part), "{part:?} in {planned}");
    }
    let json = folder.run(&["plan", "live.json", "--json"]).expect_code(0).json();
    assert_eq!((&json["base_interval"], &json["data_api"]), (&json!("1m"), &json!("kraken")));
    assert_eq!(json["sessions"].as_array().map(Vec::len), Some(5));

    write_session(&folder, |session| {
        session["exchange_group"] = json!("US_EQUITY");
        session["api_config"] = json!({"data_api": "alpaca"});
        session["live_config"] = json!({"key_env": "MY_KEY_ID", "secret_env": "MY_SECRET"});
        session["session_data_config"]["symbols"] = json!(["AAPL"]);
    });
    let mut command = folder.command(&["check", "live.json"]);
    let checked: Call = command.env("MY_KEY_ID", "AKXYZ").output().expect("it runs").into();
    let checked = checked.expect_code(0);
    assert!(
        checked.out.ends_with("live from alpaca, MY_KEY_ID is set, MY_SECRET is not set\n"),
        "{}",
        checked.out
    );
    assert!(!checked.out.contains("AKXYZ"));
    let refused = folder.run(&["run", "live.json"]).expect_code(3);
    assert!(refused.err.contains("MY_KEY_ID is not set"), "{}", refused.err);
}

#[test]
fn options_of_the_other_kind_of_run_are_refused() {
    let folder = Folder::new();
    write_session(&folder, |_| ());
    let call = folder.run(&["run", "live.json", "--speed", "60"]).expect_code(2);
    assert!(call.err.contains("--speed is for backtests"), "{}", call.err);
    write_session(&folder, |session| {
        session["session_data_config"]["base_interval"] = json!("7m");
        session["session_data_config"]["streams"] = json!(["7m"]);
    });
    let call = folder.run(&["run", "live.json"]).expect_code(3);
    assert!(call.err.contains("none of them yields what is asked for"), "{}", call.err);
}
