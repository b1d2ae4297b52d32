//! The door where data comes in, as a person meets it: what is refused, what is said, and the exit code.

use crate::support::{Folder, session};

const HEAD: &str = "date,open,high,low,close,volume\n";

fn symbols(folder: &Folder) -> Vec<(String, u64)> {
    let listed = folder.run(&["data", "ls", "s", "--json"]).expect_code(0).json();
    let of = |series: &serde_json::Value| {
        let symbol = series["symbol"].as_str().expect("a symbol").to_owned();
        (symbol, series["rows"].as_u64().expect("a count"))
    };
    listed.as_array().expect("series").iter().map(of).collect()
}

#[test]
fn a_symbol_with_a_point_is_its_files_whole_name() {
    let folder = Folder::new();
    for (name, price) in [("BRK.A.csv", 730_000), ("BRK.B.csv", 487), ("spy.us.TXT", 600)] {
        folder.write(name, &format!("{HEAD}2025-07-02,{price},{price},{price},{price},5\n"));
    }
    let files = ["BRK.A.csv", "BRK.B.csv", "spy.us.TXT"];
    folder
        .run(&[&["data", "import", "--store", "s", "--interval", "1d"][..], &files].concat())
        .expect_code(0);
    let named = ["BRK.A", "BRK.B", "SPY.US"].map(|symbol| (symbol.to_owned(), 1));
    assert_eq!(symbols(&folder), named);
}

#[test]
fn of_several_files_the_bad_one_is_named_and_the_others_are_imported() {
    let folder = Folder::new();
    folder.write("AAA.csv", &format!("{HEAD}2025-07-02,1,1,1,1,5\n"));
    folder.write("BBB.csv", "dear all,\nhow are you\n");
    folder.write("CCC.csv", &format!("{HEAD}2025-07-02,1,0.5,1,1,5\n"));
    folder.write("DDD.csv", &format!("{HEAD}2025-07-02,1,1,1,1,5\n"));
    let files = ["AAA.csv", "BBB.csv", "CCC.csv", "DDD.csv"];
    let args = [&["data", "import", "--store", "s", "--interval", "1d"][..], &files].concat();
    let call = folder.run(&args).expect_code(4);
    assert!(call.err.contains("\"BBB.csv\"") && call.err.contains("(--ts COLUMN"), "{}", call.err);
    assert!(call.err.contains("no row of CCC.csv was imported"), "{}", call.err);
    assert_eq!(symbols(&folder), ["AAA", "DDD"].map(|symbol| (symbol.to_owned(), 1)));
    // The same again: unchanged rows are accepted ones.
    folder.run(&["data", "import", "AAA.csv", "--store", "s", "--interval", "1d"]).expect_code(0);
}

#[test]
fn a_refusal_says_what_was_found_which_option_fits_and_which_word_insists() {
    let folder = Folder::new();
    let rows: String = (0..78)
        .map(|n| {
            let minute = 13 * 60 + 30 + 5 * n;
            format!("2025-07-02T{:02}:{:02}:00Z,1,2,0.5,1.5,{n}\n", minute / 60, minute % 60)
        })
        .collect();
    folder.write("AAA.csv", &format!("{HEAD}{rows}"));
    let import = ["data", "import", "AAA.csv", "--store", "s", "--interval"];
    let call = folder.run(&[&import[..], &["1m"]].concat()).expect_code(4);
    assert_eq!(
        call.err,
        "error: \"AAA.csv\" is refused: 77 of 77 steps from stamp to stamp are 5m, which bars of 1m are \
         not (--interval 5m; --force interval imports it as it is)\n"
    );
    assert!(!folder.has("s/exchange_group=US_EQUITY"));
    folder.run(&[&import[..], &["1m", "--force", "interval"]].concat()).expect_code(0);
    let listed = folder.run(&["data", "ls", "s", "--json"]).json();
    assert_eq!(listed[0]["waived"], serde_json::json!(["interval"]));
    assert!(folder.run(&["data", "ls", "s"]).out.contains("waived: interval"));
    let call = folder.run(&[&import[..], &["1m", "--force", "evrything"]].concat()).expect_code(2);
    assert!(
        call.err.contains("is no check that can be waived; there are interval, zone"),
        "{}",
        call.err
    );
}

