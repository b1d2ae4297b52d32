//! A run of nothing but the recorded series: its bars at the close are those of the session.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_config::{Hours, RawSession, SessionConfig};
use openbell_coordinator::{Engine, Event, Sessions, Source, Step, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, FeedKind, Link, Progress, Trading};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Session, TimeManager, Timestamp};

use super::SessionBars;
use crate::error::RecorderError;
use crate::file::RecordedLooks;
use crate::file::head::NAME;
use crate::look::{RecordedHeard, RecordedLook};

/// So many rows are handed over at once.
const N_AT_ONCE: usize = 1 << 20;

/// No such run takes more steps to hand over rows, or to close.
const N_STEPS_MAX: usize = 10_000;

/// Fills in the bars of the series `keys`, from all of `looks` that can be read.
///
/// # Errors
///
/// A head that names no session which can be run.
pub(super) fn admit(
    bars: &mut SessionBars,
    keys: &[SeriesKey],
    looks: RecordedLooks,
) -> Result<(), RecorderError> {
    let wrong = |why: String| RecorderError::BadHead { path: bars.folder.join(NAME), why };
    let mut run = AdmissionRun::new(bars, keys).map_err(wrong)?;
    for look in looks {
        match look {
            Ok(look) => {
                run.take(&look);
                bars.n_looks += 1;
            }
            Err(error) => {
                bars.damage = Some(error);
                break;
            }
        }
    }
    let Closed { group, series, rejected } = run.close();
    (bars.exchange_group, bars.series, bars.rejected) = (group, series, rejected);
    Ok(())
}

/// What such a run comes to.
struct Closed {
    group: String,
    series: Vec<(SeriesKey, BarColumns)>,
    rejected: BTreeMap<&'static str, u64>,
}

/// A run of one session that is given rows and makes nothing of them but base bars.
struct AdmissionRun {
    /// Absent where nothing is recorded that it could be made of.
    engine: Option<Engine>,
    group: String,
    pending: Pending,
    wall: Timestamp,
    /// The end of the session.
    until: Timestamp,
}

impl AdmissionRun {
    /// Makes and opens it.
    fn new(bars: &SessionBars, keys: &[SeriesKey]) -> Result<AdmissionRun, String> {
        let head = &bars.head;
        let raw = RawSession::read(&head.config.to_string()).map_err(|e| e.to_string())?;
        let (config, _) = SessionConfig::from_raw(&raw).map_err(|e| e.to_string())?;
        let time = head
            .overlay
            .as_deref()
            .map_or_else(|| Ok(TimeManager::new()), TimeManager::with_overlay);
        let time = time.map_err(|error| error.to_string())?;
        let group = config.exchange_group.name.to_owned();
        let calendar = time.calendar(&group).map_err(|error| error.to_string())?;
        let date = head.session.parse().map_err(|_| format!("session {:?}", head.session))?;
        let session = calendar.session(date).map_err(|error| error.to_string())?;
        let session = session.ok_or_else(|| format!("{date} is no session of {group}"))?;
        let hours = hours_of(&session, config.session_data_config.hours);
        let pending = Pending::default();
        let mut run =
            AdmissionRun { engine: None, group, pending, wall: hours.start, until: hours.end };
        let Some(base) = keys.first().map(|key| key.interval) else { return Ok(run) };
        let config = bare(config, keys, base);
        let source = Box::new(Recorded { base, pending: run.pending.clone() });
        let sessions = Sessions::Ahead { from: session.open, n_sessions: Some(1) };
        let engine = Engine::live_sessions(&config, &time, source, sessions);
        run.engine = Some(engine.map_err(|errors| errors.to_string())?);
        Ok(run)
    }

    /// Takes the rows of a look.
    fn take(&mut self, look: &RecordedLook) {
        for heard in &look.heard {
            // Rows that come after a revision are not to be taken for older than it.
            if self.pending.lock().holds_back(heard) {
                self.hand_over();
            }
            self.pending.lock().add(heard);
        }
    }

    /// Steps, by a clock that hardly moves, until all rows are taken.
    fn hand_over(&mut self) {
        let pending = self.pending.clone();
        self.step_until(|_| pending.lock().rows.is_empty());
    }

    /// Steps until it is done.
    ///
    /// # Panics
    ///
    /// A run of one session that is given rows does not take them, or does not close.
    fn step_until(&mut self, is_done: impl Fn(&Engine) -> bool) {
        let Some(engine) = &mut self.engine else { return };
        for _ in 0..N_STEPS_MAX {
            if is_done(engine) {
                return;
            }
            self.wall = match engine.step(self.wall) {
                Step::Worked | Step::Paused => self.wall,
                Step::Waits { .. } => self.wall + Nanos::from_nanos(1_000),
                Step::Ended(_) => break,
            };
        }
        let why = engine.report().failure;
        assert!(is_done(engine), "a run of recorded rows stands at {}: {why:?}", self.wall);
    }

