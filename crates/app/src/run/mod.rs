//! `openbell run`: sessions from their files, to a report each.

mod backtest;
mod export;
mod line_file;
mod live;
mod streams;
mod traded;

pub(crate) use live::brought_to_its_end;

use std::path::{Path, PathBuf};

use clap::Args;
use openbell_account::{AccountResults, Accounts};
use openbell_config::{Mode, SPEED_MIN, SessionConfig, is_speed};
use openbell_coordinator::{OnError, Registry, Report};
use openbell_data_manager::export::RunExport;
use openbell_session_file::{ModuleTexts, SessionFile};
use openbell_wire::engine::LogHead;

use crate::PROGRAM;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::outputs::Outputs;
use crate::report::Streamed;
use crate::report_file::{ReportArgs, part_of};
use crate::serve::ServeArgs;
use crate::session_file::{self, absolute};
use crate::terminal::Terminal;

/// Runs sessions, and reports what happened.
///
/// The report says days, symbols, bars, derived bars, quality, gate switches with their
/// reasons, rejected rows by reason, speed and digest. A session file with `"mode": "live"` follows a
/// vendor: what changes is said line by line, what comes in is recorded, and a run that was ended or
/// killed goes on when it is run again. Ctrl-C ends a run in order, with its report; a second one ends
/// it at once.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct RunArgs {
    /// The session files, run one after the other.
    #[arg(required = true, value_name = "CONFIG")]
    configs: Vec<PathBuf>,
    /// The store, instead of the one that the file names.
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// The speed, instead of the file's: 0 as fast as possible, 1 real time, 60 an hour a
    /// minute.
    #[arg(long, value_name = "N", value_parser = speed, allow_negative_numbers = true)]
    speed: Option<f64>,
    /// Writes the report as JSON, one object a session file.
    #[arg(long)]
    json: bool,
    /// Writes the event log into this file, one JSON object a line, for `openbell replay`.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Writes each signal into this file as it is given, one JSON object a line; the report then lists none.
    #[arg(long, value_name = "FILE")]
    signals: Option<PathBuf>,
    /// Writes what becomes of each order into this file as it happens, one JSON object a line: taken, refused,
    /// filled, ended.
    #[arg(long, value_name = "FILE")]
    fills: Option<PathBuf>,
    /// Writes what was visible at each session's close into this folder: bars, indicators, quality, and with
    /// them the event log and the report, for `openbell compare`.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
    #[command(flatten)]
    html: ReportArgs,
    /// Live: writes what there is to watch into this file every five seconds, as Prometheus reads it.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Live: begins anew where a run could be gone on with; its recording is moved aside.
    #[arg(long)]
    fresh: bool,
    /// Shows no progress bar, and live no panel.
    #[arg(long)]
    no_progress: bool,
    #[command(flatten)]
    serve: ServeArgs,
}

const EXAMPLES: &str = "\
Examples:
  openbell run session.json
  openbell run session.json --speed 3600
      an hour of the session a second
  openbell run session.json --json > report.json
  openbell run session.json --export out --events events.jsonl
      bars and quality as files, and the event log
  openbell run session.json --signals signals.jsonl --fills fills.jsonl
      a run of many strategies that takes no more memory the longer it is
  openbell run session.json --report out.html
      what happened as one file for a browser: tables, drawings, charts
  openbell run monday.json tuesday.json --store bars
  openbell run session.json --speed 60 --serve
      answers over HTTP meanwhile; `openbell status`, `why` and `ctl` ask
  openbell run live_sim.json
      live, from an exchange that is simulated on this machine

No session file yet? `openbell data generate bars` makes a market and prints one for it.";

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if is_speed(speed) => Ok(speed),
        Ok(speed) if speed > 0.0 && speed < SPEED_MIN => {
            Err(format!("so slow nothing happens; 0, or at least {SPEED_MIN}, is needed"))
        }
        _ => Err("a number of at least 0 is needed".to_owned()),
    }
}

