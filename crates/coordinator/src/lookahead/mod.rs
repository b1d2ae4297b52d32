//! The check for look-ahead: a run is repeated with its future tampered with, and must show the same
//! up to there, bit for bit.
//!
//! Held against each other are, step by step, the event log with its signals and commands, what
//! consumers have [output](LookaheadSetup::outputs), the polled status and every new row, as an inside
//! reader sees them; and at the cut all that can be read, history, indicators, quality and
//! metrics included, and the report.
//!
//! A rerun is a run of its own that begins some sessions before that of its cut and stands still at
//! the cut, so its length is that of a session or two, whatever the length of the config's run.

mod cut;
mod difference;
mod finding;
mod recorded;
mod rerun_window;
mod tampering;
mod watch;

pub use cut::{Cut, Tamper};
pub use difference::{Difference, Subject};
pub use finding::{Cause, Finding};
pub use recorded::{RecordedCheck, RecordedSetup};
pub use tampering::Tampering;

use std::ops::ControlFlow;

use openbell_config::SessionConfig;
use openbell_data_manager::DataError;
use openbell_time::TimeManager;
use thiserror::Error;

use crate::consumers::consumer::ConsumerError;
use crate::engine::Engine;
use crate::error::PlanErrors;
use crate::plan::Plan;
use crate::source::Source;
use rerun_window::RerunWindow;

/// What a check needs anew for each of its runs.
pub trait LookaheadSetup {
    /// The data that all runs are on, the same each time.
    ///
    /// # Errors
    ///
    /// A source that cannot be opened.
    fn source(&mut self) -> Result<Box<dyn Source>, DataError>;

    /// Registers consumers as they are at the start of a run, with nothing in them of an earlier
    /// one. A consumer that reads data by a source of its own is to be given that source
    /// [tampered with](Tampering::over).
    ///
    /// # Errors
    ///
    /// Consumers that cannot be made.
    fn register(&mut self, engine: &mut Engine, tampering: &Tampering)
    -> Result<(), ConsumerError>;

    /// What consumers have output beside signals and commands, since this was asked last, each
    /// piece with the name of its consumer; by default nothing. Asked after every step.
    fn outputs(&mut self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A check for look-ahead.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use openbell_config::SessionConfig;
/// use openbell_coordinator::{
///     ConsumerError, Engine, LookaheadCheck, LookaheadSetup, Source, StoreSource, Tampering,
/// };
/// use openbell_data_manager::{DataError, DataManager, StoreOptions};
/// use openbell_time::TimeManager;
///
/// struct NoConsumers(DataManager);
/// impl LookaheadSetup for NoConsumers {
///     fn source(&mut self) -> Result<Box<dyn Source>, DataError> {
///         Ok(Box::new(StoreSource::new(self.0.clone())))
///     }
///     fn register(&mut self, _: &mut Engine, _: &Tampering) -> Result<(), ConsumerError> {
///         Ok(())
///     }
/// }
///
/// let (config, _) = SessionConfig::parse(
///     r#"{ "session_name": "check", "mode": "backtest",
///          "backtest_config": { "start_date": "2025-07-02", "end_date": "2025-07-03" },
///          "session_data_config": { "symbols": ["AAPL"], "streams": ["1m", "5m"] } }"#,
/// )?;
/// let store = DataManager::open("../../tests/data/bar_data", &StoreOptions::default())?;
/// let time = TimeManager::new();
/// let check = LookaheadCheck { n_cuts: 8, ..LookaheadCheck::of(&config, &time) };
/// let report = check.run(&mut NoConsumers(store), |_| ControlFlow::Continue(()))?;
/// assert_eq!(report.n_cuts, 8);
/// assert!(report.findings.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct LookaheadCheck<'c> {
    /// What is run; its speed is passed over.
    pub config: &'c SessionConfig,
    /// The calendars.
    pub time: &'c TimeManager,
    /// How many cuts are made.
    pub n_cuts: u32,
    /// The seed of the first cut; each further one has the next number.
    pub seed: u64,
    /// How many sessions before that of its cut a rerun begins, where the run has them.
    pub n_lead: usize,
    /// After so many findings the check ends.
    pub n_findings_max: usize,
}

/// What a check has found.
#[derive(Clone, Debug, Default)]
pub struct LookaheadReport {
    /// Cuts made.
    pub n_cuts: u32,
    /// Sessions run for it, in whole or in part.
    pub n_sessions: u64,
    /// Steps of reruns that were held against those of the run with all data.
    pub n_steps: u64,
    /// What was seen before its time, in order of the cuts' seeds.
    pub findings: Vec<Finding>,
    /// Whether it went on to its last cut.
    pub is_complete: bool,
}

/// Why a check cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LookaheadError {
    /// The run cannot begin.
    #[error(transparent)]
    Plan(#[from] PlanErrors),
    /// The source cannot be opened.
    #[error(transparent)]
    Data(Box<DataError>),
    /// The consumers cannot be made.
    #[error("the consumers cannot be registered: {0}")]
    Consumers(ConsumerError),
}

impl From<DataError> for LookaheadError {
    fn from(error: DataError) -> LookaheadError {
        LookaheadError::Data(Box::new(error))
    }
}

impl<'c> LookaheadCheck<'c> {
    /// A check of 100 cuts from seed 1 on, each rerun with one session before that of its cut,
    /// which ends after ten findings.
    pub fn of(config: &'c SessionConfig, time: &'c TimeManager) -> LookaheadCheck<'c> {
        LookaheadCheck { config, time, n_cuts: 100, seed: 1, n_lead: 1, n_findings_max: 10 }
    }

