//! How a symbol comes to stand in a session: its feed, its history, its warm indicators, its rows
//! of the day. The configured symbols at the start go this way, and so does one that is added at
//! noon; therefore both end up the same.

use std::sync::Arc;

use openbell_data_manager::FeedKind;
use openbell_market::planted::{Planted, planted};
use openbell_market::{BarInterval, SeriesKey, Symbol, SymbolIdx};
use openbell_processor::{DaySeries, SymbolProcessor};
use openbell_session_data::{Arrival, Through};
use openbell_time::{Session, Timestamp};

use crate::digest::symbol_key;
use crate::engine::LiveFeed;
use crate::error::RunError;
use crate::history::{History, SessionReader, step_ns};
use crate::lag::LagMeter;
use crate::lane::{Lane, LaneRun, Membership};
use crate::layout::{LayoutRule, SessionLayout};
use crate::plan::Plan;
use crate::sift::Sifted;
use crate::source::Source;
use crate::status::SymbolGauge;

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
) -> Result<LaneRun, RunError> {
    let symbol = &joining.symbol;
    let stored = source.intervals(symbol);
    if !stored.contains(&rule.base) {
        return Err(RunError::NoBase { symbol: symbol.clone(), base: rule.base, found: stored });
    }
    let windows = plan.history_of(symbol);
    let key = SeriesKey { symbol: symbol.clone(), interval: rule.base };
    let feed = source.day_feed(&key, &rule.calendar)?;
    let mut processor =
        SymbolProcessor::new(rule.base, &rule.derived, |interval| plan.indicators_on(interval));
    let first = plan.sessions[0];

    let mut seed = History::new(symbol, rule.base, &windows, &stored);
    seed.roll(&first, rule, source)?;
    warm(&mut processor, &seed, rule);

    let mut reader = SessionReader::new(source.feed(&key, &rule.calendar)?);
    if rule.derived.contains(&BarInterval::WEEK) {
        begin_week(&mut processor, &mut reader, rule, &first)?;
    }
    let earlier = plan
        .sessions
        .iter()
        .take_while(|session| session.date < day.date && !planted(Planted::NewcomerForgetsDays));
    for session in earlier {
        let layout = rule.lay(*session)?;
        let (sifted, outcome) = reader.read(&layout, rule.base, true);
        outcome?;
        drop(run_day(&mut processor, &layout, sifted));
    }
    let mut history = History::new(symbol, rule.base, &windows, &stored);
    history.roll(day, rule, source)?;
    Ok(LaneRun {
        key: symbol_key(symbol),
        idx: joining.idx,
        generation: joining.generation,
        membership: joining.membership,
        feed,
        processor,
        history,
        is_reading: false,
        is_locked: false,
        digests: Vec::new(),
        symbol: joining.symbol,
    })
}

/// Seeds every indicator with the trailing window of its interval, where the config loads one.
fn warm(processor: &mut SymbolProcessor, seed: &History, rule: &LayoutRule) {
    for segment in seed.trailing(rule.base).iter() {
        processor.base_mut().indicators_mut().seed(segment);
    }
    for fold in processor.folds_mut() {
        for segment in seed.trailing(fold.interval()).iter() {
            fold.indicators_mut().seed(segment);
        }
    }
}

/// Folds the sessions of the first session's week that lie before the run.
fn begin_week(
    processor: &mut SymbolProcessor,
    reader: &mut SessionReader,
    rule: &LayoutRule,
    first: &Session,
) -> Result<(), RunError> {
    for &session in rule.calendar.sessions_of_week(first.date.monday())? {
        if session.date >= first.date {
            break;
        }
        let layout = rule.lay(session)?;
        let (sifted, outcome) = reader.read(&layout, rule.base, true);
        outcome?;
        // Only the week carries over; the shorter series of this throw-away day end here, and so
        // must not touch the indicators of the real ones.
        let mut weekly = processor.only(BarInterval::WEEK);
        let week_layout = layout.only(BarInterval::WEEK);
        drop(run_day(&mut weekly, &week_layout, sifted));
        processor.adopt(weekly);
    }
    Ok(())
}

