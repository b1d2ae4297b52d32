//! The log of events: its lines, and the switches of the gate among them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use openbell_time::Timestamp;
use openbell_wire::served::{GateLog, LoggedEvent};

use crate::answer::{json, text_of};
use crate::log::LogPage;
use crate::problem::{Answered, Problem};
use crate::query::Query;
use crate::routes::place::after;
use crate::served::Inner;

/// Bytes of one answer.
const PAGE_BYTES: usize = 4 << 20;
/// The kinds that say when data was there.
const GATE_KINDS: &[&str] = &["session_opened", "session_closed", "gate_opened", "gate_shut"];

/// `GET /v1/events?since=ID&kinds=&limit=`
///
/// The header `Openbell-Next` has the identity to ask with as `since` for what comes after.
pub(crate) async fn events(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let query = Query::of(&uri, &["since", "kinds", "limit"])?;
    let n_most = query.number("limit", (1, 10_000))?.unwrap_or(1_000);
    let kinds = query.list("kinds");
    let since = since(&served, &query)?;
    let kinds = (!kinds.is_empty()).then_some(&kinds[..]);
    let page = served.log.read(since, (n_most, PAGE_BYTES), kinds);
    let mut text = String::new();
    for line in &page.lines {
        text.push_str(&line.text);
        text.push('\n');
    }
    let mut response = text_of(StatusCode::OK, "application/jsonl", text);
    let headers = response.headers_mut();
    for (name, place) in [
        ("openbell-first", Some(served.event_id(page.first))),
        ("openbell-next", last(&served, &page)),
    ] {
        if let Some(place) = place {
            let place = HeaderValue::from_str(&place).expect("an identity is digits and a dash");
            headers.insert(HeaderName::from_static(name), place);
        }
    }
    Ok(response)
}

/// `GET /v1/gate?since=ID&from=&until=&limit=`
pub(crate) async fn gate(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let query = Query::of(&uri, &["since", "from", "until", "limit"])?;
    let needed = "an instant as 2025-07-02T16:00:00Z";
    let from: Option<Timestamp> = query.parsed("from", needed)?;
    let until: Option<Timestamp> = query.parsed("until", needed)?;
    let n_most = query.number("limit", (1, 10_000))?.unwrap_or(1_000);
    let page = served.log.read(since(&served, &query)?, (n_most, PAGE_BYTES), Some(GATE_KINDS));
    let is_asked = |event: &openbell_wire::event::Event| {
        let at = instant_of(event);
        at.is_none_or(|at| {
            from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until)
        })
    };
    let switches = page.lines.iter().filter_map(|line| {
        // A line that we wrote is read again.
        let event = serde_json::from_str(&line.text).ok().filter(is_asked)?;
        Some(LoggedEvent { id: served.event_id(line.position), event })
    });
    let now = served.snapshot().status.gate.clone();
    let log = GateLog { now, switches: switches.collect(), last: last(&served, &page) };
    Ok(json(StatusCode::OK, &log))
}

/// The position from which on lines are asked for.
fn since(served: &Inner, query: &Query) -> Result<u64, Problem> {
    match query.text("since") {
        None => Ok(0),
        // Of another run all of this one is new.
        Some(text) => Ok(after(served, "since", text)?.unwrap_or(0)),
    }
}

/// The identity of the last event that the page has gone over.
fn last(served: &Inner, page: &LogPage) -> Option<String> {
    Some(served.event_id(page.next.checked_sub(1)?))
}

fn instant_of(event: &openbell_wire::event::Event) -> Option<Timestamp> {
    use openbell_wire::event::Event as Shape;
    match event {
        Shape::SessionOpened { at, .. }
        | Shape::SessionClosed { at, .. }
        | Shape::GateOpened { at, .. }
        | Shape::GateShut { at, .. } => at.parse().ok(), // We wrote it as an instant.
        _ => None,
    }
}
