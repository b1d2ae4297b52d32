//! The forms in which stamps are written, and the one that the stamps of a file have.

use std::fmt;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset};
use openbell_time::Nanos;

use super::zones::{WrittenZone, split_zone};
use crate::codec::bar_file::StampUnit;

/// How stamps are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StampForm {
    /// A date, in the words of strftime.
    Date(String),
    /// A date and a time of day; an offset or the name of a zone may follow.
    Local(String),
    /// A form of the user's that reads an offset itself.
    Offset(String),
    /// Whole numbers since 1970, with as many digits as the instants of 1973 to 2286 have.
    Epoch(EpochUnit),
    /// Whole numbers since 1970, of any size: the user says so.
    NamedEpoch(EpochUnit),
}

impl StampForm {
    /// The unit of whole numbers.
    pub(super) fn unit(&self) -> Option<EpochUnit> {
        match self {
            StampForm::Epoch(unit) | StampForm::NamedEpoch(unit) => Some(*unit),
            StampForm::Date(_) | StampForm::Local(_) | StampForm::Offset(_) => None,
        }
    }
}

/// The unit of whole numbers since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // The units say it.
pub enum EpochUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl EpochUnit {
    /// What it counts.
    pub fn name(self) -> &'static str {
        match self {
            EpochUnit::Seconds => "seconds",
            EpochUnit::Millis => "milliseconds",
            EpochUnit::Micros => "microseconds",
            EpochUnit::Nanos => "nanoseconds",
        }
    }

    /// How many digits the instants from 1973 to 2286 have.
    fn digits(self) -> std::ops::RangeInclusive<usize> {
        match self {
            EpochUnit::Seconds => 9..=10,
            EpochUnit::Millis => 12..=13,
            EpochUnit::Micros => 15..=16,
            EpochUnit::Nanos => 18..=19,
        }
    }

    /// The unit in which a whole number of so many digits is an instant from 1973 to 2286.
    pub(super) fn by_digits(text: &str) -> Option<EpochUnit> {
        let whole = whole_number(text)?;
        let units = [EpochUnit::Seconds, EpochUnit::Millis, EpochUnit::Micros, EpochUnit::Nanos];
        units
            .into_iter()
            .find(|unit| !whole.starts_with('-') && unit.digits().contains(&whole.len()))
    }
}

impl fmt::Display for StampForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StampForm::Date(pattern) | StampForm::Local(pattern) | StampForm::Offset(pattern) => {
                f.write_str(pattern)
            }
            StampForm::Epoch(unit) | StampForm::NamedEpoch(unit) => f.write_str(match unit {
                EpochUnit::Seconds => "epoch_s",
                EpochUnit::Millis => "epoch_ms",
                EpochUnit::Micros => "epoch_us",
                EpochUnit::Nanos => "epoch_ns",
            }),
        }
    }
}

/// Dates; `%B` reads a month's short name too.
const DATES: [&str; 19] = [
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d-%B-%Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%B %d %Y",
    "%a, %d %B %Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d-%B-%y",
    "%d %B %y",
];
const TIMES: [&str; 9] = [
    "%H:%M:%S%.f",
    "%H:%M",
    "%H%M%S",
    "%H%M",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%H:%M:%S:%f",
    "%H.%M.%S",
    "%H.%M",
];

/// All forms that are guessed, the usual first. A blank in a form reads none as well.
fn usual_forms() -> Vec<FormReader> {
    let mut forms: Vec<StampForm> =
        [EpochUnit::Seconds, EpochUnit::Millis, EpochUnit::Micros, EpochUnit::Nanos]
            .map(StampForm::Epoch)
            .to_vec();
    forms.extend(DATES.iter().map(|date| StampForm::Date((*date).to_owned())));
    for date in DATES {
        for time in TIMES {
            for between in [" ", "T"] {
                forms.push(StampForm::Local(format!("{date}{between}{time}")));
            }
        }
    }
    forms.into_iter().map(FormReader::new).collect()
}

/// The form that a user has named.
pub(super) fn form_of(format: &str) -> StampForm {
    let has = |words: &[&str]| words.iter().any(|word| format.contains(word));
    match format {
        "epoch_s" => StampForm::NamedEpoch(EpochUnit::Seconds),
        "epoch_ms" => StampForm::NamedEpoch(EpochUnit::Millis),
        "epoch_us" => StampForm::NamedEpoch(EpochUnit::Micros),
        "epoch_ns" => StampForm::NamedEpoch(EpochUnit::Nanos),
        _ if has(&["%z", "%:z", "%#z", "%+"]) => StampForm::Offset(format.to_owned()),
        _ if has(&["%H", "%I", "%k", "%l", "%T", "%R", "%r", "%X", "%c"]) => {
            StampForm::Local(format.to_owned())
        }
        _ => StampForm::Date(format.to_owned()),
    }
}

