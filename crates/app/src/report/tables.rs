//! The report as tables.

use std::collections::BTreeMap;
use std::io;

use openbell_coordinator::{
    GateSwitch, HistoryReport, Phase, Report, SeriesReport, SessionReport, SymbolReport,
};
use openbell_market::{BarInterval, Coverage, RejectReason, Symbol};
use openbell_session_data::Reason;
use openbell_time::{Nanos, Timestamp, TradingDate};
use openbell_wire::report::Wall;

use super::{RunFacts, accounts};
use crate::table::{Align, Table, count, counted, counted_as, hh_mm};
use crate::terminal::{Ink, Terminal};

/// Switches of the gate in mid-session that are shown one by one.
const SWITCHES_SHOWN: usize = 20;

/// Sessions without a bar that are named for each symbol.
const DATES_SHOWN: usize = 5;

/// Signals that are shown one by one.
const SIGNALS_SHOWN: usize = 20;

/// Prints the report of a run to standard output.
pub fn print(report: &Report, facts: &RunFacts<'_>, terminal: &mut Terminal) -> io::Result<()> {
    let ink = match report.phase {
        Phase::Closed => Ink::Good,
        Phase::Failed => Ink::Error,
        _ => Ink::Warning,
    };
    let word = match report.phase {
        Phase::Closed => "completed",
        phase => phase.name(),
    };
    terminal.line(format!(
        "{}: {}, {}, base {}",
        facts.config.session_name,
        terminal.paint(ink, word),
        counted(report.all_sessions().count() as u64, "session"),
        report.base,
    ))?;
    if let Some(metadata) = &facts.config.metadata {
        for (key, value) in metadata {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            terminal.line(format!("  {key}: {value}"))?;
        }
    }
    for table in [days(report, facts), symbols(report), derived(report), without_bars(report)] {
        if !table.is_empty() {
            terminal.line("")?;
            table.print(terminal, "")?;
        }
    }
    consumers(report, facts, terminal)?;
    accounts::print(facts, terminal)?;
    gate(report, facts, terminal)?;
    history(report, terminal)?;
    rejections(report, terminal)?;
    terminal.line("")?;
    foot(report, facts, terminal)
}

fn days(report: &Report, facts: &RunFacts<'_>) -> Table {
    let mut table = Table::new([
        ("session", Align::Left),
        ("open", Align::Left),
        ("close", Align::Left),
        ("symbols", Align::Right),
        ("bars", Align::Right),
        ("derived", Align::Right),
        ("quality", Align::Right),
        ("switches", Align::Right),
        ("", Align::Left),
    ]);
    for session in report.all_sessions() {
        let clock = |at| hh_mm(facts.calendar, at);
        table.row([
            format!("{} {}", session.date, session.date.weekday()),
            clock(session.open),
            clock(session.close),
            count(session.symbols.chunk_by(|a, b| a.symbol == b.symbol).count() as u64),
            count(session.n_bars),
            count(n_derived(&session.symbols, report.base)),
            quality_words(coverage(&session.symbols, report.base)),
            count(session.switches.len() as u64),
            day_note(session, report, facts),
        ]);
    }
    table
}

fn day_note(session: &SessionReport, report: &Report, facts: &RunFacts<'_>) -> String {
    let early = if session.is_early_close { "early close" } else { "" };
    match &report.interrupted {
        Some(open) if open.session.date == session.date => {
            let at = facts.calendar.local_time(open.at).time_of_day;
            format!("{early}{}interrupted at {at}", if early.is_empty() { "" } else { ", " })
        }
        _ => early.to_owned(),
    }
}

fn base_series<'r>(
    symbols: impl IntoIterator<Item = &'r SymbolReport>,
    base: BarInterval,
) -> impl Iterator<Item = &'r SeriesReport> {
    let series = symbols.into_iter().flat_map(|symbol| &symbol.series);
    series.filter(move |series| series.interval == base)
}

