//! The way between a client and the exchange: it takes time, stands still, breaks, and dies without a
//! word in one direction or both.
//!
//! What goes over one connection in one direction arrives in order or not at all, as over TCP; two
//! connections, and a request beside them, know nothing of each other.

use std::collections::BTreeMap;

use openbell_data_manager::live::{AskId, LineId, Order, Outgoing};
use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::{
    Answer, Ended, Exchange, Heard, LineId as Accepted, Refusal, Reply, Request, Said,
};

use super::topic::without_topics;
use super::weather::{Strike, Weather};
use crate::simulation::draw::Draw;

/// How long a request may take in all.
const REQUEST: Nanos = Nanos::from_secs(10);
/// A place that is taken is not asked for again before this.
const TAKEN: Nanos = Nanos::from_secs(10);
/// The largest message that the transport takes.
const MESSAGE_MAX: usize = 16 << 20;

/// Something that reaches the client.
#[derive(Clone, PartialEq, Debug)]
pub enum Arrival {
    /// The connection stands.
    Opened(LineId),
    /// A text.
    Text(LineId, String),
    /// A ping or a pong.
    Beat(LineId),
    /// The connection is over, or could not be made.
    Closed(LineId, String),
    /// A request has come back, or has not.
    Answered(AskId, Result<Reply, String>),
}

enum Packet {
    Connect(LineId, String),
    ToExchange(LineId, Heard),
    Leave(LineId),
    Request(AskId, Request),
    ToClient(Arrival),
    /// One with which its line is over.
    End(LineId, String),
    /// One that the transport does not take: it ends the line.
    Refused(LineId, String),
}

/// A connection.
struct Way {
    accepted: Option<Accepted>,
    /// Nothing arrives over it any more: at the exchange, at the client.
    is_deaf: bool,
    is_mute: bool,
    /// The client has closed it, or knows that it is over.
    is_over: bool,
    /// When what was sent last arrives.
    there_at: Timestamp,
    back_at: Timestamp,
}

/// What has gone over the network.
#[derive(Clone, Copy, Default, Debug)]
pub struct Traffic {
    /// Texts that reached the client.
    pub n_texts: u64,
    /// Requests that reached the exchange.
    pub n_requests: u64,
    /// Refusals that reached the client because another connection has the place.
    pub n_taken: u64,
    /// Requests made before the instant that a refusal named, and attempts to connect sooner after a
    /// refusal than anybody should.
    pub n_impatient: u64,
}

/// The network with the exchange at its other end.
pub struct Network {
    /// The exchange.
    pub exchange: Exchange,
    /// What has gone over it.
    pub traffic: Traffic,
    /// The texts that the client has sent but for pings, and its requests, by the true time.
    pub said: Vec<(Timestamp, String)>,
    weather: Weather,
    delay: Nanos,
    jitter: Nanos,
    draw: Draw,
    ways: BTreeMap<LineId, Way>,
    lines: BTreeMap<Accepted, LineId>,
    packets: BTreeMap<(Timestamp, u64), Packet>,
    n_packets: u64,
    /// Until when the exchange wants no request.
    asked_off_until: Timestamp,
    /// Until when nobody asks for a place that is taken.
    taken_until: Timestamp,
}

impl Network {
    /// A network whose ways take `delay` and up to `jitter` more.
    pub fn new(
        exchange: Exchange,
        weather: Weather,
        (delay, jitter): (Nanos, Nanos),
        draw: Draw,
    ) -> Network {
        Network {
            exchange,
            traffic: Traffic::default(),
            said: Vec::new(),
            weather,
            delay,
            jitter,
            draw,
            ways: BTreeMap::new(),
            lines: BTreeMap::new(),
            packets: BTreeMap::new(),
            n_packets: 0,
            asked_off_until: Timestamp::MIN,
            taken_until: Timestamp::MIN,
        }
    }

    /// Its troubles.
    pub fn weather(&self) -> &Weather {
        &self.weather
    }

    /// The instant at which something happens by itself.
    pub fn next_due(&self) -> Timestamp {
        let packet = self.packets.keys().next().map(|&(at, _)| at);
        let due = [packet, self.exchange.next_due(), self.weather.next_due()];
        due.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
    }

