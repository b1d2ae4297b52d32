//! The instants or labels that stamps of CSV files mean.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone, Timelike};
use chrono_tz::OffsetName;
use openbell_market::BarInterval;
use openbell_time::{Calendar, Nanos, Timestamp, TradingDate};

use super::closes::Closes;
use super::form::{EpochUnit, FormReader, StampForm, Written};
use super::labels::{self, Label, Labels};
use super::noted::{Noted, Strange};
use super::options::{CsvOptions, ImportZone, RowOrder, StampedAt, WrittenOffset};
use super::report::ImportReason;
use super::zones::{Abbreviation, WrittenZone};

/// Makes stamps of what is written, row after row.
#[derive(Clone, Debug)]
pub(super) struct StampReader {
    form: FormReader,
    interval: BarInterval,
    zone: Option<ImportZone>,
    written_offset: WrittenOffset,
    shift: Nanos,
    order: RowOrder,
    last_ns: Option<i64>,
    /// Where the close of a bar of a clock interval is stamped.
    closes: Option<Closes>,
    labels: Labels,
    /// The zone of the exchange.
    exchange: Option<chrono_tz::Tz>,
    /// The last label with what was written for it.
    last_label: Option<(TradingDate, i64)>,
    /// The line of the stamp that is read.
    line: u64,
    pub(super) noted: Noted,
}

impl StampReader {
    pub(super) fn new(
        form: StampForm,
        order: RowOrder,
        options: &CsvOptions,
        calendar: &Calendar,
    ) -> StampReader {
        StampReader {
            form: FormReader::new(form),
            interval: options.interval,
            zone: options.zone,
            written_offset: options.written_offset,
            shift: options.shift,
            order,
            last_ns: None,
            closes: match (options.interval, options.stamped_at) {
                (BarInterval::Clock(clock), StampedAt::Close) => {
                    Some(Closes::new(calendar.cursor(), clock))
                }
                _ => None,
            },
            labels: Labels::new(calendar, options.interval, options.stamped_at),
            exchange: calendar.zone_name().parse().ok(), // `Err`: a calendar of no place
            last_label: None,
            line: 0,
            noted: Noted::default(),
        }
    }

    /// The stamp of a bar, nanoseconds since 1970: its open, or its label. `line` is where `text` stands.
    pub(super) fn stamp_ns(&mut self, text: &str, line: u64) -> Result<i64, ImportReason> {
        self.line = line;
        let unit = self.form.form().unit();
        if let (Some(asked), Some(found)) = (unit, unit.and_then(|_| EpochUnit::by_digits(text)))
            && asked != found
        {
            self.noted.add(Strange::Unit(found), text, line);
        }
        let written = self.form.read(text).ok_or(ImportReason::NotAStamp)?;
        if let Written::Local(local, _) = written
            && local.nanosecond() >= 1_000_000_000
        {
            return Err(ImportReason::LeapSecond);
        }
        self.written_ns(written, text)
    }

    /// The stamp of a bar of which a column of instants says `raw_ns`: with a zone what its clock showed
    /// then, although it is taken for UTC; of a day or week at midnight, a date. `row` is its place.
    pub(super) fn raw_ns(&mut self, raw_ns: i64, row: u64) -> Result<i64, ImportReason> {
        self.line = row;
        let local = DateTime::from_timestamp_nanos(raw_ns).naive_utc();
        match (self.interval, self.zone) {
            (BarInterval::Clock(_), Some(_)) => self.written_ns(Written::Local(local, None), ""),
            (BarInterval::Clock(_), None) => self.written_ns(Written::Instant(raw_ns), ""),
            (BarInterval::Day | BarInterval::Week, _) => {
                let is_date = labels::is_midnight(&local);
                let written =
                    if is_date { Written::Date(local.date()) } else { Written::Instant(raw_ns) };
                self.written_ns(written, &Timestamp::from_nanos(raw_ns).to_string())
            }
        }
    }

    /// The stamp of a bar for which that is written.
    fn written_ns(&mut self, written: Written, text: &str) -> Result<i64, ImportReason> {
        match self.interval {
            BarInterval::Day | BarInterval::Week => self.label_ns(written, text),
            BarInterval::Clock(_) => {
                let stamp_ns = self.instant_ns(written, text)?.checked_add(self.shift.as_nanos());
                let open_ns = match &mut self.closes {
                    None => stamp_ns,
                    Some(closes) => stamp_ns.and_then(|close_ns| closes.open_ns(close_ns)),
                };
                open_ns.filter(|ns| ns % 1_000 == 0).ok_or(ImportReason::NotAStamp)
            }
        }
    }

