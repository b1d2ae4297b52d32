//! Which recorded run a new process goes on with, and whether it is the one that is to be run.
//!
//! A program that is started looks for the last run of its session ([`last_run`]). Where that is not
//! over, and is the one that is to be run now ([`RecordedRun::check_same`],
//! [`RecordedRun::check_history`]), the process goes on with it as if the run had been paused: it steps an engine through [`RecordedRun::looks`]
//! ([`crate::Replay::then`]) and records on behind the last of them
//! ([`crate::RecordingWriter::go_on`]). Where it begins anew all the same, [`make_way`] moves what is in
//! its way aside, and deletes nothing.
//!
//! Not here: the folders of a run ([`crate::run_sessions`]), how it is repeated ([`crate::Replay`]).

mod aside;
mod compare;
mod tidy;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_coordinator::{Checkpoint, Source};
use openbell_market::{BarInterval, Symbol};
use openbell_time::{Calendar, TradingDate};

use crate::delivered::DeliveredBars;
use crate::difference::RunDifference;
use crate::disk;
use crate::error::RecorderError;
use crate::file::checkpoint::RecordedCheckpoint;
use crate::file::folder::{is_unborn, recordings_of};
use crate::file::run::{FolderName, SinceCheckpoint, folders_before, sessions_since_checkpoint};
use crate::file::{
    CommandForm, Head, ProcessRow, RecordingReader, RunLooks, RunSession, run_session, run_sessions,
};

pub use aside::{MovedAside, make_way};
pub use compare::RunNow;
pub use tidy::{Held, Tidied, held, tidy};

/// A run that was recorded, through one of its sessions.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordedRun {
    /// Its sessions, in order; there is one at least.
    sessions: Vec<RunSession>,
    /// The checkpoint that it goes on from, or why there is none.
    checkpoint: Result<Box<RecordedCheckpoint>, String>,
    /// The process that recorded last.
    process: Option<ProcessRow>,
}

/// From which of its sessions a run that goes on is repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestartFrom {
    /// The first: all its recordings are needed.
    FirstSession,
    /// The one behind the last checkpoint, where there is one, and else the first.
    LastCheckpoint,
    /// The last that was recorded: those before are not needed.
    LastSession,
}

/// The last run that was recorded of the session `session_name` below `root`; `None` where there is
/// none. What was moved aside is not looked at. Of a run that is over, or is gone on with from its last
/// session, only that session is looked at: those before may be deleted.
///
/// *Cost*: each of its recordings is looked through for damage.
///
/// # Errors
///
/// A recording of the run that is damaged or missing, by name.
///
/// # Examples
///
/// ```
/// let folder = tempfile::tempdir()?;
/// use openbell_recorder::{RestartFrom, last_run};
/// assert_eq!(last_run(folder.path(), "coins", RestartFrom::FirstSession)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn last_run(
    root: &Path,
    session_name: &str,
    restart: RestartFrom,
) -> Result<Option<RecordedRun>, RecorderError> {
    let Some(folder) = last_folder(&recordings_of(root, session_name))? else { return Ok(None) };
    let process = RecordingReader::open(&folder)?.processes()?.pop();
    let is_over = process.as_ref().is_some_and(ProcessRow::ends_run);
    let SinceCheckpoint { sessions, checkpoint } = match restart {
        _ if is_over => SinceCheckpoint::none(vec![run_session(&folder)?]),
        RestartFrom::FirstSession => SinceCheckpoint::none(run_sessions(&folder)?),
        RestartFrom::LastCheckpoint => sessions_since_checkpoint(&folder)?,
        RestartFrom::LastSession => SinceCheckpoint::none(vec![run_session(&folder)?]),
    };
    if !is_over {
        sessions.iter().try_for_each(|session| session.head.check_digests(&session.folder))?;
    }
    Ok(Some(RecordedRun { sessions, checkpoint, process }))
}

