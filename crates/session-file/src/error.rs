//! What can be wrong with a session file and with what it asks for.

use std::io;
use std::path::PathBuf;

use openbell_account::SettingsError;
use openbell_config::ConfigErrors;
use openbell_coordinator::{LookaheadError, ModuleError, ModuleErrors, PlanErrors, with_causes};
use openbell_data_manager::DataError;
use openbell_time::TimeError;
use thiserror::Error;

/// Why modules or accounts cannot be put into a run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NotRegistered {
    /// A module.
    #[error(transparent)]
    Module(#[from] Box<ModuleError>),
    /// The account.
    #[error("account: {0}")]
    Account(#[from] SettingsError),
}

/// Why a session file cannot be read, checked or run. Each error of the file stands in a line of its own,
/// `file:line:column` before it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionFileError {
    /// It cannot be read.
    #[error("cannot read the session file {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no text.
    #[error("{}:{line}: this is no UTF-8 text", .path.display())]
    NoText {
        /// The file.
        path: PathBuf,
        /// The line up to which it is.
        line: usize,
    },
    /// Its keys or values are wrong.
    #[error("{}\n{}", head(.errors.as_slice().len()), lines(.path, .errors))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All that is wrong.
        errors: ConfigErrors,
        /// Whether it looks like JSON at all.
        is_json: bool,
    },
    /// It names no store, and none was given.
    #[error(
        "{} names no store; write \"data_config\": {{\"store\": \"FOLDER\"}} into it",
        .path.display()
    )]
    NoStore {
        /// The file.
        path: PathBuf,
    },
    /// Its modules or its account cannot be put into the run.
    #[error(transparent)]
    NotRegistered(#[from] NotRegistered),
    /// Its calendar overlay cannot be read.
    #[error("{place}cannot read the calendar overlay {}: {source}", .path.display())]
    UnreadableOverlay {
        /// Where it is named.
        place: String,
        /// The overlay.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its calendar overlay is wrong.
    #[error("{place}the calendar overlay is wrong: {source}")]
    WrongOverlay {
        /// Where it is named.
        place: String,
        /// What is wrong with it.
        source: TimeError,
    },
    /// Its modules cannot be built, or ask for what the session never has.
    #[error("the session file asks for modules that cannot be built\n{}", placed(.errors.0.iter(), .places))]
    Modules {
        /// All that is wrong with them.
        errors: ModuleErrors,
        /// `file:line:column: path: ` of each; empty where it is no value of the file's.
        places: Vec<String>,
    },
    /// Calendar and data do not yield what it asks for.
    #[error("the run cannot begin\n{}", placed(.errors.0.iter(), .places))]
    Plan {
        /// All reasons.
        errors: PlanErrors,
        /// `file:line:column: ` of each; empty where it is no value of the file's.
        places: Vec<String>,
    },
    /// The calendar has no answer.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The look-ahead check cannot be made.
    #[error(transparent)]
    Lookahead(LookaheadError),
}

fn head(n_errors: usize) -> String {
    match n_errors {
        1 => "the session file is wrong".to_owned(),
        n => format!("the session file is wrong in {n} places"),
    }
}

fn lines(path: &std::path::Path, errors: &ConfigErrors) -> String {
    let lines: Vec<String> =
        errors.as_slice().iter().map(|error| format!("{}:{error}", path.display())).collect();
    lines.join("\n")
}

fn placed<'e, E: std::error::Error + 'static>(
    errors: impl Iterator<Item = &'e E>,
    places: &[String],
) -> String {
    let line = |(error, place): (&E, &String)| format!("{place}{}", with_causes(error));
    let lines: Vec<String> = errors.zip(places).map(line).collect();
    lines.join("\n")
}
