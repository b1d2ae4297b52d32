//! Two runs held against each other: which parts of their digests differ, where first, and their figures
//! side by side.

mod figures;
mod first;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::report::Report;

pub use figures::Figure;

/// One of the two runs.
#[derive(Clone, Copy, Debug)]
pub struct Side<'r> {
    /// Its report.
    pub report: &'r Report,
    /// Its session file.
    pub config: &'r Value,
    /// The lines of the events of its log, without the first and the last.
    pub lines: &'r [String],
}

/// What comes of holding them against each other.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// Whether every part is the same.
    pub same: bool,
    /// The keys in which their session files differ, in order.
    pub config: Vec<KeyDifference>,
    /// The parts of their digests: series, sequence, gate, and then each consumer.
    pub parts: Vec<Part>,
    /// Their figures side by side.
    pub figures: Vec<Figure>,
}

/// A key that two session files have differently.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct KeyDifference {
    /// Where it stands, as `strategies[0].config.n`.
    pub path: String,
    /// Its value in the first; null where it is not there.
    pub a: Value,
    /// Its value in the second; null where it is not there.
    pub b: Value,
}

/// One part of the digests.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// `series`, `sequence`, `gate`, or a consumer's name behind `consumer `.
    pub part: String,
    /// Whether it is the same.
    pub same: bool,
    /// Its digest in the first; null where that has no such consumer.
    pub a: Option<String>,
    /// Its digest in the second; null where that has no such consumer.
    pub b: Option<String>,
    /// Where they differ first; null where they do not, or what was kept of them does not say.
    pub first: Option<String>,
}

impl Comparison {
    /// Holds `a` against `b`.
    ///
    /// *Cost*: linear in sessions, symbols and events.
    ///
    /// ```
    /// use openbell_wire::compare::{Comparison, Side};
    /// use openbell_wire::report::Report;
    ///
    /// let report: Report = serde_json::from_str(r#"{"session_name":"noon","exchange_group":"US_EQUITY",
    ///     "phase":"closed","failure":null,"base_interval":"1m","n_bars":390,"n_derived":0,"n_steps":391,
    ///     "digest":"8a42033fba4b5859","digest_form":2,
    ///     "digest_parts":{"series":"01","sequence":"02","gate":"03"},
    ///     "symbol_digests":{"AAPL":"01"},"sessions":[],"interrupted":null,"consumers":[],"signals":[],
    ///     "metadata":null,"exported":null,"wall":{"elapsed_s":1.0,"bars_per_s":390.0,"overrun_s":0.0}}"#)?;
    /// let other = Report { symbol_digests: [("AAPL".to_owned(), "07".to_owned())].into(), ..report.clone() };
    /// let config = serde_json::json!({"session_name": "noon"});
    /// let side = |report| Side { report, config: &config, lines: &[] };
    ///
    /// assert!(Comparison::of(side(&report), side(&report)).same);
    /// let differs = Comparison::of(side(&report), side(&other));
    /// assert_eq!(differs.parts[0].first.as_deref(), Some("the bars or indicators of AAPL"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn of(a: Side<'_>, b: Side<'_>) -> Comparison {
        let parts = parts(a, b);
        let same = parts.iter().all(|part| part.same);
        let mut config = Vec::new();
        key_differences("", a.config, b.config, &mut config);
        Comparison { same, config, parts, figures: figures::beside(a.report, b.report) }
    }
}

fn parts(a: Side<'_>, b: Side<'_>) -> Vec<Part> {
    let part = |name: &str, of_a: Option<&str>, of_b: Option<&str>, first: Option<String>| {
        let same = of_a == of_b && first.is_none();
        let (a, b) = (of_a.map(str::to_owned), of_b.map(str::to_owned));
        Part { part: name.to_owned(), same, a, b, first }
    };
    let (of_a, of_b) = (&a.report.digest_parts, &b.report.digest_parts);
    let mut parts = vec![
        part(
            "series",
            Some(&of_a.series),
            Some(&of_b.series),
            first::of_series(a.report, b.report),
        ),
        part(
            "sequence",
            Some(&of_a.sequence),
            Some(&of_b.sequence),
            first::of_sequence(a.report, b.report),
        ),
        part("gate", Some(&of_a.gate), Some(&of_b.gate), first::of_gate(a.report, b.report)),
    ];
    let names = [a, b].into_iter().flat_map(|side| &side.report.consumers);
    let names: BTreeSet<&str> = names.map(|consumer| consumer.name.as_str()).collect();
    for name in names {
        let digest = |side: Side<'_>| {
            let consumers = &side.report.consumers;
            consumers.iter().find(|consumer| consumer.name == name).map(|it| it.digest.clone())
        };
        let (of_a, of_b) = (digest(a), digest(b));
        let first = (of_a != of_b).then(|| first::of_consumer(name, a.lines, b.lines)).flatten();
        let (of_a, of_b) = (of_a.as_deref(), of_b.as_deref());
        let same = of_a == of_b;
        parts.push(Part { same, ..part(&format!("consumer {name}"), of_a, of_b, first) });
    }
    parts
}

