//! A stored series, read file by file in bounded memory.
//!
//! Hot path. It never allocates for each row, and opens no file before its rows are due. The rows of a
//! poll are a slice of the row group that they lie in, which is decoded whole; where that cannot be done,
//! or they lie in more than one, they are put together in columns of their own.

use std::ops::Range;
use std::sync::Arc;

use openbell_market::{BarColumns, BarSlice, SeriesKey, n_stamped_before};
use openbell_time::{Nanos, Timestamp};
use tracing::debug;

use crate::DataError;
use crate::codec::bar_file::BarFile;
use crate::codec::block::pool::Pool;
use crate::codec::decode::{DecodedUntil, Decoder, StampBounds};
use crate::evidence::length_of;
use crate::feed::{Feed, FeedKind, Progress};
use crate::store::gathered::{Gathered, Rows};
use crate::store::held::HeldFile;
use crate::store::labels::Labels;

/// Rows without a place of their own that one poll takes: 48 MB of them.
const N_REPEATED_MAX: u64 = 1 << 20;

/// A [`Feed`] over the Parquet files of one series; made by [`crate::DataManager::feed`].
///
/// *Shape*: the files are read in the order of their stamps; a row that is stamped before the one
/// above it, or outside the month or year that its file is named for, ends what can be read.
/// *Cost*: one file is open at a time. A row group as the store writes it is decoded whole, 48 bytes a row
/// (1.5 MB at most), and stays as long as somebody holds a slice of it; columns that nobody holds are used
/// again. Of others the bytes of one row group are held (up to 1 MB; larger ones page by page) and a page
/// of each column, while that is decoded. Files that end before the instant sought are not opened.
#[derive(Debug)]
pub struct ParquetFeed {
    key: SeriesKey,
    files: Arc<[HeldFile]>,
    labels: Labels,
    next_file: usize,
    decoder: Option<Decoder>,
    /// Rows that were due when a batch of stamps was last looked at: mostly a whole session.
    n_due: usize,
    /// The columns that slices were handed out of.
    pool: Pool,
    /// Rows stamped before it are left out.
    since: Timestamp,
    /// Rows stamped before it have been delivered since the seek.
    delivered_until: Timestamp,
    /// The last written stamp that was delivered or left out since the seek.
    last_written_ns: Option<i64>,
    fault: Option<DataError>,
}

impl ParquetFeed {
    pub(crate) fn new(key: SeriesKey, files: Arc<[HeldFile]>, labels: Labels) -> ParquetFeed {
        ParquetFeed {
            key,
            files,
            labels,
            next_file: 0,
            decoder: None,
            n_due: 0,
            pool: Pool::default(),
            since: Timestamp::MIN,
            delivered_until: Timestamp::MIN,
            last_written_ns: None,
            fault: None,
        }
    }

    /// The earliest written stamp that can mean an instant at or after `instant`.
    fn first_written_ns(&self, instant: Timestamp) -> i64 {
        instant.as_nanos().saturating_sub(self.labels.slack().as_nanos())
    }

    /// The earliest instant that a stamp written at or after `written` can mean.
    fn earliest(&self, written: Timestamp) -> Timestamp {
        Timestamp::from_nanos(self.first_written_ns(written))
    }

    /// Rows that are read in one go up to `until`: more than there are bars, and no more than memory
    /// has room for, whatever stands in the file.
    fn n_rows_max(&self, until: Timestamp) -> u64 {
        let since = self.since.max(self.delivered_until);
        let span_ns = until.as_nanos().saturating_sub(since.as_nanos()).max(0);
        let n_slots = span_ns / length_of(self.key.interval).as_nanos();
        N_REPEATED_MAX + 4 * n_slots.unsigned_abs()
    }

    /// Appends all rows stamped before `until` to `out`.
    fn read(&mut self, until: Timestamp, out: &mut impl Rows) -> Result<(), DataError> {
        let n_max = self.n_rows_max(until);
        let n_before = out.n_rows();
        loop {
            let Some(decoder) = &mut self.decoder else {
                if !self.open_next(until)? {
                    return Ok(());
                }
                continue;
            };
            let pool = &mut self.pool;
            match next_rows(decoder, pool, &self.labels, self.since..until, self.n_due) {
                Ok(NextRows::EndOfFile) => {
                    self.last_written_ns = decoder.last_ns().or(self.last_written_ns);
                    self.decoder = None;
                    self.next_file += 1;
                }
                Ok(NextRows::NoneDue) => return Ok(()),
                Ok(NextRows::Due(n_rows)) if (out.n_rows() - n_before + n_rows) as u64 > n_max => {
                    let (path, row) = (decoder.file().path.clone(), decoder.row());
                    let interval = self.key.interval;
                    return Err(DataError::TooManyRows { path, row, interval, until, n_max });
                }
                Ok(NextRows::Due(n_rows)) => {
                    self.n_due = n_rows;
                    if let Err(error) = take(decoder, pool, &self.labels, n_rows, out) {
                        self.take_care(error)?;
                    }
                }
                Err(error) => self.take_care(error)?,
            }
        }
    }

