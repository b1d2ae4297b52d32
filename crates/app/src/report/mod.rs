//! The report of a run: tables for a person, JSON for a machine.

mod accounts;
mod json;
mod tables;

use std::path::Path;

use openbell_account::AccountResults;
use openbell_config::SessionConfig;
use openbell_data_manager::export::ExportReport;
use openbell_time::{Calendar, Nanos};

pub use json::as_json;
pub(crate) use json::shaped;
pub use tables::{incomplete_history, print};

/// The name of the consumer that fills an export.
pub const EXPORT: &str = "export";

/// The name of the consumer that gathers a report.
pub const REPORT: &str = "report";

/// Whether a consumer is the program's own: it gathers for a file, and is none of the session's.
pub fn is_ours(consumer: &str) -> bool {
    [EXPORT, REPORT].contains(&consumer)
}

/// What a report needs to know beside what the run says.
#[derive(Clone, Copy, Debug)]
pub struct RunFacts<'a> {
    /// What was asked.
    pub config: &'a SessionConfig,
    /// The calendar, for the exchange's clock.
    pub calendar: &'a Calendar,
    /// Wall time from the first step to the end.
    pub elapsed: Nanos,
    /// What the accounts of its strategies came to; empty where there are none.
    pub accounts: &'a [AccountResults<'a>],
    /// Where what the report does not list was written.
    pub streamed: Streamed<'a>,
    /// What was exported, and where to; absent where nothing was.
    pub exported: Option<(&'a ExportReport, &'a Path)>,
}

/// The files that were written while the run went, with what the report then does not list.
#[derive(Clone, Copy, Default, Debug)]
pub struct Streamed<'a> {
    /// Of signals.
    pub signals: Option<&'a Path>,
    /// Of what became of orders.
    pub fills: Option<&'a Path>,
}
