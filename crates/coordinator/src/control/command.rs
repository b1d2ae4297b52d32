//! What can be asked of a running session, and what it answers.

use std::fmt;

use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_time::{Timestamp, TradingDate};

use crate::control::signal::Signal;
use crate::error::{RunFailure, UnknownSymbol};

/// How long an added symbol stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stay {
    /// For this session; gone in the next.
    Session,
    /// For this and all later sessions of the run.
    Run,
}

/// Something asked of a run.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Of the session: part of the event log.
    Session(SessionCommand),
    /// Of the pace: part of the operations log, and of no digest.
    Pace(PaceCommand),
}

impl Command {
    /// The name in logs.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Session(command) => command.name(),
            Command::Pace(command) => command.name(),
        }
    }
}

impl From<SessionCommand> for Command {
    fn from(command: SessionCommand) -> Command {
        Command::Session(command)
    }
}

impl From<PaceCommand> for Command {
    fn from(command: PaceCommand) -> Command {
        Command::Pace(command)
    }
}

/// Something asked of the session.
#[derive(Clone, PartialEq, Debug)]
pub enum SessionCommand {
    /// Symbols are to join, each as one operation; a refused one leaves the others alone.
    AddSymbols {
        /// The symbols, in any order.
        symbols: Vec<Symbol>,
        /// For how long.
        stay: Stay,
    },
    /// Symbols are to leave.
    RemoveSymbols {
        /// The symbols, in any order.
        symbols: Vec<Symbol>,
    },
    /// A symbol is not to be removed until it is unlocked: a position is open.
    Lock {
        /// The symbol.
        symbol: Symbol,
    },
    /// A locked symbol may be removed again. Of a consumer it lifts that consumer's lock, and the
    /// symbol stays while another one has locked it; from outside it lifts all locks.
    Unlock {
        /// The symbol.
        symbol: Symbol,
    },
    /// A further interval is to be derived, built back from the session's open.
    AddInterval {
        /// The interval.
        interval: BarInterval,
    },
    /// A further indicator is to be computed, built back from the session's open.
    AddIndicator {
        /// The indicator.
        spec: IndicatorSpec,
    },
    /// A signal of an outsider, as of a free consumer, is to be recorded.
    Signal {
        /// What it says.
        signal: Signal,
    },
    /// The run is to end in order.
    Stop,
}

impl SessionCommand {
    /// The name in logs.
    pub fn name(&self) -> &'static str {
        match self {
            SessionCommand::AddSymbols { .. } => "add_symbols",
            SessionCommand::RemoveSymbols { .. } => "remove_symbols",
            SessionCommand::Lock { .. } => "lock",
            SessionCommand::Unlock { .. } => "unlock",
            SessionCommand::AddInterval { .. } => "add_interval",
            SessionCommand::AddIndicator { .. } => "add_indicator",
            SessionCommand::Signal { .. } => "signal",
            SessionCommand::Stop => "stop",
        }
    }
}

/// Something asked of the pace of a backtest. A live session refuses it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum PaceCommand {
    /// The session clock is to stand.
    Pause,
    /// The session clock is to go on.
    Resume,
    /// The paused clock is to visit one further instant.
    Step,
    /// The paused clock is to go on up to and including an instant, and to stand then.
    RunUntil {
        /// The instant.
        until: Timestamp,
    },
    /// The speed is to change: 0 as fast as possible, N times real time.
    ChangeSpeed {
        /// The multiplier, finite and at least 0.
        multiplier: f64,
    },
}

impl PaceCommand {
    /// The name in logs.
    pub fn name(&self) -> &'static str {
        match self {
            PaceCommand::Pause => "pause",
            PaceCommand::Resume => "resume",
            PaceCommand::Step => "step",
            PaceCommand::RunUntil { .. } => "run_until",
            PaceCommand::ChangeSpeed { .. } => "change_speed",
        }
    }
}

