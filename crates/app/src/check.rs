//! `openbell check`: is a session file right?

use std::path::{Path, PathBuf};

use clap::Args;
use openbell_config::Mode;
use openbell_coordinator::{Plan, Registry};
use openbell_recorder::held;
use openbell_session_file::SessionFile;
use openbell_time::{SystemWall, WallClock};

use crate::exit::{Exit, Failure, Outcome};
use crate::session_file;
use crate::table::{bytes, counted};
use crate::terminal::{Ink, Terminal};
use crate::vendors::Connection;

/// Checks session files.
///
/// Looked at is what the file, the files that it names and the calendar can say: every key, every
/// value and every rule between them; that the dates hold a session, and the days before them that
/// are asked for are known; that modules are there, take their settings, and ask for nothing that
/// the session never has. All errors are said, each with file, line and column, what was found and
/// what is allowed. No data is looked at: that the store is there, knows the symbols, holds an
/// interval of which the bars can be made and files that can be opened, `openbell plan` says, and
/// `openbell run` says the same.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct CheckArgs {
    /// The session files.
    #[arg(required = true, value_name = "CONFIG")]
    configs: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  openbell check session.json
  openbell check session_configs/*.json";

/// Checks each file, the next one also where one is wrong.
pub fn check(args: &CheckArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    let mut exit = Exit::Done;
    for path in &args.configs {
        if path.ends_with("session.schema.json") {
            terminal.note(&format!("{}: skipped, it is the schema", path.display()));
            continue;
        }
        match checked(path, registry, terminal) {
            Ok(file) => {
                let data = &file.config.session_data_config;
                let valid = terminal.paint(Ink::Good, "valid");
                let n_modules = data.scanners.len() + data.strategies.len();
                let modules = match n_modules {
                    0 => String::new(),
                    n => format!(", {}", counted(n as u64, "module")),
                };
                let live = live_words(&file)?;
                terminal.line(format!(
                    "{}: {valid}: {:?}, {}, {}{modules}{live}",
                    path.display(),
                    file.config.session_name,
                    counted(data.all_symbols().len() as u64, "symbol"),
                    counted(data.streams.len() as u64, "stream"),
                ))?;
            }
            Err(failure) => {
                terminal.flush()?;
                terminal.error(&failure.to_string());
                exit = exit.and(failure.exit);
            }
        }
    }
    Ok(exit)
}

/// Of a live session whose bars it follows, which of the variables with a key are set, whose values are
/// never said, and what its recordings take up.
fn live_words(file: &SessionFile) -> Result<String, Failure> {
    let Mode::Live(live) = &file.config.mode else { return Ok(String::new()) };
    let variables = Connection::of_session(live, None)?.variables().into_iter();
    let word = |is_set: bool| if is_set { "set" } else { "not set" };
    let variables = variables.map(|(name, is_set)| format!(", {name} is {}", word(is_set)));
    let held = live
        .record
        .as_ref()
        .map(|record| held(&file.beside(&record.folder), &file.config.session_name));
    let held = held.transpose()?.filter(|held| held.n_folders > 0).map(|held| {
        format!(", {} of {}", counted(held.n_folders, "recording"), bytes(held.n_bytes))
    });
    let (variables, held) = (variables.collect::<String>(), held.unwrap_or_default());
    Ok(format!(", live from {}{variables}{held}", live.data_api))
}

/// A session file with its modules, which are made and dropped.
fn checked(path: &Path, registry: &Registry, terminal: &Terminal) -> Result<SessionFile, Failure> {
    let file = session_file::load(path, terminal)?;
    let time = file.calendars()?;
    let sessions = file.sessions(SystemWall::new().now());
    Plan::check_dates(&file.config, &time, sessions).map_err(|errors| file.plan_error(errors))?;
    let modules = file.modules(registry, &time)?;
    session_file::warn_of_idle_limits(&file, &modules.built, terminal);
    Ok(file)
}
