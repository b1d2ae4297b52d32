//! Reading fact files and overlays, line by line.

use std::ops::Range;

use super::rule::{Anchor, WeekdaySet, YearlyRule};
use super::{DayChange, DayLine, Days, Facts, Hours, HoursLine, SessionSecond, WeekdayLine};
use crate::{TimeError, TimeOfDay, TradingDate, Weekday};

/// Reads one calendar's fact file.
///
/// # Errors
///
/// [`TimeError::FactLine`] with the first line that cannot be read; [`TimeError::FactMissing`].
pub(crate) fn parsed(text: &str) -> Result<Facts, TimeError> {
    let mut draft = Draft::default();
    for line in lines(text) {
        draft.take(&line)?;
    }
    draft.finished()
}

/// The facts with those lines of an overlay laid over them that stand under their calendar's name.
///
/// # Errors
///
/// As [`parsed`]; an overlay may hold no line that a calendar has once.
pub(crate) fn overlaid(mut facts: Facts, overlay: &str) -> Result<Facts, TimeError> {
    for section in overlay_sections(overlay)? {
        if section.calendar != facts.name {
            continue;
        }
        for line in section.lines {
            match line.entry(&facts.covered)? {
                Entry::Weekdays(weekdays) => facts.weekdays.push(weekdays),
                Entry::Hours(hours) => facts.hours.push(hours),
                Entry::Day(day) => facts.days.push(day),
                Entry::Known(date) => facts.known_through = date,
                Entry::Source(source) => facts.sources.push(source),
                _ => {
                    return Err(line.wrong(
                        "an overlay holds weekdays, hours, closed, open, early, late, known and source lines",
                        line.first_word(),
                    ));
                }
            }
        }
    }
    Ok(facts)
}

/// The lines of an overlay that stand under one calendar's name.
pub(crate) struct OverlaySection<'a> {
    pub(crate) calendar: &'a str,
    pub(crate) lines: Vec<Line<'a>>,
}

/// The sections of an overlay, in order; a calendar may have several.
///
/// # Errors
///
/// [`TimeError::FactMissing`] where a line stands before the first `calendar` line.
pub(crate) fn overlay_sections(overlay: &str) -> Result<Vec<OverlaySection<'_>>, TimeError> {
    let mut sections: Vec<OverlaySection<'_>> = Vec::new();
    for line in lines(overlay) {
        if line.first_word() == "calendar" {
            let calendar = line.rest_of_text();
            sections.push(OverlaySection { calendar, lines: Vec::new() });
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(line);
        } else {
            return Err(TimeError::FactMissing { calendar: String::new(), needed: "calendar" });
        }
    }
    Ok(sections)
}

/// A calendar of which not all lines are read yet.
#[derive(Default)]
struct Draft {
    name: Option<String>,
    about: String,
    sources: Vec<String>,
    zone: Option<String>,
    covered: Option<Range<TradingDate>>,
    known_through: Option<TradingDate>,
    hours_since: Option<TradingDate>,
    weekdays: Vec<WeekdayLine>,
    hours: Vec<HoursLine>,
    days: Vec<DayLine>,
}

impl Draft {
    fn take(&mut self, line: &Line<'_>) -> Result<(), TimeError> {
        let always = TradingDate::from_days(i32::MIN / 2)..TradingDate::from_days(i32::MAX / 2);
        let covered = self.covered.clone().unwrap_or(always);
        match line.entry(&covered)? {
            Entry::Calendar(name) => self.name = Some(name),
            Entry::About(about) => self.about = about,
            Entry::Source(source) => self.sources.push(source),
            Entry::Zone(zone) => self.zone = Some(zone),
            Entry::Covers(range) => self.covered = Some(range),
            Entry::Known(date) => self.known_through = Some(date),
            Entry::Trusted(date) => self.hours_since = Some(date),
            Entry::Weekdays(weekdays) => self.weekdays.push(weekdays),
            Entry::Hours(hours) => self.hours.push(hours),
            Entry::Day(day) => self.days.push(day),
        }
        Ok(())
    }

