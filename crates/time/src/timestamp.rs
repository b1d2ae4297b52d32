//! The instant: nanoseconds since the Unix epoch in UTC, and lengths of time in the same unit.
//!
//! Not here: dates of an exchange ([`crate::TradingDate`]), sessions ([`crate::Calendar`]).

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use crate::TimeError;
use crate::date::TradingDate;

/// One second, in nanoseconds.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// One day of 24 hours, in nanoseconds.
pub const NANOS_PER_DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// A length of time, signed.
///
/// *Units*: nanoseconds.
///
/// ```
/// use openbell_time::Nanos;
/// assert_eq!(Nanos::from_secs(90).as_nanos(), 90_000_000_000);
/// assert_eq!(Nanos::from_secs(90).as_secs(), 90);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(i64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Nanos = Nanos(0);

    /// The length of `ns` nanoseconds.
    pub const fn from_nanos(ns: i64) -> Nanos {
        Nanos(ns)
    }

    /// The length of `seconds` whole seconds.
    ///
    /// # Panics
    ///
    /// Past ±292 years, which no session spans.
    pub const fn from_secs(seconds: i64) -> Nanos {
        Nanos(seconds * NANOS_PER_SECOND)
    }

    /// The length in nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded towards negative infinity.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// Seconds with their fraction, for display and rates; never for comparing instants.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 % NANOS_PER_SECOND == 0 {
            write!(f, "{}s", self.0 / NANOS_PER_SECOND)
        } else {
            write!(f, "{}s", self.as_secs_f64())
        }
    }
}

impl Add for Nanos {
    type Output = Nanos;
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0 + other.0)
    }
}

impl Sub for Nanos {
    type Output = Nanos;
    fn sub(self, other: Nanos) -> Nanos {
        Nanos(self.0 - other.0)
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Nanos) {
        self.0 += other.0;
    }
}

impl SubAssign for Nanos {
    fn sub_assign(&mut self, other: Nanos) {
        self.0 -= other.0;
    }
}

impl Neg for Nanos {
    type Output = Nanos;
    fn neg(self) -> Nanos {
        Nanos(-self.0)
    }
}

/// An instant.
///
/// *Units*: nanoseconds since 1970-01-01T00:00:00Z, so 1677 to 2262; every stored bar of every
/// market fits. Ordered by time.
///
/// ```
/// use openbell_time::{Nanos, Timestamp};
/// let open: Timestamp = "2025-07-02T13:30:00Z".parse()?;
/// assert_eq!(open.as_nanos(), 1_751_463_000_000_000_000);
/// assert_eq!((open + Nanos::from_secs(60)).to_string(), "2025-07-02T13:31:00Z");
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first instant that can be named.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// The last instant that can be named.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// The instant `ns` nanoseconds after the Unix epoch.
    pub const fn from_nanos(ns: i64) -> Timestamp {
        Timestamp(ns)
    }

    /// The instant `us` microseconds after the Unix epoch (the unit of store files), or `None`
    /// outside 1677 to 2262.
    pub const fn from_micros(us: i64) -> Option<Timestamp> {
        match us.checked_mul(1_000) {
            Some(ns) => Some(Timestamp(ns)),
            None => None,
        }
    }

    /// The instant `seconds` after the Unix epoch, or `None` outside 1677 to 2262.
    pub const fn from_secs(seconds: i64) -> Option<Timestamp> {
        match seconds.checked_mul(NANOS_PER_SECOND) {
            Some(ns) => Some(Timestamp(ns)),
            None => None,
        }
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole microseconds since the Unix epoch, rounded down.
    pub const fn as_micros(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// The UTC date that holds this instant. The exchange's date is the calendar's to say.
    pub const fn utc_date(self) -> TradingDate {
        TradingDate::from_days(self.0.div_euclid(NANOS_PER_DAY) as i32)
    }

    /// `self + length`, or `None` past the representable range.
    pub const fn checked_add(self, length: Nanos) -> Option<Timestamp> {
        match self.0.checked_add(length.as_nanos()) {
            Some(ns) => Some(Timestamp(ns)),
            None => None,
        }
    }
}

impl Add<Nanos> for Timestamp {
    type Output = Timestamp;
    fn add(self, length: Nanos) -> Timestamp {
        Timestamp(self.0 + length.as_nanos())
    }
}

impl Sub<Nanos> for Timestamp {
    type Output = Timestamp;
    fn sub(self, length: Nanos) -> Timestamp {
        Timestamp(self.0 - length.as_nanos())
    }
}

impl Sub for Timestamp {
    type Output = Nanos;
    fn sub(self, other: Timestamp) -> Nanos {
        Nanos::from_nanos(self.0 - other.0)
    }
}

impl AddAssign<Nanos> for Timestamp {
    fn add_assign(&mut self, length: Nanos) {
        self.0 += length.as_nanos();
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// RFC 3339 in UTC with `Z`; a fraction only where there is one.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0.rem_euclid(NANOS_PER_DAY);
        let (seconds, fraction) = (of_day / NANOS_PER_SECOND, of_day % NANOS_PER_SECOND);
        write!(
            f,
            "{}T{:02}:{:02}:{:02}",
            self.utc_date(),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )?;
        if fraction != 0 {
            let digits = format!("{fraction:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// Reads RFC 3339 with `Z` or a written offset; an instant without a zone is not an instant.
impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Timestamp, TimeError> {
        let not_an_instant = || TimeError::NotAnInstant { found: text.to_owned() };
        let parsed = chrono::DateTime::parse_from_rfc3339(text).map_err(|_| not_an_instant())?;
        parsed.timestamp_nanos_opt().map(Timestamp).ok_or_else(not_an_instant)
    }
}