/// The folder of the last session in `folder` of which something is recorded.
fn last_folder(folder: &Path) -> Result<Option<PathBuf>, RecorderError> {
    for name in session_folders(folder)?.into_iter().rev() {
        let folder = folder.join(name.to_string());
        if !is_unborn(&folder) {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// The names of the folders in `folder` that are those of sessions, oldest first.
fn session_folders(folder: &Path) -> Result<Vec<FolderName>, RecorderError> {
    let names = disk::folders(folder)?;
    let names = names.iter().filter_map(|name| FolderName::of(name));
    Ok(names.filter(|name| name.suffix.is_empty()).collect())
}

impl RecordedRun {
    /// The run that the recording in `folder` belongs to, from its first session through this one.
    ///
    /// *Cost*: each recording is looked through for damage.
    ///
    /// # Errors
    ///
    /// A recording of the run that is damaged or missing, by name.
    pub fn open(folder: &Path) -> Result<RecordedRun, RecorderError> {
        let SinceCheckpoint { sessions, checkpoint } = SinceCheckpoint::none(run_sessions(folder)?);
        sessions.iter().try_for_each(|session| session.head.check_digests(&session.folder))?;
        let process = RecordingReader::open(folder)?.processes()?.pop();
        Ok(RecordedRun { sessions, checkpoint, process })
    }

    /// Its sessions, from that on which was asked for.
    pub fn sessions(&self) -> &[RunSession] {
        &self.sessions
    }

    /// The last one of them.
    ///
    /// # Panics
    ///
    /// Never: a run has a session.
    pub fn last(&self) -> &RunSession {
        self.sessions.last().expect("a run has a session")
    }

    /// What was run.
    pub fn head(&self) -> &Head {
        &self.last().head
    }

    /// The date of its last session: that with which [`crate::RecordingWriter::go_on`] goes on.
    ///
    /// # Errors
    ///
    /// The head names no date.
    pub fn last_session(&self) -> Result<TradingDate, RecorderError> {
        let RunSession { folder, head, .. } = self.last();
        head.session.parse().map_err(|_| RecorderError::BadHead {
            path: folder.join(crate::file::head::NAME),
            why: format!("{:?} is no date of a session", head.session),
        })
    }

    /// The steps that are recorded of these sessions.
    pub fn n_looks(&self) -> u64 {
        self.sessions.iter().map(|session| session.n_looks).sum()
    }

    /// The checkpoint that it goes on from; where it is repeated from its first session, why there is none.
    ///
    /// # Errors
    ///
    /// The reason, in words.
    pub fn checkpoint(&self) -> Result<&Checkpoint, &str> {
        self.checkpoint.as_ref().map(|found| &found.checkpoint).map_err(String::as_str)
    }

    /// The steps of the run before the first that is repeated: 0 without a checkpoint.
    pub fn n_looks_before(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |found| found.look)
    }

    /// The bars with which its sessions have closed whose recordings are there.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read.
    pub fn delivered(&self) -> Result<DeliveredBars, RecorderError> {
        let last = self.last();
        let mut folders = folders_before(&last.folder, &last.head)?;
        folders.push(last.folder.clone());
        let named = folders.into_iter().filter_map(|folder| {
            let head = Head::read(&folder).ok().flatten()?; // `Err`: then the store has its bars.
            let is_of_run = head.first_session == last.head.first_session;
            Some((head.session.parse().ok().filter(|_| is_of_run)?, folder))
        });
        Ok(DeliveredBars::of(named.collect()))
    }

    /// The process that recorded last; absent where none has come to its first look.
    pub fn last_process(&self) -> Option<&ProcessRow> {
        self.process.as_ref()
    }

    /// Whether nothing of it is left to be run: it has come to its end, or was stopped by a command.
    ///
    /// One whose process was killed behind its last step counts as unfinished: repeated, it comes to
    /// its end at once.
    pub fn is_over(&self) -> bool {
        self.process.as_ref().is_some_and(ProcessRow::ends_run)
    }

    /// What it took in, step by step.
    pub fn looks(&self, form: &Arc<dyn CommandForm>) -> RunLooks {
        RunLooks::behind(self.n_looks_before(), &self.sessions, form)
    }

    /// Holds what was run against what is to be run `now`.
    ///
    /// Another version of the program is no difference: whether it comes to the same, the replay says.
    ///
    /// # Errors
    ///
    /// [`RecorderError::OtherRun`], with all that differs, key by key.
    pub fn check_same(&self, now: &RunNow<'_>) -> Result<(), RecorderError> {
        self.refuse(compare::differences(self.head(), now))
    }

    /// Holds the history that was read against what `source` has of it now.
    ///
    /// *Cost*: reads it once more.
    ///
    /// # Errors
    ///
    /// [`RecorderError::OtherRun`], with the first stretch of each series that differs; a recording that
    /// cannot be read.
    pub fn check_history(
        &self,
        source: &mut dyn Source,
        calendar: &Calendar,
    ) -> Result<(), RecorderError> {
        let mut read = Vec::new();
        for session in &self.sessions {
            read.extend(RecordingReader::open(&session.folder)?.history()?);
        }
        self.refuse(compare::history_differences(&read, source, calendar))
    }

    /// The intervals that the source of the run offered of each symbol: a replay is offered the same
    /// ([`crate::Replay::offers`]), whatever the store has got since.
    ///
    /// # Errors
    ///
    /// A recording that cannot be read.
    pub fn offers(&self) -> Result<BTreeMap<Symbol, Vec<BarInterval>>, RecorderError> {
        let known = self.checkpoint.as_ref().ok().map(|found| found.offers.clone());
        let mut offers = known.unwrap_or_default();
        for session in &self.sessions {
            offers.extend(RecordingReader::open(&session.folder)?.offers()?);
        }
        Ok(offers)
    }

    fn refuse(&self, differences: Vec<RunDifference>) -> Result<(), RecorderError> {
        if differences.is_empty() {
            return Ok(());
        }
        let folder = self.last().folder.clone();
        Err(RecorderError::OtherRun { folder, differences: differences.into() })
    }
}
