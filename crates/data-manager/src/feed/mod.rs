//! How bars come out of a source: one trait, for stored and live ones alike.
//!
//! Not here: the tests that every feed passes ([`crate::feed::contract`]), the feeds themselves.

pub mod contract;
pub(crate) mod memory;
pub(crate) mod prefetch;
pub(crate) mod scripted;

use openbell_market::{BarColumns, BarSlice, SeriesKey};
use openbell_time::Timestamp;

use crate::DataError;

/// Whether a feed reads stored rows, or receives rows as they come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FeedKind {
    /// All rows are there already; `now` is not looked at.
    Stored,
    /// Rows arrive as time goes by.
    Live,
}

/// Whether the source at the other end still speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connection {
    /// Something arrived within the source's own heartbeat, or the source is a stored one.
    Alive,
    /// Nothing has arrived.
    Silent {
        /// The last instant at which something was.
        since: Timestamp,
    },
}

/// How far a feed has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The instant up to which every row that there is has been delivered. A stored feed has come
    /// to the `until` that it was polled with; a live one to what bars, heartbeats and
    /// interval-end marks say, never further than `until`.
    pub complete_through: Timestamp,
    /// Whether the source still speaks.
    pub connection: Connection,
    /// Whether no row will ever follow.
    pub is_exhausted: bool,
}

/// One series of rows, each delivered once: those of a stored source in ascending order of stamps,
/// those of a live one as they arrive.
///
/// Rows are handed out as they stand: duplicates, rows outside of any session's hours and values
/// that no bar can have are among them, and are the receiver's to count and reject. A series of 1d
/// or 1w bars is stamped with the open of its session (of the first session of its week); a label
/// that is no session keeps its stamp.
///
/// *Time*: what a poll delivers depends on nothing but the source, the seek and the `until`s;
/// how polls cut the time does not matter.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::{Feed, MemoryFeed};
/// use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey};
/// use openbell_time::Timestamp;
///
/// let key = SeriesKey { symbol: "AAPL".parse()?, interval: BarInterval::from_mins(1).unwrap() };
/// let at = |text: &str| text.parse::<Timestamp>();
/// let flat = |price| Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 };
/// let mut rows = BarColumns::default();
/// rows.push(at("2025-07-02T13:30:00Z")?, flat(10.0));
/// rows.push(at("2025-07-02T13:31:00Z")?, flat(11.0));
/// let mut feed = MemoryFeed::new(key, rows);
///
/// let mut out = BarColumns::default();
/// let now = at("2025-07-02T13:31:00Z")?;
/// let progress = feed.poll(now, at("2025-07-02T13:31:00Z")?, &mut out)?;
/// assert_eq!(out.close, [10.0]);
/// assert!(!progress.is_exhausted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Feed: Send {
    /// The series that it delivers.
    fn series(&self) -> &SeriesKey;

    /// Whether it is a stored or a live one.
    fn kind(&self) -> FeedKind;

    /// Makes the next rows those stamped at or after `since`, also where they were delivered
    /// before; an error met before is forgotten.
    ///
    /// # Errors
    ///
    /// Those of the source.
    fn seek(&mut self, since: Timestamp) -> Result<(), DataError>;

    /// Appends to `out` all rows that are not delivered yet, are stamped before `until`, and have
    /// arrived by `now` (which a stored feed does not look at).
    ///
    /// # Errors
    ///
    /// Those of the source. The rows before the error are in `out` by then, and
    /// [`DataError::unreadable_since`] says from which stamp on nothing can be read, where that is
    /// known; with a known one, no poll up to that instant fails. The same error comes again until
    /// the next seek.
    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError>;

    /// What [`Feed::poll`] delivers, by itself: uncopied, where the source holds it anyway. Where
    /// it fails, the rows before the error come beside it.
    ///
    /// *Cost*: for a source that holds nothing, columns of their own for each call.
    fn poll_slice(
        &mut self,
        now: Timestamp,
        until: Timestamp,
    ) -> (BarSlice, Result<Progress, DataError>) {
        let mut rows = BarColumns::default();
        let polled = self.poll(now, until, &mut rows);
        (rows.into(), polled)
    }

    /// How far a poll can go without reading anything further: every row stamped before it is in
    /// memory, and best taken while it is in the cache. [`Timestamp::MIN`] where a poll always
    /// reads, or waits.
    fn ready_until(&self) -> Timestamp {
        Timestamp::MIN
    }
}

impl<F: Feed + ?Sized> Feed for Box<F> {
    fn series(&self) -> &SeriesKey {
        (**self).series()
    }

    fn kind(&self) -> FeedKind {
        (**self).kind()
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        (**self).seek(since)
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        (**self).poll(now, until, out)
    }

    fn poll_slice(
        &mut self,
        now: Timestamp,
        until: Timestamp,
    ) -> (BarSlice, Result<Progress, DataError>) {
        (**self).poll_slice(now, until)
    }

    fn ready_until(&self) -> Timestamp {
        (**self).ready_until()
    }
}
