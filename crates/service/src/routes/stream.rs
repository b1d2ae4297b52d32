//! One stream for all that happens, as server-sent events: a cursor into the log, and the state when it is
//! another one. Nothing waits for a slow client, and nothing is kept for it.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::stream::unfold;
use openbell_wire::served::stream::{Bye, Hello, LogGap, StreamGate, StreamStatus};
use serde::Serialize;
use tokio::sync::watch;

use crate::answer::text_of;
use crate::problem::{Answered, Code, Problem};
use crate::query::{Query, wrong};
use crate::routes::place::after;
use crate::sampler::{Looked, State as RunState, Watching};
use crate::served::Inner;
use crate::timer::within;

/// A stream says that it lives at least so often.
const PING_EACH: Duration = Duration::from_secs(15);
/// One piece has at most so many bytes of the log, and one line at least.
const PIECE_BYTES: usize = 64 * 1024;

const TOPICS: &[&str] = &["event", "status"];

struct Stream {
    served: Arc<Inner>,
    watching: Watching,
    ending: watch::Receiver<bool>,
    /// What is said first.
    greeting: String,
    has_events: bool,
    has_status: bool,
    /// The position of the next event.
    next: u64,
    /// What the sampler had seen, and the state that was told.
    seen: Option<RunState>,
    told: Option<RunState>,
    is_over: bool,
}

/// `GET /v1/stream?topics=&since=`
pub(crate) async fn stream(
    State(served): State<Arc<Inner>>,
    headers: HeaderMap,
    uri: Uri,
) -> Answered {
    let query = Query::of(&uri, &["topics", "since"])?;
    let topics = match query.list("topics") {
        topics if topics.is_empty() => TOPICS.to_vec(),
        topics => topics,
    };
    if let Some(other) = topics.iter().find(|topic| !TOPICS.contains(topic)) {
        return Err(wrong("topics", other, &format!("a list of {}", TOPICS.join(", "))));
    }
    let ending = served.ending();
    if *ending.borrow() {
        return Err(Problem::new(Code::ShuttingDown, "no new stream is begun"));
    }
    let (next, is_other_run) = begins(&served, &headers, &query)?;
    let most = served.settings.streams;
    let looked: Arc<dyn Looked> = Arc::clone(&served) as Arc<dyn Looked>;
    let watching = served.sampler.watch(looked, most).ok_or_else(|| {
        Problem::new(Code::TooManyStreams, format!("there are {most} streams, no more are taken"))
    })?;
    let seen = watching.seen.borrow().state;
    let mut greeting = "retry: 1000\n\n".to_owned();
    let state = served.state();
    let hello = Hello {
        run: served.run,
        epoch: state.epoch,
        publication: state.publication,
        log: served.log_place(),
    };
    say(&mut greeting, if is_other_run { "run" } else { "hello" }, &hello);
    let stream = Stream {
        has_events: topics.contains(&"event"),
        has_status: topics.contains(&"status"),
        served,
        watching,
        ending,
        greeting,
        next,
        seen,
        told: None,
        is_over: false,
    };
    Ok(response(stream))
}

/// The position from which on events are told, and whether the place that was named is of another run.
fn begins(served: &Inner, headers: &HeaderMap, query: &Query) -> Result<(u64, bool), Problem> {
    let header = headers.get("last-event-id");
    let held = match header.map(|id| id.to_str().unwrap_or_default()).filter(|id| !id.is_empty()) {
        Some(id) => Some(("Last-Event-ID", id)),
        None => query.text("since").map(|since| ("since", since)),
    };
    let Some((name, id)) = held else { return Ok((served.log.n_events(), false)) };
    match after(served, name, id)? {
        Some(position) => Ok((position, false)),
        None => Ok((0, true)),
    }
}

fn response(stream: Stream) -> Response {
    let pieces = unfold(stream, async |mut stream| {
        let piece = stream.piece().await?;
        Some((Ok::<Bytes, Infallible>(Bytes::from(piece)), stream))
    });
    let mut response = text_of(StatusCode::OK, "text/event-stream", String::new());
    *response.body_mut() = Body::from_stream(pieces);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    // A proxy that gathers answers would hold events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Stream {
    /// What is new, once there is something; `None` where it has ended.
    async fn piece(&mut self) -> Option<String> {
        loop {
            if self.is_over {
                return None;
            }
            let mut text = std::mem::take(&mut self.greeting);
            let seen = *self.watching.seen.borrow_and_update();
            if self.has_events {
                self.events(&mut text);
            }
            if self.has_status && (self.told.is_none() || seen.state != self.seen) {
                self.seen = seen.state;
                self.status(&mut text);
            }
            if text.is_empty() && *self.ending.borrow() {
                self.is_over = true;
                say(&mut text, "bye", &Bye { reason: "shutting_down".to_owned() });
            }
            if !text.is_empty() {
                return Some(text);
            }
            let (news, ending) = (self.watching.seen.changed(), self.ending.changed());
            let waited = within(PING_EACH, async {
                tokio::select! {
                    // Both senders live as long as what is served, which this stream holds.
                    _ = news => {}
                    _ = ending => {}
                }
            });
            if waited.await.is_none() {
                return Some(": ping\n\n".to_owned());
            }
        }
    }

    fn events(&mut self, text: &mut String) {
        let page = self.served.log.read(self.next, (usize::MAX, PIECE_BYTES), None);
        if page.first > self.next {
            let gap = LogGap {
                first: self.served.event_id(page.first),
                n_lost: page.first - self.next,
                says: "the log is longer than what is kept of it; write it with --events"
                    .to_owned(),
            };
            say(text, "gap", &gap);
        }
        for line in &page.lines {
            let id = self.served.event_id(line.position);
            // A line of the log has no line break in it.
            let _ = write!(text, "id: {id}\nevent: event\ndata: {}\n\n", line.text); // Into memory.
        }
        self.next = page.next;
    }

    fn status(&mut self, text: &mut String) {
        let state = self.served.state();
        if self.told == Some(state) {
            return;
        }
        self.told = Some(state);
        let status = StreamStatus {
            clock: state.clock.map(|clock| clock.to_string()),
            phase: state.phase.name().to_owned(),
            is_paused: state.is_paused,
            gate: StreamGate { active: state.publication.is_some(), epoch: state.epoch },
            publication: state.publication,
        };
        say(text, "status", &status);
    }
}

/// Adds a message without an identity.
fn say(text: &mut String, event: &str, data: &impl Serialize) {
    let data = serde_json::to_string(data).expect("text keys and finite shapes are JSON");
    let _ = write!(text, "event: {event}\ndata: {data}\n\n"); // Into memory.
}
