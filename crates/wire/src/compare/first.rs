//! Where two runs differ first, in words.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::report::{GateSwitch, Report, Session};

/// Names that are listed.
const SHOWN: usize = 10;

/// The symbols whose series differ.
pub(super) fn of_series(a: &Report, b: &Report) -> Option<String> {
    let (of_a, of_b) = (&a.symbol_digests, &b.symbol_digests);
    let symbols: BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
    let differing =
        symbols.into_iter().filter_map(|symbol| match (of_a.get(symbol), of_b.get(symbol)) {
            (Some(a), Some(b)) => (a != b).then(|| symbol.clone()),
            (Some(_), None) => Some(format!("{symbol} (in a alone)")),
            _ => Some(format!("{symbol} (in b alone)")),
        });
    let differing: Vec<String> = differing.collect();
    let more = differing.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shown = differing[..differing.len().min(SHOWN)].join(", ");
    (!differing.is_empty()).then(|| format!("the bars or indicators of {shown}{more}"))
}

/// The first session and symbol of which another number of bars was delivered.
pub(super) fn of_sequence(a: &Report, b: &Report) -> Option<String> {
    if a.digest_parts.sequence == b.digest_parts.sequence {
        return None;
    }
    if let Some(said) = first_session(a, b) {
        return Some(said);
    }
    let base = &a.base_interval;
    for (of_a, of_b) in a.sessions.iter().zip(&b.sessions) {
        let count = |session: &Session, symbol: &str| {
            let known = session.symbols.iter().find(|known| known.symbol == symbol);
            let series = known.and_then(|it| it.series.iter().find(|it| it.interval == *base));
            series.map_or(0, |series| series.n_bars)
        };
        let symbols = of_a.symbols.iter().chain(&of_b.symbols);
        let symbols: BTreeSet<&str> = symbols.map(|known| known.symbol.as_str()).collect();
        for symbol in symbols {
            let (n_a, n_b) = (count(of_a, symbol), count(of_b, symbol));
            if n_a != n_b {
                return Some(format!("{}: {symbol} has {n_a} bars against {n_b}", of_a.date));
            }
        }
    }
    Some("as many bars of each symbol in each session, delivered at other instants".to_owned())
}

/// The first session that the other has not.
fn first_session(a: &Report, b: &Report) -> Option<String> {
    let dates = |report: &Report| -> Vec<String> {
        report.sessions.iter().map(|session| session.date.clone()).collect()
    };
    let (of_a, of_b) = (dates(a), dates(b));
    let n_same = of_a.iter().zip(&of_b).take_while(|(a, b)| a == b).count();
    let shown = |dates: &[String]| dates.get(n_same).cloned().unwrap_or_else(|| "none".to_owned());
    (of_a != of_b)
        .then(|| format!("session {}: {} against {}", n_same + 1, shown(&of_a), shown(&of_b)))
}

/// The first switch of the gate that the other has differently.
pub(super) fn of_gate(a: &Report, b: &Report) -> Option<String> {
    if a.digest_parts.gate == b.digest_parts.gate {
        return None;
    }
    let switches = |report: &Report| -> Vec<GateSwitch> {
        let sessions =
            report.sessions.iter().chain(report.interrupted.iter().map(|it| &it.session));
        sessions.flat_map(|session| session.gate.clone()).collect()
    };
    let (of_a, of_b) = (switches(a), switches(b));
    let n_same = of_a.iter().zip(&of_b).take_while(|(a, b)| a == b).count();
    let said = |switches: &[GateSwitch]| match switches.get(n_same) {
        None => "no further switch".to_owned(),
        Some(GateSwitch { at, reason: None, .. }) => format!("opened at {at}"),
        Some(GateSwitch { at, reason: Some(reason), .. }) => {
            let holders = reason.holders.iter().flatten().map(|holder| holder.symbol.as_str());
            let holders: Vec<&str> = holders.collect();
            let of = if holders.is_empty() { "" } else { " of " };
            format!("shut at {at} ({}{of}{})", reason.name, holders.join(", "))
        }
    };
    Some(format!("switch {}: {} against {}", n_same + 1, said(&of_a), said(&of_b)))
}

/// The first line of the log that speaks of the consumer and that the other has differently.
pub(super) fn of_consumer(name: &str, a: &[String], b: &[String]) -> Option<String> {
    let own = |lines: &[String]| -> Vec<String> {
        lines.iter().filter(|line| speaks_of(line, name)).cloned().collect()
    };
    let (of_a, of_b) = (own(a), own(b));
    let n_same = of_a.iter().zip(&of_b).take_while(|(a, b)| a == b).count();
    let shown =
        |lines: &[String]| lines.get(n_same).cloned().unwrap_or_else(|| "nothing more".to_owned());
    let (of_a, of_b) = (shown(&of_a), shown(&of_b));
    (of_a != of_b).then(|| format!("event {} of its own\n  a  {of_a}\n  b  {of_b}", n_same + 1))
}

/// Whether a line of the log says what the consumer did: signals, orders, commands, failures.
fn speaks_of(line: &str, name: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|event| {
        [&event["consumer"], &event["strategy"], &event["origin"]["consumer"]]
            .into_iter()
            .any(|said| said == name)
    })
}
