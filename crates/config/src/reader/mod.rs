//! Reading values by their description: each reading yields the value or records what is wrong,
//! and goes on, so that all errors of a file are found at once.

mod free;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::str::FromStr;

use openbell_market::{BarInterval, Symbol};
use openbell_time::{TimeOfDay, TradingDate};

use crate::fault::{Allowed, ConfigError, Fault, Idle, Warning};
use crate::fields::SESSION;
use crate::obsolete;
use crate::path::JsonPath;
use crate::position::Position;
use crate::raw::{Node, Value};
use crate::remarks::Remarks;
use crate::shape::{Kind, Presence, Shape};
use crate::speed::is_speed;
use crate::words::{Word, read_hh_mm};

pub(crate) use free::Number;

/// Everything found so far.
#[derive(Default)]
pub(crate) struct Findings {
    errors: RefCell<Vec<ConfigError>>,
    warnings: RefCell<Vec<Warning>>,
}

impl Findings {
    pub(crate) fn error(&self, path: &JsonPath, at: Position, fault: Fault) {
        self.errors.borrow_mut().push(ConfigError { path: path.clone(), at, fault });
    }

    pub(crate) fn into_parts(self) -> (Vec<ConfigError>, Vec<Warning>) {
        let mut warnings = self.warnings.into_inner();
        warnings.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
        (self.errors.into_inner(), warnings)
    }
}

/// One value, what it may be, and where it stands.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    node: &'a Node,
    path: JsonPath,
    kind: &'static Kind,
    findings: &'a Findings,
}

/// One object, its keys checked.
pub(crate) struct Object<'a> {
    /// Empty where the file leaves the object out: then every field has its default.
    members: Vec<(&'a str, &'a Node)>,
    path: JsonPath,
    at: Position,
    shape: &'static Shape,
    findings: &'a Findings,
}

impl<'a> Item<'a> {
    pub(crate) fn error(&self, fault: Fault) {
        self.findings.error(&self.path, self.node.at, fault);
    }

    pub(crate) fn warn(&self, reason: Idle) {
        let warning = Warning { path: self.path.clone(), at: self.node.at, reason };
        self.findings.warnings.borrow_mut().push(warning);
    }

    pub(crate) fn snippet(&self) -> String {
        self.node.snippet()
    }

    fn not_allowed<T>(&self) -> Option<T> {
        let allowed = self.kind.allowed();
        let nearest = match (&allowed, &self.node.value) {
            (Allowed::Words(words), Value::Text(found)) => close_word(found, words),
            _ => None,
        };
        self.error(Fault::NotAllowed { found: self.node.snippet(), allowed, nearest });
        None
    }

