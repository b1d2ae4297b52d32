//! The instants or labels that stamps of CSV files mean.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::OffsetName;
use openbell_market::BarInterval;
use openbell_time::{Nanos, TradingDate};

use super::form::{StampForm, Written, read};
use super::options::{CsvOptions, ImportZone, RowOrder, StampedAt, WrittenOffset};
use super::report::ImportReason;
use super::zones::{Abbreviation, WrittenZone};

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
            Written::Local(local, Some(zone)) if self.written_offset == WrittenOffset::Trusted => {
                match zone {
                    WrittenZone::Offset(offset) => utc_ns(local, offset)?,
                    WrittenZone::Named(zone) => self.zoned_ns(local, zone)?,
                    WrittenZone::Abbreviated(name) => match self.zone {
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
