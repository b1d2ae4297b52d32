//! The symbols: what each came to over the run, and its rejected rows.

use std::collections::{BTreeMap, BTreeSet};

use openbell_time::Timestamp;
use openbell_wire::report::Symbol;

use super::sessions::{coverage, share};
use super::{begin, end};
use crate::markup::{Text, counted};
use crate::run::{RejectedAt, Run};
use crate::table::{Cell, Column, Number, Table, Words};

/// What each symbol did in each session in which it took part; one that left and came back stands twice
/// in its session.
pub(crate) fn by_symbol<'r>(run: &'r Run<'_>) -> BTreeMap<&'r str, Vec<(&'r str, &'r Symbol)>> {
    let mut found: BTreeMap<&str, Vec<(&str, &Symbol)>> = BTreeMap::new();
    for session in run.sessions() {
        for symbol in &session.symbols {
            found.entry(&symbol.symbol).or_default().push((&session.date, symbol));
        }
    }
    found
}

pub(crate) fn symbols(run: &Run<'_>, out: &mut String) {
    begin("symbols", "Symbols", out);
    let columns: [(&str, Column); 9] = [
        ("Symbol", Words),
        ("Sessions", Number),
        ("Bars", Number),
        ("Derived", Number),
        ("Seen", Number),
        ("Expected", Number),
        ("Quality", Number),
        ("Rejected", Number),
        ("Digest and remarks", Words),
    ];
    let mut table = Table::new("Symbols", columns);
    let found = by_symbol(run);
    for (symbol, entries) in &found {
        let of_symbol = || entries.iter().map(|(_, entry)| *entry);
        let derived = of_symbol().flat_map(|entry| entry.series.iter().skip(1));
        let base = of_symbol().filter_map(|entry| entry.series.first());
        let (n, expected) = coverage(of_symbol());
        let digest = run.report.symbol_digests.get(*symbol);
        let n_left = of_symbol().filter(|entry| entry.left_before_close).count() as u64;
        let left = match n_left {
            0 => String::new(),
            n => format!(" left early in {}", counted(n, "session")),
        };
        let code = digest.map_or_else(String::new, |it| format!("<code>{}</code>", Text(it)));
        table.row([
            Cell::text(symbol),
            Cell::Count(entries.chunk_by(|(a, _), (b, _)| a == b).count() as u64),
            Cell::Count(base.map(|series| series.n_bars).sum()),
            Cell::Count(derived.map(|series| series.n_bars).sum()),
            Cell::Count(n),
            Cell::Count(expected),
            Cell::share(share(n, expected)),
            Cell::Count(of_symbol().flat_map(|entry| entry.rejected.values()).sum()),
            Cell::Markup(format!("{code}{left}")),
        ]);
    }
    table.write(out);
    intervals(run, out);
    rejections(run, &found, out);
    history(&found, out);
    end(out);
}

/// Bars and quality by interval.
fn intervals(run: &Run<'_>, out: &mut String) {
    // By their order in a symbol's series, which is shortest first.
    let mut totals: BTreeMap<(u64, &str), (u64, u64, u64)> = BTreeMap::new();
    for symbol in run.sessions().flat_map(|session| &session.symbols) {
        for series in &symbol.series {
            let sum = totals.entry((seconds_of(&series.interval), &series.interval)).or_default();
            sum.0 += series.n_bars;
            sum.1 += u64::from(series.n.unwrap_or(0));
            sum.2 += u64::from(series.expected.unwrap_or(0));
        }
    }
    let columns = [("Interval", Words), ("Bars", Number), ("Quality", Number)];
    let mut table = Table::new("Intervals", columns);
    for ((_, interval), (n_bars, n, expected)) in totals {
        table.row([Cell::text(interval), Cell::Count(n_bars), Cell::share(share(n, expected))]);
    }
    table.write(out);
}

/// The length of an interval as `5m`, to order by; of an unknown unit the longest.
pub(crate) fn seconds_of(interval: &str) -> u64 {
    let digits = interval.trim_end_matches(|c: char| !c.is_ascii_digit());
    let n: u64 = digits.parse().unwrap_or(1); // `Err`: a unit without a number is one of it
    let unit = match &interval[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => 366 * 86_400,
    };
    n.saturating_mul(unit)
}

/// Rows that were rejected: how many, in which sessions first and last, and with which stamps.
fn rejections(run: &Run<'_>, found: &BTreeMap<&str, Vec<(&str, &Symbol)>>, out: &mut String) {
    let columns = [
        ("Symbol", Words),
        ("Reason", Words),
        ("Rows", Number),
        ("First session", Words),
        ("Last session", Words),
        ("First stamp", Words),
        ("Last stamp", Words),
    ];
    let mut stamps: BTreeMap<(&str, &str), &RejectedAt> = BTreeMap::new();
    for at in run.rejected {
        stamps.insert((&at.symbol, &at.reason), at);
    }
    let stamped = |symbol: &str, reason: &str| {
        let found = stamps.get(&(symbol, reason));
        let markup = |at: Timestamp| Cell::Markup(run.clock().markup(&at.to_string()));
        found.map_or([Cell::None, Cell::None], |it| [it.first, it.last].map(markup))
    };
    let mut table = Table::new("Rejected rows", columns);
    for (symbol, entries) in found {
        let reasons: BTreeSet<&String> =
            entries.iter().flat_map(|(_, entry)| entry.rejected.keys()).collect();
        for reason in reasons {
            let of_reason = entries.iter().filter_map(|(date, entry)| {
                Some((*date, *entry.rejected.get(reason)?)).filter(|(_, n)| *n > 0)
            });
            let of_reason: Vec<(&str, u64)> = of_reason.collect();
            let (Some(first), Some(last)) = (of_reason.first(), of_reason.last()) else { continue };
            let row = [
                Cell::text(symbol),
                Cell::text(&reason.replace('_', " ")),
                Cell::Count(of_reason.iter().map(|(_, n)| n).sum()),
                Cell::text(first.0),
                Cell::text(last.0),
            ];
            table.row(row.into_iter().chain(stamped(symbol, reason)));
        }
    }
    if !table.is_empty() {
        out.push_str("<h3 id=\"rejections\">Rejections</h3>\n");
    }
    table.write(out);
}

/// Trailing windows that lacked sessions, each as it was in the session in which it lacked most.
fn history(found: &BTreeMap<&str, Vec<(&str, &Symbol)>>, out: &mut String) {
    let columns =
        [("Symbol", Words), ("Interval", Words), ("With bars", Number), ("Sessions", Number)];
    let mut table = Table::new("History windows that were not whole", columns);
    for (symbol, entries) in found {
        let mut worst: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for held in entries.iter().flat_map(|(_, entry)| &entry.history) {
            if held.with_bars < held.sessions {
                let known = worst.entry(&held.interval).or_insert((held.with_bars, held.sessions));
                if held.with_bars < known.0 {
                    *known = (held.with_bars, held.sessions);
                }
            }
        }
        for (interval, (with_bars, sessions)) in worst {
            table.row([
                Cell::text(symbol),
                Cell::text(interval),
                Cell::Count(with_bars.into()),
                Cell::Count(sessions.into()),
            ]);
        }
    }
    table.write(out);
}
