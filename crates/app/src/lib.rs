//! The program around the core: arguments, threads, signals, output, exit codes.
//!
//! [`run_program`] is all that `main` does. Results go to standard output, logs and messages to
//! standard error; [`exit::Exit`] lists the exit codes.
//!
//! Not here: anything that another program would want to call. Sessions are run by
//! `openbell-coordinator`, data is read and written by `openbell-data-manager`.
#![expect(
    clippy::missing_errors_doc,
    reason = "an error of a command ends the program; exit.rs says how"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the program is where files, the environment and threads are"
)]

pub mod args;
pub mod bench;
pub mod calendar;
pub mod check;
pub mod completions;
pub mod data;
pub mod event_log;
pub mod exit;
mod followed;
mod interrupt;
pub mod logging;
pub mod lookahead;
mod memory;
pub mod modules;
pub mod outputs;
pub mod plan;
pub mod planned;
pub mod progress;
pub mod recording;
pub mod replay;
pub mod report;
pub mod run;
pub mod schema;
pub mod session_file;
pub mod stamp_options;
mod stored;
pub mod table;
pub mod terminal;
pub mod vendor_sim;
pub mod vendors;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Arguments, Command};
use exit::{Exit, Outcome};
use terminal::{ColorChoice, Terminal};

/// The program and its version, as event logs and recordings name it.
pub const PROGRAM: &str = concat!("openbell ", env!("CARGO_PKG_VERSION"));

/// Does what a command line says, and answers with the exit code.
pub fn run_program(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    ColorChoice::announce(&args);
    let words = args.clone();
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are results, all else is an error; clap knows which goes where.
            let printed = error.print();
            if let Some(known) = args::known_commands(&error, &words) {
                anstream::eprintln!("\n{known}");
            }
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return ExitCode::from(printed.map_or(Exit::Output, |()| exit).code());
        }
    };
    let mut terminal = Terminal::new();
    let outcome = perform(&arguments, &mut terminal).and_then(|exit| {
        terminal.flush()?;
        Ok(exit)
    });
    let exit = match outcome {
        Ok(exit) => exit,
        // The reader of the results has had enough.
        Err(failure) if failure.is_closed_pipe() => Exit::Done,
        Err(failure) => {
            // What came before the error is worth having; that it cannot be had is said already.
            let _ = terminal.flush();
            terminal.error(&failure.to_string());
            failure.exit
        }
    };
    ExitCode::from(exit.code())
}

fn perform(arguments: &Arguments, terminal: &mut Terminal) -> Outcome {
    let filter = match &arguments.common.log {
        Some(filter) => filter.clone(),
        None => std::env::var("OPENBELL_LOG").unwrap_or_else(|_| "warn".to_owned()),
    };
    logging::start(&filter, arguments.common.log_format, terminal.is_coloured_err())?;
    match &arguments.command {
        None => {
            let about = Arguments::command().get_about().map(ToString::to_string);
            terminal.line(format!("openbell: {}\n", about.unwrap_or_default()))?;
            terminal.line(args::FIVE_THINGS)?;
            Ok(Exit::Done)
        }
        Some(Command::Run(args)) => run::run(args, terminal),
        Some(Command::Replay(args)) => replay::replay(args, terminal),
        Some(Command::Recording(args)) => recording::recording(args, terminal),
        Some(Command::Plan(args)) => plan::plan(args, terminal),
        Some(Command::Check(args)) => check::check(args, terminal),
        Some(Command::CheckLookahead(args)) => lookahead::check_lookahead(args, terminal),
        Some(Command::Schema(args)) => schema::schema(args, terminal),
        Some(Command::Calendar(args)) => calendar::args::calendar(args, terminal),
        Some(Command::Data(args)) => data::data(args, terminal),
        Some(Command::VendorSim(args)) => vendor_sim::vendor_sim(args, terminal),
        Some(Command::Vendors(args)) => vendors::vendors(args, terminal),
        Some(Command::Bench(args)) => bench::bench(args, terminal),
        Some(Command::Completions(args)) => {
            completions::completions(args, Arguments::command(), terminal)
        }
    }
}
