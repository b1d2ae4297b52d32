//! The board that readers read: what can be read, by whom, and from when.
//!
//! The core writes bars into [`Segment`]s and publishes them with one atomic word
//! ([`BoardWriter`]); outsiders read through an [`OutsideReader`], whose every view passes the
//! gate and yields a [`View`] of one publication or a typed [`Inactive`]; insiders read through an
//! [`InsideReader`]. Readers never lock and never copy; a view that is held stays what it was.
//!
//! Not here: making bars of bars (`openbell-processor`), files (`openbell-data-manager`), who
//! decides when the gate opens (`openbell-coordinator`).

mod block;
mod board;
mod deadline;
mod forming;
mod handle;
mod inactive;
mod metrics;
mod publication;
mod reader;
mod roster;
mod running;
mod segment;
mod segment_writer;
mod series;
mod series_reader;
mod sync;
mod view;
mod why;
mod word;

pub use board::{BoardWriter, Exhausted, Opened, Shut};
pub use forming::FormingBar;
pub use handle::{HistoricalHandle, IndicatorHandle};
pub use inactive::{HolderLags, Inactive, InactiveFacts, LaggingSymbol, Reason};
pub use metrics::SessionMetrics;
pub use reader::{InsideReader, OutsideReader};
pub use roster::{
    DeliveredThrough, HistoricalIndicator, Member, Roster, SeriesFacts, SessionFacts,
};
pub use segment::{
    IndicatorColumns, Rows, Segment, SegmentFacts, SegmentGrid, SegmentShape, SeriesRole,
    Visibility, WholeBars,
};
pub use segment_writer::{IndicatorTails, SegmentMemory, SegmentTail, SegmentWriter};
pub use series::{SeriesView, coverage_of, gaps_of};
pub use series_reader::{ReadError, SeriesReader};
pub use view::{HeldView, InsideView, NeverForms, SymbolHandle, SymbolView, Unavailable, View};
pub use why::Why;

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
