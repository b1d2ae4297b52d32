//! `openbell data coverage`: what of the bars that the calendar expects is stored.

use clap::Args;
use openbell_data_manager::{DataManager, SeriesCoverage, SeriesInfo, SessionCoverage};
use openbell_market::Quality;
use openbell_time::{Calendar, TimeManager};
use serde_json::json;

use super::{DateRange, Selection, StoreArg, date_of, inclusive};
use crate::exit::{Exit, Failure, Outcome};
use crate::table::{Align, Table, count};
use crate::terminal::Terminal;

/// Holds stored bars against the calendar.
///
/// A line for each series with its quality and its worst session; with --details or --incomplete each
/// session by itself: expected and present bars, gaps, and rows that no session in regular hours would
/// deliver.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct CoverageArgs {
    #[command(flatten)]
    store: StoreArg,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    dates: DateRange,
    /// Every session, after the summary.
    #[arg(long)]
    details: bool,
    /// Only sessions in which something is missing or too much, one by one.
    #[arg(long)]
    incomplete: bool,
    /// Writes one JSON array instead of a table; every gap stands in it.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell data coverage bars
      every series from its first to its last bar
  openbell data coverage bars --symbols GME --since 2025-07-01 --until 2025-07-04 --details
  openbell data coverage bars --incomplete
      only what is not whole";

/// Reports it.
pub fn coverage(args: &CoverageArgs, terminal: &mut Terminal) -> Outcome {
    let store = args.selection.open(&args.store.store)?;
    let time = TimeManager::new();
    let mut covered: Vec<SeriesCoverage> = Vec::new();
    let mut exit = Exit::Done;
    for info in args.selection.series(&store)? {
        let calendar = args.selection.calendar(&time, &info)?;
        match coverage_of(args, &store, &info, &calendar) {
            Ok(series) => covered.extend(series),
            // One that cannot be read does not keep the others from being reported.
            Err(failure) => {
                terminal.flush()?;
                terminal.error(&format!("{}: {failure}", info.key));
                exit = exit.and(failure.exit);
            }
        }
    }
    if args.incomplete {
        let is_whole = |session: &SessionCoverage| {
            session.present == session.expected
                && session.n_outside + session.n_duplicates + session.n_invalid == 0
        };
        covered.iter_mut().for_each(|series| series.sessions.retain(|s| !is_whole(s)));
    }
    if args.json {
        let rows: Vec<serde_json::Value> = covered.iter().flat_map(as_json).collect();
        terminal.line(format!("{:#}", serde_json::Value::from(rows)))?;
        return Ok(exit);
    }
    if covered.iter().all(|series| series.sessions.is_empty()) {
        let what = if args.incomplete { "nothing is missing" } else { "no sessions" };
        terminal.line(format!("{}: {what}", args.store.store.display()))?;
        return Ok(exit);
    }
    if !args.incomplete {
        summary(&covered).print(terminal, "")?;
    }
    if args.details {
        terminal.line("")?;
    }
    if args.details || args.incomplete {
        details(&covered).print(terminal, "")?;
    }
    let of_all = |figure: fn(&SessionCoverage) -> u32| -> u64 {
        covered.iter().flat_map(|series| &series.sessions).map(|s| u64::from(figure(s))).sum()
    };
    let (expected, present) = (of_all(|s| s.expected), of_all(|s| s.present));
    terminal.line(format!("\n{} of {} expected bars", count(present), count(expected)))?;
    if !args.details && !args.incomplete {
        terminal.line(
            "--details shows each session, --incomplete those in which something is missing",
        )?;
    }
    Ok(exit)
}

/// A line for each series.
fn summary(covered: &[SeriesCoverage]) -> Table {
    let mut table = Table::new([
        ("symbol", Align::Left),
        ("interval", Align::Left),
        ("sessions", Align::Right),
        ("expected", Align::Right),
        ("present", Align::Right),
        ("quality", Align::Right),
        ("worst session", Align::Left),
    ]);
    for series in covered.iter().filter(|series| !series.sessions.is_empty()) {
        let of_all = |figure: fn(&SessionCoverage) -> u32| -> u64 {
            series.sessions.iter().map(|session| u64::from(figure(session))).sum()
        };
        let (expected, present) = (of_all(|s| s.expected), of_all(|s| s.present));
        let missing = |session: &&SessionCoverage| session.expected - session.present;
        let worst = series.sessions.iter().filter(|s| missing(s) > 0).rev().max_by_key(missing);
        table.row([
            series.key.symbol.to_string(),
            series.key.interval.to_string(),
            count(series.sessions.len() as u64),
            count(expected),
            count(present),
            quality_words(Quality::of(present, expected)),
            worst.map_or_else(String::new, |session| {
                let quality = quality_words(session.quality());
                format!("{} {quality}", session.session_date)
            }),
        ]);
    }
    table
}

/// A line for each session of each series.
fn details(covered: &[SeriesCoverage]) -> Table {
    let mut table = Table::new([
        ("symbol", Align::Left),
        ("interval", Align::Left),
        ("session", Align::Left),
        ("expected", Align::Right),
        ("present", Align::Right),
        ("quality", Align::Right),
        ("gaps", Align::Right),
        ("longest", Align::Right),
        ("outside", Align::Right),
        ("repeated", Align::Right),
        ("invalid", Align::Right),
    ]);
    for series in covered {
        for session in &series.sessions {
            table.row([
                series.key.symbol.to_string(),
                series.key.interval.to_string(),
                session.session_date.to_string(),
                count(session.expected.into()),
                count(session.present.into()),
                quality_words(session.quality()),
                count(session.gaps.len() as u64),
                count(session.longest_gap().into()),
                count(session.n_outside),
                count(session.n_duplicates),
                count(session.n_invalid),
            ]);
        }
    }
    table
}

fn quality_words(quality: Option<Quality>) -> String {
    quality.map_or_else(|| "-".to_owned(), |quality| format!("{:.2}%", quality.as_pct()))
}

/// The coverage in the asked range, or from the first to the last stored bar; nothing of a series
/// without a bar.
fn coverage_of(
    args: &CoverageArgs,
    store: &DataManager,
    info: &SeriesInfo,
    calendar: &Calendar,
) -> Result<Option<SeriesCoverage>, Failure> {
    let date = |stamp| date_of(calendar, info.key.interval, stamp);
    let held = info.span.map(|(first, last)| (date(first), date(last).plus_days(1)));
    let since = args.dates.since.or(held.map(|(since, _)| since));
    let until = args.dates.until.or(held.map(|(_, until)| until));
    let (Some(since), Some(until)) = (since, until) else { return Ok(None) };
    Ok(Some(store.coverage(&info.key, inclusive(since, until)?, calendar)?))
}

fn as_json(series: &SeriesCoverage) -> Vec<serde_json::Value> {
    let row = |session: &SessionCoverage| {
        let gaps: Vec<serde_json::Value> = session
            .gaps
            .iter()
            .map(|gap| {
                json!({
                    "since": gap.since.to_string(),
                    "until": gap.until.to_string(),
                    "bars": gap.n_bars,
                })
            })
            .collect();
        json!({
            "symbol": series.key.symbol.as_str(),
            "interval": series.key.interval.to_string(),
            "session_date": session.session_date.to_string(),
            "expected": session.expected,
            "present": session.present,
            "quality_pct": session.quality().map(Quality::as_pct),
            "gaps": gaps,
            "outside": session.n_outside,
            "repeated": session.n_duplicates,
            "invalid": session.n_invalid,
        })
    };
    series.sessions.iter().map(row).collect()
}
