//! What can go wrong in time.

use thiserror::Error;

use crate::{Timestamp, TradingDate};

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimeError {
    /// A text is no instant.
    #[error(
        "cannot read {found:?} as an instant; write it as 2025-07-02T13:30:00Z, with Z or an offset"
    )]
    NotAnInstant {
        /// The text as it was given.
        found: String,
    },
    /// A text is no date.
    #[error("cannot read {found:?} as a date; write it as YYYY-MM-DD")]
    NotADate {
        /// The text as it was given.
        found: String,
    },
    /// A text is no time of day.
    #[error("cannot read {found:?} as a time of day; write it as HH:MM or HH:MM:SS")]
    NotATimeOfDay {
        /// The text as it was given.
        found: String,
    },
    /// The driver of a session clock was asked to go back.
    #[error("the session clock stands at {at} and cannot go back to {asked}")]
    ClockWouldGoBack {
        /// Where the clock stands.
        at: Timestamp,
        /// Where it was asked to go.
        asked: Timestamp,
    },
    /// A date lies outside the facts of a calendar.
    #[error(
        "calendar {calendar} says nothing about {date}: its facts begin on {since} and end before {until}"
    )]
    OutsideFacts {
        /// The calendar's name.
        calendar: String,
        /// The date asked for, or the nearest one at which the answer could lie.
        date: TradingDate,
        /// The first date covered.
        since: TradingDate,
        /// The first date no longer covered.
        until: TradingDate,
    },
    /// An instant lies outside the facts of a calendar.
    #[error(
        "calendar {calendar} says nothing about {instant}: its facts begin at {since} and end at {until}"
    )]
    InstantOutsideFacts {
        /// The calendar's name.
        calendar: String,
        /// The instant asked for, or the one at which the answer would have to lie.
        instant: Timestamp,
        /// The first instant covered.
        since: Timestamp,
        /// The first instant no longer covered.
        until: Timestamp,
    },
    /// More sessions were asked for than the facts hold.
    #[error(
        "cannot count {needed} sessions of {calendar} back from {date}: its facts begin on {since} and hold {found}"
    )]
    TooFewSessions {
        /// The calendar's name.
        calendar: String,
        /// The date counted from.
        date: TradingDate,
        /// Sessions asked for.
        needed: usize,
        /// Sessions that there are.
        found: usize,
        /// The first date covered.
        since: TradingDate,
    },
    /// No calendar, and no exchange group, has that name.
    #[error("no calendar is named {found:?}{}", nearest_of(.nearest))]
    UnknownCalendar {
        /// The name as it was given.
        found: String,
        /// Names that may have been meant, nearest first.
        nearest: Vec<String>,
    },
    /// A line of a fact file or an overlay cannot be read.
    #[error("line {line_no} of the calendar facts ({line:?}): {problem}, found {found:?}")]
    FactLine {
        /// The line's number, from 1.
        line_no: usize,
        /// The line as it stands.
        line: String,
        /// What is needed there.
        problem: &'static str,
        /// What stands there.
        found: String,
    },
    /// A fact file or an overlay lacks a line without which it says nothing.
    #[error("the facts of calendar {calendar:?} lack a line `{needed} …`")]
    FactMissing {
        /// The calendar's name; empty where that is what is missing.
        calendar: String,
        /// The line's first word.
        needed: &'static str,
    },
    /// A dated line changes the hours of a date that has no session.
    #[error(
        "line {line_no} of the facts of {calendar} changes the hours of {date}, which is no session; add `open {date}` or correct the date"
    )]
    FactOnNoSession {
        /// The calendar's name.
        calendar: String,
        /// The line's number, from 1.
        line_no: usize,
        /// The date.
        date: TradingDate,
    },
    /// The facts leave a session without hours, or with hours that do not follow each other.
    #[error(
        "the facts of {calendar} give {date} no session that opens before it closes and after the one before: {problem}"
    )]
    FactHours {
        /// The calendar's name.
        calendar: String,
        /// The session's date.
        date: TradingDate,
        /// What is wrong with them.
        problem: &'static str,
    },
}

fn nearest_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [first, rest @ ..] => {
            let more: String = rest.iter().map(|name| format!(" or {name:?}")).collect();
            format!("; did you mean {first:?}{more}?")
        }
    }
}
