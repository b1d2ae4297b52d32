//! Further runs of the same scenario, each of which must come out the same by a promise: replayed
//! from the event log, with everybody there from the start, with another future.

use std::sync::Arc;

use openbell_config::Mode;
use openbell_coordinator::{
    Digest, Engine, Event, PaceCommand, Phase, Report, SessionCommand, StepAt, view_print,
};
use openbell_market::{BarColumns, BarInterval, Symbol};
use openbell_time::{Nanos, Timestamp, TradingDate};

use super::days::slots;
use super::draw::Draw;
use super::drive::{Driven, drive};
use super::listener::{Shared, consumers};
use super::modules::with_modules;
use super::scenario::{Scenario, SimIndicator};
use super::threaded::{run, workers};
use super::trading::with_accounts;
use super::violation::{Kept, Violation, keep, n_sessions, unless_it_panics};
use crate::market::time;
use crate::recorder::Notified;
use crate::replay::{commands_of, repeat};

/// How much was run.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// Sessions that were held against the plain run, step by step.
    pub n_sessions: u64,
    /// Sessions of the further runs that were compared with those.
    pub n_compared: u64,
    /// Commands that users gave.
    pub n_commands: u64,
    /// Switches of the gate.
    pub n_switches: u64,
    /// Adds taken in the middle of catch-up.
    pub n_adds_in_catch_up: u64,
    /// Base bars delivered.
    pub n_bars: u64,
    /// Steps.
    pub n_steps: u64,
    /// A number for everything that came of it.
    pub digest: u64,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Figures) {
        self.n_sessions += other.n_sessions;
        self.n_compared += other.n_compared;
        self.n_commands += other.n_commands;
        self.n_switches += other.n_switches;
        self.n_adds_in_catch_up += other.n_adds_in_catch_up;
        self.n_bars += other.n_bars;
        self.n_steps += other.n_steps;
        self.digest = self.digest.rotate_left(7) ^ other.digest;
    }
}

/// Runs `scenario` beside the plain run, and then every way that must come out the same.
///
/// # Errors
///
/// The first promise that is broken; a panic breaks one.
pub fn simulate(scenario: &Scenario) -> Kept<Figures> {
    unless_it_panics("nothing panics", || simulated(scenario))
}

fn simulated(scenario: &Scenario) -> Kept<Figures> {
    let driven = drive(scenario)?;
    let mut figures = Figures {
        n_sessions: n_sessions(&driven.events),
        n_commands: driven.n_commands,
        n_adds_in_catch_up: driven.n_adds_in_catch_up,
        n_bars: driven.report.n_bars,
        n_steps: driven.report.n_steps,
        digest: driven.report.digest.0,
        ..Figures::default()
    };
    let is_switch =
        |event: &&Event| matches!(event, Event::GateOpened { .. } | Event::GateShut { .. });
    figures.n_switches = driven.events.iter().filter(is_switch).count() as u64;
    let commands = commands_of(&driven.events);
    let came = replay(scenario, &driven, &commands)?;
    figures.n_compared += n_sessions(&came.events);
    if scenario.seed % 4 == 1 {
        figures.n_compared += on_threads(scenario, &came, &commands)?;
    }
    if scenario.seed % 8 == 2 {
        figures.n_compared += with_modules(scenario)?;
    }
    if scenario.seed % 4 == 3 {
        figures.n_compared += with_accounts(scenario, &commands)?;
    }
    if driven.phase == Phase::Closed {
        figures.n_compared += always_there(scenario, &driven)?;
    }
    if scenario.seed.is_multiple_of(4) {
        figures.n_compared += another_future(scenario, &commands)?;
    }
    Ok(figures)
}

/// What came of a run that nobody held against anything.
struct Came {
    events: Vec<Event>,
    report: Report,
    final_prints: Vec<(TradingDate, Symbol, Digest)>,
    notified: Vec<Notified>,
    readable: Option<Digest>,
}

