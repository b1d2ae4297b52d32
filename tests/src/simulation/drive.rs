//! The engine and the plain run side by side, step by step, with everything compared that can be
//! seen from outside.

use std::collections::BTreeMap;

use openbell_coordinator::{
    Command, Digest, Engine, Event, Handle, PaceCommand, Phase, Report, Step, Ticket, view_print,
};
use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, RejectReason, Symbol};
use openbell_session_data::{HeldView, InsideReader, OutsideReader};
use openbell_time::{Timestamp, TradingDate};

use super::listener::{Shared, consumers};
use super::oracle::Oracle;
use super::readings::Readings;
use super::scenario::Scenario;
use super::session_model::{SessionModel, Stage, some_failure};
use super::violation::{Kept, Violation, keep};
use crate::market::time;

/// What came of a run.
pub struct Driven {
    /// How it ended.
    pub phase: Phase,
    /// The event log.
    pub events: Vec<Event>,
    /// The report.
    pub report: Report,
    /// What could be read of each symbol in each final view.
    pub final_prints: Vec<(TradingDate, Symbol, Digest)>,
    /// Every delivery, in order.
    pub delivered: Vec<(Timestamp, Symbol)>,
    /// Commands given.
    pub n_commands: u64,
    /// Adds that were taken in the middle of catch-up.
    pub n_adds_in_catch_up: u64,
    /// The derived intervals at the end.
    pub derived: Vec<BarInterval>,
    /// The indicators at the end.
    pub indicators: Vec<IndicatorSpec>,
}

/// Steps that no scenario needs.
const N_STEPS_MAX: u64 = 400_000;

/// Runs `scenario` and compares every step.
pub fn drive(scenario: &Scenario) -> Kept<Driven> {
    let oracle = Oracle::new(scenario);
    let config = scenario.config();
    let engine = Engine::new(&config, time(), Box::new(scenario.source()));
    let engine = engine.map_err(|errors| Violation {
        invariant: "a good plan is taken",
        found: errors.to_string(),
    })?;
    let model = SessionModel::new(scenario, &oracle, &config.session_data_config.streaming);
    Drive::new(scenario, &oracle, engine, model).run()
}

struct Drive<'s> {
    scenario: &'s Scenario,
    oracle: &'s Oracle<'s>,
    engine: Engine,
    model: SessionModel<'s>,
    users: Vec<Handle>,
    shared: Shared,
    outside: OutsideReader,
    inside: InsideReader,
    readings: Readings<'s>,
    tickets: BTreeMap<usize, Ticket>,
    n_commands: usize,
    n_events: usize,
    n_model_events: usize,
    n_rejected: BTreeMap<(Symbol, RejectReason), u64>,
    held: Vec<(HeldView, Digest, Timestamp)>,
    wall: Timestamp,
}

