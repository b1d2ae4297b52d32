//! Moves recorded runs out of the way of a new one; nothing is deleted.

use std::path::{Path, PathBuf};

use openbell_time::TradingDate;

use super::{RestartFrom, last_run, session_folders};
use crate::disk;
use crate::error::RecorderError;
use crate::file::Head;
use crate::file::folder::{is_unborn, recordings_of};
use crate::file::run::FolderName;

/// The folder of a recording that was moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MovedAside {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is.
    pub to: PathBuf,
}

/// Makes way below `root` for a run of `session_name` whose first session is `first`: a run that is not
/// over and recordings that are damaged are moved aside, and so is the run that has a recording of
/// `first` or of a later session, whole. Returns what was moved, the last session first.
///
/// The folders of a run keep their place beside each other: `2026-11-30` becomes `2026-11-30.aside-1`,
/// and can be shown, replayed and imported as before. A process that is killed here leaves a part of
/// the run, which the next call moves to the same place.
///
/// # Errors
///
/// Another process that records there; a folder that cannot be moved.
pub fn make_way(
    root: &Path,
    session_name: &str,
    first: TradingDate,
) -> Result<Vec<MovedAside>, RecorderError> {
    let beside = recordings_of(root, session_name);
    let names = session_folders(&beside)?;
    let mut names: Vec<FolderName> =
        names.into_iter().filter(|name| !is_unborn(&beside.join(name.to_string()))).collect();
    let is_over = matches!(last_run(root, session_name, RestartFrom::LastSession), Ok(Some(run)) if run.is_over());
    let mut moved = Vec::new();
    while let Some(last) = names.last().cloned() {
        let is_in_the_way = last.date >= first || (moved.is_empty() && !is_over);
        if !is_in_the_way {
            break;
        }
        let run = names.split_off(first_of_run(&beside, &names));
        move_run(&beside, &run, &mut moved)?;
    }
    Ok(moved)
}

/// The place among `names` from which on they are the folders of the last one's run; of a run whose
/// head cannot be read that is the last.
fn first_of_run(beside: &Path, names: &[FolderName]) -> usize {
    let first_session = |name: &FolderName| {
        let head = Head::read(&beside.join(name.to_string()));
        head.ok().flatten().map(|head| head.first_session) // `Err`: it is moved all the same.
    };
    let Some(last) = names.last() else { return 0 };
    let Some(first) = first_session(last) else { return names.len() - 1 };
    let n_before = names.iter().rev().take_while(|name| {
        let is_since = name.date.to_string() >= first;
        is_since && first_session(name).is_none_or(|of_name| of_name == first)
    });
    names.len() - n_before.count().max(1)
}

/// Moves the folders of one run, the last first, to names with the first number that is free for all.
fn move_run(
    beside: &Path,
    run: &[FolderName],
    moved: &mut Vec<MovedAside>,
) -> Result<(), RecorderError> {
    let taken = disk::folders(beside)?;
    let aside = |name: &FolderName, n: u32| format!("{name}.aside-{n}");
    let is_free = |n: &u32| run.iter().all(|name| !taken.contains(&aside(name, *n)));
    let Some(n) = (1..u32::MAX).find(is_free) else { return Ok(()) };
    for name in run.iter().rev() {
        let (from, to) = (beside.join(name.to_string()), beside.join(aside(name, n)));
        let lock = disk::lock(&from)?;
        disk::rename_folder(&from, &to)?;
        drop(lock);
        moved.push(MovedAside { from, to });
    }
    Ok(())
}
