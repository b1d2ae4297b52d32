//! Where a run gets its feeds from: a store, or whatever a service puts in its place.

pub(crate) mod admission;
pub(crate) mod kept;
pub(crate) mod recording;
pub(crate) mod session_reader;
pub(crate) mod store;

use std::ops::Range;

use openbell_data_manager::{DataError, Feed};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, Timestamp, TradingDate};

use crate::error::UnknownSymbol;

/// Whether what a symbol needs of its source is at hand.
#[derive(Debug)]
pub enum SourceReadiness {
    /// It is: feeds are opened and read without waiting.
    Ready,
    /// It is being read.
    Loading {
        /// Parts that are read, of all.
        n_read: u32,
        /// All parts; 0 where that is not known.
        n_all: u32,
    },
    /// It cannot be read.
    Failed(DataError),
}

/// Gives feeds by series. The store of a program is one
/// ([`StoreSource`](crate::StoreSource)); a service with data of its own writes another.
pub trait Source: Send {
    /// The intervals that are stored (or delivered) for a symbol, shortest first; none for a
    /// symbol that is not known.
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval>;

    /// What is to be said of a symbol that is not known: who does not know it, and the nearest names
    /// where there are some.
    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol;

    /// In how many pieces of the length `piece` of the sessions `hours` a series has rows, where the
    /// source can say so: of several intervals that would do as the base of a run, one that is hardly
    /// there for its dates is passed over.
    ///
    /// # Errors
    ///
    /// A series that cannot be read.
    fn n_covered(
        &self,
        key: &SeriesKey,
        calendar: &Calendar,
        hours: &[Range<Timestamp>],
        piece: Nanos,
    ) -> Result<Option<u64>, DataError> {
        let _ = (key, calendar, hours, piece);
        Ok(None)
    }

    /// Whether the series of one symbol may be read together. A source whose series are all of
    /// one make has nothing to refuse.
    ///
    /// # Errors
    ///
    /// Series that were adjusted in different ways.
    fn check_together(&self, keys: &[SeriesKey]) -> Result<(), DataError> {
        let _ = keys;
        Ok(())
    }

    /// Whether what `symbol` needs can be read without waiting for it.
    ///
    /// A live run asks when a symbol is added, and, as long as the answer is
    /// [`SourceReadiness::Loading`], with every look; the first question begins the loading, on a
    /// thread that is the program's. Meanwhile the add stays open, and nothing else waits for it. A
    /// replay does not ask: it reads what it needs, however long that takes.
    ///
    /// *Cost*: must not block.
    fn readiness(&mut self, symbol: &Symbol) -> SourceReadiness {
        let _ = symbol;
        SourceReadiness::Ready
    }

    /// Whether what is stored of one series in `range` can be opened, as far as that can be said
    /// without reading a row. A source without files has nothing to refuse.
    ///
    /// # Errors
    ///
    /// What cannot be opened.
    fn check_files(
        &self,
        key: &SeriesKey,
        range: Range<Timestamp>,
        calendar: &Calendar,
    ) -> Result<(), DataError> {
        let _ = (key, range, calendar);
        Ok(())
    }

    /// A feed of one series, before its first row.
    ///
    /// # Errors
    ///
    /// An unknown series, a source that cannot be opened.
    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError>;

    /// The feed that delivers the sessions' own bars: the stored one, unless the source reads
    /// ahead or follows a live one.
    ///
    /// # Errors
    ///
    /// As for [`Source::feed`].
    fn day_feed(
        &mut self,
        key: &SeriesKey,
        calendar: &Calendar,
    ) -> Result<Box<dyn Feed>, DataError> {
        self.feed(key, calendar)
    }

    /// The base bars that a run which goes on from a checkpoint had of its session `session` when that
    /// closed, where the source has kept them apart from the stored ones; `None` where the stored ones are
    /// those.
    ///
    /// # Errors
    ///
    /// What was kept cannot be read.
    fn delivered(
        &mut self,
        key: &SeriesKey,
        session: TradingDate,
    ) -> Result<Option<BarColumns>, DataError> {
        let _ = (key, session);
        Ok(None)
    }

    /// Says which stretches of time the sessions' own bars will be read in, in order, and how
    /// many of them ahead. A source that reads nothing ahead passes it over.
    ///
    /// # Errors
    ///
    /// A source that cannot.
    fn read_ahead(
        &mut self,
        windows: Vec<Range<Timestamp>>,
        n_ahead: usize,
    ) -> Result<(), DataError> {
        let _ = (windows, n_ahead);
        Ok(())
    }
}
