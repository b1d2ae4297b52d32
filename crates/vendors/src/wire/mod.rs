//! One line to a vendor's stream: a websocket over TLS that is read in short slices, so that whoever
//! reads it notices within moments what is to be sent and that it is to be left.
//!
//! Not here: when it is opened, what is sent over it and whether it is silent
//! (`openbell_data_manager::live`), and the thread that reads it (`connection` beside).

mod connect;
mod stream;

use std::io::ErrorKind;

use openbell_data_manager::live::Frame;
use openbell_time::{Nanos, WallClock};
use secrecy::{ExposeSecret as _, SecretString};
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Bytes, Message, WebSocket};

pub(crate) use connect::connect;

use stream::Stream;

/// For how long a vendor's goodbye is waited for.
const GOODBYE: Nanos = Nanos::from_nanos(500_000_000);

/// Why a line was not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{url:?} is no address of a stream: {why}")]
    NoAddress { url: String, why: String },
    #[error("there is no host of the name {host}")]
    NoHost { host: String },
    #[error("{host} cannot be reached: {said}")]
    Unreachable { host: String, said: String },
    #[error("{host} has not answered within {after} ({step})")]
    Late { host: String, after: Nanos, step: &'static str },
    #[error("{words}")]
    Untrusted { words: String },
    #[error("{host} refuses the stream: HTTP {status} {start}")]
    Refused { host: String, status: u16, start: String },
    #[error("no stream from {host}: {said}")]
    Broken { host: String, said: String },
    /// It is not wanted any more.
    #[error("it is not wanted any more")]
    Left,
}

/// Something to send, with the secret where it is one.
#[derive(Debug)]
pub(crate) enum Sending {
    Text(Box<str>),
    Ping,
    Login(SecretString),
}

/// An open line.
pub(crate) struct Wire {
    socket: WebSocket<Stream>,
    n_frame_bytes: usize,
    /// Something that was sent has not left yet.
    is_waiting: bool,
}

impl Wire {
    /// Hands the next frame to `heard`, where one comes within a moment.
    ///
    /// # Errors
    ///
    /// Where the line is over: what was said.
    pub(crate) fn read(&mut self, heard: impl FnOnce(Frame<'_>)) -> Result<(), String> {
        if self.is_waiting {
            let flushed = self.socket.flush();
            self.sent(flushed)?;
        }
        match self.socket.read() {
            Ok(Message::Text(text)) => heard(Frame::Text(&text)),
            Ok(Message::Binary(bytes)) => heard(Frame::Binary(&bytes)),
            // The library answers a ping with its payload.
            Ok(Message::Ping(_) | Message::Pong(_)) => heard(Frame::Beat),
            Ok(Message::Close(frame)) => {
                let _ = self.socket.flush(); // The answer to it; it is over all the same.
                return Err(closed(frame));
            }
            Ok(Message::Frame(_)) => {} // Never read.
            Err(error) if is_slice(&error) => {}
            Err(error) => return Err(self.said(&error)),
        }
        Ok(())
    }

    /// Sends something; what does not leave at once leaves with the next reads.
    ///
    /// # Errors
    ///
    /// Where the line is over: what was said.
    pub(crate) fn send(&mut self, sending: Sending) -> Result<(), String> {
        let sent = match sending {
            Sending::Text(text) => self.socket.send(Message::text(String::from(text))),
            Sending::Ping => self.socket.send(Message::Ping(Bytes::new())),
            Sending::Login(text) => {
                self.socket.send(Message::text(text.expose_secret().to_owned()))
            }
        };
        self.sent(sent)
    }

    /// Leaves in order, where the vendor answers within a moment.
    pub(crate) fn close(mut self, clock: &dyn WallClock) {
        let by = clock.now() + GOODBYE;
        let mut said = self.socket.close(None);
        // Whatever still comes is nobody's any more; the end of it is an error.
        while said.as_ref().is_ok_and(|()| true) || said.as_ref().is_err_and(is_slice) {
            if clock.now() >= by {
                return;
            }
            said = self.socket.read().map(|_| ());
        }
    }

    fn sent(&mut self, sent: tungstenite::Result<()>) -> Result<(), String> {
        self.is_waiting = sent.as_ref().is_err_and(is_slice);
        match sent {
            Err(error) if !is_slice(&error) => Err(self.said(&error)),
            _ => Ok(()),
        }
    }

    /// What an error of the transport says.
    fn said(&self, error: &tungstenite::Error) -> String {
        use tungstenite::Error;
        match error {
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                "the line was cut".to_owned()
            }
            Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
                "the line was cut".to_owned()
            }
            Error::Io(error) => format!("the line broke: {error}"),
            Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
                format!("a message of {size} bytes; {} are taken", self.n_frame_bytes)
            }
            Error::Protocol(error) => format!("no websocket any more: {error}"),
            error => error.to_string(),
        }
    }
}

fn closed(frame: Option<CloseFrame>) -> String {
    match frame {
        Some(frame) if frame.reason.is_empty() => {
            format!("the vendor closed the line ({})", u16::from(frame.code))
        }
        Some(frame) => {
            format!("the vendor closed the line ({} {})", u16::from(frame.code), frame.reason)
        }
        None => "the vendor closed the line".to_owned(),
    }
}

/// Whether nothing came, or left, within a moment.
fn is_slice(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error) if error.kind() == ErrorKind::WouldBlock)
}
