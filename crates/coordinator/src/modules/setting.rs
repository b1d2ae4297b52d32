//! What can be set of a module, read out of the schema of its settings.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// A key of a module's `config`.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// The key.
    pub name: String,
    /// What it is, in one or two sentences; empty where the struct does not say.
    pub about: String,
    /// What kind of value it takes, in words, with its bounds: `whole number, at least 1`.
    pub form: String,
    /// What it is where it is not given; absent where it must be given.
    pub default: Option<Value>,
    schema: Value,
}

/// The JSON Schema of `S`, whole in itself.
pub(super) fn schema_of<S: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<S>();
    schema.remove("title");
    schema.to_value()
}

/// The settings that `schema` knows, by name; none where it names none, as that of a map.
pub(super) fn settings_of(schema: &Value) -> Vec<Setting> {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let setting = |(name, schema): (&String, &Value)| {
        let is_required = required.iter().any(|required| required == name.as_str());
        let default = schema.get("default").cloned().unwrap_or(Value::Null);
        let about = schema["description"].as_str().unwrap_or_default();
        Setting {
            name: name.clone(),
            about: about.split_whitespace().collect::<Vec<_>>().join(" "),
            form: form(schema),
            default: (!is_required).then_some(default),
            schema: schema.clone(),
        }
    };
    properties.iter().map(setting).collect()
}

impl Setting {
    /// What is wrong with `found`, where it lies out of the bounds.
    pub(super) fn refuses(&self, found: &Value) -> Option<String> {
        let number = found.as_f64()?;
        let bound = |name: &str| self.schema[name].as_f64();
        let is_out = bound("minimum").is_some_and(|least| number < least)
            || bound("maximum").is_some_and(|most| number > most)
            || bound("exclusiveMinimum").is_some_and(|below| number <= below)
            || bound("exclusiveMaximum").is_some_and(|above| number >= above);
        is_out.then(|| format!("found {found}; {} is needed", bounds(&self.schema).join(", ")))
    }
}

/// The form of a value in words.
fn form(schema: &Value) -> String {
    let mut words = vec![kind(schema)];
    words.extend(bounds(schema));
    words.join(", ")
}

fn kind(schema: &Value) -> String {
    if let Some(choices) = schema["enum"].as_array() {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        return choices.join(" or ");
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    match kinds.into_iter().find(|kind| *kind != "null") {
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("string") => "text".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => match schema.get("items") {
            Some(items) => format!("list of {}", form(items)),
            None => "list".to_owned(),
        },
        Some("object") => "object".to_owned(),
        _ => "value".to_owned(),
    }
}

/// The bounds in words; that of an unsigned number, which its type has, is one too.
fn bounds(schema: &Value) -> Vec<String> {
    let bound = |name: &str, words: &str| {
        let number = schema[name].as_f64()?;
        Some(format!("{words} {number}"))
    };
    let bounds = [
        bound("minimum", "at least"),
        bound("exclusiveMinimum", "above"),
        bound("maximum", "at most"),
        bound("exclusiveMaximum", "below"),
    ];
    bounds.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(default)]
    struct Settings {
        /// Bars of the average,
        /// of any day.
        #[schemars(range(min = 2))]
        period: usize,
        /// Deviations.
        #[schemars(range(max = 9.0), extend("exclusiveMinimum" = 0.0))]
        width: f64,
        symbols: Option<Vec<String>>,
        both_ways: bool,
    }

    impl Default for Settings {
        fn default() -> Settings {
            Settings { period: 20, width: 2.0, symbols: None, both_ways: true }
        }
    }

    #[test]
    fn a_setting_has_its_form_its_default_and_its_words_from_the_struct() {
        let settings = settings_of(&schema_of::<Settings>());
        let shown: Vec<String> = settings
            .iter()
            .map(|s| format!("{}: {} = {:?}; {}", s.name, s.form, s.default, s.about))
            .collect();
        assert_eq!(
            shown,
            [
                "both_ways: true or false = Some(Bool(true)); ",
                "period: whole number, at least 2 = Some(Number(20)); Bars of the average, of any day.",
                "symbols: list of text = Some(Null); ",
                "width: number, above 0, at most 9 = Some(Number(2.0)); Deviations.",
            ]
        );
    }

    #[test]
    fn a_value_out_of_bounds_is_refused_with_what_was_found_and_what_is_needed() {
        let settings = settings_of(&schema_of::<Settings>());
        let refuses = |name: &str, found: Value| {
            settings.iter().find(|setting| setting.name == name).and_then(|s| s.refuses(&found))
        };
        assert_eq!(refuses("period", json!(1)).as_deref(), Some("found 1; at least 2 is needed"));
        assert_eq!(
            refuses("width", json!(0)).as_deref(),
            Some("found 0; above 0, at most 9 is needed")
        );
        assert_eq!(refuses("width", json!(9.0)), None);
        assert_eq!(refuses("symbols", Value::Null), None);
    }
}
