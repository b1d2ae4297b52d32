//! The report of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::account::Account;
use crate::command::Signal;
use crate::event::Reason;

/// What a run came to. [`Report::wall`] holds all that differs from one run to the next.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The name of the session file.
    pub session_name: String,
    /// The exchange group.
    pub exchange_group: String,
    /// The phase in which the run ended.
    pub phase: String,
    /// Why it failed; null where it did not.
    pub failure: Option<String>,
    /// The interval that was delivered.
    pub base_interval: String,
    /// Base bars delivered.
    pub n_bars: u64,
    /// Derived bars made.
    pub n_derived: u64,
    /// Steps taken.
    pub n_steps: u64,
    /// The digest of the run.
    pub digest: String,
    /// What it is made of.
    pub digest_parts: DigestParts,
    /// The form in which digests are made: those of two forms cannot be compared.
    pub digest_form: u32,
    /// The digest of each symbol's series.
    pub symbol_digests: BTreeMap<String, String>,
    /// The sessions that were closed, in order.
    pub sessions: Vec<Session>,
    /// The session that was open when the run was stopped; null where none was.
    pub interrupted: Option<Interrupted>,
    /// The consumers, in the order in which they were registered.
    pub consumers: Vec<Consumer>,
    /// What was signalled, in order; none where it was streamed into a file ([`Report::streamed`]).
    pub signals: Vec<SignalAt>,
    /// What the paper accounts came to, in order of their first strategies; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
    /// What the session file says for reports; null where it says nothing.
    pub metadata: Option<Map<String, Value>>,
    /// The files that were written while the run went; absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streamed: Option<Streamed>,
    /// What was exported; null where nothing was.
    pub exported: Option<Exported>,
    /// What only a live run has; absent in a backtest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// What differs from one run to the next.
    pub wall: Wall,
}

/// The parts of a run's digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DigestParts {
    /// Of the values of all series of the sessions that were closed.
    pub series: String,
    /// Of which base bar was delivered when.
    pub sequence: String,
    /// Of the switches of the gate.
    pub gate: String,
}

/// What a live run came to beside its sessions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Live {
    /// Rows that all feeds have handed over.
    pub handed_over: u64,
    /// Bars that were delivered while their symbol was behind.
    pub caught_up: u64,
    /// Bars that came after something later was published.
    pub late: u64,
    /// Rows that took the place of another.
    pub revised: u64,
    /// Stretches whose bars will not come.
    pub gaps_left: u64,
    /// How often a topic was found silent while the vendor had bars.
    pub silent_topics: u64,
    /// Connections that were lost and made anew, by cause.
    pub reconnects: BTreeMap<String, u64>,
    /// The share of market time in which there was data, 0 to 1; null before any has passed.
    pub active_share: Option<f64>,
    /// The longest stretch without, in seconds of market time.
    pub longest_inactive_seconds: f64,
    /// The folder of the last session's recording; null where nothing is recorded.
    pub recording: Option<String>,
}

/// What became of a consumer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// How it was called.
    pub delivery: String,
    /// Signals it gave.
    pub n_signals: u64,
    /// Commands it gave.
    pub n_commands: u64,
    /// Notices that newer ones displaced before it took them.
    pub n_displaced: u64,
    /// One number for all that it emitted, whoever ran beside it.
    pub digest: String,
    /// Why it failed; null where it did not.
    pub failure: Option<String>,
}

/// A signal and when it was given.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SignalAt {
    /// The session clock.
    pub at: String,
    /// The signal.
    #[serde(flatten)]
    pub signal: Signal,
}

/// A session that was closed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its date.
    pub date: String,
    /// Its open.
    pub open: String,
    /// Its close.
    pub close: String,
    /// Whether it closed earlier than usual.
    pub early_close: bool,
    /// Base bars delivered.
    pub n_bars: u64,
    /// Its members, in symbol order.
    pub symbols: Vec<Symbol>,
    /// When the gate opened and shut.
    pub gate: Vec<GateSwitch>,
}

/// The session that was open when the run was stopped: what had closed by then.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Interrupted {
    /// The session clock.
    pub at: String,
    /// The session up to then.
    #[serde(flatten)]
    pub session: Session,
}

/// What became of a symbol in a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Symbol {
    /// The symbol.
    pub symbol: String,
    /// Whether it left before the close.
    pub left_before_close: bool,
    /// Its series, shortest first.
    pub series: Vec<Series>,
    /// Its trailing windows.
    pub history: Vec<History>,
    /// Rows rejected, by reason.
    pub rejected: BTreeMap<String, u64>,
}

/// What a trailing window held before a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct History {
    /// The interval.
    pub interval: String,
    /// Sessions of the window; of weeks, weeks.
    pub sessions: u32,
    /// Of these, sessions with a bar.
    pub with_bars: u32,
}

/// What there was of a series in a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Series {
    /// The interval.
    pub interval: String,
    /// Bars of it.
    pub n_bars: u64,
    /// Base bars seen in it; null where quality is not kept.
    pub n: Option<u32>,
    /// Base bars expected in it; null where quality is not kept.
    pub expected: Option<u32>,
    /// The share of those that were seen; null where none were expected or quality is not kept.
    pub quality_pct: Option<f64>,
    /// The longest run of bars that are missing; null where none is.
    pub longest_gap: Option<Gap>,
}

/// A run of bars that are missing.
///
/// ```
/// use openbell_wire::report::Gap;
///
/// let gap = r#"{"since":"2025-07-02T13:45:00Z","until":"2025-07-02T13:48:00Z","bars":3}"#;
/// assert_eq!(serde_json::from_str::<Gap>(gap)?.bars, 3);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// When the first of them opens.
    pub since: String,
    /// When the last of them closes.
    pub until: String,
    /// How many they are.
    pub bars: u32,
}

/// The gate opened or shut.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GateSwitch {
    /// The session clock.
    pub at: String,
    /// The epoch that began.
    pub epoch: u64,
    /// Whether it opened.
    pub active: bool,
    /// Why it shut; null where it opened.
    pub reason: Option<Reason>,
}

/// What was exported.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Exported {
    /// The folder.
    pub folder: String,
    /// Files in it.
    pub files: usize,
    /// Bars.
    pub bars: u64,
    /// Rows of indicators.
    pub indicator_rows: u64,
    /// Rows of quality.
    pub quality_rows: u64,
    /// Rows of signals.
    pub signal_rows: u64,
}

/// The files that were written while the run went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Streamed {
    /// Of signals; null where the report lists them.
    pub signals: Option<String>,
    /// Of what became of orders; null where there is none.
    pub fills: Option<String>,
}

/// What the wall clock saw of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Wall {
    /// Seconds from the first step to the end.
    pub elapsed_s: f64,
    /// Base bars a second; null where no time has passed.
    pub bars_per_s: Option<f64>,
    /// The worst lateness of a paced run, in seconds.
    pub overrun_s: f64,
}
