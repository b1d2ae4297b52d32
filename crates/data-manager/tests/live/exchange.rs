//! A market whose truth is known, and a vendor of it that cuts, falls silent and lags as it is told.
//!
//! Time goes by the second. It knows nothing of what is made of what it says: not what is held,
//! asked or believed, but what was traded and who is connected.

use std::collections::{BTreeMap, BTreeSet};

use openbell_data_manager::live::{
    ClosingProof, EmptyInterval, LineId, OrderPromise, Probe, Rate, Reach, VendorTraits, Winner,
};
use openbell_market::{BarInterval, Ohlcv};
use openbell_time::Nanos;

pub const MINUTE: i64 = 60;

/// How the vendor speaks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Running bars with a flag on the last message; a bar for each minute, traded or not.
    Flag,
    /// Running bars without a flag, only where something is traded; heartbeats with its clock.
    Unflagged,
    /// Only closed bars, only of minutes with a trade, and the same again where a late trade
    /// changes it.
    OnlyClosed,
}

/// What becomes of requests.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum History {
    Answers,
    /// It is so many seconds behind.
    Lags(i64),
    Empty,
    Status(u16, i64),
    Hangs,
}

/// One minute of one symbol: what is said first, and what is true in the end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Minute {
    pub first: Ohlcv,
    pub last: Ohlcv,
    /// When `last` is known, in seconds after the close.
    pub revised_after: i64,
}

impl Minute {
    /// What is known of it at `now`, after its close, with the number of its trades.
    fn told(&self, open: i64, now: i64) -> (Ohlcv, u64) {
        match self.revised_after {
            0 => (self.last, 2),
            after if now < open + MINUTE + after => (self.first, 2),
            _ => (self.last, 3),
        }
    }
}

pub struct Exchange {
    pub kind: Kind,
    /// By symbol and second of the open; a minute that is not here had no trade.
    pub minutes: BTreeMap<(String, i64), Minute>,
    pub is_reachable: bool,
    pub silent: BTreeSet<String>,
    /// The open of the first minute in which a symbol was ever traded; the earliest where it is not here.
    pub begins: BTreeMap<String, i64>,
    /// By symbol and second of the open: minutes of a vendor with a bar for each that it has lost.
    pub lost: BTreeSet<(String, i64)>,
    /// Whether its figures of a day go with the clock.
    pub counts: bool,
    /// Symbols that are refused, and whether with all that came in the same message.
    pub refused: BTreeSet<String>,
    pub confirms: bool,
    pub is_taken: bool,
    pub history: History,
    pub page: usize,
    /// Seconds from the close of a minute to its message.
    pub delay: i64,
    /// What its clock shows more than ours.
    pub clock_ahead: i64,
    /// Whether it answers what its clock shows.
    pub tells_clock: bool,
    pub lines: BTreeMap<LineId, BTreeSet<String>>,
    /// What it was asked, and when.
    pub asked: Vec<(i64, String)>,
    pub opened: Vec<i64>,
    pub received: Vec<(i64, LineId, String)>,
}

impl Exchange {
    pub fn new(kind: Kind) -> Exchange {
        Exchange {
            kind,
            minutes: BTreeMap::new(),
            is_reachable: true,
            silent: BTreeSet::new(),
            begins: BTreeMap::new(),
            lost: BTreeSet::new(),
            counts: true,
            refused: BTreeSet::new(),
            confirms: true,
            is_taken: false,
            history: History::Answers,
            page: 500,
            delay: 1,
            clock_ahead: 0,
            tells_clock: false,
            lines: BTreeMap::new(),
            asked: Vec::new(),
            opened: Vec::new(),
            received: Vec::new(),
        }
    }