/// Lists the keys below `path` that differ.
fn key_differences(path: &str, a: &Value, b: &Value, found: &mut Vec<KeyDifference>) {
    match (a, b) {
        (Value::Object(of_a), Value::Object(of_b)) => {
            let keys: BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
            for key in keys {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                let (a, b) = (of(of_a).unwrap_or_default(), of(of_b).unwrap_or_default());
                key_differences(&below, &a, &b, found);
            }
        }
        (Value::Array(of_a), Value::Array(of_b)) if of_a.len() == of_b.len() => {
            for (i, (a, b)) in of_a.iter().zip(of_b).enumerate() {
                key_differences(&format!("{path}[{i}]"), a, b, found);
            }
        }
        _ if a == b => {}
        _ => found.push(KeyDifference { path: path.to_owned(), a: a.clone(), b: b.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        let symbol = json!({"symbol":"AAPL","left_before_close":false,"history":[],"rejected":{},
            "series":[{"interval":"1m","n_bars":390,"n":390,"expected":390,"quality_pct":100.0,
                "longest_gap":null}]});
        serde_json::from_value(json!({
            "session_name":"noon","exchange_group":"US_EQUITY","phase":"closed","failure":null,
            "base_interval":"1m","n_bars":390,"n_derived":0,"n_steps":391,"digest":"0a","digest_form":2,
            "digest_parts":{"series":"01","sequence":"02","gate":"03"},
            "symbol_digests":{"AAPL":"01","MSFT":"02"},
            "sessions":[{"date":"2025-07-02","open":"2025-07-02T13:30:00Z","close":"2025-07-02T20:00:00Z",
                "early_close":false,"n_bars":390,"symbols":[symbol],
                "gate":[{"at":"2025-07-02T13:30:00Z","epoch":1,"active":true,"reason":null}]}],
            "interrupted":null,
            "consumers":[{"name":"noon","delivery":"inline","n_signals":1,"n_commands":0,"n_displaced":0,
                "digest":"0c","failure":null}],
            "signals":[],"metadata":null,"exported":null,
            "wall":{"elapsed_s":1.0,"bars_per_s":390.0,"overrun_s":0.0}}))
        .expect("a report")
    }

    fn compared(a: &Report, b: &Report, lines: [&[String]; 2]) -> Comparison {
        let config = json!({});
        let side = |report, lines| Side { report, config: &config, lines };
        Comparison::of(side(a, lines[0]), side(b, lines[1]))
    }

    fn first(comparison: &Comparison, name: &str) -> Option<String> {
        let part = comparison.parts.iter().find(|part| part.part == name).expect("a part");
        assert!(!part.same, "{name}");
        part.first.clone()
    }

    #[test]
    fn each_part_that_differs_is_named_with_where_it_does_first() {
        let (a, mut b) = (report(), report());
        b.symbol_digests.insert("MSFT".to_owned(), "07".to_owned());
        b.symbol_digests.insert("TSLA".to_owned(), "08".to_owned());
        b.digest_parts.series = "09".to_owned();
        let series = first(&compared(&a, &b, [&[], &[]]), "series");
        assert_eq!(series.as_deref(), Some("the bars or indicators of MSFT, TSLA (in b alone)"));

        let mut b = report();
        b.sessions[0].symbols[0].series[0].n_bars = 389;
        b.digest_parts.sequence = "09".to_owned();
        let sequence = first(&compared(&a, &b, [&[], &[]]), "sequence");
        assert_eq!(sequence.as_deref(), Some("2025-07-02: AAPL has 390 bars against 389"));

        let mut b = report();
        b.sessions[0].gate[0].at = "2025-07-02T13:31:00Z".to_owned();
        b.digest_parts.gate = "09".to_owned();
        let gate = first(&compared(&a, &b, [&[], &[]]), "gate").expect("a switch");
        assert!(
            gate.contains("opened at 2025-07-02T13:30:00Z against opened at 2025-07-02T13:31:00Z")
        );
    }

    #[test]
    fn a_consumer_differs_by_the_first_line_of_its_own() {
        let line = |consumer: &str, kind: &str| {
            format!(r#"{{"event":"signalled","at":"x","consumer":"{consumer}","kind":"{kind}"}}"#)
        };
        let (of_a, of_b) = (
            [line("other", "up"), line("noon", "buy"), line("noon", "exit")],
            [line("noon", "buy"), line("other", "down"), line("noon", "hold")],
        );
        let (a, mut b) = (report(), report());
        b.consumers[0].digest = "0d".to_owned();
        let said = first(&compared(&a, &b, [&of_a, &of_b]), "consumer noon").expect("a line");
        assert!(said.contains("event 2 of its own") && said.contains("hold"), "{said}");
        b.consumers.clear();
        assert!(
            !compared(&a, &b, [&of_a, &[]]).same,
            "a consumer that is not there is a difference"
        );
    }

    #[test]
    fn wall_and_places_are_no_difference_and_keys_of_the_session_file_are_named() {
        let (a, mut b) = (report(), report());
        b.wall.elapsed_s = 7.0;
        let (of_a, of_b) = (
            json!({"strategies":[{"module":"x","config":{"n":20}}],"session_name":"a"}),
            json!({"strategies":[{"module":"x","config":{"n":30}}],"account":{"cash":1.0},"session_name":"a"}),
        );
        let side_a = Side { report: &a, config: &of_a, lines: &[] };
        let compared = Comparison::of(side_a, Side { report: &b, config: &of_b, lines: &[] });
        assert!(compared.same);
        let paths: Vec<&str> = compared.config.iter().map(|key| key.path.as_str()).collect();
        assert_eq!(paths, ["account", "strategies[0].config.n"]);
    }
}
