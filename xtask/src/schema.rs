//! The session file's JSON Schema, as the config crate writes it, for editors.

use crate::generated::Generated;

/// The schema's file as it should be.
pub fn generated() -> Generated {
    Generated {
        path: "session_configs/session.schema.json",
        text: openbell_config::schema::json_schema_text(&[]),
        command: "cargo xtask schema --write",
    }
}
