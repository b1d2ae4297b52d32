//! Wall-clock time of an exchange: times of day, and a zone's offsets as plain numbers.
//!
//! chrono-tz is asked here, once, when a calendar is expanded.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Offset, TimeZone};

use crate::timestamp::NANOS_PER_SECOND;
use crate::{Nanos, TimeError, Timestamp, TradingDate};

const SECONDS_PER_DAY: i64 = 86_400;

/// A time of day on an exchange's clock, without a date or zone.
///
/// *Units*: whole seconds after midnight, 0 to 86,399.
///
/// ```
/// use openbell_time::TimeOfDay;
/// let noon: TimeOfDay = "12:00".parse()?;
/// assert_eq!(noon.as_secs(), 43_200);
/// assert_eq!(noon.to_string(), "12:00:00");
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// The time of day of that hour, minute and second, or `None` where there is none.
    pub const fn from_hms(hour: u32, minute: u32, second: u32) -> Option<TimeOfDay> {
        if hour < 24 && minute < 60 && second < 60 {
            Some(TimeOfDay(hour * 3600 + minute * 60 + second))
        } else {
            None
        }
    }

    /// Whole seconds after midnight.
    pub const fn as_secs(self) -> u32 {
        self.0
    }
}

/// `HH:MM:SS`.
impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

/// Reads `HH:MM` or `HH:MM:SS`, each with two digits.
impl FromStr for TimeOfDay {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<TimeOfDay, TimeError> {
        let not_a_time = || TimeError::NotATimeOfDay { found: text.to_owned() };
        let mut fields = [0; 3];
        let mut n_fields = 0;
        for field in text.split(':') {
            let is_number = field.len() == 2 && field.bytes().all(|b| b.is_ascii_digit());
            if n_fields == 3 || !is_number {
                return Err(not_a_time());
            }
            fields[n_fields] = field.parse().map_err(|_| not_a_time())?;
            n_fields += 1;
        }
        let [hour, minute, second] = fields;
        if n_fields < 2 {
            return Err(not_a_time());
        }
        TimeOfDay::from_hms(hour, minute, second).ok_or_else(not_a_time)
    }
}

/// What an exchange's clock shows at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LocalTime {
    /// The civil date on that clock; of an overnight session not always the session's date.
    pub date: TradingDate,
    /// The time of day on that clock, its fraction of a second cut off.
    pub time_of_day: TimeOfDay,
    /// Nanoseconds past that second, 0 to 999,999,999.
    pub subsec_ns: u32,
    /// Seconds that the clock is ahead of UTC; negative west of it.
    pub offset_s: i32,
}

