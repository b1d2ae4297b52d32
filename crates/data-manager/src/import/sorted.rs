//! The rows of a file by series and stamp, in bounded memory: sorted runs, all but a last one in
//! scratch files that the system clears away, put together when the file has been read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use openbell_market::Ohlcv;

use crate::error::IoAction;
use crate::{DataError, disk};

/// A row on its way into the store.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Row {
    /// Which of the file's series, in the order in which they were met.
    pub(super) series: u32,
    /// The line on which it begins.
    pub(super) line: u64,
    pub(super) stamp_ns: i64,
    pub(super) ohlcv: Ohlcv,
}

impl Row {
    fn key(&self) -> (u32, i64) {
        (self.series, self.stamp_ns)
    }
}

/// Bytes of a row in a scratch file.
const ROW_BYTES: usize = 64;

/// Rows that come in any order, each series and stamp once.
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
    n_rows: u64,
}

impl Sorter {
    pub(super) fn new(folder: &Path, n_max: usize) -> Sorter {
        Sorter { rows: Vec::new(), n_max, folder: folder.to_owned(), runs: Vec::new() }
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
        let file = disk::scratch(&self.folder).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        for row in &self.rows {
            out.write_all(&to_bytes(row)).map_err(failed)?;
        }
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        self.runs.push(Run { file, n_rows: self.rows.len() as u64 });
        self.rows.clear();
        Ok(())
    }

    /// All of them, by series and stamp.
    pub(super) fn finish(mut self) -> Result<Sorted, DataError> {
        if !self.runs.is_empty() && !self.rows.is_empty() {
            self.set_aside()?;
            self.rows = Vec::new();
        }
        self.sort();
        Ok(Sorted { rows: self.rows, n_max: self.n_max, folder: self.folder, runs: self.runs })
    }
}

/// Rows by series and stamp; they can be gone through as often as needed.
pub(super) struct Sorted {
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
        let folder = self.folder.clone();
        let failed = move |error| DataError::io(IoAction::Read, &folder, error);
        let mut readers = Vec::with_capacity(self.runs.len());
        let mut next = BinaryHeap::with_capacity(self.runs.len());
        for (i, run) in self.runs.iter_mut().enumerate() {
            run.file.seek(SeekFrom::Start(0)).map_err(&failed)?;
            let mut reader = BufReader::with_capacity(1 << 18, &mut run.file);
            let row = read_row(&mut reader).map_err(&failed)?;
            next.push(Reverse((row.key(), i)));
            readers.push((reader, row, run.n_rows - 1));
        }
        let n_max = self.n_max / 2;
        let mut batch: Vec<Row> = Vec::with_capacity(n_max.min(1 << 16));
        while let Some(Reverse((key, i))) = next.pop() {
            let (reader, row, n_left) = &mut readers[i];
            if batch.last().is_some_and(|last| last.series != key.0) || batch.len() == n_max {
                each(&batch)?;
                batch.clear();
            }
            batch.push(*row);
            if *n_left > 0 {
                *row = read_row(reader).map_err(&failed)?;
                *n_left -= 1;
                next.push(Reverse((row.key(), i)));
            }
        }
        if batch.is_empty() { Ok(()) } else { each(&batch) }
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

fn read_row(reader: &mut impl Read) -> std::io::Result<Row> {
    let mut words = [[0; 8]; ROW_BYTES / 8];
    for word in &mut words {
        reader.read_exact(word)?;
    }
    let [series, line, stamp, values @ ..] = words.map(u64::from_le_bytes);
    let [open, high, low, close, volume] = values.map(f64::from_bits);
    Ok(Row {
        series: series as u32,
        line,
        stamp_ns: stamp.cast_signed(),
        ohlcv: Ohlcv { open, high, low, close, volume },
    })
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
            let mut sorted = sorter.finish().unwrap();
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
