//! The only access path to data: the Parquet store, feeds, import, and the synthetic market.
//!
//! Not here: what a session makes of rows (`openbell-coordinator`), which dates are sessions
//! (`openbell-time`), the words of a market (`openbell-market`).

#[cfg(feature = "arrow")]
pub mod arrow;
mod codec;
mod disk;
mod error;
mod evidence;
pub mod export;
mod feed;
pub mod fetch;
pub mod generate;
pub mod import;
pub mod live;
mod store;

pub use codec::bar_file::Provenance;
pub use error::{CellFault, DataError, IoAction, NotText, Unbounded};
pub use evidence::{
    Check, Evidence, Objection, StepLength, Suspicion, Undeliverable, UnknownCheck,
};
pub use feed::memory::MemoryFeed;
pub use feed::prefetch::{Prefetch, PrefetchedFeed};
pub use feed::scripted::{Arrival, ScriptedFeed};
pub use feed::{DownCause, Feed, FeedKind, Link, LinkStep, Progress, Trading, contract};
pub use store::coverage::{SeriesCoverage, SessionCoverage};
pub use store::feed::ParquetFeed;
pub use store::maintenance::{CompactReport, DeleteReport, Effect, stamps_of_dates};
pub use store::verify::{Finding, FindingKind, RepairReport, VerifyReport, verify};
pub use store::writer::{MergeCounts, StoreWriter};
pub use store::{DataManager, SeriesInfo, StoreOptions};

/// What fuzz targets look at, and nobody else.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// Decodes the Parquet file at `path` whole row groups at a time, and by the general reader alone.
    ///
    /// # Panics
    ///
    /// Where rows or errors differ.
    pub fn decode_both_ways(path: &std::path::Path) {
        let _ = crate::codec::both_ways::check(path); // it is what it checks that counts
    }
}

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
