//! `run` and `replay`: sessions from file to report, files and back.
#![expect(clippy::disallowed_methods, reason = "the program's files are looked at")]

use std::io::Read;
use std::process::Stdio;

use crate::support::{Folder, repository, session};

const NOON: &str = r#", "symbol_schedule": [
    { "at": "12:00", "add": ["TSLA"] }, { "at": "14:00", "remove": ["MSFT"] }]"#;

fn noon_session(folder: &Folder) {
    let dates = ["2025-07-02", "2025-07-03"];
    folder.write("a.json", &session(dates, &["AAPL", "MSFT"], &["1m", "5m", "1d"], NOON));
}

#[test]
fn days_without_a_bar_are_named_and_a_run_without_any_is_warned_of() {
    let folder = Folder::with_market();
    folder.write("late.json", &session(["2025-07-02", "2025-07-15"], &["AAPL"], &["1m"], ""));
    let call = folder.run(&["run", "late.json"]).expect_code(0);
    let named = "\
without a bar  n  in
AAPL           7  2025-07-07 2025-07-08 2025-07-09 2025-07-10 2025-07-11 …
";
    assert!(call.out.contains(named), "{}", call.out);
    assert_eq!(call.err, "");
    folder.write("never.json", &session(["2025-08-04", "2025-08-05"], &["AAPL"], &["1m"], ""));
    for more in [&[][..], &["--json"]] {
        let call = folder.run(&[&["run", "never.json"][..], more].concat()).expect_code(4);
        assert!(call.err.starts_with("warning: the store "), "{}", call.err);
        assert!(call.err.contains("holds no bar of these sessions"), "{}", call.err);
    }
}

#[test]
fn the_report_names_days_symbols_bars_switches_and_digest() {
    let folder = Folder::with_market();
    noon_session(&folder);
    let call = folder.run(&["run", "a.json"]).expect_code(0);
    assert_eq!(call.err, "");
    let (tables, foot) = call.out.split_once("\n1,680 bars and ").expect("a line of speed");
    let without_digests: Vec<&str> = tables
        .lines()
        .map(|line| match line.split_once("         0  ") {
            Some((before, _)) if line.contains("%") && !line.starts_with("2025") => before,
            _ => line,
        })
        .collect();
    assert_eq!(
        without_digests.join("\n"),
        "\
test: completed, 2 sessions, base 1m

session         open   close  symbols   bars  derived  quality  switches
2025-07-02 Wed  09:30  16:00        3  1,050      212  100.00%         4
2025-07-03 Thu  09:30  13:00        3    630      129  100.00%         4  early close

symbol  sessions  bars  derived  quality  rejected  digest
AAPL           2   600      122  100.00%
MSFT           2   480       97  100.00%
TSLA           2   600      122  100.00%

derived  bars  quality
5m        336  100.00%
1d          5  100.00%

8 gate switches, 4 in mid-session
  2025-07-02 12:00:00  shut    catching up: TSLA lags 8940s
  2025-07-02 12:00:00  opened
  2025-07-03 12:00:00  shut    catching up: TSLA lags 8940s
  2025-07-03 12:00:00  opened"
    );
    assert!(tables.contains("left early in 1 session"));
    let digest = foot.lines().last().expect("a last line");
    assert!(digest.starts_with("digest ") && digest.len() == "digest ".len() + 16, "{digest}");
}

#[test]
fn the_report_as_json_is_the_same_in_every_run_but_for_wall_time() {
    let folder = Folder::with_market();
    noon_session(&folder);
    let json = |args: &[&str]| {
        let mut json = folder.run(args).expect_code(0).json();
        assert!(json["wall"]["elapsed_s"].is_number());
        json["wall"].take();
        json
    };
    let first = json(&["run", "a.json", "--json"]);
    assert_eq!(first["phase"], "closed");
    assert_eq!(first["n_bars"], 1680);
    assert_eq!(first["sessions"][0]["gate"][1]["reason"]["holders"][0]["lag_s"], 8940.0);
    assert_eq!(json(&["run", "a.json", "--json"]), first);
    // A half day in a fifth of a second.
    assert_eq!(json(&["run", "a.json", "--json", "--speed", "200000"]), first);
}

#[test]
fn a_run_is_replayed_from_its_event_log_to_the_same_digest() {
    let folder = Folder::with_market();
    noon_session(&folder);
    folder.run(&["run", "a.json", "--events", "e.jsonl"]).expect_code(0);
    let log = folder.read("e.jsonl");
    assert!(log.starts_with("{\"event\":\"run\","), "{log}");
    assert!(log.contains("\n{\"event\":\"gate_shut\","), "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON");
    }
    let call = folder.run(&["replay", "e.jsonl"]).expect_code(0);
    let digest = log.lines().last().and_then(|line| line.split("\"digest\":\"").nth(1));
    let digest = digest.and_then(|rest| rest.get(..16)).expect("a digest in the last line");
    assert!(call.out.starts_with("the same: "), "{}", call.out);
    assert!(call.out.ends_with(&format!("digest {digest}\n")), "{}", call.out);
}

