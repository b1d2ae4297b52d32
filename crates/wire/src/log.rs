//! An event log: its first line says what was run, its last what came of it, and between them
//! stands one event a line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Event;
use crate::report::DigestParts;

/// The version of this form.
pub const FORM: u64 = 1;

/// A line of the log, by the name of its `event`.
///
/// ```
/// use openbell_wire::log::Line;
///
/// let text = r#"{"event":"end","digest":"8a42033fba4b5859","n_bars":990,"n_steps":1210,"phase":"closed"}"#;
/// let Line::End(end) = serde_json::from_str(text)? else { panic!("another line") };
/// assert_eq!(end.n_bars, 990);
/// assert_eq!(Line::End(end).text(), text);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// The first.
    Run(Head),
    /// The last.
    End(End),
    /// Another process goes on from here. It is said by the process and is no event of the run: a log
    /// without these lines is that of a run that was never interrupted.
    Resumed(Resumed),
    /// Any other.
    #[serde(untagged)]
    Event(Event),
}

/// What was run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// [`FORM`], for a reader to refuse what it does not know.
    pub form: u64,
    /// The form in which its digests are made; logs that do not say it have those of form 1.
    #[serde(default = "first_digest_form")]
    pub digest_form: u32,
    /// The program and its version.
    pub program: String,
    /// The session file.
    pub config: Value,
    /// The folder of its store, absolute.
    pub store: String,
    /// The text of its calendar overlay; null where it has none.
    pub overlay: Option<String>,
    /// The texts of the files that its modules name, by the path as it stands there.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
}

/// What came of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct End {
    /// The phase in which the run ended.
    pub phase: String,
    /// Base bars delivered.
    pub n_bars: u64,
    /// Steps taken.
    pub n_steps: u64,
    /// The digest of the run.
    pub digest: String,
    /// What it is made of; null in logs of digests of form 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_parts: Option<DigestParts>,
}

/// From where a process goes on with a run that was interrupted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Resumed {
    /// The session clock up to which everything is repeated from the recording; what comes after it is
    /// told by the new process, and after a power cut may have been told before.
    pub at: String,
    /// The wall clock at which the process goes on.
    pub wall: String,
    /// Looks of the run that were repeated.
    pub n_looks: u64,
    /// Events of the run before this line, over all its sessions.
    pub n_events: u64,
    /// The program and its version.
    pub program: String,
}

/// The form of the digests in logs that do not say it.
fn first_digest_form() -> u32 {
    1
}

