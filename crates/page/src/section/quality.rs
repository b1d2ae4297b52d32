//! Coverage by symbol and session as a map, and the gaps behind it.

use std::fmt::Write as _;

use super::symbols::by_symbol;
use super::{begin, end};
use crate::markup::{Text, counted};
use crate::run::Run;
use crate::svg::Drawing;
use crate::table::{Cell, Number, Table, Words, and_more};

/// Gaps that are listed, the longest first.
const GAPS_SHOWN: usize = 200;
/// Rows of a map that are laid out at once; the others are folded.
const ROWS_OPEN: usize = 100;

/// The steps of the map: the least share of each, its class, and what is said of it.
const STEPS: [(f64, &str, &str); 5] = [
    (1.0, "q4", "all bars"),
    (0.98, "q3", "98% or more"),
    (0.9, "q2", "90% or more"),
    (f64::MIN_POSITIVE, "q1", "less"),
    (0.0, "q0", "not one bar"),
];

pub(crate) fn quality(run: &Run<'_>, out: &mut String) {
    begin("quality", "Quality", out);
    let rows = rows(run);
    let is_kept = rows.iter().any(|(_, row)| row.iter().any(Option::is_some));
    if !is_kept {
        out.push_str("<p>Quality was not kept: the session file does not ask for it, or nothing was expected.</p>\n");
        end(out);
        return;
    }
    let n_sessions = run.sessions().count();
    let n_whole =
        rows.iter().filter(|(_, row)| row.iter().flatten().all(|share| *share >= 1.0)).count();
    let _ = writeln!(
        out,
        "<p>Base bars that were seen, of those that were expected: a row for each symbol, a column for each \
         of {}; {} of {} have every bar. The symbol with the least comes first.</p>",
        counted(n_sessions as u64, "session"),
        n_whole,
        counted(rows.len() as u64, "symbol"),
    );
    legend(out);
    for (i, part) in rows.chunks(ROWS_OPEN).enumerate() {
        if i > 0 {
            let (first, last) = (i * ROWS_OPEN + 1, i * ROWS_OPEN + part.len());
            let _ = write!(out, "<details><summary>Symbols {first} to {last}</summary>");
        }
        map(part, n_sessions, out);
        if i > 0 {
            out.push_str("</details>\n");
        }
    }
    gaps(run, out);
    end(out);
}

/// The share that was seen, by symbol and session, the worst symbol first.
fn rows<'r>(run: &'r Run<'_>) -> Vec<(&'r str, Vec<Option<f64>>)> {
    let dates: Vec<&str> = run.sessions().map(|session| session.date.as_str()).collect();
    let mut rows: Vec<(&str, Vec<Option<f64>>)> = Vec::new();
    for (symbol, entries) in by_symbol(run) {
        let mut row = vec![None; dates.len()];
        for (date, entry) in entries {
            let base = entry.series.first();
            let place = dates.binary_search(&date).ok();
            let share = base.and_then(|base| base.quality_pct).map(|pct| pct / 100.0);
            if let (Some(place), Some(share)) = (place, share) {
                row[place] = Some(share);
            }
        }
        rows.push((symbol, row));
    }
    let total = |row: &[Option<f64>]| {
        row.iter().flatten().sum::<f64>() / row.iter().flatten().count().max(1) as f64
    };
    rows.sort_by(|a, b| total(&a.1).total_cmp(&total(&b.1)).then(a.0.cmp(b.0)));
    rows
}

fn step_of(share: f64) -> usize {
    STEPS.iter().position(|(least, _, _)| share >= *least).unwrap_or(STEPS.len() - 1)
}

fn legend(out: &mut String) {
    out.push_str("<ul class=\"legend\">");
    for (_, class, says) in STEPS {
        let mut key = Drawing::new("key", says, 1, 1);
        key.cells(class, &[(0, 0)]);
        let _ = write!(out, "<li>{}{says}</li>", key.finish());
    }
    out.push_str("<li><span class=\"swatch\"></span>not there</li></ul>\n");
}

fn map(rows: &[(&str, Vec<Option<f64>>)], n_sessions: usize, out: &mut String) {
    let title = format!(
        "quality of {} in {}",
        counted(rows.len() as u64, "symbol"),
        counted(n_sessions as u64, "session")
    );
    let mut cells: [Vec<(usize, usize)>; STEPS.len()] = Default::default();
    for (y, (_, row)) in rows.iter().enumerate() {
        for (x, share) in row.iter().enumerate() {
            if let Some(share) = share {
                cells[step_of(*share)].push((x, y));
            }
        }
    }
    let mut drawing = Drawing::new("map", &title, n_sessions.max(1), rows.len());
    for ((_, class, _), cells) in STEPS.iter().zip(&cells) {
        drawing.cells(class, cells);
    }
    // Names beside the cells, a line each of the height of a cell.
    out.push_str("<div class=\"map-row\"><ol class=\"names\">");
    for (symbol, _) in rows {
        let _ = write!(out, "<li><bdi>{}</bdi></li>", Text(&crate::markup::cut(symbol, 12)));
    }
    let _ = writeln!(out, "</ol><div class=\"map-box\">{}</div></div>", drawing.finish());
}

/// The longest gap of each symbol in each session that has one.
fn gaps(run: &Run<'_>, out: &mut String) {
    let clock = run.clock();
    let mut found = Vec::new();
    for session in run.sessions() {
        for symbol in &session.symbols {
            let gap = symbol.series.first().and_then(|base| base.longest_gap.as_ref());
            found.extend(gap.map(|gap| (&session.date, &symbol.symbol, gap)));
        }
    }
    found.sort_by(|a, b| b.2.bars.cmp(&a.2.bars).then((a.0, a.1).cmp(&(b.0, b.1))));
    let columns = [
        ("Symbol", Words),
        ("Session", Words),
        ("Since", Words),
        ("Until", Words),
        ("Bars missing", Number),
    ];
    let mut table = Table::new("Gaps: the longest of each symbol and session", columns);
    for (date, symbol, gap) in found.iter().take(GAPS_SHOWN) {
        table.row([
            Cell::text(symbol),
            Cell::text(date),
            Cell::Markup(clock.markup(&gap.since)),
            Cell::Markup(clock.markup(&gap.until)),
            Cell::Count(gap.bars.into()),
        ]);
    }
    table.write(out);
    and_more(found.len(), table.len(), "gap", out);
}
