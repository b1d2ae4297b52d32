//! Live runs from a seed: markets whose vendors are late, silent, wrong and away, clocks that step,
//! users that come at any hour; held against the truth of the market and the script of the vendors.
//!
//! The oracle knows what was handed over (`witness.rs`), what our clock showed (`wall.rs`) and the
//! sessions (`days.rs`), and nothing of the engine. Nothing of the vendors (`script.rs`) shares an
//! assumption with it.

mod again;
mod books;
mod drive;
mod laws;
mod listener;
mod looks;
mod on_disk;
mod prints;
mod scenario;
mod script;
mod trouble;
mod truth;
mod vendor;
mod wall;
mod witness;

use std::ops::AddAssign;
use std::panic::AssertUnwindSafe;

use self::drive::LegRun;
use self::looks::KeptLooks;
pub use self::on_disk::simulate_on_disk;
pub use self::scenario::LiveScenario;
pub use self::trouble::{Trouble, Troubles};
use self::vendor::Vendors;
use super::violation::{Kept, Violation, unless_it_panics};

/// Of so many seeds one is run again from the inputs of its looks.
const AGAIN_EVERY: u64 = 3;

/// What came of live runs, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LiveFigures {
    /// Sessions that were run.
    pub n_sessions: u64,
    /// Processes.
    pub n_legs: u64,
    /// Steps.
    pub n_steps: u64,
    /// Bars delivered.
    pub n_bars: u64,
    /// Times that the gate shut.
    pub n_shut: u64,
    /// Ranges that consumers were told of at once.
    pub n_ranges: u64,
    /// Corrections that consumers were told of.
    pub n_corrected: u64,
    /// Commands.
    pub n_commands: u64,
    /// The digests of all runs, folded.
    pub digest: u64,
}

impl AddAssign for LiveFigures {
    fn add_assign(&mut self, other: LiveFigures) {
        self.n_sessions += other.n_sessions;
        self.n_legs += other.n_legs;
        self.n_steps += other.n_steps;
        self.n_bars += other.n_bars;
        self.n_shut += other.n_shut;
        self.n_ranges += other.n_ranges;
        self.n_corrected += other.n_corrected;
        self.n_commands += other.n_commands;
        self.digest = self.digest.rotate_left(5) ^ other.digest;
    }
}

/// Runs a scenario, and again in the ways that must come out the same.
///
/// # Errors
///
/// The promise that is broken.
pub fn simulate_live(scenario: &LiveScenario) -> Kept<LiveFigures> {
    unless_it_panics("live goes on: nothing panics", AssertUnwindSafe(|| simulated(scenario)))
}

fn simulated(scenario: &LiveScenario) -> Kept<LiveFigures> {
    let mut figures = LiveFigures::default();
    for leg in &scenario.legs {
        let vendors = Vendors::new(scenario.vendors());
        let mut run = LegRun::new(scenario, leg, vendors.clone());
        let looks = KeptLooks::new();
        if scenario.seed.is_multiple_of(AGAIN_EVERY) {
            run.keep_looks(&looks);
        }
        run.run(leg)?;
        again::check_replay(scenario, leg, &run)?;
        if scenario.seed.is_multiple_of(AGAIN_EVERY) {
            again::check_inputs(scenario, leg, &run, &looks, vendors)?;
        }
        figures += run.figures();
    }
    figures.n_commands = scenario.commands.len() as u64;
    Ok(figures)
}

/// The simplest scenario of the seed of `scenario` that breaks the same promise: without the kinds of
/// trouble that it does not need.
pub fn shrunk_live(scenario: LiveScenario, violation: Violation) -> (LiveScenario, Violation) {
    let (mut simplest, mut found) = (scenario, violation);
    for kind in Trouble::ALL {
        if !simplest.troubles.has(kind) {
            continue;
        }
        let simpler = LiveScenario::of(simplest.seed, simplest.troubles.without(kind));
        if let Err(violation) = simulate_live(&simpler)
            && violation.invariant == found.invariant
        {
            (simplest, found) = (simpler, violation);
        }
    }
    (simplest, found)
}
