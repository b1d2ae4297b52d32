//! What the way to a source is doing: a state that a poll reports, never an error of it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use openbell_time::{Nanos, Timestamp};

/// What the way to a source is doing.
///
/// It says nothing of how complete the rows are: a connection that lives proves nothing about any
/// series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Link {
    /// The rows are stored: there is no way that could break.
    Stored,
    /// The subscription is not confirmed yet.
    Starting {
        /// Since when.
        since: Timestamp,
        /// How far it is.
        step: LinkStep,
    },
    /// Subscribed, and heard of.
    Up {
        /// When something came last.
        heard_at: Timestamp,
    },
    /// Connected again, and rows that were missed are being fetched.
    CatchingUp {
        /// The time whose rows are missing.
        missing: Range<Timestamp>,
        /// How often they were asked for.
        n_tries: u32,
    },
    /// Nothing comes.
    Down {
        /// The last instant at which something did, or at which it broke.
        since: Timestamp,
        /// Why.
        why: DownCause,
        /// When it is tried again, where that is known.
        next_try: Option<Timestamp>,
    },
    /// It is up, and the vendor's clock is not ours.
    Skewed {
        /// Our clock minus the vendor's.
        by: Nanos,
    },
    /// The vendor refuses the series for good.
    Gone {
        /// What it said.
        why: Arc<str>,
    },
}

/// How far a link that starts is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkStep {
    /// The series' name at the vendor is looked up.
    Resolving,
    /// The connection is made.
    Connecting,
    /// The vendor checks the key.
    Authenticating,
    /// The subscription is not acknowledged yet.
    Subscribing,
}

impl LinkStep {
    /// The word in messages.
    pub fn name(self) -> &'static str {
        match self {
            LinkStep::Resolving => "resolving",
            LinkStep::Connecting => "connecting",
            LinkStep::Authenticating => "authenticating",
            LinkStep::Subscribing => "subscribing",
        }
    }
}

/// Why nothing comes over a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DownCause {
    /// Nothing was heard for longer than the source's own heartbeat.
    Silent,
    /// The connection was closed or could not be made; what was said.
    Broken(Arc<str>),
    /// The vendor is not open to us for now: maintenance, a ban, a limit; what it said.
    Refused(Arc<str>),
}

impl fmt::Display for DownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DownCause::Silent => f.write_str("nothing is heard"),
            DownCause::Broken(said) | DownCause::Refused(said) => f.write_str(said),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Link::Stored => f.write_str("stored"),
            Link::Starting { step, .. } => f.write_str(step.name()),
            Link::Up { heard_at } => write!(f, "up, heard at {heard_at}"),
            Link::CatchingUp { missing, n_tries } => {
                write!(f, "fetching {} to {}, try {n_tries}", missing.start, missing.end)
            }
            Link::Down { since, why, next_try } => {
                write!(f, "{why} since {since}")?;
                match next_try {
                    Some(at) => write!(f, "; next try at {at}"),
                    None => Ok(()),
                }
            }
            Link::Skewed { by } => write!(f, "this machine's clock is {by} ahead of the vendor's"),
            Link::Gone { why } => f.write_str(why),
        }
    }
}

/// Whether the instrument trades.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Trading {
    /// As far as the source says, it does.
    #[default]
    Normal,
    /// The exchange has halted it: no bar is owed.
    Halted {
        /// Since when.
        since: Timestamp,
        /// What the exchange says.
        why: Arc<str>,
    },
}
