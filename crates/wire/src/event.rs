//! What happened in a run, one event a line of its log.

use serde::{Deserialize, Serialize};

use crate::command::{Answer, Command, Signal};
use crate::trade::{Fill, Order};

/// One entry of the event log, by the name of its `event`.
///
/// ```
/// use openbell_wire::event::Event;
///
/// let line = r#"{"event":"gate_opened","at":"2025-07-02T16:00:00Z","epoch":3}"#;
/// let opened = Event::GateOpened { at: "2025-07-02T16:00:00Z".to_owned(), epoch: 3 };
/// assert_eq!(serde_json::from_str::<Event>(line)?, opened);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A session is at its open, its symbols are loaded.
    SessionOpened {
        /// Its date.
        date: String,
        /// Its open.
        at: String,
        /// Its close.
        until: String,
    },
    /// A symbol has joined and is caught up.
    Joined {
        /// The symbol.
        symbol: String,
        /// How often it has joined the run, from 1.
        generation: u32,
        /// The session clock.
        at: String,
        /// Bars that were delivered to catch it up.
        n_backlog: u64,
    },
    /// A symbol has left.
    Left {
        /// The symbol.
        symbol: String,
        /// The session clock.
        at: String,
    },
    /// A command was taken and answered.
    Commanded {
        /// When it was taken.
        taken: Taken,
        /// Who gave it.
        origin: Origin,
        /// What was asked.
        command: Command,
        /// What became of it.
        answer: Answer,
    },
    /// The gate opened.
    GateOpened {
        /// The session clock.
        at: String,
        /// The epoch that begins.
        epoch: u64,
    },
    /// The gate shut.
    GateShut {
        /// The session clock.
        at: String,
        /// The epoch that begins.
        epoch: u64,
        /// Why.
        reason: Reason,
    },
    /// Rows were rejected.
    Rejected {
        /// The symbol.
        symbol: String,
        /// The session clock at which it was counted.
        at: String,
        /// Why.
        reason: String,
        /// Rows.
        n_rows: u64,
        /// The stamp of the first of them.
        first: String,
        /// The stamp of the last of them.
        last: String,
    },
    /// A live symbol that was behind has caught up.
    CaughtUp {
        /// The symbol.
        symbol: String,
        /// The session clock.
        at: String,
        /// Bars that were delivered while it was behind.
        n_bars: u64,
    },
    /// Bars of a live symbol are given up by its source, and missing for good.
    GapLeft {
        /// The symbol.
        symbol: String,
        /// The session clock.
        at: String,
        /// The open of the first of them.
        since: String,
        /// The end of the last of them.
        until: String,
        /// Base bars of the session that lie in that time.
        n_bars: u32,
    },
    /// Bars of a live symbol were corrected.
    Corrected {
        /// The symbol.
        symbol: String,
        /// The session clock.
        at: String,
        /// Why: `late` or `revised`.
        kind: String,
        /// Bars.
        n_bars: u64,
        /// The stamp of the first of them.
        first: String,
        /// The stamp of the last of them.
        last: String,
    },
    /// A schedule entry lies outside this session and was passed over.
    ScheduleSkipped {
        /// The session.
        date: String,
        /// Position in the file, from 0.
        entry: usize,
    },
    /// A configured symbol is no member of this session: it was none in an earlier one of the run, whose
    /// bars its history does not have.
    LeftOut {
        /// The session.
        date: String,
        /// The symbol.
        symbol: String,
        /// The earlier session.
        missing: String,
    },
    /// A symbol had no bar in the whole session.
    NoData {
        /// The session.
        date: String,
        /// The symbol.
        symbol: String,
    },
    /// A consumer said something.
    Signalled {
        /// The session clock.
        at: String,
        /// What.
        #[serde(flatten)]
        signal: Signal,
    },
    /// An order on paper was taken.
    Ordered {
        /// The session clock.
        at: String,
        /// The strategy whose account it is of.
        strategy: String,
        /// Its number.
        order: u64,
        /// What was taken.
        terms: Order,
        /// The other of its pair; null where it is of none.
        pair: Option<u64>,
        /// The entry that left it behind; null where none did.
        entry: Option<u64>,
    },
    /// An order on paper was not taken.
    OrderRefused {
        /// The session clock.
        at: String,
        /// The strategy whose account it is of.
        strategy: String,
        /// What was ordered.
        terms: Order,
        /// Why.
        why: String,
    },
    /// Some or all of an order on paper has filled.
    Filled {
        /// The session clock.
        at: String,
        /// The strategy whose account it is of.
        strategy: String,
        /// What.
        fill: Fill,
    },
    /// An order on paper rests no more.
    OrderEnded {
        /// The session clock.
        at: String,
        /// The strategy whose account it is of.
        strategy: String,
        /// Its number.
        order: u64,
        /// The symbol.
        symbol: String,
        /// Why, as `filled` or `session_over`.
        why: String,
        /// Lots of it that have not filled.
        unfilled: i64,
    },
    /// A consumer failed and was stopped, or stopped the run.
    ConsumerFailed {
        /// The session clock.
        at: String,
        /// The consumer.
        consumer: String,
        /// What it said.
        why: String,
    },
    /// A session is closed.
    SessionClosed {
        /// Its date.
        date: String,
        /// Its close.
        at: String,
        /// Bars delivered in it.
        n_bars: u64,
    },
    /// The last session is closed.
    Completed {
        /// The session clock.
        at: String,
    },
    /// The run was stopped.
    Stopped {
        /// The session clock; null where there was none.
        at: Option<String>,
    },
    /// The run failed.
    Failed {
        /// The session clock; null where there was none.
        at: Option<String>,
        /// The cause and the place.
        why: String,
    },
}

/// When a command was taken: the same in every run of the same config, data and commands.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// Steps of the run before it.
    pub step: u64,
    /// Commands taken after the same step and before it.
    pub order: u32,
    /// The session clock.
    pub clock: String,
    /// The session's date.
    pub session: String,
}

/// Who gave a command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The config's `symbol_schedule`; the entry, from 0.
    Schedule(usize),
    /// A handle outside the core.
    Handle,
    /// A consumer, by its name.
    Consumer(String),
}

/// Why the gate is shut.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// The reason, as `catching_up`.
    pub name: String,
    /// The symbols that hold the gate, in symbol order; not there where no symbol does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holders: Option<Vec<LaggingSymbol>>,
}

/// A symbol that holds the gate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LaggingSymbol {
    /// The symbol.
    pub symbol: String,
    /// Its lag in seconds of open-market time; null while it is not complete.
    pub lag_s: Option<f64>,
}
