//! Hot path.
//!
//! The phase at instants that mostly move forward. Never here: allocation, locks, zone conversion,
//! a search while instants move forward.

use super::Calendar;
use crate::{MarketPhase, Session, TimeError, Timestamp};

/// A place in a calendar that remembers where it stands.
///
/// *Cost*: one comparison of bounds while the instant lies in the same phase as the one before, a
/// step where it moves on, a lookup where it jumps or goes back. Making one counts a reference.
///
/// ```
/// use openbell_time::{MarketPhase, TimeManager};
/// let mut cursor = TimeManager::new().calendar("XTKS")?.cursor();
/// // Tokyo's lunch on a day of 2022 is from 11:30 to 12:30, 02:30 to 03:30 UTC.
/// assert_eq!(cursor.phase("2022-06-01T02:29:59Z".parse()?)?, MarketPhase::Regular);
/// assert_eq!(cursor.phase("2022-06-01T02:30:00Z".parse()?)?, MarketPhase::Break);
/// assert!(cursor.is_open("2022-06-01T03:30:00Z".parse()?)?);
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CalendarCursor {
    calendar: Calendar,
    /// The stretch in which the last instant lay: one phase, `[since, until)`.
    since: Timestamp,
    until: Timestamp,
    phase: MarketPhase,
    /// Sessions that had opened at `since`.
    n_opened: usize,
}

#[expect(clippy::missing_errors_doc, reason = "as for `Calendar`: instants outside its facts")]
impl CalendarCursor {
    pub(super) fn new(calendar: Calendar) -> CalendarCursor {
        // An empty stretch: the first question looks its place up.
        let nowhere = Timestamp::MIN;
        CalendarCursor {
            calendar,
            since: nowhere,
            until: nowhere,
            phase: MarketPhase::Closed,
            n_opened: 0,
        }
    }

    /// The calendar that it stands in.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Says whether regular hours, and no break, hold at an instant.
    ///
    /// # Errors
    ///
    /// [`TimeError::InstantOutsideFacts`]; so for every question of a cursor.
    #[inline]
    pub fn is_open(&mut self, instant: Timestamp) -> Result<bool, TimeError> {
        Ok(self.phase(instant)? == MarketPhase::Regular)
    }

    /// What the market is doing at an instant.
    #[inline]
    pub fn phase(&mut self, instant: Timestamp) -> Result<MarketPhase, TimeError> {
        if instant < self.since || self.until <= instant {
            self.stand_at(instant)?;
        }
        Ok(self.phase)
    }

    /// The session whose `[open, close)` holds an instant, its break included, or `None`.
    #[inline]
    pub fn session(&mut self, instant: Timestamp) -> Result<Option<&Session>, TimeError> {
        match self.phase(instant)? {
            MarketPhase::Regular | MarketPhase::Break => {
                Ok(self.calendar.expansion.sessions.get(self.n_opened.wrapping_sub(1)))
            }
            MarketPhase::Closed | MarketPhase::Pre | MarketPhase::Post => Ok(None),
        }
    }

    #[cold]
    fn stand_at(&mut self, instant: Timestamp) -> Result<(), TimeError> {
        let covered = self.calendar.instants();
        if !covered.contains(&instant) {
            return Err(self.calendar.instant_outside(instant));
        }
        let sessions = &self.calendar.expansion.sessions;
        // The next stretch begins in the session at hand or with the next one.
        let is_near = self.since < self.until
            && self.until <= instant
            && sessions.get(self.n_opened + 1).is_none_or(|later| instant < later.open);
        let n_opened = if is_near {
            let has_next_opened =
                sessions.get(self.n_opened).is_some_and(|next| next.open <= instant);
            self.n_opened + usize::from(has_next_opened)
        } else {
            self.calendar.n_opened_unchecked(instant)
        };
        let mut stretch = Stretch {
            instant,
            since: covered.start,
            until: covered.end,
            phase: MarketPhase::Closed,
        };
        if let Some(session) = n_opened.checked_sub(1).map(|idx| &sessions[idx]) {
            stretch.bound(session.open, MarketPhase::Regular);
            if let Some(shut) = session.break_hours {
                stretch.bound(shut.since, MarketPhase::Break);
                stretch.bound(shut.until, MarketPhase::Regular);
            }
            match session.post_close {
                Some(post_close) => {
                    stretch.bound(session.close, MarketPhase::Post);
                    stretch.bound(post_close, MarketPhase::Closed);
                }
                None => stretch.bound(session.close, MarketPhase::Closed),
            }
        }
        if let Some(next) = sessions.get(n_opened) {
            if stretch.phase == MarketPhase::Closed
                && let Some(pre_open) = next.pre_open
            {
                stretch.bound(pre_open, MarketPhase::Pre);
            }
            stretch.bound(next.open, MarketPhase::Regular);
        }
        let Stretch { since, until, phase, .. } = stretch;
        (self.since, self.until, self.phase, self.n_opened) = (since, until, phase, n_opened);
        Ok(())
    }
}

/// The stretch of one phase around an instant, as far as it is narrowed down.
struct Stretch {
    instant: Timestamp,
    since: Timestamp,
    until: Timestamp,
    phase: MarketPhase,
}

impl Stretch {
    /// Takes the next bound in the order of time: from `at` on the phase is `phase_from`.
    fn bound(&mut self, at: Timestamp, phase_from: MarketPhase) {
        if at <= self.instant {
            (self.since, self.phase) = (at, phase_from);
        } else {
            self.until = self.until.min(at);
        }
    }
}
