//! A vendor, a door and a market, second by second; each look at a feed is held against what every
//! live feed promises.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use openbell_data_manager::live::{
    Door, DoorFeed, Found, Frame, LineId, Note, Order, Outgoing, Response, Settings, Vendor,
};
use openbell_data_manager::{Feed, Link};
use openbell_market::{BarColumns, Ohlcv};
use openbell_time::{Nanos, SimulatedWall, Timestamp};

use super::exchange::{Exchange, MINUTE};
use super::words::Words;
use crate::support::{at, series};

pub struct World {
    pub exchange: Exchange,
    pub vendor: Vendor<Words>,
    pub door: Door,
    pub watched: BTreeMap<String, Watched>,
    pub notes: Vec<(i64, Note)>,
    pub now: i64,
    /// What our clock shows more than the market's.
    pub clock_ahead: i64,
    due: Timestamp,
    /// Whether something was said since the vendor was last at work.
    is_touched: bool,
    /// Requests that nobody answers.
    pub n_hanging: usize,
}

/// What came of one symbol.
pub struct Watched {
    pub feed: DoorFeed,
    since: i64,
    /// When it came by our clock, its open, its values.
    pub rows: Vec<(i64, i64, Ohlcv)>,
    pub revisions: Vec<(i64, i64, Ohlcv)>,
    pub through: Timestamp,
    /// What the feed has said to be given up.
    pub given_up: Vec<Range<Timestamp>>,
    pub link: Link,
    /// Each link that was not that of the look before, and when.
    pub links: Vec<(i64, Link)>,
}

pub fn second(text: &str) -> i64 {
    at(&format!("2025-07-02T{text}Z")).as_secs()
}

pub fn stamp(second: i64) -> Timestamp {
    Timestamp::from_secs(second).unwrap()
}

impl World {
    pub fn new(exchange: Exchange, now: i64) -> World {
        World::with(exchange, now, |_| {})
    }

    /// With something changed in the vendor's table.
    pub fn with(
        exchange: Exchange,
        now: i64,
        change: impl FnOnce(&mut openbell_data_manager::live::VendorTraits),
    ) -> World {
        World::made(exchange, now, Settings::new(11), change)
    }

    /// Where a bar that has not come is asked for so many seconds after its close.
    pub fn probing_after(exchange: Exchange, now: i64, seconds: i64) -> World {
        let settings = Settings { probe_after: Nanos::from_secs(seconds), ..Settings::new(11) };
        World::made(exchange, now, settings, |_| {})
    }

    fn made(
        exchange: Exchange,
        now: i64,
        settings: Settings,
        change: impl FnOnce(&mut openbell_data_manager::live::VendorTraits),
    ) -> World {
        let wall = Arc::new(SimulatedWall::new(stamp(now)));
        let (door, inlet) = Door::new(wall, 5_000);
        let mut traits = exchange.traits();
        change(&mut traits);
        let tells_clock = exchange.tells_clock;
        let vendor = Vendor::new(Words { traits, tells_clock }, settings, inlet);
        World {
            exchange,
            vendor,
            door,
            watched: BTreeMap::new(),
            notes: Vec::new(),
            now,
            clock_ahead: 0,
            due: Timestamp::MIN,
            is_touched: true,
            n_hanging: 0,
        }
    }

    pub fn want(&mut self, symbol: &str, since: i64) {
        let mut feed = self.door.feed(&series(&format!("{symbol} 1m"))).unwrap();
        feed.seek(stamp(since)).unwrap();
        let link = Link::Stored;
        let watched = Watched {
            feed,
            since,
            rows: Vec::new(),
            revisions: Vec::new(),
            through: Timestamp::MIN,
            given_up: Vec::new(),
            link,
            links: Vec::new(),
        };
        self.watched.insert(symbol.to_owned(), watched);
        self.is_touched = true;
    }

    /// The session is over, for the core.
    pub fn hurry(&mut self, symbol: &str, due: i64) {
        self.watched.get_mut(symbol).unwrap().feed.hurry(stamp(due));
        self.is_touched = true;
    }

    pub fn of(&self, symbol: &str) -> &Watched {
        &self.watched[symbol]
    }

    pub fn run_until(&mut self, text: &str) {
        self.run_to(second(text));
    }

    pub fn run_to(&mut self, until: i64) {
        while self.now < until {
            self.now += 1;
            for (line, text) in self.exchange.emits(self.now) {
                self.vendor.heard(line, self.our_now(), Frame::Text(&text));
                self.is_touched = true;
            }
            if self.is_touched || self.due <= self.our_now() {
                self.settle();
            }
            self.look();
        }
    }

    /// Every line breaks, and is seen to.
    pub fn cut(&mut self) {
        let lines: Vec<LineId> = std::mem::take(&mut self.exchange.lines).into_keys().collect();
        for line in lines {
            self.vendor.closed(line, self.our_now(), "connection reset");
        }
        self.settle();
    }

    /// Every line goes on without a word, at our side.
    pub fn half_open(&mut self) {
        self.exchange.lines.clear();
    }

    pub fn says(&mut self, text: &str) {
        let lines: Vec<LineId> = self.exchange.lines.keys().copied().collect();
        for line in lines {
            self.vendor.heard(line, self.our_now(), Frame::Text(text));
        }
        self.settle();
    }

    pub fn our_now(&self) -> Timestamp {
        stamp(self.now + self.clock_ahead)
    }

