//! One exchange's calendar: every question about its sessions.
//!
//! Not here: what the exchanges do (the fact files in `facts/`), which group uses which calendar
//! ([`crate::ExchangeGroup`]).

mod cursor;
mod expansion;

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

pub use cursor::CalendarCursor;
pub(crate) use expansion::Expansion;

use crate::facts::{DayChange, Days};
use crate::timestamp::NANOS_PER_SECOND;
use crate::{LocalTime, MarketPhase, Nanos, Session, TimeError, TimeOfDay, Timestamp, TradingDate};

/// The sessions of one exchange.
///
/// Dates are the exchange's own, instants are UTC, and no question mixes the two. A date or an
/// instant that the facts do not cover is an error, never a guess; what they cover by rule and not
/// by announcement is marked ([`Session::is_projected`]).
///
/// *Cost*: cloning counts a reference. Questions about dates are one or two array reads; questions
/// about instants take a few more, and none converts a zone, allocates or blocks unless it says so.
///
/// ```
/// use openbell_time::TimeManager;
/// let nyse = TimeManager::new().calendar("XNYS")?;
/// // The day after Thanksgiving closes at 13:00 in New York, 18:00 UTC.
/// let session = nyse.session("2024-11-29".parse()?)?.expect("a Friday with a session");
/// assert_eq!(session.close.to_string(), "2024-11-29T18:00:00Z");
/// assert!(session.is_early_close);
/// // Independence Day 2025 is a Friday.
/// assert_eq!(nyse.next_session("2025-07-03".parse()?)?.date.to_string(), "2025-07-07");
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone)]
pub struct Calendar {
    /// The name by which it was asked for: XNAS has the sessions of XNYS and its own name.
    name: &'static str,
    expansion: Arc<Expansion>,
}

/// A date on which a calendar's weekdays promise a session and its facts do not, or the other way
/// round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusualDay {
    /// The date.
    pub date: TradingDate,
    /// What is not usual.
    pub kind: UnusualKind,
    /// What people call the day; empty where the facts do not say.
    pub reason: String,
}

/// In what way a day is not usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnusualKind {
    /// No session, on a weekday that usually has one.
    Closed,
    /// A session, on a weekday that usually has none, or at hours of its own.
    Open,
    /// The close is earlier than usual.
    EarlyClose,
    /// The open is later than usual.
    LateOpen,
}

#[expect(clippy::missing_errors_doc, reason = "the type says it once: dates outside its facts")]
impl Calendar {
    pub(crate) fn new(name: &'static str, expansion: Arc<Expansion>) -> Calendar {
        Calendar { name, expansion }
    }

    /// The name by which the calendar was asked for: `XNYS`, `24/7`.
    pub fn name(&self) -> &str {
        self.name
    }

    /// What the calendar is, in a sentence.
    pub fn about(&self) -> &str {
        &self.expansion.facts.about
    }

    /// Where its facts come from, in the order of the file.
    pub fn sources(&self) -> &[String] {
        &self.expansion.facts.sources
    }

    /// The IANA name of the exchange's zone: `America/New_York`.
    pub fn zone_name(&self) -> &str {
        &self.expansion.facts.zone
    }

    /// The first date that the facts cover.
    pub fn facts_since(&self) -> TradingDate {
        self.expansion.facts.covered.start
    }

    /// The last date for which the facts hold announcements; sessions after it are projected.
    pub fn known_through(&self) -> TradingDate {
        self.expansion.facts.known_through
    }

    /// The first date that the facts no longer cover.
    pub fn until(&self) -> TradingDate {
        self.expansion.facts.covered.end
    }

    /// The date from which on the hours are those that the venue kept; before it they are the next
    /// known ones carried back. Absent where the calendar is a model and no venue's hours.
    pub fn hours_since(&self) -> Option<TradingDate> {
        self.expansion.facts.hours_since
    }

    /// The instants that belong to the covered dates, `since..until`.
    pub fn instants(&self) -> Range<Timestamp> {
        self.expansion.covered_instants.clone()
    }

