//! The program as a person meets it, and its exports against reference results: every test runs the
//! binary.

mod cli;
#[path = "../../../tests/data/reference.rs"]
mod reference;
mod support;
mod truth;
