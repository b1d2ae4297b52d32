//! `openbell check-lookahead`: does anything see a bar before its close?

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use openbell_coordinator::{
    Cause, Finding, LookaheadCheck, LookaheadReport, RecordedCheck, Subject,
};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_recorder::{RecordedRun, ReplayError};
use openbell_session_file::FileRuns;
use openbell_time::{Calendar, SystemWall};
use serde_json::{Value, json};

use crate::Program;
use crate::exit::{Exit, Failure, Outcome};
use crate::progress::Progress;
use crate::recording::{Made, Reruns};
use crate::session_file;
use crate::table::counted;
use crate::terminal::{Ink, Terminal};

/// Checks that nothing is seen before its time, by running sessions again without their future.
///
/// For each cut an instant of the run is drawn, and the sessions up to it are run again with all
/// bars that close after it cut off, or scrambled. Whatever could be seen by then must be the same,
/// bit for bit: bars, derived bars, indicators, quality, history, status, event log, signals, and
/// what the session file's strategies and scanners asked for. What is not is said, with the one
/// command that shows it again, and the exit code is 5.
///
/// A recording of a live session is repeated from what it took in: for each cut up to one of its looks,
/// with stored data tampered with from there on.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct LookaheadArgs {
    /// The session file, or the folder of a recording.
    #[arg(value_name = "CONFIG")]
    config: PathBuf,
    /// How many cuts to make.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    cuts: u32,
    /// The seed of the first cut; the next cut has the next number.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many sessions before that of its cut a rerun begins [default: 1]; a recording is always
    /// repeated from its first look.
    #[arg(long, value_name = "N")]
    lead: Option<usize>,
    /// The store, instead of the one that the file names.
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Writes what was found as JSON.
    #[arg(long)]
    json: bool,
    /// Shows no progress bar.
    #[arg(long)]
    no_progress: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell check-lookahead session.json
  openbell check-lookahead session.json --cuts 1000
  openbell check-lookahead session.json --seed 1017 --cuts 1
      one cut again
  openbell check-lookahead recordings/coins/2026-11-30";

/// Makes the check.
pub fn check_lookahead(
    args: &LookaheadArgs,
    program: &Program,
    terminal: &mut Terminal,
) -> Outcome {
    if args.config.is_dir() {
        of_recording(args, program, terminal)
    } else {
        of_file(args, program, terminal)
    }
}

fn of_file(args: &LookaheadArgs, program: &Program, terminal: &mut Terminal) -> Outcome {
    let file = session_file::load(&args.config, terminal)?;
    let folder = file.store(args.store.as_deref())?;
    let time = file.calendars()?;
    let group = file.config.exchange_group.name.to_owned();
    let store = DataManager::open(&folder, &StoreOptions { exchange_group: Some(group) })?;
    let mut check = LookaheadCheck {
        n_cuts: args.cuts,
        seed: args.seed,
        ..LookaheadCheck::of(&file.config, &time)
    };
    check.n_lead = args.lead.unwrap_or(check.n_lead);
    let progress = args.progress(&file.config.session_name, terminal);
    let wall = SystemWall::new();
    let mut runs = FileRuns::new(&file, &program.registry, &time, store)?;
    let checked = check.run(&mut runs, |n_cuts| args.show(&progress, n_cuts));
    progress.clear();
    let elapsed_s = wall.passed().as_secs_f64();
    let report = checked.map_err(|error| file.lookahead_error(error))?;
    let calendar = time.calendar(file.config.exchange_group.calendar)?;
    Shown { args, program: &program.name, calendar: &calendar, elapsed_s }.tell(&report, terminal)
}

fn of_recording(args: &LookaheadArgs, program: &Program, terminal: &mut Terminal) -> Outcome {
    if args.lead.is_some() {
        let text = "--lead is for session files; a recording is repeated from its first look: \
                    leave --lead out";
        return Err(Failure::says(Exit::Config, text));
    }
    let run = RecordedRun::open(&args.config)?;
    let made = Made::of(&args.config, run.head(), args.store.as_deref())?;
    made.history()?; // What is missing of it is no finding.
    let calendar = made.calendar()?;
    let check = RecordedCheck {
        n_cuts: args.cuts,
        seed: args.seed,
        ..RecordedCheck::of(&calendar, run.n_looks())
    };
    let progress = args.progress(made.name(), terminal);
    let wall = SystemWall::new();
    let checked = check.run(&mut Reruns::new(&run, &made, &program.registry), |n_cuts| {
        args.show(&progress, n_cuts)
    });
    progress.clear();
    let elapsed_s = wall.passed().as_secs_f64();
    let report = checked.map_err(|error| match error.downcast::<ReplayError>() {
        Ok(differs) => Failure::from(*differs),
        Err(other) => Failure::says(Exit::Data, other.to_string()),
    })?;
    Shown { args, program: &program.name, calendar: &calendar, elapsed_s }.tell(&report, terminal)
}

impl LookaheadArgs {
    fn progress(&self, name: &str, terminal: &Terminal) -> Progress {
        if self.no_progress { Progress::hidden() } else { Progress::of_run(terminal, name) }
    }

