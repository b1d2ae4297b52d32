//! Why a request is refused: a closed list, each with its HTTP status and the way out (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use openbell_session_data::{Inactive, Unavailable};
use openbell_wire::event::Reason;
use openbell_wire::served::problem as wire;

/// What was wrong with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    Inactive,
    Withheld,
    NotAMember,
    NoSuchSeries,
    NoSuchIndicator,
    NoSuchTicket,
    NotFound,
    Refused,
    RunOver,
    RunGoesOn,
    NotConfirmed,
    BadParameter,
    UnknownParameter,
    BadBody,
    TooManyRows,
    NoToken,
    ReadOnly,
    BadHost,
    ForeignOrigin,
    Method,
    Media,
    TooLarge,
    TooSlow,
    QueueFull,
    SlowDown,
    Busy,
    TooManyStreams,
    ShuttingDown,
    Broken,
}

impl Code {
    pub(crate) const ALL: [Code; 29] = [
        Code::Inactive,
        Code::Withheld,
        Code::NotAMember,
        Code::NoSuchSeries,
        Code::NoSuchIndicator,
        Code::NoSuchTicket,
        Code::NotFound,
        Code::Refused,
        Code::RunOver,
        Code::RunGoesOn,
        Code::NotConfirmed,
        Code::BadParameter,
        Code::UnknownParameter,
        Code::BadBody,
        Code::TooManyRows,
        Code::NoToken,
        Code::ReadOnly,
        Code::BadHost,
        Code::ForeignOrigin,
        Code::Method,
        Code::Media,
        Code::TooLarge,
        Code::TooSlow,
        Code::QueueFull,
        Code::SlowDown,
        Code::Busy,
        Code::TooManyStreams,
        Code::ShuttingDown,
        Code::Broken,
    ];

    /// The name, the status, the title, and what to do.
    pub(crate) fn facts(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Code::Inactive => (
                "inactive",
                409,
                "the session is inactive",
                "Data is fresh or not there. /v1/why says who is behind and what can be done; ask again \
                 once /v1/status says that the gate is active.",
            ),
            Code::Withheld => (
                "withheld",
                409,
                "the symbol is withheld",
                "It alone is behind; the other symbols can be read. /v1/why?symbol= says more.",
            ),
            Code::NotAMember => (
                "not_a_member",
                404,
                "the symbol is no member of the session",
                "/v1/symbols lists those that are; the command add_symbols adds one.",
            ),
            Code::NoSuchSeries => (
                "no_such_series",
                404,
                "the symbol has no series of that interval",
                "/v1/symbols/SYMBOL lists those that there are; the command add_interval adds one.",
            ),
            Code::NoSuchIndicator => (
                "no_such_indicator",
                404,
                "there is no indicator of that name",
                "The detail lists those that there are; the command add_indicator adds one.",
            ),
            Code::NoSuchTicket => (
                "no_such_ticket",
                404,
                "there is no such ticket",
                "Tickets are kept for ten minutes, and at most 1,024 of them; the event log has every \
                 command that changed the session.",
            ),
            Code::NotFound => {
                ("not_found", 404, "there is no such path", "/v1 lists the paths that there are.")
            }
            Code::Refused => (
                "refused",
                409,
                "the command was refused",
                "The detail says why; nothing was changed.",
            ),
            Code::RunOver => (
                "run_over",
                409,
                "the run is over",
                "Nothing can be asked of it any more; /v1/report says what it came to.",
            ),
            Code::RunGoesOn => (
                "run_goes_on",
                409,
                "the run is not over",
                "A report is made when a run ends; until then /v1/status and /v1/events say how it goes.",
            ),
            Code::NotConfirmed => (
                "not_confirmed",
                422,
                "the end of the run was not confirmed",
                "Send the name of the session, so that the wrong run is not ended by a slip: \
                 {\"confirm\": \"SESSION_NAME\"}.",
            ),
            Code::BadParameter => (
                "bad_parameter",
                400,
                "a parameter is wrong",
                "The detail says which, what was found and what was needed.",
            ),
            Code::UnknownParameter => (
                "unknown_parameter",
                400,
                "there is no such parameter",
                "The detail names the nearest, and all that there are.",
            ),
            Code::BadBody => (
                "bad_body",
                422,
                "the body is wrong",
                "The detail says where and what was needed. A command is written as in the event log.",
            ),
            Code::TooManyRows => (
                "too_many_rows",
                422,
                "the answer would have too many rows",
                "Ask for fewer symbols, a longer interval, a shorter stretch, or the last N by last=N.",
            ),
            Code::NoToken => (
                "no_token",
                401,
                "a token is needed",
                "Send the token that the server was started with in the header \
                 `Authorization: Bearer TOKEN`; it is taken from no other place.",
            ),
            Code::ReadOnly => (
                "read_only",
                403,
                "the token may only read",
                "Commands need a token of the role control.",
            ),
            Code::BadHost => (
                "bad_host",
                421,
                "the server is not asked by its name",
                "Ask it by the address that it printed; behind a proxy, start it with --allowed-host NAME.",
            ),
            Code::ForeignOrigin => (
                "foreign_origin",
                403,
                "a page of another site asks",
                "Only programs and pages of this server may ask.",
            ),
            Code::Method => (
                "method",
                405,
                "the path is not asked so",
                "The header Allow says by which methods it is.",
            ),
            Code::Media => (
                "media",
                415,
                "the body is of another media type",
                "Send JSON, with the header `Content-Type: application/json`.",
            ),
            Code::TooLarge => (
                "too_large",
                413,
                "the body is too large",
                "A body has at most 64 kB; give several commands.",
            ),
            Code::TooSlow => (
                "too_slow",
                408,
                "the body did not arrive",
                "A body must arrive within ten seconds.",
            ),
            Code::QueueFull => (
                "queue_full",
                429,
                "too many commands wait",
                "Wait for tickets first, then give the command again.",
            ),
            Code::SlowDown => (
                "slow_down",
                429,
                "too many wrong tokens",
                "Wrong tokens are answered ten times a second, from all who send them together.",
            ),
            Code::Busy => (
                "busy",
                503,
                "too many requests at once",
                "Ask again in a moment; for what changes often, /v1/stream tells it by itself.",
            ),
            Code::TooManyStreams => (
                "too_many_streams",
                503,
                "too many streams at once",
                "One stream carries all topics; close one, or start the server with more.",
            ),
            Code::ShuttingDown => (
                "shutting_down",
                503,
                "the server is shutting down",
                "It takes no further request.",
            ),
            Code::Broken => (
                "broken",
                500,
                "the server is broken",
                "An error of ours was caught, and the run goes on; the log of the server says where.",
            ),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.facts().0
    }

