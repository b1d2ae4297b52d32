//! Which dates a yearly rule names: fixed days, n-th weekdays, Easter, and where a weekend moves
//! them.

use std::ops::Range;

use crate::{TradingDate, Weekday};

/// A set of weekdays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct WeekdaySet(u8);

impl WeekdaySet {
    pub(crate) const ALL: WeekdaySet = WeekdaySet(0b111_1111);

    pub(crate) fn with(self, weekday: Weekday) -> WeekdaySet {
        WeekdaySet(self.0 | 1 << weekday.days_from_monday())
    }

    pub(crate) fn contains(self, weekday: Weekday) -> bool {
        self.0 >> weekday.days_from_monday() & 1 == 1
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The day that a rule starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Anchor {
    /// A day of a month.
    Fixed { month: u32, day: u32 },
    /// The n-th such weekday of a month, `n` from 1.
    Nth { n: i32, weekday: Weekday, month: u32 },
    /// The last such weekday of a month.
    Last { weekday: Weekday, month: u32 },
    /// The last such weekday strictly before a day of a month.
    Before { weekday: Weekday, month: u32, day: u32 },
    /// Western Easter Sunday.
    Easter,
}

impl Anchor {
    fn in_year(self, year: i32) -> Option<TradingDate> {
        match self {
            Anchor::Fixed { month, day } => TradingDate::from_ymd(year, month, day),
            Anchor::Nth { n, weekday, month } => {
                let eve = TradingDate::from_ymd(year, month, 1)?.plus_days(-1);
                let date = following(eve, weekday).plus_days(7 * (n - 1));
                (date.month() == month).then_some(date)
            }
            Anchor::Last { weekday, month } => {
                let next_month = match month {
                    12 => TradingDate::from_ymd(year + 1, 1, 1)?,
                    _ => TradingDate::from_ymd(year, month + 1, 1)?,
                };
                Some(preceding(next_month, weekday))
            }
            Anchor::Before { weekday, month, day } => {
                Some(preceding(TradingDate::from_ymd(year, month, day)?, weekday))
            }
            Anchor::Easter => Some(easter(year)),
        }
    }
}

/// A rule that names at most one date a year.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct YearlyRule {
    pub(crate) anchor: Anchor,
    /// Days added to the anchor.
    pub(crate) plus_days: i32,
    /// The rule holds where the day, before it is moved, lies in this range.
    pub(crate) valid: Range<TradingDate>,
    /// The rule holds where the day, before it is moved, is one of these.
    pub(crate) on: WeekdaySet,
    /// Days by which the day is moved, by the weekday on which it falls, Monday first.
    pub(crate) moved_days: [i32; 7],
    /// Years in which the rule does not hold.
    pub(crate) except_years: Vec<i32>,
}

impl YearlyRule {
    /// The date that the rule names for a year; moved, it may lie in the year before or after.
    pub(crate) fn in_year(&self, year: i32) -> Option<TradingDate> {
        let day = self.anchor.in_year(year)?.plus_days(self.plus_days);
        let holds = self.valid.contains(&day)
            && self.on.contains(day.weekday())
            && !self.except_years.contains(&year);
        holds.then(|| day.plus_days(self.moved_days[usize::from(day.weekday().days_from_monday())]))
    }
}

/// The first such weekday strictly after a date.
fn following(date: TradingDate, weekday: Weekday) -> TradingDate {
    let ahead =
        i32::from(weekday.days_from_monday()) - i32::from(date.weekday().days_from_monday());
    date.plus_days((ahead - 1).rem_euclid(7) + 1)
}

/// The last such weekday strictly before a date.
fn preceding(date: TradingDate, weekday: Weekday) -> TradingDate {
    let back = i32::from(date.weekday().days_from_monday()) - i32::from(weekday.days_from_monday());
    date.plus_days(-((back - 1).rem_euclid(7) + 1))
}

/// Western Easter Sunday, by the Gregorian computus in the form of Meeus, Jones and Butcher.
fn easter(year: i32) -> TradingDate {
    let golden = year % 19;
    let (century, of_century) = (year / 100, year % 100);
    let skipped_leap_days = century / 4;
    let moon_correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - skipped_leap_days - moon_correction + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    let days_from_march_1 = epact + to_sunday - 7 * late + 21;
    let march_1 = match TradingDate::from_ymd(year, 3, 1) {
        Some(date) => date,
        // Years of a calendar have four digits, so there is a first of March in each.
        None => TradingDate::from_days(0),
    };
    march_1.plus_days(days_from_march_1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> TradingDate {
        text.parse().expect("a date of this test")
    }

    #[test]
    fn easter_falls_where_the_church_tables_put_it() {
        let sundays = [
            "1990-04-15",
            "1999-04-04",
            "2000-04-23",
            "2008-03-23",
            "2011-04-24",
            "2016-03-27",
            "2019-04-21",
            "2024-03-31",
            "2025-04-20",
            "2038-04-25",
            "2049-04-18",
            "2060-04-18",
        ];
        for sunday in sundays.map(date) {
            assert_eq!(easter(sunday.year()), sunday);
        }
    }

    #[test]
    fn the_nth_weekday_counts_from_the_first_of_the_month() {
        let nth = |n, weekday, month| Anchor::Nth { n, weekday, month };
        assert_eq!(nth(3, Weekday::Mon, 1).in_year(2024), Some(date("2024-01-15")));
        assert_eq!(nth(1, Weekday::Sat, 6).in_year(2024), Some(date("2024-06-01")));
        assert_eq!(nth(4, Weekday::Thu, 11).in_year(2024), Some(date("2024-11-28")));
        assert_eq!(nth(5, Weekday::Mon, 2).in_year(2024), None);
    }

    #[test]
    fn the_last_weekday_may_be_the_last_day() {
        let last = Anchor::Last { weekday: Weekday::Mon, month: 12 };
        assert_eq!(last.in_year(2029), Some(date("2029-12-31")));
        let before = Anchor::Before { weekday: Weekday::Mon, month: 5, day: 25 };
        assert_eq!(before.in_year(2026), Some(date("2026-05-18")));
        assert_eq!(before.in_year(2027), Some(date("2027-05-24")));
    }

    #[test]
    fn a_weekend_moves_a_day_as_the_rule_says() {
        let mut rule = YearlyRule {
            anchor: Anchor::Fixed { month: 7, day: 4 },
            plus_days: 0,
            valid: date("1990-01-01")..date("2030-01-01"),
            on: WeekdaySet::ALL,
            moved_days: [0, 0, 0, 0, 0, -1, 1],
            except_years: vec![2023],
        };
        assert_eq!(rule.in_year(2020), Some(date("2020-07-03")));
        assert_eq!(rule.in_year(2021), Some(date("2021-07-05")));
        assert_eq!(rule.in_year(2022), Some(date("2022-07-04")));
        assert_eq!(rule.in_year(2023), None);
        assert_eq!(rule.in_year(2030), None);
        rule.on = WeekdaySet::default().with(Weekday::Thu);
        assert_eq!(rule.in_year(2022), None);
        assert_eq!(rule.in_year(2024), Some(date("2024-07-04")));
    }
}
