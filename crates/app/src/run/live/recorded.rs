//! What is kept of a live run: its recording, and the event log beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use openbell_config::{RecordConfig, RecordSync};
use openbell_coordinator::{Digest, Event, Recording};
use openbell_recorder::{
    Ahead, Durability, Head, Keeper, RecordingSetup, RecordingWriter, session_folder,
};
use openbell_time::{SystemWall, Timestamp, TradingDate, WallClock};
use openbell_wire::engine::LogHead;

use super::super::event_file::EventFile;
use super::threads::Threads;
use crate::PROGRAM;
use crate::exit::Failure;
use crate::recording::{EVENTS, command_form};
use crate::session_file::SessionFile;

/// How often what is recorded is brought to the medium.
const SYNC_EACH: Duration = Duration::from_millis(500);

/// Where and how a run is recorded.
pub(super) struct Recorder {
    setup: RecordingSetup,
}

/// What ends the recording, once the engine is gone.
pub(super) struct KeeperEnd(Sender<Ended>);

struct Ended {
    at: Timestamp,
    why: &'static str,
    digest: Digest,
}

impl Recorder {
    pub(super) fn of(
        file: &SessionFile,
        record: &RecordConfig,
        log: &LogHead,
        sessions: Ahead,
        vendor: String,
    ) -> Recorder {
        let mut head = Head::new(PROGRAM, log.config.to_json());
        head.sessions = Some(sessions);
        head.store = Some(log.store.clone()).filter(|store| !store.is_empty());
        head.overlay.clone_from(&log.overlay);
        head.texts.clone_from(&log.texts);
        head.vendor = Some(vendor);
        let sync = match record.sync {
            RecordSync::Normal => Durability::Normal,
            RecordSync::Full => Durability::Full,
        };
        let setup = RecordingSetup {
            root: file.beside(&record.folder),
            session_name: file.config.session_name.clone(),
            head,
            sync,
            max_pages: None,
            form: command_form(),
        };
        Recorder { setup }
    }

    /// The folder of the recording of a session.
    pub(super) fn folder(&self, session: TradingDate) -> PathBuf {
        session_folder(&self.setup.root, &self.setup.session_name, session)
    }

    /// Begins the recording of a run whose first session is `session`; it is brought to the medium on a
    /// thread.
    pub(super) fn begin(
        &self,
        session: TradingDate,
        threads: &mut Threads,
    ) -> Result<(Box<dyn Recording>, KeeperEnd), Failure> {
        let (writer, keeper) = RecordingWriter::begin(self.setup.clone(), session)?;
        Ok((Box::new(writer), keep(keeper, threads)?))
    }

    /// Goes on with the recording of a run whose last session is `session`.
    pub(super) fn go_on(
        &self,
        session: TradingDate,
        threads: &mut Threads,
    ) -> Result<(Box<dyn Recording>, KeeperEnd), Failure> {
        let (writer, keeper) = RecordingWriter::go_on(self.setup.clone(), session)?;
        Ok((Box::new(writer), keep(keeper, threads)?))
    }
}

fn keep(mut keeper: Keeper, threads: &mut Threads) -> Result<KeeperEnd, Failure> {
    let (end, ended): (Sender<Ended>, Receiver<Ended>) = channel();
    threads.run("recording", move || {
        loop {
            match ended.recv_timeout(SYNC_EACH) {
                Ok(Ended { at, why, digest }) => return Ok(keeper.end(at, why, digest)?),
                // Where it fails the next look is refused, which ends the run and says why.
                Err(RecvTimeoutError::Timeout) => drop(keeper.sync()),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    })?;
    Ok(KeeperEnd(end))
}

impl KeeperEnd {
    /// The run has ended in order; its engine is gone.
    pub(super) fn end(self, why: &'static str, digest: Digest) {
        let at = SystemWall::new().now();
        let _ = self.0.send(Ended { at, why, digest }); // Whoever does not listen has failed, and is asked why.
    }
}

/// The event log of a live run: a file in the folder of each session, or the one that is asked for.
pub(super) struct EventLogs {
    head: LogHead,
    /// One file for all sessions.
    whole: Option<EventFile>,
    /// The folder of each session's file.
    beside: Option<Arc<Recorder>>,
    of_session: Option<(TradingDate, EventFile)>,
}

impl EventLogs {
    pub(super) fn new(
        head: LogHead,
        whole: Option<&Path>,
        beside: Option<Arc<Recorder>>,
    ) -> Result<EventLogs, Failure> {
        let whole = whole.map(|path| EventFile::create(path, &head)).transpose()?;
        Ok(EventLogs { head, whole, beside, of_session: None })
    }

    /// Begins the file of the first session, which has what happens before it too.
    pub(super) fn begin(&mut self, session: TradingDate) -> Result<(), Failure> {
        if let Some(beside) = &self.beside {
            let path = beside.folder(session).join(EVENTS);
            self.of_session = Some((session, EventFile::create(&path, &self.head)?));
        }
        Ok(())
    }

    /// Goes on with the file of a session, behind its last line.
    pub(super) fn go_on(&mut self, session: TradingDate) -> Result<(), Failure> {
        if let Some(beside) = &self.beside {
            let path = beside.folder(session).join(EVENTS);
            self.of_session = Some((session, EventFile::go_on(&path)?));
        }
        Ok(())
    }

    /// Writes events that are new.
    pub(super) fn append(&mut self, events: &[Event]) -> Result<(), Failure> {
        if let Some(whole) = &mut self.whole {
            whole.append(events)?;
        }
        let mut rest = events;
        while let Some(at) = rest.iter().position(|event| self.begins_session(event)) {
            self.append_to_session(&rest[..at])?;
            let Event::SessionOpened { date, .. } = rest[at] else { break };
            self.begin(date)?;
            self.append_to_session(&rest[at..=at])?;
            rest = &rest[at + 1..];
        }
        self.append_to_session(rest)
    }

    fn begins_session(&self, event: &Event) -> bool {
        let current = self.of_session.as_ref().map(|(session, _)| *session);
        matches!(event, Event::SessionOpened { date, .. } if current.is_some_and(|c| c != *date))
    }

    fn append_to_session(&mut self, events: &[Event]) -> Result<(), Failure> {
        self.of_session.as_mut().map_or(Ok(()), |(_, file)| file.append(events))
    }

    /// Writes the last line of those that are there.
    pub(super) fn finish(self, report: &openbell_coordinator::Report) -> Result<(), Failure> {
        if let Some(whole) = self.whole {
            whole.finish(&[], report)?;
        }
        match self.of_session {
            Some((_, file)) => file.finish(&[], report),
            None => Ok(()),
        }
    }
}
