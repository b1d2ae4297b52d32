//! What is asked of a session, and what it answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something asked of a session, by its `name`.
///
/// ```
/// use openbell_wire::command::Command;
///
/// let add = r#"{"name":"add_symbols","symbols":["TSLA"]}"#;
/// let expected = Command::AddSymbols { symbols: vec!["TSLA".to_owned()], stay: false };
/// assert_eq!(serde_json::from_str::<Command>(add)?, expected);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Command {
    /// Symbols are to join.
    AddSymbols {
        /// The symbols, in the order asked.
        symbols: Vec<String>,
        /// Whether they stay for all later sessions of the run, or for this one only.
        #[serde(default)]
        stay: bool,
    },
    /// Symbols are to leave.
    RemoveSymbols {
        /// The symbols, in the order asked.
        symbols: Vec<String>,
    },
    /// A symbol is not to be removed until it is unlocked.
    Lock {
        /// The symbol.
        symbol: String,
    },
    /// A locked symbol may be removed again.
    Unlock {
        /// The symbol.
        symbol: String,
    },
    /// A further interval is to be derived.
    AddInterval {
        /// The interval.
        interval: String,
    },
    /// A further indicator is to be computed.
    AddIndicator {
        /// Its name, as `sma`.
        indicator: String,
        /// The interval of its bars.
        interval: String,
        /// The value of each of its parameters.
        params: BTreeMap<String, ParameterValue>,
    },
    /// A signal is to be recorded.
    Signal {
        /// What it says.
        signal: Signal,
    },
    /// The run is to end in order.
    Stop,
}

/// The value of an indicator's parameter.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// A whole number: of bars, or of sessions.
    Count(u32),
    /// Any number.
    Factor(f64),
}

impl ParameterValue {
    /// The number.
    pub fn as_f64(self) -> f64 {
        match self {
            ParameterValue::Count(count) => f64::from(count),
            ParameterValue::Factor(factor) => factor,
        }
    }
}

/// Something that a consumer said.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Signal {
    /// The consumer.
    pub consumer: String,
    /// The symbol it is about.
    pub symbol: String,
    /// What it says, as `buy`.
    pub kind: String,
    /// A number that goes with it; null where there is none.
    pub value: Option<f64>,
}

/// What became of a command.
///
/// ```
/// use openbell_wire::command::{Answer, SymbolAnswer, SymbolOutcome};
///
/// let added = SymbolAnswer { symbol: "TSLA".to_owned(), outcome: SymbolOutcome::Added(1) };
/// let answer: Answer = serde_json::from_str(r#"[{"symbol":"TSLA","added":1}]"#)?;
/// assert_eq!(answer, Answer::Symbols(vec![added]));
/// assert_eq!(serde_json::from_str::<Answer>(r#""done""#)?, Answer::Done);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Done,
    /// It is done already: the interval or indicator is there.
    AlreadyPresent,
    /// A symbol to lock or unlock is not a member.
    NotPresent,
    /// It was not taken, and why.
    Refused(String),
    /// The run ended before it was taken.
    Stopped,
    /// One answer for each symbol of the command, in its order.
    #[serde(untagged)]
    Symbols(Vec<SymbolAnswer>),
}

/// What became of one symbol of a command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SymbolAnswer {
    /// The symbol.
    pub symbol: String,
    /// What became of it: one further key.
    #[serde(flatten)]
    pub outcome: SymbolOutcome,
}

/// What became of adding or removing a symbol.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SymbolOutcome {
    /// It has joined: how often it has joined the run, from 1.
    Added(u32),
    /// It has left.
    Removed(bool),
    /// It was a member already (true), or was none (false).
    Present(bool),
    /// It was not tried, and why.
    Refused(String),
    /// It was tried and did not succeed, and why.
    Failed(String),
}
