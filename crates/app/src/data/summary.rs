//! What a store holds on one page: groups and intervals instead of thousands of series, and what is
//! to be known of some of them.

use std::collections::{BTreeMap, BTreeSet};

use openbell_data_manager::SeriesInfo;
use openbell_market::{BarInterval, Symbol};
use openbell_time::{TimeManager, TradingDate};

use super::{Selection, date_of};
use crate::exit::Failure;
use crate::table::{Align, Table, bytes, count, counted, counted_as};
use crate::terminal::Terminal;

/// More series than a person reads one by one.
pub(super) const LISTED_MAX: usize = 50;

/// All series of one group and interval.
#[derive(Default)]
struct Line {
    symbols: BTreeSet<Symbol>,
    n_rows: u64,
    span: Option<(TradingDate, TradingDate)>,
    n_files: u64,
    n_bytes: u64,
    sources: BTreeSet<String>,
}

impl Line {
    fn add(
        &mut self,
        info: &SeriesInfo,
        dates: Option<(TradingDate, TradingDate)>,
        source: String,
    ) {
        self.symbols.insert(info.key.symbol.clone());
        self.n_rows += info.n_rows;
        self.n_files += info.files.len() as u64;
        self.n_bytes += info.n_bytes;
        self.sources.insert(source);
        if let Some((first, last)) = dates {
            let (a, b) = self.span.unwrap_or((first, last));
            self.span = Some((a.min(first), b.max(last)));
        }
    }
}

/// Prints what `series` come to; `source` says where one of them is from.
pub(super) fn print(
    series: &[SeriesInfo],
    selection: &Selection,
    source: impl Fn(&SeriesInfo) -> String,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let time = TimeManager::new();
    let mut lines: BTreeMap<(String, BarInterval), Line> = BTreeMap::new();
    for info in series {
        let calendar = selection.calendar(&time, info)?;
        let date = |stamp| date_of(&calendar, info.key.interval, stamp);
        let dates = info.span.map(|(first, last)| (date(first), date(last)));
        let group = info.exchange_group.clone().unwrap_or_else(|| "-".to_owned());
        lines.entry((group, info.key.interval)).or_default().add(info, dates, source(info));
    }
    let symbols: BTreeSet<&Symbol> = series.iter().map(|info| &info.key.symbol).collect();
    terminal.line(format!(
        "{} of {}: {}, {} in {}\n",
        counted_as(series.len() as u64, "series", "series"),
        counted(symbols.len() as u64, "symbol"),
        counted(series.iter().map(|info| info.n_rows).sum(), "row"),
        bytes(series.iter().map(|info| info.n_bytes).sum()),
        counted(series.iter().map(|info| info.files.len() as u64).sum(), "file"),
    ))?;
    groups(&lines).print(terminal, "")?;
    let found = findings(series);
    if !found.is_empty() {
        terminal.line("")?;
        found.print(terminal, "")?;
    }
    terminal.line("\n--details lists each series, --symbols and --intervals choose among them")?;
    Ok(())
}

/// A line for each group and interval.
fn groups(lines: &BTreeMap<(String, BarInterval), Line>) -> Table {
    let mut table = Table::new([
        ("group", Align::Left),
        ("interval", Align::Left),
        ("symbols", Align::Right),
        ("rows", Align::Right),
        ("first", Align::Left),
        ("last", Align::Left),
        ("files", Align::Right),
        ("size", Align::Right),
        ("source", Align::Left),
    ]);
    for ((group, interval), line) in lines {
        let date = |date: Option<TradingDate>| date.map_or("-".to_owned(), |d| d.to_string());
        let mut sources = line.sources.iter();
        let first = sources.next().cloned().unwrap_or_default();
        table.row([
            group.clone(),
            interval.to_string(),
            count(line.symbols.len() as u64),
            count(line.n_rows),
            date(line.span.map(|(first, _)| first)),
            date(line.span.map(|(_, last)| last)),
            count(line.n_files),
            bytes(line.n_bytes),
            match sources.len() {
                0 => first,
                n => format!("{first} and {n} more"),
            },
        ]);
    }
    table
}

/// A line for each thing that is to be known of some series: how many they are, and the first.
fn findings(series: &[SeriesInfo]) -> Table {
    let mut found: BTreeMap<String, (u64, &SeriesInfo)> = BTreeMap::new();
    for info in series {
        let unreadable = (!info.unreadable.is_empty()).then(|| "cannot be read".to_owned());
        let empty =
            (info.span.is_none() && info.unreadable.is_empty()).then(|| "no row".to_owned());
        let waived = info.provenance.waived.iter();
        let waived = waived.map(|check| format!("waived: {}", check.name()));
        for what in unreadable.into_iter().chain(empty).chain(waived) {
            found.entry(what).or_insert((0, info)).0 += 1;
        }
    }
    let mut table =
        Table::new([("finding", Align::Left), ("series", Align::Right), ("first", Align::Left)]);
    for (what, (n_series, first)) in found {
        table.row([what, count(n_series), format!("{} {}", first.key.symbol, first.key.interval)]);
    }
    table
}