    /// Appends all rows stamped before `until` to `out`, and says how far it has come.
    fn deliver(&mut self, until: Timestamp, out: &mut impl Rows) -> Result<Progress, DataError> {
        if self.fault.is_none() {
            match self.read(until, out) {
                Ok(()) => self.delivered_until = self.delivered_until.max(until),
                Err(error) => {
                    let since = self.unreadable_since(&error);
                    self.fault = Some(error.in_series(&self.key, since));
                }
            }
        }
        if let Some(fault) = &self.fault
            && fault.unreadable_since().is_none_or(|since| until > since)
        {
            return Err(fault.clone());
        }
        let is_exhausted =
            self.fault.is_none() && self.decoder.is_none() && self.next_file == self.files.len();
        Ok(Progress::stored(until, is_exhausted))
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
            if file.first_ns >= until_ns {
                return Ok(false);
            }
            if file.last_ns < since_ns {
                self.next_file += 1;
                continue;
            }
            let opened = Arc::new(BarFile::open(&file.path)?);
            debug!(path = %file.path.display(), series = %self.key, "file opened");
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
        let first_ns = self.files.get(self.next_file).map(|file| file.first_ns);
        let first = first_ns.filter(|ns| *ns > i64::MIN).map(Timestamp::from_nanos);
        last_ns.and_then(after).max(first.map(|first| self.earliest(first)))
    }
}

/// What comes next in a file.
enum NextRows {
    /// So many rows whose stamps are decoded.
    Due(usize),
    NoneDue,
    EndOfFile,
}

/// Looks at the next stamps of a file, and leaves out those before `due`. Of a batch mostly as many are
/// due as of the one before, which is `guess`.
fn next_rows(
    decoder: &mut Decoder,
    pool: &mut Pool,
    labels: &Labels,
    due: Range<Timestamp>,
    guess: usize,
) -> Result<NextRows, DataError> {
    let is_instant = matches!(labels, Labels::Instants);
    if is_instant && decoder.next_group_ns().is_some_and(|first| first >= due.end.as_nanos()) {
        return Ok(NextRows::NoneDue); // To open it can wait.
    }
    loop {
        decoder.open_block(pool);
        let stamps = decoder.stamps()?;
        if stamps.is_empty() {
            return Ok(NextRows::EndOfFile);
        }
        let n_early = n_before(stamps, labels, due.start, 0);
        if n_early == 0 {
            return Ok(match n_before(stamps, labels, due.end, guess) {
                0 => NextRows::NoneDue,
                n_due => NextRows::Due(n_due),
            });
        }
        decoder.skip(n_early);
    }
}

/// Appends the next `n_rows` of `decoder`, whose stamps are decoded, to `out`; where it fails, `out`
/// is as it was.
fn take(
    decoder: &mut Decoder,
    pool: &mut Pool,
    labels: &Labels,
    n_rows: usize,
    out: &mut impl Rows,
) -> Result<(), DataError> {
    if matches!(labels, Labels::Instants) && out.adopt(n_rows, decoder) {
        return Ok(());
    }
    let out = out.columns(n_rows, pool);
    let n_rows_before = out.len();
    let stamps = &decoder.stamps()?[..n_rows];
    match labels {
        Labels::Instants => out.opens_at_ns.extend_from_slice(stamps),
        labels => out.opens_at_ns.extend(stamps.iter().map(|&ns| labels.instant(ns))),
    }
    decoder.take(n_rows, out).inspect_err(|_| out.opens_at_ns.truncate(n_rows_before))
}

/// How many of the first `written` stamps mean instants before `instant`: mostly `guess`.
fn n_before(written: &[i64], labels: &Labels, instant: Timestamp, guess: usize) -> usize {
    let instant_ns = instant.as_nanos();
    match labels {
        Labels::Instants => n_stamped_before(written, instant_ns, guess),
        _ => written.iter().take_while(|&&ns| labels.instant(ns) < instant_ns).count(),
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
        self.next_file = self.files.iter().take_while(|file| file.last_ns < since_ns).count();
        self.decoder = None;
        self.since = since;
        self.delivered_until = Timestamp::MIN;
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
        self.deliver(until, out)
    }

    fn poll_slice(
        &mut self,
        _now: Timestamp,
        until: Timestamp,
    ) -> (BarSlice, Result<Progress, DataError>) {
        let mut rows = Gathered::default();
        let polled = self.deliver(until, &mut rows);
        (rows.into_slice(&mut self.pool), polled)
    }

    fn ready_until(&self) -> Timestamp {
        if self.fault.is_some() {
            return Timestamp::MIN; // It is reported when it is due.
        }
        let next_file_ns = || match self.files.get(self.next_file + 1) {
            Some(file) => Some(self.earliest(Timestamp::from_nanos(file.first_ns)).as_nanos()),
            None => Some(i64::MAX),
        };
        let ready_ns = match &self.decoder {
            Some(decoder) => match (decoder.decoded_until(), &self.labels) {
                (Some(DecodedUntil::Stamp(ns)), labels) => Some(labels.instant(ns)),
                (Some(DecodedUntil::Group(ns)), Labels::Instants) => Some(ns),
                (Some(DecodedUntil::EndOfFile), _) => next_file_ns(),
                _ => None,
            },
            None => None,
        };
        Timestamp::from_nanos(ready_ns.unwrap_or(i64::MIN))
    }
}
