//! One session laid out: when its clock runs, which rows are its own, where its bars lie.

use std::ops::Range;
use std::sync::Arc;

use openbell_config::Hours;
use openbell_market::{BarInterval, Grid};
use openbell_processor::SeriesLayout;
use openbell_session_data::SegmentGrid;
use openbell_time::{Calendar, Session, SessionPart, TimeError, TimeOfDay, Timestamp, TradingDate};

/// A session of the run, laid out for its intervals.
#[derive(Clone, Debug)]
pub(crate) struct SessionLayout {
    /// The session.
    pub(crate) session: Session,
    /// The first instant of the session clock: the open, or the pre-market's.
    pub(crate) clock_since: Timestamp,
    /// The last instant of the session clock: the close, or the post-market's.
    pub(crate) clock_until: Timestamp,
    /// Stamps of the rows that are this session's own; those outside its hours are counted as
    /// such.
    pub(crate) rows_since: Timestamp,
    /// End of [`SessionLayout::rows_since`], exclusive.
    pub(crate) rows_until: Timestamp,
    /// Where bars are delivered: the regular slots, with extended hours also those around them.
    pub(crate) delivered: Grid,
    /// When each of these slots closes, nanoseconds since the epoch.
    pub(crate) closes_at_ns: Arc<[i64]>,
    /// Where the bars of every interval lie.
    pub(crate) series: SeriesLayout,
}

impl SessionLayout {
    /// The slots in which bars of the base, with the length `step_ns`, are delivered.
    pub(crate) fn slots(&self, step_ns: i64) -> Slots<'_> {
        Slots { grid: &self.delivered, step_ns, closes_at_ns: Some(&self.closes_at_ns) }
    }

    /// The same session for one derived interval alone.
    pub(crate) fn only(&self, interval: BarInterval) -> SessionLayout {
        let mut layout = self.clone();
        layout.series.derived.retain(|&(derived, _)| derived == interval);
        layout
    }
}

/// What a session is laid out for.
#[derive(Clone, Debug)]
pub(crate) struct LayoutRule {
    /// The calendar.
    pub(crate) calendar: Calendar,
    /// The base interval.
    pub(crate) base: BarInterval,
    /// The derived intervals, shortest first.
    pub(crate) derived: Vec<BarInterval>,
    /// Which hours are delivered.
    pub(crate) hours: Hours,
}

impl LayoutRule {
    /// Lays out `session`.
    ///
    /// # Errors
    ///
    /// Dates outside the calendar's facts.
    pub(crate) fn lay(&self, session: Session) -> Result<SessionLayout, TimeError> {
        let parts: Vec<SessionPart> = session.parts().collect();
        let Range { start: clock_since, end: clock_until } = clock_hours(&session, self.hours);
        let mut delivered_parts = parts.clone();
        if clock_since < session.open {
            delivered_parts.insert(0, SessionPart { since: clock_since, until: session.open });
        }
        if session.close < clock_until {
            delivered_parts.push(SessionPart { since: session.close, until: clock_until });
        }
        let delivered = Grid::of(self.base, &delivered_parts);
        let base_grid = Grid::of(self.base, &parts);
        let base = Arc::new(SegmentGrid {
            session_date: session.date,
            grid: base_grid.clone(),
            base_grid: base_grid.clone(),
        });
        let mut derived = Vec::with_capacity(self.derived.len());
        for &interval in &self.derived {
            let day = match interval {
                BarInterval::Week => self.week_of(&session)?,
                _ => SegmentGrid {
                    session_date: session.date,
                    grid: Grid::of(interval, &parts),
                    base_grid: base_grid.clone(),
                },
            };
            derived.push((interval, Arc::new(day)));
        }
        let (rows_since, rows_until) = self.own_rows(&session)?;
        Ok(SessionLayout {
            session,
            clock_since,
            clock_until,
            rows_since,
            rows_until,
            series: SeriesLayout {
                base,
                derived,
                n_base_slots: delivered.n_slots(),
                until: session.close,
            },
            closes_at_ns: delivered.closes_ns().collect(),
            delivered,
        })
    }

    /// The week that `session` lies in: one window from its first open to its last close.
    fn week_of(&self, session: &Session) -> Result<SegmentGrid, TimeError> {
        let monday = session.date.monday();
        let parts: Vec<SessionPart> =
            self.calendar.sessions_of_week(monday)?.iter().flat_map(Session::parts).collect();
        Ok(SegmentGrid {
            session_date: monday,
            grid: Grid::of(BarInterval::WEEK, &parts),
            base_grid: match self.base {
                // A week of days expects one bar for each of its sessions.
                BarInterval::Day => Grid::clock(
                    parts_by_session(self.calendar.sessions_of_week(monday)?),
                    openbell_time::NANOS_PER_DAY * 2,
                ),
                base => Grid::of(base, &parts),
            },
        })
    }

