//! Connections: subscriptions, frames at their times, pings, limits.

use std::collections::BTreeMap;

use openbell_market::BarInterval;
use openbell_time::{Nanos, SessionPart, Timestamp};
use serde_json::{Value, json};

use super::kline::{self, KlineState, ms};
use crate::agenda::Agenda;
use crate::draw::below;
use crate::http::{Reply, unescaped};
use crate::limits::Window;
use crate::market::{Known, Market};
use crate::outbox::{Frame, Outbox, Topic};
use crate::switches::BinanceSwitches;
use crate::wire::{Heard, LineId, Said};

const N_STREAMS_MAX: usize = 1_024;
const MESSAGES_A_SECOND: usize = 5;
const CONNECTS_IN_FIVE_MINUTES: usize = 300;
/// How often a client may be cut for its messages within five minutes before it is banned.
const OFFENCES: usize = 3;
const FIVE_MINUTES: Nanos = Nanos::from_secs(300);
const PING: Nanos = Nanos::from_secs(20);
const PONG: Nanos = Nanos::from_secs(60);
const LIFE: Nanos = Nanos::from_secs(86_400);
/// No running bar is sent so soon after the begin of an interval: the closed one comes first.
const FIRST_PUSH: Nanos = Nanos::from_nanos(60_000_000);

/// The client has to be banned.
pub(super) struct Offence;

#[derive(Debug)]
pub(super) struct Streams {
    lines: BTreeMap<LineId, Line>,
    agenda: Agenda<(LineId, Event)>,
    connects: Window,
    offences: Window,
    n_subscribed: u64,
}

#[derive(Debug)]
struct Line {
    /// By name; `None` for a stream that does not exist, which is acknowledged all the same.
    streams: BTreeMap<String, Option<Stream>>,
    incoming: Window,
    is_pinged: bool,
    /// Payloads of pings that wait for their pong.
    unanswered: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    symbol: usize,
    interval: BarInterval,
    /// Which subscription it is, so that what an earlier one had planned is not said.
    number: u64,
}

#[derive(Debug)]
enum Event {
    /// The running bar.
    Push(String, u64),
    /// The closed bar.
    Close(String, u64, SessionPart),
    /// The closed bar in which that instant lies, once more.
    Again(String, u64, Timestamp),
    Ping,
    /// The pong to this payload is due.
    Pong(Vec<u8>),
    /// A connection has reached its age.
    Retire,
}

impl Streams {
    pub(super) fn new() -> Streams {
        Streams {
            lines: BTreeMap::new(),
            agenda: Agenda::new(),
            connects: Window::new(CONNECTS_IN_FIVE_MINUTES, FIVE_MINUTES),
            offences: Window::new(OFFENCES, FIVE_MINUTES),
            n_subscribed: 0,
        }
    }

    pub(super) fn admit(&mut self, path: &str, out: &mut Outbox<'_>) -> Result<(), Reply> {
        if !self.connects.allows(out.now) {
            out.counts.over_limit += 1;
            return Err(Reply::new(429, "").with("Retry-After", FIVE_MINUTES.as_secs()));
        }
        if path == "/stream" || path.starts_with("/stream?streams=") {
            Ok(())
        } else {
            Err(Reply::new(404, ""))
        }
    }

    pub(super) fn opened(
        &mut self,
        market: &Market,
        line: LineId,
        path: &str,
        out: &mut Outbox<'_>,
    ) {
        let incoming = Window::new(MESSAGES_A_SECOND, Nanos::from_secs(1));
        let streams = BTreeMap::new();
        let state = Line { streams, incoming, is_pinged: true, unanswered: Vec::new() };
        self.lines.insert(line, state);
        self.agenda.add(out.now + PING, (line, Event::Ping));
        self.agenda.add(out.now + LIFE, (line, Event::Retire));
        if let Some((_, names)) = path.split_once("?streams=") {
            let names: Vec<String> = unescaped(names).split('/').map(str::to_owned).collect();
            self.subscribe(market, line, &names, out);
        }
    }

    pub(super) fn heard(
        &mut self,
        market: &Market,
        line: LineId,
        heard: &Heard,
        out: &mut Outbox<'_>,
    ) -> Result<(), Offence> {
        let Some(state) = self.lines.get_mut(&line) else { return Ok(()) };
        if !state.incoming.allows(out.now) {
            out.counts.over_limit += 1;
            out.close(line, 1008, "Too many requests");
            return if self.offences.allows(out.now) { Ok(()) } else { Err(Offence) };
        }
        if let Heard::Pong(payload) = heard {
            state.unanswered.retain(|waiting| waiting != payload);
        }
        if let Some(text) = out.text_of(line, heard) {
            self.order(market, line, text, out);
        }
        Ok(())
    }