/// `2025-07-02 09:30:00`, with a fraction only where there is one; the offset is not shown.
impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.date, self.time_of_day)?;
        if self.subsec_ns != 0 {
            let digits = format!("{:09}", self.subsec_ns);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

/// The offsets of one zone over a range of years, as steps.
#[derive(Debug)]
pub(crate) struct ZoneOffsets {
    /// In order; each offset holds from its instant on, and the first one before it too.
    steps: Vec<OffsetStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OffsetStep {
    /// Seconds since the epoch.
    pub(crate) since_s: i64,
    pub(crate) offset_s: i32,
}

impl ZoneOffsets {
    /// Asks chrono-tz for the steps between the two dates, or `None` where it has no such zone.
    pub(crate) fn of(zone: &str, since: TradingDate, until: TradingDate) -> Option<ZoneOffsets> {
        // No zone of an exchange changed twice within four days, so sampling at that distance
        // misses no step, and each is then found to the second by halving.
        const STRIDE_S: i64 = 4 * SECONDS_PER_DAY;
        let zone: chrono_tz::Tz = zone.parse().ok()?;
        let first_s = i64::from(since.as_days()) * SECONDS_PER_DAY;
        let last_s = i64::from(until.as_days()) * SECONDS_PER_DAY;
        let mut steps =
            vec![OffsetStep { since_s: first_s, offset_s: asked_offset(zone, first_s)? }];
        let mut at_s = first_s;
        while at_s < last_s {
            let next_s = at_s + STRIDE_S;
            let (before, after) = (steps[steps.len() - 1].offset_s, asked_offset(zone, next_s)?);
            if after != before {
                let (mut low, mut high) = (at_s, next_s);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if asked_offset(zone, middle)? == before { low = middle } else { high = middle }
                }
                steps.push(OffsetStep { since_s: high, offset_s: after });
            }
            at_s = next_s;
        }
        Some(ZoneOffsets { steps })
    }

    /// The steps after the first, which only says how the range begins.
    pub(crate) fn changes(&self) -> &[OffsetStep] {
        &self.steps[1..]
    }

    /// What the zone's clock shows at an instant.
    pub(crate) fn local_time(&self, instant: Timestamp) -> LocalTime {
        let utc_s = instant.as_secs();
        let step_idx = self.steps.partition_point(|step| step.since_s <= utc_s).max(1) - 1;
        let offset_s = self.steps[step_idx].offset_s;
        let local_s = utc_s + i64::from(offset_s);
        LocalTime {
            date: TradingDate::from_days(local_s.div_euclid(SECONDS_PER_DAY) as i32),
            time_of_day: TimeOfDay(local_s.rem_euclid(SECONDS_PER_DAY) as u32),
            subsec_ns: instant.as_nanos().rem_euclid(NANOS_PER_SECOND) as u32,
            offset_s,
        }
    }

    /// The instant at which the clock shows `second_of_day` of `date`, which may lie before 0 or
    /// past a day for the evening before or the day after. Of two such instants the earlier; where
    /// the clock jumps over it, as far after the jump as the time lies after the jump's start.
    pub(crate) fn instant(&self, date: TradingDate, second_of_day: i64) -> Timestamp {
        self.in_order().instant(date, second_of_day)
    }

    /// For those who ask for many instants in about their order.
    pub(crate) fn in_order(&self) -> InOrder<'_> {
        InOrder { zone: self, n_begun: Cell::new(0) }
    }

    /// How many steps begin, each on its own clock, at `local_s` or before: the last of them holds. It is
    /// looked for at `guess` first.
    fn n_begun(&self, local_s: i64, guess: usize) -> usize {
        let is_begun = |step: &OffsetStep| step.since_s + i64::from(step.offset_s) <= local_s;
        let (begun, later) = self.steps.split_at(guess.min(self.steps.len()));
        if begun.last().is_none_or(is_begun) && !later.first().is_some_and(is_begun) {
            return begun.len();
        }
        self.steps.partition_point(is_begun)
    }

    /// The instant of a time that lies `local_s` after the epoch on the clock, by the number of steps that
    /// begin by then.
    fn instant_by(&self, n_begun: usize, local_s: i64) -> Timestamp {
        let holding = n_begun.max(1) - 1;
        let mut offset_s = self.steps[holding].offset_s;
        if holding > 0 {
            let before_s = self.steps[holding - 1].offset_s;
            // Shown twice: the clock still showed it under the earlier offset.
            if local_s - i64::from(before_s) < self.steps[holding].since_s {
                offset_s = before_s;
            }
        }
        Timestamp::from_nanos((local_s - i64::from(offset_s)) * NANOS_PER_SECOND)
    }

    /// As [`ZoneOffsets::instant`], or `None` where the clock jumps over that time.
    pub(crate) fn shown_instant(&self, date: TradingDate, time: TimeOfDay) -> Option<Timestamp> {
        let instant = self.instant(date, i64::from(time.as_secs()));
        let local = self.local_time(instant);
        (local.date == date && local.time_of_day == time).then_some(instant)
    }
}

/// Instants of a zone, each looked for where the one before was found: of sessions in order one in a hundred
/// is searched for.
pub(crate) struct InOrder<'z> {
    zone: &'z ZoneOffsets,
    /// How many steps had begun at the time that was asked for last.
    n_begun: Cell<usize>,
}

impl InOrder<'_> {
    /// As [`ZoneOffsets::instant`], in whatever order.
    pub(crate) fn instant(&self, date: TradingDate, second_of_day: i64) -> Timestamp {
        let local_s = i64::from(date.as_days()) * SECONDS_PER_DAY + second_of_day;
        let n_begun = self.zone.n_begun(local_s, self.n_begun.get());
        self.n_begun.set(n_begun);
        self.zone.instant_by(n_begun, local_s)
    }
}

fn asked_offset(zone: chrono_tz::Tz, utc_s: i64) -> Option<i32> {
    let utc = DateTime::from_timestamp(utc_s, 0)?.naive_utc();
    Some(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

impl From<TimeOfDay> for Nanos {
    fn from(time: TimeOfDay) -> Nanos {
        Nanos::from_secs(i64::from(time.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_the_same_wherever_it_is_looked_for() {
        let date = |text: &str| text.parse::<TradingDate>().unwrap();
        let (since, until) = (date("2020-01-01"), date("2026-01-01"));
        let zone = ZoneOffsets::of("America/New_York", since, until).unwrap();
        assert_eq!(zone.changes().len(), 12);
        let in_order = zone.in_order();
        let times = || [-7_200, 0, 3_599, 7_199, 7_200, 10_800, 34_200, 93_600].into_iter();
        let days = since.as_days() - 3..until.as_days() + 3;
        let asked = |date, second| (in_order.instant(date, second), zone.instant(date, second));
        for date in days.clone().chain(days.rev()).map(TradingDate::from_days) {
            for second in times().chain(times().rev()) {
                let (found, wanted) = asked(date, second);
                assert_eq!(found, wanted, "{date} {second}");
            }
        }
        // The night of 2025-03-09 has no 02:30, that of 2025-11-02 two of 01:30: the earlier one counts.
        let shown = |day: &str, second| in_order.instant(date(day), second).to_string();
        assert_eq!(shown("2025-11-02", 5_400), "2025-11-02T05:30:00Z");
        assert_eq!(shown("2025-03-09", 9_000), "2025-03-09T07:30:00Z");
    }
}
