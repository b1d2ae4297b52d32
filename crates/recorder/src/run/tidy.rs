//! Deletes recordings that are old enough, in a store, and needed by no run.

use std::path::{Path, PathBuf};

use openbell_time::TradingDate;

use super::{RecordedRun, RestartFrom, last_run, session_folders};
use crate::bars::is_stored;
use crate::disk;
use crate::error::RecorderError;
use crate::file::folder::{is_unborn, recordings_of};
use crate::file::head::NAME as HEAD;

/// What a folder is called while it is deleted.
const GOING: &str = ".going";

/// What is kept of the recordings of a session, and what was deleted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tidied {
    /// Folders that are deleted.
    pub deleted: Vec<PathBuf>,
    /// Folders that are old enough and not in a store.
    pub not_stored: Vec<PathBuf>,
    /// Folders that are old enough, and that a run still needs.
    pub needed: Vec<PathBuf>,
}

/// What the recordings of a session take up.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Held {
    /// Folders, also those that were moved aside.
    pub n_folders: u64,
    /// Bytes of all their files.
    pub n_bytes: u64,
}

/// Deletes below `root` the recordings of `session_name` whose session is more than `keep_days` days
/// before `today`: whole folders, whose bars are in a store ([`crate::into_store`]) and which the run
/// that goes on, if there is one, does not need. What was moved aside is never deleted.
///
/// A process that is killed here leaves a folder whose name ends in `.going`; the next call deletes it.
///
/// # Errors
///
/// A recording of the last run that is damaged or missing: nothing is deleted then; a folder that cannot
/// be deleted.
pub fn tidy(
    root: &Path,
    session_name: &str,
    keep_days: u32,
    today: TradingDate,
    restart: RestartFrom,
) -> Result<Tidied, RecorderError> {
    let beside = recordings_of(root, session_name);
    let needed_since = needed_since(last_run(root, session_name, restart)?.as_ref(), restart);
    for name in disk::folders(&beside)?.iter().filter(|name| name.ends_with(GOING)) {
        disk::remove_folder(&beside.join(name))?;
    }
    let oldest = today.plus_days(-i32::try_from(keep_days).unwrap_or(i32::MAX));
    let mut tidied = Tidied::default();
    for name in session_folders(&beside)?.into_iter().filter(|name| name.date < oldest) {
        let folder = beside.join(name.to_string());
        if needed_since.as_ref().is_some_and(|since| name.date.to_string() >= *since) {
            tidied.needed.push(folder);
        } else if is_unborn(&folder) || !is_stored(&folder).unwrap_or(false) {
            tidied.not_stored.push(folder); // `Err`: a damaged one is left to be looked at.
        } else {
            delete(&folder)?;
            tidied.deleted.push(folder);
        }
    }
    Ok(tidied)
}

/// What the recordings of `session_name` below `root` take up: said by a program before it deletes some,
/// or none.
///
/// # Errors
///
/// A folder that cannot be read.
pub fn held(root: &Path, session_name: &str) -> Result<Held, RecorderError> {
    let beside = recordings_of(root, session_name);
    let mut held = Held::default();
    for name in disk::folders(&beside)? {
        let folder = beside.join(name);
        if disk::is_file(&folder.join(HEAD)) {
            held.n_folders += 1;
            held.n_bytes += disk::n_bytes_in(&folder)?;
        }
    }
    Ok(held)
}

/// The first session whose recording the last run needs to go on; `None` where it is over.
fn needed_since(run: Option<&RecordedRun>, restart: RestartFrom) -> Option<String> {
    let run = run.filter(|run| !run.is_over())?;
    let head = run.head();
    Some(match restart {
        RestartFrom::FirstSession => head.first_session.clone(),
        RestartFrom::LastCheckpoint if run.checkpoint().is_err() => head.first_session.clone(),
        RestartFrom::LastCheckpoint => run.sessions()[0].head.session.clone(),
        RestartFrom::LastSession => head.session.clone(),
    })
}

/// Deletes a folder: it is none of a recording from the first instant on.
fn delete(folder: &Path) -> Result<(), RecorderError> {
    let lock = disk::lock(folder)?;
    let mut going = folder.as_os_str().to_owned();
    going.push(GOING);
    let going = PathBuf::from(going);
    disk::rename_folder(folder, &going)?;
    drop(lock);
    disk::remove_folder(&going)
}
