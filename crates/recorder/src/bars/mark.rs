//! The mark of a recording whose bars are in a store: `stored.json` beside its inputs.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::RecorderError;
use crate::file::RecordingReader;

/// The name of the file in its folder.
const NAME: &str = "stored.json";

/// What is in a store.
#[derive(Serialize, Deserialize)]
pub(super) struct Mark {
    /// The steps of the recording whose rows are stored.
    pub(super) n_looks: u64,
    /// The folder of the store, absolute.
    pub(super) store: String,
}

impl Mark {
    /// Writes it into `folder`.
    pub(super) fn write(&self, folder: &Path) -> Result<(), RecorderError> {
        let text = serde_json::to_string_pretty(self).expect("text and numbers are JSON");
        disk::write(&folder.join(NAME), &(text + "\n"))
    }
}

/// Whether the bars of all that is recorded in `folder` are in a store; not where more was recorded
/// since.
pub(crate) fn is_stored(folder: &Path) -> Result<bool, RecorderError> {
    let Some(text) = disk::read(&folder.join(NAME))? else { return Ok(false) };
    let mark: Option<Mark> = serde_json::from_str(&text).ok(); // Any other text is no mark.
    let Some(mark) = mark else { return Ok(false) };
    Ok(RecordingReader::open(folder)?.n_looks()? == mark.n_looks)
}
