//! Bytes with or without TLS, in slices: a read or a write that takes longer than a moment says so,
//! and goes on where it stood.
#![expect(clippy::disallowed_types, reason = "a line is a connection")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

/// How long a read or a write lasts at most.
const SLICE: Duration = Duration::from_millis(20);

/// A connection whose reads and writes end after a moment with [`ErrorKind::WouldBlock`].
pub(super) struct Sliced(TcpStream);

pub(super) enum Stream {
    Plain(Sliced),
    Encrypted(Box<StreamOwned<ClientConnection, Sliced>>),
}

impl Sliced {
    pub(super) fn new(connection: TcpStream) -> io::Result<Sliced> {
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(SLICE))?;
        connection.set_write_timeout(Some(SLICE))?;
        Ok(Sliced(connection))
    }
}

/// Some systems call it one thing, some the other.
fn sliced<T>(done: io::Result<T>) -> io::Result<T> {
    done.map_err(|error| match error.kind() {
        ErrorKind::TimedOut => ErrorKind::WouldBlock.into(),
        _ => error,
    })
}

impl Read for Sliced {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        sliced(self.0.read(bytes))
    }
}

impl Write for Sliced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        sliced(self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        sliced(self.0.flush())
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(bytes),
            Stream::Encrypted(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Encrypted(stream) => stream.flush(),
        }
    }
}
