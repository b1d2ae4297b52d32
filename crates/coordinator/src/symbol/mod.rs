//! One symbol, in the run and in its session: its rows, its series, and what may be known of them.
//!
//! Not here: how far it is delivered and notified (the engine's progress), whether it lags
//! ([`crate::gate`]).

pub(crate) mod checkpoints;
pub(crate) mod figures;
pub(crate) mod live;
pub(crate) mod loader;
pub(crate) mod locks;
pub(crate) mod readiness;
pub(crate) mod warm_up;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use openbell_data_manager::DataError;
use openbell_market::{BarInterval, RejectReason, Symbol, SymbolIdx, n_stamped_before};
use openbell_processor::{SeriesMemory, SessionSeries, SymbolProcessor};
use openbell_session_data::{
    DeliveredThrough, HistoricalIndicator, Member, Rows, Segment, SegmentWriter, SeriesFacts,
    SeriesRole, Visibility, WholeBars, Why,
};
use openbell_time::{Timestamp, TradingDate};

use crate::control::command::Stay;
use crate::control::status::SymbolGauge;
use crate::digest::{Digest, SequenceKey, continued_digests};
use crate::error::RunError;
use crate::history::History;
use crate::layout::SessionLayout;
use crate::plan::reading::Reading;
use crate::report::{LiveReport, SymbolReport};
use crate::source::admission::{Admitted, Rejected};
use crate::source::session_reader::SessionReader;
use checkpoints::Checkpoints;
use figures::{SessionFigures, n_absent, series_reports};
use live::LiveRows;
use locks::Locks;
use warm_up::before_session;

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

/// What a symbol keeps from session to session.
pub(crate) struct SymbolRun {
    pub(crate) symbol: Symbol,
    pub(crate) key: SequenceKey,
    pub(crate) idx: SymbolIdx,
    pub(crate) generation: u32,
    pub(crate) membership: Membership,
    pub(crate) reader: SessionReader,
    pub(crate) processor: SymbolProcessor,
    pub(crate) history: History,
    pub(crate) locks: Locks,
    /// Whether its live feed stands where the run has come to.
    pub(crate) is_followed: bool,
    /// Through when its live feed was proven to be complete when the last session closed.
    pub(crate) followed_through: Option<Timestamp>,
    /// The digest of all its series over the sessions closed so far, base first.
    pub(crate) digests: Vec<(BarInterval, Digest)>,
    /// The series of the last session, which readers see until the next one's first publication.
    pub(crate) shown: Option<SessionSeries>,
    /// The memory of the session before that one.
    pub(crate) spare: SeriesMemory,
}

/// What symbols keep from session to session, in symbol order. Each goes into its session and out of
/// it every day, and so is boxed.
pub(crate) type SymbolRuns = Vec<Box<SymbolRun>>;

impl SymbolRun {
    /// Takes back the series of a session that has closed.
    pub(crate) fn retire(&mut self, series: SessionSeries) {
        if let Some(before) = self.shown.replace(series) {
            self.spare = before.into_memory();
        }
    }
}

/// How the rows of a symbol's session come.
pub(crate) enum SymbolRows {
    /// They were all read when the session was prepared.
    Stored(StoredRows),
    /// They come as they come.
    Live(Box<LiveRows>),
}

impl SymbolRows {
    /// The rows as they come.
    ///
    /// # Panics
    ///
    /// Where they are stored: a live session has live members only, the loader holds it.
    pub(crate) fn live(&self) -> &LiveRows {
        match self {
            SymbolRows::Live(live) => live,
            SymbolRows::Stored(_) => panic!("{STORED_IN_LIVE}"),
        }
    }

    /// As [`SymbolRows::live`], to be changed.
    pub(crate) fn live_mut(&mut self) -> &mut LiveRows {
        match self {
            SymbolRows::Live(live) => live,
            SymbolRows::Stored(_) => panic!("{STORED_IN_LIVE}"),
        }
    }
}

const STORED_IN_LIVE: &str = "a member of a live session is stored";

/// What stored rows came to beside the bars, which are in the series.
pub(crate) struct StoredRows {
    /// The rows that are no bars, by the instant at which they may be known.
    rejections: Vec<Rejected>,
    /// Of these, those that the clock has reached.
    n_known: usize,
    /// What ended the reading, and from when on nothing can be read.
    pub(crate) fault: Option<(Timestamp, DataError)>,
    /// What the session comes to, as long as its series are as they were loaded.
    figures: Option<SessionFigures>,
}

