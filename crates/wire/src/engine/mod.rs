//! What the engine says in these shapes, and commands and event logs back from them.
//!
//! Shapes are made of the engine's types by `From`: `wire::event::Event::from(&event)`. A function or a
//! method stands here where more is asked: lines of a log, texts of commands, a report with the facts
//! that a run does not know.

mod account;
mod command;
mod error;
mod event;
mod log;
mod report;
#[cfg(test)]
mod samples;
mod status;
#[cfg(feature = "metrics")]
mod tally;
mod trade;
mod why;

pub use command::{command_of_text, command_text};
pub use error::{CommandError, LogError};
pub use log::{
    EventLog, LogHead, LoggedCommand, end_line, event_line, is_resumed_line, resumed_line,
};
pub use report::ReportFacts;
pub use status::StatusFacts;
#[cfg(feature = "metrics")]
pub use tally::RunTally;
