//! How a line is made: name, connection, encryption, upgrade, all of it within one deadline, and
//! ended within two seconds where it is not wanted any more.
#![expect(clippy::disallowed_types, reason = "a line is a connection")]

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use openbell_time::{Nanos, Timestamp, WallClock};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use tungstenite::client::client_with_config;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::{Response, Uri};
use tungstenite::protocol::WebSocketConfig;
use ureq::unversioned::resolver::{DefaultResolver, Resolver as _};
use ureq::unversioned::transport::{NextTimeout, time};

use super::stream::{Sliced, Stream};
use super::{ConnectError, Wire};
use crate::Transport;
use crate::reading::start_of;
use crate::trust::{refusal, refusal_of};

/// How long one address, or a name server, is waited for before it is the turn of the next.
const TURN: Nanos = Nanos::from_secs(2);

/// What a line is made by.
struct Making<'a> {
    transport: &'a Transport,
    host: String,
    clock: &'a dyn WallClock,
    by: Timestamp,
    is_left: &'a dyn Fn() -> bool,
}

/// Makes a line to `url`, unless `is_left` says meanwhile that it is not wanted any more.
///
/// *Cost*: blocks for at most [`Transport::deadline`], and for at most two seconds once it is left.
pub(crate) fn connect(
    url: &str,
    transport: &Transport,
    clock: &dyn WallClock,
    is_left: &dyn Fn() -> bool,
) -> Result<Wire, ConnectError> {
    let none = |why: &str| ConnectError::NoAddress { url: url.to_owned(), why: why.to_owned() };
    let uri: Uri = url
        .parse()
        .map_err(|error: tungstenite::http::uri::InvalidUri| none(&error.to_string()))?;
    let is_encrypted = match uri.scheme_str() {
        Some("wss") => true,
        Some("ws") => false,
        _ => return Err(none("it begins with neither wss:// nor ws://")),
    };
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| none("it has no host"))?;
    let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
    // Earlier than whoever waits for it, so that it is known at what it stood.
    let margin = Nanos::from_nanos(transport.deadline.as_nanos() / 20);
    let making = Making {
        transport,
        host: format!("{host}:{port}"),
        clock,
        by: clock.now() + transport.deadline - margin,
        is_left,
    };
    let connection = making.connection()?;
    let stream = if is_encrypted {
        making.encrypted(host.trim_matches(['[', ']']), connection)?
    } else {
        Stream::Plain(connection)
    };
    making.upgraded(url, stream)
}

impl Making<'_> {
    /// The time that is left.
    fn left(&self, step: &'static str) -> Result<Nanos, ConnectError> {
        if (self.is_left)() {
            return Err(ConnectError::Left);
        }
        let left = self.by - self.clock.now();
        if left <= Nanos::ZERO {
            let (host, after) = (self.host.clone(), self.transport.deadline);
            return Err(ConnectError::Late { host, after, step });
        }
        Ok(left)
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, ConnectError> {
        let no_host = || ConnectError::NoHost { host: self.host.clone() };
        let uri: Uri = format!("http://{}/", self.host).parse().map_err(|_| no_host())?;
        let config = ureq::Agent::config_builder().build();
        loop {
            let left = self.left("looking its name up")?.min(TURN);
            let timeout = NextTimeout {
                after: time::Duration::Exact(duration(left)),
                ..NextTimeout::default()
            };
            match DefaultResolver::default().resolve(&uri, &config, timeout) {
                Ok(addresses) => return Ok(addresses.to_vec()),
                Err(ureq::Error::Timeout(_)) => {}
                Err(_) => return Err(no_host()),
            }
        }
    }

    /// The first address that answers; each has its turn until the time is over.
    fn connection(&self) -> Result<Sliced, ConnectError> {
        let addresses = self.addresses()?;
        loop {
            let mut said = None;
            for address in &addresses {
                let left = self.left("connecting")?.min(TURN);
                match TcpStream::connect_timeout(address, duration(left)).and_then(Sliced::new) {
                    Ok(connection) => return Ok(connection),
                    // It may be slow, or a packet lost: it has another turn.
                    Err(error) if error.kind() == ErrorKind::TimedOut => {}
                    Err(error) => said = Some(error.to_string()),
                }
            }
            if let Some(said) = said {
                return Err(ConnectError::Unreachable { host: self.host.clone(), said });
            }
        }
    }

    fn encrypted(&self, name: &str, connection: Sliced) -> Result<Stream, ConnectError> {
        let untrusted = |error: &rustls::Error| ConnectError::Untrusted {
            words: refusal_of(&self.host, error),
        };
        let config = self.transport.trust.client().map_err(|error| untrusted(&error))?;
        let name = ServerName::try_from(name.to_owned());
        let name = name.map_err(|_| ConnectError::NoHost { host: self.host.clone() })?;
        let client = ClientConnection::new(config, name).map_err(|error| untrusted(&error))?;
        let mut stream = StreamOwned::new(client, connection);
        while stream.conn.is_handshaking() {
            self.left("agreeing on an encryption")?;
            match stream.conn.complete_io(&mut stream.sock) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(self.broken(&error)),
            }
        }
        Ok(Stream::Encrypted(Box::new(stream)))
    }

    fn upgraded(&self, url: &str, stream: Stream) -> Result<Wire, ConnectError> {
        let n_frame_bytes = self.transport.n_frame_bytes;
        let config = WebSocketConfig::default()
            .read_buffer_size(32 << 10)
            .write_buffer_size(0)
            .max_message_size(Some(n_frame_bytes))
            .max_frame_size(Some(n_frame_bytes));
        let mut round = client_with_config(url, stream, Some(config));
        loop {
            match round {
                Ok((socket, _)) => return Ok(Wire { socket, n_frame_bytes, is_waiting: false }),
                Err(HandshakeError::Interrupted(half)) => {
                    self.left("waiting for the stream")?;
                    round = half.handshake();
                }
                Err(HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                    return Err(self.refused(&response));
                }
                Err(HandshakeError::Failure(tungstenite::Error::Io(error))) => {
                    return Err(self.broken(&error));
                }
                Err(HandshakeError::Failure(error)) => {
                    let (host, said) = (self.host.clone(), error.to_string());
                    return Err(ConnectError::Broken { host, said });
                }
            }
        }
    }

    fn refused(&self, response: &Response<Option<Vec<u8>>>) -> ConnectError {
        let body = response.body().as_deref().unwrap_or_default();
        let start = start_of(&String::from_utf8_lossy(body)).trim().to_owned();
        let status = response.status().as_u16();
        ConnectError::Refused { host: self.host.clone(), status, start }
    }

    fn broken(&self, error: &io::Error) -> ConnectError {
        match refusal(&self.host, error) {
            Some(words) => ConnectError::Untrusted { words },
            None => ConnectError::Broken { host: self.host.clone(), said: error.to_string() },
        }
    }
}

fn duration(length: Nanos) -> Duration {
    Duration::from_nanos(length.as_nanos().unsigned_abs())
}
