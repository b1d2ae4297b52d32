//! Session files as the program reads them: what is wrong with one is said with its way out on the command
//! line, and with the exit code.
//!
//! Not here: reading and checking (`openbell-session-file`).

use std::path::Path;

use openbell_coordinator::BuiltModule;
use openbell_session_file::{SessionFile, SessionFileError};

use crate::exit::{Exit, Failure};
use crate::planned::plan_failure;
use crate::terminal::Terminal;

/// Reads and checks the file at `path`; its warnings go to the terminal.
///
/// # Errors
///
/// A file that cannot be read, or is wrong; every error in it is said.
pub fn load(path: &Path, terminal: &Terminal) -> Result<SessionFile, Failure> {
    let file = SessionFile::load(path)?;
    for warning in file.warnings() {
        terminal.warning(warning);
    }
    Ok(file)
}

/// Warns of the limits of `file` that none of its modules reads.
pub fn warn_of_idle_limits(file: &SessionFile, made: &[BuiltModule], terminal: &Terminal) {
    for warning in file.idle_limit_warnings(made) {
        terminal.warning(&warning);
    }
}

/// The absolute path of a folder, for what is read by another process from elsewhere.
pub fn absolute(folder: &Path) -> String {
    let path = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    path.display().to_string()
}

impl From<SessionFileError> for Failure {
    fn from(error: SessionFileError) -> Failure {
        let hint = match &error {
            SessionFileError::Unreadable { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => {
                    "; `openbell schema` says what a session file holds"
                }
                std::io::ErrorKind::IsADirectory => "; name a file in it",
                _ => "",
            },
            SessionFileError::Wrong { is_json: false, .. } => {
                "\na session file is JSON; `openbell schema` says what it holds, and `openbell data \
                 generate` prints one"
            }
            SessionFileError::NoStore { .. } => ", or give --store FOLDER",
            _ => "",
        };
        match error {
            SessionFileError::Plan { errors, places } => plan_failure(&errors, &places),
            SessionFileError::Time(error) => Failure::from(error),
            SessionFileError::Data(error) => Failure::from(error),
            other if hint.is_empty() => Failure::new(Exit::Config, other),
            other => Failure::says(Exit::Config, format!("{other}{hint}")),
        }
    }
}
