//! `check`, `plan` and `run` held against each other: what one refuses, the next does not begin.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "stores are damaged on purpose"
)]

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::DoubleType;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::support::{Call, Folder, session};

const DATES: [&str; 2] = ["2025-07-02", "2025-07-03"];

/// One session file with what lies around it, and the exit codes of the three commands.
struct Case {
    what: &'static str,
    folder: Folder,
    codes: [i32; 3],
    /// What each command that refuses says.
    says: &'static str,
}

fn case(
    what: &'static str,
    codes: [i32; 3],
    says: &'static str,
    text: String,
    around: impl FnOnce(&Folder),
) -> Case {
    let folder = Folder::with_market();
    folder.write("a.json", &text);
    around(&folder);
    Case { what, folder, codes, says }
}

fn with(fields: &str) -> String {
    session(DATES, &["AAPL"], &["1m"], fields)
}

/// What the calendar and the files that the session file names can say: all three refuse it.
fn known_without_data() -> Vec<Case> {
    let wrong = |what, says, text| case(what, [3, 3, 3], says, text, |_| {});
    let history = |n: u32| {
        format!(
            r#", "historical": {{ "data": [{{ "trailing_days": {n}, "intervals": ["1m"] }}] }}"#
        )
    };
    let strategy = |entry: &str| with(&format!(r#", "strategies": [{{ {entry} }}]"#));
    let on = |dates: [&str; 2], fields: &str| session(dates, &["AAPL"], &["1m"], fields);
    let weeks = r#", "indicators": { "historical": [
        { "name": "avg_volume", "period": 200, "interval": "1d", "unit": "weeks" }] }"#;
    vec![
        wrong("no JSON", "this is no JSON", "{ \"a\": }".to_owned()),
        wrong("a weekend", "has no session from 2025-07-05", on(["2025-07-05", "2025-07-06"], "")),
        wrong("before the facts", "1890-07-02", on(["1890-07-02", "1890-07-03"], "")),
        wrong(
            "history that begins before the facts",
            "its facts begin on 1990-01-01 and hold 8940; ask for fewer",
            with(&history(50_000)),
        ),
        wrong(
            "an indicator that looks back before the facts",
            "give the indicator a shorter period",
            on(["1992-07-01", "1992-07-02"], weeks),
        ),
        wrong(
            "a dated entry outside its session",
            "lies outside the session",
            with(r#", "symbol_schedule": [{ "at": "2025-07-03T14:00", "add": ["TSLA"] }]"#),
        ),
        wrong("a module that is not there", "registered are", strategy(r#""module": "cross""#)),
        wrong(
            "an interval that nobody delivers",
            "the nearest is 1m",
            strategy(r#""module": "moving_average_cross", "config": { "interval": "7s" }"#),
        ),
        wrong(
            "a universe that is not there",
            "u.txt",
            with(
                r#", "scanners": [{ "module": "gap_scanner", "pre_session": true, "config": { "universe": "u.txt" } }]"#,
            ),
        ),
        wrong(
            "an overlay that is not there",
            "closures.txt",
            with(r#", "calendar_overlay": "closures.txt""#),
        ),
        case(
            "an overlay that closes every session",
            [3, 3, 3],
            "has no session from",
            with(r#", "calendar_overlay": "closures.txt""#),
            |folder| {
                let closed =
                    "closed   2025-07-02         = a test\nclosed   2025-07-03         = a test\n";
                folder.write("closures.txt", &format!("calendar XNYS\n{closed}"));
            },
        ),
    ]
}

const JULY: &str = "bars/exchange_group=US_EQUITY/interval=1m/symbol=AAPL/2025-07.parquet";

/// Writes a file of bars that do not say when they were.
fn write_without_stamps(path: &Path) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let names = ["open", "high", "low", "close", "volume"];
    let columns: String = names.iter().map(|name| format!("required double {name}; ")).collect();
    let schema = parse_message_type(&format!("message bars {{ {columns}}}")).expect("a schema");
    let properties = Arc::new(WriterProperties::builder().build());
    let file = File::create(path).expect("made");
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), properties).expect("begun");
    let mut group = writer.next_row_group().expect("a group");
    for _ in names {
        let mut column = group.next_column().expect("a column").expect("one more");
        column.typed::<DoubleType>().write_batch(&[1.0, 1.0], None, None).expect("written");
        column.close().expect("closed");
    }
    group.close().expect("closed");
    writer.close().expect("closed");
}

/// What only the store says: `check` does not look, and the other two say the same.
fn known_with_data() -> Vec<Case> {
    let wrong = |what, says, text, around: fn(&Folder)| case(what, [0, 4, 4], says, text, around);
    let nothing: fn(&Folder) = |_| {};
    let store = |name: &str| with("").replace("\"bars\"", &format!("\"{name}\""));
    vec![
        wrong("a store that is not there", "there is no store at", store("nowhere"), nothing),
        wrong("a file as a store", "is a file, and a store is a folder", store("a.json"), nothing),
        wrong("a folder that is no store", "is no store", store("letters"), |folder| {
            std::fs::create_dir(folder.path("letters")).expect("made");
            folder.write("letters/dear.txt", "dear all");
        }),
        wrong(
            "a symbol that the store does not have",
            "the nearest are AAPL",
            session(DATES, &["APPL"], &["1m"], ""),
            nothing,
        ),
        wrong(
            "an interval that no stored one divides",
            "cannot make 30s bars",
            session(DATES, &["AAPL"], &["30s"], ""),
            nothing,
        ),
        wrong(
            "a base that is not stored",
            "base_interval 1s does not do",
            with(r#", "base_interval": "1s""#),
            nothing,
        ),
        wrong("a file that is no Parquet", JULY, with(""), |folder| {
            folder.write(JULY, "no parquet")
        }),
        wrong("a flat file without a stamp", "ts", store("flat"), |folder| {
            write_without_stamps(&folder.path("flat/AAPL.parquet"));
        }),
        wrong(
            "a flat file without a stamp beside a good one",
            "flat/AAPL.parquet",
            store("flat"),
            |folder| {
                write_without_stamps(&folder.path("flat/AAPL.parquet"));
                std::fs::copy(folder.path(JULY), folder.path("flat/MSFT.parquet")).expect("copied");
            },
        ),
        wrong(
            "a flat file without a stamp in a folder of its interval",
            "ts",
            store("flat"),
            |folder| {
                write_without_stamps(&folder.path("flat/1m/AAPL.parquet"));
            },
        ),
        wrong("an empty file", JULY, with(""), |folder| folder.write(JULY, "")),
        wrong(
            "a file of the history that is no Parquet",
            "2025-06.parquet",
            with(r#", "historical": { "data": [{ "trailing_days": 5, "intervals": ["5m"] }] }"#),
            |folder| folder.write(&JULY.replace("07", "06"), "no parquet"),
        ),
        wrong(
            "days on which nothing is stored",
            "holds no bar of these sessions",
            session(["2025-08-01", "2025-08-04"], &["AAPL"], &["1m"], ""),
            nothing,
        ),
        case(
            "no store at all",
            [0, 3, 3],
            "names no store",
            with("").replace(r#""store": "bars""#, ""),
            nothing,
        ),
        case(
            "an interval that another base would deliver",
            [0, 3, 3],
            "the nearest is 1m",
            session(
                DATES,
                &["AAPL"],
                &["5m"],
                r#", "strategies": [{ "module": "moving_average_cross", "config": { "interval": "30s" } }]"#,
            ),
            nothing,
        ),
    ]
}

/// What is right: all three do it.
fn right() -> Vec<Case> {
    let right = |what, text, around: fn(&Folder)| case(what, [0, 0, 0], "", text, around);
    vec![
        right("plain", with(""), |_| {}),
        right(
            "history that is not stored, which is said",
            with(r#", "historical": { "data": [{ "trailing_days": 60, "intervals": ["1m"] }] }"#),
            |_| {},
        ),
        right("another month that is damaged", with(""), |folder| {
            folder.write(&JULY.replace("07", "06"), "no parquet");
        }),
        right("another symbol that is damaged", with(""), |folder| {
            folder.write(&JULY.replace("AAPL", "MSFT"), "no parquet");
        }),
        right(
            "a symbol that joins and is not stored, which is said",
            with(r#", "symbol_schedule": [{ "at": "12:00", "add": ["TSLX"] }]"#),
            |_| {},
        ),
    ]
}

/// The lines of a refusal without its head.
fn reasons(call: &Call) -> Vec<String> {
    let lines = call.err.lines().filter(|line| !line.starts_with("error: the run cannot begin"));
    lines.map(str::to_owned).collect()
}

#[test]
fn what_check_passes_and_plan_passes_is_run_and_what_plan_refuses_the_run_refuses_too() {
    for Case { what, folder, codes, says } in
        known_without_data().into_iter().chain(known_with_data()).chain(right())
    {
        let calls = ["check", "plan", "run"].map(|command| folder.run(&[command, "a.json"]));
        let found = [&calls[0], &calls[1], &calls[2]].map(|call| call.code);
        let said: Vec<&str> = calls.iter().map(|call| call.err.as_str()).collect();
        assert_eq!(found, codes, "{what}: {said:?}");
        for call in calls.iter().filter(|call| call.code != 0) {
            assert!(call.err.contains(says), "{what}: {}", call.err);
        }
        let [check, plan, run] = &calls;
        if check.code != 0 {
            assert_eq!(reasons(check), reasons(plan), "{what}");
        }
        if plan.code != 0 {
            assert_eq!(reasons(plan), reasons(run), "{what}");
        }
    }
}

#[test]
fn a_symbol_that_is_to_join_and_is_not_stored_is_named_before_the_run() {
    let folder = Folder::with_market();
    folder.write(
        "a.json",
        &with(r#", "symbol_schedule": [{ "at": "12:00", "add": ["TSLX", "TSLA"] }]"#),
    );
    for command in ["plan", "run"] {
        let call = folder.run(&[command, "a.json"]).expect_code(0);
        assert_eq!(
            call.err,
            "warning: a.json:5:113: the store \"bars\" has no symbol TSLX; the nearest are TSLA, MSFT, AAPL; \
             it will not join\n",
            "{command}"
        );
    }
}

#[test]
fn a_check_for_lookahead_does_not_begin_where_a_file_cannot_be_opened() {
    let folder = Folder::with_market();
    folder.write("a.json", &with(""));
    folder.write(JULY, "no parquet");
    let call = folder.run(&["check-lookahead", "a.json"]).expect_code(4);
    assert!(call.err.contains("the run cannot begin") && call.err.contains(JULY), "{}", call.err);
}
