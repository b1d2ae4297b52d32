//! The event log: what happened in a run, without its bars. Part of the promises: same config,
//! data and commands give the same log.

use openbell_market::{RejectReason, Symbol};
use openbell_session_data::Reason;
use openbell_time::{ClockStep, Timestamp, TradingDate};

use crate::control::command::{Answer, PaceCommand, SessionCommand, StepAt};
use crate::control::signal::Signal;
use crate::error::RunFailure;
use crate::trading::matching::TradeEvent;

/// Who gave a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The config's `symbol_schedule`; the entry, from 0.
    Schedule {
        /// Position in the file.
        entry: usize,
    },
    /// A handle outside the core.
    Handle,
    /// A consumer, from a callback.
    Consumer {
        /// Its name.
        name: String,
    },
}

/// Why a bar was corrected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CorrectionKind {
    /// It came after something later was published.
    Late,
    /// Its values have changed.
    Revised,
}

impl CorrectionKind {
    /// The name in reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            CorrectionKind::Late => "late",
            CorrectionKind::Revised => "revised",
        }
    }
}

/// One entry of the event log.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A session is at its open, its symbols are loaded.
    SessionOpened {
        /// Its date.
        date: TradingDate,
        /// Its open.
        at: Timestamp,
        /// Its close.
        until: Timestamp,
    },
    /// A symbol has joined and is caught up.
    Joined {
        /// The symbol.
        symbol: Symbol,
        /// How often it has joined the run, from 1.
        generation: u32,
        /// The session clock.
        at: Timestamp,
        /// Bars that were delivered to catch it up.
        n_backlog: u64,
    },
    /// A symbol has left.
    Left {
        /// The symbol.
        symbol: Symbol,
        /// The session clock.
        at: Timestamp,
    },
    /// A command was taken and answered.
    Commanded {
        /// When it was taken.
        taken: StepAt,
        /// Who gave it.
        origin: Origin,
        /// What was asked.
        command: SessionCommand,
        /// What became of it.
        answer: Answer,
    },
    /// The gate opened.
    GateOpened {
        /// The session clock.
        at: Timestamp,
        /// The epoch that begins.
        epoch: u64,
    },
    /// The gate shut.
    GateShut {
        /// The session clock.
        at: Timestamp,
        /// The epoch that begins.
        epoch: u64,
        /// Why.
        reason: Reason,
    },
    /// Rows were rejected.
    Rejected {
        /// The symbol.
        symbol: Symbol,
        /// The session clock at which it was counted.
        at: Timestamp,
        /// Why.
        reason: RejectReason,
        /// Rows.
        n_rows: u64,
        /// The stamp of the first of them.
        first: Timestamp,
        /// The stamp of the last of them.
        last: Timestamp,
    },
    /// A live symbol that was behind has caught up.
    CaughtUp {
        /// The symbol.
        symbol: Symbol,
        /// The session clock.
        at: Timestamp,
        /// Bars that were delivered while it was behind.
        n_bars: u64,
    },
    /// Bars of a live symbol are given up by its source, and missing for good.
    GapLeft {
        /// The symbol.
        symbol: Symbol,
        /// The session clock.
        at: Timestamp,
        /// The open of the first of them.
        since: Timestamp,
        /// The end of the last of them.
        until: Timestamp,
        /// Base bars of the session that lie in that time, whether or not anything was traded.
        n_bars: u32,
    },
    /// Bars of a live symbol were corrected: its series are made anew from the first of them on.
    Corrected {
        /// The symbol.
        symbol: Symbol,
        /// The session clock.
        at: Timestamp,
        /// Why.
        kind: CorrectionKind,
        /// Bars.
        n_bars: u64,
        /// The stamp of the first of them.
        first: Timestamp,
        /// The stamp of the last of them.
        last: Timestamp,
    },
    /// A schedule entry lies outside this session and was passed over.
    ScheduleSkipped {
        /// The session.
        date: TradingDate,
        /// Position in the file, from 0.
        entry: usize,
    },
    /// A configured symbol is no member of this session (live): it was none in an earlier one of the
    /// run, whose bars its history does not have.
    LeftOut {
        /// The session.
        date: TradingDate,
        /// The symbol.
        symbol: Symbol,
        /// The earlier session.
        missing: TradingDate,
    },
    /// A symbol had no bar in the whole session.
    NoData {
        /// The session.
        date: TradingDate,
        /// The symbol.
        symbol: Symbol,
    },
    /// A consumer said something.
    Signalled {
        /// The session clock.
        at: Timestamp,
        /// What.
        signal: Signal,
    },
    /// Something happened to an order on paper: it was taken, refused, has filled, or rests no more.
    Traded {
        /// The session clock.
        at: Timestamp,
        /// The strategy whose account it is of.
        strategy: String,
        /// What.
        trade: Box<TradeEvent>,
    },
    /// A consumer failed and was stopped, or stopped the run.
    ConsumerFailed {
        /// The session clock.
        at: Timestamp,
        /// The consumer.
        consumer: String,
        /// What it said.
        why: String,
    },
    /// A session is closed.
    SessionClosed {
        /// Its date.
        date: TradingDate,
        /// Its close.
        at: Timestamp,
        /// Bars delivered in it.
        n_bars: u64,
    },
    /// The last session is closed.
    Completed {
        /// The session clock.
        at: Timestamp,
    },
    /// The run was stopped.
    Stopped {
        /// The session clock, where there was one.
        at: Option<Timestamp>,
    },
    /// The run failed.
    Failed {
        /// The session clock, where there was one.
        at: Option<Timestamp>,
        /// The cause and the place.
        failure: RunFailure,
    },
}

/// One entry of the operations log, which is no part of the promises.
#[derive(Clone, PartialEq, Debug)]
pub enum Operation {
    /// A command that changes only the pace was taken.
    Paced {
        /// When it was taken.
        taken: StepAt,
        /// What was asked.
        command: PaceCommand,
        /// What became of it.
        answer: Answer,
    },
    /// A free consumer's queue was full for the first time; the report counts what made room.
    ConsumerLags {
        /// The session clock.
        at: Timestamp,
        /// The consumer.
        consumer: String,
    },
    /// A free consumer failed, or its worker was dropped, by that instant.
    ConsumerFailed {
        /// The session clock when it was found out.
        at: Timestamp,
        /// The consumer.
        consumer: String,
        /// What it said.
        why: String,
    },
    /// The wall clock was set, or the machine slept, while the run waited or before it did.
    ClockStepped(ClockStep),
    /// The run cannot go on, because nobody runs the worker of a lock-step consumer.
    WorkerMissing {
        /// The consumer.
        consumer: String,
    },
}
