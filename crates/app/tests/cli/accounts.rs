//! Paper accounts of a session file, as the program runs, shows, exports and repeats them.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;

use crate::support::{Folder, repository, session};

fn on_paper() -> String {
    repository().join("session_configs/on_paper.json").display().to_string()
}

/// A session of `channel_breakout` with that account, or none.
fn of_account(account: &str) -> String {
    let modules = r#",
    "historical": { "data": [{ "trailing_days": 1, "intervals": ["5m"] }] },
    "strategies": [{ "module": "channel_breakout", "config": { "interval": "5m" } }]"#;
    let text = session(["2025-07-01", "2025-07-03"], &["AAPL", "TSLA"], &["1m", "5m"], modules);
    let store = repository().join("tests/data/bar_data").display().to_string();
    text.replace("\"data_config\"", &format!("{account}\"data_config\""))
        .replace("\"bars\"", &format!("{store:?}"))
}

#[test]
fn what_an_account_came_to_is_reported_exported_logged_and_repeated_to_the_same() {
    let folder = Folder::new();
    let json = folder
        .run(&["run", &on_paper(), "--json", "--events", "e.jsonl", "--export", "out"])
        .expect_code(0)
        .json();
    let account = &json["accounts"][0];
    assert_eq!(account["strategies"][0], "channel_breakout");
    assert_eq!(account["benchmark"]["symbol"], "AAPL");
    let number = |value: &Value| value.as_f64().expect("a number");

    // Fills of the export, summed again, are what the report says.
    let rows = |name: &str| {
        let reader =
            SerializedFileReader::new(folder.open(&format!("out/{name}"))).expect("Parquet");
        reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect::<Vec<_>>()
    };
    let fills = rows("fills.parquet");
    let (mut cash, mut commission) = (number(&account["start"]), 0.0);
    for fill in &fills {
        let sign = if fill.get_string(4).expect("a side") == "buy" { -1.0 } else { 1.0 };
        let lots = fill.get_long(5).expect("lots") as f64;
        cash += sign * lots * fill.get_double(6).expect("a price");
        commission += fill.get_double(9).expect("a commission");
    }
    assert!(!fills.is_empty());
    assert_eq!(account["trades"]["fills"], fills.len());
    assert!((cash - commission - number(&account["cash"])).abs() < 1e-6);
    assert!((commission - number(&account["trades"]["commission"])).abs() < 1e-9);
    let orders = rows("orders.parquet");
    // Exits that an entry leaves are orders too.
    assert!(orders.len() as u64 >= account["orders"]["placed"].as_u64().expect("a count"));
    let equity = rows("equity.parquet");
    let last = equity.last().expect("a point").get_double(2).expect("a number");
    assert!((last - number(&account["equity"])).abs() < 1e-9);
    assert!(!rows("positions.parquet").is_empty(), "something is held over a night");

    // The export has the log and the report too.
    let log = folder.read("e.jsonl");
    assert_eq!(folder.read("out/events.jsonl"), log);
    let exported: Value = serde_json::from_str(&folder.read("out/report.json")).expect("JSON");
    assert_eq!(exported, json);
    let n_filled = log.lines().filter(|line| line.contains("\"event\":\"filled\"")).count();
    assert_eq!(n_filled, fills.len());
    let replayed = folder.run(&["replay", "e.jsonl"]).expect_code(0).out;
    assert!(replayed.starts_with("the same: "), "{replayed}");

    let table = folder.run(&["run", &on_paper(), "--no-progress"]).expect_code(0).out;
    for head in ["\naccount  ", "\nby session  ", "\nAAPL held  ", "\ntrades of  "] {
        assert!(table.contains(head), "{head:?} is not in\n{table}");
    }
}

