//! A stored series, read file by file in bounded memory.
//!
//! Hot path. It never allocates for each row, never decodes a value that is not wanted, and opens
//! no file before its rows are due.

use std::sync::Arc;

use openbell_market::{BarColumns, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use crate::DataError;
use crate::bar_file::BarFile;
use crate::decode::{Decoder, StampBounds};
use crate::feed::{Connection, Feed, FeedKind, Progress};
use crate::labels::Labels;
use crate::layout::SeriesFile;

/// A [`Feed`] over the Parquet files of one series; made by [`crate::DataManager::feed`].
///
/// *Shape*: the files are read in order of their periods; a row that is stamped before the one
/// above it, or outside the month or year that its file is named for, ends what can be read.
/// *Cost*: one file is open at a time; of it the bytes of one row group (up to 1 MB; larger ones page
/// by page), and one decoded page for each column. Files that end before the instant sought are not
/// opened, where their names say it.
#[derive(Debug)]
pub struct ParquetFeed {
    key: SeriesKey,
    files: Arc<[SeriesFile]>,
    labels: Labels,
    next_file: usize,
    decoder: Option<Decoder>,
    /// Rows stamped before it are left out.
    since: Timestamp,
    /// The last written stamp that was delivered or left out since the seek.
    last_written_ns: Option<i64>,
    fault: Option<DataError>,
}

impl ParquetFeed {
    pub(crate) fn new(key: SeriesKey, files: Arc<[SeriesFile]>, labels: Labels) -> ParquetFeed {
        ParquetFeed {
            key,
            files,
            labels,
            next_file: 0,
            decoder: None,
            since: Timestamp::MIN,
            last_written_ns: None,
            fault: None,
        }
    }

    /// The earliest written stamp that can mean an instant at or after `instant`.
    fn first_written_ns(&self, instant: Timestamp) -> i64 {
        instant.as_nanos().saturating_sub(self.labels.slack().as_nanos())
    }

    fn deliver(&mut self, until: Timestamp, out: &mut BarColumns) -> Result<(), DataError> {
        loop {
            let Some(decoder) = &mut self.decoder else {
                if !self.open_next(until)? {
                    return Ok(());
                }
                continue;
            };
            match deliver_decoded(decoder, &self.labels, self.since, until, out) {
                Ok(Outcome::EndOfFile) => {
                    self.last_written_ns = decoder.last_ns().or(self.last_written_ns);
                    self.decoder = None;
                    self.next_file += 1;
                }
                Ok(Outcome::NothingDue) => return Ok(()),
                // A batch that cannot be decoded is decoded again row by row, so that all rows
                // before the bad one are delivered, however polls and batches cut the time.
                Err(DataError::Damaged { .. } | DataError::BadCell { .. })
                    if !decoder.is_careful() =>
                {
                    let (file, row) = (decoder.file().clone(), decoder.row());
                    let after = decoder.last_ns();
                    self.decoder = Some(Decoder::careful(file, self.bounds(after), row)?);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Opens the next file that may hold rows in `self.since..until`; says whether there is one.
    fn open_next(&mut self, until: Timestamp) -> Result<bool, DataError> {
        let until_ns = until.as_nanos().saturating_add(self.labels.slack().as_nanos());
        let since_ns = self.first_written_ns(self.since);
        while let Some(file) = self.files.get(self.next_file) {
            if file.period.is_some_and(|period| period.range().start.as_nanos() >= until_ns) {
                return Ok(false);
            }
            let opened = Arc::new(BarFile::open(&file.path)?);
            if opened.span().is_some_and(|(_, last)| last.as_nanos() < since_ns) {
                self.next_file += 1;
                continue;
            }
            let mut decoder = Decoder::new(opened, self.bounds(self.last_written_ns));
            decoder.skip_groups_before(since_ns);
            self.decoder = Some(decoder);
            return Ok(true);
        }
        Ok(false)
    }

    fn bounds(&self, after: Option<i64>) -> StampBounds {
        let period = self.files.get(self.next_file).and_then(|file| file.period);
        let period = period.map_or(i64::MIN..i64::MAX, |period| {
            let range = period.range();
            range.start.as_nanos()..range.end.as_nanos()
        });
        StampBounds { after, period }
    }

    /// From which stamp on nothing can be read after an error at the place where the feed stands.
    fn unreadable_since(&self, error: &DataError) -> Option<Timestamp> {
        let after = |written_ns: i64| {
            Timestamp::from_nanos(self.labels.instant(written_ns)).checked_add(Nanos::from_nanos(1))
        };
        let is_value = matches!(error, DataError::Damaged { .. } | DataError::BadCell { .. });
        let next = self.decoder.as_ref().and_then(Decoder::next_stamp).filter(|_| is_value);
        if let Some(written_ns) = next {
            // A value is bad: the row's own stamp is known.
            return Some(Timestamp::from_nanos(self.labels.instant(written_ns)));
        }
        let last_ns = self.decoder.as_ref().and_then(Decoder::last_ns).or(self.last_written_ns);
        let period = self.files.get(self.next_file).and_then(|file| file.period);
        let by_name = period.map(|period| self.first_written_ns(period.range().start));
        last_ns.and_then(after).max(by_name.map(Timestamp::from_nanos))
    }
}

/// What ended the delivery of rows that are decoded.
enum Outcome {
    NothingDue,
    EndOfFile,
}

fn deliver_decoded(
    decoder: &mut Decoder,
    labels: &Labels,
    since: Timestamp,
    until: Timestamp,
    out: &mut BarColumns,
) -> Result<Outcome, DataError> {
    loop {
        let stamps = decoder.stamps()?;
        if stamps.is_empty() {
            return Ok(Outcome::EndOfFile);
        }
        let n_early = n_before(stamps, labels, since);
        if n_early > 0 {
            decoder.skip(n_early);
            continue;
        }
        let n_due = n_before(stamps, labels, until);
        if n_due == 0 {
            return Ok(Outcome::NothingDue);
        }
        let n_delivered = out.len();
        match labels {
            Labels::Instants => out.opens_at_ns.extend_from_slice(&stamps[..n_due]),
            _ => out.opens_at_ns.extend(stamps[..n_due].iter().map(|&ns| labels.instant(ns))),
        }
        if let Err(error) = decoder.take(n_due, out) {
            out.opens_at_ns.truncate(n_delivered);
            return Err(error);
        }
    }
}

/// How many of the first `written` stamps mean instants before `instant`.
fn n_before(written: &[i64], labels: &Labels, instant: Timestamp) -> usize {
    match labels {
        Labels::Instants => written.partition_point(|&ns| ns < instant.as_nanos()),
        _ => written
            .iter()
            .take_while(|&&written_ns| labels.instant(written_ns) < instant.as_nanos())
            .count(),
    }
}

impl Feed for ParquetFeed {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Stored
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        let since_ns = self.first_written_ns(since);
        let is_before = |file: &SeriesFile| {
            file.period.is_some_and(|period| period.range().end.as_nanos() <= since_ns)
        };
        self.next_file = self.files.iter().take_while(|file| is_before(file)).count();
        self.decoder = None;
        self.since = since;
        self.last_written_ns = None;
        self.fault = None;
        Ok(())
    }

    fn poll(
        &mut self,
        _now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        if self.fault.is_none()
            && let Err(error) = self.deliver(until, out)
        {
            let since = self.unreadable_since(&error);
            self.fault = Some(error.in_series(&self.key, since));
        }
        if let Some(fault) = &self.fault
            && fault.unreadable_since().is_none_or(|since| until > since)
        {
            return Err(fault.clone());
        }
        Ok(Progress {
            complete_through: until,
            connection: Connection::Alive,
            is_exhausted: self.fault.is_none()
                && self.decoder.is_none()
                && self.next_file == self.files.len(),
        })
    }
}
