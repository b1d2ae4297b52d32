//! The zones of clocks as people write them: places, abbreviations, offsets.

use openbell_time::Nanos;

/// Abbreviations that mean one offset wherever they are written, in hours ahead of UTC. Those that
/// mean several (CST, IST, BST) are read on the clock of the zone that the user names.
const ABBREVIATIONS: [(&str, i64); 19] = [
    ("EST", -5),
    ("EDT", -4),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("HST", -10),
    ("UT", 0),
    ("WEST", 1),
    ("CEST", 2),
    ("EEST", 3),
    ("HKT", 8),
    ("SGT", 8),
    ("JST", 9),
    ("KST", 9),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZDT", 13),
];

/// What brokers write for the clocks of the United States, in winter and in summer.
const CLOCKS: [(&str, chrono_tz::Tz); 4] = [
    ("ET", chrono_tz::America::New_York),
    ("CT", chrono_tz::America::Chicago),
    ("MT", chrono_tz::America::Denver),
    ("PT", chrono_tz::America::Los_Angeles),
];

/// What is written behind a clock time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WrittenZone {
    /// How far that clock says that it is ahead of UTC.
    Offset(Nanos),
    /// The name of a place of the zone database.
    Named(chrono_tz::Tz),
    /// An abbreviation, and how far it says that its clock is ahead of UTC; where it means several,
    /// that is known only where the place is.
    Abbreviated(Abbreviation, Option<Nanos>),
}

/// A few capital letters, zeros behind them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Abbreviation([u8; 5]);

impl Abbreviation {
    /// `text`, if it is written like one; what halves a day is none.
    fn of(text: &str) -> Option<Abbreviation> {
        let is_one = (2..=5).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase())
            && !matches!(text, "AM" | "PM");
        let mut letters = [0; 5];
        if is_one {
            letters[..text.len()].copy_from_slice(text.as_bytes());
        }
        is_one.then_some(Abbreviation(letters))
    }

    /// Whether a clock that shows `text` shows this.
    pub(super) fn is(self, text: &str) -> bool {
        Abbreviation::of(text) == Some(self)
    }
}

/// The clock time of a text, and the offset or zone at its end, if there is one after a time of
/// day.
pub(super) fn split_zone(text: &str) -> (&str, Option<WrittenZone>) {
    if let Some(clock) = text.strip_suffix(['Z', 'z'])
        && clock.ends_with(|c: char| c.is_ascii_digit() || c == ' ')
    {
        return (clock.trim_end(), Some(WrittenZone::Offset(Nanos::ZERO)));
    }
    // `2025-07-02T09:30:00-04:00[America/New_York]`: the offset says more than the name.
    if let Some((before, name)) = text.strip_suffix(']').and_then(|text| text.split_once('['))
        && let Ok(zone) = name.parse()
    {
        return match split_zone(before) {
            (clock, None) => (clock, Some(WrittenZone::Named(zone))),
            found => found,
        };
    }
    if let Some((clock, name)) = text.rsplit_once(' ')
        && let Some(zone) = zone_behind(name)
    {
        return (clock.trim_end(), Some(zone));
    }
    if let Some(at) = text.rfind(['+', '-'])
        && text[..at].contains(':')
        && let Some(offset) = offset_of(&text[at..])
    {
        return (text[..at].trim_end(), Some(WrittenZone::Offset(offset)));
    }
    (text, None)
}

/// The zone that a word behind a time of day means: `UTC`, `GMT-4`, `EDT`, `US/Eastern`.
fn zone_behind(name: &str) -> Option<WrittenZone> {
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    if let Some(offset) = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")) {
        let hours = |sign: i64, text: &str| match text.parse() {
            Ok(hours @ 0..24) if text.len() < 3 => Some(Nanos::from_secs(sign * hours * 3_600)),
            _ => None,
        };
        let ahead = match offset.split_at_checked(1) {
            None => Some(Nanos::ZERO),
            Some(("+", text)) => hours(1, text).or_else(|| offset_of(offset)),
            Some(("-", text)) => hours(-1, text).or_else(|| offset_of(offset)),
            Some(_) => None,
        };
        return ahead.map(WrittenZone::Offset);
    }
    let abbreviated = |offset| {
        Abbreviation::of(name).map(|abbreviation| WrittenZone::Abbreviated(abbreviation, offset))
    };
    if let Some(offset) = offset_named(name) {
        return abbreviated(Some(offset));
    }
    let named = clock_named(name).or_else(|| name.parse().ok()); // `Err`: no place
    named.map(WrittenZone::Named).or_else(|| abbreviated(None))
}

