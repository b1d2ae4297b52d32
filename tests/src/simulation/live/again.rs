//! A live run once more, in the ways that must come out the same: as a replay over its final bars, and
//! from the inputs of its looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openbell_coordinator::{Engine, Event, Phase, Step};
use openbell_market::{Ohlcv, Symbol};
use openbell_recorder::Replay;
use openbell_time::Timestamp;

use super::drive::{ClosedSession, LegRun, engine_of};
use super::looks::{Alive, KeptLooks};
use super::prints::{SymbolPrint, difference, print_of};
use super::scenario::{Asked, Leg, LiveScenario};
use super::vendor::{Instant, Vendors};
use crate::market::{Market, time};
use crate::simulation::draw::Draw;
use crate::simulation::violation::{Kept, keep};

/// Law F: at each close every series is that of a replay over the final bars.
pub fn check_replay(scenario: &LiveScenario, leg: &Leg, run: &LegRun<'_>) -> Kept<()> {
    let members: BTreeSet<Symbol> =
        run.closed.iter().flat_map(|closed| closed.prints.keys().cloned()).collect();
    let (Some(first), Some(last)) = (run.closed.first(), run.closed.last()) else { return Ok(()) };
    if members.is_empty() {
        return Ok(());
    }
    let days = first.day..last.day + 1;
    let members: Vec<Symbol> = members.into_iter().collect();
    let market = members.iter().fold(Market::new(), |market, symbol| {
        let rows = final_rows(scenario, leg, &run.closed, symbol);
        market.with_rows(symbol.as_str(), &scenario.base.to_string(), rows)
    });
    let config = scenario.config(&scenario.json(&members, &days, Asked::FromTheStart));
    let engine = Engine::new(&config, time(), Box::new(market));
    let mut engine = engine.unwrap_or_else(|errors| panic!("{errors}"));
    let replayed = replay(&mut engine);
    for closed in &run.closed {
        let replayed = replayed.get(closed.day - first.day);
        for (symbol, met) in &closed.prints {
            let due = replayed.and_then(|prints| prints.get(symbol));
            let differs = match due {
                Some(due) => difference(met, due),
                None => Some("it is not there".to_owned()),
            };
            keep(
                "live as replayed: the series of a replay over the final bars",
                differs.is_none(),
                || format!("{symbol} in session {} of {leg:?}: {differs:?}", closed.day),
            )?;
        }
    }
    let is_plain = scenario.commands.is_empty()
        && run.closed.len() == leg.days.len()
        && run.first == leg.days.start;
    let (met, due) = (run.engine.report().digests, engine.report().digests);
    keep(
        "live as replayed: the digests of a replay over the final bars",
        !is_plain || met == due,
        || format!("{met:?}, due {due:?}"),
    )
}

/// Laws G and H: from the inputs of its looks comes the same run, also where it is killed after one of
/// them and goes on with the vendors.
pub fn check_inputs(
    scenario: &LiveScenario,
    leg: &Leg,
    run: &LegRun<'_>,
    looks: &KeptLooks,
    vendors: Vendors,
) -> Kept<()> {
    let draw = &mut Draw::new(scenario.seed ^ 0x6b11);
    let n_looks = looks.n_looks();
    // Killed after one of them, or never.
    let killed_after = if draw.chance(50) { draw.below(n_looks + 1) } else { n_looks };
    let replay = Replay::then(looks.first(killed_after), Arc::new(Alive(vendors.clone())));
    let source = replay.source(Box::new(vendors.clone()));
    let mut engine = engine_of(scenario, leg, source);
    engine.record_with(replay.hold(None));
    let (n_commands, last) = looks.state_after(killed_after);
    if let Some(last) = last {
        *vendors.now.lock() = last; // In the step of the last look they may be heard already.
    }
    let repeated = replay.run(&mut engine);
    let place = || format!("{leg:?}, killed at look {killed_after} of {n_looks}");
    keep("live from its inputs: each look is the recorded one", repeated.is_ok(), || {
        format!("{}: {}", place(), repeated.unwrap_err())
    })?;
    if killed_after < n_looks || leg.end.is_none() {
        let since = last.map(|last| last.at);
        go_on(scenario, leg, &mut engine, &vendors, (n_commands, since));
    }
    let differs = first_difference(engine.events(), run.engine.events());
    keep("live from its inputs: the same event log", differs.is_none(), || {
        format!("{}: {}", place(), differs.unwrap_or_default())
    })?;
    let (met, due) = (engine.report().digest, run.engine.report().digest);
    keep("live from its inputs: the same digest", met == due, || format!("{met}, due {due}"))
}

/// Goes on with the vendors, from the reading at which the last of `n_commands` commands was taken.
fn go_on(
    scenario: &LiveScenario,
    leg: &Leg,
    engine: &mut Engine,
    vendors: &Vendors,
    (n_commands, since): (usize, Option<Timestamp>),
) {
    let commands = scenario.commands.iter().skip_while(|(at, _)| *at < leg.start);
    let mut commands = commands.skip(n_commands).peekable();
    let readings = scenario.readings(leg);
    for reading in readings.iter().filter(|reading| since.is_none_or(|since| reading.at >= since)) {
        while let Some((_, command)) = commands.next_if(|(at, _)| *at <= reading.at) {
            drop(engine.handle().command(command.clone()));
        }
        *vendors.now.lock() = Instant { at: reading.at, wall: reading.wall };
        loop {
            match engine.step(reading.wall) {
                Step::Worked => {}
                Step::Waits { .. } | Step::Paused => break,
                Step::Ended(_) => return,
            }
        }
    }
}

/// Where the logs differ first, to the last word.
pub fn first_difference(met: &[Event], due: &[Event]) -> Option<String> {
    let differs = met.iter().zip(due).position(|(met, due)| met != due);
    let at = differs.or_else(|| (met.len() != due.len()).then_some(met.len().min(due.len())))?;
    Some(format!("entry {at} is {:?}, due {:?}", met.get(at), due.get(at)))
}

/// The bars of `symbol`: in the sessions at whose close it was a member those that were handed over,
/// in the others those that there are; before the run those of its history.
fn final_rows(
    scenario: &LiveScenario,
    leg: &Leg,
    closed: &[ClosedSession],
    symbol: &Symbol,
) -> Vec<(Timestamp, Ohlcv)> {
    let Some(known) = scenario.symbols.iter().find(|known| known.truth.name == *symbol) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for (n, day) in known.truth.days.iter().enumerate() {
        let handed = closed.iter().find(|closed| closed.day == n);
        match handed.and_then(|closed| closed.bars.get(symbol)) {
            Some(bars) => rows.extend(bars),
            None if n < leg.days.start && n >= known.n_history_days => {}
            None => rows.extend(day.bars.iter().map(|bar| (bar.opens_at, bar.ohlcv))),
        }
    }
    rows
}

/// Runs `engine` to its end; what can be read at each close.
fn replay(engine: &mut Engine) -> Vec<BTreeMap<Symbol, SymbolPrint>> {
    let (inside, mut prints) = (engine.inside_reader(), Vec::new());
    loop {
        let step = engine.step(Timestamp::from_nanos(0));
        if prints.len() < engine.n_sessions_closed() {
            let view = inside.view();
            let shown = view
                .symbols()
                .filter_map(|name| Some((name.clone(), print_of(&view.symbol(name.as_str())?))));
            prints.push(shown.collect());
        }
        match step {
            Step::Ended(Phase::Closed) => return prints,
            Step::Worked => {}
            other => {
                panic!("a replay over final bars comes to {other:?}: {:?}", engine.report().failure)
            }
        }
    }
}
