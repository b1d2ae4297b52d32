//! How a vendor is reached: its own addresses or others, which of its data, with which key.

use clap::{Args, ValueEnum};
use openbell_config::{DataApi, DataFeed, LiveConfig};
use openbell_data_manager::live::Protocol;
use openbell_vendors::alpaca::Source;
use openbell_vendors::{Endpoint, Names};

use super::catalogue::VendorName;
use super::keys::{self, OtherNames};
use crate::exit::{Exit, Failure};

/// How a vendor is reached.
#[derive(Args, Debug)]
#[command(next_help_heading = "The connection")]
pub(crate) struct ConnectionArgs {
    /// Another address than the vendor's own, such as that of the simulated exchange.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Which of Alpaca's data; iex needs no plan.
    #[arg(long, value_enum)]
    feed: Option<FeedArg>,
    /// The environment variable that holds the id of the key, where it is not the usual one.
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// The environment variable that holds the secret of the key, where it is not the usual one.
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FeedArg {
    Iex,
    Sip,
    #[value(name = "delayed_sip")]
    DelayedSip,
    Test,
}

/// A vendor at its addresses.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) vendor: VendorName,
    source: Source,
    endpoint: Endpoint,
    /// The host, where it is not the vendor's own.
    other_host: Option<String>,
    names: OtherNames,
    symbols: Names,
    is_simulated: bool,
}

impl Connection {
    /// The connection that the options say.
    pub(crate) fn of(vendor: VendorName, args: &ConnectionArgs) -> Result<Connection, Failure> {
        let usage = |text: String| Failure::says(Exit::Usage, text);
        if args.feed.is_some() && vendor.sources().is_empty() {
            return Err(usage(format!("--feed is not for {}: it has one", vendor.name())));
        }
        let wants_key = args.key_env.is_some() || args.secret_env.is_some();
        if wants_key && vendor.key_names().is_none() {
            let text = format!("{} takes no key: drop --key-env and --secret-env", vendor.name());
            return Err(usage(text));
        }
        let (endpoint, other_host) = match &args.endpoint {
            None => (vendor.endpoint(), None),
            Some(url) => {
                let (endpoint, host) = at(&vendor.endpoint(), url)?;
                (endpoint, Some(host))
            }
        };
        let source = match args.feed {
            None | Some(FeedArg::Iex) => Source::Iex,
            Some(FeedArg::Sip) => Source::Sip,
            Some(FeedArg::DelayedSip) => Source::DelayedSip,
            Some(FeedArg::Test) => Source::Test,
        };
        let names = OtherNames {
            id: args.key_env.clone(),
            secret: args.secret_env.clone(),
            said_by: ["--key-env", "--secret-env"],
        };
        let (symbols, is_simulated) = (Names::default(), false);
        Ok(Connection { vendor, source, endpoint, other_host, names, symbols, is_simulated })
    }

    /// The connection that a live session asks for; `sim` is where the simulated exchange is, where the
    /// program has one of its own.
    pub(crate) fn of_session(live: &LiveConfig, sim: Option<&str>) -> Result<Connection, Failure> {
        let vendor = VendorName::of(live.data_api);
        let endpoint = match (&live.endpoint, sim) {
            (Some(other), _) => {
                Some(Endpoint { stream: other.stream.clone(), history: other.history.clone() })
            }
            (None, Some(address)) => {
                let (endpoint, _) = at(&vendor.endpoint(), &format!("http://{address}"))?;
                Some(endpoint)
            }
            (None, None) => None,
        };
        let other_host = endpoint.as_ref().map(|endpoint| host_of(&endpoint.history));
        let source = match live.feed {
            None | Some(DataFeed::Iex) => Source::Iex,
            Some(DataFeed::Sip) => Source::Sip,
            Some(DataFeed::DelayedSip) => Source::DelayedSip,
            Some(DataFeed::Test) => Source::Test,
        };
        let names = OtherNames {
            id: live.key_env.clone(),
            secret: live.secret_env.clone(),
            said_by: ["live_config.key_env", "live_config.secret_env"],
        };
        let symbols = Names::new(live.symbols.clone())
            .map_err(|error| Failure::new(Exit::Config, error).of("live_config.symbols"))?;
        let endpoint = endpoint.unwrap_or_else(|| vendor.endpoint());
        let is_simulated = live.data_api == DataApi::Sim;
        Ok(Connection { vendor, source, endpoint, other_host, names, symbols, is_simulated })
    }

