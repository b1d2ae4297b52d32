//! The figures that metrics are written from: plain values, gathered by whoever has them.
//!
//! A figure that nobody knows is absent, and so is its metric: never zero. Counters count from the
//! start of the process.

use std::collections::BTreeMap;

use super::distribution::Distribution;
use crate::status::SymbolCounts;

/// All figures of a process that runs a session.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Figures {
    /// What the program is.
    pub build: BuildFigures,
    /// What is run.
    pub session: SessionFigures,
    /// How the run goes.
    pub run: RunFigures,
    /// The members of the session, in symbol order, each once.
    pub symbols: Vec<SymbolFigures>,
    /// Of which of them there are series.
    pub shown: SymbolSeries,
    /// The consumers, each name once.
    pub consumers: Vec<ConsumerFigures>,
    /// What only a live session has; absent in a backtest.
    pub live: Option<LiveFigures>,
    /// The recording; absent where nothing is recorded.
    pub recording: Option<RecordingFigures>,
    /// The process; absent where the system does not say.
    pub process: Option<ProcessFigures>,
}

/// What the program is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BuildFigures {
    /// Its version, as `0.1.0`.
    pub version: String,
    /// The compiler that built it; empty where that is not known.
    pub rustc: String,
    /// The revision of its source; empty where that is not known.
    pub revision: String,
}

/// What is run.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct SessionFigures {
    /// The name of the session file.
    pub name: String,
    /// `backtest` or `live`.
    pub mode: String,
    /// The exchange group.
    pub exchange_group: String,
}

/// How a run goes.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct RunFigures {
    /// The phase: one of [`PHASES`](super::PHASES).
    pub phase: &'static str,
    /// Why outside readers get nothing: one of [`REASONS`](super::REASONS). Absent while they get data.
    pub reason: Option<&'static str>,
    /// Seconds of session time without data for outside readers, by reason.
    pub inactive_s: BTreeMap<&'static str, f64>,
    /// The same in seconds of the wall clock.
    pub inactive_wall_s: BTreeMap<&'static str, f64>,
    /// How often the gate has opened.
    pub n_opened: u64,
    /// How often the gate has shut.
    pub n_shut: u64,
    /// The epoch; absent before the first switch.
    pub epoch: Option<u64>,
    /// The number of the publication that readers see.
    pub publication: Option<u64>,
    /// The session clock, in seconds since 1970 UTC; absent before the first session.
    pub clock_s: Option<f64>,
    /// The wall clock minus the session clock, in seconds; absent in a backtest.
    pub behind_wall_s: Option<f64>,
    /// Symbols of the session by state.
    pub n_symbols: SymbolCounts,
    /// Symbols that are behind, for whatever reason.
    pub n_lagging: u64,
    /// The largest lag of a symbol, in seconds of open-market time.
    pub lag_max_s: f64,
    /// The lags of all symbols together, in seconds of open-market time.
    pub lag_sum_s: f64,
    /// Bars that have closed by the session clock and are not delivered.
    pub n_backlog: u64,
    /// Bars delivered, by interval.
    pub delivered: BTreeMap<String, u64>,
    /// Bars derived, by interval.
    pub derived: BTreeMap<String, u64>,
    /// Rows that did not become bars, by the name of the reason.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Base bars seen of those expected in this session, over all members, 0 to 1, by interval.
    pub quality: BTreeMap<String, f64>,
    /// Runs of missing bars in this session, of all members.
    pub n_gaps: Option<u64>,
    /// Commands answered, by name and outcome, as (`add_symbols`, `done`).
    pub commands: BTreeMap<(&'static str, &'static str), u64>,
    /// Commands that wait.
    pub n_commands_waiting: Option<u64>,
    /// Signals, by consumer and kind.
    pub signals: BTreeMap<(String, String), u64>,
    /// How late a paced run is at its worst, in seconds.
    pub overrun_s: Option<f64>,
    /// Steps of the engine.
    pub n_steps: u64,
    /// CPU time of the core's thread, in seconds.
    pub core_busy_s: Option<f64>,
    /// Events logged.
    pub n_events: u64,
}

/// A member of the session.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct SymbolFigures {
    /// The symbol.
    pub symbol: String,
    /// Its state: a name of [`SymbolCounts::by_state`].
    pub state: &'static str,
    /// Whether it holds the gate or is withheld, or was within the last five minutes.
    pub is_lagging: bool,
    /// Its lag at the last check, in seconds of open-market time.
    pub lag_s: f64,
    /// Its bars that have closed by the session clock and are not delivered.
    pub n_backlog: u64,
    /// The close of its last delivered bar, in seconds since 1970 UTC.
    pub last_close_s: Option<f64>,
    /// Base bars seen of those expected in this session, 0 to 1.
    pub quality: Option<f64>,
}

