//! Two runs held against each other: each kind of difference by its part, with where it is first.

#![expect(clippy::disallowed_methods, reason = "a folder is made")]

use serde_json::Value;

use crate::support::{Folder, repository, session};

const DATES: [&str; 2] = ["2025-07-01", "2025-07-03"];

/// A session of `channel_breakout` with that cash, over `store`.
fn breakout(store: &str, cash: u32) -> String {
    let modules = r#",
    "historical": { "data": [{ "trailing_days": 1, "intervals": ["5m"] }] },
    "strategies": [{ "module": "channel_breakout", "config": { "interval": "5m" } }]"#;
    let text = session(DATES, &["AAPL", "TSLA"], &["1m", "5m"], modules);
    text.replace(
        "\"data_config\"",
        &format!("\"account\": {{ \"cash\": {cash} }},\n\"data_config\""),
    )
    .replace("\"bars\"", &format!("{store:?}"))
}

fn own_store() -> String {
    repository().join("tests/data/bar_data").display().to_string()
}

fn exported(folder: &Folder, name: &str, text: &str) {
    folder.write(&format!("{name}.json"), text);
    folder.run(&["run", &format!("{name}.json"), "--export", name]).expect_code(0);
}

fn part<'c>(comparison: &'c Value, name: &str) -> &'c Value {
    let parts = comparison["parts"].as_array().expect("a list");
    parts.iter().find(|part| part["part"] == name).expect("a part")
}

#[test]
fn runs_of_one_session_are_the_same_whatever_folder_they_are_in() {
    let folder = Folder::new();
    exported(&folder, "a", &breakout(&own_store(), 100_000));
    exported(&folder, "b", &breakout(&own_store(), 100_000));
    let said = folder.run(&["compare", "a", "b"]).expect_code(0).out;
    assert!(said.contains("\nseries                     the same  "), "{said}");
    assert!(!said.contains("differ"), "{said}");
}

/// Another account changes what the strategy emits, and neither bars nor gate.
#[test]
fn another_account_is_named_by_its_key_and_by_the_first_order_that_differs() {
    let folder = Folder::new();
    exported(&folder, "a", &breakout(&own_store(), 100_000));
    exported(&folder, "b", &breakout(&own_store(), 50_000));
    let json = folder.run(&["compare", "a", "b", "--json"]).expect_code(5).json();
    assert_eq!(json["same"], false);
    assert_eq!(json["config"][0]["path"], "account.cash");
    for same in ["series", "sequence", "gate"] {
        assert_eq!(part(&json, same)["same"], true, "{same}");
    }
    let consumer = part(&json, "consumer channel_breakout");
    let first = consumer["first"].as_str().expect("an event");
    assert!(first.contains("\"event\":\"ordered\""), "{first}");
    let said = folder.run(&["compare", "a", "b"]).expect_code(5).out;
    assert!(said.contains("\nchannel_breakout  equity "), "{said}");
    assert!(said.contains("consumer channel_breakout differs: event "), "{said}");
}

/// One stored bar is another: the row is named, though neither sequence nor gate see it.
#[test]
fn one_changed_bar_is_named_with_its_file_its_stamp_and_both_values() {
    let folder = Folder::new();
    let rows = |close: &str| {
        format!(
            "ts,open,high,low,close,volume\n2025-07-02T13:30:00Z,10,12,9,10,5\n2025-07-02T13:31:00Z,10,12,9,{close},5\n"
        )
    };
    for (name, close) in [("a", "11"), ("b", "11.5")] {
        folder.write("ACME.csv", &rows(close));
        let store = format!("bars_{name}");
        folder
            .run(&["data", "import", "ACME.csv", "--store", &store, "--interval", "1m"])
            .expect_code(0);
        let text = session(["2025-07-02", "2025-07-02"], &["ACME"], &["1m"], "");
        exported(&folder, name, &text.replace("\"bars\"", &format!("{store:?}")));
    }
    let json = folder.run(&["compare", "a", "b", "--json"]).expect_code(5).json();
    let first = part(&json, "series")["first"].as_str().expect("a row");
    assert_eq!(
        first,
        "the bars or indicators of ACME; first in bars/1m/ACME.parquet the row of 2025-07-02T13:31:00Z: close is \
         11 against 11.5"
    );
    assert_eq!(part(&json, "sequence")["same"], true);
}

#[test]
fn what_is_no_run_is_refused_with_the_way_out() {
    let folder = Folder::new();
    exported(&folder, "a", &breakout(&own_store(), 100_000));
    let missing = folder.run(&["compare", "a", "nowhere"]).expect_code(4).err;
    assert!(
        missing.contains("nowhere is no folder; give that of an export or of a recording"),
        "{missing}"
    );
    std::fs::create_dir(folder.path("old")).expect("a folder");
    folder.run(&["compare", "a", "old"]).expect_error(
        4,
        "error: old holds neither an export nor a recording; an export is there when its run is over\n",
    );
    folder.write("old/run.json", "{}");
    let old = folder.run(&["compare", "a", "old"]).expect_code(4).err;
    assert!(old.contains("holds an export without its report"), "{old}");
    folder.write("a/report.json", "{");
    let cut = folder.run(&["compare", "a", "a"]).expect_code(4).err;
    assert!(cut.contains("cannot read the report"), "{cut}");
}
