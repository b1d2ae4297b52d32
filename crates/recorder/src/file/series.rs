//! The names of series in a recording.

use std::collections::BTreeMap;
use std::path::Path;

use openbell_market::{BarInterval, Symbol};
use rusqlite::Connection;

use crate::error::RecorderError;

/// The name of a series.
pub(super) type Key = (Symbol, BarInterval);

/// The series that a recording names.
pub(super) fn series_of(connection: &Connection) -> rusqlite::Result<Vec<(i64, String, String)>> {
    let mut statement =
        connection.prepare("SELECT id, symbol, interval FROM series ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// The same as what they name.
///
/// # Errors
///
/// A name that is none.
pub(super) fn named(
    path: &Path,
    rows: Vec<(i64, String, String)>,
) -> Result<BTreeMap<i64, Key>, RecorderError> {
    let named = rows.into_iter().map(|(id, symbol, interval)| {
        let key = symbol.parse().ok().zip(interval.parse().ok());
        let key = key.ok_or_else(|| {
            RecorderError::damaged(path, format!("series {id}: {symbol} {interval}"))
        })?;
        Ok((id, key))
    });
    named.collect()
}
