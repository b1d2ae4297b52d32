//! `openbell run`: sessions from their files, to a report each.

mod event_file;
mod export;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use openbell_config::{Mode, SPEED_MIN, is_speed};
use openbell_coordinator::{Engine, OnError, Phase, Report, StoreSource, run as run_engine};
use openbell_data_manager::export::RunExport;
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_time::SystemWall;
use openbell_wire::engine::LogHead;

use crate::PROGRAM;
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::modules::{self, ModuleTexts};
use crate::outputs::Outputs;
use crate::planned::{nothing_stored, plan_failure, warn_of_schedule};
use crate::progress::Progress;
use crate::report::{self, RunFacts};
use crate::session_file::SessionFile;
use crate::table::counted;
use crate::terminal::Terminal;
use event_file::EventFile;
use export::Export;

/// Runs sessions, and reports what happened.
///
/// The report says days, symbols, bars, derived bars, quality, gate switches with their
/// reasons, rejected rows by reason, speed and digest. Ctrl-C ends a run in order, with its report;
/// a second one ends it at once.
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
    /// Writes what was visible at each session's close into this folder: bars, indicators and
    /// quality.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
    /// Shows no progress bar.
    #[arg(long)]
    no_progress: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell run session.json
  openbell run session.json --speed 3600
      an hour of the session a second
  openbell run session.json --json > report.json
  openbell run session.json --export out --events events.jsonl
      bars and quality as files, and the event log
  openbell run monday.json tuesday.json --store bars

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
pub fn run(args: &RunArgs, terminal: &mut Terminal) -> Outcome {
    if args.configs.len() > 1 && (args.events.is_some() || args.export.is_some()) {
        let text = "--events and --export write the files of one run; give one session file";
        return Err(Failure::says(Exit::Usage, text));
    }
    let interrupt = Interrupt::listen();
    let mut exit = Exit::Done;
    for (i, path) in args.configs.iter().enumerate() {
        if i > 0 && !args.json {
            terminal.line("")?;
        }
        match run_file(path, args, &interrupt, terminal) {
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
    interrupt: &Interrupt,
    terminal: &mut Terminal,
) -> Outcome {
    let mut file = SessionFile::load(path, terminal)?;
    if let (Some(speed), Mode::Backtest(backtest)) = (args.speed, &mut file.config.mode) {
        backtest.speed_multiplier = speed;
    }
    let folder = file.store(args.store.as_deref())?;
    let time = file.calendars()?;
    let (made, texts) = modules::of_file(&file, &time)?;
    modules::warn_of_idle_limits(&file, &made, terminal);
    outputs(args, &file, &folder, &texts).check()?;
    let group = file.config.exchange_group.name.to_owned();
    let store = DataManager::open(&folder, &StoreOptions { exchange_group: Some(group) })?;
    let source = StoreSource::new(store.clone());
    let mut engine = Engine::new(&file.config, &time, Box::new(source))
        .map_err(|errors| plan_failure(&errors, Some(&file)))?;
    modules::check_planned(&file, engine.plan(), &made)?;
    warn_of_schedule(&file, engine.plan(), &StoreSource::new(store), terminal);
    modules::register(made, &mut engine)?;
    let head = head_of(&file, &folder, texts)?;
    let export = match &args.export {
        Some(folder) => Some(Export::create(folder, &head, &mut engine)?),
        None => None,
    };
    let mut events = match &args.events {
        Some(path) => Some(EventFile::create(path, &head)?),
        None => None,
    };

    let wall = Arc::new(SystemWall::new());
    let _listening = interrupt.stops(engine.handle(), Arc::clone(&wall));
    let progress = if args.no_progress {
        Progress::hidden()
    } else {
        Progress::of_run(terminal, &file.config.session_name)
    };
    let began = wall.passed();
    let mut failed = None;
    let mut n_steps = 0_u64;
    run_engine(&mut engine, wall.as_ref(), |engine| {
        n_steps += 1;
        if n_steps.is_multiple_of(PROGRESS_STEPS) {
            show_progress(&progress, engine);
        }
        if let Some(events) = &mut events
            && let Err(failure) = events.append(engine)
        {
            failed = Some(failure);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    progress.clear();
    let elapsed = wall.passed() - began;
    if let Some(failure) = failed {
        return Err(failure);
    }

    let report = engine.report();
    if let Some(events) = events {
        events.finish(&engine, &report)?;
    }
    let exported = export.map(|export| export.finish(&engine, &report.signals)).transpose()?;
    let facts = RunFacts {
        config: &file.config,
        calendar: engine.plan().calendar(),
        elapsed,
        exported: exported.as_ref().zip(args.export.as_deref()),
    };
    if args.json {
        terminal.line(format!("{:#}", report::as_json(&report, &facts)))?
    } else {
        report::print(&report, &facts, terminal)?
    }
    terminal.flush()?;
    // Nothing is not success.
    let is_empty = report.phase == Phase::Closed && report.n_bars == 0;
    let empty = if is_empty { nothing_stored(&folder, terminal) } else { Exit::Done };
    let lacking = report::incomplete_history(&report);
    if let Some(((symbol, interval), held)) = lacking.first_key_value() {
        terminal.warning(&format!(
            "{} not whole, the first {symbol} {interval} with bars in {} of {}; `openbell plan` says \
             what is stored of it",
            if lacking.len() == 1 { "a history window is" } else { "history windows are" },
            held.n_with_bars,
            counted(held.n_sessions.into(), "session"),
        ));
    }
    Ok(end_of(&report, interrupt, terminal).and(empty))
}

/// What a run reads and where it writes.
fn outputs(args: &RunArgs, file: &SessionFile, store: &Path, texts: &ModuleTexts) -> Outputs {
    let mut outputs = Outputs::new().reads(&file.path, "the session file").reads_store(store);
    if let Some(overlay) = file.overlay_path() {
        outputs = outputs.reads(overlay, "the calendar overlay");
    }
    for path in texts.keys() {
        outputs = outputs.reads(file.beside(path), "a file of a module");
    }
    if let Some(events) = &args.events {
        outputs = outputs.writes(events, "--events");
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

/// Steps from one look at the progress to the next.
const PROGRESS_STEPS: u64 = 512;

fn show_progress(progress: &Progress, engine: &Engine) {
    let plan = engine.plan();
    let now = engine.clock().now();
    let n_sessions = plan.sessions().len();
    let at = plan.sessions().partition_point(|session| session.close <= now).min(n_sessions - 1);
    let session = &plan.sessions()[at];
    let length = (session.close - session.open).as_secs_f64();
    let part = ((now - session.open).as_secs_f64() / length).clamp(0.0, 1.0);
    let share = (at as f64 + part) / n_sessions as f64;
    let local = plan.calendar().local_time(now).to_string();
    progress.run(share, local);
}

fn head_of(file: &SessionFile, folder: &Path, texts: ModuleTexts) -> Result<LogHead, Failure> {
    let overlay = file.overlay_text()?;
    let store = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let (config, store) = (file.config.clone(), store.display().to_string());
    Ok(LogHead { program: PROGRAM.to_owned(), config, store, overlay, texts })
}

fn end_of(report: &Report, interrupt: &Interrupt, terminal: &Terminal) -> Exit {
    match report.phase {
        Phase::Closed => Exit::Done,
        Phase::Stopped if interrupt.is_asked() => {
            terminal.note("interrupted: the run was ended in order, the report is of what it did");
            Exit::Interrupted
        }
        _ => {
            let failure = report.failure.as_ref();
            let why = failure
                .map_or_else(|| "it was stopped before its end".to_owned(), ToString::to_string);
            terminal.error(&format!("the run has failed: {why}"));
            Exit::RunFailed
        }
    }
}

/// What an error of a consumer of the program itself ends.
const OUR_CONSUMERS: OnError = OnError::StopRun;