    /// Closes the session; its bars are final.
    fn close(mut self) -> Closed {
        self.hand_over();
        self.pending.lock().is_over = true;
        self.wall = self.until;
        self.step_until(|engine| engine.n_sessions_closed() == 1);
        let Some(engine) = &self.engine else {
            return Closed { group: self.group, series: Vec::new(), rejected: BTreeMap::new() };
        };
        let inside = engine.inside_reader();
        let view = inside.view();
        let bars_of = |symbol: &Symbol| {
            let series = view.symbol(symbol.as_str())?.base()?;
            let mut bars = BarColumns::default();
            bars.append(&series.today().bars());
            let key = SeriesKey { symbol: symbol.clone(), interval: series.interval() };
            (!bars.is_empty()).then_some((key, bars))
        };
        let series = view.symbols().filter_map(bars_of).collect();
        let mut rejected = BTreeMap::new();
        for event in engine.events() {
            if let Event::Rejected { reason, n_rows, .. } = event {
                *rejected.entry(reason.name()).or_default() += *n_rows;
            }
        }
        Closed { group: self.group, series, rejected }
    }
}

/// When the session has bars.
fn hours_of(session: &Session, hours: Hours) -> Range<Timestamp> {
    let extended = |hour: Option<Timestamp>| hour.filter(|_| hours == Hours::Extended);
    extended(session.pre_open).unwrap_or(session.open)
        ..extended(session.post_close).unwrap_or(session.close)
}

/// The session of `config` with nothing but the base bars of the series `keys`.
fn bare(config: SessionConfig, keys: &[SeriesKey], base: BarInterval) -> SessionConfig {
    let mut config = config;
    config.trading_config = None;
    let data = &mut config.session_data_config;
    data.symbols = keys.iter().map(|key| key.symbol.clone()).collect();
    data.streams = vec![base];
    data.base_interval = Some(base);
    data.historical.data.clear();
    data.indicators.session.clear();
    data.indicators.historical.clear();
    data.symbol_schedule.clear();
    data.scanners.clear();
    data.strategies.clear();
    config
}

/// The rows that are to be handed over next, shared by the run and its feeds.
#[derive(Clone, Default)]
struct Pending(Arc<Mutex<PendingRows>>);

#[derive(Default)]
struct PendingRows {
    rows: BTreeMap<Symbol, (BarColumns, BarColumns)>,
    n_rows: usize,
    /// Whether no more will come.
    is_over: bool,
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, PendingRows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // One thread uses it.
    }
}

impl PendingRows {
    /// Whether what is pending has to be taken before `heard` is.
    fn holds_back(&self, heard: &RecordedHeard) -> bool {
        let revised = self.rows.get(&heard.symbol).is_some_and(|(_, revised)| !revised.is_empty());
        self.n_rows >= N_AT_ONCE || (revised && !heard.rows.is_empty())
    }

    fn add(&mut self, heard: &RecordedHeard) {
        let (n_rows, n_revised) = (heard.rows.len(), heard.revisions.len());
        if n_rows + n_revised == 0 {
            return;
        }
        let (rows, revised) = self.rows.entry(heard.symbol.clone()).or_default();
        rows.extend_from(&heard.rows, 0..n_rows);
        revised.extend_from(&heard.revisions, 0..n_revised);
        self.n_rows += n_rows + n_revised;
    }
}

/// The recorded rows as a source.
struct Recorded {
    base: BarInterval,
    pending: Pending,
}

impl Source for Recorded {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        vec![self.base]
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the recording".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(Rows { key: key.clone(), pending: self.pending.clone() }))
    }
}

/// The rows of one series, as they were recorded.
struct Rows {
    key: SeriesKey,
    pending: Pending,
}

impl Feed for Rows {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, _: Timestamp) -> Result<(), DataError> {
        Ok(())
    }

    fn poll(
        &mut self,
        now: Timestamp,
        _: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let mut pending = self.pending.lock();
        if let Some((rows, _)) = pending.rows.get_mut(&self.key.symbol) {
            out.append(&rows.as_rows());
            rows.clear();
        }
        let complete_through = if pending.is_over { now } else { Timestamp::MIN };
        let (link, trading) = (Link::Up { heard_at: now }, Trading::Normal);
        let given_up = Vec::new();
        Ok(Progress { complete_through, given_up, link, trading, is_exhausted: false })
    }

    fn poll_revisions(&mut self, _: Timestamp, out: &mut BarColumns) {
        let mut pending = self.pending.lock();
        if let Some((_, revised)) = pending.rows.remove(&self.key.symbol) {
            out.append(&revised.as_rows());
        }
        if pending.rows.is_empty() {
            pending.n_rows = 0;
        }
    }
}
