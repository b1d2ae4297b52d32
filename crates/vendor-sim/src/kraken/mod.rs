//! Kraken spot: websocket v2 and the public REST calls of market data.
//!
//! Not here: other channels than candles, status and heartbeat.

mod names;
mod rest;
mod stream;
mod words;

use openbell_time::Timestamp;

use crate::http::{Distortion, Reply, Request};
use crate::market::Market;
use crate::outbox::Outbox;
use crate::speaker::Speaker;
use crate::switches::KrakenSwitches;
use crate::wire::{Ended, Heard, LineId};
use rest::Desk;
use stream::Channels;

#[derive(Debug)]
pub(crate) struct Kraken {
    switches: KrakenSwitches,
    channels: Channels,
    desk: Desk,
}

impl Kraken {
    pub(crate) fn new(switches: KrakenSwitches, market: &Market) -> Kraken {
        Kraken { switches, channels: Channels::new(market), desk: Desk::new() }
    }
}

impl Speaker for Kraken {
    fn admit(&mut self, path: &str, out: &mut Outbox<'_>) -> Result<(), Reply> {
        self.channels.admit(path, &self.switches, out)
    }

    fn opened(&mut self, market: &Market, line: LineId, _path: &str, out: &mut Outbox<'_>) {
        self.channels.opened(market, line, out);
    }

    fn heard(&mut self, market: &Market, line: LineId, heard: &Heard, out: &mut Outbox<'_>) {
        self.channels.heard(market, &self.switches, line, heard, out);
    }

    fn ended(&mut self, line: LineId, _how: Ended, _now: Timestamp) {
        self.channels.ended(line);
    }

    fn reply(
        &mut self,
        market: &Market,
        request: &Request,
        distortion: Distortion,
        out: &mut Outbox<'_>,
    ) -> Reply {
        self.desk.reply(market, &self.switches, request, distortion, out)
    }

    fn due(&self) -> Option<Timestamp> {
        self.channels.due()
    }

    fn speak(&mut self, market: &Market, out: &mut Outbox<'_>) {
        self.channels.speak(market, &self.switches, out);
    }

    fn reported_late(&mut self, symbol: usize, at: Timestamp, reported_at: Timestamp) {
        self.channels.reported_late(symbol, at, reported_at);
    }

    fn stop_pings(&mut self, _line: LineId) {}

    fn announce_end(&mut self, line: LineId, out: &mut Outbox<'_>) {
        out.control(line, words::status("maintenance", line));
    }

    fn error(&self, _code: u32) -> Option<String> {
        None
    }
}
