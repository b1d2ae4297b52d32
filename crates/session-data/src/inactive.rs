//! Why outsiders get nothing.

use std::fmt;

use openbell_market::Symbol;
use openbell_time::{Nanos, Timestamp};
use thiserror::Error;

use crate::why::Why;

/// A symbol that holds the gate, with its lag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaggingSymbol {
    /// The symbol.
    pub symbol: Symbol,
    /// Session clock minus the close of the bar being delivered, in open-market time; `None`
    /// while the symbol is loading or its feed is not complete yet.
    pub lag: Option<Nanos>,
    /// Why it does not go with the clock.
    pub why: Why,
}

impl LaggingSymbol {
    /// One whose backlog is being delivered, with its lag where one is known.
    pub fn behind(symbol: Symbol, lag: Option<Nanos>) -> LaggingSymbol {
        LaggingSymbol { symbol, lag, why: Why::Behind { complete_through: None } }
    }
}

fn in_millis(lag: Nanos) -> Nanos {
    const MILLI: i64 = 1_000_000;
    Nanos::from_nanos(lag.as_nanos() / MILLI * MILLI)
}

impl fmt::Display for LaggingSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A thousandth of a second is nothing to whoever reads this.
        match (&self.why, self.lag.map(in_millis)) {
            (Why::Behind { .. }, Some(lag)) => write!(f, "{} lags {lag}", self.symbol),
            (Why::Behind { .. }, None) => write!(f, "{} is not complete yet", self.symbol),
            (why, Some(lag)) => write!(f, "{} lags {lag} ({why})", self.symbol),
            (why, None) => write!(f, "{}: {why}", self.symbol),
        }
    }
}

/// The reason the gate is shut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// No session has opened yet, or the next one is being prepared.
    NotOpen,
    /// Symbols are behind; in symbol order.
    CatchingUp {
        /// Who holds the gate.
        holders: Vec<LaggingSymbol>,
    },
    /// A bar that is expected of a symbol is overdue (live); holders as for
    /// [`Reason::CatchingUp`], with the gravest of their causes.
    Late {
        /// Who holds the gate.
        holders: Vec<LaggingSymbol>,
    },
    /// The connection of a symbol's feed is silent (live); holders as for [`Reason::Late`].
    Silent {
        /// Who holds the gate.
        holders: Vec<LaggingSymbol>,
    },
    /// This machine's clock differs too much from that of a symbol's source (live); holders as for
    /// [`Reason::Late`].
    Skewed {
        /// Who holds the gate.
        holders: Vec<LaggingSymbol>,
    },
    /// A symbol's source refuses it for good (live); holders as for [`Reason::Late`].
    Gone {
        /// Who holds the gate.
        holders: Vec<LaggingSymbol>,
    },
    /// The wall clock has jumped (live): ahead, and no second reading agrees so far; or back, and the
    /// session clock waits for it.
    ClockStepped {
        /// By how much; negative where it was set back.
        by: Nanos,
    },
    /// The core has not been heard by its deadline (live): it hangs, or its thread has ended, and
    /// what is published grows old unseen. Only readers find this; the gate itself is open.
    Stalled {
        /// When it was heard last.
        heard_at: Timestamp,
        /// When it should have been heard again; `None` where nobody renews the clock that it is
        /// held against, so that nobody can tell.
        due_by: Option<Timestamp>,
    },
    /// The session is closed.
    Closed,
    /// The run has failed.
    Failed,
    /// The run was stopped.
    Stopped,
}

impl Reason {
    /// The symbols that hold the gate, in symbol order; none where no symbol does.
    pub fn holders(&self) -> &[LaggingSymbol] {
        match self {
            Reason::CatchingUp { holders }
            | Reason::Late { holders }
            | Reason::Silent { holders }
            | Reason::Skewed { holders }
            | Reason::Gone { holders } => holders,
            Reason::NotOpen
            | Reason::ClockStepped { .. }
            | Reason::Stalled { .. }
            | Reason::Closed
            | Reason::Failed
            | Reason::Stopped => &[],
        }
    }

