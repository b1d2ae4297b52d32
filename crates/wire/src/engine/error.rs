//! What is wrong with a text that was to be read.

use openbell_config::ConfigErrors;
use openbell_coordinator::DIGEST_FORM;
use openbell_market::MarketError;
use openbell_market::indicator::IndicatorError;
use openbell_time::TimeError;
use serde_json::Value;
use thiserror::Error;

use crate::log::FORM;

/// Why a text is no command.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It is not the JSON of one.
    #[error(transparent)]
    Shape(#[from] serde_json::Error),
    /// It names what is no symbol, or no interval.
    #[error(transparent)]
    Name(#[from] MarketError),
    /// It asks for an indicator that there is not, or not so.
    #[error(transparent)]
    Indicator(#[from] IndicatorError),
}

/// Why a text is no event log, or is not read further.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// It has no line.
    #[error("it is empty")]
    Empty,
    /// Its first line does not say what was run.
    #[error("line 1: no event log begins so; write one with `openbell run --events`")]
    NoHead,
    /// It is of another form.
    #[error("line 1: form {found} is not read, only form {FORM}")]
    OtherForm {
        /// The form that it says it has.
        found: Value,
    },
    /// Its digests are made in another way, so that no replay comes to them.
    #[error(
        "line 1: its digests are of form {found}, and this program makes form {DIGEST_FORM}; replay it with \
         {program}, which wrote it, or run its session again with --events"
    )]
    OtherDigests {
        /// The form of its digests.
        found: u32,
        /// The program that wrote it.
        program: String,
    },
    /// What was run is no session file.
    #[error("line 1: {error}")]
    Config {
        /// Everything that is wrong with it.
        #[source]
        error: ConfigErrors,
    },
    /// A line is not the JSON of one.
    #[error("line {line}: {error}")]
    Shape {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: serde_json::Error,
    },
    /// A line does not say which event it is of.
    #[error("line {line}: no \"event\" is named")]
    NoEvent {
        /// The line, from 1.
        line: usize,
    },
    /// Lines follow the last one.
    #[error("line {line}: something follows the line \"end\"")]
    AfterEnd {
        /// The line, from 1.
        line: usize,
    },
    /// A command cannot be given again.
    #[error("line {line}: {error}")]
    Command {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: CommandError,
    },
    /// The instant or the session at which a command was taken is none.
    #[error("line {line}: {error}")]
    Taken {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: TimeError,
    },
}
