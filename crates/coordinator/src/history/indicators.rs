//! Historical indicators: computed before the session, and the same all through it.

use std::ops::Range;
use std::sync::Arc;

use openbell_market::indicator::{HistoricalSpec, HistoricalWindow, IndicatorSpec};
use openbell_market::{BarColumns, BarInterval, Symbol};
use openbell_processor::indicator::historical_values;
use openbell_session_data::{HistoricalIndicator, Segment};
use openbell_time::{Nanos, Session, TradingDate};

use crate::error::RunError;
use crate::history::History;
use crate::layout::LayoutRule;
use crate::plan::Plan;
use crate::plan::reading::Reading;
use crate::plan::series::{HistoryWindow, origin_key};
use crate::source::Source;
use crate::source::kept::Kept;

/// The historical indicators of `symbol` for the session `day`.
///
/// *Time*: depends on sessions strictly before `day`. *Cost*: reads what the windows need, beyond
/// the trailing history where that is shorter.
pub(crate) fn historical_indicators(
    reading: &mut Reading<'_>,
    day: &Session,
    symbol: &Symbol,
) -> Result<Arc<[HistoricalIndicator]>, RunError> {
    let plan = reading.plan;
    if plan.historical().is_empty() {
        return Ok(Arc::default());
    }
    let mut indicators = Vec::new();
    for historical in plan.historical() {
        let Reading { plan, rule, source, kept, .. } = reading;
        let source = &mut **source;
        let computation = Computation { historical, plan, rule, day, symbol, source, kept };
        let key: Arc<str> = historical.key().into();
        let indicator =
            |field: Arc<str>, value| HistoricalIndicator { key: key.clone(), field, value };
        match computation.computed()? {
            Ok(values) => {
                let values = values.into_iter();
                indicators.extend(values.map(|(field, value)| indicator(field, Ok(value))));
            }
            Err(why) => {
                let fields = historical.spec().name().fields();
                let fields = if fields.is_empty() { &[""][..] } else { fields };
                let absent = |field: &&str| indicator((*field).into(), Err(Arc::clone(&why)));
                indicators.extend(fields.iter().map(absent));
            }
        }
    }
    Ok(indicators.into())
}

/// The fields of an indicator, each with its value.
type Fields = Vec<(Arc<str>, f64)>;

/// The computation of one indicator, and what its values are read from.
struct Computation<'r> {
    historical: &'r HistoricalSpec,
    plan: &'r Plan,
    rule: &'r LayoutRule,
    day: &'r Session,
    symbol: &'r Symbol,
    source: &'r mut dyn Source,
    kept: &'r Kept,
}

