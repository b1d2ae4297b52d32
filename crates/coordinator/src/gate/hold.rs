//! Whether one symbol holds the gate, or is withheld where the scope is the symbol.

use openbell_time::Nanos;

/// Why a symbol holds the gate; the graver one is greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum HoldCause {
    /// Its backlog is being delivered, or its feed is not complete through the open.
    CatchingUp,
    /// A bar that is expected of it is overdue.
    Late,
    /// Nothing comes over its feed's link.
    Silent,
    /// Our clock and that of its feed differ too much.
    Skewed,
    /// Its feed refuses it for good.
    Gone,
}

/// How one symbol stands with the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hold {
    /// All its rows are there, nobody watches a feed: its lag alone decides.
    ByLag,
    /// Its feed was not looked at yet.
    Unseen,
    /// It is behind.
    Held {
        /// Its lag, or how long its next bar is overdue.
        lag: Nanos,
        /// Why.
        cause: HoldCause,
    },
    /// It is with the clock again, and consumers are still to be notified of what they missed.
    Released,
    /// It is with the clock.
    Free,
}

impl Hold {
    /// What follows when its feed is looked at, and it holds by `held` or not at all.
    pub(super) fn next(self, held: Option<(Nanos, HoldCause)>) -> Hold {
        match (self, held) {
            (_, Some((lag, cause))) => Hold::Held { lag, cause },
            (Hold::Held { .. } | Hold::Released, None) => Hold::Released,
            (Hold::ByLag | Hold::Unseen | Hold::Free, None) => Hold::Free,
        }
    }

    /// Whether readers see another thing by `next`; a lag is shown to the second.
    pub(super) fn shows_otherwise(self, next: Hold) -> bool {
        match (self, next) {
            (Hold::Held { lag, .. }, Hold::Held { lag: next, .. }) => {
                lag.as_secs() != next.as_secs()
            }
            (Hold::Held { .. } | Hold::Unseen, _) | (_, Hold::Held { .. }) => true,
            _ => false,
        }
    }
}
