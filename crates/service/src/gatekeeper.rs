//! Who gets in: before anything else of a request is looked at, its host, its origin, its token and
//! what that may do.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;

use crate::problem::{Code, Problem};
use crate::served::Inner;
use crate::token::Role;

/// Lets `request` in, or refuses it; then its answer is made ready to go.
pub(crate) async fn keep(
    State(served): State<Arc<Inner>>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let asked = request.uri().clone();
    let role = match admitted(&served, &request) {
        Ok(role) => role,
        Err(problem) => return ready(problem.written(Some(path_of(&asked)))),
    };
    request.extensions_mut().insert(role);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = match answered {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a handler panicked; the run goes on");
            let detail = "an error was caught while the answer was made";
            return ready(Problem::new(Code::Broken, detail).written(Some(path_of(&asked))));
        }
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.written(Some(path_of(&asked)));
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    ready(response)
}

/// What answers a path that is asked by another method than those it has.
pub(crate) async fn other_method(method: Method) -> Problem {
    Problem::new(Code::Method, format!("{method} was sent"))
}

/// What answers a path that there is not.
pub(crate) async fn other_path(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("{} was asked", uri.path()))
}

/// What the request may do.
fn admitted(served: &Inner, request: &Request<Body>) -> Result<Role, Problem> {
    // A supervisor asks by whatever address it has, and learns nothing but a status.
    if ["/livez", "/readyz"].contains(&request.uri().path()) {
        return Ok(Role::Read);
    }
    let host = host_of(served, request)?;
    same_origin(request.headers(), &host)?;
    let role = role_of(served, request.headers())?;
    let is_reading = [Method::GET, Method::HEAD].contains(request.method());
    if !is_reading && role != Role::Control {
        let detail = format!("the token has the role {}, control is needed", role.name());
        return Err(Problem::new(Code::ReadOnly, detail));
    }
    Ok(role)
}

/// The host that is asked, one of those that are answered.
fn host_of(served: &Inner, request: &Request<Body>) -> Result<String, Problem> {
    let refused = |found: &str| {
        let known = served.settings.hosts.join(", ");
        let detail = format!("the host {found:?} was asked; it answers to {known}");
        Problem::new(Code::BadHost, detail)
    };
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(refused("")) };
    let host = host.to_str().map_err(|_| refused("?"))?.to_ascii_lowercase();
    // A request that names its target whole must name the same one.
    let target = request.uri().authority().map(|target| target.as_str().to_ascii_lowercase());
    if target.is_some_and(|target| target != host) || !served.settings.hosts.contains(&host) {
        return Err(refused(&host));
    }
    Ok(host)
}

/// Whether no page of another site asks.
fn same_origin(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let refused = |found: &HeaderValue| {
        let detail = format!("{:?} asks, {host} answers", found.to_str().unwrap_or("?"));
        Err(Problem::new(Code::ForeignOrigin, detail))
    };
    if let Some(origin) = headers.get(header::ORIGIN) {
        let of_origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        if of_origin.is_none_or(|(_, of)| of != host) {
            return refused(origin);
        }
    }
    match headers.get("sec-fetch-site") {
        Some(site) if site != "same-origin" && site != "none" => refused(site),
        _ => Ok(()),
    }
}

/// What the token of the request may do. A token that is wrong and one that is not there are answered
/// alike.
fn role_of(served: &Inner, headers: &HeaderMap) -> Result<Role, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
    let token = given.and_then(|given| {
        let (scheme, token) = given.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    if let Some(role) = token.and_then(|token| served.tokens.role_of(token)) {
        return Ok(role);
    }
    if given.is_some() && !served.wrong_tokens.has_room(served.wall.now()) {
        let detail = "more than ten wrong tokens came in a second; ask again later";
        return Err(Problem::new(Code::SlowDown, detail));
    }
    let detail = "send `Authorization: Bearer TOKEN` with the token of this server";
    Err(Problem::new(Code::NoToken, detail))
}

fn path_of(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
}

/// What every answer says to browsers and caches on its way.
fn ready(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        // The rest of the body is not read.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
