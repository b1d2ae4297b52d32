//! Binance spot, market data: what it says on connections and to requests.
//!
//! Not here: the intervals `3d` and `1M`, other streams than klines, raw streams.

mod kline;
mod rest;
mod stream;
mod weight;

use openbell_time::Timestamp;

use crate::http::{Distortion, Reply, Request};
use crate::market::Market;
use crate::outbox::Outbox;
use crate::speaker::Speaker;
use crate::switches::BinanceSwitches;
use crate::wire::{Ended, Heard, LineId};
use stream::Streams;
use weight::Weights;

#[derive(Debug)]
pub(crate) struct Binance {
    switches: BinanceSwitches,
    streams: Streams,
    weights: Weights,
}

impl Binance {
    pub(crate) fn new(switches: BinanceSwitches) -> Binance {
        Binance { switches, streams: Streams::new(), weights: Weights::new() }
    }

    /// The reply to a client of a blocked region.
    fn blocked(&self) -> Option<Reply> {
        let status = if self.switches.blocks_with_451 { 451 } else { 403 };
        self.switches.is_blocked.then(|| {
            Reply::new(
                status,
                r#"{"code":0,"msg":"Service unavailable from a restricted location."}"#,
            )
        })
    }
}

impl Speaker for Binance {
    fn admit(&mut self, path: &str, out: &mut Outbox<'_>) -> Result<(), Reply> {
        if let Some(reply) = self.blocked() {
            return Err(reply);
        }
        if let Some(reply) = self.weights.ban(out) {
            return Err(reply);
        }
        self.streams.admit(path, out)
    }

    fn opened(&mut self, market: &Market, line: LineId, path: &str, out: &mut Outbox<'_>) {
        self.streams.opened(market, line, path, out);
    }

    fn heard(&mut self, market: &Market, line: LineId, heard: &Heard, out: &mut Outbox<'_>) {
        if self.streams.heard(market, line, heard, out).is_err() {
            self.weights.begin_ban(out);
        }
    }

    fn ended(&mut self, line: LineId, _how: Ended, _now: Timestamp) {
        self.streams.ended(line);
    }

    fn reply(
        &mut self,
        market: &Market,
        request: &Request,
        distortion: Distortion,
        out: &mut Outbox<'_>,
    ) -> Reply {
        self.blocked().unwrap_or_else(|| {
            match self.weights.used(rest::weight(request.path()), out) {
                Err(refusal) => refusal,
                Ok(used) => rest::reply(market, &self.switches, request, distortion, out.now)
                    .with("X-MBX-USED-WEIGHT-1M", used),
            }
        })
    }

    fn due(&self) -> Option<Timestamp> {
        self.streams.due()
    }

    fn speak(&mut self, market: &Market, out: &mut Outbox<'_>) {
        self.streams.speak(market, &self.switches, out);
    }

    fn reported_late(&mut self, symbol: usize, at: Timestamp, reported_at: Timestamp) {
        if self.switches.sends_late {
            self.streams.reported_late(symbol, at, reported_at);
        }
    }

    fn stop_pings(&mut self, line: LineId) {
        self.streams.stop_pings(line);
    }

    fn announce_end(&mut self, line: LineId, out: &mut Outbox<'_>) {
        let event = serde_json::json!({"e": "serverShutdown", "E": kline::ms(out.now)});
        out.control(line, serde_json::json!({"stream": "!serverShutdown", "data": event}));
    }

    fn error(&self, _code: u32) -> Option<String> {
        None
    }
}
