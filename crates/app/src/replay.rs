//! `openbell replay`: a run again from its event log, to the same digest.
//!
//! Not here: a live run from its recording ([`crate::recording`]).

use std::path::{Path, PathBuf};

use clap::Args;
use openbell_account::FillsKept;
use openbell_coordinator::{Engine, Registry, Step, StoreSource};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_time::{SystemWall, TimeManager, WallClock};
use openbell_wire::engine::{EventLog, LoggedCommand};

use crate::event_log;
use crate::exit::{Exit, Failure, Outcome};
use crate::planned::plan_failure;
use crate::recording::replay_recording;
use crate::registered;
use crate::table::counted;
use crate::terminal::{Ink, Terminal};

/// Runs a session again from its event log, or a live one from its recording, to the same digest.
///
/// The config is the same, and the commands come at the same steps; so the events and the digest
/// must be the same, and the exit code is 5 where they are not. The log is what `openbell run --events FILE` has written. It names the store; --store names
/// another place of the same data.
///
/// A recording is a folder; a live session comes again from what it took in, look by look, and a
/// difference is named by its look.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// The event log, or the folder of a recording.
    #[arg(value_name = "EVENTS")]
    events: PathBuf,
    /// Where the data is now.
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Example:
  openbell run session.json --events events.jsonl
  openbell replay events.jsonl
  openbell replay recordings/coins/2026-11-30";

/// Runs it again.
pub fn replay(args: &ReplayArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    if args.events.is_dir() {
        return replay_recording(&args.events, args.store.as_deref(), registry, terminal);
    }
    let log = event_log::load(&args.events)?;
    let mut engine = engine_of(&log, args.store.as_deref(), registry)?;
    repeat(&mut engine, &log.commands, |_| {});
    compare(&engine, &log, terminal)
}

/// The engine of the run that `log` is of, over the store that it names, or over `store`.
pub(crate) fn engine_of(
    log: &EventLog,
    store: Option<&Path>,
    registry: &Registry,
) -> Result<Engine, Failure> {
    let time = match &log.head.overlay {
        Some(overlay) => TimeManager::with_overlay(overlay)?,
        None => TimeManager::new(),
    };
    let store = store.unwrap_or(Path::new(&log.head.store));
    let group = log.head.config.exchange_group.name.to_owned();
    let store = DataManager::open(store, &StoreOptions { exchange_group: Some(group) })?;
    let mut config = log.head.config.clone();
    if let openbell_config::Mode::Backtest(backtest) = &mut config.mode {
        backtest.speed_multiplier = 0.0; // Pace is no part of what is repeated.
    }
    let mut engine = Engine::new(&config, &time, Box::new(StoreSource::new(store)))
        .map_err(|errors| plan_failure(&errors, &[]))?;
    registered::register(
        registered::of_log(registry, &config, &time, &log.head.texts)?,
        &mut engine,
        FillsKept::All,
    )?;
    Ok(engine)
}

/// Steps to the end, giving each command at the step at which it was taken; `between` is called after each
/// step.
pub(crate) fn repeat(
    engine: &mut Engine,
    commands: &[LoggedCommand],
    mut between: impl FnMut(&Engine),
) {
    let wall = SystemWall::new();
    let handle = engine.handle();
    let mut commands = commands.iter().peekable();
    loop {
        while let Some(next) = commands.peek()
            && next.taken.step == engine.n_steps()
            && handle.status().session == Some(next.taken.session)
        {
            drop(handle.command(next.command.clone())); // Its answer comes by the event log.
            commands.next();
        }
        let step = engine.step(wall.now());
        between(engine);
        if let Step::Ended(_) = step {
            return;
        }
    }
}

/// In what the run that was repeated differs from that of `log`; nothing where it is the same.
pub(crate) fn difference(engine: &Engine, log: &EventLog) -> Option<String> {
    let differs = log.difference(engine.events());
    let digest = engine.report().digest.to_string();
    let logged = log.digest.as_ref().filter(|logged| **logged != digest);
    let other = |logged: &String| {
        format!(
            "the replay has the events of the log and another digest: logged {logged}, replayed {digest}; \
             the bars are not those of the run"
        )
    };
    differs.map(|differs| differs.to_string()).or_else(|| logged.map(other))
}

fn compare(engine: &Engine, log: &EventLog, terminal: &mut Terminal) -> Outcome {
    if let Some(differs) = difference(engine, log) {
        return Err(Failure::says(Exit::RunFailed, differs));
    }
    let n_events = engine.events().len();
    let digest = engine.report().digest.to_string();
    match &log.digest {
        Some(_) => {
            let same = terminal.paint(Ink::Good, "the same");
            terminal.line(format!("{same}: {n_events} events, digest {digest}"))?;
            Ok(Exit::Done)
        }
        None => {
            terminal.line(format!(
                "the same as far as the log goes: it is cut off after {}; the replay went on to its \
                 end, digest {digest}",
                counted(log.lines.len() as u64, "event"),
            ))?;
            Ok(Exit::Done)
        }
    }
}