#[test]
fn a_second_header_in_another_order_is_refused_and_in_the_same_is_a_rejected_row() {
    let folder = Folder::new();
    let first = "Date,Open,High,Low,Close,Volume\n2025-06-30,100,111,99,110,1000\n";
    let import = ["data", "import", "AAA.csv", "--store", "s", "--interval", "1d"];
    folder.write(
        "AAA.csv",
        &format!("{first}Date,Close,High,Low,Open,Volume\n2025-07-01,130,131,119,120,9\n"),
    );
    let call = folder.run(&import).expect_code(4);
    assert!(call.err.contains("line 3 of \"AAA.csv\" is a second header"), "{}", call.err);
    folder.write(
        "AAA.csv",
        &format!("{first}Date,Open,High,Low,Close,Volume\n2025-07-01,120,131,119,130,9\n"),
    );
    let call = folder.run(&import).expect_code(0);
    assert!(
        call.out.contains("2 added") && call.out.contains("not_a_timestamp: 1 row"),
        "{}",
        call.out
    );
}

#[test]
fn rounding_by_adjustment_is_a_bar_in_the_store_and_in_the_run() {
    let folder = Folder::new();
    // 0.1 + 0.2 lies one unit in the last place above 0.3.
    let rows = "2025-06-30,0.3,0.3,0.25,0.30000000000000004,5\n2025-07-01,0.3,0.29,0.25,0.28,5\n";
    folder.write("AAA.csv", &format!("{HEAD}{rows}2025-07-02,0.3,0.35,0.25,0.3,5\n"));
    let args = ["data", "import", "AAA.csv", "--store", "s", "--interval", "1d"];
    let call = folder.run(&args).expect_code(0);
    assert!(
        call.out.contains("2 added") && call.out.contains("invalid_high_below_others: 1 row"),
        "{}",
        call.out
    );
    folder.write(
        "a.json",
        &session(["2025-06-30", "2025-07-02"], &["AAA"], &["1d"], "").replace("\"bars\"", "\"s\""),
    );
    let report = folder.run(&["run", "a.json", "--json"]).expect_code(0).json();
    assert_eq!(report["n_bars"], 2);
}

#[test]
fn the_mark_of_an_editor_is_no_part_of_a_text() {
    let folder = Folder::new();
    folder.write(
        "questions.csv",
        "\u{feff}mic,kind,arg1,arg2,answer\nXNYS,is_session,2025-07-04,,0\n",
    );
    folder.run(&["calendar", "ask", "questions.csv"]).expect_code(0);
    folder.write("AAA.csv", &format!("\u{feff}{HEAD}2025-07-02,1,1,1,1,5\n"));
    folder.run(&["data", "import", "AAA.csv", "--store", "s", "--interval", "1d"]).expect_code(0);
    let overlay = "calendar XNYS\nclosed   2025-07-02         = a test\n";
    folder.write("plain.txt", overlay);
    folder.write("marked.txt", &format!("\u{feff}{overlay}"));
    let sessions = |overlay: &str| {
        let range = ["--since", "2025-07-01", "--until", "2025-07-04"];
        let args = ["calendar", "--calendar-overlay", overlay, "sessions", "XNYS"];
        let call = folder.run(&[&args[..], &range].concat());
        (call.code, call.out, call.err.replace(overlay, "FILE"))
    };
    let plain = sessions("plain.txt");
    assert!(plain.0 == 0 && !plain.1.contains("2025-07-02"), "{plain:?}");
    assert_eq!(plain, sessions("marked.txt"));
}

#[cfg(unix)]
#[test]
fn a_stream_is_imported_as_a_file_is() {
    use std::io::Write;
    let folder = Folder::new();
    let args =
        ["data", "import", "/dev/stdin", "--store", "s", "--symbol", "AAA", "--interval", "1d"];
    let mut command = folder.command(&args);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let text = format!("{HEAD}2025-07-01,1,1,1,1,5\n2025-07-02,1,1,1,1,5\n");
    child.stdin.take().expect("its input").write_all(text.as_bytes()).expect("it reads");
    assert!(child.wait().expect("it ends").success());
    assert_eq!(symbols(&folder), [("AAA".to_owned(), 2)]);
}
