//! A stored series, read file by file in bounded memory.
//!
//! Hot path. It never allocates for each row, and opens no file before its rows are due. Rows are
//! decoded about a page at a time, while the page is in the cache, and are handed out where they then
//! lie: whoever goes from series to series touches of each but the rows of one session.

use std::ops::Range;
use std::sync::Arc;

use openbell_market::{BarColumns, BarSlice, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use crate::DataError;
use crate::bar_file::BarFile;
use crate::decode::{Decoder, StampBounds};
use crate::feed::{Connection, Feed, FeedKind, Progress};
use crate::labels::Labels;
use crate::layout::SeriesFile;

/// Decoded columns have room for a multiple of so many rows: what is left of the ones before differs
/// from time to time.
const ROOM: usize = 256;

/// A [`Feed`] over the Parquet files of one series; made by [`crate::DataManager::feed`].
///
/// *Shape*: the files are read in order of their periods; a row that is stamped before the one
/// above it, or outside the month or year that its file is named for, ends what can be read.
/// *Cost*: one file is open at a time; of it the bytes of one row group (up to 1 MB; larger ones page
/// by page) while that is decoded, and some 2,000 decoded rows, or two times as many while slices of
/// those before are held. Files that end before the instant sought are not
/// opened, where their names say it.
#[derive(Debug)]
pub struct ParquetFeed {
    key: SeriesKey,
    files: Arc<[SeriesFile]>,
    labels: Labels,
    next_file: usize,
    decoder: Option<Decoder>,
    /// Rows that are decoded, of which those from `next_row` on are not delivered. They are
    /// decoded some thousands at a time, and never changed while someone else holds them.
    decoded: Arc<BarColumns>,
    next_row: usize,
    /// Rows that the last poll delivered.
    n_delivered: usize,
    /// The most that a poll has delivered since the seek: a whole session.
    n_most: usize,
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
            decoded: Arc::default(),
            next_row: 0,
            n_delivered: 0,
            n_most: 0,
            since: Timestamp::MIN,
            last_written_ns: None,
            fault: None,
        }
    }

    /// The earliest written stamp that can mean an instant at or after `instant`.
    fn first_written_ns(&self, instant: Timestamp) -> i64 {
        instant.as_nanos().saturating_sub(self.labels.slack().as_nanos())
    }

    /// Decodes until a row stamped at or after `until` is decoded, or none that is due is left.
    fn decode(&mut self, until: Timestamp) -> Result<(), DataError> {
        loop {
            if self.decoded.opens_at_ns.last().is_some_and(|&ns| ns >= until.as_nanos()) {
                return Ok(());
            }
            let Some(decoder) = &mut self.decoder else {
                if !self.open_next(until)? {
                    return Ok(());
                }
                continue;
            };
            match next_rows(decoder, &self.labels, self.since, until) {
                Ok(NextRows::EndOfFile) => {
                    self.last_written_ns = decoder.last_ns().or(self.last_written_ns);
                    self.decoder = None;
                    self.next_file += 1;
                }
                Ok(NextRows::NoneDue) => return Ok(()),
                Ok(NextRows::Decoded(n_rows)) => {
                    self.make_room(n_rows);
                    if let Err(error) = self.take(n_rows) {
                        self.take_care(error)?;
                    }
                }
                Err(error) => self.take_care(error)?,
            }
        }
    }

    /// Makes `decoded` columns that nobody else holds, of the rows that are not delivered, with
    /// room for `n_more`.
    fn make_room(&mut self, n_more: usize) {
        let left = std::mem::take(&mut self.next_row)..self.decoded.len();
        let n_rows = (left.len() + n_more).next_multiple_of(ROOM);
        if let Some(own) = Arc::get_mut(&mut self.decoded) {
            own.drop_first(left.start);
            own.reserve_exact(n_rows - own.len());
        } else {
            let mut own = BarColumns::with_capacity(n_rows);
            own.extend_from(&self.decoded, left);
            self.decoded = Arc::new(own);
        }
    }

    /// Delivers the rows stamped before `until`: they are those of `decoded`.
    fn deliver(&mut self, until: Timestamp) -> (Range<usize>, Result<Progress, DataError>) {
        if self.fault.is_none()
            && let Err(error) = self.decode(until)
        {
            let since = self.unreadable_since(&error);
            self.fault = Some(error.in_series(&self.key, since));
        }
        let left = &self.decoded.opens_at_ns[self.next_row..];
        self.n_delivered = n_stamped_before(left, until.as_nanos(), self.n_delivered);
        self.n_most = self.n_most.max(self.n_delivered);
        let rows = self.next_row..self.next_row + self.n_delivered;
        self.next_row = rows.end;
        if let Some(fault) = &self.fault
            && fault.unreadable_since().is_none_or(|since| until > since)
        {
            return (rows, Err(fault.clone()));
        }
        let progress = Progress {
            complete_through: until,
            connection: Connection::Alive,
            is_exhausted: self.fault.is_none()
                && self.decoder.is_none()
                && self.next_file == self.files.len()
                && self.next_row == self.decoded.len(),
        };
        (rows, Ok(progress))
    }

    /// Hands out the decoded rows `rows`.
    ///
    /// Where the rest is likely to be no whole session, few of many are copied: so the columns are
    /// soon held by nobody, and the next rows are decoded in their place.
    fn hand_out(&self, rows: Range<usize>) -> BarSlice {
        let n_left = self.decoded.len() - rows.end;
        let is_last = n_left < self.n_most && rows.len() < self.decoded.opens_at_ns.capacity() / 2;
        let slice = BarSlice::new(Arc::clone(&self.decoded), rows);
        if is_last { slice.detached() } else { slice }
    }

    /// Appends the next `n_rows` of the open file, whose stamps are decoded, to `decoded`, which
    /// nobody else holds; where it fails, `decoded` is as it was.
    fn take(&mut self, n_rows: usize) -> Result<(), DataError> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let out = Arc::make_mut(&mut self.decoded);
        let n_before = out.len();
        let stamps = &decoder.stamps()?[..n_rows];
        match &self.labels {
            Labels::Instants => out.opens_at_ns.extend_from_slice(stamps),
            labels => out.opens_at_ns.extend(stamps.iter().map(|&ns| labels.instant(ns))),
        }
        decoder.take(n_rows, out).inspect_err(|_| out.opens_at_ns.truncate(n_before))
    }

    /// A batch that cannot be decoded is decoded again row by row, so that all rows before the bad
    /// one are delivered, however polls and batches cut the time.
    fn take_care(&mut self, error: DataError) -> Result<(), DataError> {
        match &self.decoder {
            Some(decoder)
                if !decoder.is_careful()
                    && matches!(error, DataError::Damaged { .. } | DataError::BadCell { .. }) =>
            {
                let (file, row) = (decoder.file().clone(), decoder.row());
                let after = decoder.last_ns();
                self.decoder = Some(Decoder::careful(file, self.bounds(after), row)?);
                Ok(())
            }
            _ => Err(error),
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

/// What comes next in a file.
enum NextRows {
    /// So many rows whose stamps are decoded.
    Decoded(usize),
    NoneDue,
    EndOfFile,
}

/// Looks at the next stamps of a file, and leaves out those before `since`.
fn next_rows(
    decoder: &mut Decoder,
    labels: &Labels,
    since: Timestamp,
    until: Timestamp,
) -> Result<NextRows, DataError> {
    if matches!(labels, Labels::Instants) && decoder.can_wait_until(until.as_nanos()) {
        return Ok(NextRows::NoneDue);
    }
    loop {
        let stamps = decoder.stamps()?;
        let Some(&first) = stamps.first() else { return Ok(NextRows::EndOfFile) };
        let n_early = n_before(stamps, labels, since);
        if n_early == 0 {
            let is_due = labels.instant(first) < until.as_nanos();
            return Ok(if is_due { NextRows::Decoded(stamps.len()) } else { NextRows::NoneDue });
        }
        decoder.skip(n_early);
    }
}

/// How many of the ascending `stamps` lie before `until_ns`. They are looked for in all of them
/// only where it is not `guess`: sessions are mostly as long as the one before, and what is not
/// looked at need not be in the cache.
fn n_stamped_before(stamps: &[i64], until_ns: i64, guess: usize) -> usize {
    let is_before = |row: usize| stamps.get(row).is_some_and(|&ns| ns < until_ns);
    let is_guess = guess <= stamps.len() && (guess == 0 || is_before(guess - 1));
    if is_guess && !is_before(guess) {
        return guess;
    }
    stamps.partition_point(|&ns| ns < until_ns)
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
        (self.decoded, self.next_row, self.n_most) = (Arc::default(), 0, 0);
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
        let (rows, polled) = self.deliver(until);
        out.extend_from(&self.decoded, rows);
        polled
    }

    fn poll_slice(
        &mut self,
        _now: Timestamp,
        until: Timestamp,
    ) -> (BarSlice, Result<Progress, DataError>) {
        let (rows, polled) = self.deliver(until);
        (self.hand_out(rows), polled)
    }
}
