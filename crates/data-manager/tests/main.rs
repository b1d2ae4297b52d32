//! Stories of the store, of feeds, of imports and of exports: what each module says first.

mod copied_stamps;
mod csv_import;
mod csv_makes;
mod evidence;
mod evidence_files;
mod export;
mod feeds;
mod foreign_files;
mod hostile_files;
mod live;
mod one_truth;
#[path = "../../../tests/data/reference.rs"]
mod reference;
mod store;
mod support;
mod synthetic_market;
