//! The only door to data: the Parquet store, feeds, import, and the synthetic market.
//!
//! Not here: what a session makes of rows (`openbell-coordinator`), which dates are sessions
//! (`openbell-time`), the words of a market (`openbell-market`).

mod bar_file;
pub mod contract;
mod decode;
mod disk;
mod encode;
mod error;
pub mod export;
mod feed;
pub mod generate;
mod guard;
mod guess;
pub mod import;
mod labels;
mod layout;
mod manager;
mod memory;
mod parquet_feed;
mod prefetch;
mod scripted;
mod source;
mod writer;

pub use bar_file::Provenance;
pub use error::{CellFault, DataError, IoAction};
pub use feed::{Connection, Feed, FeedKind, Progress};
pub use manager::{DataManager, SeriesInfo, StoreOptions};
pub use memory::MemoryFeed;
pub use parquet_feed::ParquetFeed;
pub use prefetch::{Prefetch, PrefetchedFeed};
pub use scripted::{Arrival, ScriptedFeed};
pub use writer::{MergeCounts, StoreWriter};