    /// The session of a date, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutsideFacts`]; so for every question about a date.
    #[inline]
    pub fn session(&self, date: TradingDate) -> Result<Option<Session>, TimeError> {
        let idx = self.n_before(date)?;
        let found = self.expansion.sessions.get(idx).filter(|session| session.date == date);
        Ok(found.copied())
    }

    /// Says whether a date has a session.
    #[inline]
    pub fn is_session(&self, date: TradingDate) -> Result<bool, TimeError> {
        let day_idx = self.day_idx(date)?;
        let n_before = &self.expansion.n_before;
        Ok(n_before[day_idx] != n_before[day_idx + 1])
    }

    /// The first session strictly after a date, whether or not the date has one.
    #[inline]
    pub fn next_session(&self, date: TradingDate) -> Result<Session, TimeError> {
        let n_through = self.expansion.n_before[self.day_idx(date)? + 1] as usize;
        match self.expansion.sessions.get(n_through) {
            Some(session) => Ok(*session),
            None => Err(self.outside(self.until())),
        }
    }

    /// The last session strictly before a date, whether or not the date has one.
    #[inline]
    pub fn previous_session(&self, date: TradingDate) -> Result<Session, TimeError> {
        match self.n_before(date)?.checked_sub(1) {
            Some(idx) => Ok(self.expansion.sessions[idx]),
            None => Err(self.outside(self.facts_since().plus_days(-1))),
        }
    }

    /// The n-th session counted back from a date: 0 is the last one on or before it, 1 the one
    /// before that.
    ///
    /// # Errors
    ///
    /// [`TimeError::TooFewSessions`] where the facts do not reach back so far.
    #[inline]
    pub fn trailing_session(&self, date: TradingDate, n: usize) -> Result<Session, TimeError> {
        let n_through = self.expansion.n_before[self.day_idx(date)? + 1] as usize;
        match n_through.checked_sub(n).and_then(|left| left.checked_sub(1)) {
            Some(idx) => Ok(self.expansion.sessions[idx]),
            None => Err(self.too_few(date, n.saturating_add(1), n_through)),
        }
    }

    /// Exactly `n` sessions strictly before a date.
    ///
    /// *Shape*: oldest first, borrowed from the calendar.
    ///
    /// ```
    /// use openbell_time::TimeManager;
    /// let nyse = TimeManager::new().calendar("XNYS")?;
    /// // 2025-07-07 is a Monday, and the Friday before is Independence Day.
    /// let dates: Vec<String> = nyse
    ///     .sessions_before("2025-07-07".parse()?, 3)?
    ///     .iter()
    ///     .map(|session| session.date.to_string())
    ///     .collect();
    /// assert_eq!(dates, ["2025-07-01", "2025-07-02", "2025-07-03"]);
    /// # Ok::<(), openbell_time::TimeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimeError::TooFewSessions`] where the facts do not reach back so far.
    pub fn sessions_before(&self, date: TradingDate, n: usize) -> Result<&[Session], TimeError> {
        let n_before = self.n_before(date)?;
        match n_before.checked_sub(n) {
            Some(first) => Ok(&self.expansion.sessions[first..n_before]),
            None => Err(self.too_few(date, n, n_before)),
        }
    }

    /// How many sessions `s` have `first <= s <= last`; 0 where `last` is before `first`.
    #[inline]
    pub fn count(&self, first: TradingDate, last: TradingDate) -> Result<usize, TimeError> {
        let n_before = &self.expansion.n_before;
        let (first_idx, last_idx) = (self.day_idx(first)?, self.day_idx(last)?);
        Ok((n_before[last_idx + 1] as usize).saturating_sub(n_before[first_idx] as usize))
    }

    /// The sessions `s` with `first <= s <= last`.
    ///
    /// *Shape*: in order, borrowed from the calendar; empty where there are none.
    pub fn sessions(&self, dates: RangeInclusive<TradingDate>) -> Result<&[Session], TimeError> {
        let n_before = &self.expansion.n_before;
        let since = n_before[self.day_idx(*dates.start())?] as usize;
        let until = n_before[self.day_idx(*dates.end())? + 1] as usize;
        Ok(&self.expansion.sessions[since..until.max(since)])
    }

