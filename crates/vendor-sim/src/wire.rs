//! What goes over a connection in either direction, without a socket.

use openbell_time::Timestamp;

/// A connection, by its place among all that were accepted: the first is 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineId(pub u32);

/// A frame from the client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// A websocket ping, which is answered.
    Ping(Vec<u8>),
    /// A websocket pong.
    Pong(Vec<u8>),
}

/// How a connection ended on the client's side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It was closed in order: the exchange knows at once.
    Closed,
    /// It was lost: the exchange keeps its side for as long as its real one would.
    Lost,
}

/// What the exchange does to a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// A text message.
    Text(String),
    /// The first bytes of a text message, after which the connection is cut.
    Half(String),
    /// A websocket ping.
    Ping(Vec<u8>),
    /// A websocket pong.
    Pong(Vec<u8>),
    /// A close frame with its code and reason; the connection is over.
    Close(u16, String),
    /// The end of the connection without a close frame, in order (FIN).
    Cut,
    /// The end of the connection by a reset (RST).
    Reset,
}

impl Said {
    /// Whether nothing comes after it.
    pub fn is_end(&self) -> bool {
        matches!(self, Said::Half(_) | Said::Close(..) | Said::Cut | Said::Reset)
    }
}

/// A thing said, with where and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// When it leaves, by the client's clock.
    pub at: Timestamp,
    /// The connection.
    pub line: LineId,
    /// What.
    pub said: Said,
}