    fn finished(self) -> Result<Facts, TimeError> {
        let calendar = self.name.clone().unwrap_or_default();
        let missing = |needed| TimeError::FactMissing { calendar: calendar.clone(), needed };
        if self.weekdays.is_empty() {
            return Err(missing("weekdays"));
        }
        if self.hours.is_empty() {
            return Err(missing("hours"));
        }
        Ok(Facts {
            name: self.name.ok_or_else(|| missing("calendar"))?,
            about: self.about,
            sources: self.sources,
            zone: self.zone.ok_or_else(|| missing("zone"))?,
            covered: self.covered.ok_or_else(|| missing("covers"))?,
            known_through: self.known_through.ok_or_else(|| missing("known"))?,
            hours_since: self.hours_since,
            weekdays: self.weekdays,
            hours: self.hours,
            days: self.days,
        })
    }
}

/// What one line says.
enum Entry {
    Calendar(String),
    About(String),
    Source(String),
    Zone(String),
    Covers(Range<TradingDate>),
    Known(TradingDate),
    Trusted(TradingDate),
    Weekdays(WeekdayLine),
    Hours(HoursLine),
    Day(DayLine),
}

/// A line that says something, its comment cut off.
pub(crate) struct Line<'a> {
    line_no: usize,
    text: &'a str,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().enumerate().filter_map(|(idx, whole)| {
        let text = whole.split_once('#').map_or(whole, |(before, _)| before).trim();
        (!text.is_empty()).then_some(Line { line_no: idx + 1, text })
    })
}

