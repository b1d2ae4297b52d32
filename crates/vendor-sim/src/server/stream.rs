//! Bytes to and from a client, in the clear or by TLS, in pieces where the settings say so.
#![expect(clippy::disallowed_types, reason = "the simulated exchange listens here")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;

/// So many pieces leave in one turn, so that a client meets the rest in another read.
const PIECES_A_TURN: usize = 64;

/// A connection that writes no more than a piece at once, and waits for nothing.
pub(super) struct Pieces {
    connection: TcpStream,
    n_bytes_a_write: Option<usize>,
    n_left: usize,
}

pub(super) enum Stream {
    Clear(Pieces),
    Encrypted(Box<StreamOwned<ServerConnection, Pieces>>),
}

impl Stream {
    pub(super) fn new(
        connection: TcpStream,
        tls: Option<&Arc<ServerConfig>>,
        n_bytes_a_write: Option<usize>,
    ) -> io::Result<Stream> {
        connection.set_nonblocking(true)?;
        connection.set_nodelay(true)?;
        let pieces = Pieces { connection, n_bytes_a_write, n_left: PIECES_A_TURN };
        let Some(tls) = tls else { return Ok(Stream::Clear(pieces)) };
        let server = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
        Ok(Stream::Encrypted(Box::new(StreamOwned::new(server, pieces))))
    }

    /// A new turn begins.
    pub(super) fn turn(&mut self) {
        self.pieces().n_left = PIECES_A_TURN;
    }

    /// Ends what is sent, in order.
    pub(super) fn finish(&mut self) {
        if let Stream::Encrypted(stream) = self {
            stream.conn.send_close_notify();
            let _ = stream.flush(); // Whoever is gone already misses nothing.
        }
        let _ = self.pieces().connection.shutdown(Shutdown::Write); // As above.
    }

    /// Has the connection end by a reset once it is dropped.
    pub(super) fn reset(&mut self) {
        let socket = SockRef::from(&self.pieces().connection);
        let _ = socket.set_linger(Some(Duration::ZERO)); // As above.
    }

    fn pieces(&mut self) -> &mut Pieces {
        match self {
            Stream::Clear(pieces) => pieces,
            Stream::Encrypted(stream) => &mut stream.sock,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.connection.read(bytes)
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(n_bytes) = self.n_bytes_a_write else { return self.connection.write(bytes) };
        if self.n_left == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.n_left -= 1;
        self.connection.write(&bytes[..bytes.len().min(n_bytes)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush()
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Clear(stream) => stream.read(bytes),
            Stream::Encrypted(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Clear(stream) => stream.write(bytes),
            Stream::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Clear(stream) => stream.flush(),
            Stream::Encrypted(stream) => stream.flush(),
        }
    }
}
