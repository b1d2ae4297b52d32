//! What a run has read of its history, and which intervals its source offered: what a replay must meet
//! again, since a run is a function of it.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_coordinator::{Source, SourceReadiness, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, FeedKind, Progress};
use openbell_market::{BarColumns, BarInterval, BarSlice, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Timestamp, TradingDate};
use twox_hash::xxhash3_64::Hasher as Xxh3;

/// The rows of a stretch of one series that were read at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryRead {
    /// The series.
    pub key: SeriesKey,
    /// From which stamp on it was read, and up to which.
    pub range: Range<Timestamp>,
    /// Its rows, bars or not.
    pub n_rows: u64,
    /// The print of them all, to the last bit.
    pub print: u64,
}

/// The intervals that a source offered of a symbol, when it was asked.
pub(crate) type Offer = (Symbol, Vec<BarInterval>);

/// Watches a source: what is read of its history goes into the recording beside the next look
/// ([`RecordingWriter::watch`](crate::RecordingWriter::watch)). Clones share what was seen.
///
/// ```
/// use openbell_coordinator::StoreSource;
/// use openbell_data_manager::{DataManager, StoreOptions, StoreWriter};
/// use openbell_recorder::HistoryWatch;
///
/// let folder = tempfile::tempdir()?;
/// drop(StoreWriter::open(folder.path())?);
/// let store = DataManager::open(folder.path(), &StoreOptions::default())?;
/// let history = HistoryWatch::default();
/// let source = history.source(Box::new(StoreSource::new(store)));
/// assert_eq!(source.intervals(&"AAPL".parse()?), []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct HistoryWatch(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    /// What each feed that was opened reads; closed ones are taken out.
    feeds: BTreeMap<usize, Stretch>,
    n_feeds: usize,
    /// What was read since it was taken last.
    read: Vec<HistoryRead>,
    /// The last answer of each symbol.
    offered: BTreeMap<Symbol, Vec<BarInterval>>,
    /// Answers since they were taken last that are other ones than before.
    offers: Vec<Offer>,
}

impl HistoryWatch {
    /// The source `inner`, watched. Live feeds are none of its history.
    pub fn source(&self, inner: Box<dyn Source>) -> Box<dyn Source> {
        Box::new(WatchedSource { inner, watch: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // No change of it stops half way.
    }

    /// What was read and offered since the last call, each feed's in the order of time.
    pub(crate) fn take(&self) -> (Vec<HistoryRead>, Vec<Offer>) {
        let mut watched = self.lock();
        let Watched { feeds, read, .. } = &mut *watched;
        feeds.values_mut().for_each(|stretch| read.extend(stretch.end()));
        (std::mem::take(&mut watched.read), std::mem::take(&mut watched.offers))
    }
}

/// What a feed has read in one go.
struct Stretch {
    key: SeriesKey,
    range: Range<Timestamp>,
    n_rows: u64,
    print: Xxh3,
}

impl Stretch {
    fn since(key: SeriesKey, since: Timestamp) -> Stretch {
        Stretch { key, range: since..since, n_rows: 0, print: Xxh3::new() }
    }

    fn add(&mut self, rows: &BarSlice, until: Timestamp) {
        let columns = [rows.open(), rows.high(), rows.low(), rows.close(), rows.volume()];
        for (row, stamp_ns) in rows.opens_at_ns().iter().enumerate() {
            self.print.write(&stamp_ns.to_le_bytes());
            columns
                .iter()
                .for_each(|column| self.print.write(&column[row].to_bits().to_le_bytes()));
        }
        self.n_rows += rows.len() as u64;
        self.range.end = self.range.end.max(until);
    }

    /// What was read, where that is something; the next one begins where it ends.
    fn end(&mut self) -> Option<HistoryRead> {
        let next = Stretch::since(self.key.clone(), self.range.end);
        let Stretch { key, range, n_rows, print } = std::mem::replace(self, next);
        let print = print.finish();
        (range.start < range.end).then_some(HistoryRead { key, range, n_rows, print })
    }
}

impl HistoryRead {
    /// The same stretch, as `source` has it now.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) fn again(
        &self,
        source: &mut dyn Source,
        calendar: &Calendar,
    ) -> Result<HistoryRead, DataError> {
        let mut feed = source.feed(&self.key, calendar)?;
        let Range { start, end } = self.range;
        feed.seek(start)?;
        let (rows, polled) = feed.poll_slice(end, end);
        polled?;
        let mut stretch = Stretch::since(self.key.clone(), start);
        stretch.add(&rows, end);
        let none = HistoryRead { n_rows: 0, print: Xxh3::new().finish(), ..self.clone() };
        Ok(stretch.end().unwrap_or(none))
    }
}

struct WatchedSource {
    inner: Box<dyn Source>,
    watch: HistoryWatch,
}

impl Source for WatchedSource {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let intervals = self.inner.intervals(symbol);
        let mut watched = self.watch.lock();
        if watched.offered.get(symbol) != Some(&intervals) {
            watched.offered.insert(symbol.clone(), intervals.clone());
            watched.offers.push((symbol.clone(), intervals.clone()));
        }
        intervals
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        self.inner.unknown(symbol)
    }

