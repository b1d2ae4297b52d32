//! The only door to data: the Parquet store, feeds, import, and the synthetic market.
//!
//! Not here: what a session makes of rows (`openbell-coordinator`), which dates are sessions
//! (`openbell-time`), the words of a market (`openbell-market`).

#[cfg(feature = "arrow")]
pub mod arrow;
mod bar_file;
pub mod contract;
mod coverage;
mod decode;
mod disk;
mod encode;
mod error;
pub mod export;
#[cfg(test)]
mod fault;
mod feed;
pub mod generate;
mod grid;
mod guard;
mod guess;
pub mod import;
mod labels;
mod layout;
mod manager;
mod memory;
mod parquet_feed;
mod plain;
mod prefetch;
mod row_group;
mod rows;
mod scripted;
mod source;
mod upkeep;
mod verify;
mod writer;

pub use bar_file::Provenance;
pub use coverage::{SeriesCoverage, SessionCoverage};
pub use error::{CellFault, DataError, IoAction, NotText};
pub use feed::{Connection, Feed, FeedKind, Progress};
pub use manager::{DataManager, SeriesInfo, StoreOptions};
pub use memory::MemoryFeed;
pub use parquet_feed::ParquetFeed;
pub use prefetch::{Prefetch, PrefetchedFeed};
pub use scripted::{Arrival, ScriptedFeed};
pub use upkeep::{CompactReport, DeleteReport, Run, stamps_of_dates};
pub use verify::{Finding, FindingKind, RepairReport, VerifyReport, verify};
pub use writer::{MergeCounts, StoreWriter};

/// The examples of the crate's README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