    /// The text, whatever it says.
    pub(crate) fn raw_text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.node.value == Value::Null || self.raw_text().is_some_and(|text| text.trim().is_empty())
    }

    pub(crate) fn text(&self) -> Option<String> {
        let is_blank_allowed = matches!(self.kind, Kind::Leaf(Allowed::Text));
        match self.raw_text() {
            Some(text) if is_blank_allowed || !text.trim().is_empty() => Some(text.to_owned()),
            _ => self.not_allowed(),
        }
    }

    pub(crate) fn true_or_false(&self) -> Option<bool> {
        match self.node.value {
            Value::Bool(word) => Some(word),
            _ => self.not_allowed(),
        }
    }

    pub(crate) fn whole_number(&self) -> Option<u32> {
        let kind = match self.kind {
            Kind::WordOr(_, other) => other.as_ref(),
            kind => kind,
        };
        let Kind::Leaf(Allowed::WholeNumber { min, max }) = kind else {
            unreachable!("{} is described as no whole number", self.path)
        };
        match &self.node.value {
            Value::Number(text) => match text.parse() {
                Ok(number) if (*min..=*max).contains(&number) => Some(number),
                _ => self.not_allowed(),
            },
            _ => self.not_allowed(),
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        let Value::Number(text) = &self.node.value else { return self.not_allowed() };
        let Ok(number) = text.parse::<f64>() else { return self.not_allowed() };
        if !number.is_finite() {
            return self.not_allowed();
        }
        let is_in_range = match self.kind {
            Kind::Leaf(Allowed::AboveZero) => number > 0.0,
            Kind::Leaf(Allowed::AtLeastZero) => number >= 0.0,
            Kind::Leaf(Allowed::Speed) => is_speed(number),
            Kind::Leaf(Allowed::NumberIn { min, max }) => {
                (f64::from(*min)..=f64::from(*max)).contains(&number)
            }
            _ => true,
        };
        // A written -0 is 0, and reads so in reports.
        if is_in_range { Some(number + 0.0) } else { self.not_allowed() }
    }

    pub(crate) fn word<W: Word>(&self) -> Option<W> {
        self.raw_text().and_then(W::named).or_else(|| self.not_allowed())
    }

    /// What `read` makes of the text.
    pub(crate) fn read<T>(&self, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.raw_text().and_then(read).or_else(|| self.not_allowed())
    }

    pub(crate) fn symbol(&self) -> Option<Symbol> {
        self.read(|text| Symbol::new(text).ok())
    }

    pub(crate) fn interval(&self) -> Option<BarInterval> {
        let clock_only = matches!(self.kind, Kind::Leaf(Allowed::ClockInterval));
        self.read(|text| {
            let interval = BarInterval::from_str(text).ok()?;
            (!clock_only || interval.clock().is_some()).then_some(interval)
        })
    }

    pub(crate) fn date(&self) -> Option<TradingDate> {
        self.read(|text| text.parse().ok())
    }

    pub(crate) fn time_of_day(&self) -> Option<TimeOfDay> {
        self.read(read_hh_mm)
    }

    /// Whether it is `false`, which says that the other kind is not wanted.
    pub(crate) fn is_false(&self) -> bool {
        self.node.value == Value::Bool(false)
    }

    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.node.value, Value::List(nodes) if nodes.is_empty())
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// The entries of the list.
    pub(crate) fn entries(&self) -> Option<Vec<Item<'a>>> {
        let kind = match self.kind {
            Kind::WordOr(_, other) => other.as_ref(),
            kind => kind,
        };
        let Kind::List { item, may_be_empty } = kind else {
            unreachable!("{} is described as no list", self.path)
        };
        let Value::List(nodes) = &self.node.value else { return self.not_allowed() };
        if nodes.is_empty() && !may_be_empty {
            return self.not_allowed();
        }
        let entry = |(i, node): (usize, &'a Node)| Item {
            node,
            path: self.path.item(i),
            kind: item.as_ref(),
            findings: self.findings,
        };
        Some(nodes.iter().enumerate().map(entry).collect())
    }

    /// What `read` makes of the entries of the list; all are read before one is missed.
    pub(crate) fn list<T>(&self, read: impl FnMut(Item<'a>) -> Option<T>) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = self.entries()?.into_iter().map(read).collect();
        read.into_iter().collect()
    }

    /// The same, each thing once. Two are one thing where they are written alike in `name_of`.
    pub(crate) fn distinct<T>(
        &self,
        read: impl Fn(&Item<'a>) -> Option<T>,
        name_of: impl Fn(&T) -> String,
    ) -> Option<Vec<T>> {
        let mut first_at: BTreeMap<String, Position> = BTreeMap::new();
        self.list(|item| {
            let thing = read(&item)?;
            let name = name_of(&thing);
            if let Some(&first) = first_at.get(&name) {
                item.error(Fault::DuplicateItem { item: name, first });
                return None;
            }
            first_at.insert(name, item.node.at);
            Some(thing)
        })
    }

    pub(crate) fn object(&self) -> Option<Object<'a>> {
        let (Kind::Object(shape) | Kind::FalseOr(shape)) = self.kind else {
            unreachable!("{} is described as no object", self.path)
        };
        Object::open(self.node, self.path.clone(), shape, self.findings)
            .or_else(|| self.not_allowed())
    }
}

