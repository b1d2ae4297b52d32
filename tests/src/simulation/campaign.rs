//! Many seeds, one after the other, up to the first broken promise.

use super::compare::{Figures, shrunk, simulate};
use super::drive::Violation;
use super::scenario::Scenario;

/// Seeds to be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Campaign {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub n_seeds: u64,
}

/// A seed that breaks a promise.
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Seeds run up to and including it.
    pub n_seeds: u64,
    /// The simplest scenario found that breaks the same promise.
    pub scenario: Scenario,
    /// What it breaks.
    pub violation: Violation,
}

/// How much a failing scenario is made simpler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shrinking {
    /// As far as it goes.
    Full,
    /// Not at all.
    None,
}

impl Campaign {
    /// Runs the seeds, as long as `goes_on`, which is asked with each seed before it.
    ///
    /// # Errors
    ///
    /// The first seed that breaks a promise.
    pub fn run(
        self,
        shrinking: Shrinking,
        mut goes_on: impl FnMut(u64) -> bool,
    ) -> Result<(u64, Figures), Box<Failure>> {
        let mut figures = Figures::default();
        let mut n_seeds = 0;
        for seed in (self.from..self.from.saturating_add(self.n_seeds)).take_while(|&s| goes_on(s))
        {
            n_seeds += 1;
            let scenario = Scenario::of(seed);
            match simulate(&scenario) {
                Ok(of_seed) => figures += of_seed,
                Err(violation) => {
                    let (scenario, violation) = match shrinking {
                        Shrinking::Full => shrunk(&scenario, &violation),
                        Shrinking::None => (scenario, violation),
                    };
                    return Err(Box::new(Failure { seed, n_seeds, scenario, violation }));
                }
            }
        }
        Ok((n_seeds, figures))
    }
}