    /// Takes what the client wants done.
    pub fn carry(
        &mut self,
        order: Order,
        now: Timestamp,
        login: Option<String>,
        request: Option<Request>,
    ) {
        match order {
            Order::Open { line, url } => {
                let way = Way {
                    accepted: None,
                    is_deaf: false,
                    is_mute: false,
                    is_over: false,
                    there_at: now,
                    back_at: now,
                };
                self.ways.insert(line, way);
                self.traffic.n_impatient += u64::from(now < self.taken_until);
                if self.weather.is_dark(now) {
                    return; // Nothing is ever heard of it.
                }
                let at = now + self.delay() + self.delay();
                self.post(at, Packet::Connect(line, path_of(&url)));
            }
            Order::Send { line, message } => {
                let heard = match message {
                    Outgoing::Text(text) => {
                        if !text.contains("\"ping\"") {
                            self.said.push((now, text.to_string()));
                        }
                        Heard::Text(text.into())
                    }
                    Outgoing::Ping => Heard::Ping(Vec::new()),
                    Outgoing::Login => Heard::Text(login.unwrap_or_default()),
                };
                self.there(line, now, |line| Packet::ToExchange(line, heard));
            }
            Order::Close { line } => {
                if let Some(way) = self.ways.get_mut(&line) {
                    way.is_over = true;
                }
                self.there(line, now, Packet::Leave);
            }
            Order::Ask { ask, .. } => {
                self.traffic.n_impatient += u64::from(now < self.asked_off_until);
                let Some(request) = request else { return };
                self.said.push((now, format!("GET {}", request.target)));
                if self.weather.is_dark(now) {
                    self.answer(ask, now + REQUEST, Err("timed out".to_owned()));
                } else {
                    let at = now + self.delay() + self.delay();
                    self.post(at, Packet::Request(ask, request));
                }
            }
        }
    }

