//! Where recordings lie: `<root>/<session name>/<session date>`.

use std::path::{Path, PathBuf};

use openbell_time::TradingDate;

use super::head::{self, Head};
use super::schema;
use crate::disk;
use crate::error::RecorderError;

/// The name of the database in its folder.
pub(crate) const INPUTS: &str = "inputs.sqlite";

/// The name of the event log in its folder.
pub(crate) const EVENTS: &str = "events.jsonl";

/// The folder of a session's recording below `root`. What a file system does not take in a name is
/// written as `_`.
///
/// ```
/// use std::path::Path;
/// use openbell_recorder::session_folder;
/// use openbell_time::TradingDate;
///
/// let date: TradingDate = "2026-11-30".parse()?;
/// let folder = session_folder(Path::new("recordings"), "coins/spot", date);
/// assert_eq!(folder, Path::new("recordings/coins_spot/2026-11-30"));
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
pub fn session_folder(root: &Path, session_name: &str, session: TradingDate) -> PathBuf {
    recordings_of(root, session_name).join(session.to_string())
}

/// The folder of all recordings of the session `session_name` below `root`.
pub fn recordings_of(root: &Path, session_name: &str) -> PathBuf {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    let name: String = session_name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let name = if name.chars().all(|c| c == '.') { "_".repeat(name.len().max(1)) } else { name };
    root.join(name)
}

/// The recordings in `folder`, in its folders and in theirs, in order: each with its head.
///
/// # Errors
///
/// A folder or a head that cannot be read.
pub fn list(folder: &Path) -> Result<Vec<(PathBuf, Head)>, RecorderError> {
    let mut found = Vec::new();
    look_into(folder, 2, &mut found)?;
    Ok(found)
}

fn look_into(
    folder: &Path,
    depth: usize,
    found: &mut Vec<(PathBuf, Head)>,
) -> Result<(), RecorderError> {
    if let Some(head) = Head::read(folder)? {
        found.push((folder.to_owned(), head));
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    for name in disk::folders(folder)? {
        look_into(&folder.join(name), depth - 1, found)?;
    }
    Ok(())
}

/// Whether nothing was ever recorded in `folder`: it has no head, which is written before the first look
/// is, and no looks. A process that is killed while it makes a recording leaves such a folder.
pub(crate) fn is_unborn(folder: &Path) -> bool {
    let inputs = folder.join(INPUTS);
    if disk::is_file(&folder.join(head::NAME)) {
        return false;
    }
    // One that cannot be read and is larger than empty tables are may hold something.
    !disk::is_file(&inputs)
        || schema::has_no_looks(&inputs).unwrap_or(disk::n_bytes(&inputs) <= EMPTY_BYTES)
}

/// An `SQLite` file with empty tables has fewer bytes.
const EMPTY_BYTES: u64 = 100_000;

/// The whole lines behind the first one of the event log in `folder`; none where it cannot be read as text.
pub(crate) fn n_logged(folder: &Path) -> u64 {
    let text = disk::read(&folder.join(EVENTS)).ok().flatten(); // `Err`: it counts as cut off.
    text.map_or(0, |text| (text.matches('\n').count() as u64).saturating_sub(1))
}
