//! Stamps as CSV files write them, and the instants or labels that they mean.

use std::fmt;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone};
use openbell_market::BarInterval;
use openbell_time::{Nanos, TradingDate};

use super::options::{CsvOptions, ImportZone, StampedAt, WrittenOffset};
use super::report::ImportReason;
use crate::bar_file::StampUnit;

/// How stamps are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StampForm {
    /// A date, in the words of strftime.
    Date(String),
    /// A date and a time of day; an offset may follow.
    Local(String),
    /// A form of the user's that reads an offset itself.
    Offset(String),
    /// Whole numbers since 1970.
    Epoch(EpochUnit),
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

impl fmt::Display for StampForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StampForm::Date(pattern) | StampForm::Local(pattern) | StampForm::Offset(pattern) => {
                f.write_str(pattern)
            }
            StampForm::Epoch(unit) => f.write_str(match unit {
                EpochUnit::Seconds => "epoch_s",
                EpochUnit::Millis => "epoch_ms",
                EpochUnit::Micros => "epoch_us",
                EpochUnit::Nanos => "epoch_ns",
            }),
        }
    }
}

const DATES: [&str; 8] =
    ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%b %d, %Y"];
const TIMES: [&str; 7] =
    ["%H:%M:%S%.f", "%H:%M", "%H%M%S", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S:%f", "%H.%M.%S"];

/// All forms that are guessed, the usual first.
pub(super) fn usual_forms() -> Vec<StampForm> {
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
    forms.push(StampForm::Local("%Y%m%d%H%M%S".to_owned()));
    forms
}

/// The form that a user has named.
pub(super) fn form_of(format: &str) -> StampForm {
    let has = |words: &[&str]| words.iter().any(|word| format.contains(word));
    match format {
        "epoch_s" => StampForm::Epoch(EpochUnit::Seconds),
        "epoch_ms" => StampForm::Epoch(EpochUnit::Millis),
        "epoch_us" => StampForm::Epoch(EpochUnit::Micros),
        "epoch_ns" => StampForm::Epoch(EpochUnit::Nanos),
        _ if has(&["%z", "%:z", "%#z", "%+"]) => StampForm::Offset(format.to_owned()),
        _ if has(&["%H", "%I", "%k", "%l", "%T", "%R", "%r", "%X", "%c"]) => {
            StampForm::Local(format.to_owned())
        }
        _ => StampForm::Date(format.to_owned()),
    }
}

/// What a text says before zones are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Written {
    Date(NaiveDate),
    /// A clock time, and how far that clock says that it is ahead of UTC.
    Local(NaiveDateTime, Option<Nanos>),
    Instant(i64),
}

/// What `text` says in the form `form`; `None` where it is not of that form.
pub(super) fn read(form: &StampForm, text: &str) -> Option<Written> {
    match form {
        StampForm::Date(pattern) => {
            NaiveDate::parse_from_str(text, pattern).ok().map(Written::Date) // `None`: not of it
        }
        StampForm::Local(pattern) => {
            let (clock, offset) = split_offset(text);
            let local = NaiveDateTime::parse_from_str(clock, pattern).ok()?; // `None`: not of it
            Some(Written::Local(local, offset))
        }
        StampForm::Offset(pattern) => {
            let stamp = DateTime::parse_from_str(text, pattern).ok()?; // `None`: not of it
            let offset = Nanos::from_secs(stamp.offset().fix().local_minus_utc().into());
            Some(Written::Local(stamp.naive_local(), Some(offset)))
        }
        StampForm::Epoch(unit) => {
            let (raw, n_digits) = whole_number(text)?;
            let (unit, digits) = match unit {
                EpochUnit::Seconds => (StampUnit::Seconds, 9..=10),
                EpochUnit::Millis => (StampUnit::Millis, 12..=13),
                EpochUnit::Micros => (StampUnit::Micros, 15..=16),
                EpochUnit::Nanos => (StampUnit::Nanos, 18..=19),
            };
            if digits.contains(&n_digits) { unit.to_nanos(raw).map(Written::Instant) } else { None }
        }
    }
}

/// A whole number, also where a spreadsheet has made `1751463000.0` of it, and its digits.
fn whole_number(text: &str) -> Option<(i64, usize)> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let is_number = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
    if is_number { Some((whole.parse().ok()?, whole.len())) } else { None } // `None`: too long
}

