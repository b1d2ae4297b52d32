//! Bars from bars, indicators and quality, each right to the last digit.
//!
//! What a symbol's derived bars and indicators are depends on that symbol alone; so everything
//! here works on one symbol, and publishing it is someone else's business.
//!
//! Not here: files, the clock, the gate (`openbell-coordinator`); the columns themselves
//! (`openbell-session-data`).

mod base_series;
mod indicator_set;
mod maker;
mod window;

pub use base_series::BaseSeries;
pub use indicator_set::IndicatorSet;
pub use maker::{SeriesLayout, SeriesMemory, SeriesState, SessionSeries, SymbolProcessor};
pub use window::{OpenWindow, WindowFold};

pub mod indicator;

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
