//! Indicators computed before the session, fixed for the day.

use std::sync::Arc;

use openbell_market::indicator::{HistoricalSpec, HistoricalWindow, IndicatorSpec};
use openbell_market::{BarColumns, BarInterval, Symbol};
use openbell_processor::indicator::{BarRows, historical_values};
use openbell_session_data::{FixedIndicator, Segment};
use openbell_time::{Session, TimeError};

use crate::error::RunError;
use crate::history::{History, HistoryWindow};
use crate::layout::LayoutRule;
use crate::plan::Plan;
use crate::source::Source;

/// The historical indicators of `symbol` for the session `day`.
///
/// *Time*: depends on sessions strictly before `day`. *Cost*: reads what the windows need, beyond
/// the trailing history where that is shorter.
pub(crate) fn fixed_indicators(
    plan: &Plan,
    rule: &LayoutRule,
    day: &Session,
    symbol: &Symbol,
    source: &mut dyn Source,
) -> Result<Arc<[FixedIndicator]>, RunError> {
    let mut fixed = Vec::new();
    for historical in plan.historical() {
        let values = computed(historical, plan, rule, day, symbol, source)?;
        let key: Arc<str> = historical.key().into();
        let fields = historical.spec().name().fields();
        let n_values = fields.len().max(1);
        for position in 0..n_values {
            let field: Arc<str> = fields.get(position).copied().unwrap_or("").into();
            let value = match &values {
                Ok(values) => Ok(values[position]),
                Err(why) => Err(Arc::clone(why)),
            };
            fixed.push(FixedIndicator { key: Arc::clone(&key), field, value });
        }
    }
    Ok(fixed.into())
}

