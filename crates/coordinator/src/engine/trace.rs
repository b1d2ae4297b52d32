//! The log lines of a run, for whatever subscriber a program has: each says what the event log says.
//!
//! | level | line | with |
//! |---|---|---|
//! | info | `session opened` | its date, open and end |
//! | info | `gate opened`, `gate shut` | the epoch; why it shut |
//! | info | `joined`, `left` | the symbol; how often it has joined, bars of its backlog |
//! | info | `rows rejected` | the symbol, the reason, how many |
//! | info | `no data` | the symbol, the session |
//! | info | `source trouble`, `source well` | the symbol, what is wrong (live) |
//! | info | `caught up` | the symbol, bars that were delivered while it was behind (live) |
//! | info | `bars corrected` | the symbol, why, how many (live) |
//! | info | `session closed` | its date, bars |
//! | info | `schedule entry skipped` | the session, the entry |
//! | info | `consumer failed` | its name, what it said |
//! | info | `run completed`, `run stopped`, `run failed` | the cause of a failure |
//! | debug | `gate decided` | the verdict (opens, shuts, or holds where others hold it now), why, who holds it |
//! | debug | `lags`, `lags no more` | the symbol, its lag |
//! | debug | `command` | what was asked, and the answer |
//! | debug | `signal` | what was signalled |
//!
//! Each has the session clock as `at`, inside the span `run` with the name of the session file, and while
//! a session is there inside the span `session` with its date. None is written for a bar, and no span is
//! entered but around a line.

use openbell_time::TradingDate;
use tracing::{debug, info, info_span};

use crate::control::event::Event;

/// Writes the lines of `events`, of the run that is called `name`; `session` is the one that is there,
/// before them and after.
///
/// *Cost*: a comparison an event where nobody listens.
pub(super) fn trace(name: &str, session: &mut Option<TradingDate>, events: &[Event]) {
    for event in events {
        if let Event::SessionOpened { date, .. } | Event::ScheduleSkipped { date, .. } = event {
            *session = Some(*date);
        }
        within(name, *session, || trace_event(event));
        // Its gate shuts after it is closed: what comes then is still of that session.
        if let Event::Completed { .. } | Event::Stopped { .. } | Event::Failed { .. } = event {
            *session = None;
        }
    }
}

/// Writes `line` inside the spans of its run and session.
pub(super) fn within(name: &str, session: Option<TradingDate>, line: impl FnOnce()) {
    info_span!("run", name).in_scope(|| match session {
        Some(date) => info_span!("session", %date).in_scope(line),
        None => line(),
    });
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
        Event::GapLeft { symbol, at, since, until, n_bars } => {
            info!(%symbol, %since, %until, n_bars, %at, "bars given up");
        }
        Event::Corrected { symbol, at, kind, n_bars, first, last } => {
            info!(%symbol, kind = kind.name(), n_bars, %first, %last, %at, "bars corrected");
        }
        Event::LeftOut { date, symbol, missing } => {
            info!(%symbol, %missing, %date, "symbol left out: its history ends before");
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
        Event::Traded { at, strategy, trade } => debug!(strategy, ?trade, %at, "order"),
    }
}