    /// Whether what it yields is made up.
    pub(crate) fn is_simulated(&self) -> bool {
        self.is_simulated
    }

    /// The environment variables that a key is read from, and whether each is set; none where none is
    /// wanted.
    pub(crate) fn variables(&self) -> Vec<(String, bool)> {
        let Some([id, secret]) = self.vendor.key_names() else { return Vec::new() };
        let names = [
            self.names.id.clone().unwrap_or_else(|| id.to_owned()),
            self.names.secret.clone().unwrap_or_else(|| secret.to_owned()),
        ];
        names.map(|name| (name.clone(), keys::is_set(&name))).to_vec()
    }

    /// The vendor's words, with its key.
    pub(crate) fn protocol(&self) -> Result<Box<dyn Protocol>, Failure> {
        let key = match self.vendor.key_names() {
            Some(usual) => Some(keys::key(self.vendor.name(), usual, &self.names)?),
            None => None,
        };
        let (symbols, endpoint) = (self.symbols.clone(), self.endpoint.clone());
        Ok(self.vendor.protocol(symbols, endpoint, self.source, key))
    }

    /// Whose bars they are, in words that are kept with them.
    pub(crate) fn provider(&self) -> String {
        if self.is_simulated {
            return "simulated exchange".to_owned(); // Its address is another one each time.
        }
        let mut words = self.vendor.name().to_owned();
        if !self.vendor.sources().is_empty() {
            words = format!("{words} {}", self.source.name());
        }
        match &self.other_host {
            Some(host) => format!("{words} at {host}"),
            None => words,
        }
    }
}

/// The addresses of a vendor moved to `url`: history there, the stream there by its own path.
fn at(own: &Endpoint, url: &str) -> Result<(Endpoint, String), Failure> {
    let base = url.trim_end_matches('/');
    let (stream, rest) = match (base.strip_prefix("https://"), base.strip_prefix("http://")) {
        (Some(rest), _) => ("wss", rest),
        (None, Some(rest)) => ("ws", rest),
        (None, None) => ("", ""),
    };
    if rest.is_empty() || rest.contains(['@', '?', '#']) || rest.contains(char::is_whitespace) {
        let text = "--endpoint is no address that requests can be made to; it is written \
                    http://HOST:PORT or https://HOST, without a user and without parameters";
        return Err(Failure::says(Exit::Usage, text));
    }
    let path = own.stream.split_once("://").map_or("", |(_, rest)| rest);
    let path = path.find('/').map_or("", |place| &path[place..]);
    let endpoint =
        Endpoint { stream: format!("{stream}://{rest}{path}"), history: base.to_owned() };
    let host = host_of(base);
    Ok((endpoint, host))
}

/// The host of an address, with its port.
fn host_of(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_address_keeps_the_paths_of_the_vendor() {
        let moved = |url| at(&VendorName::Kraken.endpoint(), url);
        let (endpoint, host) = moved("http://127.0.0.1:9000/").unwrap();
        assert_eq!(endpoint.stream, "ws://127.0.0.1:9000/v2");
        assert_eq!(
            (endpoint.history.as_str(), &*host),
            ("http://127.0.0.1:9000", "127.0.0.1:9000")
        );
        let (endpoint, _) = moved("https://proxy.example/kraken").unwrap();
        assert_eq!(endpoint.stream, "wss://proxy.example/kraken/v2");
        for url in ["127.0.0.1:9000", "ftp://host", "https://", "http://me:pass@host"] {
            let said = moved(url).unwrap_err().to_string();
            assert!(!said.contains("pass"), "{said}");
        }
    }
}
