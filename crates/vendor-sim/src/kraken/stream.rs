//! Connections: subscriptions, candles on each trade, heartbeats, the state of the system.

use std::collections::{BTreeMap, BTreeSet};

use openbell_time::{Nanos, SessionPart, Timestamp};
use serde_json::{Value, json};

use super::words;
use crate::agenda::Agenda;
use crate::http::Reply;
use crate::limits::Window;
use crate::market::{Known, MINUTE, Market, slot_of};
use crate::outbox::{Frame, Outbox, Topic};
use crate::switches::KrakenSwitches;
use crate::wire::{Heard, LineId, Said};

const CONNECTS_IN_TEN_MINUTES: usize = 150;
const TEN_MINUTES: Nanos = Nanos::from_secs(600);
const BEAT: Nanos = Nanos::from_secs(1);
/// How far back a snapshot looks for candles.
const N_SLOTS_BACK: usize = 2_000;
/// The lengths of candles, in minutes.
const INTERVALS: &[i64] = &[1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600];

#[derive(Debug)]
pub(super) struct Channels {
    lines: BTreeMap<LineId, Line>,
    agenda: Agenda<Event>,
    connects: Window,
    /// Symbols whose trades are followed.
    followed: BTreeSet<usize>,
    system: &'static str,
}

#[derive(Debug)]
struct Line {
    /// Places of symbols, with the length of candles in minutes.
    candles: BTreeSet<(usize, i64)>,
    is_beating: bool,
    last_said: Timestamp,
}

#[derive(Debug)]
enum Event {
    /// A second without a message may have passed.
    Beat(LineId),
    /// A minute of a symbol begins.
    Minute(usize, Timestamp),
    /// A trade of a symbol becomes known, which traded at this instant.
    Trade(usize, Timestamp),
    /// The state of the system may have changed.
    System,
}

impl Channels {
    pub(super) fn new(market: &Market) -> Channels {
        let mut agenda = Agenda::new();
        for halt in market.halts() {
            agenda.add(halt.since, Event::System);
            agenda.add(halt.until, Event::System);
        }
        Channels {
            lines: BTreeMap::new(),
            agenda,
            connects: Window::new(CONNECTS_IN_TEN_MINUTES, TEN_MINUTES),
            followed: BTreeSet::new(),
            system: "online",
        }
    }

    pub(super) fn admit(
        &mut self,
        path: &str,
        switches: &KrakenSwitches,
        out: &mut Outbox<'_>,
    ) -> Result<(), Reply> {
        if !self.connects.allows(out.now) && switches.limits_connects {
            out.counts.over_limit += 1;
            out.counts.bans += 1;
            return Err(Reply::new(429, ""));
        }
        match path {
            "/v2" => Ok(()),
            _ => Err(Reply::new(404, "")),
        }
    }

    pub(super) fn opened(&mut self, market: &Market, line: LineId, out: &mut Outbox<'_>) {
        let state = Line { candles: BTreeSet::new(), is_beating: false, last_said: out.now };
        self.lines.insert(line, state);
        out.control(line, words::status(system(market, out.now), line));
    }

    pub(super) fn ended(&mut self, line: LineId) {
        self.lines.remove(&line);
    }

    pub(super) fn heard(
        &mut self,
        market: &Market,
        switches: &KrakenSwitches,
        line: LineId,
        heard: &Heard,
        out: &mut Outbox<'_>,
    ) {
        let Some(text) = out.text_of(line, heard) else { return };
        let order: Value = serde_json::from_str(text).unwrap_or_default();
        let refuse = |error: &str| {
            let method = order["method"].as_str().unwrap_or_default();
            words::answer(method, Err((None, error.to_owned())), &order["req_id"], out.now)
        };
        match order["method"].as_str() {
            Some("ping") => {
                let mut pong = words::answer("pong", Ok(Value::Null), &order["req_id"], out.now);
                if let Some(pong) = pong.as_object_mut() {
                    pong.remove("success");
                    pong.remove("result");
                }
                self.said(line, Frame::Beat(Said::Text(pong.to_string())), out);
            }
            Some("subscribe") => match order["params"]["channel"].as_str() {
                Some("ohlc") => self.subscribe(market, switches, line, &order, out),
                Some("heartbeat") => self.beat(line, out),
                _ => out.control(line, refuse("Channel not supported")),
            },
            Some("unsubscribe") => self.unsubscribe(market, line, &order, out),
            _ => out.control(line, refuse("Method not supported")),
        }
    }