    /// The sessions of the week that begins on a Monday, the ones that a 1w bar spans.
    ///
    /// *Shape*: in order; any date of the week names it.
    pub fn sessions_of_week(&self, monday: TradingDate) -> Result<&[Session], TimeError> {
        // The weeks in which the facts begin and end are cut, not refused.
        let covered = &self.expansion.facts.covered;
        let (first, last) = (covered.start, covered.end.plus_days(-1));
        if monday < first.monday() || last.monday().plus_days(6) < monday {
            return Err(self.outside(monday));
        }
        let monday = monday.monday();
        self.sessions(monday.max(first)..=monday.plus_days(6).min(last))
    }

    /// The session whose `[open, close)` holds an instant, its break included, or `None`.
    ///
    /// # Errors
    ///
    /// [`TimeError::InstantOutsideFacts`]; so for every question about an instant.
    #[inline]
    pub fn session_at(&self, instant: Timestamp) -> Result<Option<Session>, TimeError> {
        let opened = self.n_opened(instant)?.checked_sub(1);
        let session = opened.map(|idx| &self.expansion.sessions[idx]);
        Ok(session.filter(|session| instant < session.close).copied())
    }

    /// Says whether regular hours, and no break, hold at an instant.
    #[inline]
    pub fn is_open(&self, instant: Timestamp) -> Result<bool, TimeError> {
        let opened = self.n_opened(instant)?.checked_sub(1);
        Ok(opened.is_some_and(|idx| self.expansion.sessions[idx].is_open_at(instant)))
    }

    /// What the market is doing at an instant.
    ///
    /// ```
    /// use openbell_time::{MarketPhase, TimeManager};
    /// let nyse = TimeManager::new().calendar("XNYS")?;
    /// // 13:29:59 UTC is one second before the open of a summer day.
    /// assert_eq!(nyse.phase("2025-07-02T13:29:59Z".parse()?)?, MarketPhase::Pre);
    /// assert_eq!(nyse.phase("2025-07-02T13:30:00Z".parse()?)?, MarketPhase::Regular);
    /// assert_eq!(nyse.phase("2025-07-02T20:00:00Z".parse()?)?, MarketPhase::Post);
    /// # Ok::<(), openbell_time::TimeError>(())
    /// ```
    pub fn phase(&self, instant: Timestamp) -> Result<MarketPhase, TimeError> {
        let n_opened = self.n_opened(instant)?;
        let sessions = &self.expansion.sessions;
        let phase_of = |idx: usize| sessions.get(idx).map(|session| session.phase_at(instant));
        match n_opened.checked_sub(1).and_then(phase_of) {
            None | Some(MarketPhase::Closed) => {
                Ok(phase_of(n_opened).unwrap_or(MarketPhase::Closed))
            }
            Some(phase) => Ok(phase),
        }
    }

    /// The first open strictly after an instant; the end of a break is none.
    pub fn next_open(&self, instant: Timestamp) -> Result<Timestamp, TimeError> {
        match self.expansion.opens.get(self.n_opened(instant)?) {
            Some(open) => Ok(*open),
            None => Err(self.instant_outside(self.expansion.covered_instants.end)),
        }
    }

    /// The first close strictly after an instant; the start of a break is none.
    pub fn next_close(&self, instant: Timestamp) -> Result<Timestamp, TimeError> {
        let n_opened = self.n_opened(instant)?;
        let sessions = &self.expansion.sessions[n_opened.saturating_sub(1)..];
        match sessions.iter().map(|session| session.close).find(|close| *close > instant) {
            Some(close) => Ok(close),
            None => Err(self.instant_outside(self.expansion.covered_instants.end)),
        }
    }

