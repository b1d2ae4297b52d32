//! What is kept of a live run: its recording with the event log beside it, and the run that it goes on
//! with where one was ended or killed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use openbell_config::{RecordConfig, RecordSync, Restart};
use openbell_coordinator::{Checkpoint, Digest, Source};
use openbell_data_manager::Feed;
use openbell_data_manager::live::Door;
use openbell_market::SeriesKey;
use openbell_recorder::{
    Ahead, Durability, HandedOut, Head, Held, HistoryWatch, Keeper, MovedAside, Onward, RawLog,
    RecordedRun, RecorderError, RecordingSetup, RecordingWriter, Replay, RestartFrom, RunLog,
    RunNow, Tidied, held, last_run, make_way, session_folder, tidy,
};
use openbell_session_file::SessionFile;
use openbell_time::{Calendar, Nanos, SystemWall, Timestamp, TradingDate, WallClock};
use openbell_wire::engine::{LogHead, is_resumed_line};

use super::threads::Threads;
use crate::PROGRAM;
use crate::exit::{Exit, Failure};
use crate::recording::command_form;
use crate::vendors::Connection;

/// How often what is recorded is brought to the medium.
const SYNC_EACH: Duration = Duration::from_millis(500);

/// Where and how a run is recorded.
pub(super) struct Recorder {
    setup: RecordingSetup,
    /// The first line of each event log.
    first_line: String,
    restart: Restart,
    pub(super) keep_days: u32,
    /// Whether the bars of a session go into the store.
    pub(super) stores: bool,
    /// Whether what goes to the vendor and comes from it is kept.
    keeps_raw: bool,
    /// From which session a run that is gone on with is repeated.
    from: RestartFrom,
}

/// What a new process finds of the run before.
pub(super) enum Earlier {
    /// Nothing, or a run that is over.
    None,
    /// A run to go on with.
    GoesOn(RecordedRun),
    /// A run that was ended, of which the session file wants no memory.
    BeginsAnew,
}

/// A recording that is written.
pub(super) struct Recorded {
    pub(super) writer: RecordingWriter,
    pub(super) end: KeeperEnd,
    pub(super) log: RunLog,
    pub(super) unsynced: Unsynced,
    /// What goes to the vendor and comes from it, where that is to be kept.
    pub(super) raw: Option<RawLog>,
}

/// Since when something is not known to be on the medium.
#[derive(Clone, Default)]
pub(super) struct Unsynced(Arc<AtomicI64>);

impl Unsynced {
    /// For how long, by `now`.
    pub(super) fn since(&self, now: Timestamp) -> Nanos {
        match self.0.load(Ordering::Relaxed) {
            0 => Nanos::ZERO,
            since => (now - Timestamp::from_nanos(since)).max(Nanos::ZERO),
        }
    }

    fn note(&self, n_unsynced: u64, now: Timestamp) {
        let since = self.0.load(Ordering::Relaxed);
        let since = match (n_unsynced, since) {
            (0, _) => 0,
            (_, 0) => now.as_nanos(),
            (_, since) => since,
        };
        self.0.store(since, Ordering::Relaxed);
    }
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
        connection: &Connection,
    ) -> Recorder {
        let mut head = Head::new(PROGRAM, log.config.to_json());
        head.store = Some(log.store.clone()).filter(|store| !store.is_empty());
        head.overlay.clone_from(&log.overlay);
        head.texts.clone_from(&log.texts);
        head.vendor = Some(connection.provider());
        head.is_synthetic = connection.is_simulated();
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
        let RecordConfig { restart, keep_days, store, raw, .. } = *record;
        let first_line = log.line();
        let from = match restart {
            Restart::Run => RestartFrom::LastCheckpoint,
            Restart::Session => RestartFrom::LastSession,
        };
        Recorder { setup, first_line, restart, keep_days, stores: store, keeps_raw: raw, from }
    }

    /// The folder of the recording of a session.
    pub(super) fn folder(&self, session: TradingDate) -> PathBuf {
        session_folder(&self.setup.root, &self.setup.session_name, session)
    }

    /// The same for a run whose sessions are all wanted again, as an export wants them.
    pub(super) fn repeating_all(self) -> Recorder {
        let from = match self.restart {
            Restart::Run => RestartFrom::FirstSession,
            Restart::Session => RestartFrom::LastSession,
        };
        Recorder { from, ..self }
    }

    /// What all recordings of the session take up.
    pub(super) fn held(&self) -> Result<Held, RecorderError> {
        held(&self.setup.root, &self.setup.session_name)
    }

    /// The run that is to be gone on with: the last one, where it was ended by a person or killed, and
    /// is what is to be run now.
    ///
    /// # Errors
    ///
    /// One that is damaged, or is another one than what is to be run now.
    pub(super) fn earlier(&self) -> Result<Earlier, Failure> {
        let (root, name) = (&self.setup.root, &self.setup.session_name);
        let Some(run) = last_run(root, name, self.from)? else {
            return Ok(Earlier::None);
        };
        if run.is_over() {
            return Ok(Earlier::None);
        }
        let head = &self.setup.head;
        let overlay = head.overlay.as_deref();
        run.check_same(&RunNow { config: &head.config, overlay, texts: &head.texts })?;
        Ok(match self.restart {
            Restart::Run => Earlier::GoesOn(run),
            Restart::Session => Earlier::BeginsAnew,
        })
    }

    /// The bytes of a session's recording; 0 where none is there.
    pub(super) fn n_bytes(&self, session: TradingDate) -> u64 {
        let folder = self.folder(session);
        let names = ["inputs.sqlite", "inputs.sqlite-wal"];
        let sizes = names.map(|name| std::fs::metadata(folder.join(name)).map_or(0, |m| m.len()));
        sizes.iter().sum()
    }

    /// Deletes recordings that are old enough by the date `today`, in the store, and needed by no run.
    pub(super) fn tidy(&self, today: TradingDate) -> Result<Tidied, RecorderError> {
        let (root, name) = (&self.setup.root, &self.setup.session_name);
        tidy(root, name, self.keep_days, today, self.from)
    }

    /// Moves aside what is in the way of a run that begins anew with the session `first`.
    pub(super) fn make_way(&self, first: TradingDate) -> Result<Vec<MovedAside>, Failure> {
        Ok(make_way(&self.setup.root, &self.setup.session_name, first)?)
    }

    /// Begins the recording of a run that takes the sessions `ahead`, the first of which is `session`.
    pub(super) fn begin(
        &self,
        ahead: Ahead,
        session: TradingDate,
        watch: HistoryWatch,
        threads: &mut Threads,
    ) -> Result<Recorded, Failure> {
        let mut setup = self.setup.clone();
        setup.head.sessions = Some(ahead);
        let (mut writer, keeper) = RecordingWriter::begin(setup, session)?;
        writer.watch(watch);
        let log = writer.log(&[], self.first_line.clone());
        let (unsynced, raw) = (Unsynced::default(), self.keeps_raw.then(|| writer.raw_log()));
        Ok(Recorded { writer, end: keep(keeper, &unsynced, threads)?, log, unsynced, raw })
    }

    /// Goes on with the recording of `run`.
    pub(super) fn go_on(
        &self,
        run: &RecordedRun,
        watch: HistoryWatch,
        threads: &mut Threads,
    ) -> Result<Recorded, Failure> {
        let mut setup = self.setup.clone();
        setup.head.sessions.clone_from(&run.head().sessions);
        let (mut writer, keeper) = RecordingWriter::go_on(setup, run.last_session()?)?;
        writer.watch(watch);
        let log = writer.log(run.sessions(), self.first_line.clone());
        let n_events = run.checkpoint().map_or(0, Checkpoint::n_events);
        let log = log.with_notes(is_resumed_line).given_since(n_events);
        let (unsynced, raw) = (Unsynced::default(), self.keeps_raw.then(|| writer.raw_log()));
        Ok(Recorded { writer, end: keep(keeper, &unsynced, threads)?, log, unsynced, raw })
    }
}

