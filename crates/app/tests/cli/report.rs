//! `--report`: one file of what happened, within its size, beside what it reads and never over it.
#![expect(clippy::disallowed_methods, reason = "the files are looked at")]

use crate::support::{Folder, repository, session};

const DATES: [&str; 2] = ["2025-07-01", "2025-07-02"];

fn market() -> Folder {
    let folder = Folder::with_market();
    folder.write("a.json", &session(DATES, &["AAPL", "MSFT"], &["1m", "5m"], ""));
    folder
}

/// What a machine reads in the row of `head` in a table of the page.
fn value(page: &str, head: &str) -> f64 {
    let row = page.split(&format!("<bdi>{head}</bdi></th>")).nth(1).expect("a row");
    let cell = row.split("</td>").next().expect("a cell");
    let exact = cell.split("value=\"").nth(1).and_then(|it| it.split('"').next());
    let shown = cell.rsplit('>').next().unwrap_or_default().replace(',', "");
    exact.unwrap_or(&shown).parse().unwrap_or_else(|_| panic!("{head}: {cell}"))
}

#[test]
fn a_report_has_the_numbers_of_the_json_and_changes_neither_digest_nor_events() {
    let folder = Folder::new();
    let paper = repository().join("session_configs/on_paper.json").display().to_string();
    let plain = folder.run(&["run", &paper, "--json", "--events", "plain.jsonl"]).expect_code(0);
    let with = &["run", &paper, "--json", "--report", "out.html", "--events", "with.jsonl"];
    let json = folder.run(with).expect_code(0).json();
    assert_eq!(json["digest"], plain.json()["digest"]);
    assert!(folder.read("plain.jsonl") == folder.read("with.jsonl"));
    let page = folder.read("out.html");
    let account = &json["accounts"][0];
    for (head, number) in [
        ("Steps", &json["n_steps"]),
        ("Equity at the end", &account["equity"]),
        ("Return in all", &account["returns"]["total"]),
        ("Commission", &account["trades"]["commission"]),
        ("Orders taken", &account["orders"]["placed"]),
    ] {
        assert_eq!(Some(value(&page, head)), number.as_f64(), "{head}");
    }
    for digest in json["symbol_digests"].as_object().expect("digests").values() {
        assert!(page.contains(digest.as_str().expect("text")));
    }
    assert!(page.contains("Every bar of 3 symbols is charted as it was delivered, in 1m."));
    assert!(!page.contains("<th scope=\"row\"><bdi>report</bdi>"), "what gathers is no consumer");
    assert!(!folder.has("out.html.part"));
}

#[test]
fn the_size_that_is_asked_for_is_kept() {
    let folder = market();
    let run = |size: &str| {
        let args = ["run", "a.json", "--report", "out.html", "--report-size", size];
        folder.run(&args).expect_code(0);
        folder.read("out.html")
    };
    assert!(run("5MB").contains("charted as it was delivered"));
    let small = run("200kB");
    assert!(small.len() <= 200_000, "{} bytes", small.len());
    let call = folder.run(&["run", "a.json", "--report", "out.html", "--report-size", "5 apples"]);
    assert!(call.expect_code(2).err.contains("a size from 200kB to 1GB is needed"));
    folder.run(&["run", "a.json", "--report-size", "1MB"]).expect_code(2);
}

#[test]
fn a_report_spares_what_the_run_reads_and_what_else_it_writes() {
    let folder = market();
    let config = folder.read("a.json");
    for args in [
        &["--report", "a.json"][..],
        &["--report", "bars/out.html"],
        &["--report", "out", "--events", "./out"],
    ] {
        let call = folder.run(&[&["run", "a.json"], args].concat()).expect_code(2);
        assert!(call.err.contains("is refused: "), "{args:?}: {}", call.err);
    }
    assert!(folder.read("a.json") == config && !folder.has("out"));
    let two = ["run", "a.json", "a.json", "--report", "out.html"];
    assert!(folder.run(&two).expect_code(2).err.contains("give one session file"));
    let nowhere = folder.run(&["run", "a.json", "--report", "none/out.html"]).expect_code(6);
    assert!(nowhere.err.contains("cannot write the report none/out.html"), "{}", nowhere.err);
}

#[test]
fn a_run_that_fails_leaves_a_report_that_says_so() {
    let folder = market();
    let listed = folder.run(&["data", "ls", "bars", "--symbols", "MSFT", "--json"]).json();
    let month = listed[0]["files"].as_array().expect("files").last().expect("one");
    let path = folder.path(month.as_str().expect("a path"));
    let mut bytes = std::fs::read(&path).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    std::fs::write(&path, bytes).expect("it can be written");
    let call = folder.run(&["run", "a.json", "--report", "out.html"]);
    if call.code == 0 {
        panic!("the damage was not met: {}", call.out);
    }
    let page = folder.read("out.html");
    assert!(page.contains("The run did not come to its end; it is failed: "), "{}", call.err);
}

#[test]
fn the_report_of_an_event_log_is_that_of_its_run() {
    let folder = market();
    let run = ["run", "a.json", "--events", "events.jsonl", "--report", "run.html"];
    folder.run(&run).expect_code(0);
    let again = ["report", "--events", "events.jsonl", "again.html"];
    let call = folder.run(&again).expect_code(0);
    assert!(call.out.starts_with("again.html: "), "{}", call.out);
    // What differs is how long it took, and how it is run again.
    let parts = |name: &str| -> Vec<String> {
        let page = folder.read(name);
        let parts = page.split("<section id=\"").map(str::to_owned);
        parts.skip(1).filter(|part| !part.starts_with("operations\"")).collect()
    };
    assert!(parts("run.html") == parts("again.html") && parts("run.html").len() >= 6);
    for args in [
        &["report", "out.html"][..],
        &["report", "--events", "events.jsonl", "--recording", "r", "out.html"],
        &["report", "--events", "events.jsonl", "events.jsonl"],
        &["report", "--events", "events.jsonl", "bars/out.html"],
    ] {
        folder.run(args).expect_code(2);
    }
}