    /// The code of that name.
    pub(crate) fn named(name: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.name() == name)
    }
}

/// A request that is refused.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Facts>);

#[derive(Clone, Debug)]
struct Facts {
    code: Code,
    detail: String,
    inactive: Option<Inactive>,
    why: Option<String>,
    retry_after_s: Option<u32>,
}

/// What a handler answers.
pub(crate) type Answered = Result<Response, Problem>;

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Problem {
        let retry_after_s = match code {
            Code::QueueFull | Code::SlowDown | Code::Busy | Code::TooManyStreams => Some(1),
            _ => None,
        };
        let detail = detail.into();
        Problem(Box::new(Facts { code, detail, inactive: None, why: None, retry_after_s }))
    }

    /// The session is inactive; `asked` is the query with which to ask why.
    pub(crate) fn inactive(inactive: &Inactive, asked: &str) -> Problem {
        let mut problem = Problem::new(Code::Inactive, inactive.to_string());
        problem.0.inactive = Some(inactive.clone());
        problem.0.why = Some(format!("/v1/why{asked}"));
        problem
    }

    /// A symbol cannot be read; `asked` is the query with which to ask why.
    pub(crate) fn unavailable(unavailable: &Unavailable, asked: &str) -> Problem {
        let code = match unavailable {
            Unavailable::NoSeries { .. } => Code::NoSuchSeries,
            Unavailable::NoIndicator { .. } => Code::NoSuchIndicator,
            Unavailable::Withheld { .. } => Code::Withheld,
            _ => Code::NotAMember,
        };
        let mut problem = Problem::new(code, unavailable.to_string());
        if let Unavailable::Withheld { inactive, .. } = unavailable {
            problem.0.inactive = Some(inactive.clone());
        }
        problem.0.why = Some(format!("/v1/why{asked}"));
        problem
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    #[cfg(test)]
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The answer to a request for `instance`.
    pub(crate) fn written(&self, instance: Option<String>) -> Response {
        let Facts { code, detail, inactive, why, retry_after_s } = self.0.as_ref();
        let (name, status, title, _) = code.facts();
        let facts = inactive.as_ref().map(Inactive::facts);
        let body = wire::Problem {
            kind: format!("/v1/problems/{name}"),
            title: title.to_owned(),
            status,
            code: name.to_owned(),
            detail: detail.clone(),
            instance,
            since: facts.and_then(|facts| facts.since).map(|since| since.to_string()),
            epoch: facts.map(|facts| facts.epoch),
            reason: facts.map(|facts| Reason::from(&facts.reason)),
            why: why.clone(),
        };
        let body = serde_json::to_string(&body).expect("text keys and finite shapes are JSON");
        let status = StatusCode::from_u16(status).expect("each problem has a status of HTTP");
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let media = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media);
        if *code == Code::NoToken {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = *retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Without its text: that is written where the path is known (`gatekeeper.rs`).
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own_a_status_of_an_error_and_a_way_out() {
        for (i, code) in Code::ALL.into_iter().enumerate() {
            let (name, status, title, text) = code.facts();
            assert_eq!(Code::named(name), Some(code));
            assert!(Code::ALL[..i].iter().all(|other| other.name() != name), "{name}");
            assert!((400..=599).contains(&status), "{name}");
            assert!(!title.is_empty() && text.ends_with('.'), "{name}");
        }
    }
}
