//! The check on a run that is repeated from its inputs: a recorded live session.
//!
//! What came later can reach such a run by two ways only: by the inputs of later steps, which a rerun is
//! not given, and by stored data, where the bars of the day may stand by now: after the cut they are
//! tampered with. Up to the cut every step must show the same.

use std::ops::ControlFlow;

use openbell_time::{Calendar, Timestamp};

use super::LookaheadReport;
use super::cut::{self, Cut, Draw};
use super::difference::{Difference, Subject, unnamed};
use super::finding::{Cause, Finding};
use super::tampering::Tampering;
use super::watch::Watched;
use crate::consumers::consumer::ConsumerError;
use crate::control::status::Phase;
use crate::digest::Digest;
use crate::engine::Engine;

/// What a check needs anew for each of its runs of the same inputs.
pub trait RecordedSetup {
    /// A run that has taken in nothing yet, with its consumers as they are at its start. It is to be
    /// given the first `n_steps` recorded steps and no later one; stored data are to be
    /// [tampered with](Tampering::over).
    ///
    /// # Errors
    ///
    /// A run that cannot begin.
    fn begin(&mut self, tampering: &Tampering, n_steps: u64) -> Result<Engine, ConsumerError>;

    /// Repeats the next recorded step of the run that was begun last, and those that come with it.
    /// Yields how many recorded steps it has taken so far.
    ///
    /// # Errors
    ///
    /// The run does something else than what is recorded, or that cannot be read.
    fn step(&mut self, engine: &mut Engine) -> Result<u64, ConsumerError>;
}

/// A check for look-ahead on recorded inputs.
#[derive(Clone, Copy)]
pub struct RecordedCheck<'c> {
    /// The calendar of the run.
    pub calendar: &'c Calendar,
    /// Steps that are recorded.
    pub n_steps: u64,
    /// How many cuts are made.
    pub n_cuts: u32,
    /// The seed of the first cut; each further one has the next number.
    pub seed: u64,
    /// After so many findings the check ends.
    pub n_findings_max: usize,
}

/// A cut, and what the run with all data has shown by then.
struct Stand {
    cut: Cut,
    /// Recorded steps up to it.
    n_steps: u64,
    /// Of these, those that were watched: some come with another.
    n_watched: usize,
    whole: Digest,
}

/// How far a rerun has shown the same.
enum Held {
    /// Up to the cut.
    Whole,
    /// Its last step shows something else.
    Differs,
    /// The next step is not the recorded one, and why.
    Stopped(String),
}

