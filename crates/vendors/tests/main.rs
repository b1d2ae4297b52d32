//! Stories of each vendor's rules over the samples of its documented messages, and laws of all of them.

mod alpaca;
mod any_json;
mod binance;
mod doctor;
mod kraken;
mod loopback;
mod mutated;
mod numbers;
mod support;
