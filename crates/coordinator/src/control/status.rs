//! The polled state: why am I, or am I not, getting data?

use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_data_manager::Link;
use openbell_market::{BarInterval, Coverage, Symbol};
use openbell_session_data::{Inactive, OutsideReader, Why};
use openbell_time::{Nanos, Timestamp, TradingDate};

/// The phases of a run: it is *planned*, *prepares* a session, is *ready* at its open, *streams*,
/// is *closing* and then *closed*; or it has *failed*, or was *stopped*.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// Checked; nothing is read yet.
    Planned,
    /// History is read and indicators are warmed for the next session.
    Preparing,
    /// The clock stands at the open.
    Ready,
    /// Bars are delivered.
    Streaming,
    /// The last instant is past; the books of the session are closed.
    Closing,
    /// The last session is closed; the run has completed.
    Closed,
    /// The run has failed.
    Failed,
    /// The run was stopped.
    Stopped,
}

impl Phase {
    const ALL: [Phase; 8] = [
        Phase::Planned,
        Phase::Preparing,
        Phase::Ready,
        Phase::Streaming,
        Phase::Closing,
        Phase::Closed,
        Phase::Failed,
        Phase::Stopped,
    ];

    /// The name in reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Planned => "planned",
            Phase::Preparing => "preparing",
            Phase::Ready => "ready",
            Phase::Streaming => "streaming",
            Phase::Closing => "closing",
            Phase::Closed => "closed",
            Phase::Failed => "failed",
            Phase::Stopped => "stopped",
        }
    }

    /// Whether nothing follows it.
    pub fn is_final(self) -> bool {
        matches!(self, Phase::Closed | Phase::Failed | Phase::Stopped)
    }
}

/// What a symbol of the session is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SymbolState {
    /// Its data is being loaded.
    Loading,
    /// Its backlog is being delivered.
    CatchingUp,
    /// It delivers with the clock.
    Live,
    /// In a replay it has delivered no bar so far. Live a bar was expected and is proven not to
    /// exist. That is no fault.
    Quiet,
    /// The exchange has halted it (live), so that no bar is owed.
    Halted,
    /// An expected bar is overdue (live).
    Late,
    /// Nothing comes over its link (live).
    Dead,
    /// This machine's clock and that of its source differ too much (live).
    Skewed,
    /// Its source refuses it for good (live).
    Gone,
    /// The session is closed (live).
    Closed,
    /// It has left.
    Removed,
}

impl SymbolState {
    const ALL: [SymbolState; 11] = [
        SymbolState::Loading,
        SymbolState::CatchingUp,
        SymbolState::Live,
        SymbolState::Quiet,
        SymbolState::Halted,
        SymbolState::Late,
        SymbolState::Dead,
        SymbolState::Skewed,
        SymbolState::Gone,
        SymbolState::Closed,
        SymbolState::Removed,
    ];

    /// The name in reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            SymbolState::Loading => "loading",
            SymbolState::CatchingUp => "catching_up",
            SymbolState::Live => "live",
            SymbolState::Quiet => "quiet",
            SymbolState::Halted => "halted",
            SymbolState::Late => "late",
            SymbolState::Dead => "dead",
            SymbolState::Skewed => "skewed",
            SymbolState::Gone => "gone",
            SymbolState::Closed => "closed",
            SymbolState::Removed => "removed",
        }
    }
}

/// A symbol of the session, as it stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolStatus {
    /// The symbol.
    pub symbol: Symbol,
    /// How often it has joined the run, from 1.
    pub generation: u32,
    /// What it is doing.
    pub state: SymbolState,
    /// The session clock since which it does so; absent before the first session's open.
    pub since: Option<Timestamp>,
    /// Why, in facts that a person reads.
    pub why: Why,
    /// What its feed does beside that (live).
    pub feed: Option<FeedStatus>,
    /// The lag at its last check.
    pub lag: Nanos,
    /// Bars at or before the clock that are not delivered yet.
    pub n_backlog: u64,
    /// Bars delivered in this session.
    pub n_delivered: u64,
    /// Rows rejected in this session, all reasons together.
    pub n_rejected: u64,
    /// Base bars seen and expected in this session, as views show them: of the same publication
    /// and by the same definition. Absent while outside reads are shut or the symbol is withheld,
    /// while nothing is expected yet, and where quality is not kept.
    pub coverage: Option<Coverage>,
    /// Whether it is locked against removal.
    pub is_locked: bool,
}

/// A symbol's live feed, as it stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedStatus {
    /// What the way to its source is doing, as text.
    pub link: String,
    /// The close of the last bar that was delivered; the session's first instant before that.
    pub last_bar: Timestamp,
    /// Rows handed over in this session.
    pub n_handed: u64,
    /// Bars delivered while it was behind.
    pub n_caught_up: u64,
    /// Bars that came late, and rows that took the place of others.
    pub n_corrected: u64,
}

