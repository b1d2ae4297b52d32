//! Damaged stores, as a person meets them: a clear error, or a count under a name, with the file;
//! and never a panic.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "files are damaged on purpose"
)]

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::support::{Call, Folder, session};

const FILE: &str = "bars/exchange_group=US_EQUITY/interval=1m/symbol=AAPL/2025-07.parquet";

/// 09:30 of 2025-07-02 in New York, and the minute after it.
const OPEN_US: i64 = 1_751_463_000_000_000;
const MINUTE_US: i64 = 60_000_000;

/// A bar: minutes since the open, open, high, low, close, volume.
type Row = (i64, [f64; 5]);

const GOOD: [f64; 5] = [10.0, 12.0, 9.0, 11.0, 300.0];

fn write_column(group: &mut SerializedRowGroupWriter<'_, File>, values: &[f64]) {
    let mut column = group.next_column().expect("a column").expect("one more");
    column.typed::<DoubleType>().write_batch(values, None, None).expect("written");
    column.close().expect("closed");
}

/// Writes `rows` with the columns that `names` names behind the stamp.
fn write(path: &Path, names: &[&str], rows: &[Row]) {
    let columns: String = names.iter().map(|name| format!("required double {name}; ")).collect();
    let schema =
        format!("message bars {{ required int64 ts (TIMESTAMP(MICROS, true)); {columns}}}");
    let schema = Arc::new(parse_message_type(&schema).expect("a schema"));
    let file = File::create(path).expect("made");
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, schema, properties).expect("begun");
    let mut group = writer.next_row_group().expect("a group");
    let stamps: Vec<i64> = rows.iter().map(|(minute, _)| OPEN_US + minute * MINUTE_US).collect();
    let mut column = group.next_column().expect("a column").expect("the stamps");
    column.typed::<Int64Type>().write_batch(&stamps, None, None).expect("written");
    column.close().expect("closed");
    for at in 0..names.len() {
        let values: Vec<f64> = rows.iter().map(|(_, values)| values[at]).collect();
        write_column(&mut group, &values);
    }
    group.close().expect("closed");
    writer.close().expect("closed");
}

const NAMES: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Writes a file that is not as it should be.
type Damage = fn(&Path);

/// A folder whose store has only that file of July, and a session over it.
fn folder_with(damage: impl FnOnce(&Path)) -> Folder {
    let folder = Folder::new();
    let path = folder.path(FILE);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    damage(&path);
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], ""));
    folder
}

fn all_words(call: &Call) -> String {
    let said = format!("{}{}", call.out, call.err);
    assert!([0, 4, 5].contains(&call.code) && !said.contains("panicked"), "{said}");
    said
}

#[test]
fn every_damage_of_rows_is_counted_by_name_with_its_file_and_row() {
    let bad = |at: usize, value: f64| {
        let mut values = GOOD;
        values[at] = value;
        [(0, GOOD), (1, values), (2, GOOD)]
    };
    for (rows, rejected, finding) in [
        (bad(1, f64::NAN), "1 row rejected as invalid_not_finite", "invalid"),
        (bad(1, 8.0), "1 row rejected as invalid_high_below_others", "invalid"),
        (bad(2, 10.5), "1 row rejected as invalid_low_above_others", "invalid"),
        (bad(4, -1.0), "1 row rejected as invalid_negative_volume", "invalid"),
        ([(0, GOOD), (1, GOOD), (1, GOOD)], "1 row rejected as duplicate", "repeated"),
    ] {
        let folder = folder_with(|path| write(path, &NAMES, &rows));
        let run = folder.run(&["run", "a.json"]).expect_code(0);
        assert!(run.out.contains(rejected), "{rejected} in\n{}", run.out);
        assert!(run.out.contains("\n2 bars and "), "{}", run.out);
        let verified = folder.run(&["data", "verify", "bars"]).expect_code(4);
        let row = if finding == "repeated" { 2 } else { 1 };
        let named = format!("{FILE}, first row {row} at 2025-07-02T13:31:00Z");
        assert!(
            verified.out.contains(finding) && verified.out.contains(&named),
            "{}",
            verified.out
        );
        let covered = folder.run(&["data", "coverage", "bars", "--json"]).json();
        assert_eq!(covered[0]["present"], 2);
    }
}

