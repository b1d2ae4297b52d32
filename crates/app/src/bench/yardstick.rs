//! The yardstick: files of bars decoded by the `parquet` crate alone, each file's bytes in memory once
//! it is read, its columns by typed readers into memory that is used again.
//!
//! It shares nothing with the decoder of the store, and so stands where it is when that one changes.

use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use openbell_time::Timestamp;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use crate::exit::{Exit, Failure};

/// The values of a bar; its stamp has other names in files of other programs.
const VALUES: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Columns of each width, which are filled anew by each column of a row group.
#[derive(Default)]
pub(super) struct Columns {
    levels: Vec<i16>,
    i32s: Vec<i32>,
    i64s: Vec<i64>,
    f32s: Vec<f32>,
    f64s: Vec<f64>,
}

impl Columns {
    /// Decodes stamps and values of every row group of the file at `path` that may have rows in
    /// `within`, and yields how many rows they have.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is damaged.
    pub(super) fn decode(
        &mut self,
        path: &Path,
        within: &Range<Timestamp>,
    ) -> Result<u64, Failure> {
        let named = || path.display().to_string();
        let unread = |error| Failure::new(Exit::Data, error).of(named());
        let damaged = |error: ParquetError| Failure::new(Exit::Data, error).of(named());
        let bytes = std::fs::read(path).map_err(unread)?;
        let file = SerializedFileReader::new(Bytes::from(bytes)).map_err(damaged)?;
        let mut n_rows = 0;
        for idx in 0..file.num_row_groups() {
            let group = file.get_row_group(idx).map_err(damaged)?;
            if !is_beside(group.metadata(), within) {
                n_rows += self.decode_group(&*group).map_err(damaged)?;
            }
        }
        Ok(n_rows)
    }

    fn decode_group(&mut self, group: &dyn RowGroupReader) -> Result<u64, ParquetError> {
        let rows = group.metadata();
        let n_rows = usize::try_from(rows.num_rows()).unwrap_or(0); // A negative one has no rows.
        for idx in 0..rows.num_columns() {
            let descr = rows.column(idx).column_descr();
            let is_value = VALUES.iter().any(|name| descr.name().eq_ignore_ascii_case(name));
            if is_value || unit_ns(descr).is_some() || descr.name() == "ts" {
                self.decode_column(group.get_column_reader(idx)?, n_rows)?;
            }
        }
        Ok(n_rows as u64)
    }

    fn decode_column(&mut self, reader: ColumnReader, n_rows: usize) -> Result<(), ParquetError> {
        let levels = &mut self.levels;
        match reader {
            ColumnReader::Int32ColumnReader(reader) => fill(reader, n_rows, levels, &mut self.i32s),
            ColumnReader::Int64ColumnReader(reader) => fill(reader, n_rows, levels, &mut self.i64s),
            ColumnReader::FloatColumnReader(reader) => fill(reader, n_rows, levels, &mut self.f32s),
            ColumnReader::DoubleColumnReader(reader) => {
                fill(reader, n_rows, levels, &mut self.f64s)
            }
            _ => Ok(()), // The bars of a store that can be measured have no other.
        }
    }
}

fn fill<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    n_rows: usize,
    levels: &mut Vec<i16>,
    out: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    levels.clear();
    out.clear();
    let mut n_left = n_rows;
    while n_left > 0 {
        let (n_read, _, _) = reader.read_records(n_left, Some(levels), None, out)?;
        if n_read == 0 {
            return Err(ParquetError::EOF(format!("{n_left} more values were expected")));
        }
        n_left -= n_read;
    }
    std::hint::black_box(&*out);
    Ok(())
}

/// Whether the statistics of `rows` say that all of them lie outside `within`.
fn is_beside(rows: &RowGroupMetaData, within: &Range<Timestamp>) -> bool {
    let span = rows.columns().iter().find_map(|chunk| {
        let unit_ns = unit_ns(chunk.column_descr())?;
        let Statistics::Int64(stamps) = chunk.statistics()? else { return None };
        let instant = |raw: i64| raw.saturating_mul(unit_ns);
        Some((instant(*stamps.min_opt()?), instant(*stamps.max_opt()?)))
    });
    span.is_some_and(|(first, last)| {
        last < within.start.as_nanos() || first >= within.end.as_nanos()
    })
}

/// How many nanoseconds a stamp counts, where `descr` is of a column of stamps.
fn unit_ns(descr: &ColumnDescriptor) -> Option<i64> {
    let Some(LogicalType::Timestamp(stamp)) = descr.logical_type_ref() else { return None };
    Some(match stamp.unit {
        TimeUnit::MILLIS => 1_000_000,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1,
    })
}
