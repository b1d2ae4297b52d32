//! The exchange as a client meets it: connections, requests, a clock that is driven, faults.

mod line;

use std::collections::BTreeMap;

use openbell_time::{Nanos, Timestamp};

use crate::agenda::Agenda;
use crate::alpaca::Alpaca;
use crate::binance::Binance;
use crate::http::{Answer, Distortion, Refusal, Reply, Request};
use crate::kraken::Kraken;
use crate::limits::Counts;
use crate::market::Market;
use crate::outbox::{Doing, Frame, Outbox, Topic};
use crate::script::{LineFault, NOTICE, RequestFault, Script};
use crate::speaker::Speaker;
use crate::switches::Speaks;
use crate::wire::{Ended, Heard, LineId, Said, Sent};
use line::Line;

/// After how long a late trade of a script becomes known.
const LATE: Nanos = Nanos::from_secs(3);

/// A simulated exchange: a function of its market, its protocol, its script, and what it is told.
///
/// *Time*: it reads no clock. Whoever drives it says the instant with each call, ascending; what it says
/// unasked is made in the call that passes the instant at which it is due.
///
/// ```
/// use openbell_vendor_sim::{Exchange, Heard, Hours, Listing, Market, Said, Script, Speaks};
/// let noon: openbell_time::Timestamp = "2025-07-02T12:00:00Z".parse()?;
/// let span = "2025-07-02T00:00:00Z".parse()?.."2025-07-03T00:00:00Z".parse()?;
/// let listing = Listing::drawn(7, "BTCUSDT".parse()?);
/// let market = Market::new(7, Hours::RoundTheClock, span, vec![listing]);
/// let mut binance = Exchange::new(market, Speaks::binance(7), Script::none());
/// let line = binance.connect(noon, "/stream").expect("no limit is reached");
/// let subscribe = r#"{"method":"SUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}"#;
/// binance.hear(noon, line, &Heard::Text(subscribe.to_owned()));
/// let said = binance.advance(noon);
/// assert_eq!(said[0].said, Said::Text(r#"{"id":1,"result":null}"#.to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Exchange {
    market: Market,
    speaker: Box<dyn Speaker>,
    script: Script,
    /// Whether a topic that fell silent speaks again once it is subscribed again.
    is_rescued: bool,
    lines: BTreeMap<LineId, Line>,
    /// What has been said and has not left, by when it leaves.
    leaving: Agenda<Sent>,
    /// Connections whose end is announced.
    ending: Agenda<LineId>,
    counts: Counts,
    /// What the exchange's clock shows beyond the client's.
    offset: Nanos,
    /// When somebody connected first.
    begun: Option<Timestamp>,
    /// Until when it cannot be reached.
    away_until: Timestamp,
    /// When the last fault of the script struck, or until when it asked to be left alone.
    struck_until: Timestamp,
    /// The latest instant that it was told.
    now: Timestamp,
}

impl Exchange {
    /// An exchange on which nobody has connected.
    pub fn new(market: Market, speaks: Speaks, script: Script) -> Exchange {
        let is_rescued = market.drawn(&[1]).is_multiple_of(2);
        let speaker: Box<dyn Speaker> = match speaks {
            Speaks::Binance(switches) => Box::new(Binance::new(switches)),
            Speaks::Kraken(switches) => Box::new(Kraken::new(switches, &market)),
            Speaks::Alpaca(switches) => Box::new(Alpaca::new(switches, &market)),
        };
        Exchange {
            market,
            speaker,
            script,
            is_rescued,
            lines: BTreeMap::new(),
            leaving: Agenda::new(),
            ending: Agenda::new(),
            counts: Counts::default(),
            offset: Nanos::ZERO,
            begun: None,
            away_until: Timestamp::MIN,
            struck_until: Timestamp::MIN,
            now: Timestamp::MIN,
        }
    }

    /// The truth that is spoken of, late trades of the script among it.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// What its clients did so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Since when no fault of the script has struck or kept it away; the earliest instant where none
    /// has. What a fault does to a connection may outlast it for as long as that connection.
    pub fn calm_since(&self) -> Timestamp {
        self.struck_until.max(self.away_until)
    }

