//! What somebody sees who has just come.

use crate::support::Folder;

#[test]
fn without_arguments_it_shows_five_things_to_do_first() {
    let call = Folder::new().run(&[]).expect_code(0);
    assert_eq!(
        call.out,
        "\
openbell: Trading sessions over market bars: fresh or nothing

Five things to do first:
  openbell data generate bars        make a small market to try things on
  openbell data ls bars              see what is stored
  openbell check session.json        is a session file valid?
  openbell plan session.json         what would a run read?
  openbell run session.json          run it

`openbell COMMAND --help` says more about each, with examples.
"
    );
    assert_eq!(call.err, "");
}

#[test]
fn the_five_things_work_one_after_the_other_in_an_empty_folder() {
    let folder = Folder::new();
    let made = folder.run(&["data", "generate", "bars"]).expect_code(0);
    let (_, rest) = made.out.split_once("\n{").expect("a session file is shown");
    let (file, _) = rest.split_once("\n}\n").expect("it ends");
    folder.write("session.json", &format!("{{{file}\n}}\n"));
    let listed = folder.run(&["data", "ls", "bars"]).expect_code(0);
    assert!(listed.out.contains("AAPL    1m        4,890  2025-06-16 09:30:00"), "{}", listed.out);
    let checked = folder.run(&["check", "session.json"]).expect_code(0);
    assert_eq!(checked.out, "session.json: valid: \"first\", 3 symbols, 2 streams\n");
    let planned = folder.run(&["plan", "session.json"]).expect_code(0);
    assert!(planned.out.contains("2025-07-03 Thu  09:30  13:00  early close"), "{}", planned.out);
    let ran = folder.run(&["run", "session.json"]).expect_code(0);
    assert!(ran.out.starts_with("first: completed, 1 session, base 1m\n"), "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn a_command_without_what_it_needs_explains_itself() {
    for (args, words) in [
        (&["run"][..], "openbell run session.json --speed 3600"),
        (&["data", "generate"], "openbell data generate bars"),
        (&["data", "import"], "--dry-run"),
        (&["data"], "coverage"),
        (&["check"], "openbell check session.json"),
        (&["plan"], "openbell plan session.json"),
        (&["replay"], "openbell replay events.jsonl"),
        (&["calendar"], "openbell calendar show US_EQUITY"),
        (&["completions"], "openbell completions bash"),
    ] {
        let call = Folder::new().run(args).expect_code(2);
        assert!(call.err.contains("Usage: openbell") && call.err.contains(words), "{}", call.err);
        assert_eq!(call.out, "");
    }
}

#[test]
fn help_is_a_result_and_lists_the_exit_codes() {
    let call = Folder::new().run(&["--help"]).expect_code(0);
    assert!(call.out.contains("  130  interrupted"), "{}", call.out);
    assert_eq!(call.err, "");
    let version = Folder::new().run(&["--version"]).expect_code(0);
    assert_eq!(version.out, concat!("openbell ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_word_that_is_no_command_is_a_usage_error() {
    let call = Folder::new().run(&["chek", "session.json"]).expect_code(2);
    assert!(call.err.contains("'check'"), "{}", call.err);
    Folder::new().run(&["run", "a.json", "--colour"]).expect_code(2);
    let call = Folder::new().run(&["run", "a.json", "--speed", "-1"]).expect_code(2);
    assert!(call.err.contains("a number of at least 0 is needed"), "{}", call.err);
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let folder = Folder::with_market();
    let plain = folder.run(&["data", "ls", "bars"]);
    assert!(!plain.out.contains('\u{1b}'));
    let coloured = folder.run(&["data", "ls", "bars", "--color", "always"]);
    assert!(coloured.out.starts_with("\u{1b}[1msymbol"), "{:?}", coloured.out);
    let error = folder.run(&["run", "none.json", "--color", "always"]);
    assert!(error.err.starts_with("\u{1b}[31;1merror:\u{1b}[0m"), "{:?}", error.err);
    assert!(!folder.run(&["run", "none.json"]).err.contains('\u{1b}'));
}

#[test]
fn logs_go_to_standard_error_as_words_or_as_json() {
    let folder = Folder::new();
    folder.write("a.json", "{}");
    let call = folder.run(&["check", "a.json", "--log", "nonsense=what"]).expect_code(2);
    assert!(call.err.starts_with("error: cannot read the log filter \"nonsense=what\""));
    folder.run(&["data", "generate", "bars", "--log", "debug", "--log-format", "json"]);
    let out = folder.run(&["data", "ls", "bars", "--log", "trace", "--log-format", "json"]);
    for line in out.err.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for (shell, words) in
        [("bash", "_openbell()"), ("zsh", "#compdef openbell"), ("fish", "complete")]
    {
        let call = Folder::new().run(&["completions", shell]).expect_code(0);
        assert!(call.out.contains(words), "{shell}");
    }
}
