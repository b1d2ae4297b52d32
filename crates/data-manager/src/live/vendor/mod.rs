//! A vendor at work: which lines are made, what is subscribed over them, what is asked, and what of
//! it goes through the door. It is told what happens and says what to do, and reads no clock.
//!
//! Not here: the vendor's words ([`Protocol`]), one series ([`Seam`]), one line ([`Line`]), the order
//! of requests ([`Asks`]).

mod lines;
mod questions;
mod subscriptions;

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::{Nanos, Timestamp, WallClock};

use crate::feed::{Link, Trading};
use crate::live::asks::{Asks, Question, fault_of};
use crate::live::door::{Delivery, Inlet, Wish};
use crate::live::line::Line;
use crate::live::pace::{Bucket, Jitter};
use crate::live::seam::{Act, Seam, Token};
use crate::live::skew::Skew;
use crate::live::{
    AskFault, AskId, CloseCause, Doing, Doings, Frame, LineId, Note, Order, Protocol, Query,
    Response, Settings, VendorTraits,
};
use questions::Asked;

/// A vendor at work.
///
/// Whoever runs it carries its [`Order`]s out and says what becomes of them: [`Vendor::opened`],
/// [`Vendor::heard`], [`Vendor::closed`], [`Vendor::answered`]. After each of these, and at the
/// instant that [`Vendor::tick`] named last, it calls `tick` and takes the orders.
#[derive(Debug)]
pub struct Vendor<P> {
    protocol: P,
    traits: Arc<VendorTraits>,
    settings: Settings,
    inlet: Inlet,
    jitter: Jitter,
    slots: Vec<Slot>,
    series: BTreeMap<SeriesKey, Member>,
    asks: Asks<Asked>,
    /// Series whose newest bar is to be asked for, all in one request.
    probes: Vec<(SeriesKey, Token)>,
    /// From when on bars may be verified.
    verifies_from: Timestamp,
    skew: Skew,
    is_skewed: bool,
    /// When its clock is to be asked for.
    clock_due: Timestamp,
    is_full: bool,
    n_lines: u32,
    n_seams: u64,
    doings: Doings,
    orders: Vec<Order>,
    notes: Vec<Note>,
}

/// The place of a line, with what it carries.
#[derive(Debug)]
struct Slot {
    line: Line,
    messages: Bucket,
    /// The line that is left, and when at the latest.
    leaving: Option<(LineId, Timestamp)>,
    /// Series that are to be unsubscribed.
    left: Vec<SeriesKey>,
}

