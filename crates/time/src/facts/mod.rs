//! The fact files: what a line means, and reading one.
//!
//! A fact file holds one calendar, in lines that a person can correct one by one. The form is
//! described in `crates/time/facts/README.md`; an overlay has the same one.
//!
//! Not here: what follows from the facts ([`crate::Calendar`]).

mod embedded;
mod rule;
mod text;

use std::ops::Range;

pub(crate) use embedded::{EMBEDDED, EmbeddedCalendar};
pub(crate) use rule::{WeekdaySet, YearlyRule};
pub(crate) use text::{overlaid, overlay_sections, parsed};

use crate::TradingDate;

/// Seconds after midnight of a session's date on the exchange's clock; below 0 the evening before,
/// past a day the day after.
pub(crate) type SessionSecond = i64;

/// What one calendar's file says.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) sources: Vec<String>,
    pub(crate) zone: String,
    /// The dates that are answered.
    pub(crate) covered: Range<TradingDate>,
    /// The last date for which announcements are in the file.
    pub(crate) known_through: TradingDate,
    /// From this date on the hours are the venue's; absent where they are a model throughout.
    pub(crate) hours_since: Option<TradingDate>,
    /// Of two that hold on one date, the later line counts; so in all lists below.
    pub(crate) weekdays: Vec<WeekdayLine>,
    pub(crate) hours: Vec<HoursLine>,
    pub(crate) days: Vec<DayLine>,
}

#[derive(Clone, Debug)]
pub(crate) struct WeekdayLine {
    pub(crate) weekdays: WeekdaySet,
    pub(crate) valid: Range<TradingDate>,
}

#[derive(Clone, Debug)]
pub(crate) struct HoursLine {
    pub(crate) hours: Hours,
    pub(crate) valid: Range<TradingDate>,
}

/// The hours of a usual day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    pub(crate) open: SessionSecond,
    pub(crate) close: SessionSecond,
    pub(crate) break_hours: Option<(SessionSecond, SessionSecond)>,
    pub(crate) pre_open: Option<SessionSecond>,
    pub(crate) post_close: Option<SessionSecond>,
}

/// One line about days that are not usual.
#[derive(Clone, Debug)]
pub(crate) struct DayLine {
    /// The line's number in its text, from 1.
    pub(crate) line_no: usize,
    pub(crate) days: Days,
    pub(crate) change: DayChange,
    /// What a person calls the day; empty where the line does not say.
    pub(crate) reason: String,
}

/// The days that a line is about. Named dates count before rules, whatever their order.
#[derive(Clone, Debug)]
pub(crate) enum Days {
    Dates(Vec<TradingDate>),
    Rule(YearlyRule),
}

/// What is not usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DayChange {
    /// No session.
    Closed,
    /// A session, on a date that the weekdays or a rule leave out; with hours of its own, if any.
    Open { hours: Option<Hours> },
    /// The session closes at that time, and its post-market ends at the other.
    Early { close: SessionSecond, post_close: Option<SessionSecond> },
    /// The session opens at that time.
    Late { open: SessionSecond },
}
