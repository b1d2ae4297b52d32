//! `openbell recording`: what live sessions took in, from the command line.

mod again;
mod ls;
mod reruns;
mod show;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use openbell_coordinator::SessionCommand;
use openbell_recorder::{CommandForm, Head, RecorderError, ReplayError, list};
use openbell_wire::engine::{command_of_text, command_text};

use crate::exit::{Exit, Failure, Outcome};
use crate::terminal::Terminal;

pub use again::replay_recording;
pub(crate) use again::{Again, Made};
pub(crate) use reruns::Reruns;

/// The event log beside the inputs.
pub(crate) const EVENTS: &str = "events.jsonl";

/// Lists, shows and checks recordings of live sessions.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, subcommand_required = true, after_help = EXAMPLES)]
pub struct RecordingArgs {
    #[command(subcommand)]
    command: RecordingCommand,
}

#[derive(Subcommand, Debug)]
enum RecordingCommand {
    /// Lists the recordings in a folder.
    #[command(after_help = LS_EXAMPLES)]
    Ls(FolderArgs),
    /// Says what was run in a recording, by which processes, and what it holds.
    #[command(after_help = SHOW_EXAMPLES)]
    Show(FolderArgs),
    /// Reads every look of the recordings in a folder, and holds it against what was written.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(FolderArgs),
}

/// A folder of recordings, or one of them.
#[derive(Args, Debug)]
struct FolderArgs {
    /// The folder: of one session, of all of a name, or of all.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  openbell recording ls recordings
  openbell recording show recordings/coins/2026-11-30
  openbell recording verify recordings/coins
  openbell replay recordings/coins/2026-11-30";

const LS_EXAMPLES: &str = "\
Examples:
  openbell recording ls recordings
  openbell recording ls recordings/coins";

const SHOW_EXAMPLES: &str = "\
Example:
  openbell recording show recordings/coins/2026-11-30";

const VERIFY_EXAMPLES: &str = "\
Examples:
  openbell recording verify recordings
  openbell recording verify recordings/coins/2026-11-30";

/// Does what the command says.
pub fn recording(args: &RecordingArgs, terminal: &mut Terminal) -> Outcome {
    match &args.command {
        RecordingCommand::Ls(args) => ls::ls(&args.folder, terminal),
        RecordingCommand::Show(args) => show::show(&args.folder, terminal),
        RecordingCommand::Verify(args) => verify::verify(&args.folder, terminal),
    }
}

/// Commands as the event log writes them.
struct AsLogged;

impl CommandForm for AsLogged {
    fn text(&self, command: &SessionCommand) -> String {
        command_text(command)
    }

    fn command(&self, text: &str) -> Result<SessionCommand, String> {
        command_of_text(text).map_err(|error| error.to_string())
    }
}

/// The form in which the program records commands: that of the event log.
pub fn command_form() -> Arc<dyn CommandForm> {
    Arc::new(AsLogged)
}

/// The recordings in `folder`, each with its head.
///
/// # Errors
///
/// There is none, or one that cannot be read.
pub(crate) fn found_in(folder: &Path) -> Result<Vec<(PathBuf, Head)>, Failure> {
    let found = list(folder)?;
    if found.is_empty() {
        let text = format!("there is no recording in {}", folder.display());
        return Err(Failure::says(Exit::Data, text));
    }
    Ok(found)
}

/// What a run that is repeated comes to is no damage of its recording.
impl From<RecorderError> for Failure {
    fn from(error: RecorderError) -> Failure {
        let exit = match error {
            RecorderError::LogDiffers { .. } => Exit::RunFailed,
            _ => Exit::Data,
        };
        Failure::new(exit, error)
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Failure {
        match error {
            ReplayError::Unreadable(error) => error.into(),
            differs => Failure::new(Exit::RunFailed, differs),
        }
    }
}
