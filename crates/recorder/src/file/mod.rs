//! Recordings on disk: a folder for each session, an `SQLite` file of inputs in it.
//!
//! Not here: what is done with them ([`crate::replay`]).

pub(crate) mod checkpoint;
pub(crate) mod folder;
pub(crate) mod head;
mod keeper;
mod link;
mod log;
mod raw;
mod raw_log;
pub(crate) mod reader;
pub(crate) mod run;
mod schema;
mod series;
mod tables;
pub(crate) mod writer;

pub use folder::{list, recordings_of, session_folder};
pub use head::{Ahead, Head};
pub use keeper::Keeper;
pub use log::{LogTail, RunLog};
pub use raw_log::{Direction, RawLog};
pub use reader::{ProcessRow, RecordedLooks, RecordingReader, Summary};
pub(crate) use run::run_session;
pub use run::{RunLooks, RunSession, run_looks, run_sessions};
pub use writer::{Durability, RecordingSetup, RecordingWriter};

use openbell_coordinator::SessionCommand;

/// How commands stand in a recording: as text, in the form of the event log.
pub trait CommandForm: Send + Sync {
    /// The text of a command.
    fn text(&self, command: &SessionCommand) -> String;

    /// The command of a text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence.
    fn command(&self, text: &str) -> Result<SessionCommand, String>;
}
