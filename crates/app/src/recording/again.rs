//! `openbell replay` of a recording: the session again from what it took in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openbell_account::FillsKept;
use openbell_config::{Mode, RawSession, SessionConfig};
use openbell_coordinator::{Engine, Registry, Sessions, Source, StoreSource};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_recorder::{Head, RecordedRun, Replay, RunSession};
use openbell_time::{Calendar, TimeManager};

use super::{EVENTS, command_form};
use crate::event_log;
use crate::exit::{Exit, Failure, Outcome};
use crate::followed::Followed;
use crate::planned::plan_failure;
use crate::registered;
use crate::stored;
use crate::table::counted;
use crate::terminal::{Ink, Terminal};

/// Runs the recording in `folder` again, from the first session of its run on; history comes from
/// `store`, or else from the store that it names.
pub fn replay_recording(
    folder: &Path,
    store: Option<&Path>,
    registry: &Registry,
    terminal: &mut Terminal,
) -> Outcome {
    let Again { run, replay, engine } = Again::run(folder, store, registry)?;
    let beyond = compare(run.sessions(), &engine)?;
    let digest = engine.report().digest.to_string();
    let known = run.last_process().and_then(|process| process.digest.clone());
    if let Some(known) = known.as_ref().filter(|known| **known != digest) {
        let text = format!(
            "the replay has the looks of the recording and another digest: recorded {known}, \
             replayed {digest}; the program or the history is another one"
        );
        return Err(Failure::says(Exit::RunFailed, text));
    }
    let (looks, events) = (replay.n_repeated(), engine.events().len() as u64);
    let (looks, events) = (counted(looks, "look"), counted(events, "event"));
    let same = terminal.paint(Ink::Good, "the same");
    terminal.line(match known {
        Some(_) => format!("{same}: {looks}, {events}, digest {digest}"),
        None => format!(
            "{same} as far as the recording goes: {looks}, {events}, digest {digest}; its process \
             has not ended in order"
        ),
    })?;
    if let Some(Beyond { path, first, n_events }) = beyond {
        terminal.warning(&format!(
            "{} is longer than the recording: {} from event {first} on follow from no look that is \
             recorded; `openbell run` goes on from the recording, and moves them aside",
            path.display(),
            counted(n_events as u64, "event"),
        ));
    }
    Ok(Exit::Done)
}

/// A recorded run that is repeated.
pub(crate) struct Again {
    /// What was recorded.
    pub(crate) run: RecordedRun,
    /// What steps the engine.
    pub(crate) replay: Replay,
    /// The engine, as far as it was stepped.
    pub(crate) engine: Engine,
}

impl Again {
    /// The run of the recording in `folder` before its first step; history comes from `store`, or else from the
    /// store that it names.
    pub(crate) fn ready(
        folder: &Path,
        store: Option<&Path>,
        registry: &Registry,
    ) -> Result<Again, Failure> {
        let run = RecordedRun::open(folder)?;
        let replay = Replay::new(run.looks(&command_form()));
        replay.offers(run.offers()?);
        let made = Made::of(folder, run.head(), store)?;
        let engine = made.engine(registry, &replay, made.history()?)?;
        Ok(Again { run, replay, engine })
    }

    /// The same, repeated to its end, as fast as it goes.
    pub(crate) fn run(
        folder: &Path,
        store: Option<&Path>,
        registry: &Registry,
    ) -> Result<Again, Failure> {
        let mut again = Again::ready(folder, store, registry)?;
        again.replay.run(&mut again.engine)?;
        Ok(again)
    }
}

/// The end of an event log that no recorded look leads to: after a power cut the looks may be lost that
/// led to it.
struct Beyond {
    path: PathBuf,
    /// The number of the first of its events in the log of the session, from 1.
    first: usize,
    n_events: usize,
}

/// What the engine of a recorded run is made of, to make it again as often as it is wanted.
pub(crate) struct Made {
    folder: PathBuf,
    config: SessionConfig,
    time: TimeManager,
    sessions: Sessions,
    texts: BTreeMap<String, String>,
    store: Option<DataManager>,
}

