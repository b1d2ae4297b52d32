//! Bars in Parquet files of a store, in a folder that goes when it is dropped.

use std::path::Path;

use openbell_coordinator::Engine;
use openbell_data_manager::{Provenance, StoreWriter};
use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::Timestamp;

use crate::story::{Story, store_engine};

/// A store on disk, as the program reads it.
pub struct Stored {
    folder: tempfile::TempDir,
    exchange_group: String,
}

impl Stored {
    /// A store of `exchange_group` without series.
    ///
    /// # Panics
    ///
    /// Where the machine gives no folder to write in.
    pub fn new(exchange_group: &str) -> Stored {
        let folder = tempfile::tempdir().expect("a folder");
        Stored { folder, exchange_group: exchange_group.to_owned() }
    }

    /// Writes a series of `interval` (as `1m`), one row for each stamp, in order; 1d and 1w rows
    /// are stamped with their date at 00:00 UTC.
    pub fn with_rows(
        self,
        symbol: &str,
        interval: &str,
        rows: impl IntoIterator<Item = (Timestamp, Ohlcv)>,
    ) -> Stored {
        let mut columns = BarColumns::default();
        for (opens_at, ohlcv) in rows {
            columns.push(opens_at, ohlcv);
        }
        let key = SeriesKey {
            symbol: symbol.parse().expect("a symbol"),
            interval: interval.parse().expect("an interval"),
        };
        let mut writer = StoreWriter::open(self.path()).expect("a store");
        writer
            .merge(&self.exchange_group, &key, &Provenance::default(), &columns)
            .expect("rows that can be stored");
        self
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A run of the session file `json` over it.
    ///
    /// # Panics
    ///
    /// Where anything is refused.
    pub fn engine(&self, json: &str) -> Engine {
        store_engine(json, self.path())
    }

    /// The same as a story, to be stepped.
    pub fn story(&self, json: &str) -> Story {
        Story { engine: self.engine(json) }
    }
}
