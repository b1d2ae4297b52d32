//! A command that was given over HTTP, and what became of it.

use serde::{Deserialize, Serialize};

use crate::command::Answer;

/// A command on its way, or answered: the answer of `POST /v1/commands` and `/v1/commands/{id}`.
///
/// ```
/// use openbell_wire::command::Answer;
/// use openbell_wire::served::ticket::{State, Ticket};
///
/// let text = r#"{"id":"1-c1","name":"pause","state":"answered","answer":"done"}"#;
/// let ticket: Ticket = serde_json::from_str(text)?;
/// assert_eq!((ticket.state, ticket.answer), (State::Answered, Some(Answer::Done)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// Its identity: the number of the run and that of the command in it.
    pub id: String,
    /// The name of the command.
    pub name: String,
    /// Whether it is answered.
    pub state: State,
    /// The answer; null while it waits.
    pub answer: Option<Answer>,
}

/// Whether a command is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits for the core, or is being carried out.
    Waiting,
    /// It is answered.
    Answered,
}

/// The body of `POST /v1/stop`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {
    /// The name of the session, so that the wrong run is not ended by a slip.
    pub confirm: String,
}
