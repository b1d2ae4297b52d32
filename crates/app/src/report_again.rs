//! `openbell report`: the report of a run that has been, from its event log or its recording.

use std::path::{Path, PathBuf};

use clap::Args;
use openbell_account::Accounts;
use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Registry};
use openbell_recorder::Repeated;
use openbell_time::SystemWall;

use crate::event_log;
use crate::exit::{Exit, Failure, Outcome};
use crate::outputs::Outputs;
use crate::recording::{Again as Recorded, EVENTS};
use crate::replay;
use crate::report::{RunFacts, Streamed};
use crate::report_file::{ReportFile, Size, Told, part_of};
use crate::run::{account_results, brought_to_its_end};
use crate::table::bytes;
use crate::terminal::Terminal;

/// Writes what happened in a run that has been as one HTML file.
///
/// The run is done again, from its event log, its export or the recording of a live session, and must
/// come to the same events; the file is the one that `openbell run --report` would have written.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct ReportAgainArgs {
    /// The file to write.
    #[arg(value_name = "OUT.html")]
    out: PathBuf,
    /// The event log of the run, as `openbell run --events` writes it.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present_any = ["export", "recording"],
        conflicts_with_all = ["export", "recording"]
    )]
    events: Option<PathBuf>,
    /// The folder of its export, as `openbell run --export` fills it.
    #[arg(long, value_name = "DIR", conflicts_with = "recording")]
    export: Option<PathBuf>,
    /// The recording of a live session.
    #[arg(long, value_name = "DIR")]
    recording: Option<PathBuf>,
    /// Where the data is now.
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// How large the file may be: its charts get longer bars until it fits.
    #[arg(long, value_name = "SIZE", default_value = "5MB")]
    report_size: Size,
}

const EXAMPLES: &str = "\
Examples:
  openbell run session.json --events events.jsonl --export out
  openbell report --events events.jsonl out.html
  openbell report --export out out.html
  openbell report --recording recordings/coins/2026-11-30 out.html";

/// Runs it again, and writes the report.
pub fn report(args: &ReportAgainArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    match (&args.events, &args.export, &args.recording) {
        (Some(events), ..) => of_log(events, args, registry)?,
        (None, Some(folder), _) => of_log(&folder.join(EVENTS), args, registry)?,
        (None, None, Some(folder)) => of_recording(folder, args, registry)?,
        (None, None, None) => {
            let text = "--events FILE, --export DIR or --recording DIR is needed: of which run?";
            return Err(Failure::says(Exit::Usage, text));
        }
    }
    let size = std::fs::metadata(&args.out).map(|facts| bytes(facts.len()));
    let size = size.unwrap_or_default(); // `Err`: somebody has taken it away.
    terminal.line(format!("{}: {size}", args.out.display()))?;
    Ok(Exit::Done)
}

fn of_log(path: &Path, args: &ReportAgainArgs, registry: &Registry) -> Result<(), Failure> {
    let log = event_log::load(path)?;
    let store = args.store.clone().unwrap_or_else(|| PathBuf::from(&log.head.store));
    let outputs = Outputs::new().reads(path, "the event log").reads_store(&store);
    written(outputs, &args.out).check()?;
    let wall = SystemWall::new();
    let began = wall.passed();
    let mut engine = replay::engine_of(&log, args.store.as_deref(), registry)?;
    let html = ReportFile::create(&args.out, args.report_size, &mut engine)?;
    let mut n_seen = 0;
    replay::repeat(&mut engine, &log.commands, |engine| {
        html.note(&engine.events()[n_seen..]);
        n_seen = engine.events().len();
    });
    if let Some(differs) = replay::difference(&engine, &log) {
        return Err(Failure::says(Exit::RunFailed, differs));
    }
    let command = format!("openbell replay {}", path.display());
    let store = store.display().to_string();
    let again = Again { elapsed: wall.passed() - began, store: &store, command: &command };
    again.write(html, engine, &log.head.config)
}

fn of_recording(folder: &Path, args: &ReportAgainArgs, registry: &Registry) -> Result<(), Failure> {
    let wall = SystemWall::new();
    let began = wall.passed();
    let Recorded { run, replay, mut engine } =
        Recorded::ready(folder, args.store.as_deref(), registry)?;
    let store = args.store.as_deref().or(run.head().store.as_deref().map(Path::new));
    let mut outputs = Outputs::new().reads_store(folder);
    if let Some(store) = store {
        outputs = outputs.reads_store(store);
    }
    written(outputs, &args.out).check()?;
    let html = ReportFile::create(&args.out, args.report_size, &mut engine)?;
    let mut n_seen = 0;
    loop {
        let repeated = replay.step(&mut engine)?;
        html.note(&engine.events()[n_seen..]);
        n_seen = engine.events().len();
        if repeated == Repeated::Over {
            break;
        }
    }
    let command = format!("openbell replay {}", folder.display());
    let store = store.map(|store| store.display().to_string()).unwrap_or_default();
    let again = Again { elapsed: wall.passed() - began, store: &store, command: &command };
    let config = engine.plan().config().clone();
    again.write(html, engine, &config)
}

/// `outputs`, and where the report goes.
fn written(outputs: Outputs, out: &Path) -> Outputs {
    outputs.writes(out, "OUT.html").writes(part_of(out), "OUT.html")
}

/// What is said of a run that was done again.
struct Again<'a> {
    elapsed: openbell_time::Nanos,
    store: &'a str,
    command: &'a str,
}

impl Again<'_> {
    fn write(
        &self,
        html: ReportFile,
        mut engine: Engine,
        config: &SessionConfig,
    ) -> Result<(), Failure> {
        let now = engine.clock().now();
        let report = brought_to_its_end(&mut engine, now);
        html.add_interrupted(&engine, &report);
        let accounts = Accounts::close(&mut engine);
        let accounts = account_results(accounts.as_deref(), config);
        let calendar = engine.plan().calendar();
        let facts = RunFacts {
            config,
            calendar,
            elapsed: self.elapsed,
            accounts: &accounts,
            streamed: Streamed::default(),
            exported: None,
        };
        let told = Told { facts: &facts, store: self.store, command: self.command, live: None };
        html.finish(&report, told)
    }
}
