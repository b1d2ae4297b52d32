//! Every calendar beside what other sources say of its sessions: it differs from them where
//! `facts/DISAGREEMENTS.md` says so, with a reason, and nowhere else.
#![expect(clippy::disallowed_methods, reason = "what the sources say is read here")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;

use openbell_time::{Calendar, ExchangeGroup, TimeManager, TradingDate};

use crate::reference::large;
use crate::stories::hours;

const LIST: &str = include_str!("../facts/DISAGREEMENTS.md");

/// Calendars that are a convention or a model, and no venue's sessions.
const MODELS: [&str; 4] = ["24/5", "24/7", "CMES", "FX_NY"];

/// What the calendar says in the place of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Session,
    Closed,
    Hours,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    calendar: String,
    source: String,
    date: TradingDate,
    kind: Kind,
    theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { calendar, source, date, kind, theirs } = self;
        write!(f, "{calendar} {date} {kind:?}, {source}: {theirs}")
    }
}

/// A line of `tests/sources`: what a source says of the sessions of a year.
struct Year<'a> {
    source: &'a str,
    year: i32,
    usual: &'a str,
    /// By month and day, what is not usual.
    unusual: BTreeMap<&'a str, &'a str>,
}

impl<'a> Year<'a> {
    fn read(line: &'a str) -> Self {
        let mut words = line.split_ascii_whitespace();
        let mut word = || words.next().expect("a line has a source, a year and hours");
        let (source, year, usual) = (word(), word().parse().expect("a year"), word());
        let unusual = words.map(|word| word.split_at(4)).collect();
        Year { source, year, usual, unusual }
    }

    /// In what the calendar differs from the source on a date, and what the source says.
    fn difference(&self, calendar: &Calendar, date: TradingDate) -> Option<(Kind, &str)> {
        let written = date.to_string();
        let said = self.unusual.get(format!("{}{}", &written[5..7], &written[8..]).as_str());
        let is_weekend = date.weekday().days_from_monday() > 4;
        if said == Some(&"?") || (self.source == "hol" && is_weekend) {
            return None;
        }
        let is_session = !(said == Some(&"") || (said.is_none() && is_weekend));
        let Some(ours) = calendar.session(date).expect("covered") else {
            return is_session.then_some((Kind::Closed, "a session"));
        };
        if !is_session {
            return Some((Kind::Session, "none"));
        }
        if self.usual == "-" || calendar.hours_since().is_none_or(|since| date < since) {
            return None;
        }
        if self.usual == "half" {
            let theirs = if said == Some(&"~") { "a half day" } else { "a whole day" };
            return ((said == Some(&"~")) != ours.is_early_close).then_some((Kind::Hours, theirs));
        }
        let theirs = said.and_then(|said| said.strip_prefix('=')).unwrap_or(self.usual);
        let ours = hours(calendar, &ours);
        // Where a source tells the close alone, the close alone counts.
        let agrees = match theirs.strip_prefix('-') {
            Some(close) => ours.rsplit(['-', '|']).next() == Some(close),
            None => ours == theirs,
        };
        (!agrees).then_some((Kind::Hours, theirs))
    }
}

/// The texts of `tests/sources`, by calendar.
fn texts() -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sources");
    let paths = fs::read_dir(folder).expect("the sources are beside this file");
    let paths = paths.map(|entry| entry.expect("a folder that opens can be listed").path());
    let tables = paths.filter(|path| path.extension().is_some_and(|ending| ending == "txt"));
    let name = |path: &PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    tables.map(|path| (name(&path), fs::read_to_string(&path).expect("a text"))).collect()
}

fn differences() -> Vec<Difference> {
    let time = TimeManager::new();
    let mut found = Vec::new();
    for (name, text) in texts() {
        let calendar = time.calendar(&name).expect("a calendar of ours");
        for year in text.lines().map(Year::read) {
            let first = date(&format!("{}-01-01", year.year)).max(calendar.facts_since());
            let last = date(&format!("{}-12-31", year.year)).min(calendar.known_through());
            for day in (first.as_days()..=last.as_days()).map(TradingDate::from_days) {
                let Some((kind, theirs)) = year.difference(&calendar, day) else { continue };
                let (source, theirs) = (year.source.to_owned(), theirs.to_owned());
                found.push(Difference { calendar: name.clone(), source, date: day, kind, theirs });
            }
        }
    }
    found
}

fn date(text: &str) -> TradingDate {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no date"))
}

/// Dates of a row of the list: one, a day of each year, or from one to another.
#[derive(Debug)]
enum Dates {
    One(TradingDate),
    EachYear(String),
    Through(TradingDate, TradingDate),
}

impl Dates {
    fn read(text: &str) -> Self {
        match text.split_once("..") {
            Some((first, last)) => Dates::Through(date(first), date(last)),
            None if text.len() == 5 => Dates::EachYear(format!("-{text}")),
            None => Dates::One(date(text)),
        }
    }

