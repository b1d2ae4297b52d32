//! Where a written stamp stands beside a calendar: on the grid of its session, off it, or outside.

use openbell_market::BarInterval;
use openbell_time::{Calendar, Timestamp};

/// Where a stamp stands beside a calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    OnGrid,
    OffGrid,
    OffSession,
    /// The calendar does not reach there.
    Unknown,
}

/// Where the written stamp `stamp` of a bar of `interval` stands.
pub(crate) fn standing(calendar: &Calendar, interval: BarInterval, stamp: Timestamp) -> Standing {
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
            Err(_) => Standing::Unknown,
            Ok(_) if !is_label => Standing::OffGrid,
            Ok(true) => Standing::OnGrid,
            Ok(false) => Standing::OffSession,
        };
    };
    let session = match calendar.session_at(stamp) {
        Err(_) => return Standing::Unknown,
        Ok(session) => session,
    };
    let part = session.and_then(|session| session.parts().find(|part| part.contains(stamp)));
    let length_ns = clock.length().as_nanos();
    match part {
        Some(part) if (stamp - part.since).as_nanos() % length_ns == 0 => Standing::OnGrid,
        Some(_) => Standing::OffGrid,
        None if stamp.as_nanos() % length_ns == 0 => Standing::OffSession,
        None => Standing::OffGrid,
    }
}
