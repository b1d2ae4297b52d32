//! `openbell vendor-sim`: it can be found by what it prints, answers, and ends when it is asked to.
#![cfg(unix)]
#![expect(clippy::disallowed_types, reason = "a running program is sent a signal")]

use std::io::{BufRead, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use openbell_data_manager::live::Request;
use openbell_vendors::{Courier, SecretHeaders, Transport, Trust};

use crate::support::Folder;

/// A simulated exchange at any free port, and the first lines that it prints.
fn begun(
    folder: &Folder,
    args: &[&str],
    n_lines: usize,
) -> (Child, BufReader<impl std::io::Read>, Vec<String>) {
    let args = [&["vendor-sim", "--port", "0"], args].concat();
    let mut child = folder.command(&args).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let lines = (0..n_lines).map(|_| {
        let mut line = String::new();
        out.read_line(&mut line).expect("it prints");
        line.trim_end().to_owned()
    });
    let lines = lines.collect();
    (child, out, lines)
}

#[test]
fn a_client_finds_it_by_what_it_prints_and_ctrl_c_ends_it_with_what_it_counted() {
    let folder = Folder::new();
    let (mut child, mut out, lines) = begun(&folder, &["--symbols", "BTCUSDT"], 4);
    assert_eq!(lines[0], "binance simulated: BTCUSDT; nothing goes wrong");
    let history = lines[2].strip_prefix("  history  ").expect("its history");
    let request = Request { url: format!("{history}/api/v3/time"), weight: 1 };
    let courier = Courier::new(&Transport::new(Trust::platform()));
    let answer = courier.ask(&request, &SecretHeaders::none()).expect("it answers");
    assert!(answer.body.starts_with("{\"serverTime\":"), "{}", answer.body);

    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("it is text");
    assert_eq!(
        rest,
        "0 connections, 0 messages heard, 0 sent, 1 request; 0 over a limit, 0 bans\n"
    );
}

#[test]
fn each_vendor_says_its_own_addresses_and_the_script_of_the_help_is_one() {
    let folder = Folder::new();
    let help = folder.run(&["vendor-sim", "--help"]).expect_code(0).out;
    let (_, script) = help.split_once("A script is a list such as\n").expect("it shows a script");
    let (script, _) = script.split_once("where connections").expect("it ends");
    folder.write("outage.json", script);
    for (vendor, stream) in [("binance", "/stream"), ("kraken", "/v2"), ("alpaca", "/v2")] {
        let args = ["--speaks", vendor, "--script", "outage.json", "--for", "0"];
        let (mut child, _out, lines) = begun(&folder, &args, 3);
        assert!(child.wait().expect("it ends").success());
        assert!(lines[0].starts_with(&format!("{vendor} simulated: ")), "{}", lines[0]);
        assert!(lines[0].ends_with("; 3 faults"), "{}", lines[0]);
        assert!(lines[1].starts_with("  stream   ws://127.0.0.1:"), "{}", lines[1]);
        assert!(lines[1].ends_with(stream), "{}", lines[1]);
        let host = |line: &str| line.split('/').nth(2).expect("a host").to_owned();
        let history = format!("  history  http://{}", host(&lines[1]));
        assert_eq!(lines[2], history, "what `--endpoint` takes");
    }
}

#[test]
fn what_is_wrong_with_its_script_its_names_or_its_port_is_said() {
    let folder = Folder::new();
    folder.write("a.json", r#"[{ "line": 1, "at_frame": 2, "do": "explode" }]"#);
    folder.run(&["vendor-sim", "--script", "a.json"]).expect_error(
        3,
        "error: a.json: fault 1 of the script: there is no fault \"explode\" here\n",
    );
    let call = folder.run(&["vendor-sim", "--script", "none.json"]).expect_code(3);
    assert!(call.err.starts_with("error: cannot read none.json: "), "{}", call.err);
    folder
        .run(&["vendor-sim", "--symbols", "BTCUSDT,btcusdt"])
        .expect_error(2, "error: BTCUSDT is named twice\n");

    let (mut child, _out, lines) = begun(&folder, &[], 3);
    let port = lines[2].rsplit(':').next().expect("its port");
    let call = folder.run(&["vendor-sim", "--port", port]).expect_code(5);
    let said =
        format!("error: cannot listen at 127.0.0.1:{port}; another port, or 0 for any, will do: ");
    assert!(call.err.starts_with(&said), "{}", call.err);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
