//! What of some sessions a store lacks: the store itself is the state of a fetch, so that one that was
//! killed goes on where it was, and what is stored whole is not asked for again.

use std::ops::{Range, RangeInclusive};

use openbell_market::SeriesKey;
use openbell_time::{Calendar, Nanos, Session, Timestamp, TradingDate};

use crate::live::rows::floor;
use crate::live::{EmptyInterval, VendorTraits, Wanted};
use crate::store::coverage::{SessionCoverage, first_instant, last_instant};
use crate::{DataError, DataManager};

/// So long after its close a bar is final by any vendor's history; a vendor that revises for longer is
/// waited for as long.
const SETTLED: Nanos = Nanos::from_secs(60);

/// What is to be fetched of a series, and what is not because it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToFetch {
    /// What is asked for.
    pub wanted: Wanted,
    /// Sessions that were named and have begun.
    pub n_sessions: usize,
    /// Of these, sessions of which everything is stored.
    pub n_stored: usize,
    /// Intervals in what is asked for; of a vendor that has no bar where nothing traded there are fewer
    /// bars.
    pub n_intervals: u64,
}

/// Which sessions are meant, and how far they have come.
#[derive(Clone, Debug)]
pub struct FetchSpan<'a> {
    /// The session dates.
    pub dates: RangeInclusive<TradingDate>,
    /// The calendar of the group.
    pub calendar: &'a Calendar,
    /// The instant of asking: no bar is wanted that has closed a moment before.
    pub now: Timestamp,
    /// Whether what is stored is asked for too, for what the vendor has revised.
    pub is_again: bool,
}

impl ToFetch {
    /// What `store` lacks of a series; everything where there is no store.
    ///
    /// A session counts as stored where it has every bar of its regular hours and, if it has others, a
    /// row is stored beyond it. A vendor that has a bar of every interval is asked for the holes alone,
    /// another one for sessions: what it has not is not to be told from what was not asked for.
    ///
    /// *Cost*: reads the stored rows of those sessions.
    ///
    /// # Errors
    ///
    /// [`DataError::Calendar`] where the calendar does not reach; those of stored files.
    pub fn of(
        key: &SeriesKey,
        store: Option<&DataManager>,
        span: &FetchSpan<'_>,
        traits: &VendorTraits,
    ) -> Result<ToFetch, DataError> {
        let sessions = span.calendar.sessions(span.dates.clone())?;
        let settled = span.now - SETTLED.max(traits.revised_within);
        let length = key.interval.clock().map_or(Nanos::ZERO, |clock| clock.length());
        let begun: Vec<&Session> =
            sessions.iter().filter(|session| first_instant(session) + length <= settled).collect();
        let stored = match store {
            Some(store) if !span.is_again && store.keys().any(|stored| stored == key) => {
                Some(stored(key, store, span)?)
            }
            _ => None,
        };
        let mut to_fetch = ToFetch {
            wanted: Wanted { key: key.clone(), stretches: Vec::new() },
            n_sessions: begun.len(),
            n_stored: 0,
            n_intervals: 0,
        };
        let mut is_after_stored = true;
        for (place, session) in begun.into_iter().enumerate() {
            let until = last_instant(session).min(floor(settled, length));
            let whole = first_instant(session)..until;
            let lacking = match &stored {
                None => vec![whole],
                Some(stored) => stored.lacking(place, session, whole, traits.empty),
            };
            to_fetch.n_stored += usize::from(lacking.is_empty());
            for stretch in &lacking {
                to_fetch.add(stretch, !is_after_stored, length);
            }
            is_after_stored = lacking.is_empty() || traits.empty == EmptyInterval::Bar;
        }
        Ok(to_fetch)
    }

    /// Adds a stretch; one that follows what is lacking too, with nothing stored between, is the same.
    fn add(&mut self, stretch: &Range<Timestamp>, follows: bool, length: Nanos) {
        let n = (stretch.end - stretch.start).as_nanos() / length.as_nanos().max(1);
        self.n_intervals += n.unsigned_abs();
        match self.wanted.stretches.last_mut() {
            Some(last) if follows || last.end == stretch.start => last.end = stretch.end,
            _ => self.wanted.stretches.push(stretch.clone()),
        }
    }
}

/// What is stored of a series in the sessions of a span.
struct Stored {
    sessions: Vec<SessionCoverage>,
    last: Timestamp,
}

fn stored(key: &SeriesKey, store: &DataManager, span: &FetchSpan<'_>) -> Result<Stored, DataError> {
    let coverage = store.coverage(key, span.dates.clone(), span.calendar)?;
    let last = store.info(key)?.span.map_or(Timestamp::MIN, |(_, last)| last);
    Ok(Stored { sessions: coverage.sessions, last })
}

impl Stored {
    fn lacking(
        &self,
        place: usize,
        session: &Session,
        whole: Range<Timestamp>,
        empty: EmptyInterval,
    ) -> Vec<Range<Timestamp>> {
        let Some(covered) = self.sessions.get(place) else { return vec![whole] };
        let has_other_hours = session.pre_open.is_some() || session.post_close.is_some();
        let is_left = !has_other_hours || self.last >= last_instant(session);
        if covered.present == covered.expected && is_left {
            return Vec::new();
        }
        if empty == EmptyInterval::NoBar || has_other_hours {
            return vec![whole];
        }
        let within = |since: Timestamp, until: Timestamp| since..until.min(whole.end);
        let holes = covered.gaps.iter().map(|gap| within(gap.since, gap.until));
        holes.filter(|hole| !hole.is_empty()).collect()
    }
}
