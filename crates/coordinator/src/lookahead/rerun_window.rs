//! The sessions of one rerun: as a run with all data shows them, and as one without the future.

use std::collections::BTreeSet;
use std::ops::Range;

use openbell_config::{Mode, SessionConfig};
use openbell_time::{TimeManager, Timestamp};

use super::cut::{self, Cut};
use super::difference::unnamed;
use super::finding::{Cause, Finding};
use super::tampering::Tampering;
use super::watch::{Watched, Watching};
use super::{LookaheadCheck, LookaheadError, LookaheadReport, LookaheadSetup};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::error::PlanErrors;
use crate::layout::SessionLayout;
use crate::plan::Plan;

/// Sessions of the run that cuts of the last of them are looked at in.
pub(super) struct RerunWindow<'c> {
    config: SessionConfig,
    time: &'c TimeManager,
    plan: &'c Plan,
    sessions: Range<usize>,
    first_at: Timestamp,
    last: SessionLayout,
}

/// The run with all data.
pub(super) struct Baseline {
    run: Watched,
    /// For each cut the steps up to it, and the print of all that could be seen there.
    stands: Vec<(Timestamp, usize, Digest)>,
}

impl RerunWindow<'_> {
    pub(super) fn of<'c>(
        check: &LookaheadCheck<'c>,
        plan: &'c Plan,
        sessions: Range<usize>,
    ) -> Result<RerunWindow<'c>, LookaheadError> {
        let within = &plan.sessions[sessions.clone()];
        let lay = |session| plan.rule.lay(session).map_err(|e| PlanErrors(vec![e.into()]));
        let (first, last) = (lay(within[0])?, lay(within[within.len() - 1])?);
        let mut config = check.config.clone();
        if let Mode::Backtest(backtest) = &mut config.mode {
            (backtest.start_date, backtest.end_date) = (first.session.date, last.session.date);
            backtest.speed_multiplier = 0.0;
        }
        // A dated entry that is due in no session of the run would be refused.
        let due: BTreeSet<usize> = within
            .iter()
            .flat_map(|session| plan.schedule_of(session).0)
            .map(|due| due.entry)
            .collect();
        let mut entry = 0;
        config.session_data_config.symbol_schedule.retain(|scheduled| {
            entry += 1;
            scheduled.at.date.is_none() || due.contains(&(entry - 1))
        });
        let (time, first_at) = (check.time, first.clock_since);
        Ok(RerunWindow { config, time, plan, sessions, first_at, last })
    }

    pub(super) fn n_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The cuts of `seeds`, by instant.
    pub(super) fn cuts(&self, seeds: &[u64]) -> Vec<Cut> {
        let mut cuts: Vec<Cut> = seeds.iter().map(|&seed| cut::drawn(seed, &self.last)).collect();
        cuts.sort_by_key(|cut| (cut.at, cut.seed));
        cuts
    }

    fn begin(
        &self,
        cut: Option<Cut>,
        setup: &mut dyn LookaheadSetup,
    ) -> Result<Watched, LookaheadError> {
        let tampering = Tampering { calendar: self.plan.calendar().clone(), cut };
        let source = tampering.over(setup.source()?);
        let mut engine = Engine::new(&self.config, self.time, source)?;
        drop(setup.outputs()); // What an earlier run has left.
        setup.register(&mut engine, &tampering).map_err(LookaheadError::Consumers)?;
        Ok(Watched::new(engine, self.first_at))
    }

    /// The run with all data, up to the last of `cuts`.
    pub(super) fn baseline(
        &self,
        cuts: &[Cut],
        setup: &mut dyn LookaheadSetup,
    ) -> Result<Baseline, LookaheadError> {
        let mut run = self.begin(None, setup)?;
        let mut stands = Vec::new();
        for cut in cuts {
            run.go_to(cut.at, setup, |_| Watching::GoesOn);
            stands.push((cut.at, run.marks().len(), run.print_whole()));
        }
        Ok(Baseline { run, stands })
    }

    /// Reruns the window up to `cut`, without what comes after it. Returns what was seen
    /// otherwise.
    pub(super) fn hold_against(
        &self,
        cut: &Cut,
        baseline: &mut Baseline,
        setup: &mut dyn LookaheadSetup,
        report: &mut LookaheadReport,
    ) -> Result<Option<Finding>, LookaheadError> {
        let mut rerun = self.begin(Some(*cut), setup)?;
        let is_as_was = baseline.holds(&mut rerun, cut, setup);
        report.n_sessions += self.n_sessions() as u64;
        report.n_steps += rerun.marks().len() as u64;
        if is_as_was {
            return Ok(None);
        }
        // What it was with all data stands in a run that is at the same step.
        let mut again = self.begin(None, setup)?;
        let n_steps = rerun.marks().len();
        again.go_to(cut.at, setup, |run| {
            if run.marks().len() < n_steps { Watching::GoesOn } else { Watching::Ends }
        });
        report.n_sessions += self.n_sessions() as u64;
        let at = rerun.engine.clock().now();
        let (cause, difference) = match baseline.run.difference_to_repeated(&again) {
            Some(difference) => (Cause::Unrepeatable, difference),
            None => (Cause::Lookahead, again.difference_to(&mut rerun).unwrap_or_else(unnamed)),
        };
        Ok(Some(Finding { cut: *cut, at, cause, difference }))
    }
}

impl Baseline {
    /// Steps `rerun` up to the cut; says whether it shows the same. It stands at the first step
    /// that does not.
    fn holds(&self, rerun: &mut Watched, cut: &Cut, setup: &mut dyn LookaheadSetup) -> bool {
        let marks = self.run.marks();
        let is_same = |run: &Watched| {
            let n_steps = run.marks().len();
            marks.get(n_steps - 1) == run.marks().last()
        };
        rerun.go_to(
            cut.at,
            setup,
            |run| if is_same(run) { Watching::GoesOn } else { Watching::Ends },
        );
        let n_steps = rerun.marks().len();
        let is_same = n_steps == 0 || is_same(rerun);
        let stand = self.stands.iter().find(|(at, _, _)| *at == cut.at);
        is_same && stand.is_some_and(|&(_, n, whole)| n == n_steps && whole == rerun.print_whole())
    }
}