#[test]
fn every_damage_of_a_file_is_an_error_with_its_name() {
    let cases: [(&str, Damage, &str); 6] = [
        ("empty", |path| std::fs::write(path, "").expect("written"), ""),
        ("no Parquet", |path| std::fs::write(path, "ts,open\n").expect("written"), ""),
        (
            "a damaged footer",
            |path| {
                write(path, &NAMES, &[(0, GOOD), (1, GOOD)]);
                let mut bytes = std::fs::read(path).expect("read");
                let n_bytes = bytes.len();
                bytes[n_bytes - 40..n_bytes - 8].fill(0xff);
                std::fs::write(path, bytes).expect("written");
            },
            "",
        ),
        (
            "cut short",
            |path| {
                write(path, &NAMES, &[(0, GOOD), (1, GOOD)]);
                let bytes = std::fs::read(path).expect("read");
                std::fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
            },
            "",
        ),
        ("a missing column", |path| write(path, &NAMES[..4], &[(0, GOOD)]), "volume"),
        ("not in order", |path| write(path, &NAMES, &[(1, GOOD), (0, GOOD)]), "compact"),
    ];
    for (what, damage, word) in cases {
        let folder = folder_with(damage);
        let run = folder.run(&["run", "a.json"]);
        assert_ne!(run.code, 0, "{what}");
        let said = all_words(&run);
        assert!(said.contains(FILE) && said.contains(word), "{what}: {said}");
        let verified = folder.run(&["data", "verify", "bars"]).expect_code(4);
        assert!(verified.out.contains(FILE), "{what}: {}", verified.out);
        for command in ["ls", "coverage"] {
            all_words(&folder.run(&["data", command, "bars"]));
        }
    }
}

#[test]
fn rows_out_of_order_are_mended_by_a_repair() {
    let folder = folder_with(|path| write(path, &NAMES, &[(1, GOOD), (0, GOOD)]));
    folder.run(&["data", "verify", "bars", "--repair"]).expect_code(0);
    let run = folder.run(&["run", "a.json"]).expect_code(0);
    assert!(run.out.contains("\n2 bars and "), "{}", run.out);
}

#[test]
fn an_unsorted_file_of_another_program_is_sorted_by_the_command_that_its_error_names() {
    let folder = Folder::new();
    let path = folder.path("foreign/1m/AAPL.parquet");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    write(&path, &NAMES, &[(2, GOOD), (0, GOOD), (1, GOOD)]);
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], ""));
    let run = folder.run(&["run", "a.json", "--store", "foreign"]);
    assert_ne!(run.code, 0);
    assert!(run.err.contains("`openbell data compact` sorts"), "{}", run.err);
    let in_place = folder.run(&["data", "compact", "foreign"]).expect_code(2);
    assert!(in_place.err.contains("--into STORE"), "{}", in_place.err);
    let copied = folder.run(&["data", "compact", "foreign", "--into", "bars"]).expect_code(0);
    assert_eq!(copied.out, "AAPL 1m: 3 added, 0 updated, 0 unchanged, sorted\n");
    let run = folder.run(&["run", "a.json"]).expect_code(0);
    assert!(run.out.contains("\n3 bars and "), "{}", run.out);
}

#[test]
fn a_hostile_row_of_one_series_keeps_no_other_from_being_covered() {
    let folder = Folder::new();
    let latest = (i64::MAX / 1_000 - OPEN_US) / MINUTE_US - 1;
    let earliest = (i64::MIN / 1_000 - OPEN_US) / MINUTE_US + 1;
    flat(&folder, "1m/EARLY.parquet", (earliest..earliest + 4).chain(0..3));
    flat(&folder, "1m/GOOD.parquet", 0..3);
    flat(&folder, "1m/LATE.parquet", (0..3).chain(latest - 3..=latest));
    let covered = folder.run(&["data", "coverage", "bars"]).expect_code(4);
    assert!(
        covered.out.contains("GOOD    1m               1       390        3"),
        "{}",
        covered.out
    );
    let named = |symbol: &str| {
        covered.err.lines().any(|line| line.starts_with(&format!("error: {symbol} 1m: ")))
    };
    assert!(named("EARLY") && named("LATE") && !named("GOOD"), "{}", covered.err);
    folder.run(&["data", "ls", "bars"]).expect_code(0);
    for command in ["verify", "ls", "coverage"] {
        all_words(&folder.run(&["data", command, "bars"]));
    }
}

