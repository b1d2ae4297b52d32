//! The description of the file's objects: which keys, what they hold, what stands where one is
//! missing. The reader checks a file by it and the JSON Schema is written from it, so that the two
//! say the same.
//!
//! Not here: the descriptions themselves (`fields.rs`); rules between fields (beside the parts
//! that they join).

use serde_json::{Value, json};

use crate::fault::Allowed;
use crate::speed::SPEED_MIN;
use crate::words::Word;

/// One kind of object.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) about: &'static str,
    pub(crate) fields: Vec<Field>,
    /// Rules between fields, as fragments of a JSON Schema; the reader has its own code for them.
    pub(crate) rules: Vec<Value>,
}

/// One key of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) presence: Presence,
}

/// What stands where a key is missing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Presence {
    /// An error.
    Required,
    /// This value.
    Default(Value),
    /// What an empty object says, or a value that other fields decide, or nothing.
    Optional,
}

/// What a key holds.
#[derive(Debug)]
pub(crate) enum Kind {
    Leaf(Allowed),
    Object(Shape),
    List {
        item: Box<Kind>,
        may_be_empty: bool,
    },
    /// The word, or what the other kind says.
    WordOr(&'static str, Box<Kind>),
    /// `false`, or the object.
    FalseOr(Shape),
    /// An object of texts whose keys are symbols.
    Names,
    /// An object of anything.
    Free,
    /// An object of numbers, and `comment` and `note` as in any object.
    Numbers,
}

pub(crate) fn leaf(allowed: Allowed) -> Kind {
    Kind::Leaf(allowed)
}

pub(crate) fn whole(min: u32, max: u32) -> Kind {
    leaf(Allowed::WholeNumber { min, max })
}

pub(crate) fn words<W: Word>() -> Kind {
    leaf(Allowed::Words(W::names()))
}

pub(crate) fn list(item: Kind) -> Kind {
    Kind::List { item: Box::new(item), may_be_empty: true }
}

pub(crate) fn not_empty(item: Kind) -> Kind {
    Kind::List { item: Box::new(item), may_be_empty: false }
}

impl Shape {
    /// An object of those fields, and `comment` and `note` as in any object.
    pub(crate) fn new(about: &'static str, mut fields: Vec<Field>) -> Shape {
        for name in ["comment", "note"] {
            let about = "Free text for people; kept, and of no effect.";
            fields.push(Field::new(name, about, Kind::Leaf(Allowed::Text)));
        }
        Shape { about, fields, rules: Vec::new() }
    }

    pub(crate) fn rule(mut self, rule: Value) -> Shape {
        self.rules.push(rule);
        self
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|field| field.name).collect()
    }

    /// The paths at which a key of that name is known, anywhere below this object.
    pub(crate) fn places_of(&self, name: &str) -> Vec<String> {
        let mut places = Vec::new();
        self.collect_places(name, "", &mut places);
        places
    }

    fn collect_places(&self, name: &str, prefix: &str, places: &mut Vec<String>) {
        for field in &self.fields {
            let path = format!("{prefix}{}", field.name);
            if field.name == name {
                places.push(path.clone());
            }
            match &field.kind {
                Kind::Object(shape) | Kind::FalseOr(shape) => {
                    shape.collect_places(name, &format!("{path}."), places);
                }
                Kind::List { item, .. } => {
                    if let Kind::Object(shape) = item.as_ref() {
                        shape.collect_places(name, &format!("{path}[]."), places);
                    }
                }
                Kind::Leaf(_) | Kind::WordOr(..) | Kind::Names | Kind::Free | Kind::Numbers => {}
            }
        }
    }

    pub(crate) fn schema(&self) -> Value {
        let properties: serde_json::Map<String, Value> =
            self.fields.iter().map(|field| (field.name.to_owned(), field.schema())).collect();
        let required: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| field.presence == Presence::Required)
            .map(|field| field.name)
            .collect();
        let mut schema = json!({
            "type": "object",
            "description": self.about,
            "additionalProperties": false,
            "properties": properties,
        });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if !self.rules.is_empty() {
            schema["allOf"] = json!(self.rules);
        }
        schema
    }
}

impl Field {
    pub(crate) fn new(name: &'static str, about: &'static str, kind: Kind) -> Field {
        Field { name, about, kind, presence: Presence::Optional }
    }

    pub(crate) fn required(mut self) -> Field {
        self.presence = Presence::Required;
        self
    }

    pub(crate) fn default(mut self, value: impl Into<Value>) -> Field {
        self.presence = Presence::Default(value.into());
        self
    }