/// Whether `text` is a time of day that may stand beside a date.
pub(super) fn is_time(text: &str) -> bool {
    TIMES.iter().any(|form| NaiveTime::parse_from_str(text, form).is_ok())
}

/// What a text says before zones are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Written {
    Date(NaiveDate),
    /// A clock time, and what is written of the zone of that clock.
    Local(NaiveDateTime, Option<WrittenZone>),
    Instant(i64),
}

/// Reads texts of one form, whose words are looked up once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FormReader {
    form: StampForm,
    items: Vec<Item<'static>>,
}

impl FormReader {
    pub(super) fn new(form: StampForm) -> FormReader {
        let items = match &form {
            StampForm::Date(pattern) | StampForm::Local(pattern) | StampForm::Offset(pattern) => {
                StrftimeItems::new(pattern).map(Item::to_owned).collect()
            }
            StampForm::Epoch(_) | StampForm::NamedEpoch(_) => Vec::new(),
        };
        FormReader { form, items }
    }

    pub(super) fn form(&self) -> &StampForm {
        &self.form
    }

    fn parsed(&self, text: &str) -> Option<Parsed> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, self.items.iter()).ok()?; // `None`: not of it
        Some(parsed)
    }

    fn local(&self, text: &str) -> Option<NaiveDateTime> {
        self.parsed(text)?.to_naive_datetime_with_offset(0).ok() // `None`: no such day or time
    }

    /// What `text` says; `None` where it is not of the form, or of a year in which no instant lies:
    /// `02-Jan-19` is not of the year 19.
    pub(super) fn read(&self, text: &str) -> Option<Written> {
        let is_year = |year: i32| (1677..=2262).contains(&year);
        match &self.form {
            StampForm::Date(_) => {
                let date = self.parsed(text)?.to_naive_date().ok()?; // `None`: no such day
                is_year(date.year()).then_some(Written::Date(date))
            }
            StampForm::Local(_) => {
                let (clock, zone) = split_zone(text);
                let local = |text| self.local(text).or_else(|| self.end_of_day(text));
                // A form of the user's may end in letters that are no zone: `09:30 14 JAN`.
                let (local, zone) = match local(clock) {
                    Some(local) => (local, zone),
                    None => (local(text)?, None),
                };
                is_year(local.year()).then_some(Written::Local(local, zone))
            }
            StampForm::Offset(_) => {
                let stamp = self.parsed(text)?.to_datetime().ok()?; // `None`: no such instant
                let offset = Nanos::from_secs(stamp.offset().fix().local_minus_utc().into());
                let zone = Some(WrittenZone::Offset(offset));
                is_year(stamp.year()).then_some(Written::Local(stamp.naive_local(), zone))
            }
            StampForm::Epoch(unit) => {
                let whole = whole_number(text)?;
                let is_usual = !whole.starts_with('-') && unit.digits().contains(&whole.len());
                if is_usual { instant(whole, *unit) } else { None }
            }
            StampForm::NamedEpoch(unit) => instant(whole_number(text)?, *unit),
        }
    }

    /// Whether `text` is a stamp of this form.
    pub(super) fn reads(&self, text: &str) -> bool {
        self.read(text).is_some()
    }

    /// The midnight that `24:00` means, the end of the day before which it is written.
    fn end_of_day(&self, text: &str) -> Option<NaiveDateTime> {
        let is_apart = |at: &usize| *at == 0 || !text.as_bytes()[at - 1].is_ascii_digit();
        let at = text.find("24:00").filter(is_apart)?;
        let rest = &text[at + "24:00".len()..];
        if !rest.bytes().all(|b| matches!(b, b'0' | b':' | b'.')) {
            return None;
        }
        let midnight = self.local(&format!("{}00:00{rest}", &text[..at]))?;
        midnight.checked_add_days(chrono::Days::new(1))
    }
}

fn instant(whole: &str, unit: EpochUnit) -> Option<Written> {
    let unit = match unit {
        EpochUnit::Seconds => StampUnit::Seconds,
        EpochUnit::Millis => StampUnit::Millis,
        EpochUnit::Micros => StampUnit::Micros,
        EpochUnit::Nanos => StampUnit::Nanos,
    };
    unit.to_nanos(whole.parse().ok()?).map(Written::Instant) // `None`: too large
}

/// The digits of a whole number, also where a spreadsheet has made `1751463000.0` of it.
fn whole_number(text: &str) -> Option<&str> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(whole)
}

/// The forms that the stamps of a file may have, fewer with each stamp that is looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Candidates(Vec<FormReader>);

