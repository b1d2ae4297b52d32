//! `openbell data coverage`: what of the bars that the calendar expects is stored.

use clap::Args;
use openbell_data_manager::{DataManager, SeriesCoverage, SeriesInfo, SessionCoverage};
use openbell_market::{Quality, SeriesKey};
use openbell_time::{Calendar, TimeManager, TradingDate};
use serde_json::json;

use super::{DateRange, Selection, StoreArg, date_of, inclusive};
use crate::exit::{Exit, Failure, Outcome};
use crate::json_array::JsonArray;
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
///
/// *Cost*: a series is read and done with before the next; of a session 48 bytes are kept where sessions are
/// shown in a table, and nothing where they go out as JSON.
pub fn coverage(args: &CoverageArgs, terminal: &mut Terminal) -> Outcome {
    let store = args.selection.open(&args.store.store)?;
    let time = TimeManager::new();
    let mut all: Vec<(SeriesInfo, Calendar)> = Vec::new();
    for info in args.selection.series(&store)? {
        let calendar = args.selection.calendar(&time, &info)?;
        all.push((info, calendar));
    }
    let mut json = JsonArray::default();
    let mut covered = Covered::default();
    let mut exit = Exit::Done;
    for (info, calendar) in &all {
        let mut series = match coverage_of(args, &store, info, calendar) {
            Ok(Some(series)) => series,
            Ok(None) => continue,
            // One that cannot be read does not keep the others from being reported.
            Err(failure) => {
                terminal.flush()?;
                terminal.error(&format!("{}: {failure}", info.key));
                exit = exit.and(failure.exit);
                continue;
            }
        };
        if args.incomplete {
            series.sessions.retain(|session| !is_whole(session));
        }
        if args.json {
            for session in &series.sessions {
                json.element(&as_json(&series.key, session), terminal)?;
            }
        } else if !series.sessions.is_empty() {
            covered.add(&series, args.details || args.incomplete);
        }
    }
    if args.json {
        json.end(terminal)?;
    } else {
        covered.print(args, terminal)?;
    }
    Ok(exit)
}

fn is_whole(session: &SessionCoverage) -> bool {
    session.present == session.expected
        && session.n_outside + session.n_duplicates + session.n_invalid == 0
}

/// What is shown in tables, of the series that are done with.
struct Covered {
    /// A line for each series.
    summary: Table,
    /// The sessions of each, where they are shown.
    details: Vec<(SeriesKey, Vec<Line>)>,
    expected: u64,
    present: u64,
}

/// What is shown of a session.
struct Line {
    session_date: TradingDate,
    expected: u32,
    present: u32,
    n_gaps: u32,
    longest_gap: u32,
    n_outside: u64,
    n_duplicates: u64,
    n_invalid: u64,
}

impl Default for Covered {
    fn default() -> Covered {
        let summary = Table::new([
            ("symbol", Align::Left),
            ("interval", Align::Left),
            ("sessions", Align::Right),
            ("expected", Align::Right),
            ("present", Align::Right),
            ("quality", Align::Right),
            ("worst session", Align::Left),
        ]);
        Covered { summary, details: Vec::new(), expected: 0, present: 0 }
    }
}

impl Covered {
    /// Adds a series, with its sessions where `has_details` says so.
    fn add(&mut self, series: &SeriesCoverage, has_details: bool) {
        let of_all = |figure: fn(&SessionCoverage) -> u32| -> u64 {
            series.sessions.iter().map(|session| u64::from(figure(session))).sum()
        };
        let (expected, present) = (of_all(|s| s.expected), of_all(|s| s.present));
        self.expected += expected;
        self.present += present;
        let missing = |session: &&SessionCoverage| session.expected - session.present;
        let worst = series.sessions.iter().filter(|s| missing(s) > 0).rev().max_by_key(missing);
        self.summary.row([
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
        if has_details {
            let lines = series.sessions.iter().map(Line::of).collect();
            self.details.push((series.key.clone(), lines));
        }
    }

    fn print(&self, args: &CoverageArgs, terminal: &mut Terminal) -> Result<(), Failure> {
        if self.summary.is_empty() {
            let what = if args.incomplete { "nothing is missing" } else { "no sessions" };
            terminal.line(format!("{}: {what}", args.store.store.display()))?;
            return Ok(());
        }
        if !args.incomplete {
            self.summary.print(terminal, "")?;
        }
        if args.details {
            terminal.line("")?;
        }
        if args.details || args.incomplete {
            self.print_details(terminal)?;
        }
        let (present, expected) = (count(self.present), count(self.expected));
        terminal.line(format!("\n{present} of {expected} expected bars"))?;
        if !args.details && !args.incomplete {
            terminal.line(
                "--details shows each session, --incomplete those in which something is missing",
            )?;
        }
        Ok(())
    }

    /// A line for each session of each series.
    fn print_details(&self, terminal: &mut Terminal) -> std::io::Result<()> {
        let head = Table::new([
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
        let rows = self.details.iter().flat_map(|(key, lines)| {
            let names = [key.symbol.to_string(), key.interval.to_string()];
            lines.iter().map(move |line| line.cells(&names))
        });
        head.print_rows(rows, terminal)
    }
}

impl Line {
    fn of(session: &SessionCoverage) -> Line {
        Line {
            session_date: session.session_date,
            expected: session.expected,
            present: session.present,
            n_gaps: session.gaps.len() as u32,
            longest_gap: session.longest_gap(),
            n_outside: session.n_outside,
            n_duplicates: session.n_duplicates,
            n_invalid: session.n_invalid,
        }
    }

    fn cells(&self, names: &[String; 2]) -> Vec<String> {
        let mut cells = names.to_vec();
        cells.push(self.session_date.to_string());
        cells.push(count(self.expected.into()));
        cells.push(count(self.present.into()));
        cells.push(quality_words(Quality::of(self.present.into(), self.expected.into())));
        let (n_gaps, longest) = (self.n_gaps.into(), self.longest_gap.into());
        let figures = [n_gaps, longest, self.n_outside, self.n_duplicates, self.n_invalid];
        cells.extend(figures.map(count));
        cells
    }
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

fn as_json(key: &SeriesKey, session: &SessionCoverage) -> serde_json::Value {
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
        "symbol": key.symbol.as_str(),
        "interval": key.interval.to_string(),
        "session_date": session.session_date.to_string(),
        "expected": session.expected,
        "present": session.present,
        "quality_pct": session.quality().map(Quality::as_pct),
        "gaps": gaps,
        "outside": session.n_outside,
        "repeated": session.n_duplicates,
        "invalid": session.n_invalid,
    })
}
