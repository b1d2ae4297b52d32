//! How a session is served: whose names it answers to, and what it refuses beyond.

use std::time::Duration;

/// How a session is served.
///
/// ```
/// use openbell_service::Settings;
///
/// let settings = Settings::of_hosts(["127.0.0.1:8430", "localhost:8430"]);
/// assert!(settings.hosts.iter().any(|host| host == "localhost:8430"));
/// assert_eq!(settings.streams, 64);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The values of the header `Host` that are answered, with the port where it is not 80: what keeps
    /// pages of other sites out that had their name resolved to this machine.
    pub hosts: Vec<String>,
    /// Streams at once; 64 unless said otherwise.
    pub streams: usize,
    /// Connections at once beside those of the streams; 256 unless said otherwise.
    pub connections: usize,
    /// How long the head of a request may take to arrive, and an idle connection to ask again; 10 s
    /// unless said otherwise.
    pub head_within: Duration,
    /// How long a write may make no progress; 30 s unless said otherwise.
    pub write_within: Duration,
    /// How long what goes on may take at the end; 3 s unless said otherwise.
    pub end_within: Duration,
}

impl Settings {
    /// The defaults, answering to `hosts`.
    pub fn of_hosts(hosts: impl IntoIterator<Item = impl Into<String>>) -> Settings {
        Settings {
            hosts: hosts.into_iter().map(Into::into).collect(),
            streams: 64,
            connections: 256,
            head_within: Duration::from_secs(10),
            write_within: Duration::from_secs(30),
            end_within: Duration::from_secs(3),
        }
    }
}

/// Bytes of a request's body.
pub(crate) const BODY_BYTES: usize = 64 * 1024;
/// How long a body may take to arrive.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Rows of bars in one answer.
pub(crate) const BAR_ROWS: usize = 50_000;
/// Symbols in one question or command.
pub(crate) const SYMBOLS: usize = 1_000;
/// Requests at once that make an answer.
pub(crate) const REQUESTS: usize = 64;
/// How long a request waits for its turn.
pub(crate) const TURN_WITHIN: Duration = Duration::from_secs(2);
