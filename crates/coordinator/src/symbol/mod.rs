//! One symbol of the running session: its rows of the day, how far they are delivered, and what
//! may be known of them.

pub(crate) mod figures;
pub(crate) mod live;
pub(crate) mod loader;
pub(crate) mod readiness;
pub(crate) mod warm_up;

use std::collections::BTreeMap;
use std::sync::Arc;

use openbell_data_manager::DataError;
use openbell_market::{BarInterval, RejectReason, Symbol, SymbolIdx};
use openbell_processor::{DayMemory, DaySeries, SymbolProcessor};
use openbell_session_data::{
    Arrival, FixedIndicator, Member, Rows, Segment, SegmentWriter, SeriesFacts, SeriesRole, Through,
};
use openbell_time::{Nanos, Timestamp};

use crate::control::command::Stay;
use crate::symbol::figures::{DayFigures, series_reports};
use crate::source::session_rows::DayReader;
use crate::digest::{Digest, SequenceKey, continued_digests};
use crate::error::RunError;
use crate::history::History;
use crate::gate::lag::LagMeter;
use crate::layout::{LayoutRule, SessionLayout};
use crate::symbol::loader::before_day;
use crate::plan::Plan;
use crate::report::SymbolReport;
use crate::source::admission::{Rejected, Sifted};
use crate::source::Source;
use crate::control::status::{SymbolGauge, SymbolState};

/// No bar follows.
pub(crate) const NEVER: i64 = i64::MAX;

/// Why a symbol is a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Membership {
    /// It stands in the config; removed, it is back in the next session.
    Configured,
    /// It was asked for.
    Asked(Stay),
}

/// What a lane keeps from session to session.
pub(crate) struct LaneRun {
    pub(crate) symbol: Symbol,
    pub(crate) key: SequenceKey,
    pub(crate) idx: SymbolIdx,
    pub(crate) generation: u32,
    pub(crate) membership: Membership,
    pub(crate) reader: DayReader,
    pub(crate) processor: SymbolProcessor,
    pub(crate) history: History,
    /// Who keeps it from being removed: consumers by their names, `None` for everyone else.
    pub(crate) locks: std::collections::BTreeSet<Option<String>>,
    /// The digest of all its series over the sessions closed so far, base first.
    pub(crate) digests: Vec<(BarInterval, Digest)>,
    /// The series of the last session, which readers see until the next one's first publication.
    pub(crate) shown: Option<DaySeries>,
    /// The memory of the session before that one.
    pub(crate) spare: DayMemory,
}

/// What symbols keep from session to session, in symbol order. Each goes into its lane and out of it
/// every day, and so is boxed.
pub(crate) type LaneRuns = Vec<Box<LaneRun>>;

impl LaneRun {
    /// Takes back the series of a session that has closed.
    pub(crate) fn retire(&mut self, series: DaySeries) {
        if let Some(before) = self.shown.replace(series) {
            self.spare = before.into_memory();
        }
    }
}

/// A symbol in the session that is running.
pub(crate) struct Lane {
    pub(crate) run: Box<LaneRun>,
    pub(crate) series: DaySeries,
    /// The rows of the day that are no bars, by the instant at which they may be known.
    pub(crate) rejections: Vec<Rejected>,
    /// Of these, those that the clock has reached.
    pub(crate) n_rejected_known: usize,
    /// What ended the reading, and from when on nothing can be read.
    pub(crate) fault: Option<(Timestamp, DataError)>,
    pub(crate) meter: LagMeter,
    /// The lag at its last check.
    pub(crate) lag: Nanos,
    pub(crate) through: Arc<Through>,
    pub(crate) gauge: Arc<SymbolGauge>,
    pub(crate) fixed: Arc<[FixedIndicator]>,
    /// Rows announced to consumers, base first, then derived; in a replay as of when the lane
    /// was last brought up to date with the clock.
    pub(crate) announced: Vec<usize>,
    /// What is known of its feed; live only.
    pub(crate) live: Option<Box<crate::symbol::live::LiveFeed>>,
    /// Whether it is on its way: added, and not caught up yet.
    pub(crate) is_joining: bool,
    /// Rows rejected and known, by reason.
    pub(crate) rejected: BTreeMap<RejectReason, u64>,
    /// What the board was told of it; `None` where that is no longer so.
    pub(crate) member: Option<Arc<Member>>,
    /// What the day comes to, where that was known when it was loaded.
    pub(crate) figures: Option<DayFigures>,
}

