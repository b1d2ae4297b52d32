//! What whoever carries messages for a vendor is to do: the only way by which the shared part acts.

use std::fmt;

use crate::live::{LineId, Outgoing, Request};

/// A request that is under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AskId(pub u64);

impl fmt::Display for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", self.0)
    }
}

/// Something to do, in the order in which it was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Connect; `opened` or `closed` is said of it once.
    Open {
        /// The number of the line from now on.
        line: LineId,
        /// Where to.
        url: String,
    },
    /// Send a message over an open line.
    Send {
        /// Over which.
        line: LineId,
        /// What.
        message: Outgoing,
    },
    /// Close a line, cleanly where that can be done in a moment; nothing more is said of it.
    Close {
        /// Which.
        line: LineId,
    },
    /// Make a request; `answered` is said of it once.
    Ask {
        /// Its number.
        ask: AskId,
        /// What to ask.
        request: Request,
    },
}
