//! A promise that was broken, and how it is found.

use std::panic::{UnwindSafe, catch_unwind};

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

/// Does `run`, in which a panic breaks `invariant`.
///
/// # Errors
///
/// What broke, by what it found or by what the panic said.
pub fn unless_it_panics<T>(
    invariant: &'static str,
    run: impl FnOnce() -> Kept<T> + UnwindSafe,
) -> Kept<T> {
    catch_unwind(run).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let found = said.unwrap_or_else(|| "without a word".to_owned());
        Err(Violation { invariant, found })
    })
}