    /// The stamps that belong to `session`: its hours, and what lies around them up to the next
    /// exchange midnight or to the hours of its neighbours.
    fn own_rows(&self, session: &Session) -> Result<(Timestamp, Timestamp), TimeError> {
        let first = session.pre_open.unwrap_or(session.open);
        let last = session.post_close.unwrap_or(session.close);
        let midnight = |date: TradingDate| {
            TimeOfDay::from_hms(0, 0, 0).and_then(|time| self.calendar.instant_at(date, time))
        };
        let mut since = midnight(session.date).map_or(first, |at| at.min(first));
        let mut until = midnight(session.date.plus_days(1)).map_or(last, |at| at.max(last));
        // A neighbour beyond the facts sets no bound.
        if let Ok(previous) = self.calendar.previous_session(session.date) {
            since = since.max(previous.post_close.unwrap_or(previous.close)).min(first);
        }
        if let Ok(next) = self.calendar.next_session(session.date) {
            until = until.min(next.pre_open.unwrap_or(next.open)).max(last);
        }
        Ok((since, until))
    }
}

/// When the clock of `session` runs where `hours` are delivered: its last instant is visited, and
/// nothing is scheduled at it.
pub(crate) fn clock_hours(session: &Session, hours: Hours) -> Range<Timestamp> {
    let is_extended = hours == Hours::Extended;
    let since = session.pre_open.filter(|_| is_extended).unwrap_or(session.open);
    let until = session.post_close.filter(|_| is_extended).unwrap_or(session.close);
    since..until
}

fn parts_by_session(sessions: &[Session]) -> Vec<SessionPart> {
    sessions.iter().map(|s| SessionPart { since: s.open, until: s.close }).collect()
}

/// Where the bars of a session lie: a grid with the length of its slots.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'g> {
    pub(crate) grid: &'g Grid,
    pub(crate) step_ns: i64,
    /// When each closes, where that is listed: whoever has a bar in every slot shares the list.
    pub(crate) closes_at_ns: Option<&'g Arc<[i64]>>,
}

impl Slots<'_> {
    /// Whether `stamps` open every slot, each once, and nothing else.
    pub(crate) fn are_filled_by(&self, stamps: &[i64]) -> bool {
        let mut rest = stamps;
        stamps.len() == self.grid.n_slots()
            && self.grid.parts().iter().all(|part| {
                let length_ns = (part.until.as_nanos() - part.since.as_nanos()).max(0);
                let n_slots = (length_ns as u64).div_ceil(self.step_ns as u64) as usize;
                let of_part = rest.split_off(..n_slots).unwrap_or_default();
                of_part.first().is_none_or(|&first_ns| {
                    first_ns == part.since.as_nanos()
                        && n_in_step(of_part, n_slots, self.step_ns) == n_slots
                })
            })
    }

    /// How many slots follow each other from the one that opens at `stamp_ns` on, and where the
    /// last of them ends; `None` where none opens there.
    pub(crate) fn from(&self, stamp_ns: i64) -> Option<(usize, i64)> {
        let holds = |part: &&SessionPart| {
            part.since.as_nanos() <= stamp_ns && stamp_ns < part.until.as_nanos()
        };
        let part = self.grid.parts().iter().find(holds)?;
        let until_ns = part.until.as_nanos();
        let is_open = (stamp_ns - part.since.as_nanos()) % self.step_ns == 0;
        let n_slots = (until_ns - stamp_ns) as u64;
        is_open.then_some((n_slots.div_ceil(self.step_ns as u64) as usize, until_ns))
    }
}

/// How many of the first `n_max` of `stamps`, which has one, follow each other by `step_ns`.
pub(crate) fn n_in_step(stamps: &[i64], n_max: usize, step_ns: i64) -> usize {
    /// Looked at together, without a branch.
    const BLOCK: usize = 16;
    let stamps = &stamps[..n_max.min(stamps.len())];
    let is_due = |row: usize| stamps[row] == stamps[0] + row as i64 * step_ns;
    for (block, chunk) in stamps.chunks(BLOCK).enumerate() {
        let first = block * BLOCK;
        let due_ns = stamps[0] + first as i64 * step_ns;
        let difference = chunk
            .iter()
            .zip(0_i64..)
            .fold(0, |all, (&stamp_ns, row)| all | (stamp_ns ^ (due_ns + row * step_ns)));
        if difference != 0 {
            return (first..stamps.len()).find(|&row| !is_due(row)).unwrap_or(stamps.len());
        }
    }
    stamps.len()
}

/// The length of a slot of `interval` in a session.
pub(crate) fn step_ns(interval: BarInterval, layout: &SessionLayout) -> i64 {
    match interval.clock() {
        Some(clock) => clock.length().as_nanos(),
        None => (layout.session.close - layout.session.open).as_nanos(),
    }
}
