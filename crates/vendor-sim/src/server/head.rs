//! The head of an HTTP request as it comes, and that of an answer as it goes.

use std::fmt::Write as _;

use tungstenite::handshake::derive_accept_key;
use tungstenite::http::StatusCode;

use crate::http::{Reply, Request};

/// A longer head is none.
const N_BYTES_MAX: usize = 64 << 10;
const N_HEADERS_MAX: usize = 64;

/// What there is of a request.
#[derive(Debug)]
pub(super) enum Head {
    /// Its end has not come yet.
    Begun,
    /// All of it, in so many bytes.
    Whole { request: Request, n_bytes: usize },
    /// It is none that is served here.
    Foreign,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Head {
        let mut headers = [httparse::EMPTY_HEADER; N_HEADERS_MAX];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(n_bytes)) if parsed.method == Some("GET") => {
                let target = parsed.path.unwrap_or_default().to_owned();
                let fields = parsed.headers.iter().map(|header| {
                    let value = String::from_utf8_lossy(header.value).into_owned();
                    (header.name.to_owned(), value)
                });
                Head::Whole { request: Request { target, headers: fields.collect() }, n_bytes }
            }
            Ok(httparse::Status::Partial) if bytes.len() <= N_BYTES_MAX => Head::Begun,
            _ => Head::Foreign,
        }
    }
}

/// The key of a request that wants to become a stream.
pub(super) fn stream_key(request: &Request) -> Option<&str> {
    let is_upgrade =
        request.header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
    request.header("sec-websocket-key").filter(|_| is_upgrade)
}

/// The answer that makes a stream.
pub(super) fn switching(key: &str) -> String {
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// The head of a reply.
pub(super) fn of_reply(reply: &Reply) -> String {
    let reason = StatusCode::from_u16(reply.status).ok();
    let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or("Unknown");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", reply.status);
    let length = reply.body.len().to_string();
    // A client that keeps what it is told can know that it is made up.
    let own = [
        ("Server", "openbell-vendor-sim"),
        ("Content-Type", "application/json"),
        ("Content-Length", length.as_str()),
    ];
    let said = reply.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in own.into_iter().chain(said) {
        let written = write!(head, "{name}: {value}\r\n");
        written.unwrap_or_else(|_| unreachable!("a string takes what is written"));
    }
    head + "\r\n"
}