    /// The session or week that is meant, as its label is stored.
    fn label_ns(&mut self, written: Written, text: &str) -> Result<i64, ImportReason> {
        let (label, raw_ns) = self.label(written, text)?;
        if label.date.as_days() != label.date.utc_midnight().utc_date().as_days() {
            return Err(ImportReason::NotAStamp); // No instant can name it.
        }
        if !label.is_agreed {
            self.noted.add(Strange::Label, text, self.line);
        }
        if self.interval == BarInterval::WEEK && !Labels::is_end_of_week(label.named) {
            self.noted.add(Strange::Week, text, self.line);
        }
        let stored_ns =
            labels::stored_ns(self.interval, label.date).ok_or(ImportReason::NotAStamp)?;
        let named = Timestamp::from_nanos(stored_ns).utc_date();
        if let Some((last, last_raw_ns)) = self.last_label
            && last == named
            && last_raw_ns != raw_ns
        {
            let step_ns = last_raw_ns.saturating_sub(raw_ns).saturating_abs();
            self.noted.add(Strange::Together(step_ns), text, self.line);
        }
        self.last_label = Some((named, raw_ns));
        Ok(stored_ns)
    }

    /// The label, and a number that differs where what is written does.
    fn label(&mut self, written: Written, text: &str) -> Result<(Label, i64), ImportReason> {
        let shift = chrono::TimeDelta::nanoseconds(self.shift.as_nanos());
        match written {
            Written::Date(date) => {
                let midnight = date.and_time(chrono::NaiveTime::MIN);
                // A date of the exchange's own clock is what a date is.
                let is_own = |zone| self.exchange.map(ImportZone::Named) == Some(zone);
                if self.zone.is_some_and(|zone| !is_own(zone)) {
                    self.noted.add(Strange::Zone, text, self.line);
                }
                self.label_of_date(midnight.checked_add_signed(shift), None, text)
            }
            Written::Local(local, zone) if labels::is_midnight(&local) => {
                let utc = matches!(zone, Some(WrittenZone::Offset(Nanos::ZERO)));
                let midnight_ns = match zone {
                    _ if utc => utc_ns(local, Nanos::ZERO).ok(), // `Err`: named by its date
                    Some(_) => self.instant_ns(written, text).ok(),
                    None => match (self.zone, self.exchange) {
                        (Some(_), _) => self.instant_ns(written, text).ok(),
                        (None, Some(zone)) => self.zoned_ns(local, zone).ok(),
                        (None, None) => None,
                    },
                };
                self.label_of_date(local.checked_add_signed(shift), midnight_ns, text)
            }
            Written::Instant(ns) if self.zone.is_some() => {
                let local = self.shown_in_zone(ns).checked_add_signed(shift);
                self.label_of_date(local, None, text)
            }
            Written::Instant(ns) if ns % openbell_time::NANOS_PER_DAY == 0 => {
                let local =
                    DateTime::from_timestamp_nanos(ns).naive_utc().checked_add_signed(shift);
                self.label_of_date(local, Some(ns), text)
            }
            Written::Local(..) | Written::Instant(_) => {
                let ns = self.instant_ns(written, text)?;
                let ns = ns.checked_add(self.shift.as_nanos()).ok_or(ImportReason::NotAStamp)?;
                let label = self.labels.of_instant(ns).ok_or(ImportReason::OutsideFacts)?;
                Ok((label, ns))
            }
        }
    }

    fn label_of_date(
        &mut self,
        local: Option<NaiveDateTime>,
        midnight_ns: Option<i64>,
        text: &str,
    ) -> Result<(Label, i64), ImportReason> {
        let local = local.ok_or(ImportReason::NotAStamp)?;
        let date = TradingDate::from_days(local.date().to_epoch_days());
        let label = self.labels.of_date(date, midnight_ns.filter(|_| self.shift == Nanos::ZERO));
        if self.is_close_stamped() && !label.heeds_end {
            self.noted.add(Strange::StampedAt, text, self.line);
        }
        let raw_ns = local.and_utc().timestamp_nanos_opt().ok_or(ImportReason::NotAStamp)?;
        Ok((label, raw_ns))
    }

    fn is_close_stamped(&self) -> bool {
        self.labels.stamped_at() == StampedAt::Close
    }

    /// What a clock of the zone that the user has named showed at an instant; UTC where he has not.
    fn shown_in_zone(&self, ns: i64) -> NaiveDateTime {
        let utc = DateTime::from_timestamp_nanos(ns).naive_utc();
        match self.zone {
            Some(ImportZone::Named(zone)) => zone.from_utc_datetime(&utc).naive_local(),
            Some(ImportZone::Fixed(offset)) => {
                DateTime::from_timestamp_nanos(ns.saturating_add(offset.as_nanos())).naive_utc()
            }
            None => utc,
        }
    }

