//! `openbell plan`: what a run would read, without reading a price.

mod live;

use std::path::{Path, PathBuf};

use clap::Args;
use openbell_config::{Mode, ScheduleChange};
use openbell_coordinator::{HistoryWindow, Plan, Registry, StoreSource};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::Session;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, Outcome};
use crate::planned::{nothing_stored, warn_of_schedule};
use crate::session_file;
use crate::table::{Align, Table, count, counted, hh_mm};
use crate::terminal::Terminal;

/// Shows what a run would read, without reading a price.
///
/// The session file is held against calendar and store; shown are the sessions with their
/// schedule, and for every symbol the files, the expected bars and the stored rows.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct PlanArgs {
    /// The session file.
    #[arg(value_name = "CONFIG")]
    config: PathBuf,
    /// The store, instead of the one that the file names.
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Writes JSON instead of tables.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell plan session.json
  openbell plan session.json --store bars --json
  openbell plan live.json
      the next sessions, connections and requests, and which history is missing; asks nothing of the vendor";

/// Plans it.
pub fn plan(args: &PlanArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    let file = session_file::load(&args.config, terminal)?;
    if let Mode::Live(live) = &file.config.mode {
        let live = live.as_ref().clone();
        return live::plan_live(file, &live, args, registry, terminal);
    }
    let folder = file.store(args.store.as_deref())?;
    let time = file.calendars()?;
    let modules = file.modules(registry, &time)?;
    session_file::warn_of_idle_limits(&file, &modules.built, terminal);
    let group = file.config.exchange_group.name.to_owned();
    let store = DataManager::open(&folder, &StoreOptions { exchange_group: Some(group) })?;
    let mut source = StoreSource::new(store.clone());
    let plan =
        Plan::new(&file.config, &time, &mut source).map_err(|errors| file.plan_error(errors))?;
    file.check_planned(&plan, &modules.built)?;
    warn_of_schedule(&file, &plan, &source, terminal);
    let reads = reads(&plan, &store)?;
    if args.json {
        terminal.line(format!("{:#}", as_json(&plan, &folder, &reads)))?;
    } else {
        print(&plan, &folder, &reads, terminal)?;
    }
    terminal.flush()?;
    if is_empty(&plan, &reads) {
        return Ok(nothing_stored(&folder, terminal));
    }
    Ok(Exit::Done)
}

/// Whether the run would deliver no bar: nothing is stored of its sessions, and no scanner brings in
/// what this plan does not know.
fn is_empty(plan: &Plan, reads: &[Read]) -> bool {
    let has_scanner = plan.config().session_data_config.scanners.iter().any(|s| s.enabled);
    let of_sessions = reads.iter().filter(|read| matches!(read.purpose, Purpose::Sessions));
    !has_scanner && of_sessions.map(|read| read.n_stored).all(|n_stored| n_stored == Some(0))
}

/// What of one series would be read.
struct Read {
    key: SeriesKey,
    /// What for: the session's bars, or so many sessions before each.
    purpose: Purpose,
    files: Vec<PathBuf>,
    /// Bars that the calendar expects in the sessions read.
    n_expected: u64,
    /// Rows that are stored of the time from the first of them to the last; `None` where a file cannot
    /// be read.
    n_stored: Option<u64>,
}

enum Purpose {
    Sessions,
    /// The bars of that interval, so many sessions before each.
    History {
        interval: BarInterval,
        n_sessions: u32,
    },
}

impl Purpose {
    fn words(&self) -> String {
        match self {
            Purpose::Sessions => "the sessions".to_owned(),
            Purpose::History { interval, n_sessions } => {
                format!("{interval} history, {}", counted((*n_sessions).into(), "session"))
            }
        }
    }
}

