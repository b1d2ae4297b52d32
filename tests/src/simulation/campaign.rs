//! Many seeds, each by itself, up to the first broken promise.
#![expect(clippy::disallowed_methods, reason = "seeds run on threads of their own")]

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::compare::{Figures, shrunk, simulate};
use super::live::{LiveFigures, LiveScenario, Troubles, shrunk_live, simulate_live};
use super::scenario::Scenario;
use super::vendors::{VendorFigures, VendorKind, VendorScenario, shrunk_vendor, simulate_vendor};
use super::violation::Violation;

/// Seeds to be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Campaign {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub n_seeds: u64,
}

/// A seed that breaks a promise.
pub struct Failure<S> {
    /// The seed.
    pub seed: u64,
    /// Seeds run up to and including it.
    pub n_seeds: u64,
    /// The simplest scenario found that breaks the same promise.
    pub scenario: S,
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

/// What has come of the seeds so far.
struct Ran<F> {
    /// Seeds that are added up, from the first on.
    n_seeds: u64,
    figures: F,
    /// Seeds that are over before one that comes before them.
    ahead: BTreeMap<u64, F>,
    /// The first seed that breaks a promise, with what it breaks.
    broken: Option<(u64, Violation)>,
}

impl<F: AddAssign> Ran<F> {
    fn add(&mut self, from: u64, seed: u64, came: Result<F, Violation>) {
        match came {
            Ok(figures) => {
                self.ahead.insert(seed, figures);
            }
            Err(violation) => {
                if self.broken.as_ref().is_none_or(|(earlier, _)| seed < *earlier) {
                    self.broken = Some((seed, violation));
                }
            }
        }
        // In the order of the seeds, so that the digest of all is the same on any number of threads.
        while let Some(figures) = self.ahead.remove(&(from + self.n_seeds)) {
            self.figures += figures;
            self.n_seeds += 1;
        }
    }
}

impl Campaign {
    /// Runs the seeds on `n_threads` threads, as long as `goes_on`, which is asked with each seed
    /// before it. What comes of them does not depend on the number of threads.
    ///
    /// # Errors
    ///
    /// The first seed that breaks a promise.
    pub fn run(
        self,
        n_threads: usize,
        shrinking: Shrinking,
        goes_on: impl Fn(u64) -> bool + Sync,
    ) -> Result<(u64, Figures), Box<Failure<Scenario>>> {
        let ran = self.run_each(n_threads, goes_on, |seed| simulate(&Scenario::of(seed)));
        ran.map_err(|(seed, violation)| {
            let scenario = Scenario::of(seed);
            let (scenario, violation) = match shrinking {
                Shrinking::Full => shrunk(&scenario, &violation),
                Shrinking::None => (scenario, violation),
            };
            Box::new(self.failure(seed, scenario, violation))
        })
    }

    /// As [`Campaign::run`], of live runs.
    ///
    /// # Errors
    ///
    /// The first seed that breaks a promise.
    pub fn run_live(
        self,
        n_threads: usize,
        shrinking: Shrinking,
        goes_on: impl Fn(u64) -> bool + Sync,
    ) -> Result<(u64, LiveFigures), Box<Failure<LiveScenario>>> {
        let scenario = |seed| LiveScenario::of(seed, Troubles::EVERY);
        let ran = self.run_each(n_threads, goes_on, |seed| simulate_live(&scenario(seed)));
        ran.map_err(|(seed, violation)| {
            let (scenario, violation) = match shrinking {
                Shrinking::Full => shrunk_live(scenario(seed), violation),
                Shrinking::None => (scenario(seed), violation),
            };
            Box::new(self.failure(seed, scenario, violation))
        })
    }

    /// As [`Campaign::run`], of sessions with a vendor's client against its simulated exchange.
    ///
    /// # Errors
    ///
    /// The first seed that breaks a promise.
    pub fn run_vendor(
        self,
        kind: VendorKind,
        n_threads: usize,
        shrinking: Shrinking,
        goes_on: impl Fn(u64) -> bool + Sync,
    ) -> Result<(u64, VendorFigures), Box<Failure<VendorScenario>>> {
        let scenario = |seed| VendorScenario::of(kind, seed);
        let ran = self.run_each(n_threads, goes_on, |seed| simulate_vendor(&scenario(seed)));
        ran.map_err(|(seed, violation)| {
            let (scenario, violation) = match shrinking {
                Shrinking::Full => shrunk_vendor(scenario(seed), violation),
                Shrinking::None => (scenario(seed), violation),
            };
            Box::new(self.failure(seed, scenario, violation))
        })
    }

    fn failure<S>(self, seed: u64, scenario: S, violation: Violation) -> Failure<S> {
        Failure { seed, n_seeds: seed - self.from + 1, scenario, violation }
    }

    /// Runs `one` for each seed; yields the first seed that breaks a promise.
    fn run_each<F: AddAssign + Default + Send>(
        self,
        n_threads: usize,
        goes_on: impl Fn(u64) -> bool + Sync,
        one: impl Fn(u64) -> Result<F, Violation> + Sync,
    ) -> Result<(u64, F), (u64, Violation)> {
        let next = AtomicU64::new(self.from);
        let end = self.from.saturating_add(self.n_seeds);
        let is_over = AtomicBool::new(false);
        let (figures, ahead) = (F::default(), BTreeMap::new());
        let ran = Mutex::new(Ran { n_seeds: 0, figures, ahead, broken: None });
        thread::scope(|scope| {
            for _ in 0..n_threads {
                scope.spawn(|| {
                    // Seeds are begun in order, so those before a broken one are run to their end.
                    while !is_over.load(Ordering::Relaxed) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end || !goes_on(seed) {
                            break;
                        }
                        let came = one(seed);
                        if came.is_err() {
                            is_over.store(true, Ordering::Relaxed);
                        }
                        ran.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .add(self.from, seed, came);
                    }
                });
            }
        });
        let ran = ran.into_inner().unwrap_or_else(PoisonError::into_inner);
        match ran.broken {
            Some(broken) => Err(broken),
            None => Ok((ran.n_seeds, ran.figures)),
        }
    }
}
