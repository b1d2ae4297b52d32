//! A simulated exchange on a thread of its own, with a root that certifies it.

use std::ops::Range;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use openbell_market::{Bar, BarInterval};
use openbell_time::{Nanos, Timestamp, WallClock};
use openbell_vendor_sim::{
    AlpacaSwitches, BinanceSwitches, Exchange, Hours, Identity, Listing, Market, Script, Server,
    ServerControl, ServerSettings, Speaks,
};
use openbell_vendors::{Endpoint, Transport, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::clock::Fast;

/// A root of one's own, and what it certifies.
pub struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority {
            root: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    /// Those who trust it, and nobody else.
    pub fn trust(&self) -> Trust {
        Trust::only(&self.root.pem()).unwrap()
    }

    /// A server of that name.
    pub fn identity(&self, name: &str) -> Identity {
        self.identity_of(CertificateParams::new([name.to_owned()]).unwrap())
    }

    pub fn identity_of(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.root).unwrap();
        Identity { certificates: certificate.pem(), key: key.serialize_pem() }
    }
}

/// What is different about an exchange.
pub struct Setup {
    pub speaks: Speaks,
    pub symbols: &'static [&'static str],
    pub script: String,
    pub identity: Option<Identity>,
    pub n_bytes_a_write: Option<usize>,
    pub times: i64,
}

impl Setup {
    pub fn of(speaks: Speaks, symbols: &'static [&'static str]) -> Setup {
        let script = "[]".to_owned();
        Setup { speaks, symbols, script, identity: None, n_bytes_a_write: None, times: 10 }
    }

    /// Binance as it is documented, ten times as fast.
    pub fn binance() -> Setup {
        let switches = BinanceSwitches {
            has_empty_bars: true,
            is_end_inclusive: true,
            is_rest_settling: false,
            has_empty_statistics: true,
            blocks_with_451: false,
            is_blocked: false,
            sends_late: false,
        };
        Setup::of(Speaks::Binance(switches), &["BTCUSDT"])
    }

    pub fn alpaca() -> Setup {
        let switches = AlpacaSwitches { most_symbols: None, ..AlpacaSwitches::drawn(1) };
        Setup { times: 20, ..Setup::of(Speaks::Alpaca(switches), &["AAPL", "SPY"]) }
    }

    pub fn with(self, script: &str) -> Setup {
        Setup { script: script.to_owned(), ..self }
    }

    pub fn certified(self, identity: Identity) -> Setup {
        Setup { identity: Some(identity), ..self }
    }

    /// An exchange that serves.
    pub fn serve(self) -> Sim {
        let (mut sim, server) = self.bound();
        sim.thread = Some(thread::spawn(move || server.run()));
        sim
    }

    /// An exchange that can be reached, and takes up nothing for as long as the server only lies there.
    pub fn bound(self) -> (Sim, Server) {
        let clock = Fast::new(self.times);
        let span = clock.now() - Nanos::from_secs(86_400)..clock.now() + Nanos::from_secs(86_400);
        let are_shares = matches!(self.speaks, Speaks::Alpaca(_));
        let listing = |name: &&str| {
            let drawn = Listing::drawn(7, name.parse().unwrap());
            let busy = Listing { silent_pct: 0, late_pct: 0, trades_a_minute: 300, ..drawn };
            if are_shares { busy.of_shares() } else { busy }
        };
        let listings = self.symbols.iter().map(listing).collect();
        let market = Market::new(7, Hours::RoundTheClock, span, listings);
        let exchange = Exchange::new(market, self.speaks, Script::read(&self.script).unwrap());
        let settings = ServerSettings {
            port: 0,
            identity: self.identity,
            n_bytes_a_write: self.n_bytes_a_write,
        };
        let is_encrypted = settings.identity.is_some();
        let server = Server::bind(exchange, Arc::new(clock.twin()), &settings).unwrap();
        let (port, control) = (server.address().port(), server.control());
        (Sim { clock, port, is_encrypted, control, thread: None }, server)
    }
}

/// A simulated exchange that serves until it is dropped.
pub struct Sim {
    pub clock: Fast,
    pub port: u16,
    pub control: ServerControl,
    is_encrypted: bool,
    thread: Option<JoinHandle<()>>,
}

impl Sim {
    /// Its addresses, with the path of its stream and that of its history.
    pub fn endpoint(&self, stream: &str, history: &str) -> Endpoint {
        let s = if self.is_encrypted { "s" } else { "" };
        let port = self.port;
        Endpoint {
            stream: format!("ws{s}://localhost:{port}{stream}"),
            history: format!("http{s}://localhost:{port}{history}"),
        }
    }

    /// Bounds in which waits are as long by the clock as they are for a user.
    pub fn transport(&self, trust: Trust) -> Transport {
        Transport::new(trust)
    }

    /// What traded of its first symbol.
    pub fn truth(&self, interval: BarInterval, opens: Range<Timestamp>) -> Vec<Bar> {
        self.control.exchange(|exchange| exchange.market().bars(0, interval, opens))
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.control.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the simulated exchange has panicked");
        }
    }
}
