//! No output over an input: each is refused before anything is written, whatever name it is given.
#![expect(clippy::disallowed_methods, reason = "the files are looked at")]

use crate::support::{Folder, session};

const DATES: [&str; 2] = ["2025-07-02", "2025-07-02"];

fn month(folder: &Folder) -> String {
    let listed = folder.run(&["data", "ls", "bars", "--symbols", "AAPL", "--json"]).json();
    listed[0]["files"][0].as_str().expect("a file").to_owned()
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.path(name)).expect("the file is there")
}

#[test]
fn the_event_log_and_the_export_of_a_run_spare_what_it_reads() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(DATES, &["AAPL"], &["1m"], ""));
    let month = month(&folder);
    let (config, stored) = (folder.read("a.json"), bytes(&folder, &month));
    let own_store = ["--store", "bars"];
    for args in [
        &["--events", "a.json"][..],
        &["--events", "./bars/../a.json"],
        &["--events", &month],
        &["--events", "bars/events.jsonl"],
        &["--export", "bars"],
        &["--export", "."], // It would write its bars into the store, which is called so.
        &["--events", "out/quality.csv", "--export", "out"],
        &["--signals", "a.json"],
        &["--fills", "bars/fills.jsonl"],
        &["--fills", "same.jsonl", "--signals", "same.jsonl"],
    ] {
        let call = folder.run(&[&["run", "a.json"], &own_store[..], args].concat()).expect_code(2);
        assert!(call.err.contains("is refused: "), "{args:?}: {}", call.err);
        assert!(
            !folder.has("out") && !folder.has("quality.csv") && !folder.has("bars/events.jsonl")
        );
    }
    assert!(folder.read("a.json") == config && bytes(&folder, &month) == stored);
    folder.write("events.jsonl", "of another day");
    folder.run(&["run", "a.json", "--events", "events.jsonl"]).expect_code(0);
    assert!(!folder.read("events.jsonl").contains("another day"), "an older file is no input");
}

#[test]
fn an_import_and_a_copy_spare_what_they_read() {
    let folder = Folder::with_market();
    let rows = "ts,open,high,low,close,volume\n2025-07-02T13:30:00Z,1,1,1,1,1\n";
    folder.write("rows.csv", rows);
    let import = ["data", "import", "rows.csv", "--store", "new", "--interval", "1m", "--rejects"];
    for rejects in ["rows.csv", "new/../rows.csv", "new/rejects.csv"] {
        folder.run(&[&import[..], &[rejects]].concat()).expect_code(2);
        assert!(folder.read("rows.csv") == rows && !folder.has("new"), "{rejects}");
    }
    folder.write("rejects.csv", "of another day");
    folder.run(&[&import[..], &["rejects.csv"]].concat()).expect_code(0);
    for into in ["bars", "bars/new"] {
        folder.run(&["data", "compact", "bars", "--into", into]).expect_code(2);
    }
}

#[test]
fn a_folder_with_the_export_of_another_run_is_left_alone() {
    let folder = Folder::with_market();
    folder.write("a.json", &session(DATES, &["AAPL", "MSFT"], &["1m"], ""));
    folder.write("b.json", &session(DATES, &["TSLA"], &["1m"], ""));
    folder.run(&["run", "a.json", "--export", "out"]).expect_code(0);
    let quality = folder.read("out/quality.csv");
    let call = folder.run(&["run", "b.json", "--export", "out"]).expect_code(6);
    assert!(call.err.contains("the export of another run"), "{}", call.err);
    assert!(folder.read("out/quality.csv") == quality && !folder.has("out/bars/1m/TSLA.parquet"));
    folder.run(&["run", "a.json", "--export", "out"]).expect_code(0);
}