impl Lane {
    /// A member of which nothing is delivered yet, on its way into the session.
    pub(crate) fn new(
        run: Box<LaneRun>,
        series: DaySeries,
        fixed: Arc<[FixedIndicator]>,
        through: Arc<Through>,
    ) -> Lane {
        let gauge = SymbolGauge::new(run.symbol.clone(), run.generation);
        gauge.record_lock(!run.locks.is_empty()); // A lock goes on from session to session.
        Lane {
            rejections: Vec::new(),
            n_rejected_known: 0,
            fault: None,
            meter: LagMeter::new(),
            lag: Nanos::ZERO,
            through,
            gauge,
            fixed,
            announced: vec![0; 1 + series.derived.len()],
            live: None,
            is_joining: true,
            rejected: BTreeMap::new(),
            member: None,
            figures: None,
            run,
            series,
        }
    }

    /// Ends the day at `at`: its digests are those of the run so far. Returns its report, and the
    /// digest of all series.
    pub(crate) fn close_day(
        &mut self,
        at: Timestamp,
        keeps_quality: bool,
    ) -> (SymbolReport, Digest) {
        let report = self.report(at, keeps_quality, false);
        let digests = self.figures.take().map(|figures| figures.digests);
        let digests =
            digests.unwrap_or_else(|| continued_digests(&self.run.digests, &self.series, None));
        let all = digests
            .iter()
            .fold(Digest::default(), |all, (_, digest)| Digest(all.0.rotate_left(7) ^ digest.0));
        self.run.digests = digests;
        (report, all)
    }

    /// The figures of the session as of `at`.
    pub(crate) fn report(
        &mut self,
        at: Timestamp,
        keeps_quality: bool,
        has_left: bool,
    ) -> SymbolReport {
        let known = self.figures.as_mut().filter(|figures| figures.reported_at == at);
        let series = match known {
            Some(figures) => std::mem::take(&mut figures.series),
            None => series_reports(&self.series, at, keeps_quality),
        };
        let rejected = self.rejected.clone();
        SymbolReport { symbol: self.run.symbol.clone(), series, rejected, has_left }
    }

    /// When each bar of the day that is known to the inside closes, delivered or not.
    pub(crate) fn closes_at_ns(&self) -> &[i64] {
        match &self.live {
            Some(live) => &live.sifted.closes_at_ns,
            None => self.series.base.rows().closes_at_ns(),
        }
    }

    /// Bars of the day delivered so far.
    pub(crate) fn n_delivered(&self) -> usize {
        self.meter.n_delivered() as usize
    }

    /// When the next bar closes, [`NEVER`] where none follows.
    pub(crate) fn next_close_ns(&self) -> i64 {
        self.closes_at_ns().get(self.n_delivered()).copied().unwrap_or(NEVER)
    }

    /// The figures that anyone may poll.
    pub(crate) fn run_gauge(&self) -> Arc<SymbolGauge> {
        Arc::clone(&self.gauge)
    }

    /// Shows what the symbol is doing.
    pub(crate) fn show_state(&self) {
        let state = if self.is_joining {
            SymbolState::CatchingUp
        } else if self.is_quiet() {
            SymbolState::Quiet
        } else {
            SymbolState::Live
        };
        self.gauge.change_state(state);
    }

    /// Whether it has delivered nothing so far: whether it ever will is not known yet.
    fn is_quiet(&self) -> bool {
        self.n_delivered() == 0
    }

    /// Bars that have closed by `clock` and are not delivered.
    pub(crate) fn n_undelivered(&self, clock: Timestamp) -> usize {
        let closes_at_ns = &self.closes_at_ns()[self.n_delivered()..];
        closes_at_ns.partition_point(|&ns| ns <= clock.as_nanos())
    }

    /// The rejections that become known at `clock`, in that order.
    pub(crate) fn rejections_known_at(&mut self, clock: Timestamp) -> &[Rejected] {
        let first = self.n_rejected_known;
        let known = self.rejections[first..].partition_point(|r| r.known_at <= clock);
        self.n_rejected_known += known;
        &self.rejections[first..first + known]
    }

