//! The report of a run: tables for a person, JSON for a machine.

mod json;
mod tables;

use std::path::Path;

use openbell_config::SessionConfig;
use openbell_data_manager::export::ExportReport;
use openbell_time::{Calendar, Nanos};

pub use json::as_json;
pub use tables::{incomplete_history, print};

/// The name of the consumer that fills an export.
pub const EXPORT: &str = "export";

/// What a report needs to know beside what the run says.
#[derive(Clone, Copy, Debug)]
pub struct RunFacts<'a> {
    /// What was asked.
    pub config: &'a SessionConfig,
    /// The calendar, for the exchange's clock.
    pub calendar: &'a Calendar,
    /// Wall time from the first step to the end.
    pub elapsed: Nanos,
    /// What was exported, and where to; absent where nothing was.
    pub exported: Option<(&'a ExportReport, &'a Path)>,
}

/// A rate, absent where no time has passed.
fn per_second(n: u64, elapsed: Nanos) -> Option<f64> {
    let seconds = elapsed.as_secs_f64();
    (seconds > 0.0).then(|| n as f64 / seconds)
}
