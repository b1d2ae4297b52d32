//! Charts: which symbols, at which interval and why; small drawings that need no script, a table behind
//! each, and the data of the chart that is drawn by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::symbols::by_symbol;
use super::{begin, end};
use crate::chart::{Kept, block, deflated, interval_name, power};
use crate::gate::{GateFigures, stretches, words};
use crate::markup::{Text, bytes, count, counted, short};
use crate::moment::instant;
use crate::run::Run;
use crate::svg::{Drawing, thinned};
use crate::table::{Cell, Number, Table, Words};

/// Symbols that are drawn without a script.
const CHOSEN_MAX: usize = 20;
/// Signals that are marked one by one; of more there are counts a bar.
const SIGNALS_MAX: usize = 50_000;
/// Sessions that a chart's table lists.
const SESSIONS_SHOWN: usize = 66;

/// The symbols to look at first: those with fills and signals, those that held the gate, those of the worst
/// quality, then in order.
pub(crate) fn chosen(run: &Run<'_>, gate: &GateFigures) -> Vec<String> {
    let mut n_marks: BTreeMap<&str, u64> = BTreeMap::new();
    for signal in &run.report.signals {
        *n_marks.entry(&signal.signal.symbol).or_default() += 1;
    }
    for fill in run.accounts.iter().flat_map(|account| &account.fills) {
        *n_marks.entry(&fill.symbol).or_default() += 1_000_000; // A fill before any signal.
    }
    let found = by_symbol(run);
    let missing = |symbol: &str| {
        let entries = found.get(symbol).into_iter().flatten();
        let (n, expected) = super::sessions::coverage(entries.map(|(_, entry)| *entry));
        expected.saturating_sub(n)
    };
    let mut symbols: Vec<&str> = run.shelf.symbols().collect();
    symbols.sort_by_key(|symbol| {
        let held = gate.holders.contains_key(*symbol);
        std::cmp::Reverse((n_marks.get(symbol).copied().unwrap_or(0), held, missing(symbol)))
    });
    symbols.truncate(CHOSEN_MAX);
    symbols.into_iter().map(str::to_owned).collect()
}

/// The charts' part of the page, without its data.
pub(crate) fn charts(run: &Run<'_>, chosen: &[String], out: &mut String) {
    if run.shelf.is_empty() {
        return;
    }
    begin("charts", "Charts", out);
    let _ = writeln!(out, "<p>{}</p>", Text(&plan_words(run)));
    out.push_str(
        "<div id=\"chart\"></div>\n<noscript><p>The large chart is drawn by the script of this file, which \
         your browser does not run. Below are small ones, with a table behind each.</p></noscript>\n\
         <div class=\"small\">\n",
    );
    for symbol in chosen {
        small(run, symbol, out);
    }
    out.push_str("</div>\n");
    end(out);
}

/// Which interval was chosen, and why.
fn plan_words(run: &Run<'_>) -> String {
    let shelf = &run.shelf;
    let base = interval_name(shelf.base_s());
    let n = counted(shelf.symbols().count() as u64, "symbol");
    let mut text = if shelf.is_folded() {
        format!(
            "Charts of {n} in bars of {}, folded from {base} so that the file stays below {}; the base \
             bars of sessions in which a symbol signalled, traded or held the gate are there beside \
             them, as far as there was room. A larger file has shorter bars: --report-size 20MB.",
            interval_name(shelf.width_s()),
            bytes(run.n_bytes_max),
        )
    } else {
        format!("Every bar of {n} is charted as it was delivered, in {base}.")
    };
    if shelf.left_out() > 0 {
        let _ = write!(text, " {} had no room.", counted(shelf.left_out() as u64, "symbol"));
    }
    text.push_str(
        " Indicators are those of the engine, at their own interval; where one has no value yet there is a gap.",
    );
    text
}

/// A drawing of a symbol's closes, with its sessions as a table.
fn small(run: &Run<'_>, symbol: &str, out: &mut String) {
    const WIDTH: f64 = 300.0;
    const HEIGHT: f64 = 60.0;
    let Some(kept) = run.shelf.whole(symbol).filter(|kept| kept.len() > 0) else { return };
    let closes = &kept.prices[3];
    let (low, high) =
        closes.iter().fold((i32::MAX, i32::MIN), |(low, high), it| (low.min(*it), high.max(*it)));
    let span = (f64::from(high) - f64::from(low)).max(1.0);
    let step = WIDTH / (closes.len() - 1).max(1) as f64;
    let y = |tick: i32| HEIGHT - 1.0 - (f64::from(tick) - f64::from(low)) / span * (HEIGHT - 2.0);
    let points: Vec<(f64, f64)> =
        closes.iter().enumerate().map(|(i, tick)| (i as f64 * step, y(*tick))).collect();
    let name = short(symbol);
    let ends = [0, closes.len() - 1].map(|i| price(kept, 3, i));
    let title = format!("closes of {name}: {} to {}", ends[0], ends[1]);
    let mut drawing = Drawing::new("spark", &title, WIDTH as usize, HEIGHT as usize);
    drawing.line("equity", &thinned(&points, 160), None);
    let _ = write!(
        out,
        "<figure><figcaption><bdi>{}</bdi> <span>{}</span></figcaption>{}\n\
         <details><summary>Sessions of <bdi>{}</bdi></summary>",
        Text(&name),
        ends[1],
        drawing.finish(),
        Text(&name),
    );
    sessions_of(run, symbol, &name, out);
    out.push_str("</details></figure>\n");
}