    /// Opens a connection to a path.
    ///
    /// # Errors
    ///
    /// Where the exchange refuses it or cannot be reached.
    pub fn connect(&mut self, now: Timestamp, path: &str) -> Result<LineId, Refusal> {
        self.pass(now);
        self.counts.connects += 1;
        if self.now < self.away_until {
            return Err(Refusal::Unreachable);
        }
        let mut doings = Vec::new();
        let mut out =
            Outbox { now: self.now + self.offset, doings: &mut doings, counts: &mut self.counts };
        self.speaker.admit(path, &mut out).map_err(Refusal::Status)?;
        self.begun.get_or_insert(self.now);
        let line = LineId(self.lines.len() as u32 + 1);
        self.lines.insert(line, Line::new());
        self.speaker.opened(&self.market, line, path, &mut out);
        self.take(doings);
        Ok(line)
    }

    /// Takes a frame from the client; one on a connection that is over is lost.
    pub fn hear(&mut self, now: Timestamp, line: LineId, heard: &Heard) {
        self.pass(now);
        if self.lines.get(&line).is_some_and(Line::is_open) {
            self.counts.heard += 1;
            self.spoken(|speaker, market, out| speaker.heard(market, line, heard, out));
        }
    }

    /// The client's end of a connection is gone.
    pub fn leave(&mut self, now: Timestamp, line: LineId, how: Ended) {
        self.pass(now);
        if let Some(state) = self.lines.get_mut(&line)
            && let Some(known) = state.leave(how)
        {
            self.speaker.ended(line, known, self.now + self.offset);
        }
    }

    /// Answers a request.
    pub fn ask(&mut self, now: Timestamp, request: &Request) -> Answer {
        self.pass(now);
        self.counts.requests += 1;
        if self.now < self.away_until {
            return Answer::Unreachable;
        }
        let number = self.counts.requests as u32;
        let faults = self.script.at_request(number).to_vec();
        if !faults.is_empty() {
            self.struck_until = self.struck_until.max(self.now);
        }
        let mut distortion = Distortion::default();
        for fault in &faults {
            match fault {
                RequestFault::LagRows(n) => distortion.n_lagging = *n,
                RequestFault::Empty => distortion.is_empty = true,
                RequestFault::Clock(offset) => self.offset = *offset,
                RequestFault::Hang => return Answer::Hangs,
                RequestFault::Status { code, retry_after } => {
                    let wait = Nanos::from_secs(i64::from(retry_after.unwrap_or(0)));
                    self.struck_until = self.struck_until.max(self.now + wait);
                    let reply = Reply::new(*code, "");
                    return Answer::Reply(match retry_after {
                        Some(seconds) => reply.with("Retry-After", seconds),
                        None => reply,
                    });
                }
                RequestFault::Truncate => {}
            }
        }
        let reply =
            self.spoken(|speaker, market, out| speaker.reply(market, request, distortion, out));
        if faults.contains(&RequestFault::Truncate) {
            Answer::Truncated(reply)
        } else {
            Answer::Reply(reply)
        }
    }