fn clock_named(name: &str) -> Option<chrono_tz::Tz> {
    CLOCKS.iter().find(|(known, _)| *known == name).map(|&(_, zone)| zone)
}

/// The zone that a person means: a place of the zone database, upper or lower case, also by its
/// city alone where only one is called so, or the clock of a part of the United States.
pub(super) fn zone_named(text: &str) -> Option<chrono_tz::Tz> {
    if let Some(zone) = clock_named(text).or_else(|| text.parse().ok()) {
        return Some(zone); // `Err`: not written as in the database
    }
    let wanted = text.trim().replace(' ', "_");
    let is_wanted = |name: &str| name.eq_ignore_ascii_case(&wanted);
    let all = || chrono_tz::TZ_VARIANTS.iter().copied();
    if let Some(zone) = all().find(|zone| is_wanted(zone.name())) {
        return Some(zone);
    }
    let city = |zone: &chrono_tz::Tz| {
        zone.name().rsplit_once('/').is_some_and(|(area, city)| area != "Etc" && is_wanted(city))
    };
    let mut found = all().filter(city);
    match (found.next(), found.next()) {
        (Some(zone), None) => Some(zone),
        _ => None,
    }
}

/// The offset that an abbreviation means wherever it is written.
pub(super) fn offset_named(text: &str) -> Option<Nanos> {
    let known = ABBREVIATIONS.iter().find(|(known, _)| *known == text);
    known.map(|(_, hours)| Nanos::from_secs(hours * 3_600))
}

/// The offset that `+05:30`, `-0400` or `+02` says.
pub(super) fn offset_of(text: &str) -> Option<Nanos> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match (digits.len(), digits.split_once(':')) {
        (5, Some((hours, minutes))) if hours.len() == 2 => (hours, minutes),
        (4, None) => digits.split_at_checked(2)?,
        (2, None) => (digits, "00"),
        _ => return None,
    };
    let number = |text: &str| -> Option<i64> {
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        if is_number { text.parse().ok() } else { None } // `None`: no offset
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then(|| Nanos::from_secs(sign * (hours * 3_600 + minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_stamp_is_its_zone_only_behind_a_time_of_day() {
        let offset = |hours: i64| Some(WrittenZone::Offset(Nanos::from_secs(hours * 3_600)));
        let abbreviated = |name, hours: Option<i64>| {
            let offset = hours.map(|hours| Nanos::from_secs(hours * 3_600));
            Abbreviation::of(name).map(|name| WrittenZone::Abbreviated(name, offset))
        };
        let new_york = Some(WrittenZone::Named(chrono_tz::America::New_York));
        for (text, clock, zone) in [
            ("09:30:00Z", "09:30:00", offset(0)),
            ("09:30 UTC", "09:30", offset(0)),
            ("09:30 GMT-4", "09:30", offset(-4)),
            ("09:30 UTC+05:00", "09:30", offset(5)),
            ("09:30 EDT", "09:30", abbreviated("EDT", Some(-4))),
            ("15:30 CEST", "15:30", abbreviated("CEST", Some(2))),
            ("09:30 ET", "09:30", new_york),
            ("09:30-04:00[America/New_York]", "09:30", offset(-4)),
            ("09:30[America/New_York]", "09:30", new_york),
            ("09:30 CST", "09:30", abbreviated("CST", None)),
            ("09:30 AM", "09:30 AM", None),
            ("09:30", "09:30", None),
            ("2025-07-02", "2025-07-02", None),
        ] {
            assert_eq!(split_zone(text), (clock, zone), "{text}");
        }
    }

    #[test]
    fn a_zone_is_found_as_a_person_writes_it() {
        for (text, name) in [
            ("America/New_York", "America/New_York"),
            ("america/new york", "America/New_York"),
            ("new york", "America/New_York"),
            ("London", "Europe/London"),
            ("ET", "America/New_York"),
            ("utc", "UTC"),
        ] {
            assert_eq!(zone_named(text).map(|zone| zone.name()), Some(name), "{text}");
        }
        assert_eq!(zone_named("Atlantis"), None);
    }
}
