//! Whether a live symbol holds the gate.

use openbell_time::Nanos;

/// Whether a live symbol holds the gate, or is withheld where the scope is the symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hold {
    /// It was not looked at yet.
    Unseen,
    /// It is behind by so much.
    Held {
        /// Its lag, or how long its next bar is overdue.
        lag: Nanos,
    },
    /// It is with the clock again, and what was not told of it meanwhile is to be told.
    Released,
    /// It is with the clock.
    Free,
}

impl Hold {
    /// What follows when it is looked at, and holds by `lag` or not at all.
    pub(crate) fn next(self, lag: Option<Nanos>) -> Hold {
        match (self, lag) {
            (_, Some(lag)) => Hold::Held { lag },
            (Hold::Held { .. } | Hold::Released, None) => Hold::Released,
            (Hold::Unseen | Hold::Free, None) => Hold::Free,
        }
    }

    /// Whether readers would see another thing; a lag is shown to the second.
    pub(crate) fn shows_otherwise(self, next: Hold) -> bool {
        match (self, next) {
            (Hold::Held { lag }, Hold::Held { lag: next }) => lag.as_secs() != next.as_secs(),
            (Hold::Held { .. } | Hold::Unseen, _) | (_, Hold::Held { .. }) => true,
            _ => false,
        }
    }
}