    /// How much regular time lies in `[since, until)`: lag is measured with it. Negative where
    /// `until` is before `since`.
    ///
    /// ```
    /// use openbell_time::{Nanos, TimeManager};
    /// let nyse = TimeManager::new().calendar("XNYS")?;
    /// // From one minute before a Thursday's early close to one minute after the Monday's open.
    /// let since = "2025-07-03T16:59:00Z".parse()?;
    /// let until = "2025-07-07T13:31:00Z".parse()?;
    /// assert_eq!(nyse.open_time_between(since, until)?, Nanos::from_secs(120));
    /// # Ok::<(), openbell_time::TimeError>(())
    /// ```
    pub fn open_time_between(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Nanos, TimeError> {
        Ok(self.open_time_before(until)? - self.open_time_before(since)?)
    }

    /// What the exchange's clock shows at an instant. Outside of what the facts cover the nearest
    /// offset is used.
    ///
    /// ```
    /// use openbell_time::TimeManager;
    /// let nyse = TimeManager::new().calendar("XNYS")?;
    /// let local = nyse.local_time("2025-07-02T13:30:00Z".parse()?);
    /// assert_eq!(local.to_string(), "2025-07-02 09:30:00");
    /// assert_eq!(local.offset_s, -4 * 3600);
    /// # Ok::<(), openbell_time::TimeError>(())
    /// ```
    pub fn local_time(&self, instant: Timestamp) -> LocalTime {
        self.expansion.zone.local_time(instant)
    }

    /// The instants at which the exchange's clock is put forward or back (daylight-saving time),
    /// each with the seconds that it is ahead of UTC from then on.
    ///
    /// *Shape*: in order, over the covered dates.
    pub fn offset_changes(&self) -> impl Iterator<Item = (Timestamp, i32)> + '_ {
        let changes = self.expansion.zone.changes().iter();
        changes.map(|step| (Timestamp::from_nanos(step.since_s * NANOS_PER_SECOND), step.offset_s))
    }

    /// The instant at which the exchange's clock shows a time of day within the session of a date,
    /// its pre-market and post-market left aside; `None` where there is no session, or it does not
    /// contain that time. Of two such instants the earlier.
    ///
    /// ```
    /// use openbell_time::TimeManager;
    /// let globex = TimeManager::new().calendar("FX_NY")?;
    /// // 20:00 within the session of Wednesday is Tuesday evening, midnight UTC in summer.
    /// let evening = globex.instant_of("2022-06-01".parse()?, "20:00".parse()?)?;
    /// assert_eq!(evening.map(|at| at.to_string()).as_deref(), Some("2022-06-01T00:00:00Z"));
    /// # Ok::<(), openbell_time::TimeError>(())
    /// ```
    pub fn instant_of(
        &self,
        date: TradingDate,
        time: TimeOfDay,
    ) -> Result<Option<Timestamp>, TimeError> {
        let Some(session) = self.session(date)? else { return Ok(None) };
        let shown = |days| self.expansion.zone.shown_instant(date.plus_days(days), time);
        let inside = |at: &Timestamp| session.open <= *at && *at < session.close;
        Ok([-1, 0, 1].into_iter().filter_map(shown).find(inside))
    }

    /// The instant at which the exchange's clock shows a date and a time of day; `None` where it
    /// jumps over it. Of two such instants the earlier.
    pub fn instant_at(&self, date: TradingDate, time: TimeOfDay) -> Option<Timestamp> {
        self.expansion.zone.shown_instant(date, time)
    }

    /// A cursor for instants that mostly move forward.
    pub fn cursor(&self) -> CalendarCursor {
        CalendarCursor::new(self.clone())
    }

