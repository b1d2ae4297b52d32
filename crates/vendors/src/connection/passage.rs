//! What went to a vendor and came from it, for whoever keeps it; what is secret is left out.

use openbell_data_manager::live::{Frame, LineId, Outgoing, Request};
use openbell_time::Timestamp;

use crate::OwnedResponse;

/// Over which way something passed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    /// A line of the stream.
    Line(LineId),
    /// Requests to the history.
    Requests,
}

/// Something that passed between us and a vendor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passage {
    /// When.
    pub at: Timestamp,
    /// Over which way.
    pub way: Way,
    /// Whether it came from the vendor.
    pub is_heard: bool,
    /// What it was, as text: a login is `auth ***`, headers of requests are left out.
    pub text: String,
}

/// Whoever hears of what passes.
pub(super) type Tap = Box<dyn Fn(&Passage) + Send + Sync>;

pub(super) fn text_of_frame(frame: &Frame<'_>) -> String {
    match frame {
        Frame::Text(text) => (*text).to_owned(),
        Frame::Binary(bytes) => format!("{} bytes", bytes.len()),
        Frame::Beat => "beat".to_owned(),
    }
}

pub(super) fn text_of_outgoing(message: &Outgoing) -> String {
    match message {
        Outgoing::Text(text) => text.to_string(),
        Outgoing::Ping => "ping".to_owned(),
        Outgoing::Login => "auth ***".to_owned(),
    }
}

pub(super) fn text_of_request(request: &Request) -> String {
    format!("GET {}", request.url)
}

pub(super) fn text_of_answer(answer: &Result<OwnedResponse, String>) -> String {
    match answer {
        Ok(OwnedResponse { status, body, .. }) => format!("{status} {body}"),
        Err(said) => said.clone(),
    }
}
