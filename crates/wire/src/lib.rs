//! The JSON that goes out and comes back, as plain structs: event logs, commands with their
//! answers, reports, and the state of a run. Names and shape stay what they are; what is new is added,
//! and a reader passes over what it does not know.
//!
//! Instants are text as `2025-07-02T13:30:00Z`, dates as `2025-07-02`, intervals as `5m`, digests as
//! sixteen hexadecimal digits.
//!
//! The shapes know nothing of the engine. With the feature `engine` there are the ways from its types
//! to them, and back (`engine`); with the feature `metrics` the figures of a session in the text that
//! Prometheus reads (`metrics`).
//!
//! Not here: files, requests, tables for people (`openbell`).

pub mod account;
pub mod command;
pub mod compare;
#[cfg(feature = "engine")]
pub mod engine;
pub mod event;
pub mod log;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod report;
pub mod served;
pub mod status;
pub mod trade;
pub mod why;

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