/// Why a command was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The source has no such symbol.
    UnknownSymbol(UnknownSymbol),
    /// The symbol is locked.
    Locked,
    /// An account holds a position in the symbol, or has an order of it resting until it is cancelled.
    InAccount {
        /// The strategy whose account it is.
        strategy: String,
    },
    /// The run is paused already.
    AlreadyPaused,
    /// The run is not paused.
    NotPaused,
    /// The run has ended, or no session is open.
    NotRunning,
    /// Only a backtest can do that.
    LiveSession,
    /// The instant is not after the session clock.
    NotAhead {
        /// Where the clock stands.
        clock: Timestamp,
    },
    /// No stored base yields the interval.
    NotDerivable {
        /// The interval asked for.
        interval: BarInterval,
        /// The base of the run.
        base: BarInterval,
    },
    /// A live run cannot build it back: the history of a member that was none in an earlier session
    /// of the run does not reach that session.
    HistoryEnds {
        /// The member.
        symbol: Symbol,
        /// The session.
        session: TradingDate,
    },
    /// The speed is negative or not finite.
    BadSpeed,
    /// Too many commands wait; the caller must slow down.
    QueueFull,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::UnknownSymbol(unknown) => unknown.fmt(f),
            Refusal::Locked => f.write_str("the symbol is locked; unlock it first"),
            Refusal::InAccount { strategy } => write!(
                f,
                "the account of {strategy} holds the symbol, or has an order of it resting until it is \
                 cancelled; close the one and cancel the other first"
            ),
            Refusal::AlreadyPaused => f.write_str("the run is paused already"),
            Refusal::NotPaused => f.write_str("the run is not paused"),
            Refusal::NotRunning => f.write_str("no session is running"),
            Refusal::LiveSession => f.write_str("a live session cannot do that"),
            Refusal::NotAhead { clock } => {
                write!(f, "the session clock stands at {clock} already and does not go back")
            }
            Refusal::NotDerivable { interval, base } => {
                write!(f, "{interval} bars cannot be made of {base} bars, the base of this run")
            }
            Refusal::HistoryEnds { symbol, session } => write!(
                f,
                "it cannot be as if it had always been there: the history of {symbol} ends before \
                 the session of {session}, in which it was no member"
            ),
            Refusal::BadSpeed => f.write_str("a speed is a finite number, at least 0"),
            Refusal::QueueFull => f.write_str("too many commands wait; wait for tickets first"),
        }
    }
}

/// What became of adding one symbol.
#[derive(Clone, PartialEq, Debug)]
pub enum Added {
    /// It has joined and is caught up.
    Added {
        /// How often it has joined the run, from 1.
        generation: u32,
    },
    /// It is a member already, or on its way.
    AlreadyPresent,
    /// It was not tried.
    Refused(Refusal),
    /// It was tried and did not succeed; the session is as before.
    Failed(AddFailure),
}

/// Why adding a symbol did not succeed.
#[derive(Clone, PartialEq, Debug)]
pub enum AddFailure {
    /// Its bars could not be loaded.
    Load(RunFailure),
    /// It was removed before it had caught up.
    RemovedWhileCatchingUp,
    /// Its session closed before it had caught up, and it was not asked to stay (live).
    SessionClosed,
}

impl fmt::Display for AddFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddFailure::Load(failure) => failure.error().fmt(f),
            AddFailure::RemovedWhileCatchingUp => {
                f.write_str("it was removed while it was catching up")
            }
            AddFailure::SessionClosed => f.write_str(
                "the session closed before it had caught up; ask it to stay to carry it on",
            ),
        }
    }
}

/// What became of removing one symbol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Removed {
    /// It has left; nothing of it remains.
    Removed,
    /// It is not a member.
    NotPresent,
    /// It stays.
    Refused(Refusal),
}

/// The answer to a command.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// To [`SessionCommand::AddSymbols`]: one for each symbol, in the order asked.
    Added(Vec<(Symbol, Added)>),
    /// To [`SessionCommand::RemoveSymbols`]: one for each symbol, in the order asked.
    Removed(Vec<(Symbol, Removed)>),
    /// It is done.
    Done,
    /// It is done already: the interval or indicator is there.
    AlreadyPresent,
    /// A symbol to lock or unlock is not a member.
    NotPresent,
    /// It was not taken.
    Refused(Refusal),
    /// The run ended before it was taken.
    Stopped,
}

/// The session date and the step at which something was taken: the same in every run of the same
/// config, data and commands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StepAt {
    /// Steps of the run before it.
    pub step: u64,
    /// Commands taken after the same step and before it. An add is answered, and logged, after
    /// those that came while it was catching up; this is the order in which they came.
    pub order: u32,
    /// The session clock.
    pub clock: Timestamp,
    /// The session.
    pub session: TradingDate,
}