/// The state of a run, as it stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// The phase.
    pub phase: Phase,
    /// Whether the clock is paused.
    pub is_paused: bool,
    /// The session clock; `None` before the first session.
    pub clock: Option<Timestamp>,
    /// The session; `None` before the first.
    pub session: Option<TradingDate>,
    /// Why the gate is shut; `None` where it is open.
    pub inactive: Option<Inactive>,
    /// The members of the session and those whose data is being read, in symbol order.
    pub symbols: Vec<SymbolStatus>,
}

/// The live figures of one symbol, written by the core, read by anyone.
pub(crate) struct SymbolGauge {
    symbol: Symbol,
    generation: u32,
    state: AtomicU8,
    lag_ns: AtomicI64,
    n_backlog: AtomicU64,
    n_rejected: AtomicU64,
    is_locked: AtomicU8,
    /// What is shown beside the figures; written where it changes.
    shown: Mutex<Shown>,
}

struct Shown {
    since: Option<Timestamp>,
    why: Why,
    feed: Option<FeedGauge>,
}

/// What a look has found of a live feed; put into words when somebody asks.
pub(crate) struct FeedGauge {
    pub(crate) link: Link,
    pub(crate) last_bar: Timestamp,
    pub(crate) n_handed: u64,
    pub(crate) n_caught_up: u64,
    pub(crate) n_corrected: u64,
}

impl FeedGauge {
    fn status(&self) -> FeedStatus {
        let FeedGauge { link, last_bar, n_handed, n_caught_up, n_corrected } = self;
        FeedStatus {
            link: link.to_string(),
            last_bar: *last_bar,
            n_handed: *n_handed,
            n_caught_up: *n_caught_up,
            n_corrected: *n_corrected,
        }
    }
}

impl SymbolGauge {
    pub(crate) fn new(symbol: Symbol, generation: u32) -> Arc<SymbolGauge> {
        Arc::new(SymbolGauge {
            symbol,
            generation,
            state: AtomicU8::new(SymbolState::Loading as u8),
            lag_ns: AtomicI64::new(0),
            n_backlog: AtomicU64::new(0),
            n_rejected: AtomicU64::new(0),
            is_locked: AtomicU8::new(0),
            shown: Mutex::new(Shown {
                since: None,
                why: Why::Loading { n_read: 0, n_all: 0 },
                feed: None,
            }),
        })
    }

    pub(crate) fn change_state(&self, state: SymbolState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows that the symbol is in `state` because of `why`, by the session clock `clock`.
    pub(crate) fn show(&self, state: SymbolState, why: &Why, clock: Timestamp) {
        let mut shown = self.shown();
        if self.state() != state || shown.since.is_none() {
            self.change_state(state);
            shown.since = Some(clock);
        }
        if shown.why != *why {
            shown.why = why.clone();
        }
    }

    /// Shows what the symbol's feed is doing.
    pub(crate) fn show_feed(&self, feed: FeedGauge) {
        self.shown().feed = Some(feed);
    }

    pub(crate) fn state(&self) -> SymbolState {
        SymbolState::ALL[usize::from(self.state.load(Ordering::Relaxed))]
    }

    pub(crate) fn record_lag(&self, lag: Nanos) {
        self.lag_ns.store(lag.as_nanos(), Ordering::Relaxed);
    }

    /// The lag at the last check.
    pub(crate) fn lag(&self) -> Nanos {
        Nanos::from_nanos(self.lag_ns.load(Ordering::Relaxed))
    }

    pub(crate) fn record_backlog(&self, n_backlog: u64) {
        self.n_backlog.store(n_backlog, Ordering::Relaxed);
    }

    pub(crate) fn record_rejected(&self, n_rejected: u64) {
        self.n_rejected.store(n_rejected, Ordering::Relaxed);
    }

    pub(crate) fn record_lock(&self, is_locked: bool) {
        self.is_locked.store(u8::from(is_locked), Ordering::Relaxed);
    }

    fn status(&self, n_delivered: u64, coverage: Option<Coverage>) -> SymbolStatus {
        let shown = self.shown();
        let state = self.state();
        // A replay shows states alone: what it does is said by them.
        let why = match (&shown.feed, state) {
            (Some(_), _) => shown.why.clone(),
            (None, SymbolState::Loading | SymbolState::Closed) => shown.why.clone(),
            (None, SymbolState::CatchingUp) => Why::Behind { complete_through: None },
            (None, SymbolState::Removed) => Why::Left,
            (None, _) => Why::OnTime,
        };
        SymbolStatus {
            symbol: self.symbol.clone(),
            generation: self.generation,
            state,
            since: shown.since,
            why,
            feed: shown.feed.as_ref().map(FeedGauge::status),
            lag: self.lag(),
            n_backlog: self.n_backlog.load(Ordering::Relaxed),
            n_delivered,
            n_rejected: self.n_rejected.load(Ordering::Relaxed),
            coverage,
            is_locked: self.is_locked.load(Ordering::Relaxed) == 1,
        }
    }
}

/// Bars delivered in the session, a figure for each member: side by side, since the core counts
/// them at every instant.
pub(crate) type Counts = Arc<[AtomicU64]>;

#[derive(Default)]
struct Roster {
    session: Option<TradingDate>,
    gauges: Vec<Arc<SymbolGauge>>,
    counts: Counts,
    /// Symbols that are no members yet, since their data is being read.
    loading: Vec<Arc<SymbolGauge>>,
    streamed: Vec<BarInterval>,
    derived: Vec<BarInterval>,
}

/// Where the core leaves its figures. Figures are single atomics; the roster behind the mutex
/// changes only when symbols come and go.
pub(crate) struct StatusBoard {
    phase: AtomicU8,
    is_paused: AtomicU8,
    clock_ns: AtomicI64,
    roster: Mutex<Arc<Roster>>,
}

const NO_CLOCK: i64 = i64::MIN;

impl StatusBoard {
    pub(crate) fn new() -> Arc<StatusBoard> {
        Arc::new(StatusBoard {
            phase: AtomicU8::new(Phase::Planned as u8),
            is_paused: AtomicU8::new(0),
            clock_ns: AtomicI64::new(NO_CLOCK),
            roster: Mutex::new(Arc::new(Roster::default())),
        })
    }

