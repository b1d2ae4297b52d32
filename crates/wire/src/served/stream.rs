//! What a stream says beside the events of the log.

use serde::{Deserialize, Serialize};

use super::LogPlace;

/// The first message of a stream, `hello`, and that by which another run begins, `run`.
///
/// ```
/// use openbell_wire::served::stream::Hello;
///
/// let text = r#"{"run":1,"epoch":3,"publication":150,"log":{"first":"1-0","next":"1-12"}}"#;
/// let hello: Hello = serde_json::from_str(text)?;
/// assert_eq!(hello.publication, Some(150));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The number of the run, from 1.
    pub run: u64,
    /// How often the gate has switched; null before the first session.
    pub epoch: Option<u64>,
    /// The publication that readers see; null while the gate is shut.
    pub publication: Option<u64>,
    /// Where the log stands.
    pub log: LogPlace,
}

/// The state in short, `status`: at most four a second, the last of what was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StreamStatus {
    /// The session clock; null before the first session.
    pub clock: Option<String>,
    /// The phase, as `streaming`.
    pub phase: String,
    /// Whether the clock is paused.
    pub is_paused: bool,
    /// Whether outside readers get data.
    pub gate: StreamGate,
    /// The publication that readers see; null while the gate is shut.
    pub publication: Option<u64>,
}

/// Whether outside readers get data, and how often that has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StreamGate {
    /// Whether they do.
    pub active: bool,
    /// How often the gate has switched; null before the first session.
    pub epoch: Option<u64>,
}

/// Events that are not kept any more, `gap`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogGap {
    /// The first event that is kept.
    pub first: String,
    /// How many were passed over.
    pub n_lost: u64,
    /// What to do about it.
    pub says: String,
}

/// The last message, `bye`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bye {
    /// Why the stream ends, as `shutting_down`.
    pub reason: String,
}