    /// The same with the lags of its holders as they are now.
    pub(crate) fn with_lags(mut self, lags: &dyn HolderLags) -> Reason {
        if let Reason::CatchingUp { holders }
        | Reason::Late { holders }
        | Reason::Silent { holders }
        | Reason::Skewed { holders }
        | Reason::Gone { holders } = &mut self
        {
            for (n, holder) in holders.iter_mut().enumerate() {
                holder.lag = holder.lag.and(lags.lag(n)).or(holder.lag);
            }
        }
        self
    }

    /// The name in reports and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::NotOpen => "not_open",
            Reason::CatchingUp { .. } => "catching_up",
            Reason::Late { .. } => "late",
            Reason::Silent { .. } => "silent",
            Reason::Skewed { .. } => "skewed",
            Reason::Gone { .. } => "gone",
            Reason::ClockStepped { .. } => "clock_stepped",
            Reason::Stalled { .. } => "stalled",
            Reason::Closed => "closed",
            Reason::Failed => "failed",
            Reason::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NotOpen => f.write_str("the session is not open yet"),
            Reason::CatchingUp { holders } => write_holders(f, "catching up", holders),
            Reason::Late { holders } => write_holders(f, "an expected bar is overdue", holders),
            Reason::Silent { holders } => write_holders(f, "a connection is silent", holders),
            Reason::Skewed { holders } => write_holders(f, "the clocks differ", holders),
            Reason::Gone { holders } => write_holders(f, "a source refuses a symbol", holders),
            Reason::ClockStepped { by } if by.as_nanos() < 0 => {
                let by = Nanos::from_nanos(by.as_nanos().saturating_neg());
                write!(
                    f,
                    "the clock was set back by {by}: it goes on when it has come so far again"
                )
            }
            Reason::ClockStepped { by } => {
                write!(f, "the clock has jumped ahead by {by}, and a second reading is awaited")
            }
            Reason::Stalled { heard_at, due_by: Some(due_by) } => {
                write!(f, "the core has not been heard since {heard_at}, it was due by {due_by}")
            }
            Reason::Stalled { heard_at, due_by: None } => write!(
                f,
                "the clock that the core is held against has stopped; the core was last heard at \
                 {heard_at}"
            ),
            Reason::Closed => f.write_str("the session is closed"),
            Reason::Failed => f.write_str("the run has failed"),
            Reason::Stopped => f.write_str("the run was stopped"),
        }
    }
}

fn write_holders(f: &mut fmt::Formatter<'_>, what: &str, holders: &[LaggingSymbol]) -> fmt::Result {
    f.write_str(what)?;
    for (n, holder) in holders.iter().enumerate() {
        write!(f, "{} {holder}", if n == 0 { ":" } else { "," })?;
    }
    Ok(())
}

/// The lags of the holders of a shut gate, asked for when somebody is told the reason: what is behind
/// changes with each bar, and hardly anybody looks.
pub trait HolderLags: Send + Sync {
    /// The lag of holder `n` of the reason that the gate was shut for, where one is known.
    ///
    /// *Cost*: it is asked for by readers; must not wait for the core.
    fn lag(&self, n: usize) -> Option<Nanos>;
}

/// The facts behind an [`Inactive`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InactiveFacts {
    /// The session instant since which the gate is shut; `None` before the first session. Where the
    /// core is stalled, the deadline that it has missed.
    pub since: Option<Timestamp>,
    /// The epoch: how often the gate has switched.
    pub epoch: u64,
    /// Why.
    pub reason: Reason,
}

/// Outside data is withheld: the session, or one symbol of it, is not caught up.
///
/// It is never the same as "no data": an active session without a bar yields an empty series.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub struct Inactive(Box<InactiveFacts>);

impl Inactive {
    /// The answer with these facts.
    pub fn new(facts: InactiveFacts) -> Inactive {
        Inactive(Box::new(facts))
    }

    /// Since when, which epoch, and why.
    pub fn facts(&self) -> &InactiveFacts {
        &self.0
    }
}

impl fmt::Display for Inactive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inactive")?;
        if let Some(since) = self.0.since {
            write!(f, " since {since}")?;
        }
        write!(f, " (epoch {}): {}", self.0.epoch, self.0.reason)
    }
}
