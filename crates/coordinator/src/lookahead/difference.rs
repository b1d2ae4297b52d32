//! What of a run differs in a rerun: whose it is, and what was seen with and without the future.

use std::fmt;
use std::fmt::Debug;

use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{InsideView, Rows, SeriesView, SymbolView};
use openbell_time::Timestamp;

use crate::control::event::{Event, Origin};
use crate::digest::Digest;
use crate::digest::print::Print;
use crate::engine::Engine;

/// Whose it is that differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// Something that a consumer signalled, asked for or put into its outputs.
    Consumer {
        /// Its name.
        name: String,
    },
    /// A series of a symbol.
    Series {
        /// The symbol.
        symbol: Symbol,
        /// The interval.
        interval: BarInterval,
    },
    /// A symbol, in something that is no series.
    Symbol {
        /// The symbol.
        symbol: Symbol,
    },
    /// The session as a whole.
    Session,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Consumer { name } => write!(f, "consumer {name}"),
            Subject::Series { symbol, interval } => write!(f, "{symbol} {interval}"),
            Subject::Symbol { symbol } => write!(f, "{symbol}"),
            Subject::Session => f.write_str("the session"),
        }
    }
}

/// Something that was seen with the future there, and was not without it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Whose it is.
    pub subject: Subject,
    /// What it is, as `close of the bar stamped 2025-07-02T13:30:00Z`.
    pub what: String,
    /// What it was in the run with all data; absent where it was not there.
    pub with: Option<String>,
    /// What it was in the rerun.
    pub without: Option<String>,
}

impl Difference {
    fn of(subject: Subject, what: impl Into<String>, with: &str, without: &str) -> Difference {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Difference { subject, what: what.into(), with: text(with), without: text(without) }
    }

    /// The texts of two values, where they differ. A NaN is itself.
    fn between(
        subject: impl FnOnce() -> Subject,
        what: &str,
        with: &impl Debug,
        without: &impl Debug,
    ) -> Option<Difference> {
        let (with, without) = (format!("{with:?}"), format!("{without:?}"));
        (with != without).then(|| Difference::of(subject(), what, &with, &without))
    }
}

/// One that nothing that is looked at names.
pub(super) fn unnamed() -> Difference {
    Difference {
        subject: Subject::Session,
        what: "something that can be read".to_owned(),
        with: None,
        without: None,
    }
}

/// In the data of the symbols that are members of both.
pub(super) fn in_data(with: &InsideView, without: &InsideView) -> Option<Difference> {
    with.symbols().find_map(|name| {
        let (ours, theirs) = (with.symbol(name.as_str())?, without.symbol(name.as_str())?);
        in_symbol(&ours, &theirs)
    })
}

fn in_symbol(with: &SymbolView<'_>, without: &SymbolView<'_>) -> Option<Difference> {
    let symbol = || with.symbol().clone();
    let of_symbol = || Subject::Symbol { symbol: symbol() };
    let in_series = with.intervals().find_map(|interval| {
        let of_series = || Subject::Series { symbol: symbol(), interval };
        let (ours, theirs) = (with.series(interval).ok()?, without.series(interval).ok()?);
        in_series(&ours, &theirs, of_series).or_else(|| {
            let (ours, theirs) = (with.forming_bar(interval), without.forming_bar(interval));
            Difference::between(of_series, "the bar that is forming", &ours, &theirs)
        })
    });
    let rest = || {
        let intervals = |view: &SymbolView<'_>| view.intervals().collect::<Vec<_>>();
        Difference::between(of_symbol, "intervals", &intervals(with), &intervals(without))
            .or_else(|| {
                let (ours, theirs) = (with.metrics(), without.metrics());
                Difference::between(of_symbol, "metrics of the session", &ours, &theirs)
            })
            .or_else(|| {
                let (ours, theirs) =
                    (with.historical_indicators(), without.historical_indicators());
                let differing = ours.iter().zip(theirs).find_map(|(ours, theirs)| {
                    let what = format!("historical indicator {}", ours.key);
                    Difference::between(of_symbol, &what, ours, theirs)
                });
                differing.or_else(|| {
                    Difference::between(of_symbol, "historical indicators", &ours, &theirs)
                })
            })
    };
    in_series.or_else(rest)
}

