#![doc = include_str!("../README.md")]

mod agenda;
mod alpaca;
mod binance;
mod decimal;
mod draw;
mod error;
mod exchange;
mod hours;
mod http;
mod kraken;
mod limits;
mod market;
mod outbox;
mod script;
mod server;
mod speaker;
mod switches;
mod wire;

pub use error::{ScriptError, ServerError};
pub use exchange::Exchange;
pub use hours::Hours;
pub use http::{Answer, Refusal, Reply, Request};
pub use limits::Counts;
pub use market::{Halt, Listing, Market};
pub use script::Script;
pub use server::{Identity, Server, ServerControl, ServerSettings};
pub use switches::{AlpacaSwitches, BinanceSwitches, KrakenSwitches, Speaks};
pub use wire::{Ended, Heard, LineId, Said, Sent};
