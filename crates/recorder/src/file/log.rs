//! The event log of a run: a file in the folder of each session, always behind the recording.
//!
//! An event of a session whose recording begins with the look at which the run had `n` events is the
//! `n`th at least: so the folder of each is known. A run that is repeated gives its events again; those
//! that are logged are compared, those that are missing behind them are written.
//!
//! Not here: what stands in a line (`openbell`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::folder::EVENTS;
use super::keeper::Kept;
use super::run::RunSession;
use crate::disk::{self, LinesFile};
use crate::error::RecorderError;

/// The event log of a run.
pub struct RunLog {
    kept: Arc<Kept>,
    /// The line with which the log of a session begins.
    first_line: String,
    /// The sessions that were recorded before this process, with the number of their first event.
    before: Vec<(u64, PathBuf)>,
    open: Option<OpenLog>,
    /// The number of the event that is given first: those before it were given to earlier processes.
    given_since: u64,
    /// Lines that no recorded look has led to, and were moved aside.
    tails: Vec<LogTail>,
    is_note: IsNote,
}

/// Whether a line is said by a process of itself, and no event of the run.
type IsNote = fn(&str) -> bool;

/// The end of an event log that is longer than its recording, and was moved out of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogTail {
    /// Where it is.
    pub path: PathBuf,
    /// Its lines.
    pub n_lines: usize,
}

/// The log of one session.
struct OpenLog {
    path: PathBuf,
    /// The number of the event of the run that comes next.
    next: u64,
    /// What is logged already and was not given again so far; nothing once lines are written.
    logged: Logged,
    file: LinesFile,
}

/// The text of a log that was there.
struct Logged {
    text: String,
    /// So much of it was given again.
    at: usize,
    /// So long is the file: behind the text there may be what is none.
    n_bytes: u64,
    is_note: IsNote,
}

impl Logged {
    /// Nothing that is held against what is given.
    fn none(is_note: IsNote) -> Logged {
        Logged { text: String::new(), at: 0, n_bytes: 0, is_note }
    }

    /// Passes over what earlier processes have said of themselves.
    fn pass_notes(&mut self) {
        while let Some(len) = self.next().filter(|line| (self.is_note)(line)).map(str::len) {
            self.pass(len);
        }
    }

    /// The next line; `None` behind the last whole one.
    fn next(&self) -> Option<&str> {
        let rest = &self.text[self.at..];
        rest.find('\n').map(|until| &rest[..until])
    }

    fn pass(&mut self, line_len: usize) {
        self.at += line_len + 1;
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
}

impl RunLog {
    pub(super) fn new(kept: Arc<Kept>, before: &[RunSession], first_line: String) -> RunLog {
        let place = |session: &RunSession| Some((session.first_event?, session.folder.clone()));
        let before = before.iter().filter_map(place).collect();
        RunLog {
            kept,
            first_line,
            before,
            open: None,
            given_since: 0,
            tails: Vec::new(),
            is_note: |_| false,
        }
    }

    /// Lines of which `is_note` is true were said by processes of themselves ([`RunLog::note`]): they
    /// are no events, and are passed over where the run is repeated.
    pub fn with_notes(mut self, is_note: fn(&str) -> bool) -> RunLog {
        self.is_note = is_note;
        self
    }

    /// The run goes on from a checkpoint: the event of that number is the first that is given, and what is
    /// logged before it stays as it is.
    pub fn given_since(mut self, number: u64) -> RunLog {
        self.given_since = number;
        self
    }

    /// Writes a line that is no event, behind those that are logged: to be called after
    /// [`RunLog::go_on`].
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn note(&mut self, line: &str) -> Result<(), RecorderError> {
        self.go_on()?;
        self.open.as_mut().map_or(Ok(()), |open| open.file.append(line))
    }

