//! Where a run gets its feeds from: a store, or whatever a service puts in its place.

use openbell_data_manager::{DataError, Feed};
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_time::Calendar;

/// Gives feeds by series. The store of a program is one
/// ([`StoreSource`](crate::StoreSource)); a service with data of its own writes another.
pub trait Source: Send {
    /// The intervals that are stored (or delivered) for a symbol, shortest first; none for a
    /// symbol that is not known.
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval>;

    /// Why a symbol is not known, with the nearest names where there are some.
    fn unknown(&self, symbol: &Symbol) -> String;

    /// A feed of one series, before its first row.
    ///
    /// *Errors*: an unknown series, a source that cannot be opened.
    fn feed(&mut self, key: &SeriesKey, calendar: &Calendar) -> Result<Box<dyn Feed>, DataError>;
}