    /// A vendor of this kind, as its table would say it.
    pub fn traits(&self) -> VendorTraits {
        let secs = Nanos::from_secs;
        let flag = self.kind == Kind::Flag;
        let unflagged = self.kind == Kind::Unflagged;
        let after = secs(2);
        let twice = Reach::TwiceEqual { after: secs(5), apart: secs(10) };
        let newest = Probe::Newest { reference: "BUSY".parse().unwrap() };
        VendorTraits {
            name: "words",
            intervals: vec![BarInterval::from_mins(1).unwrap()],
            proof: if unflagged { ClosingProof::NextOrTime { after } } else { ClosingProof::Said },
            order: match self.kind {
                Kind::Flag | Kind::OnlyClosed => OrderPromise::LaterProvesEarlier,
                Kind::Unflagged => OrderPromise::Nothing,
            },
            empty: if flag { EmptyInterval::Bar } else { EmptyInterval::NoBar },
            reach: if flag || unflagged { Reach::RunningRow } else { twice },
            winner: if flag { Winner::Stream } else { Winner::History },
            counts_trades: flag || unflagged,
            probe: if flag || unflagged { Probe::Bars } else { newest },
            revised_within: secs(if flag { 60 } else { 120 }),
            verifies_each: Nanos::from_nanos(500_000_000),
            n_history_rows: unflagged.then_some(720),
            silent_after: secs(if unflagged { 10 } else { 25 }),
            ping_each: (!unflagged).then_some(secs(10)),
            n_lines: if flag { 4 } else { 1 },
            n_series: 100,
            batch: 20,
            lifetime: None,
            messages: Rate { burst: 1, each: Nanos::from_nanos(300_000_000) },
            requests: Rate { burst: 5, each: Nanos::from_nanos(500_000_000) },
            reset_header: None,
        }
    }

    /// A trade in the minute that opens at `open`, all of it at once.
    pub fn trades(&mut self, symbol: &str, open: i64, price: f64) {
        let last = of_price(price);
        let minute = Minute { first: last, last, revised_after: 0 };
        self.minutes.insert((symbol.to_owned(), open), minute);
    }

    /// What is true of a minute in the end.
    pub fn truth(&self, symbol: &str, open: i64) -> Option<Ohlcv> {
        match (self.minutes.get(&(symbol.to_owned(), open)), self.kind) {
            (Some(minute), _) => Some(minute.last),
            (None, Kind::Flag) if self.has_begun(symbol, open) => Some(self.flat(symbol, open)),
            (None, _) => None,
        }
    }

    /// A connection is asked for: whether it stands, and what it says first.
    pub fn open(&mut self, line: LineId, now: i64) -> Option<Vec<String>> {
        self.opened.push(now);
        if !self.is_reachable {
            return None;
        }
        if self.is_taken {
            return Some(vec!["taken".to_owned()]);
        }
        self.lines.insert(line, BTreeSet::new());
        Some(vec!["hello".to_owned()])
    }

    pub fn received(&mut self, line: LineId, text: &str, now: i64) -> Vec<String> {
        self.received.push((now, line, text.to_owned()));
        let Some(subscribed) = self.lines.get_mut(&line) else { return Vec::new() };
        let mut words = text.split(' ');
        let is_sub = words.next() == Some("sub");
        let symbols: Vec<&str> = words.collect();
        if !is_sub {
            subscribed.retain(|symbol| !symbols.contains(&symbol.as_str()));
            return Vec::new();
        }
        if symbols.iter().any(|symbol| self.refused.contains(*symbol)) {
            return symbols.iter().map(|symbol| format!("no {symbol} unknown")).collect();
        }
        if !self.confirms {
            return Vec::new();
        }
        let mut said = Vec::new();
        for symbol in symbols {
            subscribed.insert(symbol.to_owned());
            said.push(format!("ok {symbol}"));
            if self.kind == Kind::Unflagged && !self.silent.contains(symbol) {
                said.extend(snapshot(&self.minutes, symbol, now));
            }
        }
        said
    }

    /// What comes over each line in this second.
    pub fn emits(&self, now: i64) -> Vec<(LineId, String)> {
        let mut out = Vec::new();
        for (&line, subscribed) in &self.lines {
            for symbol in subscribed.iter().filter(|symbol| !self.silent.contains(*symbol)) {
                let said = match self.kind {
                    Kind::Flag => self.flagged(symbol, now),
                    Kind::Unflagged => self.unflagged(symbol, now),
                    Kind::OnlyClosed => self.only_closed(symbol, now),
                };
                out.extend(said.into_iter().map(|text| (line, text)));
            }
            if self.kind == Kind::Unflagged {
                out.push((line, format!("sent {}", now + self.clock_ahead)));
            }
        }
        out
    }

