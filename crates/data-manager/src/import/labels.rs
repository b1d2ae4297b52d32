//! Which session, or week of sessions, a stamp of a daily or weekly bar means.
//!
//! A bare date is a label, and so is a stamp of midnight without a zone, in UTC or in its own offset.
//! Any other stamp is an instant.

use chrono::{NaiveDateTime, NaiveTime, Timelike};
use openbell_market::BarInterval;
use openbell_time::{
    Calendar, NANOS_PER_DAY, NANOS_PER_SECOND, Session, Timestamp, TradingDate, Weekday,
};

use super::options::StampedAt;

/// Finds sessions on the calendar of a group.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    calendar: Calendar,
    interval: BarInterval,
    stamped_at: StampedAt,
}

/// The date that a stamp means: of a session, or of a day in its week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label {
    pub(super) date: TradingDate,
    /// The date that is written, or that of the session: of a week, one of its ends.
    pub(super) named: TradingDate,
    /// Whether the exchange's date at that instant says the same.
    pub(super) is_agreed: bool,
    /// Whether the end that is said to be stamped made a difference.
    pub(super) heeds_end: bool,
}

impl Label {
    fn agreed(date: TradingDate) -> Label {
        Label { date, named: date, is_agreed: true, heeds_end: false }
    }
}

/// Whether a clock time names a day and no instant in it.
pub(super) fn is_midnight(local: &NaiveDateTime) -> bool {
    local.time() == NaiveTime::MIN && local.nanosecond() == 0
}

impl Labels {
    pub(super) fn new(calendar: &Calendar, interval: BarInterval, stamped_at: StampedAt) -> Labels {
        Labels { calendar: calendar.clone(), interval, stamped_at }
    }

    /// Which end of a bar is said to be stamped.
    pub(super) fn stamped_at(&self) -> StampedAt {
        self.stamped_at
    }

    /// What the date `date` means, which begins at `midnight_ns` where that is known.
    pub(super) fn of_date(&self, date: TradingDate, midnight_ns: Option<i64>) -> Label {
        if self.stamped_at == StampedAt::Close {
            if let Some(closed) = midnight_ns.and_then(|ns| self.closed_at(ns)) {
                return Label { heeds_end: true, ..Label::agreed(closed.date) };
            }
            if self.interval == BarInterval::WEEK {
                // A day in the week that ends on it, or the Monday after.
                let before = date.plus_days(-1);
                return Label { named: date, heeds_end: true, ..Label::agreed(before) };
            }
        }
        if self.interval == BarInterval::WEEK && self.begins_on_sunday(date) {
            return Label::agreed(date.plus_days(1));
        }
        Label::agreed(date)
    }

    /// What the instant `ns` means; `None` beyond the facts of the calendar.
    pub(super) fn of_instant(&self, ns: i64) -> Option<Label> {
        let at = Timestamp::from_nanos(ns);
        let shown = self.calendar.local_time(at).date;
        if self.stamped_at == StampedAt::Close {
            let closed = self.closed_at(ns);
            let session = closed.or_else(|| self.session_of(ns - 1))?;
            let is_agreed = closed.is_some() || self.is_same(session.date, shown);
            return Some(Label { is_agreed, heeds_end: true, ..Label::agreed(session.date) });
        }
        if self.interval == BarInterval::WEEK
            && let Some(last) = self.closed_at(ns)
            && self.is_last_of_week(&last)
        {
            return Some(Label::agreed(last.date));
        }
        let session = self.session_of(ns)?;
        let is_agreed = session.open == at || self.is_same(session.date, shown);
        Some(Label { is_agreed, ..Label::agreed(session.date) })
    }

    fn is_same(&self, a: TradingDate, b: TradingDate) -> bool {
        match self.interval {
            BarInterval::Week => a.monday() == b.monday(),
            BarInterval::Day | BarInterval::Clock(_) => a == b,
        }
    }