impl<'a> Line<'a> {
    fn first_word(&self) -> &'a str {
        self.text.split_whitespace().next().unwrap_or_default()
    }

    /// All after the first word.
    fn rest_of_text(&self) -> &'a str {
        self.text[self.first_word().len()..].trim()
    }

    fn wrong(&self, problem: &'static str, found: &str) -> TimeError {
        TimeError::FactLine {
            line_no: self.line_no,
            line: self.text.to_owned(),
            problem,
            found: found.to_owned(),
        }
    }

    fn entry(&self, covered: &Range<TradingDate>) -> Result<Entry, TimeError> {
        let rest = self.rest_of_text();
        match self.first_word() {
            "calendar" => Ok(Entry::Calendar(rest.to_owned())),
            "about" => Ok(Entry::About(rest.to_owned())),
            "source" => Ok(Entry::Source(rest.to_owned())),
            "zone" => Ok(Entry::Zone(rest.to_owned())),
            "covers" => match self.span(rest)? {
                (Some(since), Some(until)) if since < until => Ok(Entry::Covers(since..until)),
                _ => Err(self.wrong("needs `since DATE until DATE`, in that order", rest)),
            },
            "known" => match rest.strip_prefix("through ") {
                Some(date) => Ok(Entry::Known(self.date(date.trim())?)),
                None => Err(self.wrong("needs `through DATE`", rest)),
            },
            "trusted" => match self.span(rest)? {
                (Some(since), None) => Ok(Entry::Trusted(since)),
                _ => Err(self.wrong("needs `since DATE`", rest)),
            },
            "weekdays" => self.weekday_line(rest, covered),
            "hours" => self.hours_line(rest, covered),
            "closed" | "open" | "early" | "late" => self.day_line(rest, covered),
            other => Err(self.wrong(
                "needs calendar, about, source, zone, covers, known, trusted, weekdays, hours, closed, open, early or late",
                other,
            )),
        }
    }

    fn weekday_line(&self, rest: &str, covered: &Range<TradingDate>) -> Result<Entry, TimeError> {
        let mut clauses = rest.split(',').map(str::trim);
        let weekdays = self.weekday_set(clauses.next().unwrap_or_default())?;
        let mut limits = Limits::new(covered);
        for clause in clauses {
            limits.take(self, clause)?;
        }
        limits.only_a_range(self)?;
        Ok(Entry::Weekdays(WeekdayLine { weekdays, valid: limits.valid }))
    }

    fn hours_line(&self, rest: &str, covered: &Range<TradingDate>) -> Result<Entry, TimeError> {
        let mut clauses = rest.split(',').map(str::trim);
        let (open, close) = self.two_times(clauses.next().unwrap_or_default())?;
        let mut hours = Hours { open, close, break_hours: None, pre_open: None, post_close: None };
        let mut limits = Limits::new(covered);
        for clause in clauses {
            if let Some(times) = clause.strip_prefix("break ") {
                hours.break_hours = Some(self.two_times(times)?);
            } else if let Some(time) = clause.strip_prefix("pre ") {
                hours.pre_open = Some(self.time(time)?);
            } else if let Some(time) = clause.strip_prefix("post ") {
                hours.post_close = Some(self.time(time)?);
            } else {
                limits.take(self, clause)?;
            }
        }
        limits.only_a_range(self)?;
        self.check_order(&hours)?;
        Ok(Entry::Hours(HoursLine { hours, valid: limits.valid }))
    }

    fn check_order(&self, hours: &Hours) -> Result<(), TimeError> {
        let (shut, again) = hours.break_hours.unwrap_or((hours.close, hours.close));
        let pre_open = hours.pre_open.unwrap_or(hours.open - 1);
        let post_close = hours.post_close.unwrap_or(hours.close + 1);
        let in_order = pre_open < hours.open
            && hours.open < shut
            && (shut < again || hours.break_hours.is_none())
            && (again < hours.close || hours.break_hours.is_none())
            && hours.open < hours.close
            && hours.close < post_close;
        if in_order {
            Ok(())
        } else {
            Err(self.wrong("needs pre, open, break, close and post in this order", self.text))
        }
    }

    fn day_line(&self, rest: &str, covered: &Range<TradingDate>) -> Result<Entry, TimeError> {
        let (rest, reason) = match rest.split_once('=') {
            Some((rest, reason)) => (rest.trim(), reason.trim()),
            None => (rest, ""),
        };
        let mut clauses = rest.split(',').map(str::trim);
        let mut first = clauses.next().unwrap_or_default();
        let mut change = match self.first_word() {
            "closed" => DayChange::Closed,
            "open" => DayChange::Open { hours: None },
            kind => {
                let (time, days) = first.split_once(' ').unwrap_or((first, ""));
                first = days.trim();
                let time = self.time(time)?;
                match kind {
                    "early" => DayChange::Early { close: time, post_close: None },
                    _ => DayChange::Late { open: time },
                }
            }
        };
        let mut limits = Limits::new(covered);
        for clause in clauses {
            match (clause.split_once(' '), &mut change) {
                (Some(("post", time)), DayChange::Early { post_close, .. }) => {
                    *post_close = Some(self.time(time)?);
                }
                (Some(("hours", times)), DayChange::Open { hours }) => {
                    let (open, close) = self.two_times(times)?;
                    let own =
                        Hours { open, close, break_hours: None, pre_open: None, post_close: None };
                    self.check_order(&own)?;
                    *hours = Some(own);
                }
                (Some(("break", times)), DayChange::Open { hours: Some(own) }) => {
                    own.break_hours = Some(self.two_times(times)?);
                    self.check_order(own)?;
                }
                (Some(("break", _)), DayChange::Open { hours: None }) => {
                    return Err(self.wrong("needs `hours …` before its `break …`", clause));
                }
                _ => limits.take(self, clause)?,
            }
        }
        let days = match first.as_bytes().first() {
            Some(b'0'..=b'9') => {
                limits.nothing(self)?;
                Days::Dates(self.dates(first, covered)?)
            }
            _ => {
                let (anchor, plus_days) = self.anchor(first)?;
                Days::Rule(limits.rule(anchor, plus_days))
            }
        };
        Ok(Entry::Day(DayLine { line_no: self.line_no, days, change, reason: reason.to_owned() }))
    }

    fn dates(
        &self,
        text: &str,
        covered: &Range<TradingDate>,
    ) -> Result<Vec<TradingDate>, TimeError> {
        let dates = text.split_whitespace().map(|word| {
            let date = self.date(word)?;
            if covered.contains(&date) {
                Ok(date)
            } else {
                Err(self.wrong("needs a date that the calendar covers", word))
            }
        });
        dates.collect()
    }

    /// `Jan 1`, `third Mon of Jan`, `last Mon of May`, `Mon before May 25`, `easter`; each with
    /// days added or taken off behind it, `easter -2`.
    fn anchor(&self, text: &str) -> Result<(Anchor, i32), TimeError> {
        let needed = "needs dates, or a day such as `Jan 1`, `third Mon of Jan`, `last Mon of May`, `Mon before May 25`, `easter -2`";
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let plus_days = match words.last() {
            Some(word) if word.starts_with(['+', '-']) => {
                let days = word.parse().map_err(|_| self.wrong("needs whole days", word))?;
                words.pop();
                days
            }
            _ => 0,
        };
        let anchor = match words.as_slice() {
            ["easter"] => Some(Anchor::Easter),
            ["last", day, "of", month_name] => weekday(day)
                .zip(month(month_name))
                .map(|(weekday, month)| Anchor::Last { weekday, month }),
            [nth, day, "of", month_name] => {
                let n =
                    ["first", "second", "third", "fourth", "fifth"].iter().position(|w| w == nth);
                n.zip(weekday(day)).zip(month(month_name)).map(|((idx, weekday), month)| {
                    Anchor::Nth { n: idx as i32 + 1, weekday, month }
                })
            }
            [name, "before", month_name, day] => weekday(name)
                .zip(month_day(month_name, day))
                .map(|(weekday, (month, day))| Anchor::Before { weekday, month, day }),
            [month_name, day] => {
                month_day(month_name, day).map(|(month, day)| Anchor::Fixed { month, day })
            }
            _ => None,
        };
        anchor.map(|anchor| (anchor, plus_days)).ok_or_else(|| self.wrong(needed, text))
    }

    fn weekday_set(&self, text: &str) -> Result<WeekdaySet, TimeError> {
        let mut set = WeekdaySet::default();
        for word in text.split_whitespace() {
            let weekday = weekday(word).ok_or_else(|| self.wrong("needs Mon, Tue, … Sun", word))?;
            set = set.with(weekday);
        }
        if set.is_empty() { Err(self.wrong("needs at least one weekday", text)) } else { Ok(set) }
    }

    /// `09:30 to 16:00`, either of which may be of the evening before: `previous 17:00`.
    fn two_times(&self, text: &str) -> Result<(SessionSecond, SessionSecond), TimeError> {
        let (since, until) =
            text.split_once(" to ").ok_or_else(|| self.wrong("needs `HH:MM to HH:MM`", text))?;
        Ok((self.time(since)?, self.time(until)?))
    }

    fn time(&self, text: &str) -> Result<SessionSecond, TimeError> {
        let text = text.trim();
        if text == "24:00" {
            return Ok(86_400);
        }
        let (text, day) = match text.strip_prefix("previous ") {
            Some(rest) => (rest.trim(), -86_400),
            None => (text, 0),
        };
        let time: TimeOfDay =
            text.parse().map_err(|_| self.wrong("needs a time of day, HH:MM", text))?;
        Ok(day + i64::from(time.as_secs()))
    }

    fn date(&self, text: &str) -> Result<TradingDate, TimeError> {
        text.parse().map_err(|_| self.wrong("needs a date, YYYY-MM-DD", text))
    }

    /// A date, or a year, which means its first of January.
    fn date_or_year(&self, text: &str) -> Result<TradingDate, TimeError> {
        let year = (text.len() == 4).then(|| text.parse().ok()).flatten();
        match year.and_then(|year| TradingDate::from_ymd(year, 1, 1)) {
            Some(date) => Ok(date),
            None => self.date(text),
        }
    }

    /// `since DATE until DATE`, either of which may be left out.
    fn span(&self, text: &str) -> Result<(Option<TradingDate>, Option<TradingDate>), TimeError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["since", since] => Ok((Some(self.date_or_year(since)?), None)),
            ["until", until] => Ok((None, Some(self.date_or_year(until)?))),
            ["since", since, "until", until] => {
                Ok((Some(self.date_or_year(since)?), Some(self.date_or_year(until)?)))
            }
            _ => Err(self.wrong("needs `since DATE`, `until DATE` or both", text)),
        }
    }
}