fn sessions_of(run: &Run<'_>, symbol: &str, name: &str, out: &mut String) {
    let Some(kept) = run.shelf.by_session(symbol) else { return };
    let columns = [
        ("Session", Words),
        ("Open", Number),
        ("High", Number),
        ("Low", Number),
        ("Close", Number),
        ("Volume", Number),
    ];
    let mut table = Table::new(&format!("Sessions of {name}"), columns);
    let first = kept.len().saturating_sub(SESSIONS_SHOWN);
    for i in first..kept.len() {
        let at = openbell_time::Timestamp::from_secs(kept.opens_s[i].into());
        let date = at.map(|at| run.calendar.local_time(at).date.to_string()).unwrap_or_default();
        let prices = [0, 1, 2, 3].map(|column| {
            let shown = price(&kept, column, i);
            Cell::Value(shown.parse().unwrap_or(f64::NAN), shown) // It was a number.
        });
        let volume = f64::from(kept.volumes[i]);
        table.row(
            [Cell::text(&date)]
                .into_iter()
                .chain(prices)
                .chain([Cell::Value(volume, count(volume as u64))]),
        );
    }
    table.write(out);
    if first > 0 {
        let _ = write!(out, "<p>The last {SESSIONS_SHOWN} of {}.</p>", count(kept.len() as u64));
    }
}

fn price(kept: &Kept, column: usize, i: usize) -> String {
    let decimals = kept.decimals as usize;
    format!("{:.decimals$}", f64::from(kept.prices[column][i]) / power(kept.decimals))
}

/// The data of the large chart: an index, marks, and a block for each series.
pub(crate) fn data(run: &Run<'_>, chosen: &[String], out: &mut String) {
    if run.shelf.is_empty() {
        return;
    }
    let mut index = Vec::new();
    let mut n_blocks = 0;
    let rest: BTreeSet<&str> = run.shelf.symbols().collect();
    let rest = rest.into_iter().filter(|symbol| !chosen.iter().any(|known| known == symbol));
    for symbol in chosen.iter().map(String::as_str).chain(rest) {
        let series: Vec<Value> = run
            .shelf
            .series(symbol)
            .into_iter()
            .map(|(width_s, kept, is_whole)| {
                let (text, mut facts) = block(kept);
                let id = format!("b{n_blocks}");
                n_blocks += 1;
                put(&id, &text, out);
                facts["id"] = json!(id);
                facts["width_s"] = json!(width_s);
                facts["name"] = json!(interval_name(width_s));
                facts["whole"] = json!(is_whole);
                facts
            })
            .collect();
        index.push(json!({ "symbol": short(symbol), "series": series }));
    }
    let sessions: Vec<Value> = run
        .sessions()
        .filter_map(|it| Some(json!([seconds(&it.open)?, seconds(&it.close)?])))
        .collect();
    let index = json!({
        "zone": run.calendar.zone_name(),
        "sessions": sessions,
        "symbols": index,
    });
    put("marks", &deflated(marks(run).to_string().as_bytes()), out);
    // The one sign that could end the element, or begin another.
    let index = index.to_string().replace('<', "\\u003c");
    let _ = writeln!(out, "<script type=\"application/json\" id=\"index\">{index}</script>");
}

fn put(id: &str, text: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<script type=\"application/octet-stream;base64\" id=\"{id}\">{text}</script>"
    );
}

fn seconds(at: &str) -> Option<i64> {
    instant(at).map(openbell_time::Timestamp::as_secs)
}

/// Signals and fills by symbol, and when the gate was shut in mid-session.
fn marks(run: &Run<'_>) -> Value {
    let mut fills: Map<String, Value> = Map::new();
    for fill in run.accounts.iter().flat_map(|account| &account.fills) {
        let text =
            format!("{} {} at {}, {}", fill.side, fill.units, fill.price, short(&fill.strategy));
        let mark = json!([fill.bar_opens_at.as_secs(), fill.side == "buy", fill.price, text]);
        push(&mut fills, &fill.symbol, mark);
    }
    let shut: Vec<Value> = run
        .sessions()
        .flat_map(|session| stretches(run, session))
        .filter(|stretch| stretch.is_mid_session())
        .filter_map(|stretch| {
            let (since, until) = (stretch.since.as_secs(), stretch.until.as_secs());
            Some(json!([since, until, words(stretch.reason?)]))
        })
        .collect();
    json!({ "signals": signals(run), "fills": fills, "shut": shut })
}

/// Signals by symbol, as instant and text; beyond a limit one for each bar, with how many there were.
fn signals(run: &Run<'_>) -> Map<String, Value> {
    let mut found = Map::new();
    let signals = &run.report.signals;
    if signals.len() <= SIGNALS_MAX {
        for at in signals {
            let Some(seconds) = seconds(&at.at) else { continue };
            let it = &at.signal;
            let value = it.value.map_or_else(String::new, |value| format!(" {value:.4}"));
            let text = format!("{}: {}{value}", short(&it.consumer), short(&it.kind));
            push(&mut found, &it.symbol, json!([seconds, text]));
        }
        return found;
    }
    let width_s = i64::from(run.shelf.width_s());
    let mut counts: BTreeMap<(&str, i64), u64> = BTreeMap::new();
    for at in signals {
        let Some(seconds) = seconds(&at.at) else { continue };
        *counts.entry((&at.signal.symbol, seconds / width_s * width_s)).or_default() += 1;
    }
    for ((symbol, at), n) in counts {
        push(&mut found, symbol, json!([at, counted(n, "signal")]));
    }
    found
}

fn push(found: &mut Map<String, Value>, symbol: &str, mark: Value) {
    let entry = found.entry(short(symbol)).or_insert_with(|| json!([]));
    if let Value::Array(marks) = entry {
        marks.push(mark);
    }
}
