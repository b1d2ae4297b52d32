//! From facts to sorted arrays of sessions, once for each calendar that is used.

use std::ops::Range;

use crate::facts::{DayChange, DayLine, Days, Facts, Hours, HoursLine};
use crate::local::{InOrder, ZoneOffsets};
use crate::{Break, Nanos, Session, TimeError, Timestamp, TradingDate};

/// A calendar ready for questions: all that any of them needs, found by arithmetic.
#[derive(Debug)]
pub(crate) struct Expansion {
    pub(crate) facts: Facts,
    pub(crate) zone: ZoneOffsets,
    /// For every date from the first covered one on, and for the first no longer covered, how many
    /// sessions lie before it.
    pub(crate) n_before: Vec<u32>,
    /// All sessions, in order.
    pub(crate) sessions: Vec<Session>,
    /// The opens of `sessions`.
    pub(crate) opens: Vec<Timestamp>,
    /// Regular time before each session, and in the end all of it.
    pub(crate) open_before: Vec<Nanos>,
    /// No session opens so many UTC days before its date, or more.
    pub(crate) n_days_ahead: i32,
    /// The instants that belong to the covered dates.
    pub(crate) covered_instants: Range<Timestamp>,
}

/// What the lines say of one date.
#[derive(Clone, Copy)]
struct Day {
    is_session: bool,
    own_hours: Option<Hours>,
    early: Option<(i64, Option<i64>)>,
    late: Option<i64>,
}

impl Expansion {
    /// Expands the facts.
    ///
    /// *Cost*: linear in the dates covered; a few milliseconds for seventy years.
    ///
    /// # Errors
    ///
    /// [`TimeError::FactMissing`] for an unknown zone, [`TimeError::FactOnNoSession`],
    /// [`TimeError::FactHours`].
    pub(crate) fn of(facts: Facts) -> Result<Expansion, TimeError> {
        let covered = facts.covered.clone();
        // Two days more at either end: sessions start on the evening before.
        let (zone_since, zone_until) = (covered.start.plus_days(-2), covered.end.plus_days(2));
        let zone = ZoneOffsets::of(&facts.zone, zone_since, zone_until).ok_or_else(|| {
            TimeError::FactMissing {
                calendar: facts.name.clone(),
                needed: "zone (of the IANA list)",
            }
        })?;
        let days = days(&facts)?;
        let in_order = zone.in_order();
        let mut n_before = Vec::with_capacity(days.len() + 1);
        let mut sessions: Vec<Session> = Vec::with_capacity(days.len());
        for (date, day) in (covered.start.as_days()..).map(TradingDate::from_days).zip(&days) {
            n_before.push(sessions.len() as u32);
            if day.is_session {
                let session = session(&facts, &in_order, date, day)?;
                if sessions.last().is_some_and(|before| before.close > session.open) {
                    let problem = "it opens before the one before it closes";
                    return Err(TimeError::FactHours { calendar: facts.name, date, problem });
                }
                sessions.push(session);
            }
        }
        n_before.push(sessions.len() as u32);
        let opens = sessions.iter().map(|session| session.open).collect();
        let mut open_before = Vec::with_capacity(sessions.len() + 1);
        let mut total = Nanos::ZERO;
        for session in &sessions {
            open_before.push(total);
            total += session.open_length();
        }
        open_before.push(total);
        let covered_instants =
            day_start(&facts, &zone, covered.start)..day_start(&facts, &zone, covered.end);
        let days_ahead =
            |session: &Session| session.date.as_days() - session.open.utc_date().as_days() + 1;
        let n_days_ahead = sessions.iter().map(days_ahead).max().unwrap_or(1);
        Ok(Expansion {
            facts,
            zone,
            n_before,
            sessions,
            opens,
            open_before,
            n_days_ahead,
            covered_instants,
        })
    }
}

/// Where a date's instants begin: its midnight, or the evening before where sessions open then.
fn day_start(facts: &Facts, zone: &ZoneOffsets, date: TradingDate) -> Timestamp {
    let opens = hours_on(&facts.hours, date).map_or(0, |hours| hours.open);
    zone.instant(date, opens.min(0))
}

