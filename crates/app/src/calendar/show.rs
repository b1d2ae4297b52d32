//! A calendar at a glance: this month, holidays ahead, hours, and where the facts come from.

use std::io::Write;

use anyhow::Result;
use openbell_time::{Calendar, Timestamp, TradingDate, UnusualKind};

use super::{clock_words, offset_words};

/// How far ahead days that are not usual are listed.
const AHEAD_DAYS: i32 = 366;

/// Writes what a person wants to know of a calendar at `now`.
///
/// # Errors
///
/// The facts do not cover `now`, or `out` cannot be written.
pub fn show(calendar: &Calendar, now: Timestamp, out: &mut impl Write) -> Result<()> {
    let local = calendar.local_time(now);
    writeln!(out, "{}  {}", calendar.name(), calendar.about())?;
    writeln!(out)?;
    writeln!(out, "zone       {}, now {local} {}", calendar.zone_name(), offset_words(&local))?;
    writeln!(out, "phase      {}", calendar.phase(now)?)?;
    hours(calendar, local.date, out)?;
    reach(calendar, out)?;
    writeln!(out)?;
    month(calendar, local.date, out)?;
    writeln!(out)?;
    ahead(calendar, local.date, out)?;
    writeln!(out, "\nsources")?;
    for source in calendar.sources() {
        writeln!(out, "  {source}")?;
    }
    Ok(())
}

/// The hours of the next session with usual ones.
fn hours(calendar: &Calendar, today: TradingDate, out: &mut impl Write) -> Result<()> {
    let mut session = calendar.trailing_session(today, 0)?;
    while session.is_early_close || session.is_late_open {
        session = calendar.previous_session(session.date)?;
    }
    let clock = |instant| clock_words(calendar, session.date, instant);
    write!(out, "hours      {} to {}", clock(session.open), clock(session.close))?;
    if let Some(shut) = session.break_hours {
        write!(out, ", break {} to {}", clock(shut.since), clock(shut.until))?;
    }
    if let Some(pre_open) = session.pre_open {
        write!(out, ", pre-market from {}", clock(pre_open))?;
    }
    if let Some(post_close) = session.post_close {
        write!(out, ", post-market to {}", clock(post_close))?;
    }
    writeln!(out)?;
    match calendar.hours_since() {
        Some(since) => writeln!(out, "           the venue's own since {since}")?,
        None => writeln!(out, "           a model, not any venue's own")?,
    }
    Ok(())
}

/// How far the facts reach.
fn reach(calendar: &Calendar, out: &mut impl Write) -> Result<()> {
    let last = calendar.until().plus_days(-1);
    let known = calendar.known_through();
    write!(out, "facts      {} to {last}", calendar.facts_since())?;
    if known < last {
        writeln!(out, ", announced through {known}, projected by rule after that")?
    } else {
        writeln!(out, ", by convention throughout")?
    }
    Ok(())
}

/// The month's days in weeks: `(4)` has no session, `24*` has hours that are not usual.
fn month(calendar: &Calendar, today: TradingDate, out: &mut impl Write) -> Result<()> {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, number, day) = today.ymd();
    let first = today.plus_days(1 - day as i32);
    let name = NAMES.get(number as usize - 1).copied().unwrap_or_default();
    writeln!(out, "{name} {year}: (n) no session, n* unusual hours")?;
    writeln!(out, "  Mon  Tue  Wed  Thu  Fri  Sat  Sun")?;
    let mut line = " ".repeat(5 * usize::from(first.weekday().days_from_monday()));
    let mut date = first;
    while date.month() == number {
        let cell = match calendar.session(date)? {
            None => format!("({})", date.day()),
            Some(session) if session.is_early_close || session.is_late_open => {
                format!("{}*", date.day())
            }
            Some(_) => format!("{} ", date.day()),
        };
        line.push_str(&format!("{cell:>5}"));
        date = date.plus_days(1);
        if date.monday() == date || date.month() != number {
            writeln!(out, "{}", line.trim_end())?;
            line.clear();
        }
    }
    Ok(())
}

/// The days ahead that are not usual.
fn ahead(calendar: &Calendar, today: TradingDate, out: &mut impl Write) -> Result<()> {
    let last = today.plus_days(AHEAD_DAYS).min(calendar.until().plus_days(-1));
    writeln!(out, "ahead")?;
    let days = calendar.unusual_days(today..=last)?;
    if days.is_empty() {
        writeln!(out, "  nothing unusual through {last}")?;
    }
    for day in days {
        let session = calendar.session(day.date)?;
        let clock = |instant| clock_words(calendar, day.date, instant);
        let what = match (day.kind, session) {
            (UnusualKind::Closed, _) | (_, None) => "closed".to_owned(),
            (UnusualKind::EarlyClose, Some(session)) => format!("closes {}", clock(session.close)),
            (UnusualKind::LateOpen, Some(session)) => format!("opens {}", clock(session.open)),
            (UnusualKind::Open, Some(session)) => {
                format!("open {} to {}", clock(session.open), clock(session.close))
            }
        };
        let projected = if day.date > calendar.known_through() { " (projected)" } else { "" };
        writeln!(
            out,
            "  {} {}  {what:<13} {}{projected}",
            day.date,
            day.date.weekday(),
            day.reason
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use openbell_time::TimeManager;

    use super::*;

    #[test]
    fn a_person_sees_the_month_the_holidays_and_the_reach_of_the_facts() {
        let calendar = TimeManager::new().calendar("XNYS").expect("known");
        let now = "2024-11-25T15:00:00Z".parse().expect("an instant");
        let mut out = Vec::new();
        show(&calendar, now, &mut out).expect("covered");
        let text = String::from_utf8(out).expect("text");
        for line in [
            "zone       America/New_York, now 2024-11-25 10:00:00 UTC-05:00",
            "phase      regular",
            "hours      09:30 to 16:00, pre-market from 04:00, post-market to 20:00",
            "November 2024: (n) no session, n* unusual hours",
            "  25   26   27  (28)  29* (30)",
            "  2024-11-29 Fri  closes 13:00  day after Thanksgiving",
            "  2025-01-09 Thu  closed        mourning for President Carter",
        ] {
            assert!(text.lines().any(|found| found.trim_end() == line), "{line}\n{text}");
        }
    }
}