impl StoredRows {
    pub(crate) fn new(
        rejections: Vec<Rejected>,
        fault: Option<(Timestamp, DataError)>,
        figures: SessionFigures,
    ) -> StoredRows {
        StoredRows { rejections, n_known: 0, fault, figures: Some(figures) }
    }

    /// The rejections that become known by `clock`, in that order.
    fn known_by(&mut self, clock: Timestamp) -> &[Rejected] {
        let first = self.n_known;
        self.n_known += self.rejections[first..].partition_point(|r| r.known_at <= clock);
        &self.rejections[first..self.n_known]
    }

    /// The next instant at which something is to be found out, [`NEVER`] where nothing is.
    fn next_finding_ns(&self) -> i64 {
        let fault_ns = self.fault.as_ref().map_or(NEVER, |(at, _)| at.as_nanos());
        let next = self.rejections.get(self.n_known);
        next.map_or(NEVER, |rejected| rejected.known_at.as_nanos()).min(fault_ns)
    }
}

/// What a symbol is before a session: the state of its processor, and its history windows.
pub(crate) type StateBefore = (SymbolProcessor, History);

/// A symbol in the session that is running.
pub(crate) struct SymbolSession {
    pub(crate) run: Box<SymbolRun>,
    pub(crate) series: SessionSeries,
    pub(crate) rows: SymbolRows,
    pub(crate) through: Arc<DeliveredThrough>,
    pub(crate) gauge: Arc<SymbolGauge>,
    /// Rows rejected and known, by reason.
    pub(crate) rejected: BTreeMap<RejectReason, u64>,
    historical: Arc<[HistoricalIndicator]>,
    /// What the board was handed of it; `None` where that is no longer so.
    board_member: Option<Arc<Member>>,
}

impl SymbolSession {
    /// A member of which nothing is delivered yet.
    pub(crate) fn new(
        run: Box<SymbolRun>,
        series: SessionSeries,
        rows: SymbolRows,
        historical: Arc<[HistoricalIndicator]>,
        through: Arc<DeliveredThrough>,
    ) -> SymbolSession {
        let gauge = SymbolGauge::new(run.symbol.clone(), run.generation);
        gauge.record_lock(run.locks.is_locked()); // A lock goes on from session to session.
        let (rejected, board_member) = (BTreeMap::new(), None);
        SymbolSession { run, series, rows, through, gauge, rejected, historical, board_member }
    }

    /// Ends the session at `at`: its digests are those of the run so far. Returns its report, and
    /// the digest of all series.
    pub(crate) fn close(&mut self, at: Timestamp, keeps_quality: bool) -> (SymbolReport, Digest) {
        let report = self.report(at, keeps_quality, false);
        let known = self.take_figures().map(|figures| figures.digests);
        let digests =
            known.unwrap_or_else(|| continued_digests(&self.run.digests, &self.series, None));
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
        let known = match &mut self.rows {
            SymbolRows::Stored(stored) => stored.figures.as_mut(),
            SymbolRows::Live(_) => None,
        };
        let series = match known.filter(|figures| figures.reported_at == at) {
            Some(figures) => std::mem::take(&mut figures.series),
            None => series_reports(&self.series, at, keeps_quality),
        };
        let rejected = self.rejected.clone();
        let history = self.run.history.report();
        let live = match &self.rows {
            SymbolRows::Stored(_) => None,
            SymbolRows::Live(live) => {
                let proven = live.complete_through.min(at);
                let n_no_trade = keeps_quality.then(|| {
                    let absent = |through: Timestamp| n_absent(&self.series, through, at);
                    let given_up = live
                        .given_up
                        .iter()
                        .map(|of| absent(of.end.min(proven)) - absent(of.start.min(proven)));
                    absent(proven).saturating_sub(given_up.sum())
                });
                Some(LiveReport { n_no_trade, ..live.counts.report() })
            }
        };
        SymbolReport { symbol: self.run.symbol.clone(), series, history, rejected, live, has_left }
    }

    fn take_figures(&mut self) -> Option<SessionFigures> {
        match &mut self.rows {
            SymbolRows::Stored(stored) => stored.figures.take(),
            SymbolRows::Live(_) => None,
        }
    }