fn hours_on(lines: &[HoursLine], date: TradingDate) -> Option<&Hours> {
    lines.iter().rev().find(|line| line.valid.contains(&date)).map(|line| &line.hours)
}

/// What the lines say of every covered date: weekdays first, then rules, then written dates, each
/// in the order of the file.
fn days(facts: &Facts) -> Result<Vec<Day>, TimeError> {
    let covered = &facts.covered;
    let length = covered.end.as_days() - covered.start.as_days();
    let usual = |date: TradingDate| {
        let line = facts.weekdays.iter().rev().find(|line| line.valid.contains(&date));
        let is_session = line.is_some_and(|line| line.weekdays.contains(date.weekday()));
        Day { is_session, own_hours: None, early: None, late: None }
    };
    let mut days: Vec<Day> = (0..length).map(|n| usual(covered.start.plus_days(n))).collect();
    let idx_of = |date: TradingDate| {
        covered.contains(&date).then(|| (date.as_days() - covered.start.as_days()) as usize)
    };
    for line in &facts.days {
        if let Days::Rule(rule) = &line.days {
            // A day moved over New Year belongs to the rule's other year.
            let years = covered.start.year() - 1..covered.end.year() + 2;
            for idx in years.filter_map(|year| rule.in_year(year)).filter_map(idx_of) {
                days[idx].change(line);
            }
        }
    }
    let dated = || {
        facts.days.iter().filter_map(|line| match &line.days {
            Days::Dates(dates) => Some((line, dates)),
            Days::Rule(_) => None,
        })
    };
    for (line, dates) in dated() {
        for idx in dates.iter().copied().filter_map(idx_of) {
            days[idx].change(line);
        }
    }
    for (line, dates) in dated() {
        if matches!(line.change, DayChange::Closed | DayChange::Open { .. }) {
            continue;
        }
        for &date in dates {
            if idx_of(date).is_some_and(|idx| !days[idx].is_session) {
                let (calendar, line_no) = (facts.name.clone(), line.line_no);
                return Err(TimeError::FactOnNoSession { calendar, line_no, date });
            }
        }
    }
    Ok(days)
}

impl Day {
    fn change(&mut self, line: &DayLine) {
        match line.change {
            DayChange::Closed => self.is_session = false,
            DayChange::Open { hours } => {
                self.is_session = true;
                self.own_hours = hours;
            }
            DayChange::Early { close, post_close } => self.early = Some((close, post_close)),
            DayChange::Late { open } => self.late = Some(open),
        }
    }
}

fn session(
    facts: &Facts,
    zone: &InOrder<'_>,
    date: TradingDate,
    day: &Day,
) -> Result<Session, TimeError> {
    let wrong = |problem| TimeError::FactHours { calendar: facts.name.clone(), date, problem };
    let usual = hours_on(&facts.hours, date);
    let mut hours = *day.own_hours.as_ref().or(usual).ok_or_else(|| wrong("no hours hold"))?;
    if let Some((close, post_close)) = day.early {
        (hours.close, hours.post_close) = (close, post_close);
    }
    if let Some(open) = day.late {
        hours.open = open;
    }
    // What an early close or a late open leaves of a break at the edge is no break.
    hours.break_hours =
        hours.break_hours.filter(|(shut, again)| hours.open < *shut && *again < hours.close);
    let at = |second| zone.instant(date, second);
    let session = Session {
        date,
        open: at(hours.open),
        close: at(hours.close),
        break_hours: hours
            .break_hours
            .map(|(shut, again)| Break { since: at(shut), until: at(again) }),
        pre_open: hours.pre_open.map(at),
        post_close: hours.post_close.map(at),
        is_early_close: day.early.is_some(),
        is_late_open: day.late.is_some(),
        is_projected: date > facts.known_through,
    };
    if session.open >= session.close {
        return Err(wrong("it closes before it opens"));
    }
    if session.pre_open.is_some_and(|pre_open| pre_open >= session.open) {
        return Err(wrong("it opens before its pre-market"));
    }
    if session.post_close.is_some_and(|post_close| post_close <= session.close) {
        return Err(wrong("its post-market ends before it closes"));
    }
    Ok(session)
}