/// Writes minutes `minutes` of a flat series, each `step` minutes after the one before.
fn flat(folder: &Folder, name: &str, minutes: impl Iterator<Item = i64>) {
    let path = folder.path("bars").join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let rows: Vec<Row> = minutes.map(|minute| (minute, GOOD)).collect();
    write(&path, &NAMES, &rows);
}

#[test]
fn a_few_rows_of_a_finer_interval_do_not_hide_the_series_of_the_run() {
    let folder = Folder::new();
    flat(&folder, "5m/AAPL.parquet", (0..390).step_by(5));
    // Whole days before, and an hour of the run's own.
    let before = (1..3).flat_map(|days| (0..390).map(move |minute| minute - days * 24 * 60));
    let mut finer: Vec<i64> = before.chain(0..60).collect();
    finer.sort_unstable();
    flat(&folder, "1m/AAPL.parquet", finer.into_iter());
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["15m"], ""));
    let run = folder.run(&["run", "a.json"]).expect_code(0);
    assert!(run.out.contains("\n78 bars and 26 derived"), "{}", run.out);
    // Where both are there, the finer one is the base, also with holes.
    flat(&folder, "1m/AAPL.parquet", (0..390).filter(|minute| minute % 30 > 1));
    let run = folder.run(&["run", "a.json"]).expect_code(0);
    assert!(run.out.contains("\n364 bars and 26 derived"), "{}", run.out);
}

#[test]
fn a_symbol_whose_name_looks_like_a_path_is_run_exported_and_verified_under_it() {
    let folder = Folder::new();
    flat(&folder, "1m/..%2FUP.parquet", 0..390);
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["../UP"], &["1m"], ""));
    let run = folder.run(&["run", "a.json", "--export", "out"]).expect_code(0);
    assert!(run.out.contains("\n390 bars"), "{}", run.out);
    assert!(folder.path("out/bars/1m/%2E.%2FUP.parquet").is_file());
    for root in ["bars", "out/bars"] {
        folder.run(&["data", "verify", root]).expect_code(0);
        let listed = folder.run(&["data", "ls", root]).expect_code(0);
        assert!(listed.out.contains("../UP"), "{}", listed.out);
    }
    folder.run(&["data", "compact", "bars", "--into", "store"]).expect_code(0);
    let run = folder.run(&["run", "a.json", "--store", "store"]).expect_code(0);
    assert!(run.out.contains("\n390 bars"), "{}", run.out);
}

#[test]
fn minutes_stamped_at_their_close_are_refused_with_the_command_that_helps() {
    let folder = Folder::new();
    flat(&folder, "1m/AAPL.parquet", 1..=390);
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], ""));
    for command in [["run", "a.json"], ["plan", "a.json"]] {
        let refused = folder.run(&command).expect_code(4);
        assert!(refused.err.contains("the other end of it is stamped"), "{}", refused.err);
        assert!(refused.err.contains("data compact FOLDER --into STORE"), "{}", refused.err);
        assert!(refused.err.contains("--stamped-at close"), "{}", refused.err);
    }
    let found = folder.run(&["data", "verify", "bars"]).expect_code(4);
    assert!(found.out.contains("the other end of it is stamped"), "{}", found.out);
    let words = "`openbell data compact bars --into STORE` brings stamps to the open of their bars";
    assert!(found.err.contains(words), "{}", found.err);
    assert!(found.err.contains("(--stamped-at close)"), "{}", found.err);
    let copy = ["data", "compact", "bars", "--into", "store"];
    let refused = folder.run(&copy).expect_code(4);
    let words = "(--stamped-at close; --force stamped-at copies it as it is)";
    assert!(refused.err.contains(words), "{}", refused.err);
    // What helps is taken, and what is stored are the opens: every bar of the session.
    let helped = ["data", "compact", "bars", "--into", "opens", "--stamped-at", "close"];
    folder.run(&helped).expect_code(0);
    folder.run(&["data", "verify", "opens"]).expect_code(0);
    let run = folder.run(&["run", "a.json", "--store", "opens"]).expect_code(0);
    assert!(run.out.contains("\n390 bars"), "{}", run.out);
    // A store is not restamped where it is.
    folder.run(&["data", "compact", "opens", "--stamped-at", "close"]).expect_code(2);
    let forced = [&copy[..], &["--force", "stamped-at"]].concat();
    folder.run(&forced).expect_code(0);
    folder.run(&["run", "a.json", "--store", "store"]).expect_code(0);
}