/// A run of `scenario` as fast as it goes.
fn begun(scenario: &Scenario) -> Kept<Engine> {
    let mut config = scenario.config();
    if let Mode::Backtest(backtest) = &mut config.mode {
        backtest.speed_multiplier = 0.0;
    }
    let engine = Engine::new(&config, time(), Box::new(scenario.source()));
    engine.map_err(|errors| Violation {
        invariant: "a good plan is taken",
        found: errors.to_string(),
    })
}

/// Steps a run as fast as it goes, with each command at its step, to its end or until its clock
/// has come to `until`.
fn plain(
    scenario: &Scenario,
    commands: &[(StepAt, SessionCommand)],
    until: Option<Timestamp>,
) -> Kept<Came> {
    let mut engine = begun(scenario)?;
    let shared = Shared::default();
    for (consumer, rule) in consumers(scenario, &shared, engine.outside_reader()) {
        engine.register(consumer, rule);
    }
    let handle = engine.handle();
    if let Some(until) = until {
        drop(handle.command(PaceCommand::RunUntil { until }));
    }
    repeat(&mut engine, commands);
    let readable = engine.outside_reader().view().ok().map(|view| view_print(&view));
    Ok(Came {
        events: engine.events().to_vec(),
        report: engine.report(),
        final_prints: shared.final_prints(),
        notified: shared.take().notified,
        readable,
    })
}

/// The event log, given again: the same events, the same digest, whatever the pace was.
fn replay(
    scenario: &Scenario,
    driven: &Driven,
    commands: &[(StepAt, SessionCommand)],
) -> Kept<Came> {
    let came = plain(scenario, commands, None)?;
    let n_same = came.events.iter().zip(&driven.events).take_while(|(a, b)| a == b).count();
    let is_same = n_same == came.events.len().max(driven.events.len());
    keep("one truth: a replay has the same events", is_same, || {
        format!("{:?}, logged {:?}", came.events.get(n_same), driven.events.get(n_same))
    })?;
    let (met, due) = (&came.report, &driven.report);
    let is_same = met.digest == due.digest && met.digests == due.digests;
    keep("one truth: a replay has the same digest", is_same, || {
        format!("{} and {}, {:?} and {:?}", met.digest, due.digest, met.digests, due.digests)
    })?;
    let is_same = met.sessions == due.sessions && came.final_prints == driven.final_prints;
    keep("one truth: a replay has the same report", is_same, || "sessions differ".to_owned())?;
    Ok(came)
}

/// The same again with consumers on threads of their own, and a free one that lags.
fn on_threads(
    scenario: &Scenario,
    inline: &Came,
    commands: &[(StepAt, SessionCommand)],
) -> Kept<u64> {
    let (mut engine, shared) = (begun(scenario)?, Shared::default());
    let consumers = consumers(scenario, &shared, engine.outside_reader());
    let mut draw = Draw::new(scenario.seed ^ 0x0f0f_0f0f);
    let workers = workers(&mut engine, consumers, &shared, &mut draw);
    let engine = run(engine, workers, commands);
    let what = "one truth: threads of consumers change nothing";
    let (met, due) = (engine.events(), &inline.events);
    let n_same = met.iter().zip(due).take_while(|(a, b)| a == b).count();
    keep(what, n_same == met.len().max(due.len()), || {
        format!("{:?}, inline {:?}", met.get(n_same), due.get(n_same))
    })?;
    let digests = (engine.report().digest, inline.report.digest);
    keep(what, digests.0 == digests.1, || format!("{digests:?}"))?;
    let same_end = shared.final_prints() == inline.final_prints;
    keep(what, same_end, || "what could be read at a close".to_owned())?;
    let notes = shared.take();
    keep(what, notes.notified == inline.notified, || {
        let n_same =
            notes.notified.iter().zip(&inline.notified).take_while(|(a, b)| a == b).count();
        format!(
            "notified {:?}, inline {:?}",
            notes.notified.get(n_same),
            inline.notified.get(n_same)
        )
    })?;
    let complaint = notes.complaints.first().cloned();
    keep("a notified bar is readable", complaint.is_none(), || complaint.unwrap_or_default())?;
    Ok(n_sessions(met))
}