#[test]
fn a_replay_that_differs_says_where() {
    let folder = Folder::with_market();
    noon_session(&folder);
    folder.run(&["run", "a.json", "--events", "e.jsonl"]).expect_code(0);
    let log = folder.read("e.jsonl");
    folder.write("other.jsonl", &log.replacen("\"n_backlog\":150", "\"n_backlog\":151", 1));
    let call = folder.run(&["replay", "other.jsonl"]).expect_code(5);
    assert!(call.err.starts_with("error: the replay differs from the log at event "));
    assert!(call.err.contains("\n  logged    {\"event\":\"joined\""), "{}", call.err);
    let digest_at = log.rfind("\"digest\":\"").expect("a digest") + "\"digest\":\"".len();
    let mut forged = log.clone();
    forged.replace_range(digest_at..digest_at + 16, "0000000000000000");
    folder.write("forged.jsonl", &forged);
    let call = folder.run(&["replay", "forged.jsonl"]).expect_code(5);
    assert!(call.err.contains("the bars are not those of the run"), "{}", call.err);
    folder.run(&["replay", "a.json"]).expect_error(
        4,
        "error: cannot read the event log a.json: line 1: no event log begins so; write one with \
         `openbell run --events`\n",
    );
    folder.run(&["replay", "none.jsonl"]).expect_code(4);
}

#[test]
fn an_export_holds_what_was_visible_at_each_close() {
    let folder = Folder::with_market();
    let fields =
        r#", "indicators": { "session": [{ "name": "sma", "period": 3, "interval": "5m" }] }"#;
    let dates = ["2025-07-02", "2025-07-03"];
    folder.write("a.json", &session(dates, &["AAPL", "MSFT"], &["1m", "5m"], fields));
    let call = folder.run(&["run", "a.json", "--export", "out"]).expect_code(0);
    assert!(call.out.contains("written to out: 1,440 bars, 4 rows of quality"), "{}", call.out);
    assert_eq!(
        folder.read("out/quality.csv"),
        "\
symbol,session_date,interval,expected,present,missing,longest_gap,quality_pct
AAPL,2025-07-02,1m,390,390,0,0,100.0000
MSFT,2025-07-02,1m,390,390,0,0,100.0000
AAPL,2025-07-03,1m,210,210,0,0,100.0000
MSFT,2025-07-03,1m,210,210,0,0,100.0000
"
    );
    for file in ["bars/1m/AAPL", "bars/5m/MSFT", "indicators/5m/AAPL"] {
        assert!(folder.has(&format!("out/{file}.parquet")), "{file}");
    }
    let listed = folder.run(&["data", "ls", "out/bars", "--intervals", "5m", "--json"]).json();
    assert_eq!(listed[0]["rows"], 78 + 42);
}

/// MSFT leaves at 14:00 where the day is that long, AMZN joins at noon of the second day only.
#[test]
fn quality_has_a_row_for_every_symbol_and_session_of_the_run() {
    let folder = Folder::new();
    folder.run(&["data", "generate", "bars", "--symbols", "AAPL,AMZN,MSFT"]).expect_code(0);
    let fields = r#", "symbol_schedule": [
        { "at": "14:00", "remove": ["MSFT"] },
        { "at": "2025-07-03T12:00", "add": ["AMZN"] }]"#;
    let dates = ["2025-07-02", "2025-07-03"];
    folder.write("a.json", &session(dates, &["AAPL", "MSFT"], &["1m", "5m"], fields));
    folder.run(&["run", "a.json", "--export", "out"]).expect_code(0);
    assert_eq!(
        folder.read("out/quality.csv"),
        "\
symbol,session_date,interval,expected,present,missing,longest_gap,quality_pct
AAPL,2025-07-02,1m,390,390,0,0,100.0000
AMZN,2025-07-02,1m,390,0,390,390,0.0000
MSFT,2025-07-02,1m,270,270,0,0,100.0000
AAPL,2025-07-03,1m,210,210,0,0,100.0000
AMZN,2025-07-03,1m,210,210,0,0,100.0000
MSFT,2025-07-03,1m,210,210,0,0,100.0000
"
    );
}

