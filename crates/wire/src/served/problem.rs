//! A request that was refused, as RFC 9457 has it.

use serde::{Deserialize, Serialize};

use crate::event::Reason;

/// Why a request was refused, under the media type `application/problem+json`.
///
/// ```
/// use openbell_wire::served::problem::Problem;
///
/// let problem: Problem = serde_json::from_str(r#"{
///     "type": "/v1/problems/inactive", "title": "the session is inactive", "status": 409,
///     "code": "inactive", "detail": "inactive (epoch 2): catching up: TSLA lags 8940s",
///     "epoch": 2, "why": "/v1/why"
/// }"#)?;
/// assert_eq!((problem.status, problem.epoch), (409, Some(2)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// A path of the same server that says more.
    #[serde(rename = "type")]
    pub kind: String,
    /// What was wrong in general.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The name, for programs: one of a closed list.
    pub code: String,
    /// What was wrong here, and the way out.
    pub detail: String,
    /// The path that was asked; not there where it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Of an inactive session: the session clock since which it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Of an inactive session: the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Of an inactive session: why, and who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// A path of the same server that answers why there is no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
