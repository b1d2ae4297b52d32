//! A run that is served, and asked by the program itself.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Stdio};

use crate::support::{Call, Folder, session};

const DATES: [&str; 2] = ["2025-07-02", "2025-07-03"];

/// A run at the pace of real time that is served.
struct Running {
    child: Child,
    err: BufReader<ChildStderr>,
    link: String,
}

fn running(folder: &Folder, more: &[&str]) -> Running {
    folder.write("a.json", &session(DATES, &["AAPL", "MSFT"], &["1m", "5m"], ""));
    let args = ["run", "a.json", "--speed", "1", "--serve=127.0.0.1:0"];
    let mut command = folder.command(&[&args, more].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut err = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    err.read_line(&mut line).expect("it says where it is served");
    let link = line.trim().strip_prefix("serving on ").expect(&line).to_owned();
    Running { child, err, link }
}

impl Running {
    fn end(mut self) -> Call {
        let mut err = String::new();
        self.err.read_to_string(&mut err).expect("messages are text");
        let mut call: Call = self.child.wait_with_output().expect("it ends").into();
        call.err = err;
        call
    }
}

#[test]
fn a_served_run_is_asked_and_steered_and_has_the_event_log_of_the_same_run_unserved() {
    let folder = Folder::with_market();
    let running = running(&folder, &["--events", "served.jsonl"]);
    let link = &running.link.clone();
    assert!(link.starts_with("http://127.0.0.1:") && link.contains("/#token="), "{link}");

    let paused = folder.run(&["ctl", link, "pause"]).expect_code(0);
    assert_eq!(paused.out, "pause: done\n");
    let again = folder.run(&["ctl", link, "pause"]).expect_code(10);
    assert!(again.err.contains("the run is paused already"), "{}", again.err);
    let status = folder.run(&["status", link, "--json", "--all"]);
    assert_eq!(status.json()["is_paused"], true);
    assert_eq!(status.json()["symbols"].as_array().map(Vec::len), Some(2));
    let why = folder.run(&["why", link, "AAPL"]).expect_code(9);
    assert!(why.out.contains("paused") && why.out.contains("- resume: "), "{}", why.out);
    let typo = folder.run(&["ctl", link, "stop", "anothr"]).expect_code(10);
    assert!(typo.err.contains("\"test\" is the session that runs"), "{}", typo.err);

    folder.run(&["ctl", link, "resume"]).expect_code(0);
    folder.run(&["ctl", link, "speed", "0"]).expect_code(0);
    let served = running.end().expect_code(0);
    assert_eq!(served.err, "");

    let unserved = folder.run(&["run", "a.json", "--events", "unserved.jsonl"]).expect_code(0);
    // The first line says at what speed it was begun.
    let events = |name: &str| folder.read(name).split_once('\n').map(|(_, lines)| lines.to_owned());
    assert_eq!(events("served.jsonl"), events("unserved.jsonl"));
    let digest = |out: &str| out.lines().find(|line| line.contains("digest")).map(str::to_owned);
    assert_eq!(digest(&served.out), digest(&unserved.out));
    let gone = folder.run(&["status", link]).expect_code(10);
    assert!(gone.err.contains("is it still served?"), "{}", gone.err);
}

#[test]
fn a_served_run_is_ended_by_its_name() {
    let folder = Folder::with_market();
    let running = running(&folder, &[]);
    let stopped = folder.run(&["ctl", &running.link, "stop", "test"]).expect_code(0);
    assert_eq!(stopped.out, "stop: done\n");
    let call = running.end().expect_code(5);
    assert!(call.out.starts_with("test: stopped, "), "{}", call.out);
}

#[test]
fn a_wrong_token_is_refused_and_a_missing_one_is_asked_for() {
    let folder = Folder::with_market();
    let mut running = running(&folder, &[]);
    let (address, _) = running.link.split_once('#').expect("a token");
    let wrong = folder.run(&["status", &format!("{address}#token=nobody-0123456789abcdef")]);
    let wrong = wrong.expect_code(10);
    assert_eq!(
        wrong.err,
        "error: a token is needed (no_token): send `Authorization: Bearer TOKEN` with the token of this \
         server\n"
    );
    let none = folder.run(&["status", address]).expect_code(2);
    assert!(none.err.contains("OPENBELL_TOKEN"), "{}", none.err);
    running.child.kill().expect("it runs");
}

#[test]
fn beyond_this_machine_and_without_tokens_nothing_is_served() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(DATES, &["AAPL"], &["1m"], ""));
    let call = folder.run(&["run", "a.json", "--serve", "0.0.0.0:0"]).expect_code(2);
    assert!(call.err.contains("can be asked from other machines"), "{}", call.err);
    assert_eq!(call.out, "");
    let call = folder.run(&["run", "--serve", "a.json"]).expect_code(2);
    assert!(call.err.contains("write --serve last"), "{}", call.err);
    folder.run(&["run", "a.json", "--stay"]).expect_code(2);
}
