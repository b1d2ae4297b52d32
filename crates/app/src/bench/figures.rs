//! Stages side by side: rounds in which each has its turn, and the medians of all rounds.

use openbell_time::Nanos;

use super::market::Market;
use super::meter::{forget_peak_memory, peak_memory};
use super::stage::{Pass, Prepared, Stage};
use crate::exit::{Exit, Failure};

/// What a stage takes.
#[derive(Clone, PartialEq, Debug)]
pub struct Figures {
    /// Which it is.
    pub stage: Stage,
    /// Base bars of one pass.
    pub n_bars: u64,
    /// Bars derived in one pass.
    pub n_derived: u64,
    /// Of all that a run delivered, the same in every round; bare decoding has none.
    pub digest: Option<String>,
    /// Processor time of a pass, the median of the rounds.
    pub cpu: Nanos,
    /// Wall time of a pass, the median of the rounds.
    pub wall: Nanos,
    /// Processor time of bare decoding by the `parquet` crate alone over that of this stage, the median
    /// of the rounds: 1 would be a stage that costs nothing beyond such decoding.
    pub decode_ratio: f64,
    /// The most memory that the process had in the first pass; absent where the system does not
    /// tell.
    pub peak_bytes: Option<u64>,
}

impl Figures {
    /// Nanoseconds of processor time for a base bar.
    pub fn ns_per_bar(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.n_bars.max(1) as f64
    }

    /// Base bars a second of wall time.
    pub fn bars_per_s(&self) -> f64 {
        self.n_bars as f64 / self.wall.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Runs every stage `n_rounds` times on `market`, in turns, after one round that warms up and is not
/// timed; the yardstick comes first in each.
///
/// What else the machine does hits all stages of a round alike, so ratios are taken within a round.
///
/// # Errors
///
/// As for [`Prepared::pass`]; a digest that differs from one round to the next.
pub fn measure(market: &Market, n_rounds: usize) -> Result<Vec<Figures>, Failure> {
    let prepared: Vec<Prepared<'_>> = Stage::ALL
        .iter()
        .map(|&stage| Prepared::new(stage, market))
        .collect::<Result<_, Failure>>()?;
    let mut first = Vec::new();
    for stage in &prepared {
        forget_peak_memory();
        first.push((stage.pass()?, peak_memory()));
    }
    let mut rounds: Vec<Vec<Pass>> = Vec::new();
    for _ in 0..n_rounds.max(1) {
        let passes: Vec<Pass> =
            prepared.iter().map(Prepared::pass).collect::<Result<_, Failure>>()?;
        rounds.push(passes);
    }
    let mut figures = Vec::new();
    for (i, (pass, peak_bytes)) in first.into_iter().enumerate() {
        let stage = prepared[i].stage;
        if rounds.iter().any(|round| round[i].digest != pass.digest) {
            let text = format!("two runs of one stage ({}) have two digests", stage.name());
            return Err(Failure::says(Exit::RunFailed, text));
        }
        let cpu_ns = |pass: &Pass| pass.taken.cpu.as_nanos() as f64;
        let nanos = |ns: f64| Nanos::from_nanos(ns as i64);
        figures.push(Figures {
            stage,
            n_bars: pass.n_bars,
            n_derived: pass.n_derived,
            digest: pass.digest,
            cpu: nanos(median(rounds.iter().map(|round| cpu_ns(&round[i])))),
            wall: nanos(median(rounds.iter().map(|round| round[i].taken.wall.as_nanos() as f64))),
            decode_ratio: median(
                rounds.iter().map(|round| cpu_ns(&round[0]) / cpu_ns(&round[i]).max(1.0)),
            ),
            peak_bytes,
        });
    }
    Ok(figures)
}

/// The one in the middle, of an even number the mean of the two; 0 of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n.is_multiple_of(2) => (values[n / 2 - 1] + values[n / 2]) / 2.0,
        n => values[n / 2],
    }
}

#[cfg(test)]
mod tests {
    use super::super::market::{Files, Size};
    use super::*;

    fn market(files: Files) -> Market {
        let size = Size { n_symbols: 2, n_sessions: 2, files, thin: None };
        Market::generate(&size).expect("a market")
    }

    #[test]
    fn a_median_is_the_one_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median([]), 0.0);
    }

    #[test]
    fn every_stage_meets_every_bar_whatever_files_they_lie_in() {
        let of_months = measure(&market(Files::Month), 1).expect("figures");
        let of_days = measure(&market(Files::Day), 1).expect("figures");
        for (month, day) in of_months.iter().zip(&of_days) {
            // Two symbols, two sessions of 390 minutes.
            assert_eq!((month.n_bars, day.n_bars), (1_560, 1_560), "{:?}", month.stage);
            assert_eq!(month.digest, day.digest, "{:?}", month.stage);
        }
        // 78 bars of 5m, 26 of 15m and 7 of 1h for each symbol and session.
        let n_derived: Vec<u64> = of_months.iter().map(|figures| figures.n_derived).collect();
        assert_eq!(n_derived, [0, 0, 0, 0, 444, 444]);
    }

    #[test]
    fn who_listens_changes_no_digest_and_what_is_derived_does() {
        let figures = measure(&market(Files::Month), 1).expect("figures");
        let digests: Vec<_> = figures.iter().map(|figures| figures.digest.as_deref()).collect();
        assert_eq!(digests[..2], [None, None]);
        assert_eq!(digests[2], digests[3]);
        assert!(digests[3] != digests[4] && digests[4] != digests[5]);
        assert_eq!(figures[0].decode_ratio, 1.0);
    }
}
