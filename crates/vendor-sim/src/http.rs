//! Requests and replies as values, without a socket.

/// A GET request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Path and query, as in the first line of the request.
    pub target: String,
    /// Header fields with their values.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A request without headers.
    pub fn get(target: impl Into<String>) -> Request {
        Request { target: target.into(), headers: Vec::new() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, field: &str, value: &str) -> Request {
        self.headers.push((field.to_owned(), value.to_owned()));
        self
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of a header.
    pub(crate) fn header(&self, field: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| {
            let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
            (found == name).then(|| unescaped(value))
        })
    }
}

/// Text without its percent escapes; a broken one stands as it is.
pub(crate) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Header fields with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A reply without headers of its own.
    pub(crate) fn new(status: u16, body: impl ToString) -> Reply {
        Reply { status, headers: Vec::new(), body: body.to_string() }
    }

    /// The same with one more header.
    #[must_use]
    pub(crate) fn with(mut self, field: &str, value: impl ToString) -> Reply {
        self.headers.push((field.to_owned(), value.to_string()));
        self
    }
}

/// What becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is answered.
    Reply(Reply),
    /// It is answered with the head of this reply, and the connection ends within the body.
    Truncated(Reply),
    /// It is taken and never answered.
    Hangs,
    /// The exchange cannot be reached.
    Unreachable,
}

/// Why a connection was not opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The upgrade was answered with this.
    Status(Reply),
    /// The exchange cannot be reached.
    Unreachable,
}

/// What an answer lies about.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Distortion {
    /// How many of the newest rows are not yet there.
    pub(crate) n_lagging: usize,
    /// It has no rows at all.
    pub(crate) is_empty: bool,
}

impl Distortion {
    /// The rows of a series, oldest first, as the answer has them.
    pub(crate) fn applied<T>(self, mut rows: Vec<T>) -> Vec<T> {
        let n = if self.is_empty { 0 } else { rows.len().saturating_sub(self.n_lagging) };
        rows.truncate(n);
        rows
    }
}