    /// Takes the event `number` of the run, from 0, each once and in order: one that is logged already
    /// is compared, another one is written.
    ///
    /// *Cost*: without waiting for the medium; the [`Keeper`](crate::Keeper) brings it there.
    ///
    /// # Errors
    ///
    /// [`RecorderError::LogDiffers`] where another event is logged in its place; a file that cannot be
    /// written.
    pub fn event(&mut self, number: u64, line: &str) -> Result<(), RecorderError> {
        let folder = self.folder_of(number);
        let path = folder.join(EVENTS);
        if self.open.as_ref().is_none_or(|open| open.path != path) {
            self.leave()?;
            let mut open = OpenLog::at(path, number, &self.first_line, self.is_note)?;
            open.pass_events(number - self.first_of(&folder, number))?;
            self.open = Some(open);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let expected = open.next;
        open.next = number + 1;
        open.logged.pass_notes();
        match open.logged.next() {
            Some(logged) if logged == line => open.logged.pass(line.len()),
            Some(logged) if is_whole(logged) => {
                return Err(RecorderError::LogDiffers {
                    path: open.path.clone(),
                    event: expected + 1,
                    logged: logged.to_owned(),
                    now: line.to_owned(),
                });
            }
            // What follows was not brought to the medium.
            Some(_) | None => {
                self.tails.extend(open.cut_off()?);
                open.file.append(line)?;
            }
        }
        Ok(())
    }

    /// The recording is repeated to its last look: what the log has beyond is moved aside, and the run
    /// goes on with the log as it is then. Returns what was moved so far.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn go_on(&mut self) -> Result<&[LogTail], RecorderError> {
        if self.open.is_none()
            && let Some((first, folder)) = self.before.last().cloned()
        {
            let next = first.max(self.given_since);
            let mut open = OpenLog::at(folder.join(EVENTS), next, &self.first_line, self.is_note)?;
            open.pass_events(next - first)?;
            self.open = Some(open);
        }
        if let Some(open) = &mut self.open {
            self.tails.extend(open.cut_off()?);
        }
        Ok(&self.tails)
    }

    /// Writes the last line of the log of a run that is over.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn end(mut self, line: &str) -> Result<(), RecorderError> {
        self.go_on()?;
        match &mut self.open {
            Some(open) => open.file.append(line).and_then(|()| open.file.sync()),
            None => Ok(()),
        }
    }

    /// The log is gone on with in another folder.
    fn leave(&mut self) -> Result<(), RecorderError> {
        if let Some(mut open) = self.open.take() {
            self.tails.extend(open.cut_off()?);
            open.file.sync()?;
        }
        Ok(())
    }

    /// The number of the first event in `folder`; `number` where none was recorded there before.
    fn first_of(&self, folder: &Path, number: u64) -> u64 {
        let known = self.before.iter().find(|(_, known)| known == folder);
        known.map_or(number, |(first, _)| (*first).min(number))
    }

    /// The folder of the session that the event belongs to.
    fn folder_of(&self, number: u64) -> PathBuf {
        let known = self.before.iter().rev().find(|(first, _)| *first <= number);
        let known = known.map(|(_, folder)| folder.clone());
        self.kept.folder_of(number).or(known).unwrap_or_else(|| self.kept.folder())
    }
}

impl OpenLog {
    /// The log at `path`, whose next event is the one of the number `next`.
    fn at(
        path: PathBuf,
        next: u64,
        first_line: &str,
        is_note: IsNote,
    ) -> Result<OpenLog, RecorderError> {
        let (mut file, text, n_bytes) = LinesFile::open(&path)?;
        let mut logged = Logged { text, at: 0, n_bytes, is_note };
        match logged.next().map(str::len) {
            Some(len) => logged.pass(len), // Another version of the program may have begun it.
            None => {
                logged = Logged::none(is_note);
                file.cut(0)?;
                file.append(first_line)?;
            }
        }
        Ok(OpenLog { path, next, logged, file })
    }

    /// Passes over `n` events that earlier processes were given.
    fn pass_events(&mut self, n: u64) -> Result<(), RecorderError> {
        for n_passed in 0..n {
            self.logged.pass_notes();
            let Some(len) = self.logged.next().map(str::len) else {
                let path = self.path.clone();
                return Err(RecorderError::LogEnds { path, found: n_passed, needed: n });
            };
            self.logged.pass(len);
        }
        Ok(())
    }

    /// Moves what was not given again out of the file; nothing where there is nothing.
    fn cut_off(&mut self) -> Result<Option<LogTail>, RecorderError> {
        self.logged.pass_notes();
        if self.logged.n_bytes <= self.logged.at as u64 {
            return Ok(None);
        }
        let rest = self.logged.rest();
        let n_lines = rest.matches('\n').count();
        let tail = if n_lines > 0 {
            let path = free_name(&self.path);
            disk::write(&path, rest)?;
            Some(LogTail { path, n_lines })
        } else {
            None // A part of a line says nothing.
        };
        self.file.cut(self.logged.at as u64)?;
        self.logged = Logged::none(self.logged.is_note);
        Ok(tail)
    }
}

/// The first name for a tail beside the log at `path` that is free.
fn free_name(path: &Path) -> PathBuf {
    let names = (1_u32..).map(|n| path.with_file_name(format!("events.tail-{n}.jsonl")));
    names.into_iter().find(|name| !disk::is_file(name)).unwrap_or_else(|| path.to_owned())
}

/// Whether it was written: after a power cut there may be anything.
fn is_whole(line: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(line).is_ok()
}
