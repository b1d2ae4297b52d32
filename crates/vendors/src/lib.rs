//! Vendors of live bars: what Binance, Kraken and Alpaca say and want to hear, and the way to them.
//!
//! A vendor is a [`Protocol`](openbell_data_manager::live::Protocol): its names, its messages, its
//! answers and a table of its habits, to be held against its own pages; `samples/` has a message of each
//! kind, with its page. It has no connection, no clock, no thread and no randomness.
//! [`Connection`] takes any of them to its vendor, and [`Courier`] makes requests alone.
//!
//! | module | stream | proof that a bar is closed | interval without a trade | key |
//! |---|---|---|---|---|
//! | [`binance`] | 1s to 12h | a flag | a flat bar | none |
//! | [`kraken`] | 1m to 4h | the next one, or Kraken's clock | none | none |
//! | [`alpaca`] | 1m | only closed ones are sent | none | a key and a secret |
//!
//! A price is the same double from a stream, from history and from a file, whether it is written as a
//! number or as a string. What cannot be read is an [`Undecodable`], and no panic.
//!
//! Not here: when to connect, subscribe, ask and believe (`openbell_data_manager::live`, the same for
//! all vendors), threads: the program runs what it is handed.

pub mod alpaca;
pub mod binance;
mod connection;
mod courier;
pub mod doctor;
mod endpoint;
mod key;
pub mod kraken;
mod listing;
mod names;
mod number;
mod reading;
mod secret_headers;
mod stamp;
mod transport;
mod trust;
mod wire;

pub use connection::{Carrier, Connection, Control, InternalFault, Passage, Way};
pub use courier::{AskError, Courier, OwnedResponse};
pub use endpoint::Endpoint;
pub use key::KeyPair;
pub use listing::Listing;
pub use names::{Names, SharedName};
pub use reading::Undecodable;
pub use secret_headers::SecretHeaders;
pub use transport::Transport;
pub use trust::{Trust, TrustError};

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
