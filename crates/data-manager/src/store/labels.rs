//! The stamps of stored 1d and 1w bars are labels, a date at 00:00 UTC; here they become the
//! instants at which those sessions open.

use openbell_market::BarInterval;
use openbell_time::{Calendar, NANOS_PER_DAY, Nanos, Timestamp, TradingDate};

/// What the written stamps of a series mean.
#[derive(Clone, Debug)]
pub(crate) enum Labels {
    /// Instants.
    Instants,
    /// Dates of sessions.
    Days(Calendar),
    /// Dates in weeks of sessions.
    Weeks(Calendar),
}

impl Labels {
    /// What the stamps of series of `interval` mean.
    pub(crate) fn new(interval: BarInterval, calendar: &Calendar) -> Labels {
        match interval {
            BarInterval::Clock(_) => Labels::Instants,
            BarInterval::Day => Labels::Days(calendar.clone()),
            BarInterval::Week => Labels::Weeks(calendar.clone()),
        }
    }

    /// The instant that a written stamp means: the open of the label's session (of the first
    /// session of its week); the stamp itself where it is no label, or its date no session.
    pub(crate) fn instant(&self, written_ns: i64) -> i64 {
        let Some(date) = label_date(written_ns) else { return written_ns };
        let open = match self {
            Labels::Instants => None,
            Labels::Days(calendar) => open_of(calendar, date),
            Labels::Weeks(calendar) => calendar
                .sessions_of_week(date.monday())
                .ok()
                .and_then(|week| week.first())
                .map(|s| s.open),
        };
        open.map_or(written_ns, Timestamp::as_nanos)
    }

    /// How much earlier or later than its written stamp an instant can be: no session opens
    /// further from its own date.
    pub(crate) fn slack(&self) -> Nanos {
        let days = match self {
            Labels::Instants => 0,
            Labels::Days(_) => 3,
            Labels::Weeks(_) => 10,
        };
        Nanos::from_nanos(days * NANOS_PER_DAY)
    }
}

fn label_date(written_ns: i64) -> Option<TradingDate> {
    (written_ns % NANOS_PER_DAY == 0).then(|| Timestamp::from_nanos(written_ns).utc_date())
}

/// The open of the session of `date`; `None` also for dates of which the calendar knows nothing,
/// whose label then is kept as it is.
fn open_of(calendar: &Calendar, date: TradingDate) -> Option<Timestamp> {
    calendar.session(date).ok().flatten().map(|session| session.open)
}
