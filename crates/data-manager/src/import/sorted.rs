//! The rows of a file by series and stamp, in bounded memory: sorted runs, all but a last one in
//! scratch files that the system clears away, put together when the file has been read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use openbell_market::Ohlcv;

use crate::error::IoAction;
use crate::{DataError, disk};

/// A row on its way into the store.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Row {
    /// Which of the file's series, in the order in which they were met.
    pub(crate) series: u32,
    /// The line on which it begins; where there are no lines, which row it is.
    pub(crate) line: u64,
    pub(crate) stamp_ns: i64,
    pub(crate) ohlcv: Ohlcv,
}

/// What rows are sorted by: of one stamp those of an earlier line come first.
type Key = (u32, i64, u64);

impl Row {
    fn key(&self) -> Key {
        (self.series, self.stamp_ns, self.line)
    }
}

/// Bytes of a row in a scratch file.
const ROW_BYTES: usize = 64;

/// Rows that are written to a scratch file, or read from it, in one go.
const N_ROWS_IN_BUFFER: usize = 4_096;

/// Rows that come in any order.
pub(super) struct Sorter {
    rows: Vec<Row>,
    /// Rows in memory.
    n_max: usize,
    /// Where scratch files may be made.
    folder: PathBuf,
    runs: Vec<Run>,
}

/// A sorted run in a scratch file.
struct Run {
    file: disk::Scratch,
    n_rows: usize,
    first: Key,
    last: Option<Key>,
}

impl Sorter {
    pub(super) fn new(folder: &Path, n_max: usize) -> Sorter {
        Sorter {
            rows: Vec::with_capacity(n_max),
            n_max,
            folder: folder.to_owned(),
            runs: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, row: Row) -> Result<(), DataError> {
        if self.rows.len() == self.n_max {
            self.set_aside()?;
        }
        self.rows.push(row);
        Ok(())
    }

    fn sort(&mut self) {
        if !self.rows.is_sorted_by_key(Row::key) {
            self.rows.sort_unstable_by_key(Row::key);
        }
    }

    /// Writes the rows in memory into a scratch file.
    fn set_aside(&mut self) -> Result<(), DataError> {
        self.sort();
        let failed = |error| DataError::io(IoAction::Write, &self.folder, error);
        let mut file = disk::scratch(&self.folder).map_err(failed)?;
        let mut bytes = Vec::with_capacity(N_ROWS_IN_BUFFER * ROW_BYTES);
        for rows in self.rows.chunks(N_ROWS_IN_BUFFER) {
            bytes.clear();
            rows.iter().for_each(|row| bytes.extend_from_slice(&to_bytes(row)));
            file.write_all(&bytes).map_err(failed)?;
        }
        let last = self.rows.last().map(Row::key);
        self.runs.push(Run { file, n_rows: self.rows.len(), first: self.rows[0].key(), last });
        self.rows.clear();
        Ok(())
    }

    /// All of them, by series and stamp.
    pub(super) fn finish(mut self) -> Sorted {
        self.sort();
        Sorted { rows: self.rows, n_max: self.n_max, folder: self.folder, runs: self.runs }
    }
}

/// Rows by series and stamp; they can be gone through as often as needed.
pub(super) struct Sorted {
    /// The last run.
    rows: Vec<Row>,
    n_max: usize,
    folder: PathBuf,
    runs: Vec<Run>,
}

impl Sorted {
    /// Hands all rows to `each`, some of one series at a time, in order.
    pub(super) fn each(
        &mut self,
        mut each: impl FnMut(&[Row]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        if self.runs.is_empty() {
            return self.rows.chunk_by(|a, b| a.series == b.series).try_for_each(each);
        }
        let follows = |(a, b): (&Run, &Run)| a.last < Some(b.first);
        let is_chain = self.runs.iter().zip(&self.runs[1..]).all(follows)
            && self.runs.last().and_then(|run| run.last) < self.rows.first().map(Row::key);
        let mut streams = Vec::with_capacity(self.runs.len() + 1);
        for run in &mut self.runs {
            run.file.seek(SeekFrom::Start(0)).map_err(|error| failed(&self.folder, error))?;
            streams.push(Stream::of_file(&mut run.file, run.n_rows));
        }
        streams.push(Stream::of_rows(&self.rows));
        let mut batches = Batches { rows: Vec::new(), n_max: self.n_max / 4, each: &mut each };
        let read = |error| failed(&self.folder, error);
        if is_chain {
            for stream in &mut streams {
                while let Some(row) = stream.next().map_err(read)? {
                    batches.push(row)?;
                }
            }
            return batches.end();
        }
        let mut heads = BinaryHeap::with_capacity(streams.len());
        for (i, stream) in streams.iter_mut().enumerate() {
            if let Some(row) = stream.next().map_err(read)? {
                heads.push(Reverse(Head { row, i }));
            }
        }
        while let Some(Reverse(Head { row, i })) = heads.pop() {
            batches.push(row)?;
            if let Some(row) = streams[i].next().map_err(read)? {
                heads.push(Reverse(Head { row, i }));
            }
        }
        batches.end()
    }
}

fn failed(folder: &Path, error: std::io::Error) -> DataError {
    DataError::io(IoAction::Read, folder, error)
}

/// The next row of a run.
struct Head {
    row: Row,
    i: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> std::cmp::Ordering {
        (self.row.key(), self.i).cmp(&(other.row.key(), other.i))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

/// Gathers rows of one series.
struct Batches<'e, F> {
    rows: Vec<Row>,
    n_max: usize,
    each: &'e mut F,
}

impl<F: FnMut(&[Row]) -> Result<(), DataError>> Batches<'_, F> {
    fn push(&mut self, row: Row) -> Result<(), DataError> {
        let is_other = self.rows.last().is_some_and(|last| last.series != row.series);
        if is_other || self.rows.len() >= self.n_max.max(1) {
            (self.each)(&self.rows)?;
            self.rows.clear();
        }
        self.rows.push(row);
        Ok(())
    }

