//! The exchange's own date of a session.
//!
//! Not here: instants ([`crate::Timestamp`]), which dates are sessions ([`crate::Calendar`]).

use std::fmt;
use std::str::FromStr;

use crate::TimeError;
use crate::timestamp::{NANOS_PER_DAY, Timestamp};

/// A civil date, the name of a session on its exchange's calendar.
///
/// *Units*: days since 1970-01-01, proleptic Gregorian. It carries no zone: a session of
/// 2025-07-02 in Tokyo and one in New York share the date and no instant.
///
/// ```
/// use openbell_time::TradingDate;
/// let date: TradingDate = "2025-07-03".parse()?;
/// assert_eq!(date.weekday().to_string(), "Thu");
/// assert_eq!(date.plus_days(4).to_string(), "2025-07-07");
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradingDate(i32);

/// A day of the week; Monday is the first, as in ISO 8601.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The names of the days say it.
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// All seven, Monday first.
    pub const ALL: [Weekday; 7] = [
        Weekday::Mon,
        Weekday::Tue,
        Weekday::Wed,
        Weekday::Thu,
        Weekday::Fri,
        Weekday::Sat,
        Weekday::Sun,
    ];

    /// Days after Monday, 0 to 6.
    pub const fn days_from_monday(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl TradingDate {
    /// The date `days` after 1970-01-01.
    pub const fn from_days(days: i32) -> TradingDate {
        TradingDate(days)
    }

    /// The date of that year, month (1 to 12) and day of the month, or `None` where there is none.
    pub const fn from_ymd(year: i32, month: u32, day: u32) -> Option<TradingDate> {
        if year < -200_000 || year > 200_000 || month < 1 || month > 12 {
            return None;
        }
        if day < 1 || day > days_in_month(year, month) {
            return None;
        }
        Some(TradingDate(days_from_civil(year, month, day)))
    }

    /// Days since 1970-01-01.
    pub const fn as_days(self) -> i32 {
        self.0
    }

    /// Year, month (1 to 12) and day of the month.
    pub const fn ymd(self) -> (i32, u32, u32) {
        civil_from_days(self.0)
    }

    /// The year.
    pub const fn year(self) -> i32 {
        self.ymd().0
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u32 {
        self.ymd().1
    }

    /// The day of the month, 1 to 31.
    pub const fn day(self) -> u32 {
        self.ymd().2
    }

    /// The day of the week.
    pub const fn weekday(self) -> Weekday {
        Weekday::ALL[(self.0 as i64 + 3).rem_euclid(7) as usize]
    }

    /// The date `days` later; earlier where negative.
    pub const fn plus_days(self, days: i32) -> TradingDate {
        TradingDate(self.0 + days)
    }

    /// The Monday of this date's ISO week, itself included.
    pub const fn monday(self) -> TradingDate {
        TradingDate(self.0 - self.weekday().days_from_monday() as i32)
    }

    /// 00:00 UTC of this date: the label under which stored 1d and 1w bars stand in files. It is
    /// not the instant at which anything opens.
    pub const fn utc_midnight(self) -> Timestamp {
        Timestamp::from_nanos(self.0 as i64 * NANOS_PER_DAY)
    }
}

impl fmt::Debug for TradingDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for TradingDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Reads exactly `YYYY-MM-DD`.
impl FromStr for TradingDate {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<TradingDate, TimeError> {
        let not_a_date = || TimeError::NotADate { found: text.to_owned() };
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(not_a_date());
        }
        let number = |range: std::ops::Range<usize>| -> Option<u32> {
            let part = &bytes[range];
            if !part.iter().all(u8::is_ascii_digit) {
                return None;
            }
            Some(part.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')))
        };
        let (year, month, day) = (number(0..4), number(5..7), number(8..10));
        match (year, month, day) {
            (Some(y), Some(m), Some(d)) => {
                TradingDate::from_ymd(y as i32, m, d).ok_or_else(not_a_date)
            }
            _ => Err(not_a_date()),
        }
    }
}

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

// Years are counted from March, so that the leap day is the last of its year; 146,097 days make
// an era of 400 years. Source: the Gregorian rule itself; checked against chrono in the tests.
const fn days_from_civil(year: i32, month: u32, day: u32) -> i32 {
    let march_year = if month <= 2 { year - 1 } else { year };
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let month_from_march = (month as i32 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

const fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let shifted = days as i64 + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year as i32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_round_trips_and_agrees_with_chrono() {
        let first = chrono::NaiveDate::from_ymd_opt(1800, 1, 1).unwrap();
        for offset in 0..146_097 {
            let theirs = first + chrono::Duration::days(offset);
            let ours: TradingDate = theirs.to_string().parse().unwrap();
            assert_eq!(ours.to_string(), theirs.to_string());
            let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
            assert_eq!(i64::from(ours.as_days()), (theirs - epoch).num_days());
        }
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        for text in
            ["2025-02-29", "2025-13-01", "2025-00-10", "2025-1-01", "20250101", "2025-01-1x"]
        {
            assert!(text.parse::<TradingDate>().is_err(), "{text}");
        }
    }
}