impl<'s> Drive<'s> {
    fn new(
        scenario: &'s Scenario,
        oracle: &'s Oracle<'s>,
        mut engine: Engine,
        model: SessionModel<'s>,
    ) -> Drive<'s> {
        let shared = Shared::default();
        for (consumer, rule) in consumers(scenario, &shared, engine.outside_reader()) {
            engine.register(consumer, rule);
        }
        Drive {
            users: vec![engine.handle(); 3],
            outside: engine.outside_reader(),
            inside: engine.inside_reader(),
            readings: Readings::new(scenario, oracle),
            tickets: BTreeMap::new(),
            n_commands: 0,
            n_events: 0,
            n_model_events: 0,
            n_rejected: BTreeMap::new(),
            held: Vec::new(),
            wall: Timestamp::from_nanos(0),
            scenario,
            oracle,
            engine,
            model,
            shared,
        }
    }

    fn give(&mut self, user: usize, command: Command) {
        let ticket = self.users[user].command(command.clone());
        self.tickets.insert(self.n_commands, ticket);
        self.model.give(self.n_commands, command);
        self.n_commands += 1;
    }

    fn run(mut self) -> Kept<Driven> {
        let mut script = self.scenario.script.iter().peekable();
        for n_steps in 0..N_STEPS_MAX {
            while let Some(next) = script.next_if(|next| next.before_step <= n_steps) {
                self.give(next.user, next.command.clone());
            }
            let step = self.engine.step(self.wall);
            let notes = self.shared.take();
            self.wall += notes.took;
            if notes.stops_run {
                keep("a consumer that stops the run fails it", ends_failed(step), || {
                    format!("{step:?}")
                })?;
                return self.finished(Phase::Failed);
            }
            let expected = self.model.step(step, notes.asked);
            let clock = self.model.gate.clock;
            let place = || format!("step {n_steps}, clock {clock}");
            if let Some(complaint) = notes.complaints.first() {
                let found = format!("{}: {complaint}", place());
                return Err(Violation { invariant: "a notified bar is readable", found });
            }
            keep("each step does what is due", step == expected, || {
                format!("{}: {expected:?} is due, {step:?} was done", place())
            })?;
            self.compare(n_steps).map_err(|mut violation| {
                violation.found = format!("{}: {}", place(), violation.found);
                violation
            })?;
            keep(
                "notices are complete and in order",
                notes.notified == self.model.notified,
                || {
                    format!(
                        "{}: notified {:?}, expected {:?}",
                        place(),
                        notes.notified,
                        self.model.notified
                    )
                },
            )?;
            match step {
                Step::Ended(phase) => return self.finished(phase),
                Step::Waits { until } => self.wall = self.wall.max(until),
                Step::Paused if script.peek().is_none() => self.give(0, PaceCommand::Resume.into()),
                Step::Paused | Step::Worked => {}
            }
        }
        let found = format!("{N_STEPS_MAX} steps");
        Err(Violation { invariant: "a run comes to its end", found })
    }

    /// Everything that can be seen from outside after a step.
    fn compare(&mut self, n_steps: u64) -> Kept<()> {
        let clock = self.engine.clock().now();
        let has_begun = !matches!(self.model.stage, Stage::Between(_) | Stage::Ready);
        keep("the clock visits what is due", !has_begun || clock == self.model.gate.clock, || {
            format!("the clock stands at {clock}")
        })?;
        self.compare_events()?;
        self.compare_tickets()?;
        match self.outside.view() {
            Ok(view) => {
                keep("never stale: shut while someone lags", self.model.gate.is_open, || {
                    format!("open while {:?} lag", self.model.gate.lagging())
                })?;
                self.readings.compare(&view, &self.model)?;
                if n_steps % 61 == 7 && self.held.len() < 3 {
                    self.held.push((view.hold(), view_print(&view), view.instant()));
                }
            }
            Err(inactive) => {
                let is_due = !self.model.gate.is_open;
                keep("open while nobody lags", is_due, || inactive.to_string())?;
                let facts = inactive.facts();
                keep("inactive says why", facts.epoch == self.model.gate.epoch, || {
                    format!("{inactive}; the epoch is {}", self.model.gate.epoch)
                })?;
                self.readings.compare_reason(&facts.reason, &self.model)?;
            }
        }
        self.readings.compare_inside(&self.inside.view(), &self.model)?;
        let catches_up = self.model.gate.backlog().is_some();
        if catches_up || n_steps % 16 == 3 {
            self.readings.compare_status(&self.users[0], &self.model)?;
        }
        Ok(())
    }

    fn compare_events(&mut self) -> Kept<()> {
        let events = &self.engine.events()[self.n_events..];
        let mut expected = self.model.events[self.n_model_events..].iter();
        for event in events {
            match event {
                Event::Signalled { .. } | Event::ConsumerFailed { .. } => {}
                Event::Rejected { .. } => {
                    rejection(self.oracle, &self.model, &mut self.n_rejected, event)?;
                }
                event => {
                    if matches!(event, Event::SessionOpened { .. }) {
                        self.n_rejected.clear();
                    }
                    let (met, due) = (without_words(event), expected.next().map(without_words));
                    keep(invariant_of(event), Some(&met) == due.as_ref(), || {
                        format!("logged {met:?}, expected {due:?}")
                    })?;
                }
            }
        }
        let missing = expected.next();
        keep(missing.map_or("the event log is complete", invariant_of), missing.is_none(), || {
            format!("not logged: {missing:?}")
        })?;
        self.n_events = self.engine.events().len();
        self.n_model_events = self.model.events.len();
        Ok(())
    }

    fn compare_tickets(&mut self) -> Kept<()> {
        let mut answered = Vec::new();
        for (idx, ticket) in &self.tickets {
            let met = ticket.try_answer().map(|answer| normal(&answer));
            let due = self.model.answers.get(idx).map(normal);
            keep("every command is answered in its step, once", met == due, || {
                format!("command {idx}: answered {met:?}, expected {due:?}")
            })?;
            if met.is_some() {
                answered.push(*idx);
            }
        }
        for idx in answered {
            self.tickets.remove(&idx);
        }
        Ok(())
    }

    /// What must hold when nothing follows.
    fn finished(mut self, phase: Phase) -> Kept<Driven> {
        keep("an ended run is shut", self.outside.view().is_err(), || format!("{phase:?}"))?;
        for (idx, ticket) in &self.tickets {
            keep("every open ticket answers at the end", ticket.try_answer().is_some(), || {
                format!("command {idx} has no answer")
            })?;
        }
        for (held, print, instant) in &self.held {
            let view = held.view();
            let same = view.instant() == *instant && view_print(&view) == *print;
            keep("a held view stays what it was", same, || format!("that of {instant}"))?;
        }
        let report = self.engine.report();
        if phase != Phase::Failed || self.model.stage == Stage::Ended(Phase::Failed) {
            self.readings.compare_report(&report, &self.model)?;
        }
        keep(
            "no bar is missing or twice",
            report.n_bars == self.n_delivered(phase, &report),
            || format!("{} bars, {} expected", report.n_bars, self.model.gate.delivered.len()),
        )?;
        Ok(Driven {
            phase,
            events: self.engine.events().to_vec(),
            report,
            final_prints: self.shared.final_prints(),
            n_commands: self.n_commands as u64,
            n_adds_in_catch_up: self.model.n_adds_in_catch_up,
            derived: self.model.derived.iter().copied().collect(),
            indicators: self.model.indicators.clone(),
            delivered: std::mem::take(&mut self.model.gate.delivered),
        })
    }

    /// Bars that must have been delivered; where a consumer failed the run in the middle of a step
    /// the engine's own number is taken.
    fn n_delivered(&self, phase: Phase, report: &Report) -> u64 {
        let is_foreseen = self.model.stage == Stage::Ended(phase);
        if is_foreseen { self.model.gate.delivered.len() as u64 } else { report.n_bars }
    }
}

