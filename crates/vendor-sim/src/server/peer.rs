//! One client of the server: it asks, or it becomes a line of the exchange.
#![expect(clippy::disallowed_types, reason = "the simulated exchange listens here")]

use std::io::{self, Cursor, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use openbell_time::{Nanos, Timestamp};
use rustls::ServerConfig;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

use super::head::{Head, of_reply, stream_key, switching};
use super::stream::Stream;
use crate::exchange::Exchange;
use crate::http::{Answer, Refusal, Reply, Request};
use crate::wire::{Ended, Heard, LineId, Said};

/// A longer message of a client is none.
const N_BYTES_MAX: u64 = 1 << 20;
/// For how long a client that is left may stay.
const LEFT: Nanos = Nanos::from_secs(2);

pub(super) struct Peer {
    stream: Stream,
    state: State,
    /// What has come and is not understood yet.
    came: Vec<u8>,
    /// What has not left yet.
    leaving: Vec<u8>,
    /// What happens once everything has left.
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It asks, one request after the other.
    Asking,
    /// It has asked, and is never answered.
    Unanswered,
    /// It is a line of the exchange.
    Speaking(LineId),
    /// Nothing more is said; until when its own end is waited for.
    Left {
        until: Timestamp,
    },
    Gone,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    GoesOn,
    Ends,
    Resets,
}

impl Peer {
    pub(super) fn new(
        connection: TcpStream,
        tls: Option<&Arc<ServerConfig>>,
        n_bytes_a_write: Option<usize>,
    ) -> io::Result<Peer> {
        let stream = Stream::new(connection, tls, n_bytes_a_write)?;
        let (came, leaving) = (Vec::new(), Vec::new());
        Ok(Peer { stream, state: State::Asking, came, leaving, then: Then::GoesOn })
    }

    /// The line of the exchange that it is.
    pub(super) fn line(&self) -> Option<LineId> {
        match self.state {
            State::Speaking(line) => Some(line),
            _ => None,
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        match self.state {
            State::Gone => true,
            State::Left { until } => until <= now,
            _ => false,
        }
    }

    /// Takes what has come, and has the exchange hear it; says whether anything came.
    pub(super) fn listen(&mut self, now: Timestamp, exchange: &mut Exchange) -> bool {
        self.stream.turn();
        let mut bytes = [0; 16 << 10];
        let mut n_came = 0;
        let is_gone = loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => break true,
                Ok(n) => {
                    n_came += n;
                    self.came.extend_from_slice(&bytes[..n]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break true,
            }
        };
        if n_came > 0 {
            self.understand(now, exchange);
        }
        if is_gone {
            if let State::Speaking(line) = self.state {
                exchange.leave(now, line, Ended::Lost);
            }
            self.state = State::Gone;
        }
        n_came > 0
    }

    fn understand(&mut self, now: Timestamp, exchange: &mut Exchange) {
        while self.then == Then::GoesOn {
            match self.state {
                State::Asking => match Head::read(&self.came) {
                    Head::Begun => return,
                    Head::Foreign => self.reset(),
                    Head::Whole { request, n_bytes } => {
                        self.came.drain(..n_bytes);
                        self.asked(now, &request, exchange);
                    }
                },
                State::Speaking(line) => match self.frame() {
                    Ok(Some(frame)) => self.heard(now, line, frame, exchange),
                    Ok(None) => return,
                    Err(()) => self.reset(),
                },
                State::Unanswered | State::Left { .. } | State::Gone => {
                    return self.came.clear();
                }
            }
        }
    }

    fn asked(&mut self, now: Timestamp, request: &Request, exchange: &mut Exchange) {
        if let Some(key) = stream_key(request) {
            match exchange.connect(now, &request.target) {
                Ok(line) => {
                    self.leaving.extend_from_slice(switching(key).as_bytes());
                    self.state = State::Speaking(line);
                }
                Err(Refusal::Status(reply)) => {
                    self.reply(&reply, reply.body.len());
                    self.then = Then::Ends;
                }
                Err(Refusal::Unreachable) => self.reset(),
            }
            return;
        }
        match exchange.ask(now, request) {
            Answer::Reply(reply) => self.reply(&reply, reply.body.len()),
            Answer::Truncated(reply) => {
                self.reply(&reply, reply.body.len() / 2);
                self.then = Then::Ends;
            }
            Answer::Hangs => self.state = State::Unanswered,
            Answer::Unreachable => self.reset(),
        }
    }

    fn reply(&mut self, reply: &Reply, n_bytes: usize) {
        self.leaving.extend_from_slice(of_reply(reply).as_bytes());
        self.leaving.extend_from_slice(&reply.body.as_bytes()[..n_bytes]);
    }

    /// The next frame of a client, unmasked.
    fn frame(&mut self) -> Result<Option<(OpCode, Vec<u8>)>, ()> {
        let mut cursor = Cursor::new(&self.came);
        let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(|_| ())? else {
            return Ok(None);
        };
        let begin = cursor.position() as usize;
        // Whoever speaks with a vendor sends short messages, whole, and masked.
        let (true, Some(mask), true) = (header.is_final, header.mask, length <= N_BYTES_MAX) else {
            return Err(());
        };
        let end = begin + length as usize;
        let Some(masked) = self.came.get(begin..end) else { return Ok(None) };
        let payload = masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        let frame = (header.opcode, payload.collect());
        self.came.drain(..end);
        Ok(Some(frame))
    }

    fn heard(
        &mut self,
        now: Timestamp,
        line: LineId,
        (opcode, payload): (OpCode, Vec<u8>),
        exchange: &mut Exchange,
    ) {
        let heard = match opcode {
            OpCode::Data(Data::Text) => match String::from_utf8(payload) {
                Ok(text) => Heard::Text(text),
                Err(_) => return self.reset(),
            },
            OpCode::Control(Control::Ping) => Heard::Ping(payload),
            OpCode::Control(Control::Pong) => Heard::Pong(payload),
            OpCode::Control(Control::Close) => {
                exchange.leave(now, line, Ended::Closed);
                self.send(Frame::close(None));
                self.then = Then::Ends;
                return;
            }
            _ => return self.reset(),
        };
        exchange.hear(now, line, &heard);
    }

    /// Says what the exchange says on its line.
    pub(super) fn say(&mut self, said: Said) {
        if self.then != Then::GoesOn {
            return;
        }
        let text = OpCode::Data(Data::Text);
        match said {
            Said::Text(message) => self.send(Frame::message(message, text, true)),
            Said::Half(half) => {
                let header = FrameHeader { opcode: text, ..FrameHeader::default() };
                let written = header.format(2 * half.len() as u64, &mut self.leaving);
                written.unwrap_or_else(|_| unreachable!("a list takes what is written"));
                self.leaving.extend_from_slice(half.as_bytes());
                self.then = Then::Ends;
            }
            Said::Ping(payload) => self.send(Frame::ping(payload)),
            Said::Pong(payload) => self.send(Frame::pong(payload)),
            Said::Close(code, reason) => {
                let frame = CloseFrame { code: code.into(), reason: reason.into() };
                self.send(Frame::close(Some(frame)));
                self.then = Then::Ends;
            }
            Said::Cut => self.then = Then::Ends,
            Said::Reset => self.then = Then::Resets,
        }
    }

    fn send(&mut self, frame: Frame) {
        let written = frame.format(&mut self.leaving);
        written.unwrap_or_else(|_| unreachable!("a list takes what is written"));
    }

    /// Ends it at once, by a reset.
    fn reset(&mut self) {
        self.leaving.clear();
        self.then = Then::Resets;
    }

    /// Writes what leaves in this turn; says whether anything did.
    pub(super) fn write(&mut self, now: Timestamp) -> bool {
        let mut n_left = 0;
        while n_left < self.leaving.len() {
            match self.stream.write(&self.leaving[n_left..]) {
                Ok(0) => break,
                Ok(n) => n_left += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.state = State::Gone;
                    return true;
                }
            }
        }
        self.leaving.drain(..n_left);
        let is_flushed = self.stream.flush().is_ok();
        if self.leaving.is_empty() && is_flushed {
            self.end(now);
        }
        n_left > 0
    }

    /// Ends it where that is due.
    fn end(&mut self, now: Timestamp) {
        match self.then {
            Then::GoesOn => {}
            Then::Ends if matches!(self.state, State::Left { .. } | State::Gone) => {}
            Then::Ends => {
                self.stream.finish();
                self.state = State::Left { until: now + LEFT };
            }
            Then::Resets => {
                self.stream.reset();
                self.state = State::Gone;
            }
        }
    }
}
