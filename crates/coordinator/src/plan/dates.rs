//! What the calendar alone says of a config: its sessions, what is counted back from the first of
//! them, and the schedule entries that no session contains. No data is looked at.

use openbell_config::{ScheduleTime, SessionConfig};
use openbell_market::indicator::HistoricalWindow;
use openbell_time::{Calendar, Session, TimeManager, Timestamp, TradingDate};

use super::noted;
use super::sessions::{Ahead, Sessions, first_sessions};
use crate::error::PlanError;
use crate::layout::clock_hours;

/// The calendar of a run and its sessions on it.
pub(super) struct Dated {
    pub(super) calendar: Calendar,
    /// In time order; at least one.
    pub(super) sessions: Vec<Session>,
    /// How they go on, where the run has no fixed dates.
    pub(super) ahead: Option<Ahead>,
}

/// The sessions that are `asked` for, or every reason for which the calendar has not what they need.
pub(super) fn dated(
    asked: Sessions,
    config: &SessionConfig,
    time: &TimeManager,
    errors: &mut Vec<PlanError>,
) -> Option<Dated> {
    let calendar = noted(time.calendar(config.exchange_group.calendar), errors)?;
    let (sessions, ahead) = first_sessions(asked, config, &calendar, errors)?;
    check_reach(config, &calendar, &sessions[0], errors);
    check_schedule(config, &calendar, &sessions, errors);
    Some(Dated { calendar, sessions, ahead })
}

/// Whether the calendar knows the days before `first` that are asked for.
fn check_reach(
    config: &SessionConfig,
    calendar: &Calendar,
    first: &Session,
    errors: &mut Vec<PlanError>,
) {
    let data = &config.session_data_config;
    for (entry, asked) in data.historical.data.iter().enumerate() {
        let n_sessions = asked.trailing_days as usize;
        if let Err(source) = calendar.sessions_before(first.date, n_sessions) {
            errors.push(PlanError::HistoryBeforeFacts { entry, source });
        }
    }
    let yesterday = first.date.plus_days(-1);
    for (entry, indicator) in data.indicators.historical.iter().enumerate() {
        let since = match indicator.spec.window() {
            // However far back, the day before the facts is far enough to be refused.
            HistoricalWindow::CalendarDays { n_days } => {
                let n_known = first.date.as_days() - calendar.facts_since().as_days();
                let n_days = i32::try_from(n_days).unwrap_or(i32::MAX);
                first.date.plus_days(-n_days.min(n_known + 1))
            }
            _ => yesterday,
        };
        if let Err(source) = calendar.count(since, yesterday) {
            errors.push(PlanError::IndicatorBeforeFacts { entry, source });
        }
    }
}

fn check_schedule(
    config: &SessionConfig,
    calendar: &Calendar,
    sessions: &[Session],
    errors: &mut Vec<PlanError>,
) {
    let data = &config.session_data_config;
    for (entry, scheduled) in data.symbol_schedule.iter().enumerate() {
        let at = scheduled.at;
        let is_in = |session: &Session| instant_in(calendar, data.hours, session, at).is_some();
        if at.date.is_some() && !sessions.iter().any(is_in) {
            errors.push(PlanError::ScheduleOutside { entry, at: at.to_string() });
        }
    }
}

/// The instant at which the exchange's clock shows that time, where the clock of `session` runs
/// then; its last instant is not among them.
pub(super) fn instant_in(
    calendar: &Calendar,
    hours: openbell_config::Hours,
    session: &Session,
    at: ScheduleTime,
) -> Option<Timestamp> {
    let clock = clock_hours(session, hours);
    let shown = |date: TradingDate| calendar.instant_at(date, at.time);
    match at.date {
        Some(date) => shown(date).filter(|at| clock.contains(at)),
        None => [-1, 0, 1]
            .into_iter()
            .filter_map(|days| shown(session.date.plus_days(days)))
            .find(|at| clock.contains(at)),
    }
}
