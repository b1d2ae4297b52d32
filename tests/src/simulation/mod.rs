//! Whole sessions from a seed: a market, a config, users, consumers and faults, run by the engine
//! and held against plain code that knows the promises and nothing of the engine.
//!
//! [`Scenario`] is all that a run depends on, made of a seed; [`simulate`] runs one, and a
//! [`Campaign`] runs many. A promise that is broken is a [`Violation`], named by its invariant.
//! The engine is stepped beside a plain run (`session_model.rs`, around the gate of
//! `gate_model.rs`), and what can be read is compared with what the rows say (`oracle.rs`); then
//! the scenario is run again in every way that must come out the same (`compare.rs`): from its
//! event log, with consumers on threads of their own (`threaded.rs`), with everybody there from the
//! start, with another future, with the strategies and scanners in the box (`modules.rs`), with an account that trades
//! (`trading.rs`).

mod campaign;
mod command_model;
mod compare;
mod days;
mod draw;
mod drive;
mod listener;
pub mod live;
mod modules;
mod oracle;
mod pace_model;
mod readings;
mod scenario;
mod session_model;
mod source;
mod symbols;
mod threaded;
mod trading;
pub mod vendors;
mod violation;

pub use campaign::{Campaign, Failure, Shrinking};
pub use compare::{Figures, shrunk, simulate};
pub use scenario::Scenario;
pub use violation::Violation;