/// Everybody who was there at the end, there from the start, and nobody else.
fn always_there(scenario: &Scenario, driven: &Driven) -> Kept<u64> {
    let last = scenario.stretch.days[scenario.run.end - 1].date;
    let of_last_day = driven.final_prints.iter().filter(|(date, _, _)| *date == last);
    let members: Vec<Symbol> = of_last_day.map(|(_, symbol, _)| symbol.clone()).collect();
    if members.is_empty() {
        return Ok(0);
    }
    let whole = Scenario {
        configured: members.clone(),
        streams: std::iter::once(scenario.base).chain(driven.derived.iter().copied()).collect(),
        indicators: driven.indicators.iter().map(SimIndicator::of).collect(),
        schedule: Vec::new(),
        script: Vec::new(),
        extras: Vec::new(),
        ..scenario.clone()
    };
    let came = plain(&whole, &[], None)?;
    for symbol in &members {
        let print = |prints: &[(TradingDate, Symbol, Digest)]| {
            let mut prints = prints.iter().filter(|(date, of, _)| *date == last && of == symbol);
            prints.next().map(|(_, _, print)| *print)
        };
        let is_same = print(&came.final_prints) == print(&driven.final_prints);
        keep("as if always there", is_same, || {
            format!("{symbol} at the close of {last} is not what it is from the start")
        })?;
    }
    let is_unchanged = driven.derived.len() + 1 == streams_of(scenario).len()
        && driven.indicators.len() == scenario.indicators.len();
    if is_unchanged {
        for symbol in members.iter().filter(|symbol| stayed(scenario, driven, symbol)) {
            let digest = |report: &Report| {
                report.digests.iter().find(|(of, _)| of == symbol).map(|(_, digest)| *digest)
            };
            let (met, due) = (digest(&driven.report), digest(&came.report));
            keep("as if always there: the same digest", met == due, || {
                format!("{symbol}: {met:?}, from the start {due:?}")
            })?;
        }
    }
    let delivered_otherwise = delivered_from_the_start(&whole) != driven.delivered;
    let differs = came.report.digest != driven.report.digest;
    keep("the digest knows the order of deliveries", differs || !delivered_otherwise, || {
        format!("{} for two orders", driven.report.digest)
    })?;
    Ok(n_sessions(&came.events))
}

/// The deliveries of a run without any command.
fn delivered_from_the_start(scenario: &Scenario) -> Vec<(Timestamp, Symbol)> {
    let oracle = super::oracle::Oracle::new(scenario);
    let mut delivered = Vec::new();
    for day in scenario.run.clone() {
        let mut of_day = Vec::new();
        for symbol in &scenario.configured {
            let position = scenario.symbols.iter().position(|known| known.name == *symbol);
            let series = oracle.series(day, position.unwrap_or_default(), scenario.base);
            of_day.extend(series.bars.iter().map(|bar| (bar.closes_at, symbol.clone())));
        }
        of_day.sort();
        delivered.extend(of_day);
    }
    delivered
}

/// The intervals that a run has from its config.
fn streams_of(scenario: &Scenario) -> std::collections::BTreeSet<BarInterval> {
    let mut streams: std::collections::BTreeSet<_> = scenario.streams.iter().copied().collect();
    streams.insert(scenario.base);
    streams.extend(scenario.indicators.iter().map(|indicator| indicator.interval));
    streams
}

/// Whether a symbol came once, on the first day, and stayed.
fn stayed(scenario: &Scenario, driven: &Driven, symbol: &Symbol) -> bool {
    // One that comes back begins a digest of its own.
    let comes_back = |event: &Event| matches!(event, Event::Joined { symbol: of, generation: 2.., .. } if of == symbol);
    let n_prints = driven.final_prints.iter().filter(|(_, of, _)| of == symbol).count();
    n_prints == scenario.run.len() && !driven.events.iter().any(comes_back)
}

