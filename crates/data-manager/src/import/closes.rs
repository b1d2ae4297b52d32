//! From the close of a bar to its open, by the calendar's grid: a bar is cut where its session ends, so
//! its open is not always its length before.

use openbell_market::ClockInterval;
use openbell_time::{CalendarCursor, NANOS_PER_SECOND, SessionPart, Timestamp};

/// What an exchange takes off the close of a candle to write the last instant in it.
const TICKS_NS: [i64; 4] = [1, 1_000, 1_000_000, NANOS_PER_SECOND];

/// Finds the opens of bars whose close is stamped.
#[derive(Clone, Debug)]
pub(super) struct Closes {
    cursor: CalendarCursor,
    length_ns: i64,
    /// The part of a session in which the last bar closed.
    part: Option<SessionPart>,
}

impl Closes {
    pub(super) fn new(cursor: CalendarCursor, interval: ClockInterval) -> Closes {
        Closes { cursor, length_ns: interval.length().as_nanos(), part: None }
    }

    /// The open of the bar that closes at `close_ns`, or a tick after it. Where no slot of a session
    /// does, it is the length of a bar before.
    pub(super) fn open_ns(&mut self, close_ns: i64) -> Option<i64> {
        if let Some(open_ns) = self.slot_that_closes(close_ns) {
            return Some(open_ns);
        }
        let mut ticks = TICKS_NS.iter().filter_map(|tick| close_ns.checked_add(*tick));
        if let Some(open_ns) = ticks.clone().find_map(|close_ns| self.slot_that_closes(close_ns)) {
            return Some(open_ns);
        }
        let is_round = |ns: &i64| ns % self.length_ns == 0;
        let close_ns =
            if is_round(&close_ns) { close_ns } else { ticks.find(is_round).unwrap_or(close_ns) };
        close_ns.checked_sub(self.length_ns)
    }

    fn slot_that_closes(&mut self, close_ns: i64) -> Option<i64> {
        let last = Timestamp::from_nanos(close_ns.checked_sub(1)?);
        if !self.part.is_some_and(|part| part.contains(last)) {
            let session = self.cursor.session(last).ok().flatten()?; // `Err`: beyond the facts
            self.part = session.parts().find(|part| part.contains(last));
        }
        let part = self.part.filter(|part| part.contains(last))?;
        let since_ns = part.since.as_nanos();
        let open_ns = since_ns + (close_ns - 1 - since_ns) / self.length_ns * self.length_ns;
        let is_close = close_ns == (open_ns + self.length_ns).min(part.until.as_nanos());
        is_close.then_some(open_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openbell_market::BarInterval;
    use openbell_time::TimeManager;

    fn open_of(group: &str, interval: &str, close: &str) -> String {
        let BarInterval::Clock(interval) = interval.parse().unwrap() else { panic!("of a clock") };
        let calendar = TimeManager::new().calendar(group).unwrap();
        let mut closes = Closes::new(calendar.cursor(), interval);
        let close: Timestamp = close.parse().unwrap();
        Timestamp::from_nanos(closes.open_ns(close.as_nanos()).unwrap()).to_string()
    }

    #[test]
    fn a_bar_is_cut_by_the_end_of_a_session_a_half_day_and_a_break() {
        for (group, interval, close, open) in [
            ("US_EQUITY", "1h", "2025-07-02T14:30:00Z", "2025-07-02T13:30:00Z"),
            ("US_EQUITY", "1h", "2025-07-02T20:00:00Z", "2025-07-02T19:30:00Z"),
            ("US_EQUITY", "1h", "2025-07-03T17:00:00Z", "2025-07-03T16:30:00Z"),
            ("XHKG", "4h", "2025-07-02T04:00:00Z", "2025-07-02T01:30:00Z"),
            ("US_EQUITY", "1m", "2025-07-02T20:00:00Z", "2025-07-02T19:59:00Z"),
            ("US_EQUITY", "1m", "2025-07-02T13:30:00Z", "2025-07-02T13:29:00Z"),
            ("CRYPTO", "1m", "2025-07-02T13:30:59.999Z", "2025-07-02T13:30:00Z"),
            ("US_EQUITY", "1m", "2025-07-02T19:59:59Z", "2025-07-02T19:59:00Z"),
            ("US_EQUITY", "5m", "2025-07-02T22:04:59.999999Z", "2025-07-02T22:00:00Z"),
        ] {
            assert_eq!(open_of(group, interval, close), open, "{group} {interval} {close}");
        }
    }
}