    /// Carries out what the vendor wants done, until nothing is left of it.
    pub fn settle(&mut self) {
        let now = self.our_now();
        for _ in 0..1_000 {
            self.due = self.vendor.tick(now);
            self.notes.extend(self.vendor.take_notes().into_iter().map(|note| (self.now, note)));
            let orders = self.vendor.take_orders();
            if orders.is_empty() {
                self.is_touched = false;
                return;
            }
            for order in orders {
                self.carry_out(order, now);
            }
        }
        panic!("the vendor at work does not come to rest at {}", self.now);
    }

    fn carry_out(&mut self, order: Order, now: Timestamp) {
        match order {
            Order::Open { line, .. } => match self.exchange.open(line, self.now) {
                None => self.vendor.closed(line, now, "no route"),
                Some(said) => {
                    self.vendor.opened(line, now);
                    for text in said {
                        self.vendor.heard(line, now, Frame::Text(&text));
                    }
                }
            },
            Order::Send { line, message: Outgoing::Text(text) } => {
                for said in self.exchange.received(line, &text, self.now) {
                    self.vendor.heard(line, now, Frame::Text(&said));
                }
            }
            Order::Send { line, message: Outgoing::Ping } => {
                if self.exchange.lines.contains_key(&line) {
                    self.vendor.heard(line, now, Frame::Beat);
                }
            }
            Order::Send { message: Outgoing::Login, .. } => panic!("nobody asked for a login"),
            Order::Close { line } => drop(self.exchange.lines.remove(&line)),
            Order::Ask { ask, request } => {
                let Some((status, wait, body)) = self.exchange.asked(&request.url, self.now) else {
                    self.n_hanging += 1;
                    return;
                };
                let headers = [("Retry-After".to_owned(), wait.to_string())];
                let headers = if wait > 0 { &headers[..] } else { &[] };
                let response = Response { status, headers, body: &body };
                self.vendor.answered(ask, now, Ok(response));
            }
        }
    }

    /// Looks at each feed as the core does, and at what it promises.
    pub fn look(&mut self) {
        let now = self.our_now();
        for (symbol, watched) in &mut self.watched {
            let has_news = watched.feed.has_news(now);
            let (mut rows, mut revised) = (BarColumns::default(), BarColumns::default());
            let progress = watched.feed.poll(now, Timestamp::MAX, &mut rows).unwrap();
            watched.feed.poll_revisions(now, &mut revised);
            for row in 0..rows.len() {
                let open = rows.opens_at(row);
                let closes_at = open + Nanos::from_secs(MINUTE);
                assert!(closes_at <= now, "{symbol}: {open} was handed out at {now}");
                let is_new = watched.rows.iter().all(|(_, known, _)| *known != open.as_secs());
                assert!(is_new, "{symbol}: {open} was handed out twice");
                assert!(open.as_secs() >= watched.since, "{symbol}: {open} was not asked for");
                watched.rows.push((now.as_secs(), open.as_secs(), rows.ohlcv(row)));
            }
            for row in 0..revised.len() {
                let open = revised.opens_at(row).as_secs();
                let is_known = watched.rows.iter().any(|(_, known, _)| *known == open);
                assert!(is_known, "{symbol}: a revision of nothing at {open}");
                watched.revisions.push((now.as_secs(), open, revised.ohlcv(row)));
            }
            let through = progress.complete_through;
            assert!(through >= watched.through && through <= now, "{symbol}: {through} at {now}");
            let is_new = !rows.is_empty() || !revised.is_empty() || through != watched.through;
            assert!(has_news || !is_new, "{symbol}: news at {now} of which nobody was told");
            for of in progress.given_up {
                assert!(of.end <= through, "{symbol}: {of:?} is not complete");
                watched.given_up.push(of);
            }
            watched.through = through;
            if watched.link != progress.link {
                watched.link = progress.link.clone();
                watched.links.push((now.as_secs(), progress.link));
            }
        }
    }

    /// What is known of each minute in the end: the bars, with their revisions.
    pub fn known(&self, symbol: &str) -> BTreeMap<i64, Ohlcv> {
        let watched = self.of(symbol);
        let rows = watched.rows.iter().chain(&watched.revisions);
        rows.map(|&(_, open, ohlcv)| (open, ohlcv)).collect()
    }

    /// Every minute that is complete is there as it was, and none that was not.
    pub fn check_truth(&self, symbol: &str) {
        let watched = self.of(symbol);
        let known = self.known(symbol);
        let mut open = (watched.since + MINUTE - 1).div_euclid(MINUTE) * MINUTE;
        while open + MINUTE <= watched.through.as_secs() {
            let (found, truth) = (known.get(&open).copied(), self.exchange.truth(symbol, open));
            let is_named = found.is_none() && self.is_named(symbol, open);
            assert!(found == truth || is_named, "{symbol} at {}: {found:?} {truth:?}", stamp(open));
            open += MINUTE;
        }
    }

    /// Whether a minute lies in a gap that was named.
    pub fn is_named(&self, symbol: &str, open: i64) -> bool {
        self.notes.iter().any(|(_, note)| match note {
            Note::Series { key, found: Found::GapLeft { missing, .. } } => {
                key.symbol.as_str() == symbol && missing.contains(&stamp(open))
            }
            _ => false,
        })
    }

    pub fn found(&self, is_it: impl Fn(&Found) -> bool) -> usize {
        let found = self.notes.iter().filter(|(_, note)| match note {
            Note::Series { found, .. } => is_it(found),
            _ => false,
        });
        found.count()
    }
}

impl Watched {
    pub fn n_down(&self) -> usize {
        self.links.iter().filter(|(_, link)| matches!(link, Link::Down { .. })).count()
    }

    pub fn opens(&self) -> Vec<i64> {
        self.rows.iter().map(|&(_, open, _)| open).collect()
    }
}
