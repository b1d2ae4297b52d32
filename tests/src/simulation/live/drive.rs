//! Drives one process of a live scenario, reading by reading, and holds it against what its vendors
//! have said.

use std::collections::BTreeMap;

use openbell_coordinator::{
    AddFailure, Added, Answer, Engine, Event, OnError, Phase, SessionCommand, Sessions, Source,
    Step, Ticket,
};
use openbell_market::{BarInterval, Ohlcv, Symbol};
use openbell_session_data::{InsideReader, OutsideReader};
use openbell_time::{Nanos, Timestamp};

use super::LiveFigures;
use super::listener::{Listener, Noted};
use super::looks::KeptLooks;
use super::prints::{SymbolPrint, print_of};
use super::scenario::{Asked, Leg, LiveScenario};
use super::truth::TrueDay;
use super::vendor::{Instant, Shared, Vendors};
use super::wall::{Reading, WallModel, Worth};
use super::witness::Witness;
use crate::market::time;
use crate::mirror::Mirror;
use crate::simulation::trading::accounts;
use crate::simulation::violation::{Kept, keep};
use crate::trader::Trader;

/// No reading of the clock keeps a run busy for more steps.
const N_STEPS_MAX: usize = 2_000;

/// A session as it was when it closed.
pub struct ClosedSession {
    /// Which of the stretch.
    pub day: usize,
    /// What could be read of its members.
    pub prints: BTreeMap<Symbol, SymbolPrint>,
    /// The bars of its members.
    pub bars: BTreeMap<Symbol, Vec<(Timestamp, Ohlcv)>>,
}

/// One process, as it runs.
pub struct LegRun<'s> {
    pub(super) scenario: &'s LiveScenario,
    pub(super) engine: Engine,
    pub(super) vendors: Vendors,
    pub(super) outside: OutsideReader,
    pub(super) inside: InsideReader,
    pub(super) noted: Shared<Noted>,
    wall: WallModel,
    /// The first session that it runs.
    pub(super) first: usize,
    /// The session after its last.
    pub(super) end: usize,
    pub(super) n_closed: usize,
    /// Whose each subscription is.
    pub(super) names: Vec<Symbol>,
    /// What is known of each subscription in the session that is there.
    pub(super) witnesses: Vec<Option<Witness<'s>>>,
    /// Commands that are not answered, and how many looks have found everyone with the clock since.
    pub(super) tickets: Vec<(SessionCommand, Ticket, usize)>,
    pub(super) last: LastLook,
    /// The sessions that have closed.
    pub(super) closed: Vec<ClosedSession>,
}

/// What was found by the look before.
#[derive(Default)]
pub(super) struct LastLook {
    /// The session clock.
    pub(super) clock: Option<Timestamp>,
    /// The latest instant of the wall that was believed.
    pub(super) wall: Option<Timestamp>,
    /// The earliest time of the wall that was believed and is not before the close of the session.
    pub(super) over_since: Option<Timestamp>,
    pub(super) was_active: bool,
    /// The members, by their subscription.
    pub(super) members: Vec<Option<usize>>,
}

/// The engine of the process `leg` of `scenario`, over `source`, with a strategy that trades in some.
pub fn engine_of(scenario: &LiveScenario, leg: &Leg, source: Box<dyn Source>) -> Engine {
    let json = scenario.json(&scenario.configured, &leg.days, Asked::Late);
    let n_sessions = Some(leg.days.len() as u32);
    let sessions = if leg.is_dated {
        Sessions::OfConfig
    } else {
        Sessions::Ahead { from: leg.start, n_sessions }
    };
    let engine = Engine::live_sessions(&scenario.config(&json), time(), source, sessions);
    let mut engine = engine.unwrap_or_else(|errors| panic!("{errors}"));
    let symbols = scenario.traded();
    if !symbols.is_empty() {
        engine.open_accounts(accounts());
        engine.register(Box::new(Trader::new(scenario.base, symbols)), OnError::StopRun);
    }
    engine
}