    fn flagged(&self, symbol: &str, now: i64) -> Vec<String> {
        let open = (now - self.delay).div_euclid(MINUTE) * MINUTE;
        let closes = (now - self.delay).rem_euclid(MINUTE) == 0;
        let of = if closes { open - MINUTE } else { open };
        if !self.has_begun(symbol, of) || self.lost.contains(&(symbol.to_owned(), of)) {
            return Vec::new();
        }
        if closes {
            let opened = open - MINUTE;
            let n_trades =
                if self.minutes.contains_key(&(symbol.to_owned(), opened)) { 2 } else { 0 };
            return vec![said(symbol, opened, self.value(symbol, opened), n_trades, " closed")];
        }
        match now % 2 {
            0 => vec![said(symbol, open, partial(self.value(symbol, open)), 1, " running")],
            _ => Vec::new(),
        }
    }

    fn unflagged(&self, symbol: &str, now: i64) -> Vec<String> {
        let open = now.div_euclid(MINUTE) * MINUTE;
        let at = |open| self.minutes.get(&(symbol.to_owned(), open));
        let mut out = Vec::new();
        if let Some(minute) = at(open) {
            match now - open {
                7 | 31 => out.push(said(symbol, open, partial(minute.first), 1, "")),
                55 => out.push(said(symbol, open, minute.first, 2, "")),
                _ => {}
            }
        }
        if let Some(before) = at(open - MINUTE)
            && before.revised_after > 0
            && now - open == before.revised_after
        {
            out.push(said(symbol, open - MINUTE, before.last, 3, ""));
        }
        out
    }

    fn only_closed(&self, symbol: &str, now: i64) -> Vec<String> {
        let closed = |after: i64| (now - after).rem_euclid(MINUTE) == 0;
        let mut out = Vec::new();
        for (open, minute) in self.recent(symbol, now) {
            if closed(self.delay) && open + MINUTE + self.delay == now {
                out.push(said(symbol, open, minute.first, 2, " closed"));
            }
            if minute.revised_after > 0 && open + MINUTE + minute.revised_after == now {
                out.push(said(symbol, open, minute.last, 3, " closed"));
            }
        }
        out
    }

    fn recent(&self, symbol: &str, now: i64) -> impl Iterator<Item = (i64, Minute)> {
        let since = (symbol.to_owned(), now - 5 * MINUTE);
        let range = self.minutes.range(since..=(symbol.to_owned(), now));
        range.map(|((_, open), minute)| (*open, *minute))
    }

    /// The status, the wait and the text of an answer; none where it hangs.
    pub fn asked(&mut self, url: &str, now: i64) -> Option<(u16, i64, String)> {
        self.asked.push((now, url.to_owned()));
        let words: Vec<&str> = url.split(' ').collect();
        let lag = match self.history {
            History::Hangs => return None,
            History::Status(status, wait) => return Some((status, wait, "no".to_owned())),
            History::Empty => return Some((200, 0, String::new())),
            History::Lags(lag) => lag,
            History::Answers => 0,
        };
        let seen = now - lag;
        let text = match words.as_slice() {
            ["bars", symbol, since, page] => {
                let (since, page) = (since.parse().unwrap(), page.parse().unwrap());
                self.bars(symbol, since, seen, page)
            }
            ["newest", symbols @ ..] => {
                let newest = symbols.iter().filter_map(|symbol| {
                    let range = (symbol.to_string(), i64::MIN)..(symbol.to_string(), seen - MINUTE);
                    let ((_, open), _) = self.minutes.range(range).next_back()?;
                    Some(format!("{symbol} {open}\n"))
                });
                newest.collect()
            }
            ["count", symbol] => self.count(symbol, seen),
            ["first", symbol] => {
                let begins = self.begins.get(*symbol).copied().unwrap_or(0);
                if begins < seen { begins.to_string() } else { String::new() }
            }
            ["time"] => format!("{}", now + self.clock_ahead),
            other => panic!("asked {other:?}"),
        };
        Some((200, 0, text))
    }

