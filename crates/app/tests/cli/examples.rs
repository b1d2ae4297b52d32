//! The examples of the help texts: every command has some, and they do what they say.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "examples are run as a shell runs them"
)]

use std::path::Path;
use std::process::Command;

use openbell_data_manager::Check;

use crate::support::{Folder, assert_readable, commands, session};

/// The command lines of a help text: those that are set in and begin with the program's name, a
/// backslash at their end going on in the next line.
fn examples(help: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = help.lines();
    while let Some(line) = lines.next() {
        let Some(mut example) = line.strip_prefix("  openbell ").map(str::to_owned) else {
            continue;
        };
        while let Some(whole) = example.strip_suffix('\\').map(str::to_owned) {
            example =
                whole + lines.next().expect("a line that goes on has a next one").trim_start();
        }
        found.push(format!("openbell {example}"));
    }
    found
}

/// A folder with everything that an example names.
fn folder_for(command: &str) -> Folder {
    let folder = Folder::new();
    for made in ["downloads", "session_configs", ".zfunc", ".config/fish/completions"] {
        std::fs::create_dir_all(folder.path(made)).expect("made");
    }
    std::fs::create_dir_all(folder.path(".local/share/bash-completion/completions")).expect("made");
    let half_day = ["2025-07-03", "2025-07-03"];
    for name in ["session.json", "monday.json", "tuesday.json", "session_configs/a.json"] {
        folder.write(name, &session(half_day, &["AAPL", "GME"], &["1m", "5m"], ""));
    }
    folder.write("questions.csv", "mic,kind,arg1,arg2,answer\nXNYS,is_session,2025-07-04,,0\n");
    let row = "10,12,9,11,300";
    let table = |stamp: &str| format!("ts,open,high,low,close,volume\n{stamp},{row}\n");
    folder.write("AAPL.csv", &table("2025-07-02 09:30"));
    folder.write("eurusd.csv", "ts,open,high,low,close\n2025-07-02T13:30:00Z,1.1,1.2,1,1.15\n");
    folder.write(
        "kurse.csv",
        "Datum;Eröffnung;Hoch;Tief;Schluss;Stück;Umsatz\n02.07.2025;10,5;12;9;11;1;300\n",
    );
    let spy = std::fs::File::create(folder.path("spy.txt.gz")).expect("made");
    let mut spy = flate2::write::GzEncoder::new(spy, flate2::Compression::fast());
    std::io::Write::write_all(&mut spy, table("07/02/2025 09:31").as_bytes()).expect("written");
    spy.finish().expect("written");
    // Imported bars are not mixed with synthetic ones.
    if command != "data import" {
        let market = ["data", "generate", "bars", "--symbols", "AAPL,GME,MSFT", "--gaps", "1"];
        folder.run(&market).expect_code(0);
        let july = "bars/exchange_group=US_EQUITY/interval=1m/symbol=GME/2025-07.parquet";
        std::fs::copy(folder.path(july), folder.path("downloads/GME.parquet")).expect("copied");
        // The same bars, stamped at their closes.
        let moved = ["--shift-seconds", "60", "--force", "stamped-at"];
        let copy = ["data", "compact", "downloads", "--into", "closes"];
        folder.run(&[&copy[..], &moved].concat()).expect_code(0);
    }
    folder
}

#[test]
fn every_command_has_examples_in_its_help_and_they_go_as_they_are_written() {
    let program = Path::new(env!("CARGO_BIN_EXE_openbell")).parent().expect("a folder");
    let path = std::env::var("PATH").expect("a path");
    let path = format!("{}:{path}", program.display());
    for (words, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "the help of `openbell {words}` shows no example");
        assert!(
            examples.iter().any(|example| example.starts_with(&format!("openbell {words}"))),
            "the examples of `openbell {words}` are of other commands"
        );
        let folder = folder_for(&words);
        for example in examples {
            // They measure, wait for clients, ask a run that is served, or follow a vendor; a recording is
            // left by a live run.
            let is_elsewhere =
                ["bench", "vendor-sim", "data fetch", "vendors doctor", "status", "why", "ctl"]
                    .contains(&words.as_str());
            let named = [" recordings", " live", " --serve"];
            if is_elsewhere || named.iter().any(|name| example.contains(name)) {
                assert_readable(&example);
                continue;
            }
            let mut shell = Command::new("sh");
            shell.args(["-c", &example]).current_dir(folder.path("."));
            shell.env("PATH", &path).env("HOME", folder.path("."));
            let output = shell.output().expect("there is a shell");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "$ {example}\n{errors}");
        }
    }
}

#[test]
fn every_option_is_explained() {
    for (words, command) in commands() {
        assert!(command.get_about().is_some(), "{words}");
        for argument in command.get_arguments() {
            let is_explained = argument.get_help().is_some() || argument.get_long_help().is_some();
            assert!(is_explained, "`openbell {words}` does not explain {}", argument.get_id());
        }
    }
}

#[test]
fn the_options_of_an_import_stand_under_headings_and_its_checks_are_named() {
    let folder = Folder::new();
    let help = folder.run(&["data", "import", "--help"]).expect_code(0).out;
    let headings: Vec<&str> =
        help.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
    assert_eq!(
        headings,
        [
            "Arguments:",
            "Options:",
            "The file:",
            "Timestamps:",
            "Columns, by name or by position from 1:",
            "The checks of the rows:",
            "The origin of the values:",
            "Options of every command:",
            "Examples:",
        ]
    );
    let of_force = help.split("--force <CHECK,...>").nth(1).expect("the option");
    let of_force: Vec<&str> = of_force.split_whitespace().take(40).collect();
    let of_force = of_force.join(" ");
    let names: Vec<&str> = Check::ALL.iter().map(|check| check.name()).collect();
    assert!(of_force.contains(&format!(": {};", names.join(", "))), "{of_force}");
}