impl Computation<'_> {
    /// The fields of the indicator with their values, or why it has none.
    fn computed(mut self) -> Result<Result<Fields, Arc<str>>, RunError> {
        let spec = *self.historical.spec();
        let values = match self.historical.window() {
            HistoricalWindow::NormalSessions { n_sessions } => return self.slots(n_sessions),
            HistoricalWindow::Bars { n_bars } => {
                let first = sessions_of_bars(n_bars, spec.interval(), self.plan);
                let past = self.read(first, |past| past.n_bars >= n_bars as usize)?;
                self.value(&spec, past.last_rows(n_bars as usize))
            }
            HistoricalWindow::Sessions { n_sessions } => {
                let n_sessions = self.n_known(n_sessions)?;
                let before = self.rule.calendar.sessions_before(self.day.date, n_sessions as usize);
                let since = before?.first().map_or(self.day.date, |session| session.date);
                self.over_sessions(since, n_sessions)?
            }
            HistoricalWindow::CalendarDays { n_days } => {
                let since = self.day.date.plus_days(-(n_days as i32));
                let yesterday = self.day.date.plus_days(-1);
                let n_sessions = self.rule.calendar.count(since, yesterday)? as u32;
                self.over_sessions(since, n_sessions)?
            }
            HistoricalWindow::LastSession => {
                let past = self.read(20, |past| past.n_bars > 0)?;
                let last = past.segments.iter().rev().find(|s| !regular(s).is_empty());
                match last {
                    Some(last) => self.value(&spec, columns(std::slice::from_ref(last))),
                    None => Err("no earlier session has data".into()),
                }
            }
            HistoricalWindow::Trailing => {
                let windows = self.plan.history_of(self.symbol);
                let loaded = windows.iter().find(|window| window.interval == spec.interval());
                let needed = spec.period().unwrap_or(50).saturating_mul(4).max(50);
                let needed = sessions_of_bars(needed, spec.interval(), self.plan);
                let n_sessions = loaded.map_or(0, |w| w.n_sessions).max(needed);
                let past = self.read(n_sessions, |_| true)?;
                self.value(&spec, columns(&past.segments))
            }
        };
        let fields = spec.name().fields();
        let field = |position: usize| fields.get(position).copied().unwrap_or("").into();
        Ok(values.map(|values| {
            values.into_iter().enumerate().map(|(i, value)| (field(i), value)).collect()
        }))
    }

    /// The values over all bars of the sessions since `since`, of which there are `n_sessions`,
    /// and over the bars that lead into them.
    fn over_sessions(
        &mut self,
        since: TradingDate,
        n_sessions: u32,
    ) -> Result<Result<Vec<f64>, Arc<str>>, RunError> {
        let historical = self.historical;
        let over = |past: &Past| historical.over_bars(past.n_bars_since(since) as u32);
        let n_needed = |past: &Past| over(past).ok().and_then(|spec| spec.window_bars());
        let past = self.read(n_sessions, |past| {
            n_needed(past).is_none_or(|n| past.n_bars >= n as usize && past.reaches(since))
        })?;
        Ok(match over(&past) {
            Err(error) => Err(error.to_string().into()),
            Ok(_) if !past.reaches(since) => {
                Err(format!("the store holds no bars from {since} or before").into())
            }
            Ok(spec) => {
                let n_rows = spec.window_bars().map_or(past.n_bars, |n| n as usize);
                self.value(&spec, past.last_rows(n_rows))
            }
        })
    }

    /// The values after `bars`.
    fn value(&self, spec: &IndicatorSpec, bars: BarColumns) -> Result<Vec<f64>, Arc<str>> {
        let (interval, date) = (spec.interval(), self.day.date);
        let facts = self.plan.market_facts(interval);
        historical_values(spec, &facts, &bars.as_rows()).ok_or_else(|| {
            format!("the store holds {} {interval} bars before {date}", bars.len()).into()
        })
    }

    /// The mean volume of every slot of the session, each a field by its number.
    fn slots(&mut self, n_sessions: u32) -> Result<Result<Fields, Arc<str>>, RunError> {
        let spec = *self.historical.spec();
        let rule = LayoutRule { derived: vec![spec.interval()], ..self.rule.clone() };
        let layout = rule.lay(*self.day)?;
        let day = match layout.series.derived.into_iter().next() {
            Some((interval, day)) if interval != rule.base => day,
            _ => layout.series.base,
        };
        let plan = self.plan;
        let seeded = |past: &Past| {
            let mut set = plan.indicator_set(&[spec], spec.interval());
            past.segments.iter().for_each(|segment| set.seed(segment));
            set.start_session(&day);
            set
        };
        let is_ready = |past: &Past| seeded(past).slot_value(0, 0).is_some();
        let past = self.read(n_sessions * 2 + 10, is_ready)?;
        let set = seeded(&past);
        let means = (0..day.grid.n_slots() as u32)
            .map_while(|slot| Some((slot.to_string().into(), set.slot_value(0, slot)?)));
        let means: Fields = means.collect();
        Ok(if means.is_empty() {
            let date = self.day.date;
            Err(format!("the store holds fewer than {n_sessions} whole sessions before {date}")
                .into())
        } else {
            Ok(means)
        })
    }

    /// The last `n_sessions` sessions before the day, and further ones until it is `enough` or
    /// the store holds no more: a thin symbol has few bars in many sessions.
    fn read(&mut self, n_sessions: u32, enough: impl Fn(&Past) -> bool) -> Result<Past, RunError> {
        let mut n_sessions = self.n_known(n_sessions.max(1))?;
        let mut past = self.past(n_sessions)?;
        while !enough(&past) {
            let further = self.n_known(n_sessions.saturating_mul(2).max(40))?;
            if further <= n_sessions || !self.holds_rows_before(n_sessions)? {
                break;
            }
            n_sessions = further;
            past = self.past(n_sessions)?;
        }
        Ok(past)
    }

    /// Whether the series has a row from before the last `n_sessions` sessions, bar or not.
    ///
    /// *Cost*: reads at most a year of rows, of the year that has the last ones before it.
    fn holds_rows_before(&mut self, n_sessions: u32) -> Result<bool, RunError> {
        let calendar = &self.rule.calendar;
        let sessions = calendar.sessions_before(self.day.date, n_sessions as usize)?;
        let (start, mut until) = (calendar.instants().start, sessions[0].open);
        let stored = self.source.intervals(self.symbol);
        let interval = self.historical.spec().interval();
        let key = origin_key(self.symbol, interval, self.rule.base, &stored);
        let mut feed = self.source.feed(&key, calendar)?;
        let mut rows = BarColumns::default();
        while start < until {
            let since = start.max(until - Nanos::from_secs(365 * 86_400));
            feed.seek(since)?;
            feed.poll(until, until, &mut rows)?;
            if !rows.is_empty() {
                return Ok(true);
            }
            until = since;
        }
        Ok(false)
    }

    fn past(&mut self, n_sessions: u32) -> Result<Past, RunError> {
        let interval = self.historical.spec().interval();
        let stored = self.source.intervals(self.symbol);
        let window = HistoryWindow { interval, n_sessions };
        let mut history = History::new(self.symbol, self.rule.base, &[window], &stored);
        history.roll(self.day, self.rule, self.source, self.kept)?;
        let segments = history.trailing(interval);
        let n_bars = segments.iter().map(|segment| regular(segment).len()).sum();
        Ok(Past { segments, n_bars })
    }

    /// Sessions before the day that the calendar knows of, at most `wanted`.
    fn n_known(&self, wanted: u32) -> Result<u32, RunError> {
        let (calendar, yesterday) = (&self.rule.calendar, self.day.date.plus_days(-1));
        let n_known = calendar.count(calendar.facts_since(), yesterday)?;
        Ok(wanted.min(n_known as u32))
    }
}

