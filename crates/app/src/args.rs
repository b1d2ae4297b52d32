//! The command line: commands, options, help texts. What each command takes is declared beside
//! what it does.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::calendar::args::CalendarArgs;
use crate::check::CheckArgs;
use crate::client::ctl::CtlArgs;
use crate::client::status::StatusArgs;
use crate::client::why::WhyArgs;
use crate::compare::CompareArgs;
use crate::completions::CompletionsArgs;
use crate::data::DataArgs;
use crate::exit::EXIT_CODES;
use crate::logging::LogFormat;
use crate::lookahead::LookaheadArgs;
use crate::modules::ModulesArgs;
use crate::new::NewArgs;
use crate::plan::PlanArgs;
use crate::recording::RecordingArgs;
use crate::replay::ReplayArgs;
use crate::report_again::ReportAgainArgs;
use crate::run::RunArgs;
use crate::schema::SchemaArgs;
use crate::terminal::ColorChoice;
use crate::vendor_sim::VendorSimArgs;
use crate::vendors::VendorsArgs;

/// The whole command line.
#[derive(Parser, Debug)]
#[command(
    name = "openbell",
    version,
    about = "Trading sessions over market bars: fresh or nothing",
    long_about = "Runs trading sessions over market bars: replays them from Parquet, merges every \
                  symbol into one time order on the exchange's own clock, lets symbols join and \
                  leave while the session runs, derives longer bars and indicators, and gives \
                  readers data that is fresh, or nothing.",
    after_help = FIVE_THINGS,
    after_long_help = after_long_help(),
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub common: CommonArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct CommonArgs {
    /// When to use colours; auto is on a terminal, and heeds NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, global = true, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// What to log on standard error: error, warn, info, debug, trace, or module=level; by default
    /// what OPENBELL_LOG says, or warn.
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// How to write log lines.
    #[arg(long, value_enum, global = true, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// The commands.
#[derive(Subcommand, Debug)]
#[expect(
    missing_docs,
    reason = "the documentation of a command is its help text, declared with it"
)]
pub enum Command {
    Run(RunArgs),
    Replay(ReplayArgs),
    Compare(CompareArgs),
    Recording(RecordingArgs),
    Report(ReportAgainArgs),
    Plan(PlanArgs),
    Check(CheckArgs),
    CheckLookahead(LookaheadArgs),
    Schema(SchemaArgs),
    Modules(ModulesArgs),
    New(NewArgs),
    Data(DataArgs),
    Calendar(CalendarArgs),
    Vendors(VendorsArgs),
    VendorSim(VendorSimArgs),
    Status(StatusArgs),
    Why(WhyArgs),
    Ctl(CtlArgs),
    Bench(BenchArgs),
    Completions(CompletionsArgs),
}

/// What people do first, in order.
pub const FIVE_THINGS: &str = "\
Five things to do first:
  openbell data generate bars        make a small market to try things on
  openbell data ls bars              see what is stored
  openbell check session.json        is a session file valid?
  openbell plan session.json         what would a run read?
  openbell run session.json          run it

`openbell COMMAND --help` says more about each, with examples.";

/// The command line of a program called `program`: its examples and its completions bear that name.
pub fn command_of(program: &str) -> clap::Command {
    let command = Arguments::command();
    if program == OURS {
        return command;
    }
    let version = format!("(openbell {})", env!("CARGO_PKG_VERSION"));
    renamed(command.name(program.to_owned()).version(version), program)
}

/// The name that help texts are written with.
const OURS: &str = "openbell";

fn renamed(mut command: clap::Command, program: &str) -> clap::Command {
    let named = |text: &StyledStr| text.to_string().replace("openbell ", &format!("{program} "));
    if let Some(text) = command.get_after_help().map(named) {
        command = command.after_help(text);
    }
    if let Some(text) = command.get_after_long_help().map(named) {
        command = command.after_long_help(text);
    }
    if let Some(text) = command.get_long_about().map(named) {
        command = command.long_about(text);
    }
    let below: Vec<String> =
        command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    below.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |below| renamed(below, program))
    })
}

/// The commands that there are, where `words` name one that there is not, and the nearest to it.
pub fn known_commands(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let ContextValue::String(typed) = error.get(ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let mut command = Arguments::command();
    for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(below) = command.find_subcommand(word) {
            command = below.clone();
        }
    }
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let distance = |name: &&&str| strsim::damerau_levenshtein(typed, name);
    let nearest = names.iter().min_by_key(distance).filter(|name| distance(name) <= 2);
    let nearest = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    Some(format!("The commands are {}{nearest}", names.join(", ")))
}

fn after_long_help() -> String {
    format!("{FIVE_THINGS}\n\n{EXIT_CODES}")
}
