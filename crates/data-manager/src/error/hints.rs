//! The parts of sentences that depend on what is known.

use std::path::PathBuf;

use openbell_market::Symbol;
use openbell_time::Timestamp;

pub(super) fn from_when(since: &Option<Timestamp>) -> String {
    since.map(|since| format!(" from {since} on")).unwrap_or_default()
}

pub(super) fn abbreviation_hint(stamp: &str) -> &'static str {
    let is_abbreviated = stamp.ends_with(|c: char| c.is_ascii_uppercase());
    if is_abbreviated { " that an abbreviation alone could say" } else { "" }
}

/// What is in a folder that is no store, and is perhaps meant.
pub(super) fn beside_hint(nested: &[String], parted_by_time: &[PathBuf]) -> String {
    nested_hint(nested) + &parted_hint(parted_by_time)
}

fn nested_hint(nested: &[String]) -> String {
    if nested.is_empty() { String::new() } else { format!("; stores in it: {}", nested.join(", ")) }
}

fn parted_hint(folders: &[PathBuf]) -> String {
    let Some(first) = folders.first() else { return String::new() };
    format!(
        "; {} parts bars by time, and no name says of which symbol they are: put the folder of each \
         symbol above those of its times, as in 1m/AAPL/2025/06",
        first.display()
    )
}

pub(super) fn known_hint(intervals: &[String], nearest: &[Symbol]) -> String {
    if !intervals.is_empty() {
        return format!("it holds that symbol at {}", intervals.join(", "));
    }
    if nearest.is_empty() {
        return "it holds no symbol".to_owned();
    }
    let names: Vec<&str> = nearest.iter().map(Symbol::as_str).collect();
    format!("it does not hold that symbol; the nearest are {}", names.join(", "))
}

pub(super) fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

pub(super) fn header_hint(found: &Option<String>) -> String {
    match found {
        Some(found) => format!(", whose header is {found:?}"),
        None => ", which has no header".to_owned(),
    }
}

pub(super) fn volume_hint(column: &&'static str) -> &'static str {
    if *column == "volume" { ", or give every bar a constant one" } else { "" }
}

pub(super) fn symbol_place(row: &Option<u64>) -> String {
    row.map_or_else(|| "its metadata name".to_owned(), |row| format!("its row {row} is of"))
}

pub(super) fn at_row(row: &Option<u64>) -> String {
    row.map(|row| format!(" from row {row} on")).unwrap_or_default()
}

pub(super) fn of_group(group: &Option<usize>) -> String {
    group.map(|group| format!(" of row group {group}")).unwrap_or_default()
}

pub(super) fn kind_of(is_synthetic: bool) -> &'static str {
    if is_synthetic { "synthetic" } else { "real data" }
}
