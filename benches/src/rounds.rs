//! Pieces of work that take turns, so that what else the machine does hits them alike.

use openbell::bench::figures::median;
use openbell::bench::meter::Meter;
use openbell_time::Nanos;

/// A piece of work; it yields what it took.
pub type Work<'w> = Box<dyn FnMut() -> Nanos + 'w>;

/// What pieces of work took, round by round.
pub struct Rounds {
    /// For each round what each piece took, in nanoseconds.
    taken_ns: Vec<Vec<f64>>,
}

impl Rounds {
    /// Runs all of `work` in turns, `n_rounds` times, after one round that is not counted.
    pub fn run(n_rounds: usize, mut work: Vec<Work<'_>>) -> Rounds {
        let mut round = || work.iter_mut().map(|work| work().as_nanos() as f64).collect();
        let _: Vec<f64> = round();
        Rounds { taken_ns: (0..n_rounds.max(1)).map(|_| round()).collect() }
    }

    /// What piece `i` takes, in nanoseconds: the median.
    pub fn ns(&self, i: usize) -> f64 {
        median(self.taken_ns.iter().map(|round| round[i]))
    }

    /// What piece `i` takes over what piece `j` takes in the same round: the median.
    pub fn ratio(&self, i: usize, j: usize) -> f64 {
        median(self.taken_ns.iter().map(|round| round[i] / round[j].max(1.0)))
    }

    /// What piece `i` takes beyond piece `j` in the same round, in nanoseconds: the median.
    pub fn beyond_ns(&self, i: usize, j: usize) -> f64 {
        median(self.taken_ns.iter().map(|round| round[i] - round[j]))
    }
}

/// The processor time that `work` takes.
pub fn cpu<R>(work: impl FnOnce() -> R) -> Nanos {
    let meter = Meter::start();
    std::hint::black_box(work());
    meter.taken().cpu
}