impl<'s> LegRun<'s> {
    /// The process `leg` of `scenario`, not begun.
    pub fn new(scenario: &'s LiveScenario, leg: &Leg, vendors: Vendors) -> LegRun<'s> {
        let mut engine = engine_of(scenario, leg, Box::new(vendors.clone()));
        let days = scenario.symbols[0].truth.days.clone();
        let threshold = Nanos::from_secs(scenario.thresholds.0 as i64);
        let (listener, noted) = Listener::new(days, threshold);
        engine.register(Box::new(listener), OnError::StopRun);
        // It reads each series from its first row: not one that is asked for late.
        if !scenario.asks_late() {
            engine.register(Box::new(Mirror::new().0), OnError::StopRun);
        }
        let (outside, inside) = (engine.outside_reader(), engine.inside_reader());
        LegRun {
            scenario,
            engine,
            vendors,
            outside,
            inside,
            noted,
            wall: WallModel::new(scenario.limit()),
            first: leg.days.start,
            end: leg.days.end,
            n_closed: 0,
            names: Vec::new(),
            witnesses: Vec::new(),
            tickets: Vec::new(),
            last: LastLook::default(),
            closed: Vec::new(),
        }
    }

    /// Keeps the inputs of every look in `looks`.
    pub fn keep_looks(&mut self, looks: &KeptLooks) {
        self.engine.record_with(looks.keeping(self.vendors.now.clone()));
    }

    /// The session that is there, or is to come; `None` behind the last.
    pub(super) fn day(&self) -> Option<usize> {
        Some(self.first + self.n_closed).filter(|day| *day < self.end)
    }

    /// Runs it to its end, or up to where it is killed.
    pub fn run(&mut self, leg: &Leg) -> Kept<()> {
        let readings = self.scenario.readings(leg);
        let mut commands = self.scenario.commands.iter().skip_while(|(at, _)| *at < leg.start);
        let mut next_command = commands.next();
        for reading in &readings {
            while let Some((_, command)) = next_command.filter(|(at, _)| *at <= reading.at) {
                let ticket = self.engine.handle().command(command.clone());
                self.tickets.push((command.clone(), ticket, 0));
                next_command = commands.next();
            }
            if self.look(*reading)? == Phase::Closed {
                break;
            }
        }
        if leg.end.is_none() { self.check_end() } else { Ok(()) }
    }

    /// Steps at one reading until the run waits, and holds the promises there.
    fn look(&mut self, reading: Reading) -> Kept<Phase> {
        let Reading { at, wall } = reading;
        let was_streaming = self.engine.phase() == Phase::Streaming;
        let worth = self.wall.read(wall);
        let mut n_steps = 0;
        loop {
            *self.vendors.now.lock() = Instant { at, wall };
            if worth == Worth::Believed {
                self.note_over(wall);
            }
            let step = self.engine.step(wall);
            self.hear()?;
            if let Some(violation) = self.noted.lock().broken.take() {
                return Err(violation);
            }
            self.follow_close(reading)?;
            match step {
                Step::Worked => {}
                Step::Paused => break,
                Step::Waits { until } => {
                    if self.engine.phase() != Phase::Streaming && worth == Worth::Believed {
                        self.wall.wait(until);
                    }
                    break;
                }
                Step::Ended(phase) => {
                    self.check_phase(phase, reading)?;
                    return Ok(Phase::Closed);
                }
            }
            n_steps += 1;
            keep(
                "live goes on: no reading keeps the run busy for ever",
                n_steps < N_STEPS_MAX,
                || format!("at {at}, wall {wall}"),
            )?;
        }
        self.check_look(reading, worth, was_streaming)?;
        if self.engine.phase() == Phase::Streaming {
            self.wall.reach(self.engine.clock().now());
        }
        Ok(self.engine.phase())
    }

    /// Notes that the session that is there is over at `wall`, if it is.
    fn note_over(&mut self, wall: Timestamp) {
        let close = self.day().map(|day| self.scenario.days[day].close());
        if close.is_some_and(|close| wall >= close) {
            self.last.over_since = self.last.over_since.into_iter().chain([wall]).min();
        }
    }

    /// Takes what the feeds have handed over in the last step.
    fn hear(&mut self) -> Kept<()> {
        let Some(day) = self.day() else { return Ok(()) };
        let subscriptions = self.vendors.subscriptions.lock();
        self.witnesses.resize(subscriptions.len(), None);
        for (place, subscription) in subscriptions.iter().enumerate() {
            let mut subscription = subscription.lock();
            if place == self.names.len() {
                self.names.push(subscription.symbol.clone());
            }
            if subscription.polls.is_empty() {
                continue;
            }
            let scenario = self.scenario;
            let known = &mut self.witnesses[place];
            let witness = known.get_or_insert_with(|| {
                let symbol = scenario.symbols.iter().find(|s| s.truth.name == subscription.symbol);
                let days: &[TrueDay] = &symbol.expect("it is one of them").truth.days;
                let settle = Nanos::from_secs(scenario.settle_s as i64);
                Witness::new(&days[day], days[day - 1].close(), settle)
            });
            for poll in subscription.polls.drain(..) {
                witness.hear(&poll);
            }
        }
        let wall = self.vendors.now.lock().wall;
        for witness in self.witnesses.iter_mut().flatten() {
            witness.reach(wall);
        }
        Ok(())
    }

    /// The last subscription of `symbol`.
    pub(super) fn place(&self, symbol: &Symbol) -> Option<usize> {
        self.names.iter().rposition(|name| name == symbol)
    }

    /// What is known of the last subscription of `symbol`, in the session that is there.
    pub(super) fn witness(&self, symbol: &Symbol) -> Option<&Witness<'s>> {
        self.witnesses.get(self.place(symbol)?)?.as_ref()
    }

