//! A vendor's run from its start to its end, held against its laws, and made simpler where it fails.

use std::ops::AddAssign;
use std::panic::AssertUnwindSafe;

use openbell_config::SessionConfig;
use openbell_coordinator::Engine;
use openbell_time::Nanos;

use super::kind::short_time;
use super::laws::Judge;
use super::scenario::VendorScenario;
use super::world::World;
use crate::market::Market;
use crate::simulation::violation::{Kept, Violation, keep, unless_it_panics};
use crate::story::finish;

/// After its close a session may be open for so long.
const PATIENCE: Nanos = Nanos::from_secs(310);

/// What came of runs with a vendor, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct VendorFigures {
    /// Sessions.
    pub n_sessions: u64,
    /// Bars delivered.
    pub n_bars: u64,
    /// Texts that reached the client.
    pub n_texts: u64,
    /// Requests.
    pub n_requests: u64,
    /// Connections.
    pub n_connects: u64,
    /// Times that the gate shut.
    pub n_shut: u64,
    /// The digests of all runs, folded.
    pub digest: u64,
}

impl AddAssign for VendorFigures {
    fn add_assign(&mut self, other: VendorFigures) {
        self.n_sessions += other.n_sessions;
        self.n_bars += other.n_bars;
        self.n_texts += other.n_texts;
        self.n_requests += other.n_requests;
        self.n_connects += other.n_connects;
        self.n_shut += other.n_shut;
        self.digest = self.digest.rotate_left(5) ^ other.digest;
    }
}

/// Runs a scenario.
///
/// # Errors
///
/// The law that is broken.
pub fn simulate_vendor(scenario: &VendorScenario) -> Kept<VendorFigures> {
    unless_it_panics("goes on: nothing panics", AssertUnwindSafe(|| simulated(scenario)))
}

fn simulated(scenario: &VendorScenario) -> Kept<VendorFigures> {
    let mut world = scenario.world();
    let mut judge = Judge::new(scenario);
    let until = scenario.hours.end - scenario.our_skew + PATIENCE;
    while world.go_on(until) {
        judge.look(&world)?;
    }
    judge.end(&world)?;
    check_replay(scenario, &judge, &world)?;
    Ok(figures(&world))
}

fn figures(world: &World) -> VendorFigures {
    let report = world.session.engine.report();
    let is_shut = |event: &&openbell_coordinator::Event| {
        matches!(event, openbell_coordinator::Event::GateShut { .. })
    };
    VendorFigures {
        n_sessions: report.sessions.len() as u64,
        n_bars: report.n_bars,
        n_texts: world.network.traffic.n_texts,
        n_requests: world.network.traffic.n_requests,
        n_connects: world.network.exchange.counts().connects,
        n_shut: world.session.engine.events().iter().filter(is_shut).count() as u64,
        digest: report.digest.0,
    }
}

/// Law F: each symbol's digest is that of a replay over the final bars.
fn check_replay(scenario: &VendorScenario, judge: &Judge<'_>, world: &World) -> Kept<()> {
    if judge.closed.values().any(Vec::is_empty) {
        return Ok(()); // A symbol without a row is none of a store.
    }
    let market = judge.closed.iter().fold(Market::new(), |market, (symbol, rows)| {
        market.with_rows(symbol.as_str(), "1m", rows.iter().copied())
    });
    let (config, _) =
        SessionConfig::parse(&scenario.json()).unwrap_or_else(|errors| panic!("{errors}"));
    let engine = Engine::new(&config, short_time(), Box::new(market));
    let mut engine = engine.unwrap_or_else(|errors| panic!("{errors}"));
    let due = finish(&mut engine).report.digests;
    let met = world.session.engine.report().digests;
    keep("F: the digests of a replay over the final bars", met == due, || {
        format!("{met:?}, due {due:?}")
    })
}

/// The simplest scenario that still breaks the same law: without the troubles and faults that it does
/// not need.
pub fn shrunk_vendor(
    scenario: VendorScenario,
    violation: Violation,
) -> (VendorScenario, Violation) {
    let (mut simplest, mut found) = (scenario, violation);
    let mut goes_on = true;
    while goes_on {
        goes_on = false;
        for simpler in simpler(&simplest) {
            if let Err(violation) = simulate_vendor(&simpler)
                && violation.invariant == found.invariant
            {
                (simplest, found, goes_on) = (simpler, violation, true);
                break;
            }
        }
    }
    (simplest, found)
}

/// The same with one thing less.
fn simpler(scenario: &VendorScenario) -> Vec<VendorScenario> {
    let mut simpler = Vec::new();
    for at in 0..scenario.troubles.len() {
        let mut one = scenario.clone();
        one.troubles.remove(at);
        simpler.push(one);
    }
    for at in 0..scenario.faults.len() {
        let mut one = scenario.clone();
        one.faults.remove(at);
        simpler.push(one);
    }
    if scenario.our_skew != Nanos::ZERO {
        simpler.push(VendorScenario { our_skew: Nanos::ZERO, ..scenario.clone() });
    }
    for at in 0..scenario.wanted.len().saturating_sub(1) {
        let mut one = scenario.clone();
        one.wanted.remove(at);
        simpler.push(one);
    }
    simpler
}
