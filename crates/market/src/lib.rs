//! The words of a market: symbols, intervals, bars and columns of bars, the grid of a session,
//! quality and gaps.
//!
//! Not here: any store format, any file (`openbell-data-manager`); instants and calendars
//! (`openbell-time`).

mod bar;
mod bar_columns;
mod bar_rows;
mod bar_slice;
mod error;
mod fold;
mod grid;
pub mod indicator;
mod interval;
mod quality;
mod rejection;
mod series;
mod stamps;
mod symbol;

pub use bar::{Bar, BarFault, Ohlcv};
pub use bar_columns::BarColumns;
pub use bar_rows::{BarRows, BarRowsMut, copy_rows};
pub use bar_slice::BarSlice;
pub use error::MarketError;
pub use fold::BarFold;
pub use grid::{Grid, SlotMatch};
pub use interval::{BarInterval, ClockInterval};
pub use quality::{Coverage, Gap, Quality};
pub use rejection::RejectReason;
pub use series::{Adjustment, SeriesKey};
pub use stamps::n_stamped_before;
pub use symbol::{SYMBOL_LEN_MAX, Symbol, SymbolIdx};

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
