//! Objects whose keys are not described: of anything, of numbers, of names by symbol.

use std::collections::BTreeMap;

use openbell_market::Symbol;

use super::{Item, distinct_members};
use crate::fault::{Allowed, Fault};
use crate::path::JsonPath;
use crate::raw::{Node, Value};
use crate::remarks::Remarks;
use crate::shape::Kind;

/// One member of an object of numbers.
pub(crate) struct Number<'a> {
    pub(crate) key: String,
    pub(crate) value: f64,
    pub(crate) item: Item<'a>,
}

impl<'a> Item<'a> {
    /// The texts of an object whose keys are symbols.
    pub(crate) fn symbol_names(&self) -> Option<BTreeMap<Symbol, String>> {
        static NAME: Kind = Kind::Leaf(Allowed::NotBlank);
        let Value::Object(_) = self.node.value else { return self.not_allowed() };
        let (mut names, mut is_right) = (BTreeMap::new(), true);
        for (key, node) in distinct_members(self.node, &self.path, self.findings) {
            let path = self.path.key(key);
            let item = Item { node, path, kind: &NAME, findings: self.findings };
            let name = item.text();
            let Ok(symbol) = Symbol::new(key) else {
                let (found, allowed) = (format!("the key {key:?}"), Allowed::Symbol);
                item.error(Fault::NotAllowed { found, allowed, nearest: None });
                is_right = false;
                continue;
            };
            is_right &= name.is_some_and(|name| names.insert(symbol, name).is_none());
        }
        is_right.then_some(names)
    }

    /// The object of anything, as JSON.
    pub(crate) fn free(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        let Value::Object(_) = self.node.value else { return self.not_allowed() };
        match self.json(self.node, &self.path)? {
            serde_json::Value::Object(map) => Some(map),
            _ => None,
        }
    }

    fn json(&self, node: &'a Node, path: &JsonPath) -> Option<serde_json::Value> {
        Some(match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(word) => (*word).into(),
            Value::Number(text) => match json_number(text) {
                Some(number) => number.into(),
                None => {
                    let fault = Fault::NotAllowed {
                        found: text.clone(),
                        allowed: Allowed::Number,
                        nearest: None,
                    };
                    self.findings.error(path, node.at, fault);
                    return None;
                }
            },
            Value::Text(text) => text.clone().into(),
            Value::List(nodes) => {
                let read: Vec<Option<serde_json::Value>> = nodes
                    .iter()
                    .enumerate()
                    .map(|(i, node)| self.json(node, &path.item(i)))
                    .collect();
                read.into_iter().collect::<Option<Vec<_>>>()?.into()
            }
            Value::Object(members) => {
                let distinct = distinct_members(node, path, self.findings);
                let is_whole = distinct.len() == members.len();
                let read: Vec<Option<(String, serde_json::Value)>> = distinct
                    .into_iter()
                    .map(|(key, node)| Some((key.to_owned(), self.json(node, &path.key(key))?)))
                    .collect();
                let map = read.into_iter().collect::<Option<serde_json::Map<_, _>>>()?;
                is_whole.then_some(serde_json::Value::Object(map))?
            }
        })
    }

    /// The members of an object of numbers, in the order of the file, and its remarks.
    pub(crate) fn numbers(&self) -> Option<(Vec<Number<'a>>, Remarks)> {
        static NUMBER: Kind = Kind::Leaf(Allowed::Number);
        static TEXT: Kind = Kind::Leaf(Allowed::Text);
        let Value::Object(_) = self.node.value else { return self.not_allowed() };
        let mut remarks = Remarks::default();
        let mut numbers = Vec::new();
        let mut is_right = true;
        for (key, node) in distinct_members(self.node, &self.path, self.findings) {
            let remark = match key {
                "comment" => Some(&mut remarks.comment),
                "note" => Some(&mut remarks.note),
                _ => None,
            };
            let kind = if remark.is_some() { &TEXT } else { &NUMBER };
            let item = Item { node, path: self.path.key(key), kind, findings: self.findings };
            if let Some(remark) = remark {
                *remark = item.text();
                is_right &= remark.is_some();
                continue;
            }
            match item.number() {
                Some(value) => numbers.push(Number { key: key.to_owned(), value, item }),
                None => is_right = false,
            }
        }
        is_right.then_some((numbers, remarks))
    }
}

// The nearest float64 where it is no integer of 64 bits, so that it is written again as it was
// read; `None` where it is beyond all.
fn json_number(text: &str) -> Option<serde_json::Number> {
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    match text.parse::<i64>() {
        Ok(number) if number < 0 => Some(number.into()),
        _ => serde_json::Number::from_f64(text.parse().ok()?),
    }
}
