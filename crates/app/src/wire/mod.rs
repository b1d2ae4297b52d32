//! The JSON that goes out and comes back, as plain structs: event logs, commands with their
//! answers, and reports. Names and shape stay what they are; what is new is added.
//!
//! Instants are text as `2025-07-02T13:30:00Z`, dates as `2025-07-02`, intervals as `5m`, digests as
//! sixteen hexadecimal digits. Not here: what the engine makes of them, or they of the engine's
//! types ([`crate::events`], [`crate::report`]).

pub mod command;
pub mod event;
pub mod log;
pub mod report;
