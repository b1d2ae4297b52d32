//! The program around the core: arguments, threads, signals, output, exit codes.
//!
//! [`main_with`] is all that `main` does, here and in a program with strategies of your own. Results go to standard output, logs and messages to
//! standard error; [`exit::Exit`] lists the exit codes.
//!
//! Not here: anything else that another program would want to call. Sessions are run by
//! `openbell-coordinator`, their files read by `openbell-session-file`, data is read and written by
//! `openbell-data-manager`.
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
pub mod client;
pub mod compare;
pub mod completions;
pub mod data;
pub mod event_log;
pub mod exit;
mod followed;
mod indicator_name;
mod interrupt;
pub mod json_array;
pub mod logging;
pub mod lookahead;
mod memory;
pub mod modules;
pub mod new;
pub mod outputs;
pub mod plan;
pub mod planned;
mod process;
pub mod progress;
pub mod recording;
mod registered;
pub mod replay;
pub mod report;
pub mod report_again;
pub mod report_file;
pub mod run;
pub mod schema;
pub mod serve;
pub mod session_file;
pub mod stamp_options;
mod stored;
pub mod table;
pub mod terminal;
pub mod vendor_sim;
pub mod vendors;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::FromArgMatches;
use openbell_coordinator::Registry;

use args::{Arguments, Command};
use exit::{Exit, Outcome};
use terminal::{ColorChoice, Terminal};

/// The program and its version, as event logs and recordings name it.
pub const PROGRAM: &str = concat!("openbell ", env!("CARGO_PKG_VERSION"));

/// The program with every command, whose session files may ask for the strategies and scanners of
/// `registry`: all that the `main` of a program of your own does.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     let mut registry = openbell_coordinator::Registry::new();
///     // registry.add(mean_reversion::module());
///     openbell::main_with(registry)
/// }
/// ```
pub fn main_with(registry: Registry) -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let name = args.first().and_then(|path| Path::new(path).file_stem());
    let name =
        name.map_or_else(|| "openbell".to_owned(), |name| name.to_string_lossy().into_owned());
    let program = Program { name, registry };
    ExitCode::from(program.run(args).code())
}

/// A program around the engine: its name on the command line, and the modules that it knows.
#[derive(Debug)]
pub struct Program {
    /// What it is called.
    pub name: String,
    /// What its session files may ask for.
    pub registry: Registry,
}

impl Program {
    /// Does what a command line says, and answers how it ended.
    fn run(&self, args: Vec<OsString>) -> Exit {
        ColorChoice::announce(&args);
        let words = args.clone();
        let matches = args::command_of(&self.name).try_get_matches_from(args);
        let arguments = match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
            Ok(arguments) => arguments,
            Err(error) => {
                // Help and version are results, all else is an error; clap knows which goes where.
                let printed = error.print();
                if let Some(known) = args::known_commands(&error, &words) {
                    anstream::eprintln!("\n{known}");
                }
                let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
                return printed.map_or(Exit::Output, |()| exit);
            }
        };
        let mut terminal = Terminal::new();
        let outcome = perform(&arguments, self, &mut terminal).and_then(|exit| {
            terminal.flush()?;
            Ok(exit)
        });
        match outcome {
            Ok(exit) => exit,
            // The reader of the results has had enough.
            Err(failure) if failure.is_closed_pipe() => Exit::Done,
            Err(failure) => {
                // What came before the error is worth having; that it cannot be had is said already.
                let _ = terminal.flush();
                terminal.error(&failure.to_string());
                failure.exit
            }
        }
    }
}

fn perform(arguments: &Arguments, program: &Program, terminal: &mut Terminal) -> Outcome {
    let filter = match &arguments.common.log {
        Some(filter) => filter.clone(),
        None => std::env::var("OPENBELL_LOG").unwrap_or_else(|_| "warn".to_owned()),
    };
    logging::start(&filter, arguments.common.log_format, terminal.is_coloured_err())?;
    let registry = &program.registry;
    match &arguments.command {
        None => {
            let command = args::command_of(&program.name);
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            terminal.line(format!("{}: {about}\n", program.name))?;
            let first = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            terminal.line(first)?;
            Ok(Exit::Done)
        }
        Some(Command::Run(args)) => run::run(args, registry, terminal),
        Some(Command::Replay(args)) => replay::replay(args, registry, terminal),
        Some(Command::Compare(args)) => compare::compare(args, registry, terminal),
        Some(Command::Recording(args)) => recording::recording(args, terminal),
        Some(Command::Report(args)) => report_again::report(args, registry, terminal),
        Some(Command::Plan(args)) => plan::plan(args, registry, terminal),
        Some(Command::Check(args)) => check::check(args, registry, terminal),
        Some(Command::CheckLookahead(args)) => lookahead::check_lookahead(args, program, terminal),
        Some(Command::Schema(args)) => schema::schema(args, registry, terminal),
        Some(Command::Modules(args)) => modules::modules(args, registry, terminal),
        Some(Command::New(args)) => new::new(args, &program.name, terminal),
        Some(Command::Calendar(args)) => calendar::args::calendar(args, terminal),
        Some(Command::Data(args)) => data::data(args, terminal),
        Some(Command::VendorSim(args)) => vendor_sim::vendor_sim(args, terminal),
        Some(Command::Vendors(args)) => vendors::vendors(args, terminal),
        Some(Command::Status(args)) => client::status::status(args, terminal),
        Some(Command::Why(args)) => client::why::why(args, terminal),
        Some(Command::Ctl(args)) => client::ctl::ctl(args, terminal),
        Some(Command::Bench(args)) => bench::bench(args, terminal),
        Some(Command::Completions(args)) => {
            completions::completions(args, args::command_of(&program.name), terminal)
        }
    }
}
