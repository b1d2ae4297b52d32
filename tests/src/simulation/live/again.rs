//! A live run once more, in the ways that must come out the same: as a replay over its final bars, and
//! from the inputs of its looks.

use std::collections::{BTreeMap, BTreeSet};

use openbell_coordinator::{Engine, Event, Phase, Step};
use openbell_market::{Ohlcv, Symbol};
use openbell_time::Timestamp;

use super::drive::{ClosedSession, LegRun, engine_of};
use super::looks::{Counting, KeptLooks, KeptSource};
use super::prints::{SymbolPrint, difference, print_of};
use super::scenario::{Asked, Leg, LiveScenario};
use super::vendor::{Instant, Shared, Vendors};
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

/// Laws G and H: from the inputs of its looks, handed out again at the same readings of the clock, comes
/// the same run, also where the vendors are heard again from one of the looks on.
pub fn check_inputs(
    scenario: &LiveScenario,
    leg: &Leg,
    run: &LegRun<'_>,
    looks: Shared<KeptLooks>,
    vendors: Vendors,
) -> Kept<()> {
    let (next, now) = (Shared::new(0), vendors.now.clone());
    let draw = &mut Draw::new(scenario.seed ^ 0x6b11);
    let n_looks = looks.lock().n_looks();
    // Killed after one of them, or never.
    let alive_from = if draw.chance(50) { draw.below(n_looks + 1) } else { usize::MAX };
    let subscribed = Vec::new();
    let source = KeptSource { looks, next: next.clone(), alive_from, vendors, subscribed };
    let mut engine = engine_of(scenario, leg, Box::new(source));
    engine.record_with(Box::new(Counting(next)));
    let mut commands = scenario.commands.iter().skip_while(|(at, _)| *at < leg.start).peekable();
    let mut tickets = Vec::new();
    'readings: for reading in scenario.readings(leg) {
        while let Some((_, command)) = commands.next_if(|(at, _)| *at <= reading.at) {
            tickets.push(engine.handle().command(command.clone()));
        }
        *now.lock() = Instant { at: reading.at, wall: reading.wall };
        loop {
            match engine.step(reading.wall) {
                Step::Worked => {}
                Step::Waits { .. } | Step::Paused => break,
                Step::Ended(_) => break 'readings,
            }
        }
    }
    let (met, due) = (log_of(&engine), log_of(&run.engine));
    let differs = met.iter().zip(&due).position(|(met, due)| met != due);
    let differs = differs.or_else(|| (met.len() != due.len()).then_some(met.len().min(due.len())));
    keep("live from its inputs: the same event log", differs.is_none(), || {
        let at = differs.unwrap_or_default();
        format!(
            "{leg:?}, killed at look {alive_from} of {n_looks}: entry {at} is {:?}, due {:?}",
            met.get(at),
            due.get(at)
        )
    })?;
    let (met, due) = (engine.report().digest, run.engine.report().digest);
    keep("live from its inputs: the same digest", met == due, || format!("{met}, due {due}"))
}

/// The event log; of why the gate shut without the words, which a failed poll alone knows.
fn log_of(engine: &Engine) -> Vec<String> {
    let entry = |event: &Event| match event {
        Event::GateShut { at, epoch, reason } => {
            let holders = reason.holders().iter().map(|held| (&held.symbol, held.lag));
            format!("{at} {epoch} {} {:?}", reason.name(), holders.collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    };
    engine.events().iter().map(entry).collect()
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