/// A series that is wanted. That outlives every line.
#[derive(Debug)]
struct Member {
    slot: usize,
    seam: Seam,
    length: Nanos,
    subscription: Subscription,
    /// Refused in company, and to be tried alone.
    is_alone: bool,
    /// Whether it trades, as the vendor says and as the core was told.
    trading: Trading,
    trading_said: Trading,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Subscription {
    /// To be sent.
    Due,
    Sent {
        at: Timestamp,
        n_times: u32,
    },
    Confirmed {
        at: Timestamp,
    },
    Refused,
}

impl<P: Protocol> Vendor<P> {
    /// A vendor that nothing is wanted of so far.
    pub fn new(protocol: P, settings: Settings, inlet: Inlet) -> Vendor<P> {
        let mut traits = protocol.traits().clone();
        traits.silent_after = settings.silent_after.unwrap_or(traits.silent_after);
        let traits = Arc::new(traits);
        let asks = Asks::new(traits.requests);
        Vendor {
            protocol,
            traits,
            settings,
            inlet,
            jitter: Jitter::new(settings.seed),
            slots: Vec::new(),
            series: BTreeMap::new(),
            asks,
            probes: Vec::new(),
            verifies_from: Timestamp::MIN,
            skew: Skew::default(),
            is_skewed: false,
            clock_due: Timestamp::MAX,
            is_full: false,
            n_lines: 0,
            n_seams: 0,
            doings: Doings::default(),
            orders: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The vendor's words, for whoever sends a login or signs a request.
    pub fn protocol(&self) -> &P {
        &self.protocol
    }

    /// What is to be done, in order.
    pub fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// What happened.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Our clock minus the vendor's, as far as it is known.
    pub fn skew(&self) -> Option<Nanos> {
        self.skew.by()
    }

    /// A line that was to be opened is connected.
    pub fn opened(&mut self, line: LineId, now: Timestamp) {
        if let Some(slot) = self.slot_of(line) {
            self.slots[slot].line.opened(now);
            self.protocol.opened(line, now, &mut self.doings);
            self.follow(now);
        }
    }

    /// Something came over a line.
    pub fn heard(&mut self, line: LineId, now: Timestamp, frame: Frame<'_>) {
        if self.inlet.is_full() {
            return self.stop_taking_in(now);
        }
        let Some(slot) = self.slot_of(line) else { return };
        if self.slots[slot].line.id() == Some(line) {
            self.slots[slot].line.heard(now);
        }
        if frame != Frame::Beat {
            self.protocol.heard(line, now, frame, &mut self.doings);
            self.follow(now);
        }
    }

    /// A line is broken, or could not be made; what the transport said.
    pub fn closed(&mut self, line: LineId, now: Timestamp, said: &str) {
        self.line_over(line, &CloseCause::Broken(said.into()), now);
    }

    /// A request has come back, or has not; what the transport said.
    pub fn answered(&mut self, ask: AskId, now: Timestamp, got: Result<Response<'_>, &str>) {
        let Some(question) = self.asks.answered(ask) else { return };
        if self.inlet.is_full() {
            self.not_answered(&question, AskFault::Failed("the door is full".into()), now);
            return self.stop_taking_in(now);
        }
        let response = match got {
            Err(said) => Err(AskFault::Failed(said.into())),
            Ok(response) => match fault_of(&response, self.traits.reset_header, now) {
                Some(fault) => Err(fault),
                None => Ok(response),
            },
        };
        let fault = match (response, &question.what) {
            (Err(fault), _) => fault,
            (Ok(response), Asked::Clock) => match self.protocol.clock_answered(&response) {
                Ok(at) => return self.clock_told(at, question.asked_at, now),
                Err(fault) => fault,
            },
            (Ok(response), Asked::History(query)) => {
                match self.protocol.answered(query, now, &response) {
                    Ok(answer) => return self.understood(question, answer, now),
                    Err(fault) => fault,
                }
            }
        };
        self.not_answered(&question, fault, now);
    }

    /// Our clock was set, or the machine slept: every line is made anew, and what was measured or
    /// reckoned by the clock before is void.
    pub fn clock_stepped(&mut self, now: Timestamp) {
        self.skew.forget();
        self.verifies_from = now;
        self.asks.forget(now, self.traits.requests);
        let lines: Vec<LineId> = self.slots.iter().flat_map(Slot::lines).collect();
        for line in lines {
            self.close_line(line, &CloseCause::Silent("the clock was set".into()), now);
        }
        for slot in &mut self.slots {
            slot.line = Line::new(now);
            slot.messages = Bucket::new(self.traits.messages);
        }
    }

    /// Has every wish of the core wake `wall`, by which whoever runs the vendor waits for the instant
    /// that [`Vendor::tick`] named.
    pub fn wake_by(&self, wall: Arc<dyn WallClock>) {
        self.inlet.wake_by(wall);
    }

    /// Code of ours has panicked; what it said. A line that it was about is made anew.
    pub fn faulty(&mut self, line: Option<LineId>, now: Timestamp, said: &str) {
        self.notes.push(Note::Faulty { said: said.into() });
        if let Some(line) = line {
            self.close_line(line, &CloseCause::Broken(format!("internal: {said}").into()), now);
        }
    }

    /// Nobody runs it any more: every series that is wanted is gone, and told why.
    pub fn give_up(&mut self, why: &str) {
        for key in self.series.keys() {
            self.inlet.push(key, [Delivery::Link(Link::Gone { why: why.into() })]);
        }
    }

    /// Does what is due, and says when something is next.
    pub fn tick(&mut self, now: Timestamp) -> Timestamp {
        for wish in self.inlet.take_wishes() {
            match wish {
                Wish::Want { key, since } => self.want(key, since, now),
                Wish::Hurry { key, due } => self.with(&key, now, |seam, _| seam.hurry(due, now)),
                Wish::Leave { key } => self.leave(&key),
            }
        }
        self.is_full &= !self.inlet.has_room();
        for slot in 0..self.slots.len() {
            self.tick_line(slot, now);
            self.hand_over(slot, now);
        }
        self.check_confirmations(now);
        for slot in 0..self.slots.len() {
            self.send_subscriptions(slot, now);
        }
        if let Some(question) = self.asks.overdue(now) {
            self.not_answered(&question, AskFault::Failed("no answer within 30 s".into()), now);
        }
        self.ask_for_clock(now);
        self.tick_series(now);
        self.ask(now);
        self.next_due(now)
    }

    fn next_due(&self, now: Timestamp) -> Timestamp {
        let lines = self.slots.iter().map(|slot| {
            let line = slot.line.next_due(&self.traits);
            if self.is_full { now + Nanos::from_secs(1) } else { line }
        });
        let leaving = self.slots.iter().filter(|slot| slot.leaving.is_some());
        let series = self.series.values().map(|member| {
            let slot = &self.slots[member.slot];
            let subscription = match member.subscription {
                Subscription::Due if slot.line.up().is_some() => slot.messages.free_at(1),
                Subscription::Sent { at, .. } => at + subscriptions::CONFIRM,
                _ => Timestamp::MAX,
            };
            subscription.min(member.seam.next_due())
        });
        let left =
            self.slots.iter().filter(|slot| !slot.left.is_empty() && slot.line.up().is_some());
        lines
            .chain(leaving.map(|_| now + Nanos::from_secs(1)))
            .chain(series)
            .chain(left.map(|slot| slot.messages.free_at(1)))
            .min()
            .unwrap_or(Timestamp::MAX)
            .min(self.asks.next_due())
            .min(self.verifies_at())
            .min(self.clock_due)
    }

    fn want(&mut self, key: SeriesKey, since: Timestamp, now: Timestamp) {
        let Some(clock) = key.interval.clock() else { return };
        if !self.traits.intervals.contains(&key.interval) {
            let why = format!("{} has no stream of {} bars", self.traits.name, key.interval);
            self.inlet.push(&key, [Delivery::Link(Link::Gone { why: why.into() })]);
            return;
        }
        let is_there = self
            .series
            .get(&key)
            .is_some_and(|member| since >= member.seam.through() && !member.seam.is_gone());
        if is_there {
            return;
        }
        self.n_seams += 1;
        let n_tokens = self.n_seams << 32; // No question of a seam before is one of this.
        let traits = Arc::clone(&self.traits);
        let seam = Seam::new(traits, self.settings, clock.length(), since, n_tokens);
        let slot = match self.series.get(&key) {
            Some(member) => member.slot,
            None => match self.slot_with_room(now) {
                Some(slot) => slot,
                None => {
                    let n_series = self.traits.n_lines * self.traits.n_series;
                    let why = format!("{} allows {n_series} series", self.traits.name);
                    self.inlet.push(&key, [Delivery::Link(Link::Gone { why: why.into() })]);
                    return;
                }
            },
        };
        if self.series.get(&key).is_some_and(|member| member.subscription != Subscription::Due) {
            self.slots[slot].left.push(key.clone());
        }
        let (length, is_alone) = (clock.length(), false);
        let subscription = Subscription::Due;
        let (trading, trading_said) = (Trading::Normal, Trading::Normal);
        let member = Member { slot, seam, length, subscription, is_alone, trading, trading_said };
        self.series.insert(key, member);
    }

    fn slot_with_room(&mut self, now: Timestamp) -> Option<usize> {
        let n_series = |slot| self.series.values().filter(|member| member.slot == slot).count();
        let found = (0..self.slots.len()).find(|&slot| n_series(slot) < self.traits.n_series);
        if found.is_some() || self.slots.len() >= self.traits.n_lines {
            return found;
        }
        self.slots.push(Slot {
            line: Line::new(now),
            messages: Bucket::new(self.traits.messages),
            leaving: None,
            left: Vec::new(),
        });
        Some(self.slots.len() - 1)
    }

    fn leave(&mut self, key: &SeriesKey) {
        if let Some(member) = self.series.remove(key)
            && member.subscription != Subscription::Due
        {
            self.slots[member.slot].left.push(key.clone());
        }
    }

    fn slot_of(&self, line: LineId) -> Option<usize> {
        self.slots.iter().position(|slot| slot.lines().any(|found| found == line))
    }

    fn members_of(&mut self, slot: usize) -> impl Iterator<Item = &mut Member> {
        self.series.values_mut().filter(move |member| member.slot == slot)
    }

    fn keys_of(&self, slot: usize) -> Vec<SeriesKey> {
        let members = self.series.iter().filter(|(_, member)| member.slot == slot);
        members.map(|(key, _)| key.clone()).collect()
    }

    /// Follows what the protocol has said.
    fn follow(&mut self, now: Timestamp) {
        for doing in self.doings.take() {
            match doing {
                Doing::Send { line, message } => {
                    if let Some(slot) = self.slot_of(line) {
                        self.send(slot, line, message, now);
                    }
                }
                Doing::Ready { line } => self.ready(line, now),
                Doing::Subscribed { line, key } => self.confirmed(line, &key, now),
                Doing::NotSubscribed { line, key, said } => {
                    self.not_subscribed(line, &key, said, now);
                }
                Doing::Row { key, row } => {
                    if let Some(member) = self.series.get(&key) {
                        self.slots[member.slot].line.delivered();
                    }
                    self.with(&key, now, |seam, acts| seam.heard(row, now, acts));
                }
                Doing::EndMark { key, through } => {
                    self.with(&key, now, |seam, acts| seam.marked(through, now, acts));
                }
                Doing::SentAt { line, at, asked_at } => self.clock_heard(line, at, asked_at, now),
                Doing::Trading { key, trading } => {
                    let keys =
                        key.map_or_else(|| self.series.keys().cloned().collect(), |key| vec![key]);
                    for key in keys {
                        if let Some(member) = self.series.get_mut(&key) {
                            member.trading = trading.clone();
                        }
                        self.say_trading(&key);
                    }
                }
                Doing::Close { line, why: CloseCause::Leaving } => {
                    if let Some(slot) = self.slot_of(line)
                        && self.slots[slot].line.up() == Some(line)
                    {
                        self.rotate(slot, now);
                    }
                }
                Doing::Close { line, why } => self.close_line(line, &why, now),
                Doing::Undecodable { line, found } => self.noise(line, found, now),
            }
        }
    }

    fn with(
        &mut self,
        key: &SeriesKey,
        now: Timestamp,
        what: impl FnOnce(&mut Seam, &mut Vec<Act>),
    ) {
        if let Some(member) = self.series.get_mut(key) {
            let mut acts = Vec::new();
            what(&mut member.seam, &mut acts);
            self.act(key, acts, now);
        }
    }

    /// Asks what follows from an answer that somebody has waited for.
    fn ask_about(&mut self, query: Query, key: &SeriesKey, token: Token) {
        self.asks.push(Question::new(Asked::History(query), vec![(key.clone(), token)]), true);
    }

    /// Does what a seam wants done.
    fn act(&mut self, key: &SeriesKey, acts: Vec<Act>, now: Timestamp) {
        let mut deliveries = Vec::new();
        let mut reconnects = false;
        for act in acts {
            match act {
                Act::Deliver(Delivery::Link(Link::Up { .. } | Link::CatchingUp { .. }))
                    if self.is_skewed =>
                {
                    let by = self.skew.by().unwrap_or(Nanos::ZERO);
                    deliveries.push(Delivery::Link(Link::Skewed { by }));
                }
                Act::Deliver(delivery) => deliveries.push(delivery),
                Act::AskBars { since, token } => {
                    let query = Query::Bars { key: key.clone(), since, until: None, page: None };
                    let is_urgent =
                        !self.series.get(key).is_some_and(|member| member.seam.is_live());
                    let query = Asked::History(query);
                    self.asks.push(Question::new(query, vec![(key.clone(), token)]), is_urgent);
                }
                Act::AskNewest { token } => self.probes.push((key.clone(), token)),
                Act::AskDayCount { token } => {
                    self.ask_about(Query::DayCount { key: key.clone() }, key, token);
                }
                Act::AskFirst { token } => {
                    self.ask_about(Query::First { key: key.clone() }, key, token);
                }
                Act::Resubscribe => self.resubscribe(key),
                Act::Reconnect => reconnects = true,
                Act::Found(found) => self.notes.push(Note::Series { key: key.clone(), found }),
            }
        }
        self.inlet.push(key, deliveries);
        self.say_trading(key);
        if reconnects
            && let Some(line) = self.series.get(key).and_then(|m| self.slots[m.slot].line.up())
        {
            let why = format!("it brings nothing of {}", key.symbol);
            self.close_line(line, &CloseCause::Silent(why.into()), now);
        }
    }
}

impl<P> Vendor<P> {
    /// Says whether a series trades, where that is news. A halt excuses no bar that was missed before:
    /// it is said of a series that has them all.
    fn say_trading(&mut self, key: &SeriesKey) {
        let Some(member) = self.series.get_mut(key) else { return };
        let due = match &member.trading {
            Trading::Halted { since, .. } if !member.seam.has_all_before(*since) => Trading::Normal,
            trading => trading.clone(),
        };
        if due != member.trading_said {
            member.trading_said = due.clone();
            self.inlet.push(key, [Delivery::Trading(due)]);
        }
    }
}

impl Slot {
    /// Its line, and the one that it leaves.
    fn lines(&self) -> impl Iterator<Item = LineId> {
        self.line.id().into_iter().chain(self.leaving.map(|(line, _)| line))
    }
}
