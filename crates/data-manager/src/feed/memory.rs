//! A stored feed whose rows lie in memory: for tests, and for rows that a program has made itself.

use std::sync::Arc;

use openbell_market::{BarColumns, BarSlice, SeriesKey};
use openbell_time::{Nanos, Timestamp};

use crate::DataError;
use crate::feed::{Feed, FeedKind, Progress};

/// Rows in memory as a [`Feed`].
///
/// *Shape*: the rows must be ascending by stamp (equal ones may follow each other); one that is
/// not ends what can be read, as it does in a file.
#[derive(Clone, Debug)]
pub struct MemoryFeed {
    key: SeriesKey,
    rows: Arc<BarColumns>,
    /// Rows from the start that are ascending.
    n_readable: usize,
    next_row: usize,
}

impl MemoryFeed {
    /// The feed of `rows`.
    pub fn new(key: SeriesKey, rows: BarColumns) -> MemoryFeed {
        let descent = rows.opens_at_ns.windows(2).position(|pair| pair[1] < pair[0]);
        let n_readable = descent.map_or(rows.len(), |row| row + 1);
        MemoryFeed { key, rows: Arc::new(rows), n_readable, next_row: 0 }
    }

    fn descent(&self) -> Option<DataError> {
        let row = self.n_readable;
        if row == self.rows.len() {
            return None;
        }
        let after = self.rows.opens_at(row - 1);
        let error = DataError::Unsorted {
            path: "memory".into(),
            row: row as u64,
            stamp: self.rows.opens_at(row),
            after,
        };
        Some(error.in_series(&self.key, after.checked_add(Nanos::from_nanos(1))))
    }
}

impl Feed for MemoryFeed {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Stored
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        let readable = &self.rows.opens_at_ns[..self.n_readable];
        self.next_row = readable.partition_point(|&ns| ns < since.as_nanos());
        Ok(())
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let (rows, polled) = self.poll_slice(now, until);
        rows.copy_to(out);
        polled
    }

    fn poll_slice(
        &mut self,
        _now: Timestamp,
        until: Timestamp,
    ) -> (BarSlice, Result<Progress, DataError>) {
        let left = &self.rows.opens_at_ns[self.next_row..self.n_readable];
        let first = self.next_row;
        self.next_row += left.partition_point(|&ns| ns < until.as_nanos());
        let rows = BarSlice::new(Arc::clone(&self.rows), first..self.next_row);
        if let Some(descent) = self.descent()
            && descent.unreadable_since().is_none_or(|since| until > since)
        {
            return (rows, Err(descent));
        }
        let is_exhausted = self.next_row == self.rows.len();
        (rows, Ok(Progress::stored(until, is_exhausted)))
    }

    fn ready_until(&self) -> Timestamp {
        Timestamp::MAX
    }
}