/// The clock time of a text, and the offset at its end, if there is one after a time of day.
fn split_offset(text: &str) -> (&str, Option<Nanos>) {
    for utc in ["Z", "z", " UTC", " GMT"] {
        if let Some(clock) = text.strip_suffix(utc) {
            return (clock.trim_end(), Some(Nanos::ZERO));
        }
    }
    if let Some(at) = text.rfind(['+', '-'])
        && text[..at].contains(':')
        && let Some(offset) = offset_of(&text[at..])
    {
        return (text[..at].trim_end(), Some(offset));
    }
    (text, None)
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

/// The way in which the rows of a file follow each other, which tells apart the two hours that a
/// clock shows twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowOrder {
    /// The oldest row first.
    OldestFirst,
    /// The newest row first.
    NewestFirst,
}

/// Makes stamps of what is written, row after row.
#[derive(Clone, Debug)]
pub(super) struct StampReader {
    form: StampForm,
    interval: BarInterval,
    zone: Option<ImportZone>,
    written_offset: WrittenOffset,
    shift: Nanos,
    stamped_at: StampedAt,
    order: RowOrder,
    last_ns: Option<i64>,
}

impl StampReader {
    pub(super) fn new(form: StampForm, order: RowOrder, options: &CsvOptions) -> StampReader {
        StampReader {
            form,
            interval: options.interval,
            zone: options.zone,
            written_offset: options.written_offset,
            shift: options.shift,
            stamped_at: options.stamped_at,
            order,
            last_ns: None,
        }
    }

    /// The stamp of a bar, nanoseconds since 1970: its open, or its label.
    pub(super) fn stamp_ns(&mut self, text: &str) -> Result<i64, ImportReason> {
        let written = read(&self.form, text).ok_or(ImportReason::NotAStamp)?;
        match self.interval {
            BarInterval::Day | BarInterval::Week => self.label_ns(written),
            BarInterval::Clock(clock) => {
                let stamp_ns = self.instant_ns(written)?;
                let back = match self.stamped_at {
                    StampedAt::Open => Nanos::ZERO,
                    StampedAt::Close => clock.length(),
                };
                stamp_ns
                    .checked_add(self.shift.as_nanos())
                    .and_then(|ns| ns.checked_sub(back.as_nanos()))
                    .filter(|ns| ns % 1_000 == 0)
                    .ok_or(ImportReason::NotAStamp)
            }
        }
    }

    /// A day is named by the date that is written, whatever the time beside it.
    fn label_ns(&mut self, written: Written) -> Result<i64, ImportReason> {
        let local = match written {
            Written::Date(date) => date.and_time(chrono::NaiveTime::MIN),
            Written::Local(local, _) => local,
            Written::Instant(ns) => match self.zone {
                Some(ImportZone::Named(zone)) => zone
                    .from_utc_datetime(&DateTime::from_timestamp_nanos(ns).naive_utc())
                    .naive_local(),
                Some(ImportZone::Fixed(offset)) => {
                    DateTime::from_timestamp_nanos(ns.saturating_add(offset.as_nanos())).naive_utc()
                }
                None => DateTime::from_timestamp_nanos(ns).naive_utc(),
            },
        };
        let shifted = local
            .checked_add_signed(chrono::TimeDelta::nanoseconds(self.shift.as_nanos()))
            .ok_or(ImportReason::NotAStamp)?;
        let days = shifted.date().to_epoch_days();
        let date = TradingDate::from_days(days);
        let label = match (self.interval, self.stamped_at) {
            (BarInterval::Week, StampedAt::Open) => date.monday(),
            (BarInterval::Week, StampedAt::Close) => date.plus_days(-1).monday(),
            _ => date,
        };
        let label_ns = i64::from(label.as_days()).checked_mul(openbell_time::NANOS_PER_DAY);
        label_ns.ok_or(ImportReason::NotAStamp)
    }

    fn instant_ns(&mut self, written: Written) -> Result<i64, ImportReason> {
        let ns = match written {
            Written::Instant(ns) => ns,
            Written::Date(_) => return Err(ImportReason::NoTimeOfDay),
            Written::Local(local, Some(offset))
                if self.written_offset == WrittenOffset::Trusted =>
            {
                utc_ns(local, offset)?
            }
            Written::Local(local, _) => match self.zone {
                Some(ImportZone::Fixed(offset)) => utc_ns(local, offset)?,
                Some(ImportZone::Named(zone)) => self.zoned_ns(local, zone)?,
                None => return Err(ImportReason::NoZone),
            },
        };
        self.last_ns = Some(ns);
        Ok(ns)
    }

