//! What a run will do: the config checked against the calendar and the data, before a bar is read.

mod base_interval;
mod dates;
pub(crate) mod reading;
pub(crate) mod series;
pub(crate) mod sessions;

use openbell_config::{
    ApplyTo, GateScope, Mode, Revisions, ScheduleChange, ScheduleEntry, SessionConfig,
};
use openbell_data_manager::DataError;
use openbell_market::indicator::{HistoricalSpec, IndicatorSpec};
use openbell_market::{BarInterval, Symbol};
use openbell_processor::IndicatorSet;
use openbell_processor::indicator::MarketFacts;
use openbell_time::{Calendar, Nanos, Session, TimeError, TimeManager, Timestamp};
use tracing::debug;

use crate::error::{PlanError, PlanErrors};
use crate::gate::lag::LagRule;
use crate::layout::LayoutRule;
use crate::plan::series::{HistoryWindow, series_read};
use crate::plan::sessions::{Ahead, Sessions};
use crate::source::Source;

/// A run, planned: everything that is decided before the first session.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The config that it comes from.
    pub(crate) config: SessionConfig,
    /// How sessions are laid out: calendar, base, derived intervals, hours.
    pub(crate) rule: LayoutRule,
    /// The sessions, in time order; at least one.
    pub(crate) sessions: Vec<Session>,
    /// How they go on, where the run has no fixed dates.
    ahead: Option<Ahead>,
    /// The rule of lag.
    pub(crate) lag: LagRule,
    /// What a lagging symbol withholds.
    pub(crate) scope: GateScope,
    /// The trailing windows, by whom they are for.
    history: Vec<(ApplyTo, HistoryWindow)>,
    /// The indicators that update with the bars of their interval.
    indicators: Vec<IndicatorSpec>,
    /// The indicators that are fixed for the day.
    historical: Vec<HistoricalSpec>,
    /// How often the group trades in a year, for annualising.
    sessions_per_year: u32,
    /// A session of normal length, whose slots make a full day.
    full_session: Session,
}

/// A schedule entry that falls into a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScheduleDue {
    /// The session instant.
    pub at: Timestamp,
    /// Position in the file, from 0.
    pub entry: usize,
}

impl Plan {
    /// The plan of `config` on the calendars of `time` and the data of `source`.
    ///
    /// # Errors
    ///
    /// Every reason at once: no session in the range, unknown symbols, unreadable series, intervals
    /// that no stored base yields, schedule entries outside their session.
    pub fn new(
        config: &SessionConfig,
        time: &TimeManager,
        source: &mut dyn Source,
    ) -> Result<Plan, PlanErrors> {
        Plan::of(config, time, source, Sessions::OfConfig)
    }

