//! The log lines of a run, for whatever subscriber a program has: each says what the event log says.
//!
//! | level | line | with |
//! |---|---|---|
//! | info | `session opened` | its date, open and end |
//! | info | `gate opened`, `gate shut` | the epoch; why it shut |
//! | info | `joined`, `left` | the symbol; how often it has joined, bars of its backlog |
//! | info | `rows rejected` | the symbol, the reason, how many |
//! | info | `no data` | the symbol, the session |
//! | info | `session closed` | its date, bars |
//! | info | `schedule entry skipped` | the session, the entry |
//! | info | `consumer failed` | its name, what it said |
//! | info | `run completed`, `run stopped`, `run failed` | the cause of a failure |
//! | debug | `command` | what was asked, and the answer |
//! | debug | `signal` | what was signalled |
//!
//! Each has the session clock as `at`, inside the span `run` with the name of the session file. None is
//! written for a bar.

use tracing::{debug, info, info_span};

use crate::control::event::Event;

/// Writes the lines of `events`, of the run that is called `name`.
///
/// *Cost*: a comparison an event where nobody listens.
pub(super) fn trace(name: &str, events: &[Event]) {
    let _run = info_span!("run", name).entered();
    events.iter().for_each(trace_event);
}

fn trace_event(event: &Event) {
    match event {
        Event::SessionOpened { date, at, until } => info!(%date, %at, %until, "session opened"),
        Event::GateOpened { at, epoch } => info!(%at, epoch, "gate opened"),
        Event::GateShut { at, epoch, reason } => info!(%at, epoch, ?reason, "gate shut"),
        Event::Joined { symbol, generation, at, n_backlog } => {
            info!(%symbol, generation, n_backlog, %at, "joined");
        }
        Event::Left { symbol, at } => info!(%symbol, %at, "left"),
        Event::Rejected { symbol, at, reason, n_rows, first, last } => {
            info!(%symbol, reason = reason.name(), n_rows, %first, %last, %at, "rows rejected");
        }
        Event::CaughtUp { symbol, at, n_bars } => info!(%symbol, n_bars, %at, "caught up"),
        Event::Corrected { symbol, at, kind, n_bars, first, last } => {
            info!(%symbol, kind = kind.name(), n_bars, %first, %last, %at, "bars corrected");
        }
        Event::NoData { date, symbol } => info!(%symbol, %date, "no data"),
        Event::SessionClosed { date, at, n_bars } => info!(%date, n_bars, %at, "session closed"),
        Event::Completed { at } => info!(%at, "run completed"),
        Event::Stopped { at } => info!(?at, "run stopped"),
        Event::ScheduleSkipped { date, entry } => info!(%date, entry, "schedule entry skipped"),
        Event::ConsumerFailed { at, consumer, why } => {
            info!(consumer, why, %at, "consumer failed");
        }
        Event::Failed { at, failure } => info!(%failure, ?at, "run failed"),
        Event::Commanded { taken, command, answer, .. } => {
            debug!(?command, ?answer, at = %taken.clock, "command");
        }
        Event::Signalled { at, signal } => debug!(?signal, %at, "signal"),
    }
}