/// The values of one indicator, or why it has none.
fn computed(
    historical: &HistoricalSpec,
    plan: &Plan,
    rule: &LayoutRule,
    day: &Session,
    symbol: &Symbol,
    source: &mut dyn Source,
) -> Result<Result<Vec<f64>, Arc<str>>, RunError> {
    let interval = historical.spec().interval();
    let stored = source.intervals(symbol);
    let wanted = n_sessions(historical, plan, rule, day, symbol)?;
    let available = sessions_held(rule, day, wanted);
    let window = HistoryWindow { interval, n_sessions: available.max(1) };
    let mut history = History::new(symbol, rule.base, &[window], &stored);
    history.roll(day, rule, source)?;
    let trailing = history.trailing(interval);
    let bars = columns(&trailing);
    let (spec, bars) = match spec_and_bars(historical, bars, &trailing) {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let facts = plan.market_facts(interval);
    let values = historical_values(&spec, &facts, &BarRows::of(&bars));
    Ok(values.ok_or_else(|| {
        format!("the store holds {} {interval} bars before {}", bars.len(), day.date).into()
    }))
}

/// The sessions to read so that the window is whole where the store holds it.
fn n_sessions(
    historical: &HistoricalSpec,
    plan: &Plan,
    rule: &LayoutRule,
    day: &Session,
    symbol: &Symbol,
) -> Result<u32, TimeError> {
    let interval = historical.spec().interval();
    Ok(match historical.window() {
        HistoricalWindow::Sessions { n_sessions } => with_lead(historical, n_sessions, plan),
        HistoricalWindow::NormalSessions { n_sessions } => n_sessions * 2 + 10,
        HistoricalWindow::CalendarDays { n_days } => {
            let first = day.date.plus_days(-(n_days as i32));
            let n_sessions = rule.calendar.count(first, day.date.plus_days(-1))? as u32;
            with_lead(historical, n_sessions, plan)
        }
        // Thin symbols trade in few of their slots; a year back is far enough for them.
        HistoricalWindow::Bars { n_bars } => sessions_of_bars(n_bars, interval, plan),
        HistoricalWindow::LastSession => 20,
        HistoricalWindow::Trailing => {
            let windows = plan.history_of(symbol);
            let loaded = windows.iter().find(|window| window.interval == interval);
            let needed = historical.spec().period().unwrap_or(50).saturating_mul(4).max(50);
            loaded.map_or(0, |w| w.n_sessions).max(sessions_of_bars(needed, interval, plan))
        }
    })
}

fn with_lead(historical: &HistoricalSpec, n_sessions: u32, _plan: &Plan) -> u32 {
    // An indicator of changes needs bars before its window; one session has them.
    let needs_lead = historical
        .over_bars(2)
        .ok()
        .and_then(|spec| spec.window_bars())
        .is_some_and(|n_bars| n_bars > 2);
    n_sessions + u32::from(needs_lead)
}

fn sessions_of_bars(n_bars: u32, interval: BarInterval, plan: &Plan) -> u32 {
    let a_session = match interval {
        BarInterval::Week => return n_bars.saturating_mul(5) + 5,
        _ => plan.market_facts(interval).bars_per_full_session.max(1),
    };
    (n_bars.div_ceil(a_session) * 2 + 3).min(400).max(n_bars.div_ceil(a_session) + 1)
}

/// Sessions before `day` that the calendar knows of, at most `wanted`.
fn sessions_held(rule: &LayoutRule, day: &Session, wanted: u32) -> u32 {
    let mut n_sessions = wanted;
    while n_sessions > 1 && rule.calendar.sessions_before(day.date, n_sessions as usize).is_err() {
        n_sessions /= 2;
    }
    n_sessions
}

/// The indicator to compute and the bars to compute it from.
fn spec_and_bars(
    historical: &HistoricalSpec,
    bars: BarColumns,
    trailing: &[Arc<Segment>],
) -> Result<(IndicatorSpec, BarColumns), Arc<str>> {
    match historical.window() {
        HistoricalWindow::Sessions { n_sessions } => {
            let skipped = trailing.len().saturating_sub(n_sessions as usize);
            over_window(historical, bars, &trailing[skipped..])
        }
        HistoricalWindow::CalendarDays { n_days } => {
            let Some(last) = trailing.last() else { return Err("there is no history".into()) };
            let since = last.day().session_date.plus_days(1 - n_days as i32);
            let first = trailing.partition_point(|s| s.day().session_date < since);
            over_window(historical, bars, &trailing[first..])
        }
        HistoricalWindow::LastSession => {
            let last = trailing.iter().rev().find(|segment| !segment.rows().is_empty());
            let Some(last) = last else { return Err("no earlier session has data".into()) };
            Ok((*historical.spec(), columns(std::slice::from_ref(last))))
        }
        HistoricalWindow::Bars { n_bars } => {
            Ok((*historical.spec(), last_rows(&bars, n_bars as usize)))
        }
        HistoricalWindow::NormalSessions { .. } | HistoricalWindow::Trailing => {
            Ok((*historical.spec(), bars))
        }
    }
}

fn over_window(
    historical: &HistoricalSpec,
    bars: BarColumns,
    window: &[Arc<Segment>],
) -> Result<(IndicatorSpec, BarColumns), Arc<str>> {
    let n_bars: usize = window.iter().map(|segment| segment.rows().len()).sum();
    let spec = historical.over_bars(n_bars as u32).map_err(|e| Arc::from(e.to_string()))?;
    let needed = spec.window_bars().map_or(bars.len(), |n| n as usize);
    Ok((spec, last_rows(&bars, needed)))
}

fn last_rows(bars: &BarColumns, n_rows: usize) -> BarColumns {
    let mut last = BarColumns::default();
    last.extend_from(bars, bars.len().saturating_sub(n_rows)..bars.len());
    last
}

fn columns(segments: &[Arc<Segment>]) -> BarColumns {
    let mut bars = BarColumns::default();
    for segment in segments {
        let rows = segment.rows();
        bars.opens_at_ns.extend_from_slice(rows.opens_at_ns());
        bars.open.extend_from_slice(rows.open());
        bars.high.extend_from_slice(rows.high());
        bars.low.extend_from_slice(rows.low());
        bars.close.extend_from_slice(rows.close());
        bars.volume.extend_from_slice(rows.volume());
    }
    bars
}