    /// The session whose time from the close before it to its own holds an instant.
    fn session_of(&self, ns: i64) -> Option<Session> {
        let close = self.calendar.next_close(Timestamp::from_nanos(ns)).ok()?; // `Err`: beyond the facts
        self.calendar.session_at(Timestamp::from_nanos(close.as_nanos() - 1)).ok().flatten()
    }

    /// The session that closes at an instant, or a tick after it.
    fn closed_at(&self, ns: i64) -> Option<Session> {
        let session = self.session_of(ns.checked_sub(1)?)?;
        let early_ns = session.close.as_nanos() - ns;
        (0..=NANOS_PER_SECOND).contains(&early_ns).then_some(session)
    }

    fn is_last_of_week(&self, session: &Session) -> bool {
        let next = self.calendar.next_session(session.date);
        next.is_ok_and(|next| {
            next.date.monday() != session.date.monday() && next.open > session.close
        })
    }

    /// Whether a date is the Sunday on whose evening the sessions of a week begin.
    fn begins_on_sunday(&self, date: TradingDate) -> bool {
        if date.weekday() != Weekday::Sun || !matches!(self.calendar.session(date), Ok(None)) {
            return false;
        }
        let next = self.calendar.next_session(date);
        next.is_ok_and(|next| self.calendar.local_time(next.open).date == date)
    }

    /// Whether a week that is named by `date` begins or ends there.
    pub(super) fn is_end_of_week(date: TradingDate) -> bool {
        !matches!(date.weekday(), Weekday::Tue | Weekday::Wed | Weekday::Thu)
    }
}

/// The label as it is stored: a session date, or the Monday of a week.
pub(super) fn stored_ns(interval: BarInterval, date: TradingDate) -> Option<i64> {
    let date = if interval == BarInterval::WEEK { date.monday() } else { date };
    i64::from(date.as_days()).checked_mul(NANOS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openbell_time::TimeManager;

    fn label(group: &str, interval: &str, end: StampedAt, stamp: &str) -> (String, bool) {
        let calendar = TimeManager::new().calendar(group).unwrap();
        let labels = Labels::new(&calendar, interval.parse().unwrap(), end);
        let found = match stamp.parse::<Timestamp>() {
            Ok(at) => labels.of_instant(at.as_nanos()).unwrap(),
            Err(_) => labels.of_date(stamp.parse().unwrap(), None),
        };
        (found.date.to_string(), found.is_agreed)
    }

    #[test]
    fn an_instant_means_the_session_from_the_close_before_to_its_own() {
        use StampedAt::{Close, Open};
        for (group, interval, end, stamp, date, is_agreed) in [
            ("XHKG", "1d", Open, "2025-07-02T16:00:00Z", "2025-07-03", true),
            ("FOREX", "1d", Open, "2025-07-01T21:00:00Z", "2025-07-02", true),
            ("US_EQUITY", "1d", Open, "2025-07-02T04:00:00Z", "2025-07-02", true),
            ("US_EQUITY", "1d", Open, "2025-07-02T13:30:00Z", "2025-07-02", true),
            ("US_EQUITY", "1d", Open, "2025-07-02T20:00:00Z", "2025-07-03", false),
            ("US_EQUITY", "1d", Close, "2025-07-02T20:00:00Z", "2025-07-02", true),
            ("US_EQUITY", "1d", Close, "2025-07-02T19:59:59Z", "2025-07-02", true),
            ("US_EQUITY", "1d", Close, "2025-07-03T17:00:00Z", "2025-07-03", true),
            ("CRYPTO", "1d", Close, "2025-07-02T00:00:00Z", "2025-07-01", true),
            ("FOREX", "1w", Open, "2025-07-06T21:00:00Z", "2025-07-07", true),
            ("FOREX", "1w", Open, "2025-07-04T21:00:00Z", "2025-07-04", true),
            ("FOREX", "1w", Open, "2025-07-06", "2025-07-07", true),
            ("US_EQUITY", "1w", Open, "2025-07-06", "2025-07-06", true),
        ] {
            assert_eq!(
                label(group, interval, end, stamp),
                (date.to_owned(), is_agreed),
                "{group} {interval} {end:?} {stamp}"
            );
        }
    }
}