fn in_series(
    with: &SeriesView<'_>,
    without: &SeriesView<'_>,
    subject: impl Fn() -> Subject,
) -> Option<Difference> {
    let n_sessions = (with.trailing().len(), without.trailing().len());
    Difference::between(&subject, "sessions of history", &n_sessions.0, &n_sessions.1)
        .or_else(|| {
            let mut pairs = with.trailing().zip(without.trailing());
            pairs.find_map(|(ours, theirs)| in_rows(&ours, &theirs, "history: ", &subject))
        })
        .or_else(|| in_rows(&with.today(), &without.today(), "", &subject))
        .or_else(|| {
            let (ours, theirs) = (with.coverage(), without.coverage());
            Difference::between(&subject, "coverage", &ours, &theirs)
        })
        .or_else(|| Difference::between(&subject, "gaps", &with.gaps(), &without.gaps()))
}

fn in_rows(
    with: &Rows<'_>,
    without: &Rows<'_>,
    place: &str,
    subject: impl Fn() -> Subject,
) -> Option<Difference> {
    if printed(with) == printed(without) {
        return None;
    }
    let n_both = with.len().min(without.len());
    let at = |row: usize| {
        let rows = if row < with.len() { with } else { without };
        Timestamp::from_nanos(rows.opens_at_ns()[row])
    };
    let names = ["stamp", "close instant", "open", "high", "low", "close", "volume"];
    for row in 0..n_both {
        let of = |what: &str| format!("{place}{what} of the bar stamped {}", at(row));
        for (name, ours, theirs) in names
            .iter()
            .zip(values(with, row))
            .zip(values(without, row))
            .map(|((n, a), b)| (n, a, b))
        {
            let found = Difference::between(&subject, &of(name), &ours, &theirs);
            if found.is_some() {
                return found;
            }
        }
        let counts = (with.coverage(row), without.coverage(row));
        let indicators = |rows: &Rows<'_>| -> Vec<(String, f64)> {
            let columns = rows.indicator_columns();
            columns.map(|(known, field, v)| (format!("{} {field}", known.key), v[row])).collect()
        };
        let found =
            Difference::between(&subject, &of("coverage"), &counts.0, &counts.1).or_else(|| {
                indicators(with).iter().zip(&indicators(without)).find_map(|(ours, theirs)| {
                    let what = of(&format!("indicator {}", ours.0));
                    Difference::between(&subject, &what, &ours.1, &theirs.1)
                })
            });
        if found.is_some() {
            return found;
        }
    }
    let bar = |rows: &Rows<'_>| rows.bar(n_both).map(|bar| format!("{:?}", bar.ohlcv));
    let (ours, theirs) = (bar(with), bar(without));
    (ours != theirs).then(|| Difference {
        subject: subject(),
        what: format!("{place}the bar stamped {}", at(n_both)),
        with: ours,
        without: theirs,
    })
}

fn printed(rows: &Rows<'_>) -> Digest {
    let mut print = Print::default();
    print.rows(rows, 0);
    print.digest()
}

/// The values of a row as they are compared: instants, then prices and volume.
fn values(rows: &Rows<'_>, row: usize) -> [Value; 7] {
    let instant = |ns: i64| Value::Instant(Timestamp::from_nanos(ns));
    [
        instant(rows.opens_at_ns()[row]),
        instant(rows.closes_at_ns()[row]),
        Value::Number(rows.open()[row]),
        Value::Number(rows.high()[row]),
        Value::Number(rows.low()[row]),
        Value::Number(rows.close()[row]),
        Value::Number(rows.volume()[row]),
    ]
}

enum Value {
    Instant(Timestamp),
    Number(f64),
}

impl Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Instant(at) => write!(f, "{at}"),
            Value::Number(number) => write!(f, "{number:?}"),
        }
    }
}

