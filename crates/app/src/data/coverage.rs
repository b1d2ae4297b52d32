//! `openbell data coverage`: what of the bars that the calendar expects is stored.

use clap::Args;
use openbell_data_manager::{DataManager, SeriesCoverage, SeriesInfo};
use openbell_time::{Calendar, TimeManager};
use serde_json::json;

use super::{DateRange, Selection, StoreArg, date_of, inclusive};
use crate::exit::{Exit, Failure, Outcome};
use crate::table::{Align, Table, count};
use crate::terminal::Terminal;

/// Holds stored bars against the calendar.
///
/// Symbols by days: expected and present bars, quality, gaps, and rows that no session in regular
/// hours would deliver.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct CoverageArgs {
    #[command(flatten)]
    store: StoreArg,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    dates: DateRange,
    /// Only sessions in which something is missing or too much.
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
  openbell data coverage bars --symbols GME --since 2025-07-01 --until 2025-07-04
  openbell data coverage bars --incomplete
      only what is not whole";

/// Reports it.
pub fn coverage(args: &CoverageArgs, terminal: &mut Terminal) -> Outcome {
    let store = args.selection.open(&args.store.store)?;
    let time = TimeManager::new();
    let mut covered: Vec<(SeriesCoverage, Calendar)> = Vec::new();
    for info in args.selection.series(&store)? {
        let calendar = args.selection.calendar(&time, &info)?;
        let Some(mut series) = coverage_of(args, &store, &info, &calendar)? else { continue };
        if args.incomplete {
            series.sessions.retain(|session| {
                session.present < session.expected
                    || session.n_outside + session.n_duplicates + session.n_invalid > 0
            });
        }
        covered.push((series, calendar));
    }
    if args.json {
        let rows: Vec<serde_json::Value> =
            covered.iter().flat_map(|(series, _)| as_json(series)).collect();
        terminal.line(format!("{:#}", serde_json::Value::from(rows)))?;
        return Ok(Exit::Done);
    }
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
    let (mut expected, mut present) = (0, 0);
    for (series, _) in &covered {
        for session in &series.sessions {
            expected += u64::from(session.expected);
            present += u64::from(session.present);
            table.row([
                series.key.symbol.to_string(),
                series.key.interval.to_string(),
                session.session_date.to_string(),
                count(session.expected.into()),
                count(session.present.into()),
                session
                    .quality()
                    .map_or_else(|| "-".to_owned(), |quality| format!("{:.2}%", quality.as_pct())),
                count(session.gaps.len() as u64),
                count(session.longest_gap().into()),
                count(session.n_outside),
                count(session.n_duplicates),
                count(session.n_invalid),
            ]);
        }
    }
    if table.is_empty() {
        let what = if args.incomplete { "nothing is missing" } else { "no sessions" };
        terminal.line(format!("{}: {what}", args.store.store.display()))?;
        return Ok(Exit::Done);
    }
    table.print(terminal, "")?;
    terminal.line(format!("\n{} of {} expected bars", count(present), count(expected)))?;
    Ok(Exit::Done)
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
    let row = |session: &openbell_data_manager::SessionCoverage| {
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
            "quality_pct": session.quality().map(openbell_market::Quality::as_pct),
            "gaps": gaps,
            "outside": session.n_outside,
            "repeated": session.n_duplicates,
            "invalid": session.n_invalid,
        })
    };
    series.sessions.iter().map(row).collect()
}
