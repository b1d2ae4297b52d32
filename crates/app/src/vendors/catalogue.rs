//! The vendors that there are: their names, their groups, how they are spoken with, and which keys they
//! want. What a vendor says is its own file's in `openbell-vendors`.

use clap::ValueEnum;
use openbell_config::DataApi;
use openbell_data_manager::live::Protocol;
use openbell_market::Symbol;
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::binance::{self, Binance};
use openbell_vendors::kraken::{self, Kraken};
use openbell_vendors::{Endpoint, KeyPair, Names};

/// A vendor, as it is named on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum VendorName {
    /// Binance spot.
    Binance,
    /// Kraken spot.
    Kraken,
    /// Alpaca, US equities.
    Alpaca,
}

/// The environment variables that hold a key: its id, its secret.
pub(crate) type KeyNames = [&'static str; 2];

impl VendorName {
    /// All of them.
    pub(crate) const ALL: [VendorName; 3] =
        [VendorName::Binance, VendorName::Kraken, VendorName::Alpaca];

    /// The vendor whose protocol a live session speaks; the simulated exchange speaks as Binance does.
    pub(crate) fn of(data_api: DataApi) -> VendorName {
        match data_api {
            DataApi::Binance | DataApi::Sim => VendorName::Binance,
            DataApi::Kraken => VendorName::Kraken,
            DataApi::Alpaca => VendorName::Alpaca,
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            VendorName::Binance => binance::NAME,
            VendorName::Kraken => kraken::NAME,
            VendorName::Alpaca => alpaca::NAME,
        }
    }

    /// The exchange group of its bars.
    pub(crate) fn group(self) -> &'static str {
        match self {
            VendorName::Binance | VendorName::Kraken => "CRYPTO",
            VendorName::Alpaca => "US_EQUITY",
        }
    }

    /// Its addresses.
    pub(crate) fn endpoint(self) -> Endpoint {
        match self {
            VendorName::Binance => binance::endpoint(),
            VendorName::Kraken => kraken::endpoint(),
            VendorName::Alpaca => alpaca::endpoint(),
        }
    }

    /// Where its key is read, if it wants one: the names that its own clients use.
    pub(crate) fn key_names(self) -> Option<KeyNames> {
        match self {
            VendorName::Binance | VendorName::Kraken => None,
            VendorName::Alpaca => Some(["APCA_API_KEY_ID", "APCA_API_SECRET_KEY"]),
        }
    }

    /// A symbol that trades in every minute.
    pub(crate) fn busy_symbol(self) -> Symbol {
        let name = match self {
            VendorName::Binance => "BTCUSDT",
            VendorName::Kraken => "BTC/USD",
            VendorName::Alpaca => "SPY",
        };
        Symbol::new(name).unwrap_or_else(|_| unreachable!("the names above are symbols"))
    }

    /// Its sources, the usual one first, where it has several.
    pub(crate) fn sources(self) -> &'static [Source] {
        match self {
            VendorName::Binance | VendorName::Kraken => &[],
            VendorName::Alpaca => &Source::ALL,
        }
    }

    /// Its words, at those addresses and for symbols of those names; of one that wants a key, with
    /// `key`.
    pub(crate) fn protocol(
        self,
        names: Names,
        endpoint: Endpoint,
        source: Source,
        key: Option<KeyPair>,
    ) -> Box<dyn Protocol> {
        match self {
            VendorName::Binance => Box::new(Binance::new(names, endpoint)),
            VendorName::Kraken => Box::new(Kraken::new(names, endpoint)),
            VendorName::Alpaca => {
                let key = key.unwrap_or_else(|| KeyPair::new("", ""));
                Box::new(Alpaca::new(names, endpoint, source, key))
            }
        }
    }

    /// Its words for whoever only wants to know how it behaves.
    pub(crate) fn mute(self) -> Box<dyn Protocol> {
        self.protocol(Names::default(), self.endpoint(), Source::Iex, None)
    }
}
