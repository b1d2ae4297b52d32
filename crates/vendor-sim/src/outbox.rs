//! What a speaker wants sent, before faults have their way with it.

use openbell_time::{SessionPart, Timestamp};

use crate::limits::Counts;
use crate::wire::{Heard, LineId, Said};

/// What a part of a frame is about: a symbol, and the bar of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Topic {
    pub(crate) symbol: usize,
    pub(crate) slot: SessionPart,
}

/// One frame as the speaker made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Frame {
    /// Acknowledgements, errors, states.
    Control(String),
    /// What only says that the connection lives.
    Beat(Said),
    /// One message on one topic.
    Data(Topic, String),
    /// An array of messages, each on a topic.
    Array(Vec<(Topic, String)>),
    /// The end of the connection.
    End(Said),
}

/// What has to be done for a line, in order.
#[derive(Debug)]
pub(crate) enum Doing {
    Send(LineId, Frame),
    /// The client has subscribed to the symbol, again or for the first time.
    Subscribed(LineId, usize),
}

/// What a speaker wants sent, and what it counted.
#[derive(Debug)]
pub(crate) struct Outbox<'e> {
    /// The exchange's time.
    pub(crate) now: Timestamp,
    pub(crate) doings: &'e mut Vec<Doing>,
    pub(crate) counts: &'e mut Counts,
}

impl Outbox<'_> {
    pub(crate) fn control(&mut self, line: LineId, message: impl ToString) {
        self.send(line, Frame::Control(message.to_string()));
    }

    pub(crate) fn send(&mut self, line: LineId, frame: Frame) {
        self.doings.push(Doing::Send(line, frame));
    }

    /// The text of a frame that the client has sent; a ping is answered, a pong expects nothing.
    pub(crate) fn text_of<'h>(&mut self, line: LineId, heard: &'h Heard) -> Option<&'h str> {
        match heard {
            Heard::Text(text) => Some(text),
            Heard::Pong(_) => None,
            Heard::Ping(payload) => {
                self.send(line, Frame::Beat(Said::Pong(payload.clone())));
                None
            }
        }
    }

    pub(crate) fn subscribed(&mut self, line: LineId, symbol: usize) {
        self.doings.push(Doing::Subscribed(line, symbol));
    }

    pub(crate) fn close(&mut self, line: LineId, code: u16, reason: &str) {
        self.send(line, Frame::End(Said::Close(code, reason.to_owned())));
    }
}
