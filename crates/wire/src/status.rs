//! The state of a run: whether it is active, and where not, why not and who is behind.

use serde::{Deserialize, Serialize};

use crate::event::Reason;

/// The state of a run, as it stood.
///
/// ```
/// use openbell_wire::status::Gate;
///
/// let gate: Gate = serde_json::from_str(r#"{
///     "active": false, "epoch": 2, "since": "2025-07-02T16:00:00Z",
///     "reason": { "name": "catching_up", "holders": [ { "symbol": "TSLA", "lag_s": 8940.0 } ] },
///     "n_holders": 1,
///     "sentence": "inactive since 2025-07-02T16:00:00Z (epoch 2): catching up: TSLA lags 8940s"
/// }"#)?;
/// // 12:00 in New York less 8,940 s: TSLA stands at the bar that closes at 09:31.
/// assert_eq!(gate.reason.and_then(|reason| reason.holders).unwrap_or_default()[0].lag_s, Some(8940.0));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The name of the session file.
    pub session_name: String,
    /// `backtest` or `live`.
    pub mode: String,
    /// The exchange group.
    pub exchange_group: String,
    /// The exchange's time zone, as `America/New_York`.
    pub zone: String,
    /// The phase, as `streaming`.
    pub phase: String,
    /// Whether the clock is paused.
    pub is_paused: bool,
    /// The session clock; null before the first session.
    pub clock: Option<String>,
    /// The session; null before the first.
    pub session: Option<Session>,
    /// Whether outside readers get data, and why not.
    pub gate: Gate,
    /// Members of the session and symbols on their way, by state.
    pub n_symbols: SymbolCounts,
    /// They themselves, in symbol order.
    pub symbols: Vec<Symbol>,
}

/// A session's regular hours.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its date.
    pub date: String,
    /// Its open; null where the calendar does not say.
    pub open: Option<String>,
    /// Its close; null where the calendar does not say.
    pub close: Option<String>,
    /// Whether it closes earlier than usual.
    pub is_early_close: bool,
}

/// Whether outside readers get data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Gate {
    /// Whether they do.
    pub active: bool,
    /// The epoch: how often the gate has switched; null while it is open.
    pub epoch: Option<u64>,
    /// The session clock since which it is shut; null while it is open, and before the first session.
    pub since: Option<String>,
    /// Why it is shut, with at most [`Gate::HOLDERS_SHOWN`] holders; null while it is open.
    pub reason: Option<Reason>,
    /// All symbols that hold it.
    pub n_holders: usize,
    /// All this in words; null while it is open.
    pub sentence: Option<String>,
}

impl Gate {
    /// Holders that a status names, in symbol order: the first of them.
    pub const HOLDERS_SHOWN: usize = 50;
}

/// How many symbols are in each state.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct SymbolCounts {
    /// Their data is being loaded.
    pub loading: u64,
    /// Their backlog is being delivered.
    pub catching_up: u64,
    /// They deliver with the clock.
    pub live: u64,
    /// No bar was expected of them, or it is proven not to exist.
    pub quiet: u64,
    /// The exchange has halted them.
    pub halted: u64,
    /// An expected bar is overdue.
    pub late: u64,
    /// Nothing comes over their link.
    pub dead: u64,
    /// This machine's clock and that of their source differ too much.
    pub skewed: u64,
    /// Their source refuses them for good.
    pub gone: u64,
    /// Their session is closed.
    pub closed: u64,
    /// They have left.
    pub removed: u64,
}

impl SymbolCounts {
    /// The name of each state, as [`Symbol::state`] has it, with its count.
    ///
    /// *Shape*: every state once, in the order of the fields.
    pub fn by_state(&self) -> [(&'static str, u64); 11] {
        [
            ("loading", self.loading),
            ("catching_up", self.catching_up),
            ("live", self.live),
            ("quiet", self.quiet),
            ("halted", self.halted),
            ("late", self.late),
            ("dead", self.dead),
            ("skewed", self.skewed),
            ("gone", self.gone),
            ("closed", self.closed),
            ("removed", self.removed),
        ]
    }
}

/// A symbol of the session, as it stood.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Symbol {
    /// The symbol.
    pub symbol: String,
    /// How often it has joined the run, from 1.
    pub generation: u32,
    /// What it is doing: a name of [`SymbolCounts::by_state`].
    pub state: String,
    /// The session clock since which it does so; null before the first session's open.
    pub since: Option<String>,
    /// Why, in words.
    pub why: String,
    /// The lag at its last check, in seconds of open-market time.
    pub lag_s: f64,
    /// Bars at or before the clock that are not delivered yet.
    pub n_backlog: u64,
    /// Bars delivered in this session.
    pub n_delivered: u64,
    /// Rows rejected in this session, all reasons together.
    pub n_rejected: u64,
    /// The close of the last bar that was delivered in this session; null where none was, and in a
    /// replay.
    pub last_close: Option<String>,
    /// Base bars seen in this session; null while outside reads are shut or the symbol is withheld,
    /// while none are expected, and where quality is not kept.
    pub n: Option<u32>,
    /// Base bars expected in this session so far; null where [`Symbol::n`] is.
    pub expected: Option<u32>,
    /// The share of those that were seen; null where [`Symbol::n`] is.
    pub quality_pct: Option<f64>,
    /// Whether it is locked against removal.
    pub is_locked: bool,
    /// What its feed is doing; null in a replay.
    pub feed: Option<Feed>,
}

/// A symbol's live feed, as it stood.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Feed {
    /// What the way to its source is doing, in words.
    pub link: String,
    /// Rows handed over in this session.
    pub n_handed: u64,
    /// Bars delivered while it was behind.
    pub n_caught_up: u64,
    /// Bars that came late, and rows that took the place of others.
    pub n_corrected: u64,
}
