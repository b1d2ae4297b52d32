//! `openbell vendors`: whose bars can be had, and what is known of each.

mod asker;
mod catalogue;
mod connection;
mod doctor;
mod keys;
mod listed;

use clap::{Args, Subcommand};

use crate::exit::Outcome;
use crate::terminal::Terminal;
pub(crate) use asker::BlockingAsker;
pub(crate) use catalogue::VendorName;
pub(crate) use connection::{Connection, ConnectionArgs};
pub(crate) use listed::{connections, requests};

/// Lists the vendors of bars that there are.
///
/// For each: the intervals of its bars, what proves that a bar is closed, what an interval without a
/// trade has, how much history there is, the limits that are kept, and which environment variables a
/// key is read from. Whether they are set is said, and never what they hold.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct VendorsArgs {
    /// Writes one JSON array.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<VendorsCommand>,
}

#[derive(Subcommand, Debug)]
enum VendorsCommand {
    Doctor(Box<doctor::DoctorArgs>),
}

const EXAMPLES: &str = "\
Examples:
  openbell vendors
  openbell vendors --json
  openbell vendors doctor --help";

/// Does what the command says.
pub fn vendors(args: &VendorsArgs, terminal: &mut Terminal) -> Outcome {
    match &args.command {
        Some(VendorsCommand::Doctor(args)) => doctor::doctor(args, terminal),
        None => listed::list(args.json, terminal),
    }
}
