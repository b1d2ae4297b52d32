//! A promise that was broken, and how it is found.

use openbell_coordinator::Event;

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The name of the invariant.
    pub invariant: &'static str,
    /// When, and what was found.
    pub found: String,
}

/// A result that says which promise was broken.
pub type Kept<T> = Result<T, Violation>;

/// Breaks the promise `invariant` where `holds` is false.
pub fn keep(invariant: &'static str, holds: bool, found: impl FnOnce() -> String) -> Kept<()> {
    if holds { Ok(()) } else { Err(Violation { invariant, found: found() }) }
}

pub(super) fn n_sessions(events: &[Event]) -> u64 {
    events.iter().filter(|event| matches!(event, Event::SessionOpened { .. })).count() as u64
}
