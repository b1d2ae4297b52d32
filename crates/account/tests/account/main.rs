//! Stories of accounts: rules by their cases, results by hand, laws, and a plain reference.

mod cases;
mod laws;
mod random_run;
mod reference;
mod refusals;
mod results;
mod support;
