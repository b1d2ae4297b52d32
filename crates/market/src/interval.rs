//! The length of a bar.

use std::fmt;
use std::str::FromStr;

use openbell_time::Nanos;

use crate::MarketError;

/// The length of a bar: so many seconds of the clock, or a trading day, or a week of them.
///
/// *Shape*: ordered shortest first. Written with the largest of `s`, `m`, `h` that divides it
/// (`60m` is read and `1h` written); a day is no number of hours (`1d` is never `24h`), and there
/// is one day and one week only (`2d`, `2w` are refused).
///
/// ```
/// use openbell_market::BarInterval;
/// assert_eq!("60m".parse::<BarInterval>()?.to_string(), "1h");
/// assert_eq!("90s".parse::<BarInterval>()?.to_string(), "90s");
/// assert!("5m".parse::<BarInterval>()? < "1h".parse()?);
/// assert!("24h".parse::<BarInterval>()? < BarInterval::DAY);
/// assert!("2d".parse::<BarInterval>().is_err());
/// # Ok::<(), openbell_market::MarketError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarInterval {
    /// So many seconds by the clock, at least 1.
    Clock(ClockInterval),
    /// One session of the calendar.
    Day,
    /// The sessions of one calendar week, Monday to Sunday.
    Week,
}

/// A whole number of seconds, 1 to 86,400: the intraday lengths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockInterval(u32);

impl ClockInterval {
    /// The interval of `seconds`, or `None` outside 1 to 86,400.
    pub const fn from_secs(seconds: u32) -> Option<ClockInterval> {
        if seconds >= 1 && seconds <= 86_400 { Some(ClockInterval(seconds)) } else { None }
    }

    /// Its length in seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// Its length.
    pub const fn length(self) -> Nanos {
        Nanos::from_secs(self.0 as i64)
    }
}

impl fmt::Debug for ClockInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

impl BarInterval {
    /// One second: no interval is shorter.
    pub const SHORTEST: BarInterval = BarInterval::Clock(ClockInterval(1));
    /// One session.
    pub const DAY: BarInterval = BarInterval::Day;
    /// One week of sessions.
    pub const WEEK: BarInterval = BarInterval::Week;

    /// The interval of `seconds`, or `None` outside 1 to 86,400.
    pub const fn from_secs(seconds: u32) -> Option<BarInterval> {
        match ClockInterval::from_secs(seconds) {
            Some(clock) => Some(BarInterval::Clock(clock)),
            None => None,
        }
    }

    /// The interval of `minutes`, or `None` outside 1 to 1,440.
    pub const fn from_mins(minutes: u32) -> Option<BarInterval> {
        match minutes.checked_mul(60) {
            Some(seconds) => BarInterval::from_secs(seconds),
            None => None,
        }
    }

    /// The clock length of an intraday interval; `None` for a day or a week, whose length the
    /// calendar says.
    pub const fn clock(self) -> Option<ClockInterval> {
        match self {
            BarInterval::Clock(clock) => Some(clock),
            BarInterval::Day | BarInterval::Week => None,
        }
    }

    /// Whether bars of `self` can be made of bars of `base`: a clock interval from one that
    /// divides it, a day from any clock interval, a week from a day or any clock interval; and
    /// each from itself.
    pub const fn is_made_of(self, base: BarInterval) -> bool {
        match (self, base) {
            (BarInterval::Clock(long), BarInterval::Clock(short)) => long.0 % short.0 == 0,
            (BarInterval::Day, BarInterval::Clock(_) | BarInterval::Day) => true,
            (BarInterval::Week, _) => true,
            (BarInterval::Clock(_) | BarInterval::Day, _) => false,
        }
    }
}

impl fmt::Debug for BarInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BarInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            BarInterval::Clock(ClockInterval(s)) if s % 3600 == 0 => format!("{}h", s / 3600),
            BarInterval::Clock(ClockInterval(s)) if s % 60 == 0 => format!("{}m", s / 60),
            BarInterval::Clock(ClockInterval(s)) => format!("{s}s"),
            BarInterval::Day => "1d".to_owned(),
            BarInterval::Week => "1w".to_owned(),
        };
        f.pad(&name)
    }
}

impl FromStr for BarInterval {
    type Err = MarketError;

    fn from_str(text: &str) -> Result<BarInterval, MarketError> {
        let not_an_interval = || MarketError::NotAnInterval { found: text.to_owned() };
        let split = text.len().checked_sub(1).ok_or_else(not_an_interval)?;
        if !text.is_char_boundary(split) {
            return Err(not_an_interval());
        }
        let (number, unit) = text.split_at(split);
        if number.is_empty()
            || number.starts_with('0')
            || !number.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(not_an_interval());
        }
        let number: u32 = number.parse().map_err(|_| not_an_interval())?;
        let unit_s = match (unit, number) {
            ("d", 1) => return Ok(BarInterval::Day),
            ("w", 1) => return Ok(BarInterval::Week),
            ("s", _) => 1,
            ("m", _) => 60,
            ("h", _) => 3600,
            _ => return Err(not_an_interval()),
        };
        number.checked_mul(unit_s).and_then(BarInterval::from_secs).ok_or_else(not_an_interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_written_with_its_largest_unit() {
        for (text, name) in [
            ("1s", "1s"),
            ("60s", "1m"),
            ("90s", "90s"),
            ("60m", "1h"),
            ("90m", "90m"),
            ("120m", "2h"),
            ("390m", "390m"),
            ("24h", "24h"),
            ("1d", "1d"),
            ("1w", "1w"),
        ] {
            assert_eq!(text.parse::<BarInterval>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        for text in
            ["", "m", "0m", "05m", "2d", "2w", "25h", "1M", "1.5m", "-1m", "1 m", "1y", "1é"]
        {
            assert!(text.parse::<BarInterval>().is_err(), "{text}");
        }
    }
}
