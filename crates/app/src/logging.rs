//! Logs on standard error: for a person, or as lines of JSON for a machine.

use std::io;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::exit::{Exit, Failure};

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum LogFormat {
    /// For a person: level, place, words.
    #[default]
    Human,
    /// One JSON object a line, with its time.
    Json,
}

/// Starts logging at `filter` (`info`, or `warn,openbell_data_manager=debug`).
///
/// # Errors
///
/// A filter that cannot be read.
pub fn start(filter: &str, format: LogFormat, is_coloured: bool) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::says(
            Exit::Usage,
            format!(
                "cannot read the log filter {filter:?}: {error}; write a level (error, warn, info, \
                 debug, trace) or module=level, separated by commas"
            ),
        )
    })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Human => subscriber.with_ansi(is_coloured).without_time().compact().try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    // A program that embeds this one may log already; then its own logging holds.
    started.or(Ok(()))
}
