//! Which sessions a run has: those between two dates, or those that lie ahead.

use openbell_config::{Hours, Mode, SessionConfig};
use openbell_time::{Calendar, Session, TimeError, Timestamp, TradingDate};

use crate::error::PlanError;

/// Which sessions a run has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sessions {
    /// Those between the two dates of the config.
    OfConfig,
    /// Those that lie ahead of an instant: the one that runs then, or else the next, and those after
    /// it, one after the other.
    Ahead {
        /// The instant.
        from: Timestamp,
        /// How many; absent where the run has no end of its own.
        n_sessions: Option<u32>,
    },
}

/// The sessions that are still to be planned of a run without fixed dates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead {
    /// How many follow those that are planned; absent where there is no end.
    n_left: Option<u32>,
}

/// The sessions that `asked` names first, and how they go on.
pub(crate) fn first_sessions(
    asked: Sessions,
    config: &SessionConfig,
    calendar: &Calendar,
    errors: &mut Vec<PlanError>,
) -> Option<(Vec<Session>, Option<Ahead>)> {
    match asked {
        Sessions::OfConfig => Some((of_config(config, calendar, errors)?, None)),
        Sessions::Ahead { from, n_sessions } => {
            let hours = config.session_data_config.hours;
            match running_or_next(calendar, hours, from) {
                Ok(first) => {
                    let n_left = n_sessions.map(|n| n.saturating_sub(1));
                    Some((vec![first], Some(Ahead { n_left })))
                }
                Err(error) => {
                    errors.push(error.into());
                    None
                }
            }
        }
    }
}

impl Ahead {
    /// The session after `last`, where one is to follow.
    ///
    /// # Errors
    ///
    /// The calendar cannot say which that is.
    pub(crate) fn next(
        &mut self,
        calendar: &Calendar,
        last: &Session,
    ) -> Result<Option<Session>, TimeError> {
        match &mut self.n_left {
            Some(0) => return Ok(None),
            Some(n_left) => *n_left -= 1,
            None => {}
        }
        calendar.next_session(last.date).map(Some)
    }
}

fn of_config(
    config: &SessionConfig,
    calendar: &Calendar,
    errors: &mut Vec<PlanError>,
) -> Option<Vec<Session>> {
    let Mode::Backtest(backtest) = &config.mode else {
        errors.push(PlanError::NoDates);
        return None;
    };
    let (start, end): (TradingDate, TradingDate) = (backtest.start_date, backtest.end_date);
    let sessions = calendar.sessions(start..=end).map_err(|error| errors.push(error.into()));
    let sessions = sessions.ok()?.to_vec();
    if sessions.is_empty() {
        let next = calendar.next_session(end).map_err(|error| errors.push(error.into()));
        let (next, calendar) = (next.ok()?.date, calendar.name().to_owned());
        errors.push(PlanError::NoSession { calendar, start, end, next });
        return None;
    }
    Some(sessions)
}

/// The first session whose clock has not run out at `from`.
fn running_or_next(
    calendar: &Calendar,
    hours: Hours,
    from: Timestamp,
) -> Result<Session, TimeError> {
    let is_extended = hours == Hours::Extended;
    // No session begins more than two days before its date.
    let mut session = calendar.next_session(calendar.local_time(from).date.plus_days(-3))?;
    while session.post_close.filter(|_| is_extended).unwrap_or(session.close) <= from {
        session = calendar.next_session(session.date)?;
    }
    Ok(session)
}
