//! The way from the root of a file to one of its values.

use std::fmt;

/// The way to a value: `session_data_config.streams[1]`, and `$` for the whole file.
///
/// *Shape*: keys joined by points and positions in brackets, from 0; a key that is no plain word
/// stands quoted in brackets (`metadata["why now"]`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonPath(String);

impl JsonPath {
    pub(crate) fn root() -> JsonPath {
        JsonPath("$".to_owned())
    }

    pub(crate) fn key(&self, key: &str) -> JsonPath {
        let is_word = !key.is_empty()
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$".contains(&b));
        match (is_word, self.0 == "$") {
            (true, true) => JsonPath(key.to_owned()),
            (true, false) => JsonPath(format!("{}.{key}", self.0)),
            (false, _) => JsonPath(format!("{}[{key:?}]", self.0)),
        }
    }

    pub(crate) fn item(&self, position: usize) -> JsonPath {
        JsonPath(format!("{}[{position}]", self.0))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_one_would_write_it() {
        let streams = JsonPath::root().key("session_data_config").key("streams");
        assert_eq!(streams.item(1).as_str(), "session_data_config.streams[1]");
        assert_eq!(JsonPath::root().key("why now").as_str(), "$[\"why now\"]");
        assert_eq!(JsonPath::root().key("metadata").key("a.b").as_str(), "metadata[\"a.b\"]");
    }
}
