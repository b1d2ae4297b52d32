//! States of a run, for tests.

use openbell_coordinator::{Phase, Status, SymbolState, SymbolStatus};
use openbell_session_data::{Inactive, Why};
use openbell_time::{Nanos, Timestamp};

/// The instant of that text.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A symbol of which nothing is to be said.
pub(super) fn symbol(name: &str, state: SymbolState) -> SymbolStatus {
    SymbolStatus {
        symbol: name.parse().unwrap(),
        generation: 1,
        state,
        since: Some(at("2025-07-03T13:30:00Z")),
        why: Why::OnTime,
        feed: None,
        lag: Nanos::ZERO,
        n_backlog: 0,
        n_delivered: 0,
        n_rejected: 0,
        coverage: None,
        is_locked: false,
    }
}

/// A run that streams on the day before Independence Day.
pub(super) fn status(inactive: Option<Inactive>, symbols: Vec<SymbolStatus>) -> Status {
    Status {
        phase: Phase::Streaming,
        is_paused: false,
        clock: Some(at("2025-07-03T16:00:00Z")),
        session: Some("2025-07-03".parse().unwrap()),
        inactive,
        symbols,
    }
}
