//! What a served session answers over HTTP, beside the shapes that logs and reports share.

pub mod bars;
pub mod pace;
pub mod problem;
pub mod session;
pub mod status;
pub mod stream;
pub mod ticket;

use serde::{Deserialize, Serialize};

/// What is served, and what whoever asks may do: the answer of `/v1`.
///
/// ```
/// use openbell_wire::served::LogPlace;
///
/// let log: LogPlace = serde_json::from_str(r#"{ "first": "1-0", "next": "1-12" }"#)?;
/// assert_eq!(log.next, "1-12"); // Twelve events so far.
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct About {
    /// The program and its version.
    pub program: String,
    /// The version of this interface; within a major one, things are only added.
    pub api: String,
    /// The number of the run, from 1.
    pub run: u64,
    /// The name of the session file.
    pub session_name: String,
    /// What the token may do: `read` or `control`.
    pub role: String,
    /// What this server can do; a name that is not here it cannot.
    pub capabilities: Vec<String>,
    /// What is refused beyond.
    pub limits: Limits,
    /// The paths that there are.
    pub links: Vec<String>,
}

/// What is refused beyond.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Rows of bars in one answer.
    pub bar_rows: usize,
    /// Symbols in one question or command.
    pub symbols: usize,
    /// Streams at once.
    pub streams: usize,
    /// Tickets of commands that are kept.
    pub tickets: usize,
}

/// Where the log of events stands. An identity is the number of the run and that of the event in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogPlace {
    /// The first event that is kept.
    pub first: String,
    /// The event that comes next.
    pub next: String,
}

/// An event of the log with its identity.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// Its identity, as `1-14`.
    pub id: String,
    /// The event.
    #[serde(flatten)]
    pub event: crate::event::Event,
}

/// When the gate opened and shut, and how it stands: the answer of `/v1/gate`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GateLog {
    /// How it stands.
    pub now: crate::status::Gate,
    /// Opens and closes of sessions and switches of the gate, as logged, oldest first.
    pub switches: Vec<LoggedEvent>,
    /// The identity to ask with as `since` for what comes after; null where there is nothing yet.
    pub last: Option<String>,
}