    fn instant_ns(&mut self, written: Written, text: &str) -> Result<i64, ImportReason> {
        let ns = match written {
            Written::Instant(ns) => ns,
            Written::Date(_) => return Err(ImportReason::NoTimeOfDay),
            Written::Local(local, Some(zone)) if self.written_offset == WrittenOffset::Trusted => {
                match zone {
                    WrittenZone::Offset(offset) => utc_ns(local, offset)?,
                    WrittenZone::Named(zone) => self.zoned_ns(local, zone)?,
                    WrittenZone::Abbreviated(name, Some(offset)) => {
                        let ns = utc_ns(local, offset)?;
                        if self.exchange.is_some_and(|zone| contradicts(zone, ns, name)) {
                            self.noted.add(Strange::Abbreviation, text, self.line);
                        }
                        ns
                    }
                    WrittenZone::Abbreviated(name, None) => match self.zone {
                        Some(ImportZone::Named(zone)) => abbreviated_ns(local, zone, name)?,
                        _ => return Err(ImportReason::NoZone),
                    },
                }
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

/// Whether a clock of `zone` showed another abbreviation than `name` at an instant, although it shows
/// that in the other half of the year.
fn contradicts(zone: chrono_tz::Tz, ns: i64, name: Abbreviation) -> bool {
    let shows = |ns: i64| {
        let utc = DateTime::from_timestamp_nanos(ns).naive_utc();
        zone.offset_from_utc_datetime(&utc).abbreviation().is_some_and(|shown| name.is(shown))
    };
    let half_a_year_ns = 182 * openbell_time::NANOS_PER_DAY;
    !shows(ns) && shows(ns.saturating_sub(half_a_year_ns))
}

/// The instant at which a clock of `zone` showed `local` and, beside it, `name`.
fn abbreviated_ns(
    local: NaiveDateTime,
    zone: chrono_tz::Tz,
    name: Abbreviation,
) -> Result<i64, ImportReason> {
    let found = zone.from_local_datetime(&local);
    if found == LocalResult::None {
        return Err(ImportReason::NoSuchLocalTime);
    }
    [found.earliest(), found.latest()]
        .into_iter()
        .flatten()
        .find(|stamp| stamp.offset().abbreviation().is_some_and(|shown| name.is(shown)))
        .ok_or(ImportReason::OtherZone)?
        .timestamp_nanos_opt()
        .ok_or(ImportReason::NotAStamp)
}

fn utc_ns(local: NaiveDateTime, offset: Nanos) -> Result<i64, ImportReason> {
    let local_ns = local.and_utc().timestamp_nanos_opt();
    local_ns.and_then(|ns| ns.checked_sub(offset.as_nanos())).ok_or(ImportReason::NotAStamp)
}

#[cfg(test)]
mod tests {
    use super::super::form::form_of;
    use super::*;
    use openbell_time::{TimeManager, Timestamp};

    fn reader(format: &str, interval: &str, zone: &str, order: RowOrder) -> StampReader {
        let mut options = CsvOptions::new(interval.parse().unwrap());
        options.zone = Some(zone.parse().unwrap());
        let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
        StampReader::new(form_of(format), order, &options, &calendar)
    }

    fn stamps(reader: &mut StampReader, texts: &[&str]) -> Vec<Result<String, ImportReason>> {
        texts
            .iter()
            .map(|text| reader.stamp_ns(text, 1).map(|ns| Timestamp::from_nanos(ns).to_string()))
            .collect()
    }

    #[test]
    fn the_hour_that_is_shown_twice_is_resolved_by_the_order_of_rows() {
        let rows = ["2024-11-03 01:30", "2024-11-03 01:45", "2024-11-03 01:15"];
        let mut reader = reader("%Y-%m-%d %H:%M", "15m", "America/New_York", RowOrder::OldestFirst);
        let read: Vec<_> = stamps(&mut reader, &rows).into_iter().map(Result::unwrap).collect();
        assert_eq!(read, ["2024-11-03T05:30:00Z", "2024-11-03T05:45:00Z", "2024-11-03T06:15:00Z"]);
    }

    #[test]
    fn an_abbreviation_is_read_on_the_clock_of_the_zone() {
        let mut reader = reader("%Y-%m-%d %H:%M", "15m", "America/Chicago", RowOrder::OldestFirst);
        let rows = ["2024-11-03 01:30 CDT", "2024-11-03 01:30 CST", "2024-11-04 08:30 CST"];
        let read: Vec<_> = stamps(&mut reader, &rows).into_iter().map(Result::unwrap).collect();
        assert_eq!(read, ["2024-11-03T06:30:00Z", "2024-11-03T07:30:00Z", "2024-11-04T14:30:00Z"]);
        let other = ["2024-07-04 08:30 CST", "2024-07-04 08:30 IST"];
        assert_eq!(stamps(&mut reader, &other), [const { Err(ImportReason::OtherZone) }; 2]);
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
    fn a_week_is_named_by_its_monday() {
        let mut reader = reader("%Y-%m-%d", "1w", "UTC", RowOrder::OldestFirst);
        assert_eq!(stamps(&mut reader, &["2025-07-04"]), [Ok("2025-06-30T00:00:00Z".to_owned())]);
    }
}
