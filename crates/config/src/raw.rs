//! The file as it was written: every key and value with its line and column, nothing judged yet.
//!
//! Not here: what is allowed ([`crate::SessionConfig`]).

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions};

use crate::fault::{ConfigError, ConfigErrors, Fault};
use crate::path::JsonPath;
use crate::position::Position;

/// A session file as it was written, with the position of everything in it.
///
/// It is strict JSON: no comments, no trailing commas, one value. A byte order mark at its start
/// is ignored. Nothing is known here about keys; [`SessionConfig`](crate::SessionConfig) says what
/// they mean.
///
/// ```
/// use openbell_config::RawSession;
/// let raw = RawSession::read("{\n  \"streams\": [\"1m\", \"5x\"]\n}")?;
/// let at = raw.position_of("streams[1]").unwrap();
/// assert_eq!((at.line, at.column), (2, 21));
/// assert_eq!(raw.position_of("streams[2]"), None);
/// # Ok::<(), openbell_config::ConfigErrors>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct RawSession {
    root: Node,
}

/// One value and where it begins.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) value: Value,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    // As written: what a number means depends on the field.
    Number(String),
    Text(String),
    List(Vec<Node>),
    // In the order of the file; a key may stand in it twice.
    Object(Vec<Member>),
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_at: Position,
    pub(crate) node: Node,
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl RawSession {
    /// The file of that text.
    ///
    /// # Errors
    ///
    /// One, [`Fault::Syntax`], where the text is no JSON: what follows the first error
    /// cannot be read.
    pub fn read(text: &str) -> Result<RawSession, ConfigErrors> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &STRICT)
            .map_err(|error| {
                let at = Cursor::new(text).move_to(error.range().start);
                syntax(at, lower_first(&error.kind().to_string()))
            })?;
        let Some(root) = parsed.value else {
            return Err(syntax(Position::START, "the file is empty".to_owned()));
        };
        // That reader lets through what JSON does not (other blanks, bare control characters,
        // `01`); this one does not say where values stand. Both must agree.
        serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
            let column = error.column().max(1) as u32;
            let at = Position { line: error.line().max(1) as u32, column };
            let reason = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            syntax(at, reason.strip_suffix(&place).unwrap_or(&reason).to_owned())
        })?;
        Ok(RawSession { root: node_of(root, &mut Cursor::new(text)) })
    }

    /// Where the value at `path` begins, `path` written as in errors
    /// (`session_data_config.streams[1]`, `$` for the whole); absent where the file has none.
    pub fn position_of(&self, path: &str) -> Option<Position> {
        find(&self.root, &JsonPath::root(), path).map(|node| node.at)
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }
}

/// The value at `path` in `node`, which itself stands at `at`.
///
/// *Cost*: one step for each part of the path, however long the lists on its way are.
fn find<'n>(node: &'n Node, at: &JsonPath, path: &str) -> Option<&'n Node> {
    if at.as_str() == path {
        return Some(node);
    }
    match &node.value {
        Value::List(items) => {
            let rest = path.strip_prefix(at.as_str())?.strip_prefix('[')?;
            let position: usize = rest.split_once(']')?.0.parse().ok()?; // `None`: no position
            find(items.get(position)?, &at.item(position), path)
        }
        Value::Object(members) => members.iter().find_map(|member| {
            let to = at.key(&member.key);
            if path.starts_with(to.as_str()) { find(&member.node, &to, path) } else { None }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
    }
}

fn syntax(at: Position, reason: String) -> ConfigErrors {
    ConfigErrors::one(ConfigError { path: JsonPath::root(), at, fault: Fault::Syntax { reason } })
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn node_of(value: ast::Value<'_>, cursor: &mut Cursor<'_>) -> Node {
    let at = cursor.move_to(value.range().start);
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(word) => Value::Bool(word.value),
        ast::Value::NumberLit(number) => Value::Number(number.value.to_owned()),
        ast::Value::StringLit(text) => Value::Text(text.value.into_owned()),
        ast::Value::Array(list) => {
            Value::List(list.elements.into_iter().map(|item| node_of(item, cursor)).collect())
        }
        ast::Value::Object(object) => {
            let member = |property: ast::ObjectProp<'_>| Member {
                key_at: cursor.move_to(property.name.range().start),
                key: match property.name {
                    ast::ObjectPropName::String(key) => key.value.into_owned(),
                    ast::ObjectPropName::Word(key) => key.value.to_owned(),
                },
                node: node_of(property.value, cursor),
            };
            Value::Object(object.properties.into_iter().map(member).collect())
        }
    };
    Node { at, value }
}

