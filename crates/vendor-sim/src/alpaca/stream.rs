//! Connections: one at a time, keys, subscriptions, minute bars, their revisions, halts.

use std::collections::{BTreeMap, BTreeSet};

use openbell_time::{Nanos, SessionPart, Timestamp};
use serde_json::{Value, json};

use super::bars;
use crate::agenda::Agenda;
use crate::draw::below;
use crate::http::Reply;
use crate::limits::Window;
use crate::market::{Known, MINUTE, Market, slot_of};
use crate::outbox::{Frame, Outbox, Topic};
use crate::switches::AlpacaSwitches;
use crate::wire::{Ended, Heard, LineId};

/// How long a client has to say who it is.
const AUTH: Nanos = Nanos::from_secs(10);
/// For how long a connection that was lost counts as the one that is allowed.
const GHOST: Nanos = Nanos::from_secs(90);
/// When after its end a bar is looked at again.
const REVISION: Nanos = Nanos::from_secs(30);
/// How much later everything comes on the delayed feed.
pub(super) const DELAY: Nanos = Nanos::from_secs(900);
/// Connections in ten seconds.
const CONNECTS: usize = 10;
const LISTS: [&str; 6] = ["trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses"];

#[derive(Debug)]
pub(super) struct Streams {
    lines: BTreeMap<LineId, Line>,
    agenda: Agenda<Event>,
    connects: Window,
    /// Until when each lost connection counts.
    ghosts: Vec<Timestamp>,
    /// The end of the last minute that is planned.
    planned_until: Timestamp,
}

#[derive(Debug)]
struct Line {
    feed: Feed,
    is_authenticated: bool,
    /// Subscribed names by the name of their list.
    lists: BTreeMap<&'static str, BTreeSet<String>>,
}

/// What a connection is for; all of them have the bars of the whole market here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Feed {
    /// One exchange, or the symbol for tests.
    Prompt,
    /// The consolidated tape, for those who pay.
    Consolidated,
    /// The same, late.
    Delayed,
}

impl Feed {
    fn of(path: &str) -> Option<Feed> {
        match path {
            "/v2/iex" | "/v2/test" => Some(Feed::Prompt),
            "/v2/sip" => Some(Feed::Consolidated),
            "/v2/delayed_sip" => Some(Feed::Delayed),
            _ => None,
        }
    }

    fn pace(self) -> Pace {
        if self == Feed::Delayed { Pace::Delayed } else { Pace::Prompt }
    }
}

/// How soon something is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pace {
    Prompt,
    Delayed,
}

impl Pace {
    fn delay(self) -> Nanos {
        if self == Pace::Delayed { DELAY } else { Nanos::ZERO }
    }
}

#[derive(Debug)]
enum Event {
    AuthDue(LineId),
    /// The bars of a minute are sent.
    Bars(Pace, SessionPart),
    /// The bars of a minute are looked at again.
    Revisions(Pace, SessionPart),
    /// A trading halt begins or ends: its place among the market's.
    Halt(Pace, usize),
    Resume(Pace, usize),
}

/// The text of an error.
fn words(code: u32) -> &'static str {
    match code {
        400 => "invalid syntax",
        401 => "not authenticated",
        402 => "auth failed",
        403 => "already authenticated",
        404 => "auth timeout",
        405 => "symbol limit exceeded",
        406 => "connection limit exceeded",
        407 => "slow client",
        408 => "v2 not enabled",
        409 => "insufficient subscription",
        410 => "invalid subscribe action for this feed",
        411 => "insufficient scope",
        _ => "internal error",
    }
}

pub(super) fn error(code: u32) -> String {
    json!([{"T": "error", "code": code, "msg": words(code)}]).to_string()
}

impl Streams {
    pub(super) fn new(market: &Market) -> Streams {
        let mut agenda = Agenda::new();
        for (idx, halt) in market.halts().iter().enumerate() {
            for pace in [Pace::Prompt, Pace::Delayed] {
                agenda.add(halt.since + pace.delay(), Event::Halt(pace, idx));
                agenda.add(halt.until + pace.delay(), Event::Resume(pace, idx));
            }
        }
        Streams {
            lines: BTreeMap::new(),
            agenda,
            connects: Window::new(CONNECTS, Nanos::from_secs(10)),
            ghosts: Vec::new(),
            planned_until: Timestamp::MIN,
        }
    }

    pub(super) fn admit(&mut self, path: &str, out: &mut Outbox<'_>) -> Result<(), Reply> {
        if !self.connects.allows(out.now) {
            out.counts.over_limit += 1;
            return Err(Reply::new(429, ""));
        }
        Feed::of(path).map(|_| ()).ok_or_else(|| Reply::new(404, ""))
    }