/// All series of one whole day.
pub(crate) fn run_day(
    processor: &mut SymbolProcessor,
    layout: &SessionLayout,
    sifted: &Sifted,
) -> DaySeries {
    let mut series = processor.start_session(&layout.day, Arrival::AtClose);
    let n_rows = sifted.bars.len();
    processor.append(
        &sifted.bars,
        &sifted.closes_at_ns,
        0..n_rows,
        layout.day.until,
        &mut series,
        None,
    );
    series
}

/// Reads the day's rows of `run` and computes all its series ahead: nothing of it can be seen
/// before the publication says so.
///
/// *Errors*: the history or the source cannot be read. An error inside the day's rows is no
/// error here: it takes effect when the clock reaches it.
pub(crate) fn load_day(
    mut run: LaneRun,
    plan: &Plan,
    rule: &LayoutRule,
    layout: &SessionLayout,
    source: &mut dyn Source,
    through: Arc<Through>,
) -> Result<Lane, RunError> {
    run.history.roll(&layout.session, rule, source)?;
    if run.feed.kind() == FeedKind::Live {
        return follow_day(run, plan, rule, layout, source, through);
    }
    if !std::mem::replace(&mut run.is_reading, true) {
        // From here on the feed goes on by itself, and may be read ahead.
        run.feed.seek(layout.rows_since)?;
    }
    let mut raw = openbell_market::BarColumns::default();
    let polled = run.feed.poll(layout.clock_until, layout.rows_until, &mut raw);
    let fault = polled.err().map(|error| {
        let after_last = raw.opens_at_ns.last().map(|&ns| Timestamp::from_nanos(ns));
        let at = error.unreadable_since().or(after_last).unwrap_or(layout.clock_since);
        (at.max(layout.clock_since), error)
    });
    let mut sifted = Sifted::default();
    sifted.pass(&raw, &layout.delivered, step_ns(rule.base, layout), layout.rows_since);
    let series = run_day(&mut run.processor, layout, &sifted);
    let gauge = SymbolGauge::new(run.symbol.clone(), run.generation);
    gauge.record_lock(run.is_locked);
    let n_series = 1 + series.derived.len();
    let symbol = run.symbol.clone();
    Ok(Lane {
        run,
        series,
        sifted,
        n_rejected_known: 0,
        fault,
        meter: LagMeter::new(),
        lag: openbell_time::Nanos::ZERO,
        through,
        gauge,
        fixed: crate::fixed::fixed_indicators(plan, rule, &layout.session, &symbol, source)?,
        announced: vec![0; n_series],
        live: None,
        is_joining: true,
        rejected: std::collections::BTreeMap::new(),
    })
}

/// A day of a live feed: its rows come as they come.
fn follow_day(
    mut run: LaneRun,
    plan: &Plan,
    rule: &LayoutRule,
    layout: &SessionLayout,
    source: &mut dyn Source,
    through: Arc<Through>,
) -> Result<Lane, RunError> {
    run.feed.seek(layout.rows_since)?;
    let start = run.processor.clone();
    let series = run.processor.start_session(&layout.day, Arrival::Recorded);
    let n_series = 1 + series.derived.len();
    Ok(Lane {
        series,
        sifted: Sifted::default(),
        n_rejected_known: 0,
        fault: None,
        meter: LagMeter::new(),
        lag: openbell_time::Nanos::ZERO,
        through,
        gauge: SymbolGauge::new(run.symbol.clone(), run.generation),
        fixed: crate::fixed::fixed_indicators(plan, rule, &layout.session, &run.symbol, source)?,
        announced: vec![0; n_series],
        live: Some(LiveFeed::new(start, layout.rows_since)),
        is_joining: true,
        rejected: std::collections::BTreeMap::new(),
        run,
    })
}
