//! Why a symbol is where it is, in facts that a person reads.

use std::fmt;
use std::sync::Arc;

use openbell_time::{Nanos, Timestamp};

/// What keeps a symbol from being live, or that nothing does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// It is with the clock.
    OnTime,
    /// Its data is being read.
    Loading {
        /// Parts that are read, of all.
        n_read: u32,
        /// All parts; 0 where that is not known.
        n_all: u32,
    },
    /// Bars that have closed by the session clock are being delivered, or fetched.
    Behind {
        /// The instant up to which its series is complete; absent where that is not known.
        complete_through: Option<Timestamp>,
    },
    /// No bar, and it is proven that there is none.
    NoTrade {
        /// The close of its last bar, or the open of the session.
        since: Timestamp,
    },
    /// The exchange has halted it.
    Halted {
        /// Since when.
        since: Timestamp,
        /// What the exchange says.
        said: Arc<str>,
    },
    /// A bar that is expected has not come, and nothing proves that there is none.
    Overdue {
        /// When that bar closed.
        closes_at: Timestamp,
    },
    /// Nothing comes from its source.
    Down {
        /// The last instant at which something did.
        since: Timestamp,
        /// What is known of it.
        said: Arc<str>,
        /// When it is tried again, where that is known.
        next_try: Option<Timestamp>,
    },
    /// This machine's clock and the source's differ by too much.
    Skewed {
        /// Ours minus theirs.
        by: Nanos,
    },
    /// The source refuses it for good.
    Refused {
        /// What it said.
        said: Arc<str>,
    },
    /// The session is closed.
    Closed {
        /// When the next one opens, where one follows.
        next_open: Option<Timestamp>,
    },
    /// The symbol has left.
    Left,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::OnTime => f.write_str("on time"),
            Why::Loading { n_all: 0, .. } => f.write_str("its data is being read"),
            Why::Loading { n_read, n_all } => {
                write!(f, "its data is being read, {n_read} of {n_all}")
            }
            Why::Behind { complete_through: Some(through) } => {
                write!(f, "catching up, complete through {through}")
            }
            Why::Behind { complete_through: None } => f.write_str("catching up"),
            Why::NoTrade { since } => write!(f, "no trade since {since}"),
            Why::Halted { since, said } => write!(f, "halted since {since}: {said}"),
            Why::Overdue { closes_at } => {
                write!(f, "the bar that closed at {closes_at} has not come")
            }
            Why::Down { since, said, next_try } => {
                write!(f, "nothing since {since}: {said}")?;
                match next_try {
                    Some(at) => write!(f, "; next try at {at}"),
                    None => Ok(()),
                }
            }
            Why::Skewed { by } => {
                let (ns, way) =
                    (by.as_nanos(), if by.as_nanos() < 0 { "behind" } else { "ahead of" });
                let by = Nanos::from_nanos(ns.saturating_abs());
                write!(f, "this machine's clock is {by} {way} the source's")
            }
            Why::Refused { said } => write!(f, "refused by its source: {said}"),
            Why::Closed { next_open: Some(at) } => {
                write!(f, "the session is closed, the next one opens at {at}")
            }
            Why::Closed { next_open: None } => f.write_str("the session is closed"),
            Why::Left => f.write_str("it has left"),
        }
    }
}
