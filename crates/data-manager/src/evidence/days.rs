//! Where the rows of a day begin and end, beside the session that they are nearest to.

use openbell_market::BarInterval;
use openbell_time::{Calendar, NANOS_PER_DAY, NANOS_PER_SECOND, Nanos, Session, Timestamp};

use super::length::length_of;
use super::objection::Objection;

/// Between two days of rows nothing is stamped for so long. A session's break is shorter, and so is
/// what parts pre-market from regular hours.
const NIGHT_NS: i64 = 3 * 3_600 * NANOS_PER_SECOND;

/// Rows of a day that say nothing are fewer.
const N_ROWS_MIN: u64 = 3;

/// The first and the last row of each day, held against the first and the last slot of its session.
///
/// A thin day begins later and ends earlier; one in extended hours begins earlier and ends later. Only
/// a whole session that lies elsewhere begins and ends as much too late, or too early.
#[derive(Clone, Debug)]
pub(super) struct Days {
    /// `None` where a day is one bar, or a few.
    length_ns: Option<i64>,
    /// First and last stamp of the day at hand, and its rows.
    day: Option<(i64, i64, u64)>,
    n_days: u64,
    /// Days that lie as a whole beside their session, by how much.
    displaced: Vec<(i64, u64)>,
}

impl Days {
    pub(super) fn new(interval: BarInterval) -> Days {
        let length_ns = length_of(interval).as_nanos();
        let has_days = interval.clock().is_some() && 2 * length_ns < NIGHT_NS;
        Days {
            length_ns: has_days.then_some(length_ns),
            day: None,
            n_days: 0,
            displaced: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn add(&mut self, stamp_ns: i64, calendar: &Calendar) {
        if self.length_ns.is_none() {
            return;
        }
        match &mut self.day {
            Some((_, last_ns, n_rows)) if stamp_ns.saturating_sub(*last_ns) < NIGHT_NS => {
                (*last_ns, *n_rows) = (stamp_ns, *n_rows + 1);
            }
            _ => {
                self.end(calendar);
                self.day = Some((stamp_ns, stamp_ns, 1));
            }
        }
    }

    /// Ends the day at hand.
    pub(super) fn end(&mut self, calendar: &Calendar) {
        let (Some(length_ns), Some((first_ns, last_ns, n_rows))) =
            (self.length_ns, self.day.take())
        else {
            return;
        };
        if n_rows < N_ROWS_MIN || last_ns - first_ns >= NANOS_PER_DAY - NIGHT_NS {
            return; // The market never sleeps, or the day says nothing.
        }
        self.n_days += 1;
        let Some(session) = nearest(calendar, first_ns, last_ns) else { return };
        let by_ns = first_ns - session.open.as_nanos();
        if by_ns != 0 && by_ns == last_ns - last_slot_ns(&session, length_ns) {
            match self.displaced.iter().position(|(known, _)| *known == by_ns) {
                Some(idx) => self.displaced[idx].1 += 1,
                None => self.displaced.push((by_ns, 1)),
            }
        }
    }

    /// What speaks against the zone, or the end that is said to be stamped.
    pub(super) fn objection(&self) -> Option<Objection> {
        let &(by_ns, n_such) = self.displaced.iter().max_by_key(|(_, n)| *n)?;
        let n_displaced: u64 = self.displaced.iter().map(|(_, n)| n).sum();
        let is_rule =
            2 * n_displaced >= self.n_days || (n_displaced >= 5 && 10 * n_displaced >= self.n_days);
        let is_one_bar = self.length_ns == Some(by_ns.abs());
        is_rule.then_some(Objection::Displaced {
            by: Nanos::from_nanos(by_ns),
            is_one_bar,
            n_such,
            n_days: self.n_days,
        })
    }
}

/// The session around the middle of a day of rows, or the nearest.
fn nearest(calendar: &Calendar, first_ns: i64, last_ns: i64) -> Option<Session> {
    let date = calendar.local_time(Timestamp::from_nanos(first_ns + (last_ns - first_ns) / 2)).date;
    let sessions = calendar.sessions(date.plus_days(-1)..=date.plus_days(1)).ok()?; // Beyond the facts: nothing to hold it against.
    let distance = |session: &&Session| {
        session.open.as_nanos().abs_diff(first_ns) + session.close.as_nanos().abs_diff(last_ns)
    };
    sessions.iter().min_by_key(distance).copied()
}

/// The open of the last slot of a session.
fn last_slot_ns(session: &Session, length_ns: i64) -> i64 {
    let since = session.parts().last().map_or(session.open, |part| part.since);
    let part_ns = session.close.as_nanos() - since.as_nanos();
    since.as_nanos() + (part_ns - 1) / length_ns * length_ns
}
