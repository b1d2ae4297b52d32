//! The exchange as its clients meet it: its shapes, its stories, its laws.

mod binance;
mod laws;
mod samples;
mod support;
