//! A client of this machine that says what it likes, byte by byte.

#![expect(clippy::disallowed_types, reason = "connections are tried by real ones")]

pub use std::net::SocketAddr;
use std::net::TcpListener;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A port of this machine that is free.
pub fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
    let at = listener.local_addr().expect("it is bound");
    (listener, at)
}

/// A connection to it.
pub struct Client(TcpStream);

impl Client {
    pub async fn connect(to: SocketAddr) -> Client {
        Client(TcpStream::connect(to).await.expect("somebody listens"))
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("the other end is there");
    }

    /// All that comes until the other end is over.
    pub async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A connection that is cut ends what there is to read.
        let _ = self.0.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What comes until `end` is in it.
    pub async fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.contains(end) {
            let mut bytes = [0; 4096];
            let n = self.0.read(&mut bytes).await.expect("the other end is there");
            assert!(n > 0, "it ended before {end:?}: {text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
        text
    }
}
