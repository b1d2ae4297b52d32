//! Where a written stamp stands beside a calendar: on the grid of its session, off it, or outside.

use openbell_market::BarInterval;
use openbell_time::{Calendar, CalendarCursor, SessionPart, Timestamp};

use super::objection::Objection;

/// Where a stamp stands beside a calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Placement {
    OnGrid,
    OffGrid,
    OffSession,
    /// The calendar does not reach there.
    Unknown,
}

/// Where the written stamp `stamp` of a bar of `interval` stands.
pub(crate) fn placement(
    cursor: &mut CalendarCursor,
    interval: BarInterval,
    stamp: Timestamp,
) -> Placement {
    let Some(clock) = interval.clock() else { return label_placement(cursor, interval, stamp) };
    let session = match cursor.session(stamp) {
        Err(_) => return Placement::Unknown,
        Ok(session) => session,
    };
    let part = session.and_then(|session| session.parts().find(|part| part.contains(stamp)));
    let length_ns = clock.length().as_nanos();
    match part {
        Some(part) if (stamp - part.since).as_nanos() % length_ns == 0 => Placement::OnGrid,
        Some(_) => Placement::OffGrid,
        None if stamp.as_nanos() % length_ns == 0 => Placement::OffSession,
        None => Placement::OffGrid,
    }
}

fn label_placement(cursor: &CalendarCursor, interval: BarInterval, stamp: Timestamp) -> Placement {
    let date = stamp.utc_date();
    let calendar = cursor.calendar();
    let found = match interval {
        BarInterval::Week => calendar.sessions_of_week(date.monday()).map(|week| !week.is_empty()),
        _ => calendar.is_session(date),
    };
    match found {
        Err(_) => Placement::Unknown,
        Ok(_) if stamp != date.utc_midnight() => Placement::OffGrid,
        Ok(true) => Placement::OnGrid,
        Ok(false) => Placement::OffSession,
    }
}

/// Rows that no session delivers, in regular or in extended hours.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Undeliverable {
    /// Rows that are not on the grid of the interval.
    pub n_off_grid: u64,
    /// Rows outside all hours of the exchange; of 1d and 1w, of dates without a session.
    pub n_outside: u64,
    /// The stamp of the first of either.
    pub first: Option<Timestamp>,
}

impl Undeliverable {
    /// How many there are.
    pub fn n(&self) -> u64 {
        self.n_off_grid + self.n_outside
    }

    /// Those that are not among the `earlier` ones.
    pub(super) fn since(&self, earlier: &Undeliverable) -> Undeliverable {
        Undeliverable {
            n_off_grid: self.n_off_grid - earlier.n_off_grid,
            n_outside: self.n_outside - earlier.n_outside,
            first: if self.n() > earlier.n() { self.first } else { None },
        }
    }
}

/// Counts where rows stand.
#[derive(Clone, Debug)]
pub(super) struct Places {
    interval: BarInterval,
    cursor: CalendarCursor,
    /// The part of a session that held the last row, in which most of the next lie.
    part: Option<SessionPart>,
    n_known: u64,
    /// Rows in the session's regular hours.
    n_regular: u64,
    undeliverable: Undeliverable,
}

impl Places {
    pub(super) fn new(interval: BarInterval, calendar: &Calendar) -> Places {
        Places {
            interval,
            cursor: calendar.cursor(),
            part: None,
            n_known: 0,
            n_regular: 0,
            undeliverable: Undeliverable::default(),
        }
    }

    #[inline]
    pub(super) fn add(&mut self, stamp_ns: i64) {
        if let (Some(part), Some(clock)) = (&self.part, self.interval.clock())
            && part.contains(Timestamp::from_nanos(stamp_ns))
            && (stamp_ns - part.since.as_nanos()) % clock.length().as_nanos() == 0
        {
            self.n_known += 1;
            self.n_regular += 1;
            return;
        }
        self.look_up(Timestamp::from_nanos(stamp_ns));
    }

    fn look_up(&mut self, stamp: Timestamp) {
        if self.interval.clock().is_some() {
            let session = self.cursor.session(stamp).ok().flatten(); // `Err`: unknown, as below
            self.part = session.and_then(|s| s.parts().find(|part| part.contains(stamp)));
        }
        let placed = placement(&mut self.cursor, self.interval, stamp);
        if placed == Placement::Unknown {
            return;
        }
        self.n_known += 1;
        match placed {
            Placement::OnGrid => self.n_regular += 1,
            Placement::OffGrid => {
                self.n_regular += u64::from(self.part.is_some());
                self.undeliverable.n_off_grid += 1;
            }
            Placement::OffSession if self.is_in_extended_hours(stamp) => return,
            Placement::OffSession | Placement::Unknown => self.undeliverable.n_outside += 1,
        }
        if placed != Placement::OnGrid {
            self.undeliverable.first.get_or_insert(stamp);
        }
    }

    fn is_in_extended_hours(&mut self, stamp: Timestamp) -> bool {
        use openbell_time::MarketPhase::{Post, Pre};
        self.interval.clock().is_some() && matches!(self.cursor.phase(stamp), Ok(Pre | Post))
    }

    pub(super) fn undeliverable(&self) -> Undeliverable {
        self.undeliverable
    }

    /// What speaks against the zone or the group: most rows are outside all hours; of days, more than a
    /// stray one is of a date without a session.
    pub(super) fn objection(&self) -> Option<Objection> {
        let (n_outside, n) = (self.undeliverable.n_outside, self.n_known);
        let is_rule = match self.interval.clock() {
            Some(_) => 2 * n_outside > n,
            None => n_outside == n || (n_outside >= 2 && 5 * n_outside > n),
        };
        let first = self.undeliverable.first?;
        let first = self.cursor.calendar().local_time(first).to_string();
        (n_outside > 0 && is_rule).then_some(Objection::Outside { n_outside, n, first })
    }
}
