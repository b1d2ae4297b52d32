//! A live run before its first look: planned, with its vendor, its modules and its recording.

use std::path::Path;
use std::sync::Arc;

use openbell_config::LiveConfig;
use openbell_coordinator::{Engine, Source, StoreSource};
use openbell_data_manager::live::{Door, Protocol, Settings, Vendor};
use openbell_recorder::{Ahead, HistoryWatch, RawLog, RecordedRun, Replay, RunLog};
use openbell_session_file::{FileModules, SessionFile};
use openbell_time::{CoarseTicker, Nanos, SystemWall, Timestamp, WallClock};
use openbell_wire::engine::LogHead;

use super::super::export::Export;
use super::super::outputs;
use super::Asked;
use super::recorded::{
    Earlier, KeeperEnd, Recorded, Recorder, Unsynced, begun, check_history, repetition,
};
use super::sim::Sim;
use super::summary;
use super::threads::Threads;
use crate::PROGRAM;
use crate::exit::{Exit, Failure};
use crate::followed::{Followed, store_of};
use crate::registered;
use crate::report_file::ReportFile;
use crate::session_file;
use crate::terminal::Terminal;
use crate::vendors::Connection;

/// All that a live run is made of.
pub(super) struct Prepared {
    pub(super) engine: Engine,
    pub(super) ticker: CoarseTicker,
    pub(super) vendor: Vendor<Box<dyn Protocol>>,
    pub(super) door: Door,
    pub(super) wall: Arc<SystemWall>,
    pub(super) recorder: Option<Arc<Recorder>>,
    /// What keeps the recording, its event log, and what is to be repeated first.
    pub(super) recorded: Option<(KeeperEnd, RunLog, Unsynced, Option<Replay>)>,
    /// What goes to the vendor and comes from it, where that is to be kept.
    pub(super) raw: Option<RawLog>,
    pub(super) export: Option<Export>,
    pub(super) html: Option<ReportFile>,
    pub(super) log: LogHead,
    /// What is to be told first.
    pub(super) said: Vec<String>,
    /// When the run was begun first.
    pub(super) begun: Timestamp,
}

