//! A JSON array that is written element by element, as it would be written whole.

use serde_json::Value;

use crate::terminal::Terminal;

/// An array on standard output.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct JsonArray {
    n_elements: u64,
}

impl JsonArray {
    /// Writes one more element.
    ///
    /// # Errors
    ///
    /// Those of standard output.
    pub fn element(&mut self, element: &Value, terminal: &mut Terminal) -> std::io::Result<()> {
        terminal.text(&self.next(element))
    }

    /// Writes its end; of an array without elements both ends.
    ///
    /// # Errors
    ///
    /// Those of standard output.
    pub fn end(self, terminal: &mut Terminal) -> std::io::Result<()> {
        terminal.text(self.last())
    }

    fn next(&mut self, element: &Value) -> String {
        let before = if self.n_elements == 0 { "[\n  " } else { ",\n  " };
        self.n_elements += 1;
        // A line end within a text is written as two letters, so every other one is the form's.
        format!("{before}{}", format!("{element:#}").replace('\n', "\n  "))
    }

    fn last(self) -> &'static str {
        if self.n_elements == 0 { "[]\n" } else { "\n]\n" }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn element_by_element_it_is_the_text_of_the_whole() {
        let rows = [json!({"a": [1, {"b": []}], "c": "two\nlines"}), json!(null), json!([{}])];
        for n_rows in 0..=rows.len() {
            let mut array = JsonArray::default();
            let mut text: String = rows[..n_rows].iter().map(|row| array.next(row)).collect();
            text.push_str(array.last());
            assert_eq!(text, format!("{:#}\n", Value::from(rows[..n_rows].to_vec())));
        }
    }
}