/// Bars of other hours and stretches without bars, so that there is something to disagree on.
#[test]
fn report_export_and_coverage_of_the_store_show_one_quality() {
    let folder = Folder::new();
    let market = ["data", "generate", "bars", "--symbols", "AAPL,MSFT"];
    folder.run(&[&market[..], &["--gaps", "3", "--extended", "4"]].concat()).expect_code(0);
    let dates = ["2025-07-01", "2025-07-03"];
    folder.write("a.json", &session(dates, &["AAPL", "MSFT"], &["1m", "5m", "1d"], ""));
    let report = folder.run(&["run", "a.json", "--export", "out", "--json"]).json();
    let coverage = folder.run(&["data", "coverage", "bars", "--since", dates[0], "--json"]).json();
    let exported = folder.read("out/quality.csv");
    let mut n_compared = 0;
    for day in coverage.as_array().expect("rows") {
        let (symbol, date) = (&day["symbol"], &day["session_date"]);
        let sessions = report["sessions"].as_array().expect("sessions");
        let session = sessions.iter().find(|s| s["date"] == *date).expect("the day's report");
        let symbols = session["symbols"].as_array().expect("symbols");
        let shown = symbols.iter().find(|s| s["symbol"] == *symbol).expect("the symbol's report");
        for series in shown["series"].as_array().expect("series") {
            assert_eq!(series["n"], day["present"], "{symbol} {date} {}", series["interval"]);
            assert_eq!(series["expected"], day["expected"]);
            assert_eq!(series["quality_pct"], day["quality_pct"]);
        }
        let gaps = day["gaps"].as_array().expect("gaps");
        let bars = |gap: &serde_json::Value| gap["bars"].as_u64().expect("a count");
        let longest = gaps.iter().map(bars).max().expect("three gaps");
        let first = gaps.iter().find(|gap| bars(gap) == longest);
        assert_eq!(Some(&shown["series"][0]["longest_gap"]), first);
        let count = |name: &str| day[name].as_u64().expect("a count");
        let (n_expected, n_present) = (count("expected"), count("present"));
        let n_missing: u64 = gaps.iter().map(bars).sum();
        assert_eq!(n_missing, n_expected - n_present);
        let pct = day["quality_pct"].as_f64().expect("a quality");
        let [symbol, date] = [symbol, date].map(|text| text.as_str().expect("text"));
        let row =
            format!("{symbol},{date},1m,{n_expected},{n_present},{n_missing},{longest},{pct:.4}\n");
        assert!(exported.contains(&row), "{row} of\n{exported}");
        n_compared += 1;
    }
    assert_eq!(n_compared, 6);
}

#[test]
fn several_files_are_run_one_after_the_other_also_after_a_wrong_one() {
    let folder = Folder::with_market();
    let half_day = ["2025-07-03", "2025-07-03"];
    folder.write("a.json", &session(half_day, &["AAPL"], &["1m"], ""));
    folder.write("b.json", &session(half_day, &["NONE"], &["1m"], ""));
    folder.write("c.json", &session(half_day, &["MSFT"], &["1m"], ""));
    let call = folder.run(&["run", "a.json", "b.json", "c.json"]).expect_code(4);
    assert_eq!(call.out.matches("test: completed").count(), 2);
    assert!(call.err.contains("has no symbol NONE"), "{}", call.err);
    let call = folder.run(&["run", "a.json", "c.json", "--export", "out"]).expect_code(2);
    assert!(call.err.contains("give one session file"), "{}", call.err);
    assert!(!folder.has("out"));
}

#[test]
fn a_result_that_cannot_be_written_has_its_own_exit_code() {
    let folder = Folder::with_market();
    let half_day = ["2025-07-03", "2025-07-03"];
    folder.write("a.json", &session(half_day, &["AAPL"], &["1m"], ""));
    let call = folder.run(&["run", "a.json", "--events", "none/e.jsonl"]).expect_code(6);
    assert!(call.err.starts_with("error: cannot write the event log none/e.jsonl: "));
    folder.write("file", "");
    let call = folder.run(&["run", "a.json", "--export", "file/out"]).expect_code(6);
    assert!(call.err.starts_with("error: cannot write the export: "), "{}", call.err);
}

#[test]
fn a_corrupt_file_refuses_the_run_or_fails_it_with_its_name() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(["2025-07-03", "2025-07-03"], &["AAPL"], &["1m"], ""));
    let month = "bars/exchange_group=US_EQUITY/interval=1m/symbol=AAPL/2025-07.parquet";
    let bytes = std::fs::read(folder.path(month)).expect("it is there");
    std::fs::write(folder.path(month), &bytes[..bytes.len() / 2]).expect("written");
    let call = folder.run(&["run", "a.json"]);
    assert!([4, 5].contains(&call.code), "{}: {}", call.code, call.err);
    assert!(call.err.contains("2025-07.parquet"), "{}", call.err);
    assert!(!call.out.contains("completed"));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = Folder::with_market();
    noon_session(&folder);
    let mut child = folder
        .command(&["run", "a.json", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    let mut err = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("read");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}

#[test]
fn every_session_file_of_the_repository_runs() {
    let folder = Folder::new();
    let mut n_files = 0;
    for entry in std::fs::read_dir(repository().join("session_configs")).expect("it is there") {
        let path = entry.expect("an entry").path().display().to_string();
        if !path.ends_with(".json") || path.ends_with("session.schema.json") {
            continue;
        }
        if path.contains("/live_") {
            // What they follow does not end: `live.rs` beside this follows one.
            folder.run(&["check", &path]).expect_code(0);
            folder.run(&["plan", &path]).expect_code(0);
            continue;
        }
        let json = folder.run(&["run", &path, "--speed", "0", "--json"]).expect_code(0).json();
        assert_eq!(json["phase"], "closed", "{path}");
        assert!(json["n_bars"].as_u64() > Some(0), "{path}");
        n_files += 1;
    }
    assert!(n_files >= 5);
}