/// What is read of the store: the sessions' own bars, and the days before.
fn reads(plan: &Plan, store: &DataManager) -> Result<Vec<Read>, Failure> {
    let mut symbols = plan.config().session_data_config.all_symbols();
    symbols.sort();
    let is_live = matches!(plan.config().mode, Mode::Live(_));
    let mut reads = Vec::new();
    for symbol in symbols {
        let stored = store.intervals(&symbol);
        let base = SeriesKey { symbol: symbol.clone(), interval: plan.base() };
        if !is_live && stored.contains(&base.interval) {
            reads.push(read(plan, store, base, Purpose::Sessions, plan.sessions())?);
        }
        for window in plan.history_of(&symbol) {
            // History takes the stored interval where there is one, and derives it where not.
            let interval =
                if stored.contains(&window.interval) { window.interval } else { plan.base() };
            if !stored.contains(&interval) {
                continue;
            }
            let first = plan.sessions()[0].date;
            let before = plan.calendar().sessions_before(first, window.n_sessions as usize)?;
            let within = &plan.sessions()[..plan.sessions().len() - 1];
            let sessions: Vec<Session> = before.iter().chain(within).copied().collect();
            let HistoryWindow { interval: wanted, n_sessions } = window;
            let purpose = Purpose::History { interval: wanted, n_sessions };
            let key = SeriesKey { symbol: symbol.clone(), interval };
            reads.push(read(plan, store, key, purpose, &sessions)?);
        }
    }
    Ok(reads)
}

fn read(
    plan: &Plan,
    store: &DataManager,
    key: SeriesKey,
    purpose: Purpose,
    sessions: &[Session],
) -> Result<Read, Failure> {
    let mut n_expected = 0;
    for session in sessions {
        n_expected += expected_bars(session, key.interval);
    }
    let (files, n_stored) = match (sessions.first(), sessions.last()) {
        (Some(first), Some(last)) => {
            let range = |since, until| since..until;
            let all_hours =
                range(first.pre_open.unwrap_or(first.open), last.post_close.unwrap_or(last.close));
            // What is wrong inside a file is said by the run, when it is read.
            let n_stored = store.n_rows(&key, range(first.open, last.close), plan.calendar()).ok();
            (store.files(&key, all_hours, plan.calendar())?, n_stored)
        }
        _ => (Vec::new(), Some(0)),
    };
    Ok(Read { key, purpose, files, n_expected, n_stored })
}

/// Bars of an interval in a session; of 1w one, which is one for each session of its week.
fn expected_bars(session: &Session, interval: BarInterval) -> u64 {
    let Some(clock) = interval.clock() else { return 1 };
    let step_ns = clock.length().as_nanos();
    session.parts().map(|part| ((part.length().as_nanos() + step_ns - 1) / step_ns) as u64).sum()
}

fn print(
    plan: &Plan,
    folder: &Path,
    reads: &[Read],
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let calendar = plan.calendar();
    terminal.line(format!(
        "{}: {} of {} ({}, {}), store {}",
        plan.config().session_name,
        counted(plan.sessions().len() as u64, "session"),
        plan.config().exchange_group.name,
        calendar.name(),
        calendar.zone_name(),
        folder.display(),
    ))?;
    let derived: Vec<String> = plan.derived().iter().map(ToString::to_string).collect();
    terminal.line(format!(
        "base {}, derived {}\n",
        plan.base(),
        if derived.is_empty() { "none".to_owned() } else { derived.join(" ") }
    ))?;
    let mut sessions = Table::new([
        ("session", Align::Left),
        ("open", Align::Left),
        ("close", Align::Left),
        ("", Align::Left),
        ("schedule", Align::Left),
    ]);
    for session in plan.sessions() {
        let clock = |at| hh_mm(calendar, at);
        let note = match (session.is_early_close, session.is_late_open) {
            (true, _) => "early close",
            (_, true) => "late open",
            _ => "",
        };
        sessions.row([
            format!("{} {}", session.date, session.date.weekday()),
            clock(session.open),
            clock(session.close),
            note.to_owned(),
            schedule_words(plan, session),
        ]);
    }
    sessions.print(terminal, "")?;
    let mut modules = Table::new([("module", Align::Left), ("is called", Align::Left)]);
    for (module, when) in modules_of(plan) {
        modules.row([module.to_owned(), when]);
    }
    if !modules.is_empty() {
        terminal.line("")?;
        modules.print(terminal, "")?;
    }
    terminal.line("")?;
    print_reads(reads, terminal)?;
    let n_expected: u64 = reads.iter().map(|read| read.n_expected).sum();
    let n_stored: u64 = reads.iter().filter_map(|read| read.n_stored).sum();
    terminal.line(format!(
        "\n{} expected in all, {} stored from the first open to the last close",
        counted(n_expected, "bar"),
        counted(n_stored, "row"),
    ))?;
    Ok(())
}

