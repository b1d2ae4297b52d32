//! Calls into the Parquet decoder, whose panics on damaged files become errors here.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::errors::ParquetError;

use crate::DataError;
use crate::codec::bytes::Changed;
use crate::codec::pages;
use crate::error::IoAction;

/// What `decode` yields; a panic in it is an error like any other: damaged files reach asserts of
/// the decoder that valid files do not.
pub(crate) fn catch<T>(
    decode: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Err(ParquetError::General(format!("the decoder gave up: {said}")))
    })
}

/// The error of this crate for what the decoder has said about row `row` of `path`.
pub(crate) fn data_error(path: &Path, row: Option<u64>, source: ParquetError) -> DataError {
    if let Some(error) = pages::unbounded(path, &source) {
        return error;
    }
    if let ParquetError::External(inner) = &source {
        if inner.is::<Changed>() {
            return DataError::ChangedWhileRead { path: path.to_owned() };
        }
        if let Some(error) = inner.downcast_ref::<DataError>() {
            return error.clone();
        }
        if let Some(code) = inner.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            let source = io::Error::from_raw_os_error(code);
            return DataError::io(IoAction::Read, path, source);
        }
    }
    DataError::Damaged { path: path.to_owned(), row, source: Arc::new(source) }
}
