//! The event log in its file.
//!
//! Not here: the form of its lines, and what is made of them (`openbell_wire`).

use std::path::Path;

use openbell_wire::engine::EventLog;

use crate::exit::{Exit, Failure};

/// The log in the file at `path`.
///
/// # Errors
///
/// One that cannot be read.
pub fn load(path: &Path) -> Result<EventLog, Failure> {
    let wrong = |why: String| {
        let text = format!("cannot read the event log {}: {why}", path.display());
        Failure::says(Exit::Data, text)
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    EventLog::read(&text).map_err(|error| wrong(error.to_string()))
}