/// From when on the sessions of `run` are counted.
pub(super) fn begun(run: &RecordedRun) -> Result<Timestamp, Failure> {
    let ahead = run.head().sessions.as_ref();
    ahead.and_then(|ahead| ahead.from.parse().ok()).ok_or_else(|| {
        let folder = run.last().folder.display();
        let text = format!(
            "the recording {folder} is not one of a live session file; --fresh moves it aside"
        );
        Failure::says(Exit::Data, text)
    })
}

/// The repetition of `run`, behind which its feeds come through `door`.
pub(super) fn repetition(
    run: &RecordedRun,
    door: &Door,
    watch: &HistoryWatch,
) -> Result<Replay, Failure> {
    let onward = Arc::new(BehindTheRecording(door.clone()));
    let replay = Replay::then(run.looks(&command_form()), onward);
    replay.offers(run.offers()?);
    replay.watches(watch.clone());
    if run.checkpoint().is_ok() {
        replay.goes_on_behind(run.n_looks_before(), run.delivered()?);
    }
    Ok(replay)
}

/// Holds the history that `run` has read against what `source` has of it now.
pub(super) fn check_history(
    run: &RecordedRun,
    source: &mut dyn Source,
    calendar: &Calendar,
) -> Result<(), Failure> {
    Ok(run.check_history(source, calendar)?)
}

/// Feeds of a run that goes on: each from where it was complete.
struct BehindTheRecording(Door);

impl Onward for BehindTheRecording {
    fn feed(&self, key: &SeriesKey, after: &HandedOut) -> Box<dyn Feed> {
        let feed = self.0.feed(key);
        let mut feed = feed.unwrap_or_else(|| unreachable!("{key} was followed before"));
        let wanted = feed.seek(after.complete_through.max(after.since));
        wanted.unwrap_or_else(|error| unreachable!("a wish cannot fail: {error}"));
        Box::new(feed)
    }
}

fn keep(
    mut keeper: Keeper,
    unsynced: &Unsynced,
    threads: &mut Threads,
) -> Result<KeeperEnd, Failure> {
    let (unsynced, wall) = (unsynced.clone(), SystemWall::new());
    let (end, ended): (Sender<Ended>, Receiver<Ended>) = channel();
    threads.run("recording", move || {
        loop {
            match ended.recv_timeout(SYNC_EACH) {
                Ok(Ended { at, why, digest }) => return Ok(keeper.end(at, why, digest)?),
                // Where it fails the next look is refused, which ends the run and says why.
                Err(RecvTimeoutError::Timeout) => {
                    unsynced.note(keeper.n_unsynced(), wall.now());
                    drop(keeper.sync());
                    unsynced.note(keeper.n_unsynced(), wall.now());
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    })?;
    Ok(KeeperEnd(end))
}

impl KeeperEnd {
    /// The process ends in order; its engine is gone.
    pub(super) fn end(self, why: &'static str, digest: Digest) {
        let at = SystemWall::new().now();
        let _ = self.0.send(Ended { at, why, digest }); // Whoever does not listen has failed, and is asked why.
    }
}
