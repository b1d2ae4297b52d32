//! The recordings of one run: a folder for each of its sessions, beside each other.
//!
//! Not here: whether it is to be gone on with ([`crate::run`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_time::TradingDate;

use super::CommandForm;
use super::checkpoint::{Found, RecordedCheckpoint};
use super::folder::n_logged;
use super::head::Head;
use super::reader::RecordingReader;
use crate::disk;
use crate::error::RecorderError;
use crate::look::RecordedLook;

/// The recording of one session of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct RunSession {
    /// Its folder.
    pub folder: PathBuf,
    /// What was run.
    pub head: Head,
    /// The steps that it holds.
    pub n_looks: u64,
    /// How many events the run had before its first step: the number of its own first one, from 0.
    /// Absent where it holds none.
    pub first_event: Option<u64>,
}

/// The name of a recording's folder: the date of its session, and behind it what all folders of a run
/// have that was moved aside.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct FolderName {
    pub(crate) date: TradingDate,
    pub(crate) suffix: String,
}

impl FolderName {
    /// What the name of a folder says; `None` where it is that of no recording.
    pub(crate) fn of(name: &str) -> Option<FolderName> {
        let (date, suffix) = name.split_at_checked(10)?;
        let is_whole = suffix.is_empty() || suffix.starts_with('.');
        let date = date.parse().ok().filter(|_| is_whole)?;
        Some(FolderName { date, suffix: suffix.to_owned() })
    }
}

impl std::fmt::Display for FolderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.date, self.suffix)
    }
}

/// The sessions of the run that the recording in `folder` belongs to, from its first through this one.
///
/// *Cost*: each is looked through for damage.
///
/// # Errors
///
/// A session that is missing, or a recording that cannot be read.
pub fn run_sessions(folder: &Path) -> Result<Vec<RunSession>, RecorderError> {
    let last = run_session(folder)?;
    let before = folders_before(folder, &last.head)?;
    adjoining(&before, last, 1)
}

/// The sessions of the run that the recording in `folder` belongs to, from the last one on that has a
/// checkpoint; where none has, from the first one on, and why the last that has closed has none.
///
/// *Cost*: each of them is looked through for damage.
///
/// # Errors
///
/// As for [`run_sessions`]; a checkpoint that is damaged.
pub(crate) fn sessions_since_checkpoint(folder: &Path) -> Result<SinceCheckpoint, RecorderError> {
    let last = run_session(folder)?;
    let before = folders_before(folder, &last.head)?;
    let mut why = None;
    for place in (0..=before.len()).rev() {
        let folder = before.get(place).map_or(folder, PathBuf::as_path);
        let reader = RecordingReader::open(folder)?;
        if reader.head().first_session != last.head.first_session {
            continue;
        }
        match reader.checkpoint()? {
            Found::Nothing => {}
            Found::None(said) => drop(why.get_or_insert(said)),
            Found::One(found) => {
                let first_event = reader.first_event()?.unwrap_or_default();
                let n_needed = found.checkpoint.n_events().saturating_sub(first_event);
                if n_logged(folder) < n_needed {
                    // As after a power cut: what it has led to is to be written once more.
                    why.get_or_insert("the event log behind it is cut off".to_owned());
                    continue;
                }
                let first_look = reader.head().first_look;
                let sessions = match before.get(place..) {
                    Some(since) if !since.is_empty() => adjoining(since, last, first_look)?,
                    _ => vec![last],
                };
                return Ok(SinceCheckpoint { sessions, checkpoint: Ok(found) });
            }
        }
    }
    let none = "no session of it has closed that another was to follow";
    let why = why.unwrap_or_else(|| none.to_owned());
    Ok(SinceCheckpoint { sessions: adjoining(&before, last, 1)?, checkpoint: Err(why) })
}

/// The sessions of a run that it goes on with, and from where.
pub(crate) struct SinceCheckpoint {
    pub(crate) sessions: Vec<RunSession>,
    /// The checkpoint, or why there is none.
    pub(crate) checkpoint: Result<Box<RecordedCheckpoint>, String>,
}

impl SinceCheckpoint {
    /// Sessions of which no checkpoint is looked for.
    pub(crate) fn none(sessions: Vec<RunSession>) -> SinceCheckpoint {
        SinceCheckpoint { sessions, checkpoint: Err("none was looked for".to_owned()) }
    }
}

/// The sessions in the folders `before` that are of the run of `last`, and that one behind them. The first
/// look of the first is that of the number `first_look`.
fn adjoining(
    before: &[PathBuf],
    last: RunSession,
    first_look: u64,
) -> Result<Vec<RunSession>, RecorderError> {
    let mut sessions = Vec::new();
    for before in before {
        let session = run_session(before)?;
        if session.head.first_session == last.head.first_session {
            check_adjoins(&sessions, &session, first_look)?;
            sessions.push(session);
        }
    }
    check_adjoins(&sessions, &last, first_look)?;
    sessions.push(last);
    Ok(sessions)
}

