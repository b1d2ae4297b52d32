//! `openbell status`, `why` and `ctl`: a run that is served, asked from a command line.

mod asker;
pub mod ctl;
pub mod status;
pub mod why;
