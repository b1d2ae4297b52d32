//! What can go wrong in time.

use thiserror::Error;

use crate::TradingDate;

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
    /// The driver of a session clock was asked to go back.
    #[error("the session clock stands at {at} and cannot go back to {asked}")]
    ClockWouldGoBack {
        /// Where the clock stands.
        at: crate::Timestamp,
        /// Where it was asked to go.
        asked: crate::Timestamp,
    },
    /// A date lies outside the facts of a calendar.
    #[error(
        "calendar {calendar} says nothing about {date}: its facts begin on {since} and end before {until}"
    )]
    OutsideFacts {
        /// The calendar's name.
        calendar: String,
        /// The date asked for.
        date: TradingDate,
        /// The first date covered.
        since: TradingDate,
        /// The first date no longer covered.
        until: TradingDate,
    },
}