    pub(super) fn opened(
        &mut self,
        market: &Market,
        line: LineId,
        path: &str,
        out: &mut Outbox<'_>,
    ) {
        let state = Line {
            feed: Feed::of(path).unwrap_or(Feed::Prompt),
            is_authenticated: false,
            lists: LISTS.iter().map(|list| (*list, BTreeSet::new())).collect(),
        };
        self.lines.insert(line, state);
        out.control(line, json!([{"T": "success", "msg": "connected"}]));
        self.agenda.add(out.now + AUTH, Event::AuthDue(line));
        // What is still to come of the minutes before, and all of this one.
        let mut minute = slot_of(MINUTE, out.now - DELAY - MINUTE);
        while minute.since <= out.now {
            if minute.until > self.planned_until {
                self.plan(market, minute, out.now);
            }
            minute = slot_of(MINUTE, minute.until);
        }
    }

    /// Plans what is said of a minute after an instant.
    fn plan(&mut self, market: &Market, minute: SessionPart, after: Timestamp) {
        self.planned_until = minute.until;
        for pace in [Pace::Prompt, Pace::Delayed] {
            let bars_at = bars_at(market, minute) + pace.delay();
            if bars_at > after {
                self.agenda.add(bars_at, Event::Bars(pace, minute));
            }
            let revisions_at = minute.until + REVISION + pace.delay();
            if revisions_at > after {
                self.agenda.add(revisions_at, Event::Revisions(pace, minute));
            }
        }
    }

    pub(super) fn ended(&mut self, line: LineId, how: Ended, now: Timestamp) {
        let was_authenticated = self.lines.remove(&line).is_some_and(|line| line.is_authenticated);
        if was_authenticated && how == Ended::Lost {
            self.ghosts.push(now + GHOST);
        }
    }

    pub(super) fn heard(
        &mut self,
        market: &Market,
        switches: &AlpacaSwitches,
        line: LineId,
        heard: &Heard,
        out: &mut Outbox<'_>,
    ) {
        let Some(text) = out.text_of(line, heard) else { return };
        let order: Value = serde_json::from_str(text).unwrap_or_default();
        let is_authenticated = self.lines.get(&line).is_some_and(|line| line.is_authenticated);
        match (order["action"].as_str(), is_authenticated) {
            (Some("auth"), true) => out.control(line, error(403)),
            (Some("auth"), false) => self.authenticate(switches, line, &order, out),
            (Some("subscribe" | "unsubscribe"), false) => out.control(line, error(401)),
            (Some("subscribe"), true) => self.subscribe(market, switches, line, &order, out),
            (Some("unsubscribe"), true) => self.unsubscribe(line, &order, out),
            _ => out.control(line, error(400)),
        }
    }

    fn authenticate(
        &mut self,
        switches: &AlpacaSwitches,
        line: LineId,
        order: &Value,
        out: &mut Outbox<'_>,
    ) {
        self.ghosts.retain(|until| *until > out.now);
        let is_known = order["key"].as_str() == Some(&switches.key)
            && order["secret"].as_str() == Some(&switches.secret);
        let is_taken =
            !self.ghosts.is_empty() || self.lines.values().any(|line| line.is_authenticated);
        let Some(state) = self.lines.get_mut(&line) else { return };
        let refusal = match () {
            () if !is_known => 402,
            () if state.feed == Feed::Consolidated && !switches.is_paid => 409,
            () if is_taken => 406,
            () => {
                state.is_authenticated = true;
                out.control(line, json!([{"T": "success", "msg": "authenticated"}]));
                return;
            }
        };
        if refusal == 406 {
            out.counts.taken += 1;
        }
        out.control(line, error(refusal));
        out.close(line, 1000, "");
    }

    fn subscribe(
        &mut self,
        market: &Market,
        switches: &AlpacaSwitches,
        line: LineId,
        order: &Value,
        out: &mut Outbox<'_>,
    ) {
        let Some(state) = self.lines.get_mut(&line) else { return };
        let mut lists = state.lists.clone();
        let mut places = Vec::new();
        let mut is_asked_for = false;
        for list in LISTS {
            let Some(names) = names(order, list) else { continue };
            is_asked_for = true;
            for name in names {
                let place = place(market, &name);
                if place.is_some() || name == "*" {
                    lists.entry(list).or_default().insert(name);
                } else if !switches.drops_unknown {
                    out.control(line, error(400));
                    return;
                }
                places.extend(place);
            }
        }
        if !is_asked_for {
            out.control(line, error(400));
            return;
        }
        let subscribed: BTreeSet<&String> = lists.values().flatten().collect();
        if switches.most_symbols.is_some_and(|most| subscribed.len() > most) {
            out.counts.over_limit += 1;
            out.control(line, error(405));
            return;
        }
        state.lists = lists;
        out.control(line, subscription(state));
        for place in places {
            out.subscribed(line, place);
        }
    }

    fn unsubscribe(&mut self, line: LineId, order: &Value, out: &mut Outbox<'_>) {
        let Some(state) = self.lines.get_mut(&line) else { return };
        for list in LISTS {
            let leaving = names(order, list).unwrap_or_default();
            state.lists.entry(list).or_default().retain(|name| !leaving.contains(name));
        }
        out.control(line, subscription(state));
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.agenda.due()
    }