/// Base bars seen and expected; absent where quality is not kept.
fn coverage<'r>(
    symbols: impl IntoIterator<Item = &'r SymbolReport>,
    base: BarInterval,
) -> Option<Coverage> {
    sum(base_series(symbols, base).map(|series| series.coverage))
}

fn n_derived<'r>(symbols: impl IntoIterator<Item = &'r SymbolReport>, base: BarInterval) -> u64 {
    let series = symbols.into_iter().flat_map(|symbol| &symbol.series);
    series.filter(|series| series.interval != base).map(|series| series.n_bars).sum()
}

fn sum(coverages: impl Iterator<Item = Option<Coverage>>) -> Option<Coverage> {
    let mut total = None;
    for coverage in coverages.flatten() {
        *total.get_or_insert_with(Coverage::default) += coverage;
    }
    total
}

/// What a symbol did in each session in which it took part; one that left and came back stands
/// twice in its session.
fn by_symbol(report: &Report) -> BTreeMap<&Symbol, Vec<(TradingDate, &SymbolReport)>> {
    let mut found: BTreeMap<&Symbol, Vec<(TradingDate, &SymbolReport)>> = BTreeMap::new();
    for session in report.all_sessions() {
        for symbol in &session.symbols {
            found.entry(&symbol.symbol).or_default().push((session.date, symbol));
        }
    }
    found
}

fn symbols(report: &Report) -> Table {
    let mut table = Table::new([
        ("symbol", Align::Left),
        ("sessions", Align::Right),
        ("bars", Align::Right),
        ("derived", Align::Right),
        ("quality", Align::Right),
        ("rejected", Align::Right),
        ("digest", Align::Left),
        ("", Align::Left),
    ]);
    let found = by_symbol(report);
    // A symbol has a digest once a session of it has closed.
    let mut digests: BTreeMap<&Symbol, String> =
        report.digests.iter().map(|(symbol, digest)| (symbol, digest.to_string())).collect();
    let interrupted = report.interrupted.iter().flat_map(|open| &open.session.symbols);
    for symbol in interrupted {
        digests.entry(&symbol.symbol).or_insert_with(|| "-".to_owned());
    }
    for (symbol, digest) in digests {
        let entries = found.get(symbol).map(Vec::as_slice).unwrap_or_default();
        let of_symbol = || entries.iter().map(|(_, entry)| *entry);
        let n_sessions = entries.chunk_by(|(a, _), (b, _)| a == b).count();
        let n_bars: u64 = base_series(of_symbol(), report.base).map(|series| series.n_bars).sum();
        let rejected: u64 = of_symbol().flat_map(|entry| entry.rejected.values()).sum();
        table.row([
            symbol.to_string(),
            count(n_sessions as u64),
            count(n_bars),
            count(n_derived(of_symbol(), report.base)),
            quality_words(coverage(of_symbol(), report.base)),
            count(rejected),
            digest,
            match of_symbol().filter(|entry| entry.has_left).count() {
                0 => String::new(),
                n => format!("left early in {}", counted(n as u64, "session")),
            },
        ]);
    }
    table
}

/// The symbols that had a session without a bar, and which.
fn without_bars(report: &Report) -> Table {
    let mut table =
        Table::new([("without a bar", Align::Left), ("n", Align::Right), ("in", Align::Left)]);
    for (symbol, entries) in by_symbol(report) {
        let dates: Vec<String> = entries
            .chunk_by(|(a, _), (b, _)| a == b)
            .filter(|day| {
                let series = base_series(day.iter().map(|(_, entry)| *entry), report.base);
                series.map(|series| series.n_bars).sum::<u64>() == 0
            })
            .map(|day| day[0].0.to_string())
            .collect();
        if !dates.is_empty() {
            let more = if dates.len() > DATES_SHOWN { " …" } else { "" };
            let shown = dates[..dates.len().min(DATES_SHOWN)].join(" ");
            table.row([symbol.to_string(), count(dates.len() as u64), format!("{shown}{more}")]);
        }
    }
    table
}