    pub(super) fn stop_pings(&mut self, line: LineId) {
        if let Some(state) = self.lines.get_mut(&line) {
            state.is_pinged = false;
            state.unanswered.clear();
        }
    }

    pub(super) fn ended(&mut self, line: LineId) {
        self.lines.remove(&line);
    }

    /// Does what a text message asks for.
    fn order(&mut self, market: &Market, line: LineId, text: &str, out: &mut Outbox<'_>) {
        let order: Value = match serde_json::from_str(text) {
            Ok(order) => order,
            Err(error) => {
                let message = format!("Invalid JSON: {error}");
                out.control(line, json!({"code": 3, "msg": message}));
                return;
            }
        };
        let refuse =
            |message: &str| json!({"code": 2, "msg": format!("Invalid request: {message}")});
        let id = order["id"].clone();
        if !(id.is_u64() || id.is_string() || id.is_null()) {
            out.control(line, refuse("request ID must be an unsigned integer"));
            return;
        }
        let params = order["params"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> =
            params.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let result = match order["method"].as_str() {
            Some("SUBSCRIBE" | "UNSUBSCRIBE") if names.is_empty() || names.len() < params.len() => {
                out.control(line, refuse("property name must be a string"));
                return;
            }
            Some("SUBSCRIBE") => {
                // The acknowledgement comes first.
                out.control(line, json!({"result": null, "id": id}));
                self.subscribe(market, line, &names, out);
                return;
            }
            Some("UNSUBSCRIBE") => {
                if let Some(state) = self.lines.get_mut(&line) {
                    state.streams.retain(|name, _| !names.contains(name));
                }
                Value::Null
            }
            Some("LIST_SUBSCRIPTIONS") => {
                let state = self.lines.get(&line);
                state.map(|state| state.streams.keys().cloned().collect()).unwrap_or_default()
            }
            Some(other) => {
                out.control(line, refuse(&format!("unknown variant {other}")));
                return;
            }
            None => {
                out.control(line, refuse("missing field `method`"));
                return;
            }
        };
        out.control(line, json!({"result": result, "id": id}));
    }

    fn subscribe(&mut self, market: &Market, line: LineId, names: &[String], out: &mut Outbox<'_>) {
        for name in names {
            let Some(state) = self.lines.get_mut(&line) else { return };
            self.n_subscribed += 1;
            let number = self.n_subscribed;
            let stream = found(market, name, number);
            if state.streams.contains_key(name) {
                out_of_silence(stream, line, out);
                continue;
            }
            if state.streams.len() == N_STREAMS_MAX {
                out.counts.over_limit += 1;
                out.close(line, 1008, "Too many streams");
                return;
            }
            state.streams.insert(name.clone(), stream);
            out_of_silence(stream, line, out);
            if let Some(stream) = stream {
                let lead_ms = below(market.drawn(&[2, number]), cadence(stream.interval));
                let push = Event::Push(name.clone(), number);
                self.agenda.add(out.now + millis(lead_ms), (line, push));
                let slot = market.slot_around(stream.interval, out.now);
                self.plan_close(market, line, name, stream, slot);
            }
        }
    }

    /// Plans the closing frame of a slot: 2 to 50 ms after its end.
    fn plan_close(
        &mut self,
        market: &Market,
        line: LineId,
        name: &str,
        stream: Stream,
        slot: SessionPart,
    ) {
        let late_ms = 2 + below(market.drawn(&[3, stream.number, slot.since.as_secs() as u64]), 49);
        let close = Event::Close(name.to_owned(), stream.number, slot);
        self.agenda.add(slot.until + millis(late_ms), (line, close));
    }

    /// A trade of `symbol` at `at` becomes known late: its closed bars are sent again.
    pub(super) fn reported_late(&mut self, symbol: usize, at: Timestamp, reported_at: Timestamp) {
        for (line, state) in &self.lines {
            let streams =
                state.streams.iter().filter_map(|(name, stream)| Some((name, (*stream)?)));
            for (name, stream) in streams.filter(|(_, stream)| stream.symbol == symbol) {
                let again = Event::Again(name.clone(), stream.number, at);
                self.agenda.add(reported_at + millis(5), (*line, again));
            }
        }
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.agenda.due()
    }

    pub(super) fn speak(
        &mut self,
        market: &Market,
        switches: &BinanceSwitches,
        out: &mut Outbox<'_>,
    ) {
        let Some((_, (line, event))) = self.agenda.take(out.now) else { return };
        let Some(state) = self.lines.get_mut(&line) else { return };
        let subscribed = |name: &str, number: u64| {
            let stream = state.streams.get(name).copied().flatten();
            stream.filter(|stream| stream.number == number)
        };
        match event {
            Event::Push(name, number) => {
                let Some(stream) = subscribed(&name, number) else { return };
                let next = self.push(market, switches, line, (&name, stream), out);
                self.agenda.add(next, (line, Event::Push(name, number)));
            }
            Event::Close(name, number, slot) => {
                let Some(stream) = subscribed(&name, number) else { return };
                let known = if switches.sends_late {
                    Known::Reported(out.now)
                } else {
                    Known::Traded(slot.until)
                };
                let about = (name.as_str(), stream, slot);
                kline_frame(market, switches, line, about, (known, KlineState::Closed), out);
                let next = market.slot_around(stream.interval, slot.until);
                self.plan_close(market, line, &name, stream, next);
            }
            Event::Again(name, number, at) => {
                let Some(stream) = subscribed(&name, number) else { return };
                let slot = market.slot_around(stream.interval, at);
                if slot.until < out.now {
                    let about = (name.as_str(), stream, slot);
                    let known = (Known::Reported(out.now), KlineState::Closed);
                    kline_frame(market, switches, line, about, known, out);
                }
            }
            Event::Ping if !state.is_pinged => {}
            Event::Ping => {
                let payload = ms(out.now).to_string().into_bytes();
                state.unanswered.push(payload.clone());
                out.send(line, Frame::Beat(Said::Ping(payload.clone())));
                self.agenda.add(out.now + PONG, (line, Event::Pong(payload)));
                self.agenda.add(out.now + PING, (line, Event::Ping));
            }
            Event::Pong(payload) => {
                if state.unanswered.contains(&payload) {
                    out.close(line, 1008, "Pong timeout");
                }
            }
            Event::Retire => out.send(line, Frame::End(Said::Cut)),
        }
    }

    /// Sends the running bar, and yields when the next one is due.
    fn push(
        &mut self,
        market: &Market,
        switches: &BinanceSwitches,
        line: LineId,
        (name, stream): (&str, Stream),
        out: &mut Outbox<'_>,
    ) -> Timestamp {
        let slot = market.slot_around(stream.interval, out.now);
        if out.now < slot.since + FIRST_PUSH {
            return slot.since + FIRST_PUSH;
        }
        let known = Known::traded_by(out.now);
        let about = (name, stream, slot);
        kline_frame(market, switches, line, about, (known, KlineState::Running), out);
        out.now + millis(cadence(stream.interval))
    }
}

/// Sends a bar where the vendor has one.
fn kline_frame(
    market: &Market,
    switches: &BinanceSwitches,
    line: LineId,
    (name, stream, slot): (&str, Stream, SessionPart),
    (known, state): (Known, KlineState),
    out: &mut Outbox<'_>,
) {
    let has_empty = switches.has_empty_bars || stream.interval == BarInterval::SHORTEST;
    let candle = if has_empty {
        market.candle_or_flat(stream.symbol, slot, known)
    } else {
        market.candle(stream.symbol, slot, known)
    };
    if let Some(candle) = candle {
        let symbol = market.listings()[stream.symbol].symbol.as_str();
        let event = kline::event(name, symbol, &candle, state, out.now);
        let topic = Topic { symbol: stream.symbol, slot };
        out.send(line, Frame::Data(topic, event));
    }
}

/// The stream of a name, or `None` where there is none: names are lower case.
fn found(market: &Market, name: &str, number: u64) -> Option<Stream> {
    let (symbol, interval) = name.split_once("@kline_")?;
    let is_it = |listed: &str| listed.to_lowercase() == symbol;
    let symbol = market.listings().iter().position(|listing| is_it(listing.symbol.as_str()))?;
    Some(Stream { symbol, interval: kline::interval(interval)?, number })
}

fn out_of_silence(stream: Option<Stream>, line: LineId, out: &mut Outbox<'_>) {
    if let Some(stream) = stream {
        out.subscribed(line, stream.symbol);
    }
}

/// Milliseconds from one running bar to the next.
fn cadence(interval: BarInterval) -> u64 {
    if interval == BarInterval::SHORTEST { 1_000 } else { 2_000 }
}

fn millis(ms: u64) -> Nanos {
    Nanos::from_nanos(ms as i64 * 1_000_000)
}
