//! Commands: given at once, answered when the core has answered, or by a ticket.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use openbell_coordinator::{Answer, Command, Refusal, SessionCommand};
use openbell_wire::served::ticket::StopRequest;

use crate::answer::json;
use crate::asked::Asked;
use crate::problem::{Answered, Code, Problem};
use crate::query::Query;
use crate::routes::body::json_bytes;
use crate::routes::place::part;
use crate::served::Inner;
use crate::tickets::{Opened, Retry};
use crate::timer::within;

/// How long a request waits for its answer at most, in milliseconds.
const WAIT_MS: usize = 30_000;
/// And where it does not say.
const WAIT_MS_UNSAID: usize = 2_000;

/// `POST /v1/commands?wait_ms=`
pub(crate) async fn give(State(served): State<Arc<Inner>>, request: Request<Body>) -> Answered {
    let query = Query::of(request.uri(), &["wait_ms"])?;
    let wait = wait_of(&query)?;
    let key = key_of(request.headers())?;
    let body = json_bytes(request).await?;
    let date = served.snapshot().raw.session;
    let asked = Asked::of(&body, &served.calendar, date)?;
    let retry = key.map(|key| Retry { key, body });
    let opened = served.tickets.open(asked.name(), retry, served.wall.now())?;
    let id = match opened {
        Opened::Known(id) => id,
        Opened::New(id) => {
            tracing::info!(
                "command {} given over HTTP: {}",
                served.tickets.text_of(id),
                asked.name()
            );
            match asked {
                Asked::Session(command) => one(&served, id, command),
                Asked::Pace(command, n) => several(&served, id, command, n),
            }
            id
        }
    };
    answered(&served, id, wait).await
}

/// `POST /v1/stop?wait_ms=`
pub(crate) async fn stop(State(served): State<Arc<Inner>>, request: Request<Body>) -> Answered {
    let query = Query::of(request.uri(), &["wait_ms"])?;
    let wait = wait_of(&query)?;
    let body = json_bytes(request).await?;
    let name = &served.config.session_name;
    let confirmed: StopRequest = serde_json::from_slice(&body).map_err(|error| {
        Problem::new(Code::NotConfirmed, format!("{error}; the session is {name:?}"))
    })?;
    if confirmed.confirm != *name {
        let found = confirmed.confirm;
        let detail = format!("/confirm: {found:?} was found, {name:?} is the session that runs");
        return Err(Problem::new(Code::NotConfirmed, detail));
    }
    if served.log.report().is_some() || served.snapshot().phase().is_final() {
        return Err(run_over());
    }
    let (Opened::New(id) | Opened::Known(id)) =
        served.tickets.open("stop", None, served.wall.now())?;
    let to = Arc::clone(&served);
    served.handle.command_then(SessionCommand::Stop, move |answer| {
        // The end of the run is what was asked for.
        let answer = if answer == Answer::Stopped { Answer::Done } else { answer };
        to.tickets.answer(id, answer);
    });
    answered(&served, id, wait).await
}

/// `GET /v1/commands/{id}`
pub(crate) async fn ticket(
    State(served): State<Arc<Inner>>,
    text: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Answered {
    let _ = Query::of(&uri, &[])?;
    let text = part(text)?;
    let id = served.tickets.id_of(&text);
    match id.and_then(|id| served.tickets.ticket(id)) {
        Some((ticket, _)) => Ok(json(StatusCode::OK, &ticket)),
        None => {
            let detail = format!("{text:?} is none that is kept of run {}", served.run);
            Err(Problem::new(Code::NoSuchTicket, detail))
        }
    }
}

/// Gives one command, whose answer is that of the ticket.
fn one(served: &Arc<Inner>, id: u64, command: impl Into<Command>) {
    let to = Arc::clone(served);
    served.handle.command_then(command, move |answer| to.tickets.answer(id, answer));
}

/// Gives a command so many times; the ticket is answered with the first refusal among them, or with the
/// last answer.
fn several(served: &Arc<Inner>, id: u64, command: impl Into<Command> + Copy, n: u32) {
    let left: Arc<Mutex<(u32, Option<Answer>)>> = Arc::new(Mutex::new((n, None)));
    for _ in 0..n {
        let (to, left) = (Arc::clone(served), Arc::clone(&left));
        served.handle.command_then(command, move |answer| {
            let mut left = left.lock().unwrap_or_else(PoisonError::into_inner); // Two words, always whole.
            left.0 -= 1;
            if left.1.as_ref().is_none_or(|first| *first == Answer::Done) {
                left.1 = Some(answer);
            }
            if left.0 == 0 {
                to.tickets.answer(id, left.1.take().unwrap_or(Answer::Done));
            }
        });
    }
}

/// The answer to the ticket, or the ticket where it is not there in time.
async fn answered(served: &Inner, id: u64, wait: Duration) -> Answered {
    if !wait.is_zero() {
        // Whether it came is seen below.
        let _ = within(wait, served.tickets.answered(id)).await;
    }
    let gone = || Problem::new(Code::NoSuchTicket, "its ticket is not kept any more");
    let (ticket, answer) = served.tickets.ticket(id).ok_or_else(gone)?;
    match answer {
        Some(Answer::Refused(Refusal::QueueFull)) => {
            let detail = Refusal::QueueFull.to_string();
            Err(Problem::new(Code::QueueFull, detail))
        }
        Some(Answer::Refused(why)) => {
            let detail = format!("{} ({}): {why}", ticket.name, ticket.id);
            Err(Problem::new(Code::Refused, detail))
        }
        Some(Answer::Stopped) => Err(run_over()),
        Some(_) => Ok(json(StatusCode::OK, &ticket)),
        None => {
            let mut response = json(StatusCode::ACCEPTED, &ticket);
            let place = HeaderValue::from_str(&format!("/v1/commands/{}", ticket.id));
            let place = place.expect("an identity is digits, a dash and a letter");
            response.headers_mut().insert(header::LOCATION, place);
            Ok(response)
        }
    }
}

fn run_over() -> Problem {
    Problem::new(Code::RunOver, "the run ended before the command was taken")
}

fn wait_of(query: &Query) -> Result<Duration, Problem> {
    let ms = query.number("wait_ms", (0, WAIT_MS))?.unwrap_or(WAIT_MS_UNSAID);
    Ok(Duration::from_millis(ms as u64))
}

/// The key by which a request that is sent again is known.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let is_key =
        |key: &&str| (1..=64).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic());
    match key.to_str().ok().filter(is_key) {
        Some(key) => Ok(Some(key.to_owned())),
        None => {
            let detail = "Idempotency-Key: 1 to 64 visible characters are needed";
            Err(Problem::new(Code::BadParameter, detail))
        }
    }
}