fn derived(report: &Report) -> Table {
    let mut by_interval: BTreeMap<BarInterval, (u64, Option<Coverage>)> = BTreeMap::new();
    for symbol in report.all_sessions().flat_map(|session| &session.symbols) {
        for series in symbol.series.iter().filter(|series| series.interval != report.base) {
            let (n_bars, coverage) = by_interval.entry(series.interval).or_default();
            *n_bars += series.n_bars;
            *coverage = sum([*coverage, series.coverage].into_iter());
        }
    }
    let mut table =
        Table::new([("derived", Align::Left), ("bars", Align::Right), ("quality", Align::Right)]);
    for (interval, (n_bars, coverage)) in by_interval {
        table.row([interval.to_string(), count(n_bars), quality_words(coverage)]);
    }
    table
}

/// The consumers of the session file, and what they signalled.
fn consumers(report: &Report, facts: &RunFacts<'_>, terminal: &mut Terminal) -> io::Result<()> {
    let named: Vec<_> =
        report.consumers.iter().filter(|known| !super::is_ours(&known.name)).collect();
    if named.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        ("consumer", Align::Left),
        ("signals", Align::Right),
        ("commands", Align::Right),
        ("digest", Align::Left),
        ("", Align::Left),
    ]);
    for consumer in named {
        let failure = consumer.failure.as_ref();
        table.row([
            consumer.name.clone(),
            count(consumer.n_signals),
            count(consumer.n_commands),
            consumer.digest.to_string(),
            failure.map_or_else(String::new, |why| format!("failed: {why}")),
        ]);
    }
    terminal.line("")?;
    table.print(terminal, "")?;
    for (what, file) in
        [("signals", facts.streamed.signals), ("orders and fills", facts.streamed.fills)]
    {
        if let Some(file) = file {
            terminal.line(format!("{what} are in {}", file.display()))?;
        }
    }
    if report.signals.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        ("signal at", Align::Left),
        ("consumer", Align::Left),
        ("symbol", Align::Left),
        ("says", Align::Left),
        ("value", Align::Right),
    ]);
    for (at, signal) in report.signals.iter().take(SIGNALS_SHOWN) {
        table.row([
            facts.calendar.local_time(*at).to_string(),
            signal.consumer.clone(),
            signal.symbol.to_string(),
            signal.kind.clone(),
            signal.value.map_or_else(String::new, |value| format!("{value:.2}")),
        ]);
    }
    terminal.line("")?;
    table.print(terminal, "")?;
    if report.signals.len() > SIGNALS_SHOWN {
        let more = count((report.signals.len() - SIGNALS_SHOWN) as u64);
        terminal.line(format!("and {more} more; --json has them all"))?;
    }
    Ok(())
}

const MILLI_NS: i64 = 1_000_000;

fn gate(report: &Report, facts: &RunFacts<'_>, terminal: &mut Terminal) -> io::Result<()> {
    let switches: Vec<&GateSwitch> = report.all_sessions().flat_map(|s| &s.switches).collect();
    let mid_session = mid_session(report);
    terminal.line(format!(
        "\n{}, {} in mid-session",
        counted_as(switches.len() as u64, "gate switch", "gate switches"),
        count(mid_session.len() as u64),
    ))?;
    for switch in mid_session.iter().take(SWITCHES_SHOWN) {
        // Of a live session clock: a thousandth of a second is nothing to whoever reads this.
        let shown = Timestamp::from_nanos(switch.at.as_nanos().div_euclid(MILLI_NS) * MILLI_NS);
        let local = facts.calendar.local_time(shown);
        let what = match &switch.reason {
            Some(reason) => format!("shut    {reason}"),
            None => "opened".to_owned(),
        };
        terminal.line(format!("  {local}  {what}"))?;
    }
    if mid_session.len() > SWITCHES_SHOWN {
        let more = mid_session.len() - SWITCHES_SHOWN;
        terminal.line(format!("  and {} more; --json has them all", count(more as u64)))?;
    }
    Ok(())
}

