//! Every table of reference sessions, row by row.
#![expect(clippy::disallowed_methods, reason = "reference tables are read here")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use openbell_time::{Session, TimeManager, TradingDate};

use crate::reference::references;

/// The text of a table, which may be packed by gzip.
fn text_of(path: &Path) -> String {
    let bytes = fs::read(path).expect("a table that was listed can be read");
    let mut text = String::new();
    let read = if path.extension().is_some_and(|ending| ending == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)
    } else {
        bytes.as_slice().read_to_string(&mut text)
    };
    read.expect("a table is text");
    text
}

/// The tables of every reference that is there, in the order of their names.
fn tables() -> Vec<PathBuf> {
    references().iter().flat_map(|reference| tables_in(&reference.calendars())).collect()
}

fn tables_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of tables can be listed");
    let mut tables: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder that opens can be listed").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_table = name.ends_with(".csv") || name.ends_with(".csv.gz");
            is_table && !name.starts_with("queries_") && name != "DISPUTED.csv"
        })
        .collect();
    tables.sort();
    assert!(!tables.is_empty(), "{} holds no table", folder.display());
    tables
}

fn row(mic: &str, session: &Session, is_extended: bool) -> String {
    let opt = |instant: Option<String>| instant.unwrap_or_default();
    let mut row = format!(
        "{mic},{},{},{},{},{},{},{}",
        session.date,
        session.open,
        opt(session.break_hours.map(|shut| shut.since.to_string())),
        opt(session.break_hours.map(|shut| shut.until.to_string())),
        session.close,
        u8::from(session.is_early_close),
        u8::from(session.is_late_open),
    );
    if is_extended {
        let pre_open = opt(session.pre_open.map(|at| at.to_string()));
        let post_close = opt(session.post_close.map(|at| at.to_string()));
        row.push_str(&format!(",{pre_open},{post_close}"));
    }
    row
}

#[test]
fn every_session_of_a_reference_table_is_ours_and_no_other() {
    let time = TimeManager::new();
    for path in tables() {
        let text = text_of(&path);
        let mut lines = text.lines();
        let is_extended = lines.next().expect("a heading").ends_with("post_utc");
        let expected: Vec<&str> = lines.collect();
        let field = |row: &str, idx: usize| -> String {
            row.split(',').nth(idx).expect("a row has eight fields").to_owned()
        };
        let (first, last) = (expected[0], expected[expected.len() - 1]);
        let date = |row| field(row, 1).parse::<TradingDate>().expect("a date");
        let mic = field(first, 0);
        let calendar = time.calendar(&mic).expect("the table's calendar is known");
        let ours = calendar.sessions(date(first)..=date(last)).expect("its dates are covered");
        assert_eq!(ours.len(), expected.len(), "{}", path.display());
        for (session, expected) in ours.iter().zip(expected) {
            assert_eq!(row(&mic, session, is_extended), expected, "{}", path.display());
        }
    }
}