    /// Shows that so many cuts are done.
    fn show(&self, progress: &Progress, n_cuts: u32) -> ControlFlow<()> {
        let share = f64::from(n_cuts) / f64::from(self.cuts);
        progress.run(share, counted(u64::from(n_cuts), "cut"));
        ControlFlow::Continue(())
    }
}

/// A report as people and machines read it.
struct Shown<'s> {
    args: &'s LookaheadArgs,
    /// What it is called on the command line: another program does not know its modules.
    program: &'s str,
    calendar: &'s Calendar,
    elapsed_s: f64,
}

impl Shown<'_> {
    fn tell(&self, report: &LookaheadReport, terminal: &mut Terminal) -> Outcome {
        if self.args.json {
            terminal.line(format!("{:#}", self.as_json(report)))?
        } else {
            self.print(report, terminal)?
        }
        Ok(if report.findings.is_empty() { Exit::Done } else { Exit::RunFailed })
    }

    fn print(&self, report: &LookaheadReport, terminal: &mut Terminal) -> Result<(), Failure> {
        for finding in &report.findings {
            let at = self.calendar.local_time(finding.at);
            let difference = &finding.difference;
            let subject = terminal.paint(Ink::Error, &difference.subject.to_string());
            terminal.line(format!("{at}  {subject}: {}", difference.what))?;
            let (ours, theirs) = match finding.cause {
                Cause::Lookahead => ("with all data", "without the future"),
                Cause::Unrepeatable => ("in one run", "in the next, on the same data"),
            };
            let width = ours.len().max(theirs.len());
            let value = |value: &Option<String>| value.as_deref().unwrap_or("nothing").to_owned();
            terminal.line(format!("  {ours:<width$}  {}", value(&difference.with)))?;
            terminal.line(format!("  {theirs:<width$}  {}", value(&difference.without)))?;
            if finding.cause == Cause::Unrepeatable {
                terminal
                    .line("  it keeps something of an earlier run, or reads what is not data")?;
            }
            let (tamper, cut) = (finding.cut.tamper, self.calendar.local_time(finding.cut.at));
            terminal.line(format!("  the data were {tamper} after {cut}; to see it again:"))?;
            terminal.line(format!("  {}\n", self.command(finding)))?;
        }
        let cuts = counted(u64::from(report.n_cuts), "cut");
        let outcome = match report.findings.len() {
            0 => terminal.paint(Ink::Good, "no look-ahead found"),
            n => terminal.paint(Ink::Error, &counted(n as u64, "finding")),
        };
        let ended = if report.is_complete { "" } else { ", ended before the last cut" };
        terminal.line(format!("{}: {outcome}: {cuts}{ended}", self.args.config.display()))?;
        terminal.line(format!(
            "  {} run in {:.1} s, {} held against the run with all data",
            counted(report.n_sessions, "session"),
            self.elapsed_s,
            counted(report.n_steps, "step"),
        ))?;
        Ok(())
    }

    fn as_json(&self, report: &LookaheadReport) -> Value {
        let finding = |finding: &Finding| {
            let difference = &finding.difference;
            let (mut consumer, mut symbol, mut interval) = (None, None, None);
            match &difference.subject {
                Subject::Consumer { name } => consumer = Some(name.clone()),
                Subject::Symbol { symbol: of } => symbol = Some(of.to_string()),
                Subject::Series { symbol: of, interval: length } => {
                    (symbol, interval) = (Some(of.to_string()), Some(length.to_string()));
                }
                Subject::Session => {}
            }
            json!({
                "at": finding.at.to_string(),
                "consumer": consumer,
                "symbol": symbol,
                "interval": interval,
                "what": difference.what,
                "with": difference.with,
                "without": difference.without,
                "cause": match finding.cause {
                    Cause::Lookahead => "lookahead",
                    Cause::Unrepeatable => "unrepeatable",
                },
                "cut": {
                    "seed": finding.cut.seed,
                    "session": finding.cut.session.to_string(),
                    "at": finding.cut.at.to_string(),
                    "tamper": finding.cut.tamper.to_string(),
                },
                "command": self.command(finding),
            })
        };
        json!({
            "n_cuts": report.n_cuts,
            "n_sessions": report.n_sessions,
            "n_steps": report.n_steps,
            "is_complete": report.is_complete,
            "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
            "wall": { "seconds": self.elapsed_s },
        })
    }

    /// The one command that makes the cut of `finding` again.
    fn command(&self, finding: &Finding) -> String {
        let quoted = |path: &Path| {
            let path = path.display().to_string();
            if path.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c)) {
                path
            } else {
                format!("'{}'", path.replace('\'', r"'\''"))
            }
        };
        let mut command = format!(
            "{} check-lookahead {} --seed {} --cuts 1",
            self.program,
            quoted(&self.args.config),
            finding.cut.seed
        );
        if let Some(n_lead) = self.args.lead {
            command.push_str(&format!(" --lead {n_lead}"));
        }
        if let Some(store) = &self.args.store {
            command.push_str(&format!(" --store {}", quoted(store)));
        }
        command
    }
}
