//! Whole sessions, one module for each thing that is promised. One binary, so that it is linked once.

mod chaos;
mod continuation;
mod days;
mod deliveries;
mod derivation;
mod derived_in_runs;
mod every_delivery;
mod failures;
mod forming;
mod free;
mod gate;
mod gate_model;
mod historical_indicators;
mod live;
mod live_clocks;
mod live_corrections;
mod live_days;
mod live_deadline;
mod live_laws;
mod live_logs;
mod live_members;
mod live_outages;
mod live_strategies;
mod live_support;
mod live_waking;
mod lookahead;
mod modules;
mod order;
mod pace;
mod promises;
mod recordings;
#[path = "../data/reference.rs"]
mod reference;
mod simulation;
mod symbols;
mod threads;
