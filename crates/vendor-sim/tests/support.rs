//! A client that asks, listens and remembers, and the markets it listens to.

use openbell_time::{Nanos, TimeManager, Timestamp};
use openbell_vendor_sim::{
    Answer, Exchange, Heard, Hours, LineId, Listing, Market, Reply, Request, Said, Sent,
};
use serde_json::Value;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn secs(seconds: i64) -> Nanos {
    Nanos::from_secs(seconds)
}

pub fn millis(ms: i64) -> Nanos {
    Nanos::from_nanos(ms * 1_000_000)
}

/// A listing that trades in every minute and is never late.
pub fn busy(symbol: &str) -> Listing {
    let drawn = Listing::drawn(7, symbol.parse().unwrap());
    Listing { silent_pct: 0, late_pct: 0, ..drawn }
}

/// The day 2025-07-02 of UTC, round the clock.
pub fn coins(seed: u64, listings: Vec<Listing>) -> Market {
    let span = at("2025-07-02T00:00:00Z")..at("2025-07-04T00:00:00Z");
    Market::new(seed, Hours::RoundTheClock, span, listings)
}

/// The same days in the hours of the New York exchanges.
pub fn shares(seed: u64, listings: Vec<Listing>) -> Market {
    let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
    let span = at("2025-07-02T00:00:00Z")..at("2025-07-04T00:00:00Z");
    let listings = listings.into_iter().map(Listing::of_shares).collect();
    Market::new(seed, Hours::Regular(calendar), span, listings)
}

/// One client of an exchange.
pub struct Client {
    pub exchange: Exchange,
    pub now: Timestamp,
    pub sent: Vec<Sent>,
    /// Whether pings are answered.
    pub answers_pings: bool,
}

impl Client {
    pub fn new(exchange: Exchange, now: Timestamp) -> Client {
        Client { exchange, now, sent: Vec::new(), answers_pings: true }
    }

    pub fn connect(&mut self, path: &str) -> LineId {
        self.exchange.connect(self.now, path).expect("the connection is accepted")
    }

    pub fn say(&mut self, line: LineId, text: &str) {
        self.exchange.hear(self.now, line, &Heard::Text(text.to_owned()));
        self.listen(self.now);
    }

    /// Listens until an instant, from one thing that is due to the next.
    pub fn listen(&mut self, until: Timestamp) {
        loop {
            let next = self.exchange.next_due().filter(|&due| due <= until);
            self.now = next.unwrap_or(until).max(self.now);
            for sent in self.exchange.advance(self.now) {
                if let (Said::Ping(payload), true) = (&sent.said, self.answers_pings) {
                    self.exchange.hear(self.now, sent.line, &Heard::Pong(payload.clone()));
                }
                self.sent.push(sent);
            }
            if next.is_none() {
                return;
            }
        }
    }

    pub fn listen_for(&mut self, length: Nanos) {
        self.listen(self.now + length);
    }

    /// The text messages that came so far, as JSON.
    pub fn messages(&self) -> Vec<Value> {
        self.timed_messages().into_iter().map(|(_, message)| message).collect()
    }

    pub fn timed_messages(&self) -> Vec<(Timestamp, Value)> {
        let text = |sent: &Sent| match &sent.said {
            Said::Text(text) => serde_json::from_str(text).ok().map(|json| (sent.at, json)),
            _ => None,
        };
        self.sent.iter().filter_map(text).collect()
    }

    /// How the connections ended that did.
    pub fn ends(&self) -> Vec<Said> {
        let ends = self.sent.iter().filter(|sent| sent.said.is_end());
        ends.map(|sent| sent.said.clone()).collect()
    }

    pub fn reply(&mut self, request: &Request) -> Reply {
        match self.exchange.ask(self.now, request) {
            Answer::Reply(reply) => reply,
            other => panic!("a reply is needed, got {other:?}"),
        }
    }

    /// The body of a reply with status 200.
    pub fn ask(&mut self, target: &str) -> Value {
        let reply = self.reply(&request(target));
        assert_eq!(reply.status, 200, "{target}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }
}

/// A request with every header that any of the vendors wants.
pub fn request(target: &str) -> Request {
    Request::get(target)
        .with("User-Agent", "test")
        .with("APCA-API-KEY-ID", "key")
        .with("APCA-API-SECRET-KEY", "secret")
}

pub fn header<'r>(reply: &'r Reply, field: &str) -> Option<&'r str> {
    let found = reply.headers.iter().find(|(name, _)| name == field);
    found.map(|(_, value)| value.as_str())
}