    /// Why it does not go with the clock, where it does not.
    pub(crate) fn why(&self) -> Why {
        match &self.rows {
            SymbolRows::Stored(_) => Why::Behind { complete_through: None },
            SymbolRows::Live(live) => live.why.clone(),
        }
    }

    /// When each bar of the session that is known to the inside closes, delivered or not.
    pub(crate) fn closes_at_ns(&self) -> &[i64] {
        match &self.rows {
            SymbolRows::Live(live) => &live.admitted.closes_at_ns,
            SymbolRows::Stored(_) => self.series.base.rows().closes_at_ns(),
        }
    }

    /// When the bar after the first `n_delivered` closes, [`NEVER`] where none follows.
    pub(crate) fn next_close_ns(&self, n_delivered: usize) -> i64 {
        self.closes_at_ns().get(n_delivered).copied().unwrap_or(NEVER)
    }

    /// Bars after the first `n_delivered` that have closed by `clock`.
    pub(crate) fn n_undelivered(&self, n_delivered: usize, clock: Timestamp) -> usize {
        let closes_at_ns = &self.closes_at_ns()[n_delivered..];
        closes_at_ns.partition_point(|&ns| ns <= clock.as_nanos())
    }

    /// The rejections that become known by `clock`, in that order. What is learnt of a live row is
    /// known at once, and is not among them.
    pub(crate) fn rejections_known_by(&mut self, clock: Timestamp) -> Vec<Rejected> {
        match &mut self.rows {
            SymbolRows::Stored(stored) => stored.known_by(clock).to_vec(),
            SymbolRows::Live(_) => Vec::new(),
        }
    }

    /// What ends the reading at or before `clock`, once.
    pub(crate) fn take_fault(&mut self, clock: Timestamp) -> Option<(Timestamp, DataError)> {
        match &mut self.rows {
            SymbolRows::Stored(stored) => stored.fault.take_if(|(at, _)| *at <= clock),
            SymbolRows::Live(_) => None,
        }
    }

    /// The next instant at which something is to be found out of its rows, [`NEVER`] where nothing
    /// is.
    pub(crate) fn next_finding_ns(&self) -> i64 {
        match &self.rows {
            SymbolRows::Stored(stored) => stored.next_finding_ns(),
            SymbolRows::Live(_) => NEVER,
        }
    }

    /// The writers of all series, base first, then derived, shortest first.
    pub(crate) fn writers(&self) -> impl Iterator<Item = &SegmentWriter> {
        self.series.writers()
    }