    fn subscribe(
        &mut self,
        market: &Market,
        switches: &KrakenSwitches,
        line: LineId,
        order: &Value,
        out: &mut Outbox<'_>,
    ) {
        let params = &order["params"];
        let minutes = params["interval"].as_i64().unwrap_or(1);
        let with_snapshot = params["snapshot"].as_bool().unwrap_or(true);
        for name in names(params) {
            let refused = self.refusal(market, switches, line, &name, minutes);
            let (symbol, outcome) = match refused {
                Err(error) => (None, Err((Some(name.as_str()), error))),
                Ok(symbol) => {
                    let result = json!({
                        "channel": "ohlc", "interval": minutes, "snapshot": with_snapshot,
                        "symbol": name,
                        "warnings": ["timestamp is deprecated, use interval_begin"],
                    });
                    (Some(symbol), Ok(result))
                }
            };
            let ack = words::answer("subscribe", outcome, &order["req_id"], out.now);
            self.said(line, Frame::Control(ack.to_string()), out);
            let Some(symbol) = symbol else { continue };
            if let Some(state) = self.lines.get_mut(&line) {
                state.candles.insert((symbol, minutes));
            }
            out.subscribed(line, symbol);
            if with_snapshot {
                self.snapshot(market, switches, line, (symbol, minutes), out);
            }
            self.follow(market, symbol, out.now);
            if switches.beats_unasked {
                self.beat(line, out);
            }
        }
    }

    /// The place of the symbol, or why it cannot be subscribed.
    fn refusal(
        &self,
        market: &Market,
        switches: &KrakenSwitches,
        line: LineId,
        name: &str,
        minutes: i64,
    ) -> Result<usize, String> {
        if !is_interval(minutes) {
            return Err(format!("Interval {minutes} is not supported"));
        }
        let symbol =
            place(market, name).ok_or_else(|| format!("Currency pair not supported {name}"))?;
        let state = self.lines.get(&line);
        let mut others = state.iter().flat_map(|state| &state.candles);
        if others.clone().any(|&subscribed| subscribed == (symbol, minutes)) {
            return Err("Already subscribed".to_owned());
        }
        if switches.is_one_interval && others.any(|&(other, _)| other == symbol) {
            return Err("Already subscribed to another interval".to_owned());
        }
        Ok(symbol)
    }

    fn unsubscribe(&mut self, market: &Market, line: LineId, order: &Value, out: &mut Outbox<'_>) {
        let params = &order["params"];
        let minutes = params["interval"].as_i64().unwrap_or(1);
        for name in names(params) {
            let symbol = place(market, &name);
            let state = self.lines.get_mut(&line);
            let was_there = state
                .zip(symbol)
                .is_some_and(|(state, symbol)| state.candles.remove(&(symbol, minutes)));
            let outcome = if was_there {
                Ok(json!({"channel": "ohlc", "interval": minutes, "symbol": name}))
            } else {
                Err((Some(name.as_str()), "Subscription Not Found".to_owned()))
            };
            let ack = words::answer("unsubscribe", outcome, &order["req_id"], out.now);
            self.said(line, Frame::Control(ack.to_string()), out);
        }
    }

    /// Sends the newest candles, of which each has a trade.
    fn snapshot(
        &mut self,
        market: &Market,
        switches: &KrakenSwitches,
        line: LineId,
        (symbol, minutes): (usize, i64),
        out: &mut Outbox<'_>,
    ) {
        let listing = &market.listings()[symbol];
        let known = Known::reported_by(out.now);
        let newest = slot(minutes, out.now);
        let mut data = Vec::new();
        let mut at = newest;
        for _ in 0..N_SLOTS_BACK {
            if data.len() == switches.n_snapshot || at.until <= market.span().start {
                break;
            }
            if let Some(candle) = market.candle(symbol, at, known) {
                data.push(words::candle(listing, &candle, at));
            }
            at = slot(minutes, at.since - Nanos::from_nanos(1));
        }
        data.reverse();
        if !data.is_empty() {
            let text = words::candles("snapshot", data, out.now).to_string();
            self.said(line, Frame::Data(Topic { symbol, slot: newest }, text), out);
        }
    }

    /// Follows the trades of a symbol from now on.
    fn follow(&mut self, market: &Market, symbol: usize, now: Timestamp) {
        if !self.followed.insert(symbol) {
            return;
        }
        let minute = slot_of(MINUTE, now);
        self.plan_trades(market, symbol, minute.since - MINUTE, now);
        self.plan_trades(market, symbol, minute.since, now);
        self.agenda.add(minute.until, Event::Minute(symbol, minute.until));
    }