impl Line {
    /// The text of the line: one object, the event's name before its fields, for people who read
    /// the log.
    pub fn text(&self) -> String {
        let mut value = serde_json::to_value(self).expect("text keys and finite shapes are JSON");
        let name = value["event"].take();
        if let Value::Object(fields) = &mut value {
            fields.remove("event");
        }
        let fields = value.to_string();
        format!("{{\"event\":{name},{}", fields.strip_prefix('{').unwrap_or("}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Answer, Command, ParameterValue, Signal, SymbolAnswer, SymbolOutcome};
    use crate::event::{LaggingSymbol, Origin, Reason, Taken};

    const AT: &str = "2025-07-02T13:31:00Z";

    fn commanded(origin: Origin, command: Command, answer: Answer) -> Line {
        let taken =
            Taken { step: 7, order: 0, clock: AT.to_owned(), session: "2025-07-02".to_owned() };
        Line::Event(Event::Commanded { taken, origin, command, answer })
    }

    fn signal() -> Signal {
        let (consumer, symbol) = ("noon".to_owned(), "AAPL".to_owned());
        Signal { consumer, symbol, kind: "buy".to_owned(), value: None }
    }

    /// Lines beside their text, one of each kind whose form is more than a list of fields.
    fn samples() -> Vec<(Line, &'static str)> {
        let symbols = || vec!["AAPL".to_owned(), "MSFT".to_owned()];
        let params = [("n", ParameterValue::Count(20)), ("k", ParameterValue::Factor(2.0))];
        let outcome = |symbol: &str, outcome| SymbolAnswer { symbol: symbol.to_owned(), outcome };
        let holder = LaggingSymbol { symbol: "AAPL".to_owned(), lag_s: Some(1.5) };
        vec![
            (
                Line::Run(Head {
                    form: FORM,
                    digest_form: 2,
                    program: "openbell 0.1.0".to_owned(),
                    config: serde_json::json!({"mode": "backtest"}),
                    store: "/data".to_owned(),
                    overlay: None,
                    texts: BTreeMap::new(),
                }),
                r#"{"event":"run","config":{"mode":"backtest"},"digest_form":2,"form":1,"overlay":null,"program":"openbell 0.1.0","store":"/data","texts":{}}"#,
            ),
            (
                commanded(
                    Origin::Handle,
                    Command::AddSymbols { symbols: symbols(), stay: true },
                    Answer::Symbols(vec![
                        outcome("AAPL", SymbolOutcome::Added(2)),
                        outcome("MSFT", SymbolOutcome::Refused("locked".to_owned())),
                    ]),
                ),
                r#"{"event":"commanded","answer":[{"added":2,"symbol":"AAPL"},{"refused":"locked","symbol":"MSFT"}],"command":{"name":"add_symbols","stay":true,"symbols":["AAPL","MSFT"]},"origin":"handle","taken":{"clock":"2025-07-02T13:31:00Z","order":0,"session":"2025-07-02","step":7}}"#,
            ),
            (
                commanded(
                    Origin::Schedule(3),
                    Command::AddIndicator {
                        indicator: "bbands".to_owned(),
                        interval: "5m".to_owned(),
                        params: params.map(|(name, value)| (name.to_owned(), value)).into(),
                    },
                    Answer::Done,
                ),
                r#"{"event":"commanded","answer":"done","command":{"indicator":"bbands","interval":"5m","name":"add_indicator","params":{"k":2.0,"n":20}},"origin":{"schedule":3},"taken":{"clock":"2025-07-02T13:31:00Z","order":0,"session":"2025-07-02","step":7}}"#,
            ),
            (
                commanded(
                    Origin::Consumer("noon".to_owned()),
                    Command::Stop,
                    Answer::Refused("no session is running".to_owned()),
                ),
                r#"{"event":"commanded","answer":{"refused":"no session is running"},"command":{"name":"stop"},"origin":{"consumer":"noon"},"taken":{"clock":"2025-07-02T13:31:00Z","order":0,"session":"2025-07-02","step":7}}"#,
            ),
            (
                Line::Event(Event::GateShut {
                    at: AT.to_owned(),
                    epoch: 2,
                    reason: Reason { name: "catching_up".to_owned(), holders: Some(vec![holder]) },
                }),
                r#"{"event":"gate_shut","at":"2025-07-02T13:31:00Z","epoch":2,"reason":{"holders":[{"lag_s":1.5,"symbol":"AAPL"}],"name":"catching_up"}}"#,
            ),
            (
                Line::Event(Event::GateShut {
                    at: AT.to_owned(),
                    epoch: 2,
                    reason: Reason { name: "closed".to_owned(), holders: None },
                }),
                r#"{"event":"gate_shut","at":"2025-07-02T13:31:00Z","epoch":2,"reason":{"name":"closed"}}"#,
            ),
            (
                Line::Event(Event::Signalled { at: AT.to_owned(), signal: signal() }),
                r#"{"event":"signalled","at":"2025-07-02T13:31:00Z","consumer":"noon","kind":"buy","symbol":"AAPL","value":null}"#,
            ),
            (
                Line::Event(Event::OrderEnded {
                    at: AT.to_owned(),
                    strategy: "noon".to_owned(),
                    order: 7,
                    symbol: "AAPL".to_owned(),
                    why: "session_over".to_owned(),
                    unfilled: 100,
                }),
                r#"{"event":"order_ended","at":"2025-07-02T13:31:00Z","order":7,"strategy":"noon","symbol":"AAPL","unfilled":100,"why":"session_over"}"#,
            ),
            (Line::Event(Event::Stopped { at: None }), r#"{"event":"stopped","at":null}"#),
            (
                Line::Resumed(Resumed {
                    at: AT.to_owned(),
                    wall: "2025-07-02T13:33:20Z".to_owned(),
                    n_looks: 1432,
                    n_events: 61,
                    program: "openbell 0.1.0".to_owned(),
                }),
                r#"{"event":"resumed","at":"2025-07-02T13:31:00Z","n_events":61,"n_looks":1432,"program":"openbell 0.1.0","wall":"2025-07-02T13:33:20Z"}"#,
            ),
        ]
    }

    #[test]
    fn a_line_has_its_name_first_and_its_fields_in_the_order_of_the_alphabet() {
        for (line, text) in samples() {
            assert_eq!(line.text(), text);
        }
    }

    #[test]
    fn what_a_line_says_can_be_read_again() {
        for (line, text) in samples() {
            assert_eq!(serde_json::from_str::<Line>(text).unwrap(), line, "{text}");
        }
    }
}