fn ends_failed(step: Step) -> bool {
    step == Step::Ended(Phase::Failed)
}

/// The promise that an event which is missing, or not as expected, breaks.
fn invariant_of(event: &Event) -> &'static str {
    match event {
        Event::GateOpened { .. } | Event::GateShut { .. } => "the gate switches as the plain rule",
        Event::Joined { .. } | Event::Left { .. } => "symbols join and leave as asked",
        Event::Commanded { .. } => "commands are taken and answered in order",
        Event::SessionOpened { .. } | Event::SessionClosed { .. } => "sessions are the calendar's",
        _ => "the event log is complete",
    }
}

/// Rejections become known when the clock reaches their rows, all of them then.
fn rejection(
    oracle: &Oracle<'_>,
    model: &SessionModel<'_>,
    counted: &mut BTreeMap<(Symbol, RejectReason), u64>,
    event: &Event,
) -> Kept<()> {
    let Event::Rejected { symbol, at, reason, n_rows, .. } = event else { return Ok(()) };
    let Some(symbol_idx) = model.position(symbol) else { return Ok(()) };
    let count = counted.entry((symbol.clone(), *reason)).or_default();
    *count += n_rows;
    // What a close finds out of later rows is logged at the instant of the last of them.
    let known_by = *at;
    let rejections = oracle.sifted(model.day, symbol_idx).1;
    let is_due =
        |r: &&super::oracle::ExpectedRejection| r.reason == *reason && r.known_at <= known_by;
    let n_due = rejections.iter().filter(is_due).count() as u64;
    // A symbol that came back counts anew.
    let n_met = if *count > n_due { *n_rows } else { *count };
    *count = n_met;
    keep("a rejected row is known at its own instant", n_met == n_due, || {
        format!("{symbol} has {n_met} {reason} at {at}, {n_due} expected")
    })
}

/// The event without the sentences that only people read.
fn without_words(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::Commanded { answer, .. } => *answer = normal(answer),
        Event::Failed { failure, .. } => *failure = some_failure(),
        _ => {}
    }
    event
}

fn normal(answer: &openbell_coordinator::Answer) -> openbell_coordinator::Answer {
    use openbell_coordinator::{AddFailure, Added, Answer, Refusal};
    let mut answer = answer.clone();
    if let Answer::Added(results) = &mut answer {
        for (_, result) in results {
            match result {
                Added::Failed(failure) => *failure = AddFailure::Load(some_failure()),
                Added::Refused(Refusal::UnknownSymbol(unknown)) => unknown.source.clear(),
                _ => {}
            }
        }
    }
    answer
}