    /// The days in a range of dates that are not usual, with what people call them.
    ///
    /// *Shape*: by date. A day that two lines speak of stands once for each kind.
    ///
    /// *Cost*: allocates; reads every line of the facts.
    pub fn unusual_days(
        &self,
        dates: RangeInclusive<TradingDate>,
    ) -> Result<Vec<UnusualDay>, TimeError> {
        self.day_idx(*dates.start())?;
        self.day_idx(*dates.end())?;
        let mut days = Vec::new();
        for line in &self.expansion.facts.days {
            let named: Vec<TradingDate> = match &line.days {
                Days::Dates(named) => named.clone(),
                Days::Rule(rule) => {
                    let years = dates.start().year() - 1..=dates.end().year() + 1;
                    years.filter_map(|year| rule.in_year(year)).collect()
                }
            };
            for date in named.into_iter().filter(|date| dates.contains(date)) {
                let session = self.session(date)?;
                let kind = match (line.change, session) {
                    (DayChange::Closed, None) => UnusualKind::Closed,
                    (DayChange::Open { .. }, Some(_)) => UnusualKind::Open,
                    (DayChange::Early { .. }, Some(_)) => UnusualKind::EarlyClose,
                    (DayChange::Late { .. }, Some(_)) => UnusualKind::LateOpen,
                    // Another line has overruled this one.
                    _ => continue,
                };
                if kind == UnusualKind::Closed && !self.is_usual_weekday(date) {
                    continue;
                }
                days.push(UnusualDay { date, kind, reason: line.reason.clone() });
            }
        }
        days.sort_by_key(|day| (day.date, day.kind));
        days.dedup_by_key(|day| (day.date, day.kind));
        Ok(days)
    }

    fn is_usual_weekday(&self, date: TradingDate) -> bool {
        let lines = &self.expansion.facts.weekdays;
        let line = lines.iter().rev().find(|line| line.valid.contains(&date));
        line.is_some_and(|line| line.weekdays.contains(date.weekday()))
    }

    /// How many sessions have opened at or before an instant.
    #[inline]
    fn n_opened(&self, instant: Timestamp) -> Result<usize, TimeError> {
        if !self.expansion.covered_instants.contains(&instant) {
            return Err(self.instant_outside(instant));
        }
        Ok(self.n_opened_unchecked(instant))
    }

    /// As [`Calendar::n_opened`], for any instant.
    #[inline]
    fn n_opened_unchecked(&self, instant: Timestamp) -> usize {
        let &Expansion { ref n_before, ref opens, n_days_ahead, .. } = &*self.expansion;
        // What is dated so many days past the UTC date has not opened yet; from there it is a few
        // steps back, as many as sessions open in between.
        let day = instant.utc_date().as_days() - self.facts_since().as_days() + n_days_ahead;
        let day_idx = day.clamp(0, n_before.len() as i32 - 1) as usize;
        let mut n_opened = n_before[day_idx] as usize;
        while n_opened > 0 && opens[n_opened - 1] > instant {
            n_opened -= 1;
        }
        n_opened
    }

    fn open_time_before(&self, instant: Timestamp) -> Result<Nanos, TimeError> {
        match self.n_opened(instant)?.checked_sub(1) {
            None => Ok(Nanos::ZERO),
            Some(idx) => {
                let session = &self.expansion.sessions[idx];
                Ok(self.expansion.open_before[idx] + session.open_time_until(instant))
            }
        }
    }

    /// How many sessions lie strictly before a date.
    #[inline]
    fn n_before(&self, date: TradingDate) -> Result<usize, TimeError> {
        Ok(self.expansion.n_before[self.day_idx(date)?] as usize)
    }

    #[inline]
    fn day_idx(&self, date: TradingDate) -> Result<usize, TimeError> {
        let covered = &self.expansion.facts.covered;
        if covered.contains(&date) {
            Ok((date.as_days() - covered.start.as_days()) as usize)
        } else {
            Err(self.outside(date))
        }
    }

    #[cold]
    fn outside(&self, date: TradingDate) -> TimeError {
        let Range { start: since, end: until } = self.expansion.facts.covered;
        TimeError::OutsideFacts { calendar: self.name.to_owned(), date, since, until }
    }

    #[cold]
    fn instant_outside(&self, instant: Timestamp) -> TimeError {
        let Range { start: since, end: until } = self.expansion.covered_instants;
        TimeError::InstantOutsideFacts { calendar: self.name.to_owned(), instant, since, until }
    }

    #[cold]
    fn too_few(&self, date: TradingDate, needed: usize, found: usize) -> TimeError {
        let (calendar, since) = (self.name.to_owned(), self.facts_since());
        TimeError::TooFewSessions { calendar, date, needed, found, since }
    }
}

/// The name, and how far the facts reach.
impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calendar({} {}..{})", self.name, self.facts_since(), self.until())
    }
}