/// Sessions that were read.
struct Past {
    segments: Arc<[Arc<Segment>]>,
    /// Regular bars in them.
    n_bars: usize,
}

impl Past {
    fn n_bars_since(&self, since: TradingDate) -> usize {
        let within = self.segments.iter().filter(|s| s.day().session_date >= since);
        within.map(|segment| regular(segment).len()).sum()
    }

    /// Whether there is a bar in the first session since `since`, or before it.
    fn reaches(&self, since: TradingDate) -> bool {
        let first = self.segments.partition_point(|s| s.day().session_date < since);
        self.segments.iter().take(first + 1).any(|segment| !regular(segment).is_empty())
    }

    fn last_rows(&self, n_rows: usize) -> BarColumns {
        let bars = columns(&self.segments);
        let mut last = BarColumns::default();
        last.extend_from(&bars, bars.len().saturating_sub(n_rows)..bars.len());
        last
    }
}

/// The sessions that hold `n_bars` where half of them are there.
fn sessions_of_bars(n_bars: u32, interval: BarInterval, plan: &Plan) -> u32 {
    let a_session = match interval {
        BarInterval::Week => return n_bars.saturating_mul(5) + 5,
        _ => plan.market_facts(interval).bars_per_full_session.max(1),
    };
    (n_bars.div_ceil(a_session) * 2 + 3).min(400).max(n_bars.div_ceil(a_session) + 1)
}

/// The rows of a past session that are regular bars: a base series with extended hours has others.
fn regular(segment: &Segment) -> Range<usize> {
    segment.day().grid.rows_within(segment.rows().opens_at_ns())
}

fn columns(segments: &[Arc<Segment>]) -> BarColumns {
    let mut bars = BarColumns::default();
    for segment in segments {
        let (rows, range) = (segment.rows(), regular(segment));
        bars.append(&rows.bars().rows(range));
    }
    bars
}