    /// What reaches the client by `now`, in order.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for strike in self.weather.take_strikes(now) {
            self.strike(strike, now, &mut arrivals);
        }
        self.listen(now);
        while let Some(entry) = self.packets.first_entry().filter(|entry| entry.key().0 <= now) {
            let packet = entry.remove();
            self.deliver(packet, now, &mut arrivals);
            self.listen(now);
        }
        arrivals
    }

    fn deliver(&mut self, packet: Packet, now: Timestamp, arrivals: &mut Vec<Arrival>) {
        match packet {
            Packet::Connect(line, path) => self.connect(line, &path, now),
            Packet::ToExchange(line, heard) => {
                if let Some(accepted) = self.accepted(line) {
                    self.exchange.hear(now, accepted, &heard);
                }
            }
            Packet::Leave(line) => {
                let Some(way) = self.ways.get(&line) else { return };
                // Of one that is gone without a word the exchange learns in its own time.
                let how = if way.is_mute { Ended::Lost } else { Ended::Closed };
                if let Some(accepted) = way.accepted {
                    self.exchange.leave(now, accepted, how);
                }
            }
            Packet::Request(ask, request) => self.request(ask, &request, now),
            Packet::ToClient(arrival) => {
                if let Arrival::Opened(line) | Arrival::Text(line, _) | Arrival::Beat(line) =
                    &arrival
                    && self.ways.get(line).is_none_or(|way| way.is_deaf || way.is_over)
                {
                    return;
                }
                if let Arrival::Text(_, text) = &arrival {
                    self.traffic.n_texts += 1;
                    if text.contains("\"code\":406") {
                        self.traffic.n_taken += 1;
                        self.taken_until = now + TAKEN;
                    }
                }
                arrivals.push(arrival);
            }
            Packet::End(line, said) => {
                if let Some(way) = self.ways.get_mut(&line)
                    && !way.is_deaf
                    && !way.is_over
                {
                    way.is_over = true;
                    arrivals.push(Arrival::Closed(line, said));
                }
            }
            Packet::Refused(line, said) => {
                self.deliver(Packet::End(line, said), now, arrivals);
                if let Some(accepted) = self.accepted(line) {
                    self.exchange.leave(now, accepted, Ended::Lost);
                }
            }
        }
    }

    fn connect(&mut self, line: LineId, path: &str, now: Timestamp) {
        let Some(way) = self.ways.get(&line) else { return };
        if way.is_over || way.is_deaf {
            return;
        }
        let back = now + self.delay();
        if self.weather.is_cut(now) {
            return self.post(back, Packet::End(line, "connection refused".to_owned()));
        }
        match self.exchange.connect(now, path) {
            Ok(accepted) => {
                let way = self.ways.get_mut(&line).expect("it is there");
                (way.accepted, way.back_at) = (Some(accepted), back);
                self.lines.insert(accepted, line);
                self.post(back, Packet::ToClient(Arrival::Opened(line)));
            }
            Err(Refusal::Status(reply)) => {
                self.post(back, Packet::End(line, format!("HTTP {}", reply.status)));
            }
            Err(Refusal::Unreachable) => {
                self.post(back, Packet::End(line, "connection refused".to_owned()));
            }
        }
    }

    fn request(&mut self, ask: AskId, request: &Request, now: Timestamp) {
        let back = now + self.delay();
        if self.weather.is_cut(now) {
            return self.answer(ask, back, Err("connection refused".to_owned()));
        }
        if self.weather.has_no_history(now) {
            let reply = Reply { status: 503, headers: Vec::new(), body: String::new() };
            return self.answer(ask, back, Ok(reply));
        }
        self.traffic.n_requests += 1;
        let late = now + REQUEST;
        match self.exchange.ask(now, request) {
            Answer::Reply(reply) => {
                let wait = reply.headers.iter().find(|(name, _)| name == "Retry-After");
                if let Some(seconds) = wait.and_then(|(_, value)| value.parse().ok()) {
                    // The client knows of it when the answer is there.
                    self.asked_off_until = back + Nanos::from_secs(seconds);
                }
                self.answer(ask, back, Ok(reply));
            }
            Answer::Truncated(_) => {
                self.answer(ask, back, Err("the body ends too early".to_owned()));
            }
            Answer::Hangs => self.answer(ask, late, Err("timed out".to_owned())),
            Answer::Unreachable => self.answer(ask, back, Err("connection refused".to_owned())),
        }
    }

    fn answer(&mut self, ask: AskId, at: Timestamp, came: Result<Reply, String>) {
        self.post(at, Packet::ToClient(Arrival::Answered(ask, came)));
    }

    /// Takes what the exchange has said.
    fn listen(&mut self, now: Timestamp) {
        for sent in self.exchange.advance(now) {
            let Some(&line) = self.lines.get(&sent.line) else { continue };
            let packet = match sent.said {
                Said::Text(text) if text.len() > MESSAGE_MAX => {
                    Packet::Refused(line, "a message of more than 16 MiB".to_owned())
                }
                Said::Text(text) => match without_topics(text, self.weather.silent(now)) {
                    Some(text) => Packet::ToClient(Arrival::Text(line, text)),
                    None => continue,
                },
                Said::Ping(payload) => {
                    // The transport answers it when it is there.
                    self.back(line, now, Packet::ToClient(Arrival::Beat(line)));
                    let at = self.ways[&line].back_at;
                    self.there(line, at, |line| Packet::ToExchange(line, Heard::Pong(payload)));
                    continue;
                }
                Said::Pong(_) => Packet::ToClient(Arrival::Beat(line)),
                Said::Half(_) => Packet::End(line, "it ended within a message".to_owned()),
                Said::Close(code, why) => Packet::End(line, format!("closed: {code} {why}")),
                Said::Cut => Packet::End(line, "ended".to_owned()),
                Said::Reset => Packet::End(line, "reset by peer".to_owned()),
            };
            self.back(line, now, packet);
        }
    }

    /// Something happens to all connections that there are.
    fn strike(&mut self, strike: Strike, now: Timestamp, arrivals: &mut Vec<Arrival>) {
        let open: Vec<LineId> =
            self.ways.iter().filter(|(_, way)| !way.is_over).map(|(line, _)| *line).collect();
        for line in open {
            let way = self.ways.get_mut(&line).expect("it is there");
            let accepted = way.accepted;
            match strike {
                Strike::Reset => {
                    way.is_over = true;
                    arrivals.push(Arrival::Closed(line, "reset by peer".to_owned()));
                }
                Strike::Dies => (way.is_deaf, way.is_mute) = (true, true),
                Strike::Deafens => way.is_deaf = true,
                Strike::Silences => way.is_mute = true,
            }
            if let (Strike::Reset | Strike::Dies, Some(accepted)) = (strike, accepted) {
                self.exchange.leave(now, accepted, Ended::Lost);
            }
        }
    }

    /// Where the exchange hears the client; what is lost on the way is lost.
    fn accepted(&mut self, line: LineId) -> Option<Accepted> {
        let way = self.ways.get(&line)?;
        if way.is_mute { None } else { way.accepted }
    }

    fn there(&mut self, line: LineId, now: Timestamp, packet: impl FnOnce(LineId) -> Packet) {
        let at = self.weather.free_at(now) + self.delay();
        if let Some(way) = self.ways.get_mut(&line) {
            way.there_at = at.max(way.there_at);
            let at = way.there_at;
            self.post(at, packet(line));
        }
    }

    fn back(&mut self, line: LineId, now: Timestamp, packet: Packet) {
        let at = self.weather.free_at(now) + self.delay();
        if let Some(way) = self.ways.get_mut(&line) {
            way.back_at = at.max(way.back_at);
            let at = way.back_at;
            self.post(at, packet);
        }
    }

    fn delay(&mut self) -> Nanos {
        let jitter = self.draw.below(self.jitter.as_nanos() as usize + 1) as i64;
        self.delay + Nanos::from_nanos(jitter)
    }

    fn post(&mut self, at: Timestamp, packet: Packet) {
        self.n_packets += 1;
        self.packets.insert((at, self.n_packets), packet);
    }
}

/// The path of an address, with its query.
pub fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/".to_owned(), |at| rest[at..].to_owned())
}