/// What is streamed is what the event log has of it, and the run is the same; the report then lists none.
#[test]
fn signals_and_fills_are_written_as_the_run_goes_and_not_kept() {
    let folder = Folder::new();
    let kept = ["run", &on_paper(), "--json", "--events", "kept.jsonl"];
    let streams = ["--events", "e.jsonl", "--signals", "s.jsonl", "--fills", "f.jsonl"];
    let kept = folder.run(&kept).expect_code(0).json();
    let streamed = folder.run(&[&["run", &on_paper(), "--json"], &streams[..]].concat());
    let streamed = streamed.expect_code(0).json();
    let log = folder.read("e.jsonl");
    assert_eq!(log, folder.read("kept.jsonl"));
    let of = |kinds: &[&str]| -> String {
        let is_of = |line: &str| {
            let event: Value = serde_json::from_str(line).expect("a line is an object");
            kinds.iter().any(|kind| event["event"] == *kind)
        };
        log.lines().filter(|line| is_of(line)).map(|line| format!("{line}\n")).collect()
    };
    let (signals, fills) = (folder.read("s.jsonl"), folder.read("f.jsonl"));
    assert_eq!(signals, of(&["signalled"]));
    assert_eq!(fills, of(&["ordered", "order_refused", "filled", "order_ended"]));
    assert!(!fills.is_empty() && !signals.is_empty());

    let n_kept = kept["signals"].as_array().expect("a list").len();
    assert_eq!(n_kept, signals.lines().count());
    assert_eq!(streamed["signals"].as_array().map(Vec::len), Some(0));
    assert_eq!(streamed["streamed"]["fills"], "f.jsonl");
    for same in ["digest", "consumers", "accounts"] {
        assert_eq!(streamed[same], kept[same], "{same}");
    }
    let table = folder.run(&[&["run", &on_paper(), "--no-progress"], &streams[..]].concat()).out;
    assert!(
        table.contains("\nsignals are in s.jsonl\norders and fills are in f.jsonl\n"),
        "{table}"
    );
}

#[test]
fn an_account_is_no_way_to_see_what_comes() {
    let folder = Folder::new();
    let checked = folder.run(&["check-lookahead", &on_paper(), "--cuts", "30"]).expect_code(0).out;
    assert!(checked.contains("no look-ahead found: 30 cuts"), "{checked}");
}

#[test]
fn who_orders_without_an_account_is_told_so_before_anything_runs() {
    let folder = Folder::new();
    folder.write("session.json", &of_account(""));
    for command in ["check", "run"] {
        let said = folder.run(&[command, "session.json"]).expect_code(3).err;
        let way_out = "the session file has no account; add \"account\": {\"cash\": 100000}";
        assert!(said.contains(way_out), "{said}");
    }
}

#[test]
fn what_is_wrong_with_an_account_stands_at_its_place() {
    let folder = Folder::new();
    for (account, expected) in [
        (r#""account": { "cash": 0 }, "#, "account.cash: found 0; a number above 0 is allowed"),
        (r#""account": {}, "#, "account.cash: missing; a number above 0 is required"),
        (
            r#""account": { "cash": 1, "benchmark": "MSFT" }, "#,
            "account.benchmark: found MSFT, which is in neither symbols nor symbol_schedule",
        ),
        (
            r#""account": { "cash": 1, "commission": { "bps": -1 } }, "#,
            "account.commission.bps: found -1; a number of at least 0 is allowed",
        ),
        (
            r#""account": { "cash": 1, "of": "all" }, "#,
            "account.of: found \"all\"; one of \"strategy\", \"session\" is allowed",
        ),
    ] {
        folder.write("session.json", &of_account(account));
        let said = folder.run(&["check", "session.json"]).expect_code(3).err;
        assert!(said.contains(expected), "{expected:?} is not in\n{said}");
        assert!(said.contains("session.json:"), "{said}");
    }
}

#[test]
fn a_shared_account_is_one_and_the_limits_of_the_file_are_kept() {
    let folder = Folder::new();
    let limits = r#""trading_config": { "max_buying_power": 50000, "max_per_trade": 1000,
        "max_per_symbol": 1000, "max_open_positions": 1 }, "account": { "cash": 100000, "of": "session" }, "#;
    folder.write("session.json", &of_account(limits));
    let call = folder.run(&["run", "session.json", "--json", "--no-progress"]).expect_code(0);
    assert!(!call.err.contains("has no effect"), "the account keeps them: {}", call.err);
    let json = call.json();
    assert_eq!(json["accounts"].as_array().expect("a list").len(), 1);
    let orders = &json["accounts"][0]["orders"];
    // A quarter of the equity is more than a trade may cost.
    assert_eq!(orders["placed"], 0, "{orders}");
    assert!(orders["refused"].as_u64().expect("a count") > 0, "{orders}");
}

#[test]
fn a_strategy_that_is_to_hear_no_symbol_is_refused_with_the_way_out() {
    let folder = Folder::new();
    let text = of_account(r#""account": { "cash": 100000 }, "#);
    let nobody = r#""config": { "interval": "5m", "symbols": [] }"#;
    folder.write("session.json", &text.replace(r#""config": { "interval": "5m" }"#, nobody));
    let said = folder.run(&["check", "session.json"]).expect_code(3).err;
    assert!(said.contains("symbols: it is empty; list some, or drop it for all"), "{said}");
}
