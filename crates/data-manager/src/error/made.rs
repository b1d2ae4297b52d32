//! How the errors of this crate are made, and what they come to for those who read on.

use std::io;
use std::path::Path;
use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::Timestamp;

use super::{DataError, IoAction};

impl DataError {
    /// Whether rows cannot be decoded: what stands before them can.
    pub(crate) fn is_of_decoding(&self) -> bool {
        matches!(self, DataError::Damaged { .. } | DataError::BadCell { .. } | DataError::Io { .. })
    }

    /// There is no store at `path`, where a file may stand.
    pub(crate) fn no_store(path: &Path, is_file: bool) -> DataError {
        let path = path.to_owned();
        if is_file { DataError::StoreIsFile { path } } else { DataError::NoSuchStore { path } }
    }

    pub(crate) fn io(action: IoAction, path: &Path, source: io::Error) -> DataError {
        DataError::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }

    /// What a feed of `key` says when it has met this error.
    pub(crate) fn in_series(self, key: &SeriesKey, since: Option<Timestamp>) -> DataError {
        DataError::SeriesUnreadable { key: key.clone(), since, source: Box::new(self) }
    }
}