impl<'a> Object<'a> {
    /// The object at `node`, its keys checked; absent where `node` is none.
    pub(crate) fn open(
        node: &'a Node,
        path: JsonPath,
        shape: &'static Shape,
        findings: &'a Findings,
    ) -> Option<Object<'a>> {
        let Value::Object(_) = node.value else { return None };
        let members = distinct_members(node, &path, findings);
        let object = Object { members, path, at: node.at, shape, findings };
        object.report_unknown_keys(node);
        for field in &shape.fields {
            let is_missing = !object.has(field.name);
            if is_missing && field.presence == Presence::Required {
                object.missing(field.name);
            }
        }
        Some(object)
    }

    fn report_unknown_keys(&self, node: &Node) {
        let Value::Object(members) = &node.value else { return };
        for member in members {
            if self.shape.field(&member.key).is_some() {
                continue;
            }
            let path = self.path.key(&member.key);
            let fault = unknown_key(&member.key, &path, self.shape);
            self.findings.error(&path, member.key_at, fault);
        }
    }

    pub(crate) fn missing(&self, name: &'static str) {
        let Some(field) = self.shape.field(name) else { unreachable!("no field {name}") };
        let allowed = field.kind.allowed();
        self.findings.error(&self.path.key(name), self.at, Fault::MissingKey { allowed });
    }

    pub(crate) fn error(&self, fault: Fault) {
        self.findings.error(&self.path, self.at, fault);
    }

    /// Whether nothing wrong was found yet in the whole file: then reading a part a second time
    /// finds nothing twice.
    pub(crate) fn is_right_so_far(&self) -> bool {
        self.findings.errors.borrow().is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, _)| *key == name)
    }

    /// The value of that field; absent where the file has none.
    pub(crate) fn given(&self, name: &str) -> Option<Item<'a>> {
        let Some(field) = self.shape.field(name) else {
            unreachable!("{} has no field {name}", self.path)
        };
        let (_, node) = self.members.iter().find(|(key, _)| *key == name)?;
        let path = self.path.key(name);
        Some(Item { node, path, kind: &field.kind, findings: self.findings })
    }

    /// `Some(None)` where the file has no such field.
    pub(crate) fn optional<T>(
        &self,
        name: &str,
        read: impl Fn(&Item<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.given(name) {
            Some(item) => read(&item).map(Some),
            None => Some(None),
        }
    }

    fn default(&self, name: &str) -> &'static serde_json::Value {
        match self.shape.field(name).map(|field| &field.presence) {
            Some(Presence::Default(value)) => value,
            _ => unreachable!("{}.{name} has no default", self.path),
        }
    }

    pub(crate) fn whole_number(&self, name: &str) -> Option<u32> {
        match self.given(name) {
            Some(item) => item.whole_number(),
            None => self.default(name).as_u64().and_then(|number| u32::try_from(number).ok()),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        match self.given(name) {
            Some(item) => item.number(),
            None => self.default(name).as_f64(),
        }
    }

    pub(crate) fn true_or_false(&self, name: &str) -> Option<bool> {
        match self.given(name) {
            Some(item) => item.true_or_false(),
            None => self.default(name).as_bool(),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.given(name) {
            Some(item) => item.text(),
            None => self.default(name).as_str().map(str::to_owned),
        }
    }

    pub(crate) fn word<W: Word>(&self, name: &str) -> Option<W> {
        match self.given(name) {
            Some(item) => item.word(),
            None => self.default(name).as_str().and_then(W::named),
        }
    }

    /// The list of objects of that field, empty where the file has none.
    pub(crate) fn objects<T>(
        &self,
        name: &str,
        mut read: impl FnMut(Object<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        match self.given(name) {
            Some(item) => item.list(|entry| read(entry.object()?)),
            None => Some(Vec::new()),
        }
    }

    /// The free object of that field, empty where the file has none.
    pub(crate) fn free(&self, name: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
        Some(self.optional(name, Item::free)?.unwrap_or_default())
    }

    /// The object of that field; one with nothing but defaults where the file has none.
    pub(crate) fn part(&self, name: &str) -> Option<Object<'a>> {
        if let Some(item) = self.given(name) {
            return item.object();
        }
        let kind = self.shape.field(name).map(|field| &field.kind);
        let Some(Kind::Object(shape) | Kind::FalseOr(shape)) = kind else {
            unreachable!("{}.{name} is described as no object", self.path)
        };
        let path = self.path.key(name);
        Some(Object { members: Vec::new(), path, at: self.at, shape, findings: self.findings })
    }

    pub(crate) fn remarks(&self) -> Option<Remarks> {
        let comment = self.optional("comment", Item::text);
        let note = self.optional("note", Item::text);
        Some(Remarks { comment: comment?, note: note? })
    }
}

// Of a key that stands twice the first counts, so that the second yields one error and no more.
fn distinct_members<'a>(
    node: &'a Node,
    path: &JsonPath,
    findings: &Findings,
) -> Vec<(&'a str, &'a Node)> {
    let Value::Object(members) = &node.value else { return Vec::new() };
    let mut first_at = BTreeMap::new();
    let mut distinct = Vec::with_capacity(members.len());
    for member in members {
        if let Some(&first) = first_at.get(member.key.as_str()) {
            let found = member.key.clone();
            let fault = Fault::DuplicateKey { found, first };
            findings.error(&path.key(&member.key), member.key_at, fault);
        } else {
            first_at.insert(member.key.as_str(), member.key_at);
            distinct.push((member.key.as_str(), &member.node));
        }
    }
    distinct
}