    fn end(self) -> Result<(), DataError> {
        if self.rows.is_empty() { Ok(()) } else { (self.each)(&self.rows) }
    }
}

/// The rows of a run, one after the other.
enum Stream<'r> {
    File { file: &'r mut disk::Scratch, n_left: usize, rows: Vec<Row>, next: usize },
    Rows(std::slice::Iter<'r, Row>),
}

impl<'r> Stream<'r> {
    fn of_file(file: &'r mut disk::Scratch, n_rows: usize) -> Stream<'r> {
        Stream::File { file, n_left: n_rows, rows: Vec::new(), next: 0 }
    }

    fn of_rows(rows: &'r [Row]) -> Stream<'r> {
        Stream::Rows(rows.iter())
    }

    fn next(&mut self) -> std::io::Result<Option<Row>> {
        match self {
            Stream::Rows(rows) => Ok(rows.next().copied()),
            Stream::File { file, n_left, rows, next } => {
                if *next == rows.len() {
                    if *n_left == 0 {
                        return Ok(None);
                    }
                    let n_rows = N_ROWS_IN_BUFFER.min(*n_left);
                    let mut bytes = vec![0; n_rows * ROW_BYTES];
                    file.read_exact(&mut bytes)?;
                    let (whole, _) = bytes.as_chunks();
                    rows.clear();
                    rows.extend(whole.iter().map(of_bytes));
                    (*n_left, *next) = (*n_left - n_rows, 0);
                }
                *next += 1;
                Ok(Some(rows[*next - 1]))
            }
        }
    }
}

fn to_bytes(row: &Row) -> [u8; ROW_BYTES] {
    let Row { series, line, stamp_ns, ohlcv } = row;
    let values = [ohlcv.open, ohlcv.high, ohlcv.low, ohlcv.close, ohlcv.volume];
    let words = [u64::from(*series), *line, stamp_ns.cast_unsigned()];
    let mut bytes = [0; ROW_BYTES];
    let all = words.into_iter().chain(values.map(f64::to_bits));
    for (place, word) in bytes.chunks_exact_mut(8).zip(all) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn of_bytes(bytes: &[u8; ROW_BYTES]) -> Row {
    let (words, _) = bytes.as_chunks();
    let word = |at: usize| u64::from_le_bytes(words[at]);
    let value = |at: usize| f64::from_bits(word(at));
    let ohlcv =
        Ohlcv { open: value(3), high: value(4), low: value(5), close: value(6), volume: value(7) };
    Row { series: word(0) as u32, line: word(1), stamp_ns: word(2).cast_signed(), ohlcv }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_many_runs_come_as_those_of_one() {
        let row = |n: u64| Row {
            series: (n % 3) as u32,
            line: n,
            stamp_ns: (n * 7_919 % 1_000) as i64 - 500,
            ohlcv: Ohlcv { open: n as f64, high: 1.0, low: -0.0, close: 2.5, volume: 7.0 },
        };
        let sorted = |n_max: usize| {
            let folder = tempfile::tempdir().unwrap();
            let mut sorter = Sorter::new(folder.path(), n_max);
            (0..1_000).for_each(|n| sorter.push(row(n)).unwrap());
            let mut sorted = sorter.finish();
            let mut twice = Vec::new();
            for _ in 0..2 {
                let mut rows = Vec::new();
                let each = |some: &[Row]| {
                    assert!(some.iter().all(|row| row.series == some[0].series));
                    rows.extend_from_slice(some);
                    Ok(())
                };
                sorted.each(each).unwrap();
                twice.push(rows);
            }
            assert_eq!(disk::list(folder.path()).unwrap(), [], "nothing is left");
            assert_eq!(twice[0], twice[1]);
            twice.swap_remove(0)
        };
        let in_one = sorted(10_000);
        assert!(in_one.is_sorted_by_key(Row::key) && in_one.len() == 1_000);
        for n_max in [7, 100, 999, 1_000] {
            assert_eq!(sorted(n_max), in_one, "{n_max} rows at a time");
        }
    }
}
