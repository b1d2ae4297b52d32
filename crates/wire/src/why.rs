//! Why somebody gets no data: one verdict, what was ruled out, and the ways out.

use serde::{Deserialize, Serialize};

use crate::event::LaggingSymbol;

/// The answer to "why do I get no data?", as it stood.
///
/// ```
/// use openbell_wire::why::Check;
///
/// let check: Check = serde_json::from_str(r#"{ "check": "gate", "ok": true, "verdict": null, "sentence": null }"#)?;
/// assert!(check.ok);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Why {
    /// What was asked.
    pub asked: Asked,
    /// The first cause that holds, as `held_by_others`.
    pub verdict: String,
    /// Whether data is kept from whoever asked, or a part of it is missing.
    pub is_wrong: bool,
    /// All this in words.
    pub sentence: String,
    /// The session clock since which it is so; null where that is not known.
    pub since: Option<String>,
    /// Symbols that hold the gate; none where it is open.
    pub holders: Vec<LaggingSymbol>,
    /// What can be done, the nearest first.
    pub ways_out: Vec<WayOut>,
    /// What was looked at, in order; causes beside the verdict stand here.
    pub checks: Vec<Check>,
    /// Of when it is.
    pub as_of: AsOf,
}

/// What was asked; null is not looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// The symbol.
    pub symbol: Option<String>,
    /// The interval.
    pub interval: Option<String>,
    /// The consumer.
    pub consumer: Option<String>,
}

/// What was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Check {
    /// The part of the run, as `gate`.
    pub check: String,
    /// Whether it is ruled out as a cause.
    pub ok: bool,
    /// What was found; null where nothing was.
    pub verdict: Option<String>,
    /// That in words.
    pub sentence: Option<String>,
}

/// One way out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WayOut {
    /// `wait`, `command`, `config` or `outside`.
    #[serde(rename = "do")]
    pub action: String,
    /// The command, by its name; not there where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The setting of the session file; not there where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The value of that setting; not there where only whoever asks knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What comes of it, in words.
    pub says: String,
}

/// Of when an answer is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AsOf {
    /// The session clock; null before the first session.
    pub clock: Option<String>,
    /// How often the gate has switched.
    pub epoch: u64,
    /// The publication that outsiders read; null while they are shut out.
    pub publication: Option<u64>,
}