    /// The instant at which the next rejection becomes known.
    pub(crate) fn next_rejection_ns(&self) -> i64 {
        let next = self.rejections.get(self.n_rejected_known);
        next.map_or(NEVER, |rejected| rejected.known_at.as_nanos())
    }

    /// The writers of all series, base first, then derived, shortest first.
    pub(crate) fn writers(&self) -> impl Iterator<Item = &SegmentWriter> {
        self.series.writers()
    }

    /// The rows of series `position` that have closed by `as_of`.
    pub(crate) fn rows_at(&self, position: usize, as_of: Timestamp) -> Rows<'_> {
        let writer = match position.checked_sub(1) {
            None => &self.series.base,
            Some(derived) => &self.series.derived[derived],
        };
        writer.rows_at(as_of)
    }

    /// The member of the board that this lane is: one and the same as long as its series are.
    pub(crate) fn member(&mut self) -> Arc<Member> {
        if let Some(member) = &self.member {
            return Arc::clone(member);
        }
        let member = self.new_member();
        Arc::clone(self.member.insert(member))
    }

    fn new_member(&self) -> Arc<Member> {
        let mut series: Vec<SeriesFacts> = self
            .writers()
            .map(|writer| {
                let segment: &Arc<Segment> = writer.segment();
                let interval = segment.shape().interval;
                SeriesFacts {
                    interval,
                    role: segment.shape().role,
                    today: Some(Arc::clone(segment)),
                    trailing: self.run.history.trailing(interval),
                }
            })
            .collect();
        for interval in self.run.history.intervals() {
            if series.iter().all(|facts| facts.interval != interval) {
                let trailing = self.run.history.trailing(interval);
                series.push(SeriesFacts {
                    interval,
                    role: SeriesRole::Derived,
                    today: None,
                    trailing,
                });
            }
        }
        Arc::new(Member::new(
            self.run.symbol.clone(),
            self.run.idx,
            self.run.generation,
            series,
            Arc::clone(&self.fixed),
            Arc::clone(&self.through),
        ))
    }

    /// Makes the series of a live day anew out of what is delivered of it, from the state at its
    /// start: a new generation of its segments, seen from `now` on. Nothing that is published
    /// changes.
    pub(crate) fn make_anew(&mut self, layout: &SessionLayout, now: Timestamp) {
        let n_rows = self.n_delivered();
        let Some(live) = &self.live else { return };
        let (mut processor, none) = (live.start.clone(), DayMemory::default());
        let mut series = processor.start_session(&layout.day, Arrival::Recorded, none);
        let Sifted { bars, closes_at_ns, .. } = &live.sifted;
        let (rows, through) = (0..n_rows, live.closed_through);
        processor.append(bars, closes_at_ns, rows, through, &mut series, Some(now));
        self.run.processor = processor;
        self.series = series;
        self.member = None;
    }

    /// Builds all series anew, for the intervals and indicators of `plan` and `rule` as they are
    /// now, from the same rows of the day.
    pub(crate) fn rebuild(
        &mut self,
        plan: &Plan,
        rule: &LayoutRule,
        layout: &SessionLayout,
        source: &mut dyn Source,
        clock: Timestamp,
    ) -> Result<(), RunError> {
        let (symbol, session) = (&self.run.symbol, &layout.session);
        let stored = source.intervals(symbol);
        let (processor, history) = before_day(symbol, &stored, plan, rule, session, source)?;
        self.run.history = history;
        let before: Vec<(BarInterval, usize)> = self
            .writers()
            .map(|writer| writer.segment().shape().interval)
            .zip(self.announced.iter().copied())
            .collect();
        if let Some(live) = &mut self.live {
            live.start = processor;
            self.make_anew(layout, clock);
        } else {
            self.run.processor = processor;
            let same_bars = self.series.base.whole().cloned().unwrap_or_default();
            let (processor, none) = (&mut self.run.processor, DayMemory::default());
            self.series = processor.whole_session(&layout.day, same_bars, none);
        }
        (self.figures, self.member) = (None, None);
        // A new interval begins to be announced with its next bar.
        let announced = self.writers().map(|writer| {
            let interval = writer.segment().shape().interval;
            let known = before.iter().find(|(known, _)| *known == interval);
            known.map_or_else(|| writer.rows_at(clock).len(), |&(_, announced)| announced)
        });
        self.announced = announced.collect();
        Ok(())
    }
}
