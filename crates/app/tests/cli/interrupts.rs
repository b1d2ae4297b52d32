//! Ctrl-C. A run at the pace of real time is asked to end once its event log shows that it has
//! begun; it would go on for hours.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a running program is sent a signal"
)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::file::metadata::ParquetMetaDataWriter;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::support::{Call, Folder, session};

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

/// Looks until the event log has that word, or the program has ended.
fn wait_for(word: &str, folder: &Folder, child: &mut Child) {
    let has_it = || folder.has("e.jsonl") && folder.read("e.jsonl").contains(word);
    while !has_it() && child.try_wait().expect("it can be asked").is_none() {
        std::thread::yield_now();
    }
}

#[test]
fn an_interrupted_run_ends_in_order_with_its_report_and_its_log_is_replayed() {
    for signal in ["-INT", "-TERM"] {
        ends_in_order(signal);
    }
}

fn ends_in_order(signal: &str) {
    let folder = Folder::with_market();
    folder.write("a.json", &session(["2025-07-03", "2025-07-03"], &["AAPL"], &["1m"], ""));
    let mut child = folder
        .command(&["run", "a.json", "--speed", "1", "--events", "e.jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for("gate_opened", &folder, &mut child);
    send(signal, &child);
    let call: Call = child.wait_with_output().expect("it ends").into();
    let call = call.expect_code(130);
    assert!(call.out.starts_with("test: stopped, "), "{}", call.out);
    assert_eq!(call.err, "interrupted: the run was ended in order, the report is of what it did\n");
    let log = folder.read("e.jsonl");
    assert!(log.lines().last().is_some_and(|line| line.contains("\"phase\":\"stopped\"")), "{log}");
    let replayed = folder.run(&["replay", "e.jsonl"]).expect_code(0);
    assert!(replayed.out.starts_with("the same: "), "{}", replayed.out);
}

/// A run that is interrupted some time after 10:00, three seconds before it would end.
fn interrupted(folder: &Folder, more: &[&str]) -> Call {
    let fields = r#", "symbol_schedule": [{ "at": "2025-07-03T10:00", "add": ["TSLA"] }]"#;
    let text = session(["2025-07-03", "2025-07-03"], &["AAPL", "MSFT"], &["1m", "5m"], fields);
    folder.write("a.json", &text);
    let args = ["run", "a.json", "--speed", "4000", "--events", "e.jsonl", "--export", "out"];
    let mut command = folder.command(&[&args, more].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    wait_for("\"n_backlog\":30,\"symbol\":\"TSLA\"", folder, &mut child);
    send("-INT", &child);
    let call: Call = child.wait_with_output().expect("it ends").into();
    call.expect_code(130)
}

#[test]
fn the_html_report_of_a_run_that_was_interrupted_shows_it_as_far_as_it_went() {
    let folder = Folder::with_market();
    let json = interrupted(&folder, &["--json", "--report", "out.html"]).json();
    let page = folder.read("out.html");
    assert!(page.contains("The run did not come to its end; it is stopped"));
    assert!(page.contains("The session of 2025-07-03 was interrupted at 1"));
    assert!(page.contains("Every bar of 3 symbols is charted as it was delivered, in 1m."));
    let n_bars = json["n_bars"].as_u64().expect("a count");
    assert!(page.contains(&format!("3 symbols: {n_bars} bars of 1m were delivered")), "{n_bars}");
    let again = folder.run(&["report", "--events", "e.jsonl", "again.html"]).expect_code(0);
    assert!(again.out.starts_with("again.html: "), "{}", again.out);
}

#[test]
fn the_session_that_was_open_is_reported_and_exported_up_to_its_clock() {
    let folder = Folder::with_market();
    let report = interrupted(&folder, &["--json"]).json();
    assert_eq!(report["sessions"].as_array().map(Vec::len), Some(0), "none was closed");
    let open = &report["interrupted"];
    assert_eq!(open["date"], "2025-07-03");
    let n_bars = open["n_bars"].as_u64().expect("a count");
    let symbols = open["symbols"].as_array().expect("a list");
    let of_symbols = |what: &str| -> Vec<u64> {
        symbols.iter().map(|symbol| symbol["series"][0][what].as_u64().expect("a count")).collect()
    };
    // The market has every bar, so each symbol has as many as the clock has minutes.
    let each = of_symbols("n_bars");
    assert!(each[0] >= 30 && each.iter().all(|n| *n == each[0]), "{each:?}");
    assert_eq!((of_symbols("expected"), each.iter().sum::<u64>()), (each.clone(), n_bars));
    assert_eq!(report["n_bars"], n_bars);
    // The export has what the report has, and says where it ends.
    let series = symbols.iter().flat_map(|symbol| symbol["series"].as_array().expect("a list"));
    let n_exported: u64 = series.map(|of| of["n_bars"].as_u64().expect("a count")).sum();
    assert_eq!(report["exported"]["bars"], n_exported);
    let quality = folder.read("out/quality.csv");
    for symbol in ["AAPL", "MSFT", "TSLA"] {
        let row = format!("{symbol},2025-07-03,1m,{0},{0},0,0,100.0000\n", each[0]);
        assert!(quality.contains(&row), "{row} in {quality}");
    }
    let mark: serde_json::Value =
        serde_json::from_str(&folder.read("out/interrupted.json")).expect("JSON");
    assert_eq!((&mark["session_date"], &mark["at"]), (&"2025-07-03".into(), &open["at"]));
    // The same run again, to its end, leaves no mark of it.
    folder.run(&["run", "a.json", "--speed", "4000", "--export", "out"]).expect_code(0);
    assert!(!folder.has("out/interrupted.json"));
}

#[test]
fn the_tables_say_which_session_was_interrupted_and_when_and_the_log_that_the_run_was_stopped() {
    let folder = Folder::with_market();
    let call = interrupted(&folder, &["--log", "openbell_coordinator=info"]);
    assert!(call.err.contains("run stopped"), "{}", call.err);
    assert!(call.out.starts_with("test: stopped, 1 session, base 1m\n"), "{}", call.out);
    let day = call.out.lines().find(|line| line.starts_with("2025-07-03")).expect("a line");
    assert!(day.contains("early close, interrupted at 1"), "{day}");
    let replayed = folder.run(&["replay", "e.jsonl"]).expect_code(0);
    assert!(replayed.out.starts_with("the same: "), "{}", replayed.out);
}

/// Sends it the signal once `has_begun` says so; yields how it ended.
fn ended_by(
    signal: &str,
    mut command: Command,
    has_begun: impl FnOnce(&mut Child),
) -> std::process::ExitStatus {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    has_begun(&mut child);
    send(signal, &child);
    child.wait().expect("it ends")
}

/// Whether the signal has ended the program, by itself or in order.
fn is_interrupted(status: std::process::ExitStatus) -> bool {
    status.code() == Some(130) || matches!(status.signal(), Some(2 | 15))
}

/// A file of ten thousand million rows of one minute, in a few kilobytes and a long footer.
fn endless(path: &std::path::Path) {
    let n_rows = 1_000_000;
    let schema = "message bars { required int64 ts (TIMESTAMP(MICROS,true)); required double open; \
         required double high; required double low; required double close; required double volume; }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, Arc::default()).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    while let Some(mut column) = group.next_column().expect("a column") {
        match column.untyped() {
            ColumnWriter::Int64ColumnWriter(out) => {
                out.write_batch(&vec![1_751_463_000_000_000; n_rows], None, None).expect("stamps");
            }
            ColumnWriter::DoubleColumnWriter(out) => {
                out.write_batch(&vec![1.0; n_rows], None, None).expect("prices");
            }
            _ => panic!("no such column"),
        }
        column.close().expect("written");
    }
    group.close().expect("written");
    let footer = writer.finish().expect("written");
    drop(writer);
    // Every row group of the footer is the one that is there.
    let groups = vec![footer.row_group(0).clone(); 10_000];
    let footer = footer.into_builder().set_row_groups(groups).build();
    ParquetMetaDataWriter::new(&mut bytes, &footer).finish().expect("written");
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn a_signal_ends_a_read_that_has_no_end() {
    let folder = Folder::new();
    endless(&folder.path("flat/1m/AAPL.parquet"));
    folder.write("a.json", &session(["2025-07-02", "2025-07-02"], &["AAPL"], &["1m"], ""));
    let text = std::fs::read_to_string(folder.path("a.json")).expect("a text");
    folder.write("a.json", &text.replace("\"bars\"", "\"flat\""));
    for args in [
        &["data", "verify", "flat"][..],
        &["data", "coverage", "flat"],
        &["plan", "a.json"],
        &["run", "a.json"],
    ] {
        for signal in ["-INT", "-TERM"] {
            let log = ["--log", "openbell_data_manager=debug"];
            let status = ended_by(signal, folder.command(&[args, &log].concat()), |child| {
                let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
                let mut texts = lines.map(|line| line.expect("a text"));
                assert!(texts.any(|line| line.contains("file looked at")), "{args:?}");
            });
            assert!(is_interrupted(status), "{args:?} {signal}: {status}");
        }
    }
}

#[test]
fn a_signal_ends_an_import_that_waits_for_more_and_nothing_is_stored() {
    for signal in ["-INT", "-TERM"] {
        let folder = Folder::new();
        let row = "2025-07-02T13:30:00Z,1,1,1,1,1\n";
        let text = format!("ts,open,high,low,close,volume\n{}", row.repeat(40_000));
        let args = ["data", "import", "/dev/stdin", "--store", "s", "--interval", "1m"];
        let args = [&args[..], &["--symbol", "AAPL"]].concat();
        let mut command = folder.command(&args);
        command.env("TMPDIR", folder.path("."));
        let mut stdin = None;
        let status = ended_by(signal, command, |child| {
            // A pipe holds less: what is written whole has been read, and more is waited for.
            let into = stdin.insert(child.stdin.take().expect("a pipe"));
            into.write_all(text.as_bytes()).expect("it is read");
        });
        drop(stdin);
        assert!(is_interrupted(status), "{signal}: {status}");
        // Nothing is left of it that would be in the way.
        folder.write("AAPL.csv", &text[..200]);
        let again = ["data", "import", "AAPL.csv", "--store", "s", "--interval", "1m"];
        let call = folder.run(&again).expect_code(0);
        assert!(call.out.contains("1 added"), "{}", call.out);
    }
}
