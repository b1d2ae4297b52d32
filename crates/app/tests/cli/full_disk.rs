//! A disk on which there is no room: what cannot be written is said, and what stood there stands.
#![cfg(unix)]
#![expect(clippy::disallowed_types, reason = "the program is run where nothing can be written")]

use std::process::Command;

use crate::support::{Call, Folder, session};

/// The program, in a shell that lets no file grow over eight blocks of 512 bytes.
fn cramped(folder: &Folder, args: &[&str]) -> Call {
    let program = env!("CARGO_BIN_EXE_openbell");
    let line = format!("trap '' XFSZ; ulimit -f 8; exec {program} {}", args.join(" "));
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder.path("."));
    shell.output().expect("there is a shell").into()
}

#[test]
fn without_room_each_writer_says_what_it_could_not_write_and_the_store_is_as_it_was() {
    let folder = Folder::with_market();
    let before = folder.run(&["data", "ls", "bars", "--json"]).expect_code(0).out;
    folder.write("a.json", &session(["2025-07-02", "2025-07-03"], &["AAPL"], &["1m"], ""));
    let generate = ["data", "generate", "bars", "--seed", "2"];
    let call = cramped(&folder, &generate).expect_code(4);
    assert!(call.err.contains("cannot write \"bars/exchange_group=US_EQUITY"), "{}", call.err);
    let call = cramped(&folder, &["run", "a.json", "--export", "out"]).expect_code(6);
    assert!(call.err.contains("cannot write the export"), "{}", call.err);
    assert_eq!(folder.run(&["data", "ls", "bars", "--json"]).expect_code(0).out, before);
    folder.run(&["data", "verify", "bars"]).expect_code(0);
    folder.run(&generate).expect_code(0);
}

#[test]
fn a_result_that_finds_no_room_is_no_success() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(["2025-07-03", "2025-07-03"], &["AAPL"], &["1m"], ""));
    let full = std::path::Path::new("/dev/full");
    let Ok(out) = std::fs::File::options().write(true).open(full) else {
        println!("skipped: this system has no /dev/full");
        return;
    };
    let mut run = folder.command(&["run", "a.json"]);
    let call: Call = run.stdout(out).output().expect("the program starts").into();
    assert!(call.err.contains("cannot write to standard output"), "{}", call.err);
    call.expect_code(6);
    let call = folder.run(&["run", "a.json", "--events", "/dev/full"]).expect_code(6);
    assert!(call.err.contains("cannot write the event log /dev/full"), "{}", call.err);
}
