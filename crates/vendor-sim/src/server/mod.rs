//! The exchange as a server on this machine: websockets and HTTP, with or without TLS, on one thread
//! that never waits for anybody.
//!
//! Not here: what is said and what goes wrong ([`Exchange`], [`crate::Script`]).
#![expect(clippy::disallowed_types, reason = "the simulated exchange listens here")]

mod head;
mod peer;
mod stream;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_time::{Nanos, SystemWall, Timestamp, WallClock};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::ServerError;
use crate::exchange::Exchange;
use crate::wire::{Ended, Sent};
use peer::Peer;

/// How long the server rests where nothing has happened.
const REST: Nanos = Nanos::from_nanos(2_000_000);

/// How a server listens, and how it writes.
#[derive(Clone, Default, Debug)]
pub struct ServerSettings {
    /// Its port; 0 for any that is free.
    pub port: u16,
    /// What it proves itself by; without, it speaks in the clear.
    pub identity: Option<Identity>,
    /// The most bytes that it writes at once, where it writes in pieces.
    pub n_bytes_a_write: Option<usize>,
}

/// A certificate and its key, both in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, and those that lead to its root.
    pub certificates: String,
    /// The key.
    pub key: String,
}

/// A simulated exchange that listens at 127.0.0.1: streams and requests at the paths of its vendor, all
/// at one port.
///
/// ```
/// use std::sync::Arc;
/// use openbell_time::{Nanos, SystemWall, WallClock};
/// use openbell_vendor_sim::{Exchange, Hours, Listing, Market, Script, Server, ServerSettings, Speaks};
///
/// let clock = Arc::new(SystemWall::new());
/// let span = clock.now() - Nanos::from_secs(3_600)..clock.now() + Nanos::from_secs(3_600);
/// let listing = Listing::drawn(7, "BTCUSDT".parse()?);
/// let market = Market::new(7, Hours::RoundTheClock, span, vec![listing]);
/// let exchange = Exchange::new(market, Speaks::binance(7), Script::none());
/// let server = Server::bind(exchange, clock, &ServerSettings::default())?;
/// let (address, control) = (server.address(), server.control());
/// let thread = std::thread::spawn(move || server.run());
/// assert!(address.ip().is_loopback());
/// control.stop();
/// thread.join().unwrap();
/// assert_eq!(control.exchange(|exchange| exchange.counts().connects), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    n_bytes_a_write: Option<usize>,
    clock: Arc<dyn WallClock>,
    peers: Vec<Peer>,
    control: ServerControl,
}

/// What looks into a server, and ends it, from any thread.
#[derive(Clone)]
pub struct ServerControl {
    exchange: Arc<Mutex<Exchange>>,
    is_stopped: Arc<AtomicBool>,
}

impl Server {
    /// A server of `exchange`, whose time is that of `clock`.
    ///
    /// # Errors
    ///
    /// Where the port is taken, or the identity is none.
    pub fn bind(
        exchange: Exchange,
        clock: Arc<dyn WallClock>,
        settings: &ServerSettings,
    ) -> Result<Server, ServerError> {
        let no_port = |source| ServerError::NoPort { port: settings.port, source };
        let tls = settings.identity.as_ref().map(Identity::config).transpose()?;
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
        let listener = TcpListener::bind(at).map_err(no_port)?;
        listener.set_nonblocking(true).map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        let control = ServerControl {
            exchange: Arc::new(Mutex::new(exchange)),
            is_stopped: Arc::new(AtomicBool::new(false)),
        };
        let n_bytes_a_write = settings.n_bytes_a_write;
        Ok(Server { listener, address, tls, n_bytes_a_write, clock, peers: Vec::new(), control })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What looks into it, and ends it.
    pub fn control(&self) -> ServerControl {
        self.control.clone()
    }

    /// Serves until [`ServerControl::stop`].
    ///
    /// *Cost*: as [`Server::run_while`].
    pub fn run(self) {
        self.run_while(|| true);
    }

    /// Serves while `goes_on` says so, which is asked each two milliseconds, and until
    /// [`ServerControl::stop`].
    ///
    /// *Cost*: blocks the thread; it looks for work each two milliseconds.
    pub fn run_while(mut self, goes_on: impl Fn() -> bool) {
        let rests_by = SystemWall::new();
        while goes_on() && !self.control.is_stopped.load(Ordering::Acquire) {
            if !self.turn(self.clock.now()) {
                let _ = rests_by.wait_until(rests_by.now() + REST); // However it ends, it goes on.
            }
        }
    }

    /// Does what there is to do, and says whether there was anything.
    fn turn(&mut self, now: Timestamp) -> bool {
        let mut has_worked = false;
        while let Ok((connection, _)) = self.listener.accept() {
            // One that is gone again already is none.
            if let Ok(peer) = Peer::new(connection, self.tls.as_ref(), self.n_bytes_a_write) {
                self.peers.push(peer);
                has_worked = true;
            }
        }
        let mut exchange = self.control.lock();
        for peer in &mut self.peers {
            has_worked |= peer.listen(now, &mut exchange);
        }
        for Sent { line, said, .. } in exchange.advance(now) {
            has_worked = true;
            if let Some(peer) = self.peers.iter_mut().find(|peer| peer.line() == Some(line)) {
                peer.say(said);
            }
        }
        self.peers.retain_mut(|peer| {
            has_worked |= peer.write(now);
            if let (true, Some(line)) = (peer.is_over(now), peer.line()) {
                exchange.leave(now, line, Ended::Lost); // Where it has not left in order before.
            }
            !peer.is_over(now)
        });
        has_worked
    }
}

impl ServerControl {
    /// Ends the server within moments; its connections end with it.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// Looks at the exchange, which meanwhile does nothing.
    pub fn exchange<T>(&self, look: impl FnOnce(&Exchange) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Exchange> {
        // A simulation goes on, whoever panicked beside it.
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Identity {
    fn config(&self) -> Result<Arc<ServerConfig>, ServerError> {
        let unusable = |why: String| ServerError::NoIdentity { why };
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(self.certificates.as_bytes()).collect();
        let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let key = key.map_err(|error| unusable(error.to_string()))?;
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(certificates, key))
            .map(Arc::new)
            .map_err(|error| unusable(error.to_string()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(***)")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}, {} peers)", self.address, self.peers.len())
    }
}

impl fmt::Debug for ServerControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerControl")
    }
}