    pub(super) fn speak(&mut self, market: &Market, out: &mut Outbox<'_>) {
        let Some((_, event)) = self.agenda.take(out.now) else { return };
        let known = |pace: Pace| Known::reported_by(out.now - pace.delay());
        match event {
            Event::AuthDue(line) => {
                if self.lines.get(&line).is_some_and(|line| !line.is_authenticated) {
                    out.control(line, error(404));
                    out.close(line, 1000, "");
                }
            }
            Event::Bars(pace, minute) => {
                let known = known(pace);
                self.say(market, ("bars", pace), minute, out, |symbol| {
                    let candle = market.candle(symbol, minute, known)?;
                    Some(bars::message("b", name(market, symbol), &candle))
                });
                let next = slot_of(MINUTE, minute.until);
                if !self.lines.is_empty() && next.until > self.planned_until {
                    self.plan(market, next, out.now);
                }
            }
            Event::Revisions(pace, minute) => {
                let known = known(pace);
                let said_by = Known::reported_by(bars_at(market, minute));
                self.say(market, ("updatedBars", pace), minute, out, |symbol| {
                    let candle = market.candle(symbol, minute, known)?;
                    let said = market.candle(symbol, minute, said_by);
                    let is_revised = said.is_none_or(|said| said != candle);
                    is_revised.then(|| bars::message("u", name(market, symbol), &candle))
                });
            }
            Event::Halt(pace, idx) => self.say_status(market, (idx, pace), HALTED, out),
            Event::Resume(pace, idx) => self.say_status(market, (idx, pace), RESUMED, out),
        }
    }

    fn say_status(
        &self,
        market: &Market,
        (halt, pace): (usize, Pace),
        [code, message, reason_code, reason]: [&str; 4],
        out: &mut Outbox<'_>,
    ) {
        let halted = market.halts()[halt].symbol;
        let at = out.now - pace.delay();
        let message = json!({
            "T": "s", "S": name(market, halted), "sc": code, "sm": message,
            "rc": reason_code, "rm": reason, "t": at.to_string(), "z": "C",
        });
        let said = |symbol: usize| (symbol == halted).then(|| message.clone());
        self.say(market, ("statuses", pace), slot_of(MINUTE, at), out, said);
    }

    /// Sends to each connection what there is on the symbols of one of its lists, several in a frame.
    fn say(
        &self,
        market: &Market,
        (list, pace): (&str, Pace),
        slot: SessionPart,
        out: &mut Outbox<'_>,
        message: impl Fn(usize) -> Option<Value>,
    ) {
        let hears = |line: &Line| line.is_authenticated && line.feed.pace() == pace;
        if !self.lines.values().any(hears) {
            return;
        }
        let said: Vec<(Topic, String)> = (0..market.listings().len())
            .filter_map(|symbol| {
                let text = message(symbol)?.to_string();
                Some((Topic { symbol, slot }, text))
            })
            .collect();
        for (line, state) in self.lines.iter().filter(|(_, line)| hears(line)) {
            let is_wanted = |topic: &Topic| {
                let names = &state.lists[list];
                names.contains(name(market, topic.symbol)) || names.contains("*")
            };
            let mut wanted =
                said.iter().filter(|(topic, _)| is_wanted(topic)).cloned().collect::<Vec<_>>();
            while !wanted.is_empty() {
                let place = [4, slot.since.as_secs() as u64, wanted.len() as u64];
                let n = 1 + below(market.drawn(&place), 8) as usize;
                let rest = wanted.split_off(n.min(wanted.len()));
                out.send(*line, Frame::Array(std::mem::replace(&mut wanted, rest)));
            }
        }
    }
}

const HALTED: [&str; 4] =
    ["H", "Trading Halt", "T12", "Trading Halted; For information requested by NASDAQ"];
const RESUMED: [&str; 4] = ["T", "Trading Resumption", "T3", "News and resumption times"];

/// When the bars of a minute are sent: 20 to 100 ms after its end.
fn bars_at(market: &Market, minute: SessionPart) -> Timestamp {
    let late_ms = 20 + below(market.drawn(&[5, minute.since.as_secs() as u64]), 81);
    minute.until + Nanos::from_nanos(late_ms as i64 * 1_000_000)
}

fn subscription(line: &Line) -> Value {
    let mut message = json!({"T": "subscription"});
    for (list, names) in &line.lists {
        message[*list] = json!(names);
    }
    json!([message])
}

fn name(market: &Market, symbol: usize) -> &str {
    market.listings()[symbol].symbol.as_str()
}

fn place(market: &Market, name: &str) -> Option<usize> {
    market.listings().iter().position(|listing| listing.symbol.as_str() == name)
}

/// The names of one list of an order; `None` where it has none such.
fn names(order: &Value, list: &str) -> Option<Vec<String>> {
    let names = order[list].as_array()?.iter();
    Some(names.filter_map(|name| name.as_str().map(str::to_owned)).collect())
}
