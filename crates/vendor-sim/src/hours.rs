//! When the simulated market trades.

use openbell_time::{Calendar, MarketPhase, Nanos, TimeOfDay, Timestamp};

/// When the market trades, and where its days begin.
#[derive(Clone, Debug)]
pub enum Hours {
    /// Always; days are those of UTC, weeks begin on Monday.
    RoundTheClock,
    /// In the regular hours of a calendar; days are those of its exchange.
    Regular(Calendar),
    /// In its pre-market and its post-market too.
    Extended(Calendar),
}

impl Hours {
    /// Whether it trades in the minute that begins at this instant; hours begin and end on minutes.
    pub(crate) fn is_open(&self, minute: Timestamp) -> bool {
        let phase = |calendar: &Calendar| {
            // Before the first date of a calendar and after its last nothing trades.
            calendar.phase(minute).unwrap_or(MarketPhase::Closed)
        };
        match self {
            Hours::RoundTheClock => true,
            Hours::Regular(calendar) => phase(calendar) == MarketPhase::Regular,
            Hours::Extended(calendar) => matches!(
                phase(calendar),
                MarketPhase::Pre | MarketPhase::Regular | MarketPhase::Post
            ),
        }
    }

    /// The midnight at or before an instant, `n_days` later.
    pub(crate) fn midnight(&self, instant: Timestamp, n_days: i32) -> Timestamp {
        match self {
            Hours::RoundTheClock => instant.utc_date().plus_days(n_days).utc_midnight(),
            Hours::Regular(calendar) | Hours::Extended(calendar) => {
                let date = calendar.local_time(instant).date.plus_days(n_days);
                let midnight = TimeOfDay::from_hms(0, 0, 0).expect("a time of day");
                // Where a change of the offset skips midnight, the day begins an hour later.
                calendar.instant_at(date, midnight).unwrap_or_else(|| {
                    date.utc_midnight() - Nanos::from_secs(i64::from(offset_s(calendar, instant)))
                })
            }
        }
    }

    /// Days since the Monday at or before an instant.
    pub(crate) fn days_from_monday(&self, instant: Timestamp) -> i32 {
        let date = match self {
            Hours::RoundTheClock => instant.utc_date(),
            Hours::Regular(calendar) | Hours::Extended(calendar) => {
                calendar.local_time(instant).date
            }
        };
        i32::from(date.weekday().days_from_monday())
    }
}

fn offset_s(calendar: &Calendar, instant: Timestamp) -> i32 {
    calendar.local_time(instant).offset_s
}
