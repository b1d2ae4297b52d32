//! The JSON Schema of session files, for editors; written from the descriptions that the reader
//! checks by.

use serde_json::{Value, json};

use crate::fields::SESSION;

/// The JSON Schema (draft 2020-12) of session files.
///
/// Every file that [`SessionConfig::parse`](crate::SessionConfig::parse) accepts is valid under
/// it. It is not as strict: rules between distant fields, and what the words of an indicator are
/// worth together, are the reader's alone.
///
/// ```
/// let schema = openbell_config::schema::json_schema();
/// assert_eq!(schema["properties"]["mode"]["enum"][0], "backtest");
/// ```
pub fn json_schema() -> Value {
    let mut schema = SESSION.schema();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("openbell session file");
    schema
}

/// The schema as the text of its file, a line break at the end.
pub fn json_schema_text() -> String {
    format!("{:#}\n", json_schema())
}