    /// Everything that leaves by `now`, in order.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Sent> {
        self.pass(now);
        let mut sent = Vec::new();
        while let Some((_, thing)) = self.leaving.take(self.now) {
            sent.push(thing);
        }
        sent
    }

    /// When something may leave unasked at the earliest; `None` while nothing is planned.
    pub fn next_due(&self) -> Option<Timestamp> {
        let spoken = self.speaker.due().map(|at| (at - self.offset).max(self.now));
        [self.leaving.due(), self.ending.due(), spoken].into_iter().flatten().min()
    }

    /// Has everything said that is due by `now`.
    fn pass(&mut self, now: Timestamp) {
        let now = now.max(self.now);
        loop {
            let spoken = self.speaker.due().map(|at| at - self.offset);
            let until = spoken.unwrap_or(now).min(now);
            if let Some((at, line)) = self.ending.take(until) {
                self.now = self.now.max(at);
                self.leave_by(line, Said::Close(1001, "going away".to_owned()));
            } else if let Some(due) = spoken.filter(|&due| due <= now) {
                self.now = self.now.max(due);
                self.spoken(|speaker, market, out| speaker.speak(market, out));
            } else {
                break;
            }
        }
        self.now = now;
    }

    /// Has the speaker act at the exchange's instant, and sends what it wants sent.
    fn spoken<T>(
        &mut self,
        act: impl FnOnce(&mut dyn Speaker, &Market, &mut Outbox<'_>) -> T,
    ) -> T {
        let mut doings = Vec::new();
        let mut out =
            Outbox { now: self.now + self.offset, doings: &mut doings, counts: &mut self.counts };
        let done = act(self.speaker.as_mut(), &self.market, &mut out);
        self.take(doings);
        done
    }

    fn take(&mut self, doings: Vec<Doing>) {
        for doing in doings {
            match doing {
                Doing::Send(line, frame) => self.send(line, frame),
                Doing::Subscribed(line, symbol) => {
                    if self.is_rescued
                        && let Some(state) = self.lines.get_mut(&line)
                    {
                        state.swallowed.remove(&symbol);
                    }
                }
            }
        }
    }

    /// Sends a frame with the faults that the script has for it.
    fn send(&mut self, line: LineId, frame: Frame) {
        let Some(state) = self.lines.get_mut(&line) else { return };
        let Some(number) = state.count() else { return };
        let mut faults = self.script.at_frame(line.0, number).to_vec();
        let topic = topic_of(&frame);
        if let (Some(begun), Some(_)) = (self.begun, topic) {
            faults.extend(self.script.take_after(self.now - begun));
        }
        for fault in &faults {
            self.struck_until = self.struck_until.max(self.now + fault.length());
            self.begin(line, fault, topic);
        }
        let Some(state) = self.lines.get_mut(&line) else { return };
        let Some(said) = state.filtered(frame) else { return };
        let mut said = vec![said];
        for fault in &faults {
            state.distort(fault, &mut said);
        }
        for said in state.in_order(said) {
            self.leave_by(line, said);
        }
        for fault in faults {
            self.finish(line, &fault);
        }
    }

    /// What a fault does before its frame is sent.
    fn begin(&mut self, line: LineId, fault: &LineFault, topic: Option<Topic>) {
        let Some(state) = self.lines.get_mut(&line) else { return };
        match fault {
            LineFault::Swallow(symbol) => {
                let listings = self.market.listings();
                let place = listings.iter().position(|listing| listing.symbol == *symbol);
                state.swallowed.extend(place);
            }
            LineFault::Mute => state.is_mute = true,
            LineFault::PingStop => {
                state.is_beatless = true;
                self.speaker.stop_pings(line);
            }
            LineFault::Delay(by) => state.not_before = self.now + *by,
            LineFault::Clock(offset) => self.offset = *offset,
            LineFault::Revise => {
                if let Some(topic) = topic {
                    let now = self.now + self.offset;
                    let last = topic.slot.until - Nanos::from_nanos(1_000_000);
                    let at = last.min(now);
                    let reported_at = now.max(last) + LATE;
                    self.market.report_late(topic.symbol, at, reported_at);
                    self.speaker.reported_late(topic.symbol, at, reported_at);
                }
            }
            _ => {}
        }
    }

    /// What a fault does after its frame is sent.
    fn finish(&mut self, line: LineId, fault: &LineFault) {
        let outage = match fault {
            LineFault::Cut { outage } => {
                self.leave_by(line, Said::Cut);
                *outage
            }
            LineFault::Reset { outage } => {
                self.leave_by(line, Said::Reset);
                *outage
            }
            LineFault::Half { outage } | LineFault::Hang { outage } => *outage,
            LineFault::Shutdown => {
                self.spoken(|speaker, _, out| speaker.announce_end(line, out));
                self.ending.add(self.now + NOTICE, line);
                return;
            }
            LineFault::Error(code) => {
                if let Some(text) = self.speaker.error(*code) {
                    self.leave_by(line, Said::Text(text));
                }
                self.leave_by(line, Said::Close(1008, String::new()));
                return;
            }
            _ => return,
        };
        self.away_until = self.away_until.max(self.now + outage);
        if matches!(fault, LineFault::Hang { .. })
            && let Some(state) = self.lines.get_mut(&line)
        {
            state.hang();
        }
    }

    /// Lets a thing leave on a connection, after all that was said on it before.
    fn leave_by(&mut self, line: LineId, said: Said) {
        let Some(state) = self.lines.get_mut(&line) else { return };
        if !state.is_open() {
            return;
        }
        let at = state.not_before.max(self.now);
        self.counts.sent += 1;
        if said.is_end() {
            let how = if said == Said::Reset { Ended::Lost } else { Ended::Closed };
            state.end();
            self.speaker.ended(line, how, at + self.offset);
        }
        self.leaving.add(at, Sent { at, line, said });
    }
}

/// The first topic of a frame.
fn topic_of(frame: &Frame) -> Option<Topic> {
    match frame {
        Frame::Data(topic, _) => Some(*topic),
        Frame::Array(parts) => parts.first().map(|(topic, _)| *topic),
        Frame::Control(_) | Frame::Beat(_) | Frame::End(_) => None,
    }
}
