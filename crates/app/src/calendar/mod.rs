//! `openbell calendar`: what a calendar says, for people, for programs, and held against question
//! files.
//!
//! Not here: the calendars (`openbell-time`).

pub mod args;
mod ask;
mod next;
mod sessions;
mod show;

use anyhow::{Context, Result};
use openbell_time::{Calendar, LocalTime, TimeOfDay, Timestamp, TradingDate};

pub use ask::{Asked, ask};
pub use next::next;
pub use sessions::{SessionsRequest, TableForm, sessions};
pub use show::show;

/// The instant that a person has written: exchange time, `2025-07-02T09:30` with or without
/// seconds, unless it carries `Z` or an offset.
///
/// # Errors
///
/// The text is neither, or the exchange's clock jumps over that time.
pub fn written_instant(calendar: &Calendar, text: &str) -> Result<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let (date, time) = text.split_once(['T', ' ']).with_context(|| {
        format!("cannot read {text:?} as a time; write 2025-07-02T09:30, or with Z or an offset")
    })?;
    let (date, time) = (date.parse::<TradingDate>()?, time.parse::<TimeOfDay>()?);
    calendar
        .instant_at(date, time)
        .with_context(|| format!("the clock of {} never shows {date} {time}", calendar.name()))
}

/// `UTC-04:00`.
fn offset_words(local: &LocalTime) -> String {
    let (sign, minutes) = match local.offset_s {
        ..0 => ('-', -local.offset_s / 60),
        _ => ('+', local.offset_s / 60),
    };
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `09:30`, with seconds only where there are some, and a word where the date is another one than
/// the session's.
fn clock_words(calendar: &Calendar, session_date: TradingDate, instant: Timestamp) -> String {
    let local = calendar.local_time(instant);
    let text = local.time_of_day.to_string();
    let short = text.strip_suffix(":00").unwrap_or(&text);
    match local.date.cmp(&session_date) {
        std::cmp::Ordering::Less => format!("{short} the day before"),
        std::cmp::Ordering::Equal => short.to_owned(),
        std::cmp::Ordering::Greater => format!("{short} the day after"),
    }
}