/// What the clauses behind the first one limit a line to.
struct Limits {
    valid: Range<TradingDate>,
    on: WeekdaySet,
    moved_days: [i32; 7],
    except_years: Vec<i32>,
    is_empty: bool,
}

impl Limits {
    fn new(covered: &Range<TradingDate>) -> Limits {
        // A rule's day may lie a few days outside of what is covered and be moved into it.
        let valid = covered.start.plus_days(-31)..covered.end.plus_days(31);
        Limits {
            valid,
            on: WeekdaySet::ALL,
            moved_days: [0; 7],
            except_years: Vec::new(),
            is_empty: true,
        }
    }

    /// `since …`, `until …`, `on Mon Tue`, `if Sun +1`, `except 2002 2012`.
    fn take(&mut self, line: &Line<'_>, clause: &str) -> Result<(), TimeError> {
        self.is_empty = false;
        let words: Vec<&str> = clause.split_whitespace().collect();
        match words.as_slice() {
            ["since" | "until", ..] => {
                let (since, until) = line.span(clause)?;
                if let Some(since) = since {
                    self.valid.start = since;
                }
                if let Some(until) = until {
                    self.valid.end = until;
                }
            }
            ["on", weekdays @ ..] => self.on = line.weekday_set(&weekdays.join(" "))?,
            ["if", name, days] => {
                let weekday = weekday(name).ok_or_else(|| line.wrong("needs a weekday", name))?;
                let days = days.parse().map_err(|_| line.wrong("needs whole days", days))?;
                self.moved_days[usize::from(weekday.days_from_monday())] = days;
            }
            ["except", years @ ..] => {
                for year in years {
                    let year = year.parse().map_err(|_| line.wrong("needs a year", year))?;
                    self.except_years.push(year);
                }
            }
            _ => {
                return Err(line.wrong(
                    "needs `since …`, `until …`, `on Mon …`, `if Sun +1`, `except 2012 …`, or what this kind of line takes",
                    clause,
                ));
            }
        }
        Ok(())
    }

