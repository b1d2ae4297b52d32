//! What the program says to a slip of the hand, and of names that are no names.

use crate::support::{Folder, session};

#[test]
fn a_command_that_there_is_not_lists_those_that_there_are_and_the_nearest() {
    let folder = Folder::new();
    for (args, words) in [
        (
            &["rnu"][..],
            "The commands are run, replay, compare, recording, report, plan, check, check-lookahead, schema, modules, new, data, calendar, vendors, vendor-sim, status, why, ctl, bench, completions; did you mean run?",
        ),
        (
            &["data", "improt"],
            "The commands are generate, import, fetch, ls, coverage, verify, compact, delete; did you mean import?",
        ),
        (&["paint"], "The commands are run,"),
    ] {
        let call = folder.run(args).expect_code(2);
        assert!(call.err.contains(words), "{}", call.err);
    }
}

#[test]
fn a_calendar_is_known_in_small_letters_and_now_is_a_whole_second() {
    let folder = Folder::new();
    let call = folder.run(&["calendar", "show", "xnys", "--at", "2025-07-02 12:00"]).expect_code(0);
    assert!(call.out.starts_with("XNYS"), "{}", call.out);
    let next = folder.run(&["calendar", "next", "us_equity"]).expect_code(0).out;
    let head = next.lines().next().expect("a line");
    assert!(!head.contains('.'), "{head}");
}

#[test]
fn what_is_no_session_file_is_answered_with_what_one_is() {
    let folder = Folder::new();
    folder.write("README.md", "# A readme\n");
    let call = folder.run(&["run", "README.md"]).expect_code(3);
    assert!(call.err.contains("`openbell schema` says what it holds"), "{}", call.err);
    folder.write("broken.json", "{ \"session_name\": }");
    let call = folder.run(&["run", "broken.json"]).expect_code(3);
    assert!(!call.err.contains("`openbell schema`"), "{}", call.err);
}

#[test]
fn a_log_that_was_cut_off_replays_as_far_as_it_goes() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], ""));
    folder.run(&["run", "a.json", "--events", "events.jsonl"]).expect_code(0);
    let whole = folder.read("events.jsonl");
    let n_lines = whole.lines().count();
    for n_bytes in [whole.len() - 1, whole.len() * 2 / 3, whole.find('\n').expect("a line") + 1] {
        folder.write("cut.jsonl", &whole[..n_bytes]);
        let call = folder.run(&["replay", "cut.jsonl"]).expect_code(0);
        let is_whole = n_bytes == whole.len() - 1; // Only the end of its last line is missing.
        assert_eq!(call.out.contains("cut off after"), !is_whole, "{}", call.out);
    }
    let other: Vec<&str> = whole.lines().take(n_lines - 1).collect();
    let wrong = format!("{}\n", other.join("\n").replace("\"n_bars\":390", "\"n_bars\":391"));
    folder.write("other.jsonl", &wrong);
    assert_eq!(
        folder.run(&["replay", "other.jsonl"]).code,
        if wrong.contains("391") { 5 } else { 0 }
    );
}

#[test]
fn a_name_that_would_steer_a_terminal_is_shown_and_not_done() {
    let folder = Folder::new();
    let name = "\u{1b}[2Jgone.csv";
    for args in [&["data", "import", name, "--store", "s", "--interval", "1m"][..], &["run", name]]
    {
        let call = folder.run(args);
        assert!(!call.err.contains('\u{1b}') && call.err.contains("gone.csv"), "{}", call.err);
    }
}

#[test]
fn history_that_is_not_stored_is_said_by_the_run_and_shown_by_the_plan() {
    let folder = Folder::with_market();
    let history = r#", "historical": { "data": [
        { "trailing_days": 3, "intervals": ["1m"], "apply_to": "all" }] }"#;
    folder.write("a.json", &session(["2025-06-17", "2025-06-17"], &["AAPL"], &["1m"], history));
    let call = folder.run(&["run", "a.json"]).expect_code(0);
    assert!(call.out.contains("\nhistory: AAPL 1m 1 of 3 sessions\n"), "{}", call.out);
    assert!(call.err.contains("warning: a history window is not whole"), "{}", call.err);
    let plan = folder.run(&["plan", "a.json", "--json"]).expect_code(0).json();
    let reads = &plan["reads"][1];
    assert_eq!((&reads["expected_bars"], &reads["stored_rows"]), (&1_170.into(), &390.into()));
}