/// The switches that are neither a session's opening nor its close: each shutting for another
/// reason, and the opening that ends it.
fn mid_session(report: &Report) -> Vec<&GateSwitch> {
    let mut found = Vec::new();
    for session in report.all_sessions() {
        let mut is_shut_by_the_day = true;
        for switch in &session.switches {
            match &switch.reason {
                Some(Reason::Closed | Reason::NotOpen) => is_shut_by_the_day = true,
                Some(_) => {
                    is_shut_by_the_day = false;
                    found.push(switch);
                }
                None if is_shut_by_the_day => is_shut_by_the_day = false,
                None => found.push(switch),
            }
        }
    }
    found
}

/// Trailing windows that lacked sessions, each as it was in the session in which it lacked most.
pub fn incomplete_history(report: &Report) -> BTreeMap<(Symbol, BarInterval), HistoryReport> {
    let mut worst: BTreeMap<(Symbol, BarInterval), HistoryReport> = BTreeMap::new();
    for symbol in report.all_sessions().flat_map(|session| &session.symbols) {
        for window in symbol.history.iter().filter(|held| held.n_with_bars < held.n_sessions) {
            let known = worst.entry((symbol.symbol.clone(), window.interval)).or_insert(*window);
            if window.n_with_bars < known.n_with_bars {
                *known = *window;
            }
        }
    }
    worst
}

fn history(report: &Report, terminal: &mut Terminal) -> io::Result<()> {
    for ((symbol, interval), held) in incomplete_history(report) {
        terminal.line(format!(
            "history: {symbol} {interval} {} of {}",
            held.n_with_bars,
            counted(held.n_sessions.into(), "session"),
        ))?;
    }
    Ok(())
}

fn rejections(report: &Report, terminal: &mut Terminal) -> io::Result<()> {
    let mut by_reason: BTreeMap<RejectReason, u64> = BTreeMap::new();
    for symbol in report.all_sessions().flat_map(|session| &session.symbols) {
        for (reason, n_rows) in &symbol.rejected {
            *by_reason.entry(*reason).or_default() += n_rows;
        }
    }
    for (reason, n_rows) in by_reason {
        terminal.line(format!("{} rejected as {reason}", counted(n_rows, "row")))?;
    }
    Ok(())
}

fn foot(report: &Report, facts: &RunFacts<'_>, terminal: &mut Terminal) -> io::Result<()> {
    let rate = Wall::of(report, facts.elapsed)
        .bars_per_s
        .map(|rate| format!(", {} bars a second", count(rate as u64)))
        .unwrap_or_default();
    terminal.line(format!(
        "{} and {} derived in {}{rate}",
        counted(report.n_bars, "bar"),
        count(report.n_derived),
        seconds_words(facts.elapsed),
    ))?;
    if report.overrun > Nanos::ZERO {
        let late = seconds_words(report.overrun);
        let text = format!("the pace was not kept: {late} late at worst");
        terminal.line(terminal.paint(Ink::Warning, &text))?;
    }
    if let Some((exported, folder)) = facts.exported {
        terminal.line(format!(
            "{} written to {}: {}, {} of quality",
            counted(exported.n_files as u64, "file"),
            folder.display(),
            counted(exported.n_bars, "bar"),
            counted(exported.n_quality_rows, "row"),
        ))?;
    }
    terminal.line(format!("digest {}", report.digest))
}

fn quality_words(coverage: Option<Coverage>) -> String {
    match coverage.and_then(Coverage::quality) {
        Some(quality) => format!("{:.2}%", quality.as_pct()),
        None => "-".to_owned(),
    }
}

fn seconds_words(length: Nanos) -> String {
    let seconds = length.as_secs_f64();
    match seconds {
        ..1.0 => format!("{:.0} ms", seconds * 1000.0),
        ..100.0 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.0} s"),
    }
}
