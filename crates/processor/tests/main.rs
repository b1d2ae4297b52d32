//! Derived bars and indicators: by hand, by plain references, and by laws.

mod derivation_laws;
mod indicator_days;
mod indicator_degenerate;
mod indicator_laws;
mod indicator_plain;
mod indicator_support;
mod indicator_truth;
#[path = "../../../tests/data/reference.rs"]
mod reference;