    /// Makes the check. `on_cut` is called with how many cuts are done, and may end it.
    ///
    /// Consumers are best registered inline; workers are waited for, and the setup has to run them.
    ///
    /// *Cost*: a run of each session that has a cut, and for each cut a run up to it, each with the
    /// sessions before it that it begins with; a finding costs one more.
    ///
    /// # Errors
    ///
    /// A run that cannot begin. A run that fails is no error: it must fail at the same step, with
    /// or without the future.
    pub fn run(
        &self,
        setup: &mut dyn LookaheadSetup,
        mut on_cut: impl FnMut(u32) -> ControlFlow<()>,
    ) -> Result<LookaheadReport, LookaheadError> {
        let plan = Plan::new(self.config, self.time, setup.source()?.as_mut())?;
        let n_sessions = plan.sessions.len();
        let mut by_session: Vec<Vec<u64>> = vec![Vec::new(); n_sessions];
        for n in 0..u64::from(self.n_cuts) {
            let seed = self.seed.wrapping_add(n);
            by_session[cut::drawn_session(seed, n_sessions)].push(seed);
        }
        let mut report = LookaheadReport::default();
        let with_cuts = by_session.iter().enumerate().filter(|(_, seeds)| !seeds.is_empty());
        for (session, seeds) in with_cuts {
            let first = session.saturating_sub(self.n_lead);
            let window = RerunWindow::of(self, &plan, first..session + 1)?;
            let cuts = window.cuts(seeds);
            let mut baseline = window.baseline(&cuts, setup)?;
            report.n_sessions += window.n_sessions() as u64;
            let hold = |cut: &Cut, report: &mut LookaheadReport| {
                window.hold_against(cut, &mut baseline, setup, report)
            };
            if report.make(&cuts, self.n_findings_max, hold, &mut on_cut)?.is_break() {
                return Ok(report.sorted());
            }
        }
        report.is_complete = true;
        Ok(report.sorted())
    }
}

impl LookaheadReport {
    /// Makes `cuts` one after the other by `hold`, until there are `n_findings_max` findings or `on_cut`
    /// ends it.
    fn make<C, E>(
        &mut self,
        cuts: &[C],
        n_findings_max: usize,
        mut hold: impl FnMut(&C, &mut LookaheadReport) -> Result<Option<Finding>, E>,
        on_cut: &mut impl FnMut(u32) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, E> {
        for cut in cuts {
            if self.findings.len() >= n_findings_max {
                return Ok(ControlFlow::Break(()));
            }
            let found = hold(cut, self)?;
            self.findings.extend(found);
            self.n_cuts += 1;
            if on_cut(self.n_cuts).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn sorted(mut self) -> LookaheadReport {
        self.findings.sort_by_key(|finding| finding.cut.seed);
        self
    }
}