/// In the event log.
pub(super) fn in_events(with: &[Event], without: &[Event]) -> Option<Difference> {
    let n_same = with.iter().zip(without).take_while(|(ours, theirs)| ours == theirs).count();
    let (ours, theirs) = (with.get(n_same), without.get(n_same));
    let consumer = ours.and_then(consumer_of).or_else(|| theirs.and_then(consumer_of));
    let symbol = ours.and_then(symbol_of).or_else(|| theirs.and_then(symbol_of));
    let subject = match (consumer, symbol) {
        (Some(name), _) => Subject::Consumer { name: name.to_owned() },
        (None, Some(symbol)) => Subject::Symbol { symbol: symbol.clone() },
        (None, None) => Subject::Session,
    };
    let what = match ours.or(theirs)? {
        Event::Signalled { .. } => "signal",
        Event::Commanded { .. } => "command",
        Event::Traded { .. } => "order",
        Event::ConsumerFailed { .. } => "failure",
        _ => "event",
    };
    let text = |event: Option<&Event>| event.map(said).unwrap_or_default();
    Some(Difference::of(subject, what, &text(ours), &text(theirs)))
}

pub(super) fn in_outputs(
    with: &[(String, String)],
    without: &[(String, String)],
) -> Option<Difference> {
    let n_same = with.iter().zip(without).take_while(|(ours, theirs)| ours == theirs).count();
    let (ours, theirs) = (with.get(n_same), without.get(n_same));
    let subject = Subject::Consumer { name: ours.or(theirs)?.0.clone() };
    let text = |put: Option<&(String, String)>| put.map(|(_, text)| text.clone());
    Some(Difference { subject, what: "output".to_owned(), with: text(ours), without: text(theirs) })
}

fn said(event: &Event) -> String {
    match event {
        Event::Signalled { at, signal } => {
            let value = signal.value.map(|value| format!(" {value:?}")).unwrap_or_default();
            format!("{} {} {}{value}", at, signal.symbol, signal.kind)
        }
        other => format!("{other:?}"),
    }
}

fn consumer_of(event: &Event) -> Option<&str> {
    match event {
        Event::Signalled { signal, .. } => Some(&signal.consumer),
        Event::ConsumerFailed { consumer, .. } => Some(consumer),
        Event::Traded { strategy, .. } => Some(strategy),
        Event::Commanded { origin: Origin::Consumer { name }, .. } => Some(name),
        _ => None,
    }
}

fn symbol_of(event: &Event) -> Option<&Symbol> {
    match event {
        Event::Joined { symbol, .. }
        | Event::Left { symbol, .. }
        | Event::Rejected { symbol, .. }
        | Event::CaughtUp { symbol, .. }
        | Event::GapLeft { symbol, .. }
        | Event::Corrected { symbol, .. }
        | Event::LeftOut { symbol, .. }
        | Event::NoData { symbol, .. } => Some(symbol),
        _ => None,
    }
}

/// In who is a member.
pub(super) fn in_members(with: &InsideView, without: &InsideView) -> Option<Difference> {
    let members = |view: &InsideView| view.symbols().cloned().collect::<Vec<_>>();
    Difference::between(|| Subject::Session, "members", &members(with), &members(without))
}

/// In what can be polled, and in the report.
pub(super) fn in_status(with: &Engine, without: &Engine) -> Option<Difference> {
    let (ours, theirs) = (with.handle().status(), without.handle().status());
    let in_symbol = ours.symbols.iter().zip(&theirs.symbols).find_map(|(ours, theirs)| {
        let of_symbol = || Subject::Symbol { symbol: ours.symbol.clone() };
        Difference::between(of_symbol, "status", ours, theirs)
    });
    let session = || Subject::Session;
    in_symbol
        .or_else(|| Difference::between(session, "gate", &ours.inactive, &theirs.inactive))
        .or_else(|| Difference::between(session, "status", &ours, &theirs))
        .or_else(|| Difference::between(session, "report", &with.report(), &without.report()))
}
