//! In what a recorded run differs from one that is to be run: what is said of it.
//!
//! Not here: how it is found (`run/compare.rs`).

use std::fmt;
use std::ops::Range;

use openbell_market::SeriesKey;
use openbell_time::Timestamp;
use serde_json::Value;

/// A value in a message is cut off behind so many characters.
const SHOWN: usize = 60;

/// So many differences are named; the others are counted.
const N_NAMED: usize = 20;

/// All in which a recorded run differs from that which is to be run, each on a line of its own.
#[derive(Clone, PartialEq, Debug)]
pub struct RunDifferences(pub Vec<RunDifference>);

impl From<Vec<RunDifference>> for RunDifferences {
    fn from(differences: Vec<RunDifference>) -> RunDifferences {
        RunDifferences(differences)
    }
}

impl fmt::Display for RunDifferences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(N_NAMED).try_for_each(|difference| write!(f, "\n  {difference}"))?;
        match self.0.len().saturating_sub(N_NAMED) {
            0 => f.write_str("\n"),
            n => write!(f, "\n  and {n} more\n"),
        }
    }
}

/// One thing in which a recorded run is another one than that which is to be run.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum RunDifference {
    /// A key of the session file.
    Config {
        /// Where it stands, as `session_data_config.streams[1]`.
        key: String,
        /// Its value then; absent where it was not there.
        recorded: Option<Value>,
        /// Its value now.
        now: Option<Value>,
    },
    /// The calendar overlay.
    Overlay {
        /// Whether there was one then.
        was_there: bool,
        /// Whether there is one now.
        is_there: bool,
    },
    /// History that was read.
    History {
        /// The series.
        key: SeriesKey,
        /// The stretch that was read at once.
        range: Range<Timestamp>,
        /// Its rows then.
        n_rows: u64,
        /// Its rows now, or why they cannot be read.
        now: Result<u64, String>,
    },
    /// The file of a module.
    Text {
        /// Its path, as the session file has it.
        path: String,
        /// Whether it was there then.
        was_there: bool,
        /// Whether it is there now.
        is_there: bool,
    },
}

impl fmt::Display for RunDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunDifference::Config { key, recorded, now } => {
                write!(f, "{key}: recorded {}, now {}", shown(recorded), shown(now))
            }
            RunDifference::Overlay { was_there, is_there } => {
                write!(f, "the calendar overlay {}", change(*was_there, *is_there))
            }
            RunDifference::History { key, range, n_rows, now } => {
                let since = match range.start {
                    Timestamp::MIN => "the beginning".to_owned(),
                    start => start.to_string(),
                };
                write!(f, "the history of {key} from {since} to {}: recorded ", range.end)?;
                match now {
                    Ok(now) if now == n_rows => {
                        write!(f, "{n_rows} rows, now as many with other values")
                    }
                    Ok(now) => write!(f, "{n_rows} rows, now {now}"),
                    Err(why) => write!(f, "{n_rows} rows, and now it cannot be read: {why}"),
                }
            }
            RunDifference::Text { path, was_there, is_there } => {
                write!(f, "the module file {path} {}", change(*was_there, *is_there))
            }
        }
    }
}

/// What became of a text.
fn change(was_there: bool, is_there: bool) -> &'static str {
    match (was_there, is_there) {
        (false, _) => "was not there then",
        (true, false) => "is not there any more",
        (true, true) => "has another text",
    }
}

fn shown(value: &Option<Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
