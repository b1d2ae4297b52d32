//! A module's own settings out of its entry: every key is known, every fault has its key.

use std::cell::RefCell;

use openbell_config::Fault;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

use super::setting::Setting;

/// Keys that stand in any object, and say something to people only.
const REMARKS: [&str; 2] = ["comment", "note"];

/// What is wrong with the settings of a module.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum SettingsFault {
    /// A key that the module does not know.
    UnknownKey { key: String, fault: Fault },
    /// The value of a key.
    BadValue { key: String, why: String },
    /// The settings as a whole, as where one is missing.
    Whole { why: String },
}

impl SettingsFault {
    pub(super) fn text(&self) -> String {
        match self {
            SettingsFault::UnknownKey { fault, .. } => fault.to_string(),
            SettingsFault::BadValue { key, why } => format!("{key}: {why}"),
            SettingsFault::Whole { why } => why.clone(),
        }
    }
}

/// The settings that `config` holds. A module knows the fields of `T`, and the remarks that any
/// object may hold; what `known` says of their bounds is held.
pub(super) fn read<T: DeserializeOwned>(
    config: &Map<String, Value>,
    known: &[Setting],
) -> Result<T, Vec<SettingsFault>> {
    let found = Found::default();
    let read = T::deserialize(Entry { config, found: &found });
    let settings = read.map_err(|error| {
        let Found { unknown, at } = found;
        let (unknown, why) = (unknown.into_inner(), error.to_string());
        match at.into_inner() {
            _ if !unknown.is_empty() => unknown,
            Some(key) => vec![SettingsFault::BadValue { key, why }],
            None => vec![SettingsFault::Whole { why }],
        }
    })?;
    let out_of_bounds = known.iter().filter_map(|setting| {
        let why = setting.refuses(config.get(&setting.name)?)?;
        Some(SettingsFault::BadValue { key: setting.name.clone(), why })
    });
    let faults: Vec<SettingsFault> = out_of_bounds.collect();
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

/// What was found out on the way.
#[derive(Default)]
struct Found {
    unknown: RefCell<Vec<SettingsFault>>,
    /// The key whose value is being read.
    at: RefCell<Option<String>>,
}

struct Entry<'de> {
    config: &'de Map<String, Value>,
    found: &'de Found,
}

impl<'de> Entry<'de> {
    fn members(&self, is_taken: impl Fn(&str) -> bool) -> Members<'de> {
        let members: Vec<_> = self.config.iter().filter(|(key, _)| is_taken(key)).collect();
        Members { left: members.into_iter(), value: None, found: self.found }
    }
}

impl<'de> Deserializer<'de> for Entry<'de> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let is_known = |key: &str| fields.contains(&key);
        let is_unknown = |key: &&String| !is_known(key) && !REMARKS.contains(&key.as_str());
        let unknown: Vec<SettingsFault> = self
            .config
            .keys()
            .filter(is_unknown)
            .map(|key| match Fault::unknown_key(key, fields) {
                Some(fault) => SettingsFault::UnknownKey { key: key.clone(), fault },
                None => SettingsFault::BadValue {
                    key: key.clone(),
                    why: "there is nothing to be set here".to_owned(),
                },
            })
            .collect();
        if !unknown.is_empty() {
            self.found.unknown.replace(unknown);
            return Err(Error::custom("unknown keys"));
        }
        visitor.visit_map(self.members(is_known))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self.members(|_| true))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The members of the entry, one after the other.
struct Members<'de> {
    left: std::vec::IntoIter<(&'de String, &'de Value)>,
    value: Option<&'de Value>,
    found: &'de Found,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.left.next() else {
            self.found.at.replace(None);
            return Ok(None);
        };
        self.value = Some(value);
        self.found.at.replace(Some(key.clone()));
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.value.take().unwrap_or(&Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Settings {
        minutes: u32,
        #[serde(default)]
        both_ways: bool,
    }

    fn faults(json: &str) -> Vec<String> {
        let config = serde_json::from_str(json).expect("an object");
        let read: Result<Settings, _> = read(&config, &[]);
        read.expect_err("something is wrong").iter().map(SettingsFault::text).collect()
    }

    #[test]
    fn every_unknown_key_is_an_error_with_the_nearest_one() {
        assert_eq!(
            faults(r#"{"minuts": 5, "bothways": true}"#),
            [
                r#"unknown key "bothways"; the nearest is "both_ways" (known here: minutes, both_ways)"#,
                r#"unknown key "minuts"; the nearest is "minutes" (known here: minutes, both_ways)"#,
            ]
        );
    }

    #[test]
    fn a_wrong_value_is_reported_with_its_key_and_a_missing_one_by_name() {
        let whole = faults(r#"{"minutes": 1.5}"#);
        assert_eq!(whole, ["minutes: invalid type: floating point `1.5`, expected u32"]);
        assert_eq!(faults(r#"{"both_ways": true}"#), ["missing field `minutes`"]);
    }

    #[test]
    fn remarks_stand_anywhere() {
        let config = serde_json::from_str(r#"{"comment": "as ever", "minutes": 5, "note": 1}"#);
        let read: Settings = read(&config.expect("an object"), &[]).expect("right");
        assert_eq!(read, Settings { minutes: 5, both_ways: false });
    }

    #[test]
    fn a_module_of_which_nothing_can_be_set_says_so() {
        #[derive(Deserialize, Debug)]
        struct Nothing {}
        let config = serde_json::from_str(r#"{"minutes": 5}"#).expect("an object");
        let read: Result<Nothing, _> = read(&config, &[]);
        let faults: Vec<String> =
            read.expect_err("a key").iter().map(SettingsFault::text).collect();
        assert_eq!(faults, ["minutes: there is nothing to be set here"]);
    }
}