// Turns offsets into lines and columns; offsets come in ascending order, so the text is walked
// once however long its lines are.
struct Cursor<'a> {
    rest: &'a str,
    offset: usize,
    at: Position,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Cursor<'a> {
        Cursor { rest: text, offset: 0, at: Position::START }
    }

    fn move_to(&mut self, offset: usize) -> Position {
        let (passed, rest) =
            self.rest.split_at_checked(offset - self.offset).unwrap_or((self.rest, ""));
        for letter in passed.chars() {
            if letter == '\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        self.offset = offset;
        self.at
    }
}

impl Node {
    /// The value as the file has it, on one line and cut where it is long, for messages.
    pub(crate) fn snippet(&self) -> String {
        const LETTERS_MAX: usize = 60;
        let mut text = String::new();
        self.write_snippet(&mut text, LETTERS_MAX);
        if text.chars().count() <= LETTERS_MAX {
            return text;
        }
        text.chars().take(LETTERS_MAX - 3).chain("...".chars()).collect()
    }

    // Stops once it is longer than what will be shown.
    fn write_snippet(&self, text: &mut String, letters_max: usize) {
        match &self.value {
            Value::Null => text.push_str("null"),
            Value::Bool(word) => text.push_str(if *word { "true" } else { "false" }),
            Value::Number(number) => text.push_str(number),
            Value::Text(found) => text.push_str(&format!("{found:?}")),
            Value::List(items) => {
                text.push('[');
                for (i, item) in items.iter().enumerate() {
                    if text.len() > letters_max * 4 {
                        return;
                    }
                    text.push_str(if i == 0 { "" } else { ", " });
                    item.write_snippet(text, letters_max);
                }
                text.push(']');
            }
            Value::Object(members) => {
                text.push('{');
                for (i, member) in members.iter().enumerate() {
                    if text.len() > letters_max * 4 {
                        return;
                    }
                    let comma = if i == 0 { "" } else { ", " };
                    text.push_str(&format!("{comma}{:?}: ", member.key));
                    member.node.write_snippet(text, letters_max);
                }
                text.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        RawSession::read(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_json_is_refused_at_its_place() {
        for (text, message) in [
            ("", "1:1: $: this is no JSON: the file is empty"),
            ("{", "1:1: $: this is no JSON: unterminated object"),
            ("{\n  \"a\": 1,\n}", "2:9: $: this is no JSON: trailing commas are not allowed"),
            ("{} {}", "1:4: $: this is no JSON: text cannot contain more than one JSON value"),
            ("{\n // why\n}", "2:2: $: this is no JSON: comments are not allowed"),
            ("{\"a\": 01}", "1:8: $: this is no JSON: expected comma"),
            ("{\"a\": NaN}", "1:7: $: this is no JSON: unexpected token"),
            ("{'a': 1}", "1:2: $: this is no JSON: single-quoted strings are not allowed"),
        ] {
            assert_eq!(refusal(text), message, "{text:?}");
        }
    }

    #[test]
    fn a_bare_line_break_in_a_text_is_refused() {
        assert!(refusal("{\"a\": \"b\nc\"}").contains("control character"));
    }

    #[test]
    fn a_file_of_ten_thousand_brackets_is_refused_and_nothing_worse() {
        for open in ["[", "{\"a\":"] {
            assert!(refusal(&open.repeat(10_000)).contains("no JSON"));
        }
        let brackets = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(refusal(&brackets(600)).contains("maximum nesting depth exceeded"));
        let raw = RawSession::read(&brackets(300)).unwrap();
        let found = crate::SessionConfig::from_raw(&raw).unwrap_err().to_string();
        assert_eq!(found, format!("1:1: $: found {}...; an object is allowed", "[".repeat(57)));
    }

    #[test]
    fn a_byte_order_mark_is_ignored_and_takes_no_column() {
        let raw = RawSession::read("\u{feff}{\"a\": 1}").unwrap();
        assert_eq!(raw.position_of("a"), Some(Position { line: 1, column: 7 }));
    }

    #[test]
    fn columns_count_characters() {
        let raw = RawSession::read("{\r\n\"ä€😀\": 1, \"b\": 2}").unwrap();
        assert_eq!(raw.position_of("b"), Some(Position { line: 2, column: 16 }));
    }

    #[test]
    fn a_pair_of_escapes_is_one_character() {
        let raw = RawSession::read(r#"{"a": "\ud83d\ude00"}"#).unwrap();
        let Value::Object(members) = &raw.root().value else { panic!("an object") };
        assert_eq!(members[0].node.value, Value::Text("😀".to_owned()));
    }
}