    /// The rows of series `position` that have closed by `as_of`.
    pub(crate) fn rows_at(&self, position: usize, as_of: Timestamp) -> Rows<'_> {
        self.writer(position).rows_at(as_of)
    }

    fn writer(&self, position: usize) -> &SegmentWriter {
        match position.checked_sub(1) {
            None => &self.series.base,
            Some(derived) => &self.series.derived[derived],
        }
    }

    /// Its entry on the board: one and the same as long as its series are.
    pub(crate) fn board_member(&mut self) -> Arc<Member> {
        if let Some(member) = &self.board_member {
            return Arc::clone(member);
        }
        let member = self.new_board_member();
        Arc::clone(self.board_member.insert(member))
    }

    fn new_board_member(&self) -> Arc<Member> {
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
            Arc::clone(&self.historical),
            Arc::clone(&self.through),
        ))
    }

    /// Appends the live bar `row`, the next one, to its series, seen from `now` on.
    pub(crate) fn append_live(&mut self, row: usize, now: Timestamp) {
        let (series, processor) = (&mut self.series, &mut self.run.processor);
        append(self.rows.live_mut(), processor, series, row..row + 1, now);
    }

    /// Closes the windows of a live session that end at or before `through`, seen from `now` on.
    pub(crate) fn close_live_windows(&mut self, through: Timestamp, now: Timestamp) {
        let live = self.rows.live_mut();
        if through > live.closed_through {
            live.closed_through = through;
            self.run.processor.close_windows(through, &mut self.series, Some(now));
        }
    }

    /// Makes the series of a live session anew out of its first `n_delivered` bars, of which those
    /// stamped `since` or later have changed: a new generation of its segments, seen from `now` on.
    /// Nothing that is published changes.
    ///
    /// *Cost*: a copy of the columns up to the last state that is kept from before `since`, and what
    /// comes after it computed again.
    pub(crate) fn make_anew(
        &mut self,
        layout: &SessionLayout,
        n_delivered: usize,
        since: Timestamp,
        now: Timestamp,
    ) {
        let live = self.rows.live_mut();
        live.generation += 1;
        let row = n_stamped_before(&live.admitted.bars.opens_at_ns, since.as_nanos(), 0);
        let recorded = Visibility::Recorded;
        let (n_kept, mut processor, mut series) = match live.checkpoints.back_to(row, since) {
            Some(kept) => {
                let processor = kept.processor.clone();
                let (before, n_rows) = (&self.series, &kept.n_rows);
                let series = processor.continue_session(&layout.series, recorded, before, n_rows);
                (kept.n_bars, processor, series)
            }
            None => {
                let (mut processor, none) = (live.start.clone(), SeriesMemory::default());
                let series = processor.start_session(&layout.series, recorded, none);
                (0, processor, series)
            }
        };
        append(live, &mut processor, &mut series, n_kept..n_delivered, now);
        self.run.processor = processor;
        self.series = series;
        self.board_member = None;
    }

    /// The state before the session of `layout`, for the intervals and indicators of `reading` as they
    /// are now.
    ///
    /// # Errors
    ///
    /// Bars of earlier sessions that cannot be read.
    pub(crate) fn state_before(
        &self,
        reading: &mut Reading<'_>,
        layout: &SessionLayout,
    ) -> Result<StateBefore, RunError> {
        let stored = reading.source.intervals(&self.run.symbol);
        before_session(reading, &self.run.symbol, &stored, &layout.session)
    }

    /// Builds all series anew, from the state `before` the session and the same rows, of which
    /// `n_delivered` are delivered.
    pub(crate) fn rebuild(
        &mut self,
        before: StateBefore,
        layout: &SessionLayout,
        n_delivered: usize,
        clock: Timestamp,
    ) {
        let (mut processor, history) = before;
        self.run.history = history;
        match &mut self.rows {
            SymbolRows::Live(live) => {
                live.start = processor;
                live.checkpoints.clear();
                self.make_anew(layout, n_delivered, Timestamp::MIN, clock);
            }
            SymbolRows::Stored(stored) => {
                stored.figures = None;
                let same_bars = self.series.base.whole().cloned().unwrap_or_default();
                let none = SeriesMemory::default();
                self.series = processor.whole_session(&layout.series, same_bars, none);
                self.run.processor = processor;
                self.board_member = None;
            }
        }
    }

    /// The state of the symbol after the last session that it has seen to its end: the one that is
    /// there, `date`, where its rows were all read when it was prepared, or else the one before.
    /// `None` where its rows could not all be read: what they would have come to is not known.
    pub(crate) fn state_after(
        self,
        date: TradingDate,
        before: Option<TradingDate>,
    ) -> Option<(TradingDate, SymbolProcessor)> {
        match self.rows {
            SymbolRows::Stored(StoredRows { fault: Some(_), .. }) => None,
            SymbolRows::Stored(_) => Some((date, self.run.processor)),
            SymbolRows::Live(live) => Some((before?, live.start)),
        }
    }

    /// The base bars of a live session that has closed.
    pub(crate) fn take_live_bars(&mut self) -> Option<WholeBars> {
        let SymbolRows::Live(live) = &mut self.rows else { return None };
        self.run.followed_through = Some(live.complete_through);
        let Admitted { bars, closes_at_ns, .. } = std::mem::take(&mut live.admitted);
        Some(WholeBars { bars: bars.into(), closes_at_ns: closes_at_ns.into() })
    }
}

/// Appends `rows` of what has arrived, and keeps a state of the symbol every so many bars.
fn append(
    live: &mut LiveRows,
    processor: &mut SymbolProcessor,
    series: &mut SessionSeries,
    rows: Range<usize>,
    now: Timestamp,
) {
    let Admitted { bars, closes_at_ns, .. } = &live.admitted;
    let mut from = rows.start;
    loop {
        let until = Checkpoints::due_after(from).min(rows.end);
        // A window must not close before its last bar is in, which may be among those to come.
        let through = if until == rows.end { live.closed_through } else { Timestamp::MIN };
        processor.append(bars, closes_at_ns, from..until, through, series, Some(now));
        let is_due = until > from && Checkpoints::is_due(until);
        from = until;
        if is_due {
            let n_rows = series.writers().map(|writer| writer.rows().len()).collect();
            live.checkpoints.keep(n_rows, through, processor.clone());
        }
        if from == rows.end {
            return;
        }
    }
}