    fn bars(&self, symbol: &str, since: i64, seen: i64, page: usize) -> String {
        let running = seen.div_euclid(MINUTE) * MINUTE;
        let first = match self.kind {
            Kind::Unflagged => since.max(running - 719 * MINUTE),
            Kind::Flag | Kind::OnlyClosed => since,
        };
        let opens = (first.div_euclid(MINUTE)..=running.div_euclid(MINUTE)).map(|n| n * MINUTE);
        let rows: Vec<String> = opens.filter_map(|open| self.row(symbol, open, seen)).collect();
        let from = page * self.page;
        let mut text: String = rows.iter().skip(from).take(self.page).cloned().collect();
        if rows.len() > from + self.page {
            text += &format!("next {}\n", page + 1);
        }
        text
    }

    fn row(&self, symbol: &str, open: i64, seen: i64) -> Option<String> {
        if !self.has_begun(symbol, open) || self.lost.contains(&(symbol.to_owned(), open)) {
            return None;
        }
        let is_running = open + MINUTE > seen;
        let minute = self.minutes.get(&(symbol.to_owned(), open));
        let (values, n_trades) = match minute {
            Some(minute) if is_running => (partial(minute.first), 1),
            Some(minute) => minute.told(open, seen),
            None => (self.flat(symbol, open), 0),
        };
        match self.kind {
            Kind::OnlyClosed if is_running || minute.is_none() || seen < open + MINUTE + 2 => None,
            _ => Some(format!("{}\n", of(open, values, n_trades))),
        }
    }

    /// How often it was traded since a day ago, and how far that has come.
    fn count(&self, symbol: &str, seen: i64) -> String {
        let n = |symbol: &str| {
            let range = (symbol.to_owned(), seen - 86_400)..(symbol.to_owned(), seen);
            self.minutes.range(range).count() as i64
        };
        let reach = match self.kind {
            Kind::Flag if self.counts => format!("through {seen}"),
            Kind::Flag => format!("through {}", seen - 86_400),
            // It has a trade in each second.
            _ if self.counts => format!("busy {seen}"),
            _ => "busy 1".to_owned(),
        };
        format!("{} {} {reach}", n(symbol), seen - 86_400)
    }

    /// Whether it has been traded by the end of a minute.
    fn has_begun(&self, symbol: &str, open: i64) -> bool {
        self.begins.get(symbol).is_none_or(|begins| *begins <= open)
    }

    fn value(&self, symbol: &str, open: i64) -> Ohlcv {
        let minute = self.minutes.get(&(symbol.to_owned(), open));
        minute.map_or_else(|| self.flat(symbol, open), |minute| minute.first)
    }

    /// A minute without a trade stands at the last price.
    fn flat(&self, symbol: &str, open: i64) -> Ohlcv {
        let range = (symbol.to_owned(), i64::MIN)..(symbol.to_owned(), open);
        let last = self.minutes.range(range).next_back();
        let price = last.map_or(1.0, |(_, minute)| minute.last.close);
        Ohlcv { open: price, high: price, low: price, close: price, volume: 0.0 }
    }
}

fn snapshot(minutes: &BTreeMap<(String, i64), Minute>, symbol: &str, now: i64) -> Vec<String> {
    let running = now.div_euclid(MINUTE) * MINUTE;
    let range = (symbol.to_owned(), running - 7 * MINUTE)..=(symbol.to_owned(), running);
    let candles = minutes.range(range).map(|((_, open), minute)| match *open {
        open if open == running && now < open + 55 => {
            said(symbol, open, partial(minute.first), 1, "")
        }
        open => {
            let (values, n_trades) = minute.told(open, now);
            said(symbol, open, values, n_trades, "")
        }
    });
    candles.collect()
}

pub fn of_price(price: f64) -> Ohlcv {
    Ohlcv { open: price, high: price + 1.0, low: price - 1.0, close: price + 0.5, volume: 100.0 }
}

/// As far as it has come while it runs.
fn partial(whole: Ohlcv) -> Ohlcv {
    Ohlcv { close: whole.low, volume: whole.volume / 2.0, ..whole }
}

fn of(open: i64, bar: Ohlcv, n_trades: u64) -> String {
    let Ohlcv { open: o, high: h, low: l, close: c, volume: v } = bar;
    format!("{open} {o} {h} {l} {c} {v} {n_trades}")
}

fn said(symbol: &str, open: i64, bar: Ohlcv, n_trades: u64, end: &str) -> String {
    format!("bar {symbol} {}{end}", of(open, bar, n_trades))
}
