//! Calendars and the clock: stories, laws, overlays, and tables of known sessions.

mod laws;
mod overlays;
#[path = "../../../tests/data/reference.rs"]
mod reference;
mod reference_tables;
mod sources;
mod stories;