/// Prepares the run that is `asked` for, or the one that it goes on with.
pub(super) fn prepare(
    asked: &Asked<'_>,
    sim: Option<&Sim>,
    threads: &mut Threads,
    terminal: &Terminal,
) -> Result<Prepared, Failure> {
    let Asked { file, live, base, args, registry, .. } = *asked;
    let connection = Connection::of_session(live, sim.map(|sim| sim.address.as_str()))?;
    let protocol = connection.protocol().map_err(|mut failure| {
        failure.exit = Exit::Config; // The file names the variables.
        failure
    })?;
    let time = file.calendars()?;
    let FileModules { built, texts } = file.modules(registry, &time)?;
    session_file::warn_of_idle_limits(file, &built, terminal);
    let (folder, store) = store_of(file, args.store.as_deref())?;
    let stored = Some(Path::new(&folder)).filter(|_| !folder.is_empty());
    outputs(args, file, stored, &texts).check()?;
    let (config, overlay) = (file.config.clone(), file.overlay_text()?);
    let log = LogHead { program: PROGRAM.to_owned(), config, store: folder, overlay, texts };
    let recorder = live.record.as_ref();
    let recorder = recorder.map(|record| Arc::new(Recorder::of(file, record, &log, &connection)));
    let found = match &recorder {
        Some(recorder) if !args.fresh => recorder.earlier()?,
        _ => Earlier::None,
    };
    let makes_way = args.fresh || matches!(found, Earlier::BeginsAnew);
    let mut said = Vec::new();
    if matches!(found, Earlier::BeginsAnew) {
        said.push(ANEW.to_owned());
    }
    let earlier = match found {
        Earlier::GoesOn(run) => Some(run),
        Earlier::None | Earlier::BeginsAnew => None,
    };

    let wall = Arc::new(SystemWall::new());
    let now = wall.now();
    let (door, inlet) = Door::new(Arc::clone(&wall) as Arc<dyn WallClock>, Door::LIMIT);
    let vendor = Vendor::new(protocol, settings(file, live, now), inlet);
    let (ticker, clock) = CoarseTicker::new(now);
    let from = earlier.as_ref().map_or(Ok(now), begun)?;
    let sessions = file.sessions(from);
    let watch = HistoryWatch::default();
    let history = || Followed::recorded(store.clone().map(StoreSource::new), base);
    let (source, replay): (Box<dyn Source>, _) = match &earlier {
        Some(run) => {
            let calendar = time.calendar(file.config.exchange_group.calendar)?;
            check_history(run, &mut history(), &calendar)?;
            let replay = repetition(run, &door, &watch)?;
            (replay.source(watch.source(Box::new(history()))), Some(replay))
        }
        None => {
            let store = store.clone().map(StoreSource::new);
            let name = live.data_api.name();
            (watch.source(Box::new(Followed::live(store, base, name, door.clone()))), None)
        }
    };
    let mut engine = Engine::live_with_deadline(&file.config, &time, source, sessions, clock)
        .map_err(|errors| file.plan_error(errors))?;
    file.check_planned(engine.plan(), &built)?;
    registered::register(built, &mut engine)?;
    let export = args.export.as_ref();
    let export = export.map(|folder| Export::create(folder, &log, &mut engine)).transpose()?;
    let html = ReportFile::asked_for(&args.html, &mut engine)?;

    let mut kept_raw = None;
    let recorded = match &recorder {
        Some(recorder) => {
            let ahead = Ahead { from: from.to_string(), n_sessions: live.sessions };
            let recording = Beginning { recorder, earlier: earlier.as_ref(), ahead, makes_way };
            let Recorded { writer, end, log, unsynced, raw } =
                recording.begin(&engine, watch, threads, &mut said)?;
            kept_raw = raw;
            match &replay {
                Some(replay) => engine.record_with(replay.hold(Some(Box::new(writer)))),
                None => engine.record_with(Box::new(writer)),
            }
            Some((end, log, unsynced, replay))
        }
        None => None,
    };
    let name = live.data_api.name();
    said.insert(0, summary::beginning(file, &engine, name, recorder.as_deref()));
    let begun = from;
    Ok(Prepared {
        engine,
        ticker,
        vendor,
        door,
        wall,
        recorder,
        recorded,
        raw: kept_raw,
        export,
        html,
        log,
        said,
        begun,
    })
}

/// What `"restart": "session"` means.
const ANEW: &str = "restart \"session\": the session is caught up from the vendor, and strategies have \
                    forgotten what was before";

/// How the recording of a run begins.
struct Beginning<'b> {
    recorder: &'b Recorder,
    earlier: Option<&'b RecordedRun>,
    ahead: Ahead,
    /// Whether what is in the way is moved aside.
    makes_way: bool,
}

impl Beginning<'_> {
    fn begin(
        self,
        engine: &Engine,
        watch: HistoryWatch,
        threads: &mut Threads,
        said: &mut Vec<String>,
    ) -> Result<Recorded, Failure> {
        let first = engine.plan().sessions()[0].date;
        if let Some(run) = self.earlier {
            return self.recorder.go_on(run, watch, threads);
        }
        if self.makes_way {
            for moved in self.recorder.make_way(first)? {
                let (from, to) = (moved.from.display(), moved.to.display());
                said.push(format!("the recording {from} is moved aside, to {to}"));
            }
        }
        self.recorder.begin(self.ahead, first, watch, threads)
    }
}

/// What may be changed of how the vendor is dealt with.
fn settings(file: &SessionFile, live: &LiveConfig, now: Timestamp) -> Settings {
    let seconds = |seconds: f64| Nanos::from_nanos((seconds * 1e9) as i64);
    let filler = &file.config.session_data_config.gap_filler;
    Settings {
        probe_after: seconds(live.probe_seconds),
        max_skew: seconds(live.max_skew_seconds),
        silent_after: live.silent_seconds.map(seconds),
        n_retries: filler.max_retries,
        retry_each: Nanos::from_secs(i64::from(filler.retry_interval_seconds)),
        ..Settings::new(now.as_nanos().unsigned_abs())
    }
}
