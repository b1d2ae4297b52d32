//! Kraken spot, WebSocket v2: no closed flag, no key, and nothing where nothing trades.
//!
//! The stream sends a candle at each trade and never says that one is closed: the next one does, or
//! Kraken's clock. An interval without a trade has no candle there and a flat row without trades in
//! history, which is no bar.

mod history;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_data_manager::Trading;
use openbell_data_manager::live::{
    Answer, AskFault, ClosingProof, Doing, Doings, EmptyInterval, Frame, LineId, OrderPromise,
    Probe, Protocol, Query, Rate, Reach, Request, Response, VendorTraits, Winner,
};
use openbell_market::{BarInterval, SeriesKey};
use openbell_time::{Nanos, Timestamp};

pub use history::{listings, ohlc, read_listings, read_ohlc, read_ticker};
pub use stream::{Candle, Said, ping, said, subscribe, unsubscribe};

use crate::reading::not_text;
use crate::{Endpoint, Names};

/// The name in errors and session files.
pub const NAME: &str = "kraken";

/// The minutes of the intraday intervals that it has bars of.
const MINUTES: [u32; 6] = [1, 5, 15, 30, 60, 240];

/// How long Kraken's clock may be unheard while its heartbeats, which do not tell it, come.
const CLOCK_EACH: Nanos = Nanos::from_secs(1);

/// Its addresses. History answers nobody without a `User-Agent`.
pub fn endpoint() -> Endpoint {
    Endpoint::of("wss://ws.kraken.com/v2", "https://api.kraken.com")
}

/// Its habits and limits, each with the limit that it stays below.
fn traits() -> VendorTraits {
    VendorTraits {
        name: NAME,
        intervals: MINUTES.into_iter().filter_map(BarInterval::from_mins).collect(),
        proof: ClosingProof::NextOrTime { after: Nanos::from_secs(2) },
        order: OrderPromise::Nothing,
        empty: EmptyInterval::NoBar,
        reach: Reach::RunningRow,
        // A candle may change after its end, and history is asked later.
        winner: Winner::History,
        revised_within: Nanos::from_secs(60),
        verifies_each: Nanos::from_nanos(1_000_000_000),
        probe: Probe::Bars,
        counts_trades: true,
        n_history_rows: Some(720),
        // A heartbeat each second; its own advice is 5 s. Whether heartbeats come unasked its pages do
        // not agree on, so life does not depend on them.
        silent_after: Nanos::from_secs(10),
        ping_each: Some(Nanos::from_secs(4)),
        // About 150 attempts to connect in 10 minutes from one address.
        n_lines: 4,
        n_series: 200,
        batch: 50,
        lifetime: None,
        messages: Rate { burst: 1, each: Nanos::from_nanos(200_000_000) },
        // About one request a second of an address and pair.
        requests: Rate { burst: 1, each: Nanos::from_secs(1) },
        reset_header: None,
    }
}

/// Kraken, as the words that are spoken with it.
#[derive(Debug)]
pub struct Kraken {
    traits: VendorTraits,
    names: Names,
    endpoint: Endpoint,
    /// The number of the last message.
    n_sent: u64,
    /// What was asked for by which message, and is not answered.
    asked: BTreeMap<u64, (LineId, Vec<SeriesKey>)>,
    /// When Kraken's clock was heard of last over each line, or asked for.
    clock_at: BTreeMap<LineId, Timestamp>,
    /// The number of the last ping of each line, and when it was sent.
    pings: BTreeMap<LineId, (u64, Timestamp)>,
}

impl Kraken {
    /// Kraken at `endpoint`, where symbols have `names`.
    pub fn new(names: Names, endpoint: Endpoint) -> Kraken {
        let (asked, clock_at, pings) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Kraken { traits: traits(), names, endpoint, n_sent: 0, asked, clock_at, pings }
    }

    /// The messages that ask for `keys`, or give them back: one for each interval.
    fn by_interval(&self, keys: &[SeriesKey]) -> Vec<(u32, Vec<SeriesKey>, Vec<String>)> {
        let mut grouped: BTreeMap<u32, Vec<SeriesKey>> = BTreeMap::new();
        for key in keys {
            grouped.entry(history::minutes(key.interval)).or_default().push(key.clone());
        }
        let named = |(minutes, keys): (u32, Vec<SeriesKey>)| {
            let name = |key: &SeriesKey| self.names.vendor_name(&key.symbol).to_owned();
            let names = keys.iter().map(name).collect();
            (minutes, keys, names)
        };
        grouped.into_iter().map(named).collect()
    }

    fn key(&self, vendor_name: &str, interval: Option<BarInterval>) -> Option<SeriesKey> {
        Some(SeriesKey { symbol: self.names.symbol(vendor_name)?, interval: interval? })
    }

    fn clock(
        &mut self,
        line: LineId,
        now: Timestamp,
        sent_at: Option<Timestamp>,
        asked_at: Option<Timestamp>,
        out: &mut Doings,
    ) {
        if let Some(at) = sent_at {
            self.clock_at.insert(line, now);
            out.push(Doing::SentAt { line, at, asked_at });
        }
    }

