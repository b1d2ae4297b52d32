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

/// A strategy or scanner as the schema of session files knows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ModuleSchema<'m> {
    /// Whether it stands in `scanners`, and not in `strategies`.
    pub is_scanner: bool,
    /// Its registered name.
    pub name: &'m str,
    /// One sentence on what it does.
    pub about: &'m str,
    /// The JSON Schema of its `config`, whole in itself.
    pub settings: &'m Value,
}

/// The schema as the text of its file, a line break at the end. Where `modules` are given, session files
/// may ask for these and no others, each with its own settings.
///
/// ```
/// use openbell_config::schema::{ModuleSchema, json_schema_text};
/// let settings = serde_json::json!({"type": "object", "properties": {"cheapness": {"type": "number"}}});
/// let about = "Buys low.";
/// let mine = ModuleSchema { is_scanner: false, name: "mine", about, settings: &settings };
/// assert!(json_schema_text(&[mine]).contains("cheapness"));
/// assert!(!json_schema_text(&[]).contains("cheapness"));
/// ```
pub fn json_schema_text(modules: &[ModuleSchema<'_>]) -> String {
    let mut schema = json_schema();
    if !modules.is_empty() {
        for (list, is_scanner) in [("strategies", false), ("scanners", true)] {
            let of_list = modules.iter().filter(|module| module.is_scanner == is_scanner);
            let data = &mut schema["properties"]["session_data_config"];
            let entry = &mut data["properties"][list]["items"];
            entry["properties"]["module"]["enum"] = of_list.clone().map(|m| m.name).collect();
            // Beside the rules that an entry has anyway.
            let mut rules = entry["allOf"].as_array().cloned().unwrap_or_default();
            rules.extend(of_list.map(settings_of_entry));
            entry["allOf"] = rules.into();
        }
    }
    format!("{schema:#}\n")
}

/// What an entry that asks for `module` may hold as its `config`.
fn settings_of_entry(module: &ModuleSchema<'_>) -> Value {
    let mut settings = module.settings.clone();
    if let Some(properties) = settings["properties"].as_object_mut() {
        // Remarks stand in any object.
        properties.extend(["comment", "note"].map(|remark| (remark.to_owned(), json!({}))));
        settings["additionalProperties"] = json!(false);
    }
    settings["description"] = json!(module.about);
    json!({
        "if": {"properties": {"module": {"const": module.name}}},
        "then": {"properties": {"config": settings}},
    })
}