    fn rule(self, anchor: Anchor, plus_days: i32) -> YearlyRule {
        let Limits { valid, on, moved_days, except_years, is_empty: _ } = self;
        YearlyRule { anchor, plus_days, valid, on, moved_days, except_years }
    }

    fn only_a_range(&self, line: &Line<'_>) -> Result<(), TimeError> {
        let plain =
            self.on == WeekdaySet::ALL && self.moved_days == [0; 7] && self.except_years.is_empty();
        if plain {
            Ok(())
        } else {
            Err(line.wrong("takes only `since …` and `until …` here", line.text))
        }
    }

    fn nothing(&self, line: &Line<'_>) -> Result<(), TimeError> {
        if self.is_empty {
            Ok(())
        } else {
            Err(line.wrong("takes no limits beside written dates", line.text))
        }
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Weekday::ALL.into_iter().find(|weekday| weekday.to_string() == name)
}

fn month(name: &str) -> Option<u32> {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    (1..).zip(NAMES).find(|(_, known)| *known == name).map(|(month, _)| month)
}

fn month_day(month_name: &str, day: &str) -> Option<(u32, u32)> {
    let (month, day) = (month(month_name)?, day.parse().ok()?);
    // A leap year has every day that any year has.
    TradingDate::from_ymd(2000, month, day).map(|_| (month, day))
}