    /// A heartbeat tells no time, and without Kraken's clock a candle without a successor never
    /// closes: a ping asks for it.
    fn heartbeat(&mut self, line: LineId, now: Timestamp, out: &mut Doings) {
        let is_fresh = |at: &Timestamp| at.checked_add(CLOCK_EACH).is_none_or(|due| now < due);
        if !self.clock_at.get(&line).is_some_and(is_fresh) {
            self.clock_at.insert(line, now);
            self.ping(line, now, out);
        }
    }

    /// When the ping was sent that a pong of this number answers; `None` of one before the last.
    fn pinged_at(&self, line: LineId, number: Option<u64>) -> Option<Timestamp> {
        let (last, sent_at) = self.pings.get(&line)?;
        (number == Some(*last)).then_some(*sent_at)
    }

    /// The series of an answer: those asked for by the message of that number, or the one among them
    /// that the answer names. They are not waited for any more.
    fn answered_keys(&mut self, number: Option<u64>, vendor_name: Option<&str>) -> Vec<SeriesKey> {
        let Some((_, keys)) = number.and_then(|number| self.asked.get_mut(&number)) else {
            return Vec::new();
        };
        let names = &self.names;
        let is_meant = |key: &mut SeriesKey| {
            vendor_name.is_none_or(|name| names.vendor_name(&key.symbol) == name)
        };
        let meant = keys.extract_if(.., is_meant).collect();
        self.asked.retain(|_, (_, keys)| !keys.is_empty());
        meant
    }

    fn refused(&mut self, line: LineId, keys: Vec<SeriesKey>, said: &str, out: &mut Doings) {
        if keys.is_empty() {
            out.push(Doing::Undecodable { line, found: said.into() });
        }
        let said: Arc<str> = said.into();
        for key in keys {
            // What is subscribed already is what was wanted.
            out.push(if said.to_lowercase().contains("already subscribed") {
                Doing::Subscribed { line, key }
            } else {
                Doing::NotSubscribed { line, key, said: said.clone() }
            });
        }
    }

    fn said(&mut self, line: LineId, now: Timestamp, said: Said, out: &mut Doings) {
        match said {
            Said::Candles { candles, unreadable, sent_at } => {
                for candle in candles {
                    if let Some(key) = self.key(&candle.vendor_name, candle.interval) {
                        out.push(Doing::Row { key, row: candle.row });
                    }
                }
                unreadable.into_iter().for_each(|error| out.push(error.on(line)));
                self.clock(line, now, sent_at, None, out);
            }
            Said::Subscribed { number, vendor_name, sent_at } => {
                for key in self.answered_keys(number, Some(&vendor_name)) {
                    out.push(Doing::Subscribed { line, key });
                }
                self.clock(line, now, sent_at, None, out);
            }
            Said::Refused { number, vendor_name, said } => {
                let keys = self.answered_keys(number, vendor_name.as_deref());
                self.refused(line, keys, &said, out);
            }
            Said::Pong { number, sent_at } => {
                let asked_at = self.pinged_at(line, number);
                self.clock(line, now, sent_at, asked_at, out);
            }
            Said::Heartbeat => self.heartbeat(line, now, out),
            Said::Status { is_matching: true, .. } => {
                out.push(Doing::Trading { key: None, trading: Trading::Normal });
            }
            Said::Status { is_matching: false, system } => {
                let why = format!("kraken: {system}").into();
                let trading = Trading::Halted { since: now, why };
                out.push(Doing::Trading { key: None, trading });
            }
            // Kinds that are newer than this file are no fault of the line.
            Said::Other => {}
        }
    }
}

impl Protocol for Kraken {
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
        for (minutes, keys, names) in self.by_interval(keys) {
            self.n_sent += 1;
            self.asked.insert(self.n_sent, (line, keys));
            let text = subscribe(self.n_sent, &names, minutes);
            out.send(line, text);
        }
    }

    fn unsubscribe(&mut self, line: LineId, keys: &[SeriesKey], out: &mut Doings) {
        for (minutes, _, names) in self.by_interval(keys) {
            self.n_sent += 1;
            let text = unsubscribe(self.n_sent, &names, minutes);
            out.send(line, text);
        }
    }

    fn heard(&mut self, line: LineId, now: Timestamp, frame: Frame<'_>, out: &mut Doings) {
        match frame {
            Frame::Text(text) => match said(text) {
                Ok(said) => self.said(line, now, said, out),
                Err(error) => out.push(error.on(line)),
            },
            Frame::Binary(bytes) => out.push(not_text(line, bytes)),
            Frame::Beat => {}
        }
    }

    /// A message, since its answer tells Kraken's clock and a pong of the transport does not.
    fn ping(&mut self, line: LineId, now: Timestamp, out: &mut Doings) {
        self.n_sent += 1;
        self.pings.insert(line, (self.n_sent, now));
        out.send(line, ping(self.n_sent));
    }

    fn closed(&mut self, line: LineId) {
        self.asked.retain(|_, (of, _)| *of != line);
        self.clock_at.remove(&line);
        self.pings.remove(&line);
    }

    fn request(&mut self, query: &Query) -> Request {
        ohlc(&self.endpoint, &self.names, query)
    }

    fn answered(
        &mut self,
        query: &Query,
        now: Timestamp,
        response: &Response<'_>,
    ) -> Result<Answer, AskFault> {
        match query {
            Query::DayCount { key } => read_ticker(&self.names, key, now, response),
            Query::Bars { .. } | Query::Newest { .. } | Query::First { .. } => {
                read_ohlc(query, now, response)
            }
        }
    }
}
