//! Why outsiders get nothing.

use std::fmt;

use openbell_market::Symbol;
use openbell_time::{Nanos, Timestamp};
use thiserror::Error;

/// A symbol that holds the gate, with its lag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaggingSymbol {
    /// The symbol.
    pub symbol: Symbol,
    /// Session clock minus the close of the bar being delivered, in open-market time; `None`
    /// while the symbol is loading or its feed is not complete yet.
    pub lag: Option<Nanos>,
}

impl fmt::Display for LaggingSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lag {
            Some(lag) => write!(f, "{} lags {lag}", self.symbol),
            None => write!(f, "{} is not complete yet", self.symbol),
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
            | Reason::Silent { holders } => holders,
            Reason::NotOpen | Reason::Closed | Reason::Failed | Reason::Stopped => &[],
        }
    }

    /// The name in reports and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::NotOpen => "not_open",
            Reason::CatchingUp { .. } => "catching_up",
            Reason::Late { .. } => "late",
            Reason::Silent { .. } => "silent",
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

/// The facts behind an [`Inactive`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InactiveFacts {
    /// The session instant since which the gate is shut; `None` before the first session.
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
