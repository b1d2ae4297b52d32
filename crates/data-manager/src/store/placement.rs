//! Where a written stamp stands beside a calendar: on the grid of its session, off it, or outside.

use openbell_market::BarInterval;
use openbell_time::{Calendar, Timestamp};

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
pub(crate) fn placement(calendar: &Calendar, interval: BarInterval, stamp: Timestamp) -> Placement {
    let Some(clock) = interval.clock() else {
        let date = stamp.utc_date();
        let is_label = stamp == date.utc_midnight();
        let found = match interval {
            BarInterval::Week => {
                calendar.sessions_of_week(date.monday()).map(|week| !week.is_empty())
            }
            _ => calendar.is_session(date),
        };
        return match found {
            Err(_) => Placement::Unknown,
            Ok(_) if !is_label => Placement::OffGrid,
            Ok(true) => Placement::OnGrid,
            Ok(false) => Placement::OffSession,
        };
    };
    let session = match calendar.session_at(stamp) {
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
