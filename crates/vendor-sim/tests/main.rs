//! The exchange as its clients meet it: its shapes, its stories, its faults, its laws.

mod alpaca;
mod binance;
mod faults;
mod kraken;
mod laws;
mod samples;
mod support;
