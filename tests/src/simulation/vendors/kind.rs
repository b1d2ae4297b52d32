//! The three vendors, each with the client that speaks to it and the exchange that answers.

use openbell_data_manager::live::Protocol;
use openbell_time::{Calendar, TimeManager};
use openbell_vendor_sim::{Hours, Speaks};
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::binance::{self, Binance};
use openbell_vendors::kraken::{self, Kraken};
use openbell_vendors::{Endpoint, KeyPair, Names};

use std::sync::OnceLock;

/// A vendor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VendorKind {
    /// Binance spot.
    Binance,
    /// Kraken spot.
    Kraken,
    /// Alpaca's stocks.
    Alpaca,
}

impl VendorKind {
    /// All of them.
    pub const ALL: [VendorKind; 3] = [VendorKind::Binance, VendorKind::Kraken, VendorKind::Alpaca];

    /// The name, as in session files.
    pub fn name(self) -> &'static str {
        match self {
            VendorKind::Binance => binance::NAME,
            VendorKind::Kraken => kraken::NAME,
            VendorKind::Alpaca => alpaca::NAME,
        }
    }

    /// The vendor of that name.
    pub fn of_name(name: &str) -> Option<VendorKind> {
        VendorKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The exchange group of its sessions.
    pub fn group(self) -> &'static str {
        match self {
            VendorKind::Binance | VendorKind::Kraken => "CRYPTO",
            VendorKind::Alpaca => "US_EQUITY",
        }
    }

    /// Names of it, the first of which trades in each minute wherever it is listed.
    pub fn names(self) -> [&'static str; 4] {
        match self {
            VendorKind::Binance => ["BTCUSDT", "ETHUSDT", "SOLUSDT", "PEPEUSDT"],
            VendorKind::Kraken => ["BTC/USD", "ETH/USD", "SOL/USD", "DOGE/USD"],
            VendorKind::Alpaca => ["SPY", "AAPL", "MSFT", "ZM"],
        }
    }

    /// When it trades.
    pub fn hours(self) -> Hours {
        match self {
            VendorKind::Binance | VendorKind::Kraken => Hours::RoundTheClock,
            VendorKind::Alpaca => Hours::Extended(short_days("XNYS")),
        }
    }

    /// Its exchange, with its doubts settled by seed.
    pub fn speaks(self, seed: u64) -> Speaks {
        match self {
            VendorKind::Binance => Speaks::binance(seed),
            VendorKind::Kraken => Speaks::kraken(seed),
            VendorKind::Alpaca => Speaks::alpaca(seed),
        }
    }

    /// The client, of an exchange that listens in the clear at `address`, `HOST:PORT`.
    pub fn client_at(self, address: &str) -> Box<dyn Protocol> {
        let endpoint = |path: &str| Endpoint {
            stream: format!("ws://{address}{path}"),
            history: format!("http://{address}"),
        };
        let names = Names::default();
        match self {
            VendorKind::Binance => Box::new(Binance::new(names, endpoint("/stream"))),
            VendorKind::Kraken => Box::new(Kraken::new(names, endpoint("/v2"))),
            VendorKind::Alpaca => {
                let key = KeyPair::new("key", "secret");
                Box::new(Alpaca::new(names, endpoint("/v2"), Source::Iex, key))
            }
        }
    }

    /// The client.
    pub fn client(self) -> Box<dyn Protocol> {
        let names = Names::default();
        match self {
            VendorKind::Binance => Box::new(Binance::new(names, binance::endpoint())),
            VendorKind::Kraken => Box::new(Kraken::new(names, kraken::endpoint())),
            VendorKind::Alpaca => {
                let key = KeyPair::new("key", "secret");
                Box::new(Alpaca::new(names, alpaca::endpoint(), Source::Iex, key))
            }
        }
    }
}

/// Sessions of some minutes, so that a run sees their whole: 30 minutes on 2025-07-02, 45 on the day
/// after, 60 on 2025-07-07, two hours on 2025-07-08 and five minutes on 2025-07-10.
const SHORT: &str = "\
calendar 24/7
early    00:30 2025-07-02
early    00:45 2025-07-03
early    01:00 2025-07-07
early    02:00 2025-07-08
early    00:05 2025-07-10
calendar XNYS
early    10:00 2025-07-02, post 17:00
early    10:15 2025-07-03, post 17:00
early    10:30 2025-07-07, post 17:00
early    11:30 2025-07-08, post 17:00
early    09:35 2025-07-10, post 17:00
";

/// The calendars in which the days of `SHORT` are short.
pub fn short_time() -> &'static TimeManager {
    static TIME: OnceLock<TimeManager> = OnceLock::new();
    TIME.get_or_init(|| TimeManager::with_overlay(SHORT).expect("an overlay"))
}

/// One of these calendars.
pub fn short_days(name: &str) -> Calendar {
    short_time().calendar(name).expect("a calendar")
}