/// The rows after some instant, gone or scrambled: nothing before it knows.
fn another_future(scenario: &Scenario, commands: &[(StepAt, SessionCommand)]) -> Kept<u64> {
    let mut draw = Draw::new(scenario.seed ^ 0xf0f0_f0f0);
    let day = draw.between(scenario.run.start, scenario.run.end - 1);
    let parts = &scenario.stretch.days[day].parts;
    let step = scenario.base.clock().map_or(Nanos::ZERO, |clock| clock.length());
    let slots = slots(parts, step);
    let until = slots[draw.below(slots.len())].1;
    let scrambles = draw.chance(50);
    let mut other = scenario.clone();
    for symbol in Arc::make_mut(&mut other.symbols) {
        if let Some(rows) = &symbol.rows {
            symbol.rows = Some(Arc::new(changed_after(scenario, rows, until, scrambles, step)));
        }
        if let Some(rows) = &symbol.daily {
            symbol.daily = Some(Arc::new(daily_after(scenario, rows, until)));
        }
    }
    let (met, due) =
        (plain(&other, commands, Some(until))?, plain(scenario, commands, Some(until))?);
    let what = "never early: nothing before an instant knows what comes after";
    keep(what, met.readable == due.readable, || format!("another view at {until}"))?;
    keep(what, met.notified == due.notified, || format!("other notices until {until}"))?;
    keep(what, met.events == due.events, || format!("other events until {until}"))?;
    Ok(n_sessions(&met.events) + n_sessions(&due.events))
}

/// `rows` with what closes after `until` gone, or with other values.
fn changed_after(
    scenario: &Scenario,
    rows: &BarColumns,
    until: Timestamp,
    scrambles: bool,
    step: Nanos,
) -> BarColumns {
    let mut closes = std::collections::BTreeMap::new();
    for day in 0..scenario.stretch.days.len() {
        let parts = scenario.stretch.delivered(day, scenario.extended);
        closes.extend(slots(&parts, step));
    }
    let mut changed = BarColumns::default();
    for row in 0..rows.len() {
        let (opens_at, mut bar) = (rows.opens_at(row), rows.ohlcv(row));
        let closes_at = closes.get(&opens_at).copied().unwrap_or(opens_at + step);
        if closes_at > until {
            if !scrambles {
                continue;
            }
            bar = crate::market::flat(bar.open * 3.0 + 1.0, bar.volume.abs() + 5.0);
        }
        changed.push(opens_at, bar);
    }
    changed
}

/// Stored days with other values where they are not over by `until`.
fn daily_after(scenario: &Scenario, rows: &BarColumns, until: Timestamp) -> BarColumns {
    let mut changed = BarColumns::default();
    for (row, day) in scenario.stretch.days.iter().enumerate() {
        let bar = if day.close() > until { crate::market::flat(7.0, 7.0) } else { rows.ohlcv(row) };
        changed.push(rows.opens_at(row), bar);
    }
    changed
}

/// The simplest scenario that still breaks the same promise: without what can be left out of it.
pub fn shrunk(scenario: &Scenario, violation: &Violation) -> (Scenario, Violation) {
    let (mut least, mut found) = (scenario.clone(), violation.clone());
    let mut try_without = |least: &mut Scenario, change: &dyn Fn(&mut Scenario)| {
        let mut smaller = least.clone();
        change(&mut smaller);
        match simulate(&smaller) {
            Err(other) if other.invariant == found.invariant => {
                (*least, found) = (smaller, other);
                true
            }
            _ => false,
        }
    };
    try_without(&mut least, &|s| s.extras.clear());
    try_without(&mut least, &|s| s.schedule.clear());
    try_without(&mut least, &|s| s.indicators.clear());
    try_without(&mut least, &|s| s.history = (0, Vec::new()));
    try_without(&mut least, &|s| s.speed = 0.0);
    try_without(&mut least, &|s| s.run.end = s.run.start + 1);
    for interval in least.streams.clone() {
        try_without(&mut least, &|s| {
            s.streams.retain(|&stream| stream != interval || stream == s.base)
        });
    }
    for symbol in least.configured.clone() {
        try_without(&mut least, &|s| {
            if s.configured.len() > 1 {
                s.configured.retain(|configured| *configured != symbol);
            }
        });
    }
    let mut position = 0;
    while position < least.script.len() {
        if !try_without(&mut least, &|s| drop(s.script.remove(position))) {
            position += 1;
        }
    }
    (least, found)
}
