//! How a symbol comes to stand in a session: its feed, its history, its warm indicators, its rows
//! of the day. The configured symbols at the start go this way, and so does one that is added at
//! noon; therefore both end up the same.

use std::collections::VecDeque;
use std::sync::Arc;

use openbell_data_manager::FeedKind;
use openbell_market::{BarInterval, SeriesKey, Symbol, SymbolIdx};
use openbell_processor::{DayMemory, SymbolProcessor};
use openbell_session_data::{Arrival, Through};
use openbell_time::Session;

use crate::symbol::figures::DayFigures;
use crate::source::session_rows::{DayReader, DayRows};
use crate::digest::{SequenceKey, digest_of};
use crate::symbol::live::LiveFeed;
use crate::error::RunError;
use crate::history::{History, SessionReader};
use crate::symbol::{Lane, LaneRun, Membership};
use crate::layout::{LayoutRule, SessionLayout};
use crate::plan::Plan;
use crate::source::admission::Sifted;
use crate::source::Source;

/// The identity under which a symbol joins.
pub(crate) struct Joining {
    pub(crate) symbol: Symbol,
    pub(crate) idx: SymbolIdx,
    pub(crate) generation: u32,
    pub(crate) membership: Membership,
}

/// Builds what a symbol needs before its first session of the run here: feed, history windows and
/// a processor whose state is that of a symbol that was there from the first session on.
///
/// *Time*: depends on rows of sessions strictly before `day`. *Cost*: reads the trailing windows
/// and every session of the run before `day`.
pub(crate) fn found(
    joining: Joining,
    plan: &Plan,
    rule: &LayoutRule,
    day: &Session,
    source: &mut dyn Source,
) -> Result<Box<LaneRun>, RunError> {
    let symbol = &joining.symbol;
    let stored = source.intervals(symbol);
    if !stored.contains(&rule.base) {
        return Err(RunError::NoBase { symbol: symbol.clone(), base: rule.base, found: stored });
    }
    plan.check_together(symbol, source)?;
    let key = SeriesKey { symbol: symbol.clone(), interval: rule.base };
    let feed = source.day_feed(&key, &rule.calendar)?;
    let (processor, history) = before_day(symbol, &stored, plan, rule, day, source)?;
    Ok(Box::new(LaneRun {
        key: SequenceKey::of(symbol),
        idx: joining.idx,
        generation: joining.generation,
        membership: joining.membership,
        reader: DayReader::new(feed),
        processor,
        history,
        locks: Default::default(),
        digests: Vec::new(),
        shown: None,
        spare: DayMemory::default(),
        symbol: joining.symbol,
    }))
}

/// What it takes to load members into one session.
pub(crate) struct DayLoader<'l> {
    pub(crate) plan: &'l Plan,
    pub(crate) rule: &'l LayoutRule,
    pub(crate) layout: &'l SessionLayout,
    /// The sessions after it that are laid out.
    pub(crate) later: &'l VecDeque<Arc<SessionLayout>>,
    pub(crate) source: &'l mut dyn Source,
    /// Used again and again.
    pub(crate) sifted: &'l mut Sifted,
}

impl DayLoader<'_> {
    /// Reads the day's rows of `run` and computes all its series ahead: nothing of it can be seen
    /// before the publication says so. A live feed is only made ready: its rows come as they come.
    ///
    /// *Errors*: the history or the source cannot be read. An error inside the day's rows is no
    /// error here: it takes effect when the clock reaches it.
    pub(crate) fn load(
        &mut self,
        mut run: Box<LaneRun>,
        through: Arc<Through>,
    ) -> Result<Lane, RunError> {
        run.history.roll(&self.layout.session, self.rule, self.source)?;
        let session = &self.layout.session;
        let fixed = crate::history::indicators::fixed_indicators(
            self.plan,
            self.rule,
            session,
            &run.symbol,
            self.source,
        )?;
        if run.reader.feed.kind() == FeedKind::Live {
            run.reader.feed.seek(self.layout.rows_since)?;
            let live = LiveFeed::new(run.processor.clone(), self.layout.rows_since);
            let none = DayMemory::default();
            let series = run.processor.start_session(&self.layout.day, Arrival::Recorded, none);
            let lane = Lane::new(run, series, fixed, through);
            return Ok(Lane { live: Some(Box::new(live)), ..lane });
        }
        let base = self.rule.base;
        let has_indicators = !run.processor.base_mut().indicators().columns().is_empty();
        let before = (!has_indicators).then(|| digest_of(&run.digests, base));
        let (layout, later) = (self.layout, self.later);
        let rows = run.reader.read(layout, later, base, self.sifted, before)?;
        let DayRows { bars, rejections, fault, digest, .. } = rows;
        let memory = std::mem::take(&mut run.spare);
        let series = run.processor.whole_session(&layout.day, bars, memory);
        let (until, keeps_quality) = (layout.clock_until, self.plan.keeps_quality());
        let figures = DayFigures::of(&series, &run.digests, digest, until, keeps_quality);
        let lane = Lane::new(run, series, fixed, through);
        Ok(Lane { fault, rejections, figures: Some(figures), ..lane })
    }
}
