//! Brings what is recorded to the medium, off the thread of the core.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::Digest;
use openbell_time::Timestamp;
use rusqlite::{Connection, OpenFlags, params};

use super::folder::EVENTS;
use super::schema::{FORM, database};
use crate::disk;
use crate::error::RecorderError;

/// A log of so many bytes is brought into the database, so that it does not grow for ever.
const LOG_LIMIT: u64 = 16 << 20;

/// What the writer and the keeper share.
pub(super) struct Kept {
    /// The program that writes.
    program: String,
    /// The number of the last look that is committed.
    pub(super) n_committed: AtomicU64,
    n_synced: AtomicU64,
    place: Mutex<Place>,
}

struct Place {
    /// The database that is written.
    path: PathBuf,
    /// Those of earlier sessions that are still to be closed.
    left: Vec<PathBuf>,
    /// The folder of each session of this process, with the number of its first event.
    folders: Vec<(u64, PathBuf)>,
    /// Why nothing can be brought to the medium any more.
    failed: Option<String>,
}

impl Kept {
    pub(super) fn new(path: &Path, program: &str) -> Kept {
        let place =
            Place { path: path.to_owned(), left: Vec::new(), folders: Vec::new(), failed: None };
        Kept {
            program: program.to_owned(),
            n_committed: AtomicU64::new(0),
            n_synced: AtomicU64::new(0),
            place: Mutex::new(place),
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner) // No change of it stops half way.
    }

    /// The writer goes on in another file.
    pub(super) fn moves_to(&self, path: &Path) {
        let mut place = self.place();
        let left = std::mem::replace(&mut place.path, path.to_owned());
        place.left.push(left);
    }

    /// The first look of a session is committed, before which the run had `n_events` events.
    pub(super) fn begins(&self, n_events: u64) {
        let folder = self.folder();
        self.place().folders.push((n_events, folder));
    }

    /// The folder that is written to.
    pub(super) fn folder(&self) -> PathBuf {
        self.place().path.parent().unwrap_or(Path::new("")).to_owned()
    }

    /// The folder of the session that the event `number` belongs to; `None` where that was recorded
    /// before.
    pub(super) fn folder_of(&self, number: u64) -> Option<PathBuf> {
        let place = self.place();
        let known = place.folders.iter().rev().find(|(first, _)| *first <= number);
        known.map(|(_, folder)| folder.clone())
    }

    /// What the keeper has met.
    pub(super) fn check(&self) -> Result<(), RecorderError> {
        match &self.place().failed {
            None => Ok(()),
            Some(why) => Err(RecorderError::Unsynced { why: why.clone() }),
        }
    }
}

/// Brings what is recorded to the medium: [`Keeper::sync`] is to be called at least once a second, on
/// a thread that the program gives it. Where it fails, the next look is refused.
pub struct Keeper {
    kept: Arc<Kept>,
}

impl Keeper {
    pub(super) fn new(kept: Arc<Kept>) -> Keeper {
        Keeper { kept }
    }

    /// The looks that are committed and not known to be on the medium.
    pub fn n_unsynced(&self) -> u64 {
        let n_synced = self.kept.n_synced.load(Ordering::Acquire);
        self.kept.n_committed.load(Ordering::Acquire).saturating_sub(n_synced)
    }

    /// Brings to the medium what is committed by now. Returns how many looks that were.
    ///
    /// *Cost*: waits for the medium; nothing where nothing is new.
    ///
    /// # Errors
    ///
    /// A medium that does not take it.
    pub fn sync(&mut self) -> Result<u64, RecorderError> {
        let n_unsynced = self.n_unsynced();
        if n_unsynced == 0 {
            return Ok(0);
        }
        let n_committed = self.kept.n_committed.load(Ordering::Acquire);
        let synced = self.sync_files();
        if let Err(error) = &synced {
            self.kept.place().failed.get_or_insert(error.to_string());
        }
        synced?;
        self.kept.n_synced.store(n_committed, Ordering::Release);
        Ok(n_unsynced)
    }

    fn sync_files(&self) -> Result<(), RecorderError> {
        let (path, left) = {
            let mut place = self.kept.place();
            (place.path.clone(), std::mem::take(&mut place.left))
        };
        for path in left {
            bring_in(&path, "TRUNCATE")?;
        }
        disk::sync_file(&path.with_file_name(EVENTS))?;
        let log = log_of(&path);
        disk::sync_file(&log)?;
        if disk::n_bytes(&log) > LOG_LIMIT {
            bring_in(&path, "PASSIVE")?;
        }
        Ok(())
    }

    /// The process ends in order: what is left is brought to the medium, and how it ended is noted, with
    /// the digest of its run. The engine is gone by then.
    ///
    /// # Errors
    ///
    /// A medium that does not take it.
    pub fn end(mut self, at: Timestamp, why: &str, digest: Digest) -> Result<(), RecorderError> {
        self.sync()?;
        let path = self.kept.place().path.clone();
        let end = ProcessEnd { at: at.as_nanos(), why, digest: digest.to_string() };
        let has_looks = self.kept.n_committed.load(Ordering::Acquire) > 0;
        end_process(&path, &end, (!has_looks).then_some(&self.kept.program))?;
        bring_in(&path, "TRUNCATE")
    }
}

/// The log of a database, which holds what is committed last.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Brings the log of the database at `path` into it.
fn bring_in(path: &Path, how: &str) -> Result<(), RecorderError> {
    let brought = || {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(std::time::Duration::from_secs(1))?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))
    };
    brought().map_err(|source| database(path, source))
}

/// How a process has ended.
struct ProcessEnd<'e> {
    at: i64,
    why: &'e str,
    digest: String,
}

/// Notes in the recording at `path` how the process that wrote last has ended; of the one of `program`,
/// which has come to no look of its own, that it was there.
fn end_process(
    path: &Path,
    end: &ProcessEnd<'_>,
    program: Option<&String>,
) -> Result<(), RecorderError> {
    let ProcessEnd { at, why, digest } = end;
    let ended = || {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        let Some(program) = program else {
            let update = "UPDATE process SET ended = ?1, why = ?2, digest = ?3
                          WHERE id = (SELECT max(id) FROM process)";
            return connection.execute(update, params![at, why, digest]);
        };
        let insert = "INSERT INTO process(first_look, began, ended, why, digest, form, program)
                      SELECT coalesce(max(number), 0) + 1, ?1, ?1, ?2, ?3, ?4, ?5 FROM look";
        connection.execute(insert, params![at, why, digest, FORM, program])
    };
    ended().map(drop).map_err(|source| database(path, source))
}
