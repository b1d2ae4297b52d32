//! Binance spot: a closed flag, no key, and a bar for every interval.
//!
//! An interval without trades has a flat bar with volume 0. So a bar that is missing is late, and no
//! interval is quiet. A name that Binance does not know is acknowledged and silent for ever:
//! [`read_listings`] knows before.

mod history;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_data_manager::live::{
    Answer, AskFault, CloseCause, ClosingProof, Doing, Doings, EmptyInterval, Frame, LineId,
    OrderPromise, Probe, Protocol, Query, Rate, Reach, Request, Response, VendorTraits, Winner,
};
use openbell_market::{BarInterval, SeriesKey};
use openbell_time::{Nanos, Timestamp};

pub use history::{klines, listings, read_klines, read_listings, read_time, time};
pub use stream::{Kline, Said, said, stream_name, subscribe, unsubscribe};

use crate::reading::not_text;
use crate::{Endpoint, Names};

/// The name in errors and session files.
pub const NAME: &str = "binance";

/// The seconds of the intraday intervals that it has bars of.
const INTERVALS: [u32; 12] =
    [1, 60, 180, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800, 43_200];

/// Its addresses for market data alone. The stream is the path of combined streams, whose frames
/// name their series.
pub fn endpoint() -> Endpoint {
    Endpoint::of("wss://data-stream.binance.vision/stream", "https://data-api.binance.vision")
}

/// Its habits and limits, each with the limit that it stays below.
fn traits() -> VendorTraits {
    VendorTraits {
        name: NAME,
        intervals: INTERVALS.into_iter().filter_map(BarInterval::from_secs).collect(),
        proof: ClosingProof::Said,
        order: OrderPromise::LaterProvesEarlier,
        empty: EmptyInterval::Bar,
        reach: Reach::RunningRow,
        winner: Winner::Stream,
        // Its history has been seen to change a candle for a while after the end.
        revised_within: Nanos::from_secs(60),
        verifies_each: Nanos::from_nanos(250_000_000),
        probe: Probe::Bars,
        counts_trades: true,
        n_history_rows: None,
        // It pings each 20 s.
        silent_after: Nanos::from_secs(30),
        ping_each: None,
        // 300 attempts to connect in 5 minutes from one address.
        n_lines: 10,
        // 1024 streams.
        n_series: 1000,
        batch: 200,
        // 24 hours.
        lifetime: Some(Nanos::from_secs(23 * 3600 + 1800)),
        // 5 messages a second, pongs included; a bucket of 5 would let 9 through in the first.
        messages: Rate { burst: 1, each: Nanos::from_nanos(300_000_000) },
        // A weight of 6000 a minute: this is 2400.
        requests: Rate { burst: 100, each: Nanos::from_nanos(25_000_000) },
        reset_header: None,
    }
}

/// Binance, as the words that are spoken with it.
#[derive(Debug)]
pub struct Binance {
    traits: VendorTraits,
    names: Names,
    endpoint: Endpoint,
    /// The number of the last message.
    n_sent: u64,
    /// What was asked for by which message, and is not answered.
    asked: BTreeMap<u64, (LineId, Vec<SeriesKey>)>,
}

impl Binance {
    /// Binance at `endpoint`, where symbols have `names`.
    pub fn new(names: Names, endpoint: Endpoint) -> Binance {
        Binance { traits: traits(), names, endpoint, n_sent: 0, asked: BTreeMap::new() }
    }

    fn streams(&self, keys: &[SeriesKey]) -> Vec<String> {
        let stream = |key: &SeriesKey| {
            stream_name(self.names.vendor_name(&key.symbol), &key.interval.to_string())
        };
        keys.iter().map(stream).collect()
    }

    fn row(&self, line: LineId, kline: Kline, out: &mut Doings) {
        out.push(Doing::SentAt { line, at: kline.sent_at, asked_at: None });
        let symbol = self.names.symbol(&kline.vendor_name);
        if let (Some(symbol), Some(interval)) = (symbol, kline.interval) {
            out.push(Doing::Row { key: SeriesKey { symbol, interval }, row: kline.row });
        }
    }

    fn refused(&mut self, line: LineId, number: Option<u64>, said: &str, out: &mut Doings) {
        let asked = number.and_then(|number| self.asked.remove(&number));
        let Some((line, keys)) = asked else {
            out.push(Doing::Undecodable { line, found: said.into() });
            return;
        };
        let said: Arc<str> = said.into();
        for key in keys {
            out.push(Doing::NotSubscribed { line, key, said: said.clone() });
        }
    }
}

impl Protocol for Binance {
    fn traits(&self) -> &VendorTraits {
        &self.traits
    }

    fn stream_url(&self) -> String {
        self.endpoint.stream.clone()
    }

    fn opened(&mut self, line: LineId, _now: Timestamp, out: &mut Doings) {
        out.push(Doing::Ready { line });
    }

    fn subscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        self.n_sent += 1;
        self.asked.insert(self.n_sent, (line, keys.to_vec()));
        let text = subscribe(self.n_sent, &self.streams(keys));
        out.send(line, text);
    }

    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        self.n_sent += 1;
        let text = unsubscribe(self.n_sent, &self.streams(keys));
        out.send(line, text);
    }

    fn heard(&mut self, line: LineId, _now: Timestamp, frame: Frame<'_>, out: &mut Doings) {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(bytes) => return out.push(not_text(line, bytes)),
            Frame::Beat => return,
        };
        match said(text) {
            Ok(Said::Kline(kline)) => self.row(line, kline, out),
            Ok(Said::Acknowledged { number }) => {
                for key in self.asked.remove(&number).map(|(_, keys)| keys).unwrap_or_default() {
                    out.push(Doing::Subscribed { line, key });
                }
            }
            Ok(Said::Refused { number, said }) => self.refused(line, number, &said, out),
            Ok(Said::GoesDown { sent_at }) => {
                out.push(Doing::SentAt { line, at: sent_at, asked_at: None });
                out.push(Doing::Close { line, why: CloseCause::Leaving });
            }
            // Kinds that are newer than this file are no fault of the line.
            Ok(Said::Other) => {}
            Err(error) => out.push(error.on(line)),
        }
    }

    fn closed(&mut self, line: LineId) {
        self.asked.retain(|_, (of, _)| *of != line);
    }

    fn request(&mut self, query: &Query) -> Request {
        klines(&self.endpoint, &self.names, query)
    }

    fn answered(
        &mut self,
        query: &Query,
        _now: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault> {
        read_klines(query, response)
    }

    fn clock_request(&self) -> Option<Request> {
        Some(time(&self.endpoint))
    }

    fn clock_answered(&self, response: &Response<'_>) -> Result<Timestamp, AskFault> {
        read_time(response)
    }
}