/// Runs each file, the next one also where one fails.
pub fn run(args: &RunArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    if args.configs.len() > 1 && args.serve.is_asked() {
        return Err(Failure::says(Exit::Usage, "--serve serves one run; give one session file"));
    }
    if args.configs.len() > 1 && wants_all_sessions(args) {
        let text = "--events, --signals, --fills, --export and --report write the files of one run; give one \
                    session file";
        return Err(Failure::says(Exit::Usage, text));
    }
    let interrupt = Interrupt::listen();
    let mut exit = Exit::Done;
    for (i, path) in args.configs.iter().enumerate() {
        if i > 0 && !args.json {
            terminal.line("")?;
        }
        match run_file(path, args, registry, &interrupt, terminal) {
            Ok(ended) => exit = exit.and(ended),
            Err(failure) if failure.is_closed_pipe() => return Err(failure),
            Err(failure) => {
                terminal.flush()?;
                terminal.error(&failure.to_string());
                exit = exit.and(failure.exit);
            }
        }
        if exit == Exit::Interrupted {
            break;
        }
    }
    Ok(exit)
}

fn run_file(
    path: &Path,
    args: &RunArgs,
    registry: &Registry,
    interrupt: &Interrupt,
    terminal: &mut Terminal,
) -> Outcome {
    let file = session_file::load(path, terminal)?;
    match &file.config.mode {
        Mode::Backtest(_) => backtest::run_backtest(file, args, registry, interrupt, terminal),
        Mode::Live(live) => {
            let live = live.as_ref().clone();
            live::run_live(file, &live, args, registry, interrupt, terminal)
        }
    }
}

/// What a run reads and where it writes.
fn outputs(
    args: &RunArgs,
    file: &SessionFile,
    store: Option<&Path>,
    texts: &ModuleTexts,
) -> Outputs {
    let mut outputs = Outputs::new().reads(&file.path, "the session file");
    if let Some(store) = store {
        outputs = outputs.reads_store(store);
    }
    if let Some(overlay) = file.overlay_path() {
        outputs = outputs.reads(overlay, "the calendar overlay");
    }
    for path in texts.keys() {
        outputs = outputs.reads(file.beside(path), "a file of a module");
    }
    let part = args.html.report.as_deref().map(part_of);
    let files = [
        (&args.events, "--events"),
        (&args.signals, "--signals"),
        (&args.fills, "--fills"),
        (&args.metrics, "--metrics"),
        (&args.html.report, "--report"),
        (&part, "--report"),
    ];
    for (file, option) in files {
        outputs = match file {
            Some(file) => outputs.writes(file, option),
            None => outputs,
        };
    }
    if let Some(folder) = &args.export {
        for name in RunExport::FOLDERS {
            outputs = outputs.writes_into(folder.join(name), "--export");
        }
        for name in RunExport::FILES {
            outputs = outputs.writes(folder.join(name), "--export");
        }
    }
    outputs
}

fn head_of(file: &SessionFile, folder: &Path, texts: ModuleTexts) -> Result<LogHead, Failure> {
    let (overlay, store) = (file.overlay_text()?, absolute(folder));
    Ok(LogHead { program: PROGRAM.to_owned(), config: file.config.clone(), store, overlay, texts })
}

/// What the accounts of a run came to; nothing where it has none.
pub(crate) fn account_results<'a>(
    accounts: Option<&'a Accounts>,
    config: &SessionConfig,
) -> Vec<AccountResults<'a>> {
    let sessions_per_year = f64::from(config.exchange_group.sessions_per_year);
    accounts.map(|accounts| accounts.results(sessions_per_year)).unwrap_or_default()
}

/// Whether a file is asked for that has to do with every session of the run, and not with those alone that
/// this process runs.
fn wants_all_sessions(args: &RunArgs) -> bool {
    let files = [&args.events, &args.signals, &args.fills, &args.export, &args.html.report];
    files.iter().any(|file| file.is_some())
}

/// Where what the report does not list was written.
fn streamed(args: &RunArgs) -> Streamed<'_> {
    Streamed { signals: args.signals.as_deref(), fills: args.fills.as_deref() }
}

/// Says why a run has not come to its end.
fn failed(report: &Report, terminal: &Terminal) -> Exit {
    let failure = report.failure.as_ref();
    let why =
        failure.map_or_else(|| "it was stopped before its end".to_owned(), ToString::to_string);
    terminal.error(&format!("the run has failed: {why}"));
    Exit::RunFailed
}

/// What an error of a consumer of the program itself ends.
const OUR_CONSUMERS: OnError = OnError::StopRun;