/// The looks of the run that the recording in `folder` belongs to, from its first session through this
/// one. Returns the head of `folder` as well.
///
/// # Errors
///
/// As for [`run_sessions`].
pub fn run_looks(
    folder: &Path,
    form: &Arc<dyn CommandForm>,
) -> Result<(Head, RunLooks), RecorderError> {
    let sessions = run_sessions(folder)?;
    let head = sessions.last().map(|last| last.head.clone());
    let head = head.ok_or_else(|| RecorderError::NotThere { folder: folder.to_owned() })?;
    Ok((head, RunLooks::of(&sessions, form)))
}

/// The looks of a run, session after session; of the folders one is open at a time.
pub struct RunLooks {
    form: Arc<dyn CommandForm>,
    left: std::vec::IntoIter<PathBuf>,
    /// Looks of the next one that are passed over.
    n_passed: u64,
    open: Option<super::RecordedLooks>,
}

impl RunLooks {
    /// Those of `sessions`, in order.
    pub(crate) fn of(sessions: &[RunSession], form: &Arc<dyn CommandForm>) -> RunLooks {
        RunLooks::behind(0, sessions, form)
    }

    /// Those of `sessions` behind the look of that number, which is one of the first of them.
    pub(crate) fn behind(
        look: u64,
        sessions: &[RunSession],
        form: &Arc<dyn CommandForm>,
    ) -> RunLooks {
        let first_look = sessions.first().map_or(1, |session| session.head.first_look);
        let n_passed = (look + 1).saturating_sub(first_look);
        let folders: Vec<PathBuf> = sessions.iter().map(|session| session.folder.clone()).collect();
        RunLooks { form: Arc::clone(form), left: folders.into_iter(), n_passed, open: None }
    }

    /// Opens the next one, where one is left.
    fn open_next(&mut self) -> Result<(), RecorderError> {
        if let Some(folder) = self.left.next() {
            self.open = Some(RecordingReader::open(&folder)?.looks(Arc::clone(&self.form))?);
        }
        Ok(())
    }
}

impl Iterator for RunLooks {
    type Item = Result<RecordedLook, RecorderError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let look = self.open.as_mut().and_then(Iterator::next);
            let look = look.or_else(|| {
                self.open = None;
                self.open_next().err().map(Err)
            });
            match look {
                Some(Err(error)) => {
                    (self.left, self.open) = (Vec::new().into_iter(), None);
                    return Some(Err(error));
                }
                None if self.open.is_none() => return None,
                None => {}
                Some(Ok(_)) if self.n_passed > 0 => self.n_passed -= 1,
                look => return look,
            }
        }
    }
}

/// The recording in `folder`, by itself.
pub(crate) fn run_session(folder: &Path) -> Result<RunSession, RecorderError> {
    let reader = RecordingReader::open(folder)?;
    let (head, n_looks, first_event) =
        (reader.head().clone(), reader.n_looks()?, reader.first_event()?);
    Ok(RunSession { folder: folder.to_owned(), head, n_looks, first_event })
}

/// The folders beside `folder` of sessions before it, back to the first of its run, oldest first.
pub(crate) fn folders_before(folder: &Path, head: &Head) -> Result<Vec<PathBuf>, RecorderError> {
    let whole = disk::absolute(folder)?;
    let name = whole.file_name().and_then(|name| FolderName::of(&name.to_string_lossy()));
    let (Some(name), Some(beside)) = (name, whole.parent()) else { return Ok(Vec::new()) };
    // As the caller has written it: so it stands in errors.
    let beside = folder.parent().filter(|_| folder.file_name().is_some()).unwrap_or(beside);
    let first: Option<TradingDate> = head.first_session.parse().ok();
    let listed = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    let names = disk::folders(listed)?.into_iter().filter_map(|other| FolderName::of(&other));
    let of_run = names.filter(|other| {
        let is_since = first.is_some_and(|first| first <= other.date);
        is_since && other.date < name.date && other.suffix == name.suffix
    });
    let mut folders: Vec<FolderName> = of_run.collect();
    folders.sort();
    Ok(folders.into_iter().map(|name| beside.join(name.to_string())).collect())
}

/// Holds the number of the first look of `next` against that of the last one before.
fn check_adjoins(
    before: &[RunSession],
    next: &RunSession,
    first_look: u64,
) -> Result<(), RecorderError> {
    let known: u64 = before.iter().map(|session| session.n_looks).sum();
    let known = known + first_look - 1;
    let found = next.head.first_look;
    if found != known + 1 {
        let (folder, first) = (next.folder.clone(), next.head.first_session.clone());
        return Err(RecorderError::Incomplete { folder, found, known, first });
    }
    Ok(())
}