fn unknown_key(key: &str, path: &JsonPath, shape: &Shape) -> Fault {
    let found = key.to_owned();
    if let Some(successor) = obsolete::successor_of(path) {
        return Fault::ObsoleteKey { found, successor };
    }
    let is_slip = shape.names().iter().any(|name| distance(key, name) == 1);
    if let [place] = SESSION.places_of(key).as_slice()
        && !is_slip
    {
        return Fault::MisplacedKey { found, place: place.clone() };
    }
    Fault::unknown_key(key, &shape.names()).expect("an object has keys")
}

impl Fault {
    /// The fault of a key that is none of `known`, with the nearest of them; `None` where nothing
    /// is known. For those who read an object of the session file that is theirs alone, as the
    /// `config` of a module.
    ///
    /// ```
    /// let fault = openbell_config::Fault::unknown_key("minuts", &["minutes", "lock"]);
    /// assert_eq!(
    ///     fault.expect("two are known").to_string(),
    ///     r#"unknown key "minuts"; the nearest is "minutes" (known here: minutes, lock)"#
    /// );
    /// ```
    pub fn unknown_key(found: &str, known: &[&'static str]) -> Option<Fault> {
        if known.is_empty() {
            return None;
        }
        let nearest = nearest_word(found, known);
        Some(Fault::UnknownKey { found: found.to_owned(), nearest, known: known.to_vec() })
    }
}

/// The word that is most like `text`, the first of equals; upper case is no difference.
///
/// # Panics
///
/// Where there is no word.
fn nearest_word(text: &str, words: &[&'static str]) -> &'static str {
    nearest_name(text, words.iter().copied()).expect("something is known")
}

/// The name that is most like `text`, the first of equals; upper case is no difference. Absent
/// where there is no name.
///
/// ```
/// let keys = ["sma_20_5m", "ema_20_5m", "vwap_1m"];
/// assert_eq!(openbell_config::nearest_name("sma_2_5m", keys), Some("sma_20_5m"));
/// ```
pub fn nearest_name<'n>(text: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names.into_iter().min_by_key(|name| distance(text, name))
}

/// The same, where it is so like that it may be meant.
pub(crate) fn close_word(text: &str, words: &[&'static str]) -> Option<&'static str> {
    let nearest = nearest_word(text, words);
    (distance(text, nearest) * 2 <= nearest.len()).then_some(nearest)
}

/// The symbol that is so like that it may be meant.
pub(crate) fn close_symbol(found: &Symbol, known: &[Symbol]) -> Option<Symbol> {
    let distance = |symbol: &&Symbol| distance(found.as_str(), symbol.as_str());
    let nearest = known.iter().min_by_key(distance)?;
    (distance(&nearest) * 2 <= nearest.as_str().len()).then(|| nearest.clone())
}

// Edits, a swap of two letters being one. A very long text is like nothing.
fn distance(text: &str, word: &str) -> usize {
    if text.len() > 100 {
        return usize::MAX / 4;
    }
    strsim::damerau_levenshtein(&text.to_lowercase(), &word.to_lowercase())
}