    /// An hour that the clock shows twice is the first of the two, unless the row before was
    /// there already; the other way round where the newest row comes first.
    fn zoned_ns(&self, local: NaiveDateTime, zone: chrono_tz::Tz) -> Result<i64, ImportReason> {
        let ns = |stamp: DateTime<chrono_tz::Tz>| {
            stamp.timestamp_nanos_opt().ok_or(ImportReason::NotAStamp)
        };
        match zone.from_local_datetime(&local) {
            LocalResult::Single(stamp) => ns(stamp),
            LocalResult::None => Err(ImportReason::NoSuchLocalTime),
            LocalResult::Ambiguous(earlier, later) => {
                let (earlier, later) = (ns(earlier)?, ns(later)?);
                Ok(match (self.order, self.last_ns) {
                    (RowOrder::OldestFirst, Some(last)) if last >= earlier => later,
                    (RowOrder::OldestFirst, _) => earlier,
                    (RowOrder::NewestFirst, Some(last)) if last <= later => earlier,
                    (RowOrder::NewestFirst, _) => later,
                })
            }
        }
    }
}

fn utc_ns(local: NaiveDateTime, offset: Nanos) -> Result<i64, ImportReason> {
    let local_ns = local.and_utc().timestamp_nanos_opt();
    local_ns.and_then(|ns| ns.checked_sub(offset.as_nanos())).ok_or(ImportReason::NotAStamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openbell_time::Timestamp;

    fn reader(format: &str, interval: &str, zone: &str, order: RowOrder) -> StampReader {
        let mut options = CsvOptions::new(interval.parse().unwrap());
        options.zone = Some(zone.parse().unwrap());
        StampReader::new(form_of(format), order, &options)
    }

    fn stamps(reader: &mut StampReader, texts: &[&str]) -> Vec<Result<String, ImportReason>> {
        texts
            .iter()
            .map(|text| reader.stamp_ns(text).map(|ns| Timestamp::from_nanos(ns).to_string()))
            .collect()
    }

    #[test]
    fn the_hour_that_is_shown_twice_is_told_apart_by_the_order_of_rows() {
        let rows = ["2024-11-03 01:30", "2024-11-03 01:45", "2024-11-03 01:15"];
        let mut reader = reader("%Y-%m-%d %H:%M", "15m", "America/New_York", RowOrder::OldestFirst);
        let read: Vec<_> = stamps(&mut reader, &rows).into_iter().map(Result::unwrap).collect();
        assert_eq!(read, ["2024-11-03T05:30:00Z", "2024-11-03T05:45:00Z", "2024-11-03T06:15:00Z"]);
    }

    #[test]
    fn an_hour_that_the_clock_leaves_out_is_refused() {
        let mut reader = reader("%Y-%m-%d %H:%M", "1m", "America/New_York", RowOrder::OldestFirst);
        assert_eq!(
            stamps(&mut reader, &["2025-03-09 02:30"]),
            [Err(ImportReason::NoSuchLocalTime)]
        );
    }

    #[test]
    fn an_offset_is_found_after_a_time_of_day_only() {
        let form = StampForm::Local("%Y-%m-%d %H:%M:%S%.f".to_owned());
        let local = |text| match read(&form, text) {
            Some(Written::Local(_, offset)) => offset.map(Nanos::as_secs),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(local("2025-07-02 09:30:00"), None);
        assert_eq!(local("2025-07-02 09:30:00.000000"), None);
        assert_eq!(local("2025-07-02 09:30:00-04:00"), Some(-14_400));
        assert_eq!(local("2025-07-02 09:30:00 +0530"), Some(19_800));
        assert_eq!(local("2025-07-02 09:30:00Z"), Some(0));
    }

    #[test]
    fn a_week_is_named_by_its_monday() {
        let mut reader = reader("%Y-%m-%d", "1w", "UTC", RowOrder::OldestFirst);
        assert_eq!(stamps(&mut reader, &["2025-07-04"]), [Ok("2025-06-30T00:00:00Z".to_owned())]);
    }
}
