//! What can go wrong with a recording.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::difference::RunDifferences;

/// What was done with a file or folder when it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileAction {
    /// It was made.
    Create,
    /// It was read.
    Read,
    /// It was written.
    Write,
    /// It was brought to the medium.
    Sync,
    /// It was locked.
    Lock,
    /// It was given another name.
    Rename,
    /// It was removed.
    Remove,
}

impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileAction::Create => "create",
            FileAction::Read => "read",
            FileAction::Write => "write",
            FileAction::Sync => "sync",
            FileAction::Lock => "lock",
            FileAction::Rename => "rename",
            FileAction::Remove => "remove",
        })
    }
}

/// An error of this crate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// There is no recording.
    #[error(
        "there is no recording in {}: no head.json beside inputs.sqlite; `openbell recording ls` lists those that there are",
        .folder.display()
    )]
    NotThere {
        /// The folder.
        folder: PathBuf,
    },
    /// A recording is there where a new one was to begin.
    #[error(
        "there is a recording in {} already; go on with it, or move it aside with --fresh",
        .folder.display()
    )]
    IsThere {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process records there.
    #[error(
        "another process writes to the recording in {}; stop it first, or give the session another name",
        .folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is something else.
    #[error(
        "{} is no recording of inputs: {found}; name the folder of a recording",
        .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// The recording was made by another form of this program.
    #[error(
        "{} has form {found} and this program reads form {known}; use the version that has written it",
        .path.display()
    )]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: i64,
        /// The form that is read.
        known: i64,
    },
    /// Its digests are made in another way, so that no replay comes to them.
    #[error(
        "{} has digests of form {found}, and this program makes form {known}; replay it with {program}, \
         which wrote it, or move its folder aside with --fresh and begin anew",
        .path.display()
    )]
    OtherDigests {
        /// The file.
        path: PathBuf,
        /// The form of its digests.
        found: u32,
        /// The form that is made here.
        known: u32,
        /// The program that wrote it.
        program: String,
    },
    /// The recording is not what was written.
    #[error(
        "{} is damaged: {found}; restore the file from a copy, or move its folder aside with --fresh and begin anew",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// There is no room for what is to be recorded.
    #[error(
        "there is no room for look {look} in {}: {found}; free some space and run the session again, it goes on from look {}",
        .path.display(), .look - 1
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// The number of the look.
        look: u64,
        /// What `SQLite` says.
        found: String,
    },
    /// What was recorded could not be brought to the medium.
    #[error("what was recorded cannot be brought to the disk: {why}")]
    Unsynced {
        /// What happened.
        why: String,
    },
    /// A head cannot be read.
    #[error("the head {} is wrong: {why}; restore it from a copy", .path.display())]
    BadHead {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A session of the run has no recording.
    #[error(
        "the recording in {} begins with look {found} of its run, and those of the sessions before end with look {known}; restore the folders of all sessions since {first}",
        .folder.display()
    )]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// The number of its first look.
        found: u64,
        /// The number of the last look before.
        known: u64,
        /// The first session of the run.
        first: String,
    },
    /// What was recorded is another run than that which is to be gone on with.
    #[error(
        "cannot go on with the run in {}: it is another one than that which is to be run now:{differences}; undo what was changed, or begin anew with --fresh, which moves the recordings aside",
        .folder.display()
    )]
    OtherRun {
        /// The folder of its last session.
        folder: PathBuf,
        /// What differs.
        differences: RunDifferences,
    },
    /// A run that is repeated comes to another event than the one that is logged.
    #[error(
        "the replay differs from the log {} at event {event}\n  logged    {logged}\n  replayed  {now}",
        .path.display()
    )]
    LogDiffers {
        /// The log.
        path: PathBuf,
        /// The number of the event in the run, from 1.
        event: u64,
        /// The line that is logged.
        logged: String,
        /// That of the replay.
        now: String,
    },
    /// The event log of a run that goes on from a checkpoint ends before it.
    #[error(
        "the event log {} has {found} of the {needed} events before the checkpoint; --fresh moves the recording aside and begins anew",
        .path.display()
    )]
    LogEnds {
        /// The log.
        path: PathBuf,
        /// Its events.
        found: u64,
        /// Those that the checkpoint has of that session.
        needed: u64,
    },
    /// A file or folder could not be used.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was done.
        action: FileAction,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database could not be used.
    #[error("cannot use the recording {}: {source}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What `SQLite` said.
        #[source]
        source: rusqlite::Error,
    },
}

impl RecorderError {
    /// The recording at `path` is not what was written.
    pub(crate) fn damaged(path: &Path, found: String) -> RecorderError {
        RecorderError::Damaged { path: path.to_owned(), found }
    }
}