/// Of which members there are series.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum SymbolSeries {
    /// Of all, up to [`SymbolSeries::ALL_UP_TO`] members; beyond that of none.
    #[default]
    ByNumber,
    /// Of all, however many.
    All,
    /// Of those that lag or did within the last five minutes, and at most of
    /// [`SymbolSeries::N_LAGGING`], those with the largest lag. Such series come and go.
    Lagging,
    /// Of none.
    None,
}

impl SymbolSeries {
    /// So many members have series where nobody says otherwise.
    pub const ALL_UP_TO: usize = 200;
    /// So many lagging members have series.
    pub const N_LAGGING: usize = 50;
}

/// A consumer.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ConsumerFigures {
    /// Its name.
    pub name: String,
    /// How it is called: `inline`, `lock_step` or `free`.
    pub delivery: &'static str,
    /// Notices that newer ones displaced before it took them.
    pub n_displaced: u64,
    /// Whether it has failed, and is called no more.
    pub has_failed: bool,
}

/// What only a live session has.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct LiveFigures {
    /// The connections to vendors, each name once.
    pub feeds: Vec<FeedFigures>,
    /// The vendors, each once.
    pub vendors: Vec<VendorFigures>,
    /// From a bar's close to its arrival by the stream, in seconds.
    pub latency: Option<Distribution>,
    /// What a look takes, in seconds.
    pub looks: Option<Distribution>,
    /// Deliveries of vendors that the core has not taken yet.
    pub n_queued: Option<u64>,
    /// Bars whose values a vendor has changed after they were delivered.
    pub n_revised: Option<u64>,
    /// Expected bars that are missing and will not come.
    pub n_gap_bars: Option<u64>,
    /// How often a topic was found silent while the vendor had bars, by symbol.
    pub topic_suspects: BTreeMap<String, u64>,
}

/// A connection to a vendor.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct FeedFigures {
    /// The vendor, as `kraken`; where it has several connections, with the number of the place that
    /// they take, as `binance/2`. A connection that is made anew keeps its place.
    pub name: String,
    /// Whether it is up.
    pub is_connected: bool,
    /// Seconds since something was heard; absent before anything was.
    pub silence_s: Option<f64>,
    /// How often it was lost and made anew, by the name of the cause: one of a closed list, never what
    /// a vendor said.
    pub reconnects: BTreeMap<&'static str, u64>,
    /// Bars that the vendor's history brought, since the stream had not.
    pub n_backfilled: Option<u64>,
}

/// A vendor.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct VendorFigures {
    /// Its name.
    pub name: String,
    /// This machine's clock minus the vendor's, in seconds; absent while it is not known.
    pub skew_s: Option<f64>,
    /// Requests to its history, by their end.
    pub requests: BTreeMap<RequestEnd, u64>,
    /// Seconds in which the vendor wanted to be left alone.
    pub rate_limited_s: Option<f64>,
}

/// How a request to a vendor's history ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RequestEnd {
    /// With an answer of that HTTP status.
    Status(u16),
    /// With none.
    NoAnswer,
}

impl RequestEnd {
    /// The label: the class as `2xx`, the status itself of those that limit us (`418`, `429`), `other`
    /// for what is no HTTP status, `none` for no answer.
    ///
    /// ```
    /// use openbell_wire::metrics::RequestEnd;
    ///
    /// assert_eq!(RequestEnd::Status(200).label(), "2xx");
    /// assert_eq!(RequestEnd::Status(429).label(), "429");
    /// assert_eq!(RequestEnd::NoAnswer.label(), "none");
    /// ```
    pub fn label(self) -> &'static str {
        match self {
            RequestEnd::Status(418) => "418",
            RequestEnd::Status(429) => "429",
            RequestEnd::Status(100..=199) => "1xx",
            RequestEnd::Status(200..=299) => "2xx",
            RequestEnd::Status(300..=399) => "3xx",
            RequestEnd::Status(400..=499) => "4xx",
            RequestEnd::Status(500..=599) => "5xx",
            RequestEnd::Status(_) => "other",
            RequestEnd::NoAnswer => "none",
        }
    }
}

/// A recording.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct RecordingFigures {
    /// Bytes written.
    pub n_bytes: u64,
    /// Seconds since which something is committed that is not known to be on the medium; 0 where all is.
    pub unsynced_s: f64,
}

/// The process, as the system sees it.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct ProcessFigures {
    /// CPU time of all its threads, in seconds.
    pub cpu_s: f64,
    /// Its memory that is resident, in bytes.
    pub resident_bytes: u64,
    /// Its open files and sockets.
    pub n_open_fds: u64,
    /// When it began, in seconds since 1970 UTC.
    pub began_s: f64,
}