    pub(crate) fn change_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn record_pause(&self, is_paused: bool) {
        self.is_paused.store(u8::from(is_paused), Ordering::Relaxed);
    }

    pub(crate) fn record_clock(&self, clock: Timestamp) {
        self.clock_ns.store(clock.as_nanos(), Ordering::Relaxed);
    }

    /// The members of `session` are these, each with its count, and `loading` are on their way.
    pub(crate) fn change_roster(
        &self,
        session: TradingDate,
        (gauges, counts): (Vec<Arc<SymbolGauge>>, Counts),
        loading: Vec<Arc<SymbolGauge>>,
        streamed: Vec<BarInterval>,
        derived: Vec<BarInterval>,
    ) {
        let session = Some(session);
        let roster = Arc::new(Roster { session, gauges, counts, loading, streamed, derived });
        *self.roster.lock().unwrap_or_else(PoisonError::into_inner) = roster;
    }

    fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.roster.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn status(&self, mut reader: OutsideReader) -> Status {
        let roster = self.roster();
        let clock_ns = self.clock_ns.load(Ordering::Relaxed);
        let view = reader.view();
        let coverage = |gauge: &SymbolGauge| {
            let symbol = view.as_ref().ok()?.symbol(gauge.symbol.as_str()).ok()?;
            symbol.base()?.coverage()
        };
        let symbols = roster
            .gauges
            .iter()
            .zip(roster.counts.iter())
            .map(|(gauge, count)| gauge.status(count.load(Ordering::Relaxed), coverage(gauge)));
        let loading = roster.loading.iter().map(|gauge| gauge.status(0, None));
        let mut symbols: Vec<SymbolStatus> = symbols.chain(loading).collect();
        symbols.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Status {
            phase: Phase::ALL[usize::from(self.phase.load(Ordering::Relaxed))],
            is_paused: self.is_paused.load(Ordering::Relaxed) == 1,
            clock: (clock_ns != NO_CLOCK).then(|| Timestamp::from_nanos(clock_ns)),
            session: roster.session,
            inactive: view.err(),
            symbols,
        }
    }

    pub(crate) fn loaded(&self) -> Vec<Symbol> {
        self.symbols_where(|state| !matches!(state, SymbolState::Loading | SymbolState::CatchingUp))
    }

    pub(crate) fn pending(&self) -> Vec<Symbol> {
        self.symbols_where(|state| matches!(state, SymbolState::Loading | SymbolState::CatchingUp))
    }

    pub(crate) fn streamed(&self) -> Vec<BarInterval> {
        self.roster().streamed.clone()
    }

    pub(crate) fn derived(&self) -> Vec<BarInterval> {
        self.roster().derived.clone()
    }

    fn symbols_where(&self, is_wanted: impl Fn(SymbolState) -> bool) -> Vec<Symbol> {
        let roster = self.roster();
        let gauges = roster.gauges.iter().chain(&roster.loading);
        let wanted = gauges.filter(|gauge| is_wanted(gauge.state()));
        let mut symbols: Vec<Symbol> = wanted.map(|gauge| gauge.symbol.clone()).collect();
        symbols.sort();
        symbols
    }
}