    fn schema(&self) -> Value {
        let mut schema = self.kind.schema();
        schema["description"] = json!(self.about);
        if let Presence::Default(value) = &self.presence {
            schema["default"] = value.clone();
        }
        schema
    }
}

impl Kind {
    /// What is allowed, in one phrase.
    pub(crate) fn allowed(&self) -> Allowed {
        match self {
            Kind::Leaf(allowed) => allowed.clone(),
            Kind::Object(_) | Kind::Names | Kind::Free | Kind::Numbers => Allowed::Object,
            Kind::FalseOr(_) => {
                Allowed::Either(Box::new(Allowed::False), Box::new(Allowed::Object))
            }
            Kind::List { may_be_empty: true, .. } => Allowed::List,
            Kind::List { may_be_empty: false, .. } => Allowed::NotEmptyList,
            Kind::WordOr(word, other) => {
                Allowed::Either(Box::new(Allowed::Words(vec![word])), Box::new(other.allowed()))
            }
        }
    }

    pub(crate) fn schema(&self) -> Value {
        match self {
            Kind::Leaf(allowed) => allowed.schema(),
            Kind::Object(shape) => shape.schema(),
            Kind::List { item, may_be_empty } => {
                let mut schema = json!({"type": "array", "items": item.schema()});
                if !may_be_empty {
                    schema["minItems"] = json!(1);
                }
                if matches!(item.as_ref(), Kind::Leaf(_)) {
                    schema["uniqueItems"] = json!(true);
                }
                schema
            }
            Kind::WordOr(word, other) => json!({"anyOf": [{"const": word}, other.schema()]}),
            Kind::FalseOr(shape) => json!({"anyOf": [{"const": false}, shape.schema()]}),
            Kind::Names => json!({
                "type": "object",
                "additionalProperties": Allowed::NotBlank.schema(),
            }),
            Kind::Free => json!({"type": "object"}),
            Kind::Numbers => {
                json!({
                    "type": "object",
                    "properties": {"comment": {"type": "string"}, "note": {"type": "string"}},
                    "additionalProperties": {"type": "number"},
                })
            }
        }
    }
}

impl Allowed {
    fn schema(&self) -> Value {
        const DATE: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
        const TIME: &str = "([01][0-9]|2[0-3]):[0-5][0-9]";
        match self {
            Allowed::Text => json!({"type": "string"}),
            Allowed::NotBlank => json!({"type": "string", "pattern": "\\S"}),
            Allowed::TrueOrFalse => json!({"type": "boolean"}),
            Allowed::WholeNumber { min, max } => {
                json!({"type": "integer", "minimum": min, "maximum": max})
            }
            Allowed::Speed => json!({"anyOf": [
                {"const": 0},
                {"type": "number", "minimum": SPEED_MIN},
            ]}),
            Allowed::AboveZero => json!({"type": "number", "exclusiveMinimum": 0}),
            Allowed::AtLeastZero => json!({"type": "number", "minimum": 0}),
            Allowed::NumberIn { min, max } => {
                json!({"type": "number", "minimum": min, "maximum": max})
            }
            Allowed::VariableName => json!({"type": "string", "pattern": "^[A-Z_][A-Z0-9_]*$"}),
            Allowed::False => json!({"const": false}),
            Allowed::Number => json!({"type": "number"}),
            Allowed::Words(words) => json!({"enum": words}),
            Allowed::Date => json!({"type": "string", "pattern": format!("^{DATE}$")}),
            Allowed::Interval => {
                json!({"type": "string", "pattern": "^([1-9][0-9]*[smh]|1d|1w)$"})
            }
            Allowed::ClockInterval => {
                json!({"type": "string", "pattern": "^[1-9][0-9]*[smh]$"})
            }
            Allowed::Symbol => {
                json!({"type": "string", "pattern": "^\\s*[A-Za-z0-9._^=/-]{1,32}\\s*$"})
            }
            Allowed::ClockTime => json!({"type": "string", "pattern": format!("^{TIME}$")}),
            Allowed::ScheduleTime => {
                json!({"type": "string", "pattern": format!("^({DATE}T)?{TIME}$")})
            }
            Allowed::List | Allowed::NotEmptyList => json!({"type": "array"}),
            Allowed::Object => json!({"type": "object"}),
            Allowed::Either(one, other) => json!({"anyOf": [one.schema(), other.schema()]}),
            Allowed::Nothing => json!({"enum": [null, ""]}),
        }
    }
}