impl Candidates {
    /// The forms that read the most of `stamps`, the most usual first. Where some read the same of
    /// all of them, only the most usual stays; none where no form reads any.
    pub(super) fn of(stamps: &[String]) -> Candidates {
        let mut n_most = 1;
        let mut best: Vec<(FormReader, Vec<Option<Written>>)> = Vec::new();
        for form in usual_forms() {
            let read: Vec<_> = stamps.iter().map(|text| form.read(text)).collect();
            let n_read = read.iter().flatten().count();
            if n_read > n_most {
                n_most = n_read;
                best.clear();
            }
            if n_read == n_most && !best.iter().any(|(_, other)| *other == read) {
                best.push((form, read));
            }
        }
        let mut forms: Vec<FormReader> = best.into_iter().map(|(form, _)| form).collect();
        // 201901020930 is a date and a time of day, and the milliseconds of a day of 1976 too.
        if forms.iter().any(|form| matches!(form.form(), StampForm::Local(_))) {
            forms.retain(|form| !matches!(form.form(), StampForm::Epoch(_)));
        }
        Candidates(forms)
    }

    /// All usual forms that read each of `stamps`.
    pub(super) fn reading_all(stamps: &[String]) -> Vec<FormReader> {
        let reads_all = |form: &FormReader| stamps.iter().all(|text| form.reads(text));
        usual_forms().into_iter().filter(reads_all).collect()
    }

    /// Leaves out those that do not read `text`, where others do.
    pub(super) fn narrow(&mut self, text: &str) {
        if self.0.iter().any(|form| form.reads(text)) {
            self.0.retain(|form| form.reads(text));
        }
    }

    /// The forms that are left, the most usual first.
    pub(super) fn forms(&self) -> &[FormReader] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: StampForm, text: &str) -> Option<Written> {
        FormReader::new(form).read(text)
    }

    fn guessed(texts: &[&str]) -> Vec<String> {
        let stamps: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Candidates::of(&stamps).forms().iter().map(|form| form.form().to_string()).collect()
    }

    #[test]
    fn an_offset_is_found_after_a_time_of_day_only() {
        let form = StampForm::Local("%Y-%m-%d %H:%M:%S%.f".to_owned());
        let local = |text| match read(form.clone(), text) {
            Some(Written::Local(_, zone)) => zone,
            other => panic!("{text}: {other:?}"),
        };
        let offset = |seconds| Some(WrittenZone::Offset(Nanos::from_secs(seconds)));
        assert_eq!(local("2025-07-02 09:30:00"), None);
        assert_eq!(local("2025-07-02 09:30:00.000000"), None);
        assert_eq!(local("2025-07-02 09:30:00-04:00"), offset(-14_400));
        assert_eq!(local("2025-07-02 09:30:00 +0530"), offset(19_800));
        assert_eq!(local("2025-07-02 09:30:00Z"), offset(0));
        let eastern = WrittenZone::Named(chrono_tz::US::Eastern);
        assert_eq!(local("2025-07-02 09:30:00 US/Eastern"), Some(eastern));
    }

    #[test]
    fn the_form_is_the_one_that_reads_the_stamps() {
        for (texts, forms) in [
            (&["1751463000"][..], &["epoch_s"][..]),
            (&["1751463000000000"], &["epoch_us"]),
            (&["2019.01.02 09:30"], &["%Y.%m.%d %H:%M"]),
            (&["201901020930"], &["%Y%m%d %H%M"]),
            (&["2 January 2019 09:30"], &["%d %B %Y %H:%M"]),
            (&["02-Jan-19"], &["%d-%B-%y"]),
            (&["01/14/2019 9:30 AM"], &["%m/%d/%Y %I:%M %p"]),
            (&["03/04/2019 09:30"], &["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"]),
            (&["Wed, 02 Jan 2019 09:30:00 GMT"], &["%a, %d %B %Y %H:%M:%S%.f"]),
            (&["half past nine"], &[]),
            (&["34200000"], &[]),
        ] {
            assert_eq!(guessed(texts), forms, "{texts:?}");
        }
    }

    #[test]
    fn a_later_stamp_tells_day_and_month_apart() {
        let mut forms = Candidates::of(&["03/04/2019 09:30".to_owned()]);
        forms.narrow("no stamp");
        forms.narrow("04/04/2019 09:30");
        assert_eq!(forms.forms().len(), 2);
        forms.narrow("13/04/2019 09:30");
        let left: Vec<String> = forms.forms().iter().map(|form| form.form().to_string()).collect();
        assert_eq!(left, ["%d/%m/%Y %H:%M"]);
    }

    #[test]
    fn the_letters_of_a_month_are_no_zone() {
        let form = form_of("%H:%M %d %b %Y, %a");
        assert!(matches!(read(form, "09:30 14 Jan 2019, MON"), Some(Written::Local(_, None))));
    }

    #[test]
    fn a_named_epoch_has_any_size() {
        assert_eq!(read(form_of("epoch_s"), "-60"), Some(Written::Instant(-60_000_000_000)));
        assert_eq!(read(StampForm::Epoch(EpochUnit::Seconds), "-60"), None);
    }
}