    /// As [`Plan::new`], for the `sessions` that are asked for.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn of(
        config: &SessionConfig,
        time: &TimeManager,
        source: &mut dyn Source,
        sessions: Sessions,
    ) -> Result<Plan, PlanErrors> {
        let mut errors = Vec::new();
        let planned = Plan::checked(config, time, source, sessions, &mut errors);
        match planned {
            Some(plan) if errors.is_empty() => {
                let (n_sessions, n_symbols) = (plan.sessions.len(), plan.n_symbols());
                debug!(n_sessions, n_symbols, base = %plan.rule.base, derived = ?plan.rule.derived, "planned");
                Ok(plan)
            }
            _ => Err(PlanErrors(errors)),
        }
    }

    /// Checks of `config` what the calendars of `time` alone can say: that `sessions` are there,
    /// that the days before it which are asked for are known, that dated schedule entries lie in
    /// their session. No data is looked at; [`Plan::new`] says the same, and what the data says.
    ///
    /// # Errors
    ///
    /// Every reason at once.
    pub fn check_dates(
        config: &SessionConfig,
        time: &TimeManager,
        sessions: Sessions,
    ) -> Result<(), PlanErrors> {
        let mut errors = Vec::new();
        dates::dated(sessions, config, time, &mut errors);
        if errors.is_empty() { Ok(()) } else { Err(PlanErrors(errors)) }
    }

    fn checked(
        config: &SessionConfig,
        time: &TimeManager,
        source: &mut dyn Source,
        asked: Sessions,
        errors: &mut Vec<PlanError>,
    ) -> Option<Plan> {
        let mut of_dates = Vec::new();
        let dated = dates::dated(asked, config, time, &mut of_dates);
        let run = dated.as_ref().map(|dated| (&dated.calendar, dated.sessions.as_slice()));
        let base = base_interval::base_interval(config, run, source, errors);
        errors.append(&mut of_dates);
        let sessions_per_year = config.exchange_group.sessions_per_year;
        let (dates::Dated { calendar, sessions, ahead }, base) = (dated?, base?);
        let data = &config.session_data_config;
        let derived: Vec<BarInterval> =
            data.intervals().into_iter().filter(|&interval| interval != base).collect();
        let indicators: Vec<IndicatorSpec> =
            data.indicators.session.iter().map(|indicator| indicator.spec).collect();
        let rule = LayoutRule { calendar, base, derived, hours: data.hours };
        let history = data.historical.data.iter().flat_map(|entry| {
            entry.intervals.iter().map(|&interval| {
                let window = HistoryWindow { interval, n_sessions: entry.trailing_days };
                (entry.apply_to.clone(), window)
            })
        });
        let streaming = &data.streaming;
        let full_session = full_session(&rule.calendar, &sessions[0]);
        let plan = Plan {
            config: config.clone(),
            sessions,
            ahead,
            lag: LagRule {
                threshold: Nanos::from_secs(i64::from(streaming.catchup_threshold_seconds)),
                recovery: Nanos::from_secs(i64::from(streaming.recovery_threshold_seconds)),
                check_interval: streaming.catchup_check_interval,
            },
            scope: streaming.scope,
            history: history.collect(),
            historical: data.indicators.historical.iter().map(|h| h.spec).collect(),
            indicators,
            sessions_per_year,
            full_session,
            rule,
        };
        plan.check_series(source, errors);
        Some(plan)
    }

    /// The configured symbols, in symbol order.
    pub fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = self.config.session_data_config.symbols.clone();
        symbols.sort();
        symbols
    }

    /// How many symbols are configured.
    pub(crate) fn n_symbols(&self) -> usize {
        self.config.session_data_config.symbols.len()
    }

    /// What becomes of bars that a live feed revises.
    pub(crate) fn revisions(&self) -> Revisions {
        match &self.config.mode {
            Mode::Live(live) => live.revisions,
            Mode::Backtest(_) => Revisions::Apply,
        }
    }

    /// Our clock and a source's may differ by so much, where the session file says it.
    pub(crate) fn max_skew(&self) -> Option<Nanos> {
        match &self.config.mode {
            Mode::Live(live) => Some(Nanos::from_nanos((live.max_skew_seconds * 1e9) as i64)),
            Mode::Backtest(_) => None,
        }
    }

    /// Whether the quality of the bars is kept.
    pub(crate) fn keeps_quality(&self) -> bool {
        self.config.session_data_config.gap_filler.enable_session_quality
    }

    /// The config that it comes from.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// The calendar of the group: the exchange's clock, and when its sessions open and close.
    pub fn calendar(&self) -> &Calendar {
        &self.rule.calendar
    }

    /// Plans one session more, where the run has no fixed dates and one is to follow.
    ///
    /// # Errors
    ///
    /// The calendar cannot say which that is.
    pub(crate) fn go_on(&mut self) -> Result<(), TimeError> {
        let (Some(ahead), Some(last)) = (&mut self.ahead, self.sessions.last()) else {
            return Ok(());
        };
        let next = ahead.next(&self.rule.calendar, last)?;
        self.sessions.extend(next);
        Ok(())
    }

    /// The sessions that are planned, in time order; at least one. A run without fixed dates plans
    /// one after the other.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// The interval of the bars that feeds deliver.
    pub fn base(&self) -> BarInterval {
        self.rule.base
    }

    /// The intervals that are made of the base, shortest first.
    pub fn derived(&self) -> &[BarInterval] {
        &self.rule.derived
    }

    /// The trailing windows of one symbol, shortest interval first; the longest of several for
    /// one interval.
    pub fn history_of(&self, symbol: &Symbol) -> Vec<HistoryWindow> {
        let mut windows: Vec<HistoryWindow> = Vec::new();
        for (apply_to, window) in &self.history {
            if !apply_to.includes(symbol) {
                continue;
            }
            match windows.iter_mut().find(|known| known.interval == window.interval) {
                Some(known) => known.n_sessions = known.n_sessions.max(window.n_sessions),
                None => windows.push(*window),
            }
        }
        windows.sort_unstable();
        windows
    }

    /// The schedule entries due in `session`, by instant, then file order; and those that it does
    /// not contain.
    pub fn schedule_of(&self, session: &Session) -> (Vec<ScheduleDue>, Vec<usize>) {
        let (mut due, mut skipped) = (Vec::new(), Vec::new());
        for (entry, scheduled) in self.schedule().iter().enumerate() {
            match dates::instant_in(&self.rule.calendar, self.rule.hours, session, scheduled.at) {
                Some(at) => due.push(ScheduleDue { at, entry }),
                None if scheduled.at.date.is_none() => skipped.push(entry),
                None => {}
            }
        }
        due.sort_by_key(|scheduled| (scheduled.at, scheduled.entry));
        (due, skipped)
    }

    /// The schedule as written.
    pub fn schedule(&self) -> &[ScheduleEntry] {
        &self.config.session_data_config.symbol_schedule
    }

    /// What entry `entry` does.
    pub fn change(&self, entry: usize) -> &ScheduleChange {
        &self.schedule()[entry].change
    }

    /// The indicators that update with the bars of their interval.
    pub fn indicators(&self) -> &[IndicatorSpec] {
        &self.indicators
    }

    /// The indicators that are computed before a session and fixed for the day.
    pub fn historical(&self) -> &[HistoricalSpec] {
        &self.historical
    }

    pub(crate) fn add_indicator(&mut self, spec: IndicatorSpec) {
        self.indicators.push(spec);
    }

    /// A run goes on with these indicators, those of the config among them.
    pub(crate) fn change_indicators(&mut self, indicators: Vec<IndicatorSpec>) {
        self.indicators = indicators;
    }

    /// The indicator that was added last is not wanted after all.
    pub(crate) fn drop_last_indicator(&mut self) {
        self.indicators.pop();
    }

    /// A fresh set of the indicators on `interval`, in the order of the config.
    pub fn indicators_on(&self, interval: BarInterval) -> IndicatorSet {
        let specs: Vec<IndicatorSpec> =
            self.indicators.iter().filter(|spec| spec.interval() == interval).copied().collect();
        self.indicator_set(&specs, interval)
    }

    /// A fresh set of `specs`, all on `interval`.
    pub(crate) fn indicator_set(
        &self,
        specs: &[IndicatorSpec],
        interval: BarInterval,
    ) -> IndicatorSet {
        let lengths = self.full_session.parts().map(|part| part.length());
        let full_session = lengths.fold(Nanos::ZERO, |a, b| a + b);
        IndicatorSet::new(specs, self.market_facts(interval), full_session)
    }

    /// What indicators on `interval` need to know of the market.
    pub fn market_facts(&self, interval: BarInterval) -> MarketFacts {
        let bars_per_full_session = match interval.clock() {
            None => 1,
            Some(clock) => {
                let slots = |part: openbell_time::SessionPart| {
                    let (length, step) = (part.length().as_nanos(), clock.length().as_nanos());
                    ((length + step - 1) / step) as u32
                };
                self.full_session.parts().map(slots).sum()
            }
        };
        MarketFacts { sessions_per_year: self.sessions_per_year, bars_per_full_session }
    }

    fn check_series(&self, source: &mut dyn Source, errors: &mut Vec<PlanError>) {
        for symbol in self.symbols() {
            if !source.intervals(&symbol).contains(&self.rule.base) {
                continue; // Reported with the base interval.
            }
            let interval = self.rule.base;
            let key = openbell_market::SeriesKey { symbol: symbol.clone(), interval };
            let readable = source.feed(&key, &self.rule.calendar).map(drop);
            let readable = readable.and_then(|()| self.check_together(&symbol, source));
            let unreadable = |interval, error| {
                let (symbol, source) = (symbol.clone(), Box::new(error));
                PlanError::Unreadable { symbol, interval, source }
            };
            match readable {
                Err(error) => errors.push(unreadable(interval, error)),
                Ok(()) => errors.extend(self.check_files(&symbol, source, unreadable)),
            }
        }
    }

    /// Opens what this run reads of `symbol`, and refuses what cannot be: a run that fails in its
    /// third week for a file that was no Parquet from the start has cost two.
    fn check_files(
        &self,
        symbol: &Symbol,
        source: &dyn Source,
        unreadable: impl Fn(BarInterval, DataError) -> PlanError,
    ) -> Option<PlanError> {
        let stored = source.intervals(symbol);
        let (first, last) = (&self.sessions[0], &self.sessions[self.sessions.len() - 1]);
        let until = last.post_close.unwrap_or(last.close);
        let mut read = vec![(self.rule.base, first.pre_open.unwrap_or(first.open))];
        for window in self.history_of(symbol) {
            let n_before = window.n_sessions as usize;
            let before = self.rule.calendar.sessions_before(first.date, n_before);
            let Ok([since, ..]) = before else { continue }; // Refused with the dates.
            let is_stored = stored.contains(&window.interval);
            let interval = if is_stored { window.interval } else { self.rule.base };
            read.push((interval, since.pre_open.unwrap_or(since.open)));
        }
        let stored = read.into_iter().filter(|(interval, _)| stored.contains(interval));
        stored.into_iter().find_map(|(interval, since)| {
            let key = openbell_market::SeriesKey { symbol: symbol.clone(), interval };
            let checked = source.check_files(&key, since..until, &self.rule.calendar);
            Some(unreadable(interval, checked.err()?))
        })
    }

    /// Refuses a symbol whose series, as this run reads them, were adjusted in different ways.
    pub(crate) fn check_together(
        &self,
        symbol: &Symbol,
        source: &dyn Source,
    ) -> Result<(), DataError> {
        let windows = self.history_of(symbol).into_iter().map(|window| window.interval);
        let fixed = self.historical.iter().map(|historical| historical.spec().interval());
        let stored = source.intervals(symbol);
        let keys = series_read(symbol, self.rule.base, windows.chain(fixed), &stored);
        match keys.as_slice() {
            [_] => Ok(()), // One series is of one make; no file need be opened to say so.
            several => source.check_together(several),
        }
    }
}

fn noted<T, E: Into<PlanError>>(result: Result<T, E>, errors: &mut Vec<PlanError>) -> Option<T> {
    result.map_err(|error| errors.push(error.into())).ok()
}

/// A session of normal length, the first one or the nearest before it.
fn full_session(calendar: &Calendar, first: &Session) -> Session {
    let mut session = *first;
    for _ in 0..20 {
        if !session.is_early_close && !session.is_late_open {
            return session;
        }
        match calendar.previous_session(session.date) {
            Ok(previous) => session = previous,
            Err(_) => break, // The facts begin here: what there is must do.
        }
    }
    session
}
