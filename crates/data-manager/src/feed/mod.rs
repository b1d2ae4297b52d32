//! How bars come out of a source: one trait, for stored and live ones alike.
//!
//! Not here: the tests that every feed passes ([`crate::feed::contract`]), the feeds themselves.

pub mod contract;
mod link;
pub(crate) mod memory;
pub(crate) mod prefetch;
pub(crate) mod scripted;

use std::ops::Range;

use openbell_market::{BarColumns, BarSlice, SeriesKey};
use openbell_time::Timestamp;

pub use link::{DownCause, Link, LinkStep, Trading};

use crate::DataError;

/// Whether a feed reads stored rows, or receives rows as they come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FeedKind {
    /// All rows are there already; `now` is not looked at.
    Stored,
    /// Rows arrive as time goes by.
    Live,
}

/// How far a feed has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The instant up to which every row that there is has been delivered, never further than
    /// `until`. A stored feed has come to the `until` that it was polled with.
    ///
    /// That of a live feed is *evidence*, for this series alone: a closed bar that continues the last
    /// one without a hole, the vendor's end mark, an answer from its history that reaches past
    /// it, a proof that nothing traded. A heartbeat is none, and nothing is evidence for what lies
    /// ahead of `now`. It never goes back.
    pub complete_through: Timestamp,
    /// Stretches of what is complete whose bars the source has given up: whatever was traded then is
    /// missing. Each is said by the first poll that is complete beyond it.
    pub given_up: Vec<Range<Timestamp>>,
    /// What the way to the source is doing.
    pub link: Link,
    /// Whether the instrument trades.
    pub trading: Trading,
    /// Whether no row will ever follow.
    pub is_exhausted: bool,
}

impl Progress {
    /// That of a stored feed that was polled up to `until`.
    pub fn stored(until: Timestamp, is_exhausted: bool) -> Progress {
        Progress {
            complete_through: until,
            given_up: Vec::new(),
            link: Link::Stored,
            trading: Trading::Normal,
            is_exhausted,
        }
    }
}

/// One series of rows, each delivered once: those of a stored source in ascending order of stamps,
/// those of a live one as they arrive.
///
/// Rows are handed out as they stand: duplicates, rows outside of any session's hours and values
/// that no bar can have are among them, and are the receiver's to count and reject. A series of 1d
/// or 1w bars is stamped with the open of its session (of the first session of its week); a label
/// that is no session keeps its stamp.
///
/// # What a live feed promises beyond that
///
/// - A row is handed out at or after its close by `now`, once, in ascending order but for those that
///   come late. A bar that still runs is never handed out.
/// - What it hands out is whole, and later news of the same bar comes by [`Feed::poll_revisions`].
/// - [`Progress::complete_through`] is evidence. After a link was down it does not advance before
///   the rows that were missed are fetched, whatever has arrived beyond.
/// - A connection that breaks is a [`Link`], not an error of a poll.
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
    /// before; an error met before is forgotten. A live feed hands out what it has not handed out
    /// yet all the same, whatever its stamp: nothing is lost uncounted.
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

    /// Appends to `out` rows that take the place of delivered ones of the same stamp, and have
    /// arrived by `now`; each once. The default has none.
    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        let _ = (now, out);
    }

    /// The session is over: what closes by `due` and has not come is wanted as soon as it can be had. A
    /// feed that lets its source take its time before it asks for a bar asks for it now. The default
    /// does nothing.
    fn hurry(&mut self, due: Timestamp) {
        let _ = due;
    }

    /// Whether a poll at `now` could yield anything that the last one did not: rows, revisions,
    /// another completeness, another link. The default says so always; a feed that knows better
    /// spares the core a poll.
    ///
    /// *Cost*: it is asked at every look; an atomic load, at best.
    fn has_news(&self, now: Timestamp) -> bool {
        let _ = now;
        true
    }

    /// The next instant at which a poll would yield something by the clock alone, as a link that
    /// counts as silent from then on; [`Timestamp::MAX`] where nothing would.
    fn next_due(&self) -> Timestamp {
        Timestamp::MAX
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

    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        (**self).poll_revisions(now, out);
    }

    fn hurry(&mut self, due: Timestamp) {
        (**self).hurry(due);
    }

    fn has_news(&self, now: Timestamp) -> bool {
        (**self).has_news(now)
    }

    fn next_due(&self) -> Timestamp {
        (**self).next_due()
    }

    fn ready_until(&self) -> Timestamp {
        (**self).ready_until()
    }
}