    fn hold(&self, day: TradingDate) -> bool {
        match self {
            Dates::One(date) => *date == day,
            Dates::EachYear(ending) => day.to_string().ends_with(ending),
            Dates::Through(first, last) => (*first..=*last).contains(&day),
        }
    }
}

/// A row of the list.
#[derive(Debug)]
struct Row {
    line: usize,
    calendar: String,
    dates: Vec<Dates>,
    kind: Kind,
    sources: Vec<String>,
    reason: String,
}

impl Row {
    fn read(line: usize, text: &str) -> Self {
        let cells: Vec<&str> = text.trim_matches('|').split('|').map(str::trim).collect();
        let [calendar, dates, ours, sources, reason] = cells[..] else {
            panic!("line {line} of the list has {} cells, not 5", cells.len());
        };
        let kind = match ours.split([',', ' ']).next() {
            Some("session") => Kind::Session,
            Some("closed") => Kind::Closed,
            _ => Kind::Hours,
        };
        let words = |text: &str| -> Vec<String> {
            text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let (sources, _) = sources.split_once(':').unwrap_or((sources, ""));
        Row {
            line,
            calendar: calendar.to_owned(),
            dates: words(dates).iter().map(|text| Dates::read(text)).collect(),
            kind,
            sources: words(sources),
            reason: reason.to_owned(),
        }
    }

    fn is_about(&self, found: &Difference) -> bool {
        self.calendar == found.calendar
            && self.kind == found.kind
            && self.sources.contains(&found.source)
    }
}

/// The rows of the list's tables; headings have no digit.
fn rows() -> Vec<Row> {
    let rows = LIST.lines().enumerate().filter(|(_, text)| text.starts_with('|'));
    let rows = rows.filter(|(_, text)| text.contains(|letter: char| letter.is_ascii_digit()));
    rows.map(|(idx, text)| Row::read(idx + 1, text)).collect()
}

#[test]
fn a_calendar_differs_from_a_source_only_where_the_list_gives_a_reason() {
    let rows = rows();
    let is_listed = |found: &Difference| {
        let about = rows.iter().filter(|row| row.is_about(found));
        about.flat_map(|row| &row.dates).any(|dates| dates.hold(found.date))
    };
    let found = differences();
    let unlisted: Vec<&Difference> = found.iter().filter(|found| !is_listed(found)).collect();
    let lines: Vec<String> = unlisted.iter().map(|found| found.to_string()).collect();
    assert!(lines.is_empty(), "{} differences are not listed:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn what_the_list_calls_a_difference_is_one() {
    let found = differences();
    let mut agreed = Vec::new();
    for row in rows() {
        assert!(!row.reason.is_empty(), "line {} has no reason", row.line);
        assert!(!row.sources.is_empty(), "line {} has no source", row.line);
        for source in &row.sources {
            for dates in &row.dates {
                let is_real = |it: &&Difference| {
                    row.is_about(it) && it.source == *source && dates.hold(it.date)
                };
                let (line, calendar) = (row.line, &row.calendar);
                if !found.iter().any(|it| is_real(&it)) {
                    agreed
                        .push(format!("line {line}: {source} agrees with {calendar} on {dates:?}"));
                }
            }
        }
    }
    assert!(agreed.is_empty(), "what the list calls a difference is none:\n{}", agreed.join("\n"));
}

#[test]
fn every_exchange_is_held_against_two_sources_in_each_year_since_its_hours_are_known() {
    let time = TimeManager::new();
    let texts = texts();
    for group in ExchangeGroup::ALL.iter().filter(|group| group.name == group.calendar) {
        if MODELS.contains(&group.calendar) {
            continue;
        }
        let text = texts.get(group.calendar).unwrap_or_else(|| panic!("{} alone", group.name));
        let calendar = time.calendar(group.calendar).expect("a calendar of ours");
        let since = calendar.hours_since().unwrap_or(calendar.facts_since());
        let since: i32 = since.to_string()[..4].parse().expect("a year");
        for of_year in since.max(1990)..=2026 {
            let years = text.lines().map(Year::read).filter(|year| year.year == of_year);
            let sources: BTreeSet<&str> = years.map(|year| year.source).collect();
            assert!(sources.len() >= 2, "{} of {of_year}: {sources:?}", group.name);
        }
    }
}

#[test]
fn every_day_that_the_reference_calls_disputed_is_in_the_list() {
    let Some(reference) = large() else { return };
    let path = reference.calendars().join("DISPUTED.csv");
    let text = fs::read_to_string(path).expect("the reference has a table of disputed days");
    let days: Vec<&str> = text.lines().skip(1).filter_map(|row| row.split(',').nth(1)).collect();
    for day in days.iter().filter(|day| **day != "*") {
        assert!(LIST.contains(day), "{day} is disputed and not in the list");
    }
    assert!(days.len() > 10, "{days:?}");
}