    /// Plans what becomes known of a minute's trades after an instant.
    fn plan_trades(&mut self, market: &Market, symbol: usize, minute: Timestamp, after: Timestamp) {
        for trade in market.trades(symbol, minute) {
            if trade.reported_at > after {
                self.agenda.add(trade.reported_at, Event::Trade(symbol, trade.at));
            }
        }
    }

    pub(super) fn reported_late(&mut self, symbol: usize, at: Timestamp, reported_at: Timestamp) {
        if self.followed.contains(&symbol) {
            self.agenda.add(reported_at, Event::Trade(symbol, at));
        }
    }

    /// Begins the heartbeats of a connection.
    fn beat(&mut self, line: LineId, out: &Outbox<'_>) {
        if let Some(state) = self.lines.get_mut(&line)
            && !state.is_beating
        {
            state.is_beating = true;
            self.agenda.add(out.now + BEAT, Event::Beat(line));
        }
    }

    fn said(&mut self, line: LineId, frame: Frame, out: &mut Outbox<'_>) {
        if let Some(state) = self.lines.get_mut(&line) {
            state.last_said = out.now;
        }
        out.send(line, frame);
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.agenda.due()
    }

    pub(super) fn speak(
        &mut self,
        market: &Market,
        switches: &KrakenSwitches,
        out: &mut Outbox<'_>,
    ) {
        let Some((_, event)) = self.agenda.take(out.now) else { return };
        match event {
            Event::Beat(line) => {
                let Some(state) = self.lines.get(&line) else { return };
                if state.last_said + BEAT <= out.now {
                    let beat = json!({"channel": "heartbeat"}).to_string();
                    self.said(line, Frame::Beat(Said::Text(beat)), out);
                }
                let last_said = self.lines.get(&line).map_or(out.now, |state| state.last_said);
                self.agenda.add(last_said + BEAT, Event::Beat(line));
            }
            Event::Minute(symbol, minute) => {
                let is_wanted =
                    |line: &Line| line.candles.iter().any(|(other, _)| *other == symbol);
                if !self.lines.values().any(is_wanted) {
                    self.followed.remove(&symbol);
                    return;
                }
                // A trade in the first instant of the minute is of this minute.
                self.plan_trades(market, symbol, minute, minute - Nanos::from_nanos(1));
                self.agenda.add(minute + MINUTE, Event::Minute(symbol, minute + MINUTE));
            }
            Event::Trade(symbol, at) => self.traded(market, switches, symbol, at, out),
            Event::System => {
                let system = system(market, out.now);
                if system != self.system {
                    self.system = system;
                    for line in self.lines.keys().copied().collect::<Vec<_>>() {
                        self.said(
                            line,
                            Frame::Control(words::status(system, line).to_string()),
                            out,
                        );
                    }
                }
            }
        }
    }

    /// Sends the candles that a trade has changed.
    fn traded(
        &mut self,
        market: &Market,
        switches: &KrakenSwitches,
        symbol: usize,
        at: Timestamp,
        out: &mut Outbox<'_>,
    ) {
        let listing = &market.listings()[symbol];
        let subscribed = |(line, state): (&LineId, &Line)| {
            let of_it = state.candles.iter().filter(|(other, _)| *other == symbol);
            of_it.map(|(_, minutes)| (*line, *minutes)).collect::<Vec<_>>()
        };
        let wanted: Vec<(LineId, i64)> = self.lines.iter().flat_map(subscribed).collect();
        for (line, minutes) in wanted {
            let slot = slot(minutes, at);
            if slot.until <= out.now && !switches.sends_late {
                continue;
            }
            if let Some(candle) = market.candle(symbol, slot, Known::reported_by(out.now)) {
                let data = vec![words::candle(listing, &candle, slot)];
                let text = words::candles("update", data, out.now).to_string();
                self.said(line, Frame::Data(Topic { symbol, slot }, text), out);
            }
        }
    }
}

/// Whether candles of so many minutes are made.
pub(super) fn is_interval(minutes: i64) -> bool {
    INTERVALS.contains(&minutes)
}

/// The state of the whole system: without matching nothing trades.
pub(super) fn system(market: &Market, now: Timestamp) -> &'static str {
    let n_listings = market.listings().len();
    let is_halted = |symbol| market.halt_at(symbol, now).is_some();
    if n_listings > 0 && (0..n_listings).all(is_halted) { "maintenance" } else { "online" }
}

fn slot(minutes: i64, instant: Timestamp) -> SessionPart {
    slot_of(Nanos::from_secs(minutes * 60), instant)
}

fn place(market: &Market, name: &str) -> Option<usize> {
    market.listings().iter().position(|listing| listing.symbol.as_str() == name)
}

fn names(params: &Value) -> Vec<String> {
    let names = params["symbol"].as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