fn print_reads(reads: &[Read], terminal: &mut Terminal) -> Result<(), Failure> {
    let mut table = Table::new([
        ("symbol", Align::Left),
        ("reads", Align::Left),
        ("for", Align::Left),
        ("files", Align::Right),
        ("expected bars", Align::Right),
        ("stored rows", Align::Right),
    ]);
    for read in reads {
        table.row([
            read.key.symbol.to_string(),
            read.key.interval.to_string(),
            read.purpose.words(),
            count(read.files.len() as u64),
            count(read.n_expected),
            read.n_stored.map_or_else(|| "unreadable".to_owned(), count),
        ]);
    }
    table.print(terminal, "")?;
    Ok(())
}

/// The modules that run, in their order, and when each is called.
fn modules_of(plan: &Plan) -> impl Iterator<Item = (&str, String)> {
    let data = &plan.config().session_data_config;
    let scanners = data.scanners.iter().filter(|scanner| scanner.enabled).map(|scanner| {
        let before = scanner.pre_session.then(|| "before the open".to_owned());
        let windows = scanner.regular_session.iter().map(|window| {
            format!("from {} to {} every {}", window.start, window.end, window.interval)
        });
        let when: Vec<String> = before.into_iter().chain(windows).collect();
        (scanner.module.as_str(), when.join(", "))
    });
    let strategies = data.strategies.iter().filter(|strategy| strategy.enabled);
    scanners
        .chain(strategies.map(|strategy| (strategy.module.as_str(), "with its bars".to_owned())))
}

fn schedule_words(plan: &Plan, session: &Session) -> String {
    let (due, skipped) = plan.schedule_of(session);
    let change = |entry: usize| match plan.change(entry) {
        ScheduleChange::Add { symbols, .. } => format!("+{}", names(symbols)),
        ScheduleChange::Remove { symbols } => format!("-{}", names(symbols)),
    };
    let due =
        due.iter().map(|due| format!("{} {}", hh_mm(plan.calendar(), due.at), change(due.entry)));
    let skipped = skipped.iter().map(|&entry| {
        format!("{} {} is outside and skipped", plan.schedule()[entry].at, change(entry))
    });
    due.chain(skipped).collect::<Vec<_>>().join(", ")
}

fn names(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join("+")
}

fn as_json(plan: &Plan, folder: &Path, reads: &[Read]) -> Value {
    let session = |session: &Session| {
        let (due, skipped) = plan.schedule_of(session);
        let due: Vec<Value> =
            due.iter().map(|due| json!({"at": due.at.to_string(), "entry": due.entry})).collect();
        json!({
            "date": session.date.to_string(),
            "open": session.open.to_string(),
            "close": session.close.to_string(),
            "early_close": session.is_early_close,
            "late_open": session.is_late_open,
            "schedule": due,
            "schedule_skipped": skipped,
        })
    };
    json!({
        "session_name": plan.config().session_name,
        "exchange_group": plan.config().exchange_group.name,
        "calendar": plan.calendar().name(),
        "store": folder,
        "base_interval": plan.base().to_string(),
        "derived": plan.derived().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "modules": modules_of(plan).map(|(module, when)| json!({"module": module, "called": when}))
            .collect::<Vec<_>>(),
        "sessions": plan.sessions().iter().map(session).collect::<Vec<_>>(),
        "reads": reads.iter().map(read_json).collect::<Vec<_>>(),
    })
}

fn read_json(read: &Read) -> Value {
    json!({
        "symbol": read.key.symbol.as_str(),
        "interval": read.key.interval.to_string(),
        "history_sessions": match read.purpose {
            Purpose::Sessions => None,
            Purpose::History { n_sessions, .. } => Some(n_sessions),
        },
        "files": read.files,
        "expected_bars": read.n_expected,
        "stored_rows": read.n_stored,
    })
}
