//! What is the same in reading any vendor's JSON: parts by name, and an error that says whose frame it
//! was, which part, and how it begins.

use std::fmt;

use openbell_data_manager::live::{AskFault, Doing, LineId};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::Index;

use crate::number::Number;

/// How much of a frame an error shows, in bytes.
const SHOWN: usize = 200;

/// What came from a vendor and is none of what it documents.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot read {what} from {vendor}: {why}; it begins with {start:?}")]
pub struct Undecodable {
    /// Whose it was.
    pub vendor: &'static str,
    /// What it was taken for, and of which name where that could be read; its first bytes.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
    /// Its first bytes.
    pub start: String,
}

impl Undecodable {
    /// Says that `text`, taken for a `what`, is none.
    pub(crate) fn new(
        vendor: &'static str,
        what: impl Into<String>,
        why: impl ToString,
        text: &str,
    ) -> Undecodable {
        // A name in it is the vendor's, and may be of any length.
        let shown = |text: &str| start_of(text).to_owned();
        let (what, why) = (shown(&what.into()), shown(&why.to_string()));
        Undecodable { vendor, what, why, start: shown(text) }
    }
}

impl Undecodable {
    /// Says that it came over `line`.
    pub(crate) fn on(self, line: LineId) -> Doing {
        Doing::Undecodable { line, found: self.to_string().into() }
    }
}

impl From<Undecodable> for AskFault {
    fn from(error: Undecodable) -> AskFault {
        AskFault::Failed(error.to_string().into())
    }
}

/// Says that binary came over `line`, where text is spoken.
pub(crate) fn not_text(line: LineId, bytes: &[u8]) -> Doing {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
    Doing::Undecodable { line, found: format!("{} bytes of binary: {start:?}", bytes.len()).into() }
}

/// The start of `text` that errors and logs show: at most 200 bytes.
pub(crate) fn start_of(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN)]
}

/// The JSON of a frame or of an answer.
pub(crate) fn json(vendor: &'static str, text: &str) -> Result<Value, Undecodable> {
    serde_json::from_str(text).map_err(|error| Undecodable::new(vendor, "JSON", error, text))
}

/// `value` as a `T`; `what` names it where it is none.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    vendor: &'static str,
    what: impl Into<String>,
    value: &'a Value,
) -> Result<T, Undecodable> {
    T::deserialize(value).map_err(|error| Undecodable::new(vendor, what, error, &value.to_string()))
}

/// The text at `key`, where there is one.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// The cell of a row, by its place in a list or its name in an object, as a `T`.
pub(crate) fn cell<'a, T: Deserialize<'a>>(
    row: &'a Value,
    cell: impl Index + fmt::Display,
) -> Result<T, String> {
    let value = row.get(&cell).ok_or_else(|| format!("it has no cell {cell}"))?;
    T::deserialize(value).map_err(|error| format!("cell {cell}: {error}"))
}

/// The price or volume in `cell` of a row of history, and infinity for what is none: a row like that
/// is no bar, which its receiver counts and rejects by name. Were it left out, the answer would show
/// an interval without trades; were it an error, nothing after it could ever be had.
pub(crate) fn price(row: &Value, cell: impl Index + fmt::Display) -> Result<f64, String> {
    let value = row.get(&cell).ok_or_else(|| format!("it has no cell {cell}"))?;
    Ok(Number::deserialize(value).map_or(f64::INFINITY, |number| number.0))
}