impl Made {
    /// Reads it from the `head` of the recording in `folder`; history comes from `store`, or else from
    /// the store that it names.
    pub(crate) fn of(folder: &Path, head: &Head, store: Option<&Path>) -> Result<Made, Failure> {
        let wrong = |why: String| {
            let text = format!("the head of the recording in {} is wrong: {why}", folder.display());
            Failure::says(Exit::Data, text)
        };
        let raw = RawSession::read(&head.config.to_string()).map_err(|e| wrong(e.to_string()))?;
        let (config, _) = SessionConfig::from_raw(&raw).map_err(|e| wrong(e.to_string()))?;
        let time = match &head.overlay {
            Some(overlay) => TimeManager::with_overlay(overlay)?,
            None => TimeManager::new(),
        };
        let sessions = match &head.sessions {
            None => Sessions::OfConfig,
            Some(ahead) => {
                let from = ahead.from.parse();
                let from = from.map_err(|_| wrong(format!("from {:?}", ahead.from)))?;
                Sessions::Ahead { from, n_sessions: ahead.n_sessions }
            }
        };
        let store = match store.or(head.store.as_deref().map(Path::new)) {
            Some(store) => store_at(store, &config)?,
            None => None,
        };
        let (folder, texts) = (folder.to_owned(), head.texts.clone());
        Ok(Made { folder, config, time, sessions, texts, store })
    }

    /// What the run is called.
    pub(crate) fn name(&self) -> &str {
        &self.config.session_name
    }

    /// The calendar of the run.
    pub(crate) fn calendar(&self) -> Result<Calendar, Failure> {
        Ok(self.time.calendar(self.config.exchange_group.calendar)?)
    }

    /// Where the run had its history from.
    pub(crate) fn history(&self) -> Result<Box<dyn Source>, Failure> {
        let store = self.store.clone();
        Ok(match (self.config.session_data_config.base_interval, store) {
            (Some(base), store) => Box::new(Followed::recorded(store.map(StoreSource::new), base)),
            (None, Some(store)) => Box::new(StoreSource::new(store)),
            (None, None) => {
                let text = format!(
                    "the recording in {} names no store; give --store FOLDER with its history",
                    self.folder.display()
                );
                return Err(Failure::says(Exit::Config, text));
            }
        })
    }

    /// The engine as it was made for the run, which `replay` is to step, over `history`.
    pub(crate) fn engine(
        &self,
        registry: &Registry,
        replay: &Replay,
        history: Box<dyn Source>,
    ) -> Result<Engine, Failure> {
        let source = replay.source(history);
        let mut engine = Engine::live_sessions(&self.config, &self.time, source, self.sessions)
            .map_err(|errors| plan_failure(&errors, &[]))?;
        engine.record_with(replay.hold(None));
        let made = registered::of_log(registry, &self.config, &self.time, &self.texts)?;
        registered::register(made, &mut engine, FillsKept::All)?;
        Ok(engine)
    }
}

/// The store at `folder`; absent where none is there: a live session may have run without.
fn store_at(folder: &Path, config: &SessionConfig) -> Result<Option<DataManager>, Failure> {
    let group = config.exchange_group.name;
    Ok(match &config.mode {
        Mode::Live(_) => stored::where_there(folder, group)?,
        Mode::Backtest(_) => {
            let options = StoreOptions { exchange_group: Some(group.to_owned()) };
            Some(DataManager::open(folder, &options)?)
        }
    })
}

/// Holds the events against the logs beside the recordings of the run, where there are some. The
/// recording decides: what the log of the last session has beyond it is no difference, and is returned.
fn compare(sessions: &[RunSession], engine: &Engine) -> Result<Option<Beyond>, Failure> {
    let events = engine.events();
    let ends = sessions.iter().skip(1).map(|session| session.first_event);
    for (session, end) in sessions.iter().zip(ends.chain([None])) {
        let path = session.folder.join(EVENTS);
        let (Some(first), true) = (session.first_event, path.exists()) else { continue };
        let of_session = events.get(first as usize..end.map_or(events.len(), |end| end as usize));
        let of_session = of_session.unwrap_or_default();
        let log = event_log::load(&path)?;
        let n_events = if end.is_none() { log.n_beyond(of_session) } else { 0 };
        if n_events > 0 {
            return Ok(Some(Beyond { path, first: of_session.len() + 1, n_events }));
        }
        if let Some(differs) = log.difference(of_session) {
            let text = format!("{}: {differs}", session.folder.display());
            return Err(Failure::says(Exit::RunFailed, text));
        }
    }
    Ok(None)
}