    /// Where the last step has closed a session: holds its books, and goes on to the next.
    fn follow_close(&mut self, reading: Reading) -> Kept<()> {
        while self.n_closed < self.engine.n_sessions_closed() {
            let reports = self.engine.drain_sessions();
            let Some(day) = self.day() else { break };
            for report in &reports {
                self.check_books(report, day, reading)?;
            }
            let view = self.inside.view();
            let members: Vec<Symbol> = view.symbols().cloned().collect();
            let mut closed = ClosedSession { day, prints: BTreeMap::new(), bars: BTreeMap::new() };
            for symbol in members {
                let Some(shown) = view.symbol(symbol.as_str()) else { continue };
                let witness = self.witness(&symbol);
                let bars =
                    witness.map(|w| w.bars.iter().map(|(at, (_, bar))| (*at, *bar)).collect());
                closed.bars.insert(symbol.clone(), bars.unwrap_or_default());
                closed.prints.insert(symbol, print_of(&shown));
            }
            self.closed.push(closed);
            self.n_closed += 1;
            self.witnesses.iter_mut().for_each(|witness| *witness = None);
            self.last = LastLook { clock: self.last.clock, ..LastLook::default() };
        }
        Ok(())
    }

    fn check_phase(&self, phase: Phase, reading: Reading) -> Kept<()> {
        let is_stopped = phase == Phase::Stopped;
        let was_asked = self.scenario.commands.iter().any(|(_, c)| *c == SessionCommand::Stop);
        let report = self.engine.report();
        keep("live goes on: the run does not fail", phase != Phase::Failed, || {
            format!("at {}, wall {}: {:?}", reading.at, reading.wall, report.failure)
        })?;
        keep("live goes on: the run ends where it is to end", !is_stopped || was_asked, || {
            format!("at {}: it was stopped", reading.at)
        })
    }

    /// What must be so when the run is over.
    fn check_end(&mut self) -> Kept<()> {
        let phase = self.engine.phase();
        keep("live goes on: the run ends where it is to end", phase.is_final(), || {
            format!("it is {} after the last reading", phase.name())
        })?;
        let is_whole = phase == Phase::Stopped || self.n_closed == self.end - self.first;
        keep("live sessions: each of the plan is closed", is_whole, || {
            format!("{} of {} are", self.n_closed, self.end - self.first)
        })?;
        for (command, ticket, _) in &self.tickets {
            let answer = ticket.try_answer();
            keep("live tickets: each is answered", answer.is_some(), || format!("{command:?}"))?;
            let failed = matches!(&answer, Some(Answer::Added(added)) if added.iter().any(
                |(symbol, added)| {
                    matches!(added, Added::Failed(AddFailure::Load(_))) && self.has_history(symbol)
                },
            ));
            keep(
                "live tickets: no add of a known symbol fails",
                !failed || phase == Phase::Stopped,
                || format!("{command:?}: {answer:?}"),
            )?;
        }
        Ok(())
    }

    /// Whether the history of a symbol has all days.
    fn has_history(&self, symbol: &Symbol) -> bool {
        let known = self.scenario.symbols.iter().find(|known| known.truth.name == *symbol);
        known.is_some_and(|known| known.n_history_days == known.truth.days.len())
    }

    /// What came of it, in numbers.
    pub fn figures(&self) -> LiveFigures {
        let (report, noted) = (self.engine.report(), self.noted.lock());
        let events = self.engine.events();
        let n_shut = events.iter().filter(|event| matches!(event, Event::GateShut { .. })).count();
        LiveFigures {
            n_sessions: self.n_closed as u64,
            n_legs: 1,
            n_steps: report.n_steps,
            n_bars: report.n_bars,
            n_shut: n_shut as u64,
            n_ranges: noted.n_ranges,
            n_corrected: noted.n_corrected,
            n_commands: 0,
            digest: report.digest.0,
        }
    }

    pub(super) fn derived(&self) -> impl Iterator<Item = BarInterval> + '_ {
        self.scenario.streams.iter().copied().filter(|interval| *interval != self.scenario.base)
    }
}