    fn n_covered(
        &self,
        key: &SeriesKey,
        calendar: &Calendar,
        hours: &[Range<Timestamp>],
        piece: Nanos,
    ) -> Result<Option<u64>, DataError> {
        self.inner.n_covered(key, calendar, hours, piece)
    }

    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        self.inner.check_together(keys)
    }

    fn readiness(&mut self, symbol: &Symbol) -> SourceReadiness {
        self.inner.readiness(symbol)
    }

    fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        self.inner.check_files(key, range, calendar)
    }

    fn delivered(
        &mut self,
        key: &SeriesKey,
        session: TradingDate,
    ) -> Result<Option<BarColumns>, DataError> {
        self.inner.delivered(key, session)
    }

    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let inner = self.inner.feed(key, calendar)?;
        let mut watched = self.watch.lock();
        let id = watched.n_feeds;
        watched.n_feeds += 1;
        watched.feeds.insert(id, Stretch::since(key.clone(), Timestamp::MIN));
        Ok(Box::new(WatchedFeed { inner, id, watch: self.watch.clone() }))
    }

    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        self.inner.day_feed(key, calendar)
    }

    fn read_ahead(
        &mut self,
        windows: Vec<Range<Timestamp>>,
        n_ahead: usize,
    ) -> Result<(), DataError> {
        self.inner.read_ahead(windows, n_ahead)
    }
}

/// A stored feed, watched.
struct WatchedFeed {
    inner: Box<dyn Feed>,
    id: usize,
    watch: HistoryWatch,
}

impl WatchedFeed {
    fn note(&self, rows: &BarSlice, until: Timestamp) {
        if let Some(stretch) = self.watch.lock().feeds.get_mut(&self.id) {
            stretch.add(rows, until);
        }
    }

    /// What was read so far is one stretch.
    fn end(&self) {
        let mut watched = self.watch.lock();
        let ended = watched.feeds.get_mut(&self.id).and_then(Stretch::end);
        watched.read.extend(ended);
    }
}

impl Drop for WatchedFeed {
    fn drop(&mut self) {
        self.end();
        self.watch.lock().feeds.remove(&self.id);
    }
}

impl Feed for WatchedFeed {
    fn series(&self) -> &SeriesKey {
        self.inner.series()
    }

    fn kind(&self) -> FeedKind {
        self.inner.kind()
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.end();
        let key = self.inner.series().clone();
        self.watch.lock().feeds.insert(self.id, Stretch::since(key, since));
        self.inner.seek(since)
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let (rows, polled) = self.poll_slice(now, until);
        out.append(&rows.as_rows());
        polled
    }

    fn poll_slice(
        &mut self,
        now: Timestamp,
        until: Timestamp,
    ) -> (BarSlice, Result<Progress, DataError>) {
        let (rows, polled) = self.inner.poll_slice(now, until);
        if polled.is_ok() {
            self.note(&rows, until); // What cannot be read leads to nothing.
        }
        (rows, polled)
    }

    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        self.inner.poll_revisions(now, out);
    }

    fn hurry(&mut self, due: Timestamp) {
        self.inner.hurry(due);
    }

    fn has_news(&self, now: Timestamp) -> bool {
        self.inner.has_news(now)
    }

    fn next_due(&self) -> Timestamp {
        self.inner.next_due()
    }

    fn ready_until(&self) -> Timestamp {
        self.inner.ready_until()
    }
}
