//! Alpaca market data v2: the stream of minute bars and the bars of the past.
//!
//! Not here: trades, quotes and daily bars on the stream, other requests than for bars.

mod bars;
mod rest;
mod stream;

use openbell_time::Timestamp;

use crate::http::{Distortion, Reply, Request};
use crate::market::Market;
use crate::outbox::Outbox;
use crate::speaker::Speaker;
use crate::switches::AlpacaSwitches;
use crate::wire::{Ended, Heard, LineId};
use rest::Desk;
use stream::Streams;

#[derive(Debug)]
pub(crate) struct Alpaca {
    switches: AlpacaSwitches,
    streams: Streams,
    desk: Desk,
}

impl Alpaca {
    pub(crate) fn new(switches: AlpacaSwitches, market: &Market) -> Alpaca {
        Alpaca { switches, streams: Streams::new(market), desk: Desk::new() }
    }
}

impl Speaker for Alpaca {
    fn admit(&mut self, path: &str, out: &mut Outbox<'_>) -> Result<(), Reply> {
        self.streams.admit(path, out)
    }

    fn opened(&mut self, market: &Market, line: LineId, path: &str, out: &mut Outbox<'_>) {
        self.streams.opened(market, line, path, out);
    }

    fn heard(&mut self, market: &Market, line: LineId, heard: &Heard, out: &mut Outbox<'_>) {
        self.streams.heard(market, &self.switches, line, heard, out);
    }

    fn ended(&mut self, line: LineId, how: Ended, now: Timestamp) {
        self.streams.ended(line, how, now);
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
        self.streams.due()
    }

    fn speak(&mut self, market: &Market, out: &mut Outbox<'_>) {
        self.streams.speak(market, out);
    }

    fn reported_late(&mut self, _symbol: usize, _at: Timestamp, _reported_at: Timestamp) {}

    fn stop_pings(&mut self, _line: LineId) {}

    fn announce_end(&mut self, _line: LineId, _out: &mut Outbox<'_>) {}

    fn error(&self, code: u32) -> Option<String> {
        Some(stream::error(code))
    }
}