impl<'c> RecordedCheck<'c> {
    /// A check of 100 cuts from seed 1 on, of a run of `n_steps` recorded steps, which ends after ten
    /// findings.
    pub fn of(calendar: &'c Calendar, n_steps: u64) -> RecordedCheck<'c> {
        RecordedCheck { calendar, n_steps, n_cuts: 100, seed: 1, n_findings_max: 10 }
    }

    /// Makes the check. `on_cut` is called with how many cuts are done, and may end it.
    ///
    /// *Cost*: a run of all recorded steps, and for each cut a run of those up to it; a finding costs
    /// one more.
    ///
    /// # Errors
    ///
    /// The run with all data is not the recorded one, or cannot be run.
    pub fn run(
        &self,
        setup: &mut dyn RecordedSetup,
        mut on_cut: impl FnMut(u32) -> ControlFlow<()>,
    ) -> Result<LookaheadReport, ConsumerError> {
        let mut report = LookaheadReport::default();
        let (baseline, stands) = self.baseline(setup, &mut report)?;
        let hold = |stand: &Stand, report: &mut LookaheadReport| {
            self.hold_against(stand, &baseline, setup, report)
        };
        let made = report.make(&stands, self.n_findings_max, hold, &mut on_cut)?;
        report.is_complete = made.is_continue();
        Ok(report.sorted())
    }

    /// The run with all data up to the last cut, and what it has shown by each, in their order.
    fn baseline(
        &self,
        setup: &mut dyn RecordedSetup,
        report: &mut LookaheadReport,
    ) -> Result<(Watched, Vec<Stand>), ConsumerError> {
        let seeds = (0..u64::from(self.n_cuts)).map(|n| self.seed.wrapping_add(n));
        let mut drawn: Vec<(u64, u64)> =
            seeds.map(|seed| (1 + Draw(seed).below(self.n_steps.max(1)), seed)).collect();
        drawn.sort_unstable();
        let mut run = self.begin(None, self.n_steps, setup)?;
        let first = run.engine.plan().sessions[0].date;
        let (mut stands, mut n_taken) = (Vec::new(), 0);
        for (n_wanted, seed) in drawn {
            while n_taken < n_wanted {
                n_taken = step(&mut run, setup)?;
            }
            let at = run.engine.clock().now();
            let session = run.engine.handle().status().session.unwrap_or(first);
            let cut = Cut { seed, session, at, tamper: cut::drawn_tamper(seed) };
            let (n_watched, whole) = (run.marks().len(), run.print_whole());
            stands.push(Stand { cut, n_steps: n_taken, n_watched, whole });
        }
        report.n_sessions += n_sessions(&run);
        Ok((run, stands))
    }

    fn begin(
        &self,
        cut: Option<Cut>,
        n_steps: u64,
        setup: &mut dyn RecordedSetup,
    ) -> Result<Watched, ConsumerError> {
        let tampering = Tampering { calendar: self.calendar.clone(), cut };
        Ok(Watched::new(setup.begin(&tampering, n_steps)?, Timestamp::MIN))
    }

    /// Repeats the steps up to the cut of `stand`, with stored data tampered with after it. Returns
    /// what was seen otherwise.
    fn hold_against(
        &self,
        stand: &Stand,
        baseline: &Watched,
        setup: &mut dyn RecordedSetup,
        report: &mut LookaheadReport,
    ) -> Result<Option<Finding>, ConsumerError> {
        let mut rerun = self.begin(Some(stand.cut), stand.n_steps, setup)?;
        let held = hold(&mut rerun, stand, baseline, setup);
        report.n_sessions += n_sessions(&rerun);
        report.n_steps += rerun.marks().len() as u64;
        if matches!(held, Held::Whole) {
            return Ok(None);
        }
        // What it was with all data stands in a run that is at the same step.
        let mut again = self.begin(None, stand.n_steps, setup)?;
        while again.marks().len() < rerun.marks().len() {
            let _ = step(&mut again, setup)?;
        }
        report.n_sessions += n_sessions(&again);
        let at = rerun.engine.clock().now();
        let (cause, difference) = match (baseline.difference_to_repeated(&again), held) {
            (Some(difference), _) => (Cause::Unrepeatable, difference),
            (None, Held::Stopped(without)) => (Cause::Lookahead, of_next_step(without)),
            (None, Held::Whole | Held::Differs) => {
                (Cause::Lookahead, again.difference_to(&mut rerun).unwrap_or_else(unnamed))
            }
        };
        Ok(Some(Finding { cut: stand.cut, at, cause, difference }))
    }
}

fn step(run: &mut Watched, setup: &mut dyn RecordedSetup) -> Result<u64, ConsumerError> {
    let n_taken = setup.step(&mut run.engine)?;
    run.mark(Vec::new());
    Ok(n_taken)
}

fn hold(
    rerun: &mut Watched,
    stand: &Stand,
    baseline: &Watched,
    setup: &mut dyn RecordedSetup,
) -> Held {
    for mark in &baseline.marks()[..stand.n_watched] {
        if let Err(error) = step(rerun, setup) {
            return Held::Stopped(error.to_string());
        }
        if rerun.marks().last() != Some(mark) {
            return Held::Differs;
        }
    }
    if rerun.print_whole() == stand.whole { Held::Whole } else { Held::Differs }
}

/// Sessions that a run has run, in whole or in part.
fn n_sessions(run: &Watched) -> u64 {
    let is_open = run.engine.phase() == Phase::Streaming;
    run.engine.n_sessions_closed() as u64 + u64::from(is_open)
}

/// The step that follows is another one.
fn of_next_step(without: String) -> Difference {
    let with = Some("the recorded one".to_owned());
    let what = "what the next step takes in".to_owned();
    Difference { subject: Subject::Session, what, with, without: Some(without) }
}
