//! The signals of a run as CSV.

use openbell_market::Symbol;
use openbell_time::Timestamp;

/// One signal of a consumer.
#[derive(Clone, PartialEq, Debug)]
pub struct SignalRow {
    /// The session clock when it was emitted.
    pub at: Timestamp,
    /// The consumer that emitted it.
    pub consumer: String,
    /// The symbol it is about.
    pub symbol: Symbol,
    /// What it says.
    pub kind: String,
    /// A number that goes with it, where there is one.
    pub value: Option<f64>,
}

/// The head line of the file.
pub(super) const HEAD: &str = "at,consumer,symbol,kind,value\n";

impl SignalRow {
    pub(super) fn line(&self) -> String {
        // The shortest text that reads back to the same number.
        let value = self.value.map(|value| value.to_string()).unwrap_or_default();
        let (consumer, kind) = (field(&self.consumer), field(&self.kind));
        format!("{},{consumer},{},{kind},{value}\n", self.at, self.symbol)
    }
}

/// A field, quoted where its text needs it.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_commas_is_quoted_and_a_missing_value_is_empty() {
        let row = SignalRow {
            at: Timestamp::from_nanos(0),
            consumer: "mine".to_owned(),
            symbol: Symbol::new("BRK.B").expect("a symbol"),
            kind: "up, \"fast\"".to_owned(),
            value: None,
        };
        assert_eq!(row.line(), "1970-01-01T00:00:00Z,mine,BRK.B,\"up, \"\"fast\"\"\",\n");
        let valued = SignalRow { kind: "gap".to_owned(), value: Some(2.5), ..row };
        assert_eq!(valued.line(), "1970-01-01T00:00:00Z,mine,BRK.B,gap,2.5\n");
    }
}
