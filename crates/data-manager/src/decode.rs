//! Rows out of the column chunks of one Parquet file, a few thousand at a time. It does no I/O of
//! its own: bytes come from the file's [`FileSource`].
//!
//! Stamps are decoded ahead of values: the caller looks at stamps, decides how many rows it wants,
//! and only then are their values decoded, straight into the caller's columns.

use std::ops::Range;
use std::sync::Arc;

use openbell_market::BarColumns;
use openbell_time::Timestamp;
use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{DataType, DoubleType, FloatType, Int32Type, Int64Type, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::SerializedPageReader;

use crate::DataError;
use crate::bar_file::{BarFile, COLUMNS, Column, StampUnit, ValueKind};
use crate::error::CellFault;
use crate::guard;
use crate::source::FileSource;

/// Rows whose stamps are decoded in one go.
pub(crate) const BATCH_ROWS: usize = 1_024;

/// The largest whole number up to which float64 holds every one.
const EXACT_MAX: i64 = 1 << 53;

/// What the stamps of a file must be besides ascending.
#[derive(Clone, Debug)]
pub(crate) struct StampBounds {
    /// The last stamp that came before.
    pub(crate) after: Option<i64>,
    /// The stamps that the file's name allows.
    pub(crate) period: Range<i64>,
}

impl StampBounds {
    /// Any ascending stamps.
    pub(crate) const ASCENDING: StampBounds =
        StampBounds { after: None, period: i64::MIN..i64::MAX };
}

/// Reads the rows of one file in order.
#[derive(Debug)]
pub(crate) struct Decoder {
    file: Arc<BarFile>,
    /// `None` hands out stamps as they stand.
    bounds: Option<StampBounds>,
    last_ns: Option<i64>,
    /// What comes after the stamps that are decoded.
    fault: Option<DataError>,
    next_group: usize,
    group: Option<GroupReader>,
    stamps: Vec<i64>,
    n_taken: usize,
    /// The row of the file whose stamp is `stamps[n_taken]`.
    row: u64,
    batch_rows: usize,
}

impl Decoder {
    /// A decoder that stands at the first row of `file`.
    pub(crate) fn new(file: Arc<BarFile>, bounds: StampBounds) -> Decoder {
        Decoder { last_ns: bounds.after, bounds: Some(bounds), ..Decoder::unchecked(file) }
    }

    /// A decoder that hands out all rows in whatever order they stand.
    pub(crate) fn unchecked(file: Arc<BarFile>) -> Decoder {
        Decoder {
            file,
            last_ns: None,
            bounds: None,
            fault: None,
            next_group: 0,
            group: None,
            stamps: Vec::new(),
            n_taken: 0,
            row: 0,
            batch_rows: BATCH_ROWS,
        }
    }

    /// A decoder that stands at row `row`, and decodes one row at a time: it fails exactly at the
    /// row that cannot be read, not at the batch that holds it.
    pub(crate) fn careful(
        file: Arc<BarFile>,
        bounds: StampBounds,
        row: u64,
    ) -> Result<Decoder, DataError> {
        let mut decoder = Decoder::new(file, bounds);
        decoder.batch_rows = 1;
        while decoder.next_group < decoder.file.footer.num_row_groups() {
            let n_rows = decoder.group_rows(decoder.next_group);
            if decoder.row + n_rows > row {
                let n_skipped = (row - decoder.row) as usize;
                let mut group = GroupReader::open(&decoder.file, decoder.next_group)?;
                let skipped = guard::catch(|| group.ts.skip(n_skipped));
                skipped.map_err(|e| guard::data_error(&decoder.file.path, Some(row), e))?;
                group.n_rows_left -= n_skipped as u64;
                group.n_values_behind += n_skipped;
                decoder.group = Some(group);
                decoder.next_group += 1;
                decoder.row = row;
                break;
            }
            decoder.row += n_rows;
            decoder.next_group += 1;
        }
        Ok(decoder)
    }

    /// Whether it decodes one row at a time.
    pub(crate) fn is_careful(&self) -> bool {
        self.batch_rows == 1
    }

    pub(crate) fn file(&self) -> &Arc<BarFile> {
        &self.file
    }

    /// Leaves out the row groups that end before `since_ns`, as far as their statistics say, and
    /// as long as nothing has been decoded.
    pub(crate) fn skip_groups_before(&mut self, since_ns: i64) {
        while self.group.is_none() && self.next_group < self.file.footer.num_row_groups() {
            match self.file.group_span(self.next_group) {
                Some((_, last)) if last.as_nanos() < since_ns => {
                    self.row += self.group_rows(self.next_group);
                    self.next_group += 1;
                }
                _ => break,
            }
        }
    }

    /// The stamps of the next rows as they are written, in nanoseconds; empty at the end of the
    /// file only.
    pub(crate) fn stamps(&mut self) -> Result<&[i64], DataError> {
        if self.n_taken == self.stamps.len() {
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            self.stamps.clear();
            self.n_taken = 0;
            while self.stamps.is_empty() {
                if self.group.as_ref().is_none_or(|group| group.n_rows_left == 0) {
                    if self.next_group == self.file.footer.num_row_groups() {
                        return Ok(&[]);
                    }
                    self.group = Some(GroupReader::open(&self.file, self.next_group)?);
                    self.next_group += 1;
                }
                if let Some(group) = &mut self.group
                    && let Err(error) =
                        group.decode_stamps(self.batch_rows, self.row, &self.file, &mut self.stamps)
                {
                    self.stamps.clear();
                    return Err(error);
                }
            }
            self.check_stamps()?;
        }
        Ok(&self.stamps[self.n_taken..])
    }

    /// Cuts the decoded stamps at the first that is out of order or out of bounds, and keeps the
    /// error for when the caller has come there.
    fn check_stamps(&mut self) -> Result<(), DataError> {
        let Some(bounds) = &mut self.bounds else { return Ok(()) };
        let mut after = bounds.after.unwrap_or(i64::MIN);
        if let (Some(&first), Some(&last)) = (self.stamps.first(), self.stamps.last())
            && after <= first
            && self.stamps.is_sorted()
            && bounds.period.contains(&first)
            && bounds.period.contains(&last)
        {
            bounds.after = Some(last);
            return Ok(());
        }
        for (row_in_batch, &stamp) in self.stamps.iter().enumerate() {
            if stamp < after || !bounds.period.contains(&stamp) {
                let path = self.file.path.clone();
                let row = self.row + row_in_batch as u64;
                let is_descent = stamp < after;
                let (stamp, after) = (Timestamp::from_nanos(stamp), Timestamp::from_nanos(after));
                let fault = if is_descent {
                    DataError::Unsorted { path, row, stamp, after }
                } else {
                    DataError::OutsidePeriod { path, row, stamp }
                };
                self.stamps.truncate(row_in_batch);
                if row_in_batch == 0 {
                    return Err(fault);
                }
                self.fault = Some(fault);
                break;
            }
            after = stamp;
        }
        bounds.after = Some(after);
        Ok(())
    }

    /// The row of the file to which the first of [`Decoder::stamps`] belongs.
    pub(crate) fn row(&self) -> u64 {
        self.row
    }

    /// Leaves out the next `n_rows`, which must be among [`Decoder::stamps`].
    pub(crate) fn skip(&mut self, n_rows: usize) {
        if let Some(group) = &mut self.group {
            group.n_values_behind += n_rows;
        }
        self.advance(n_rows);
    }

    /// Appends the values of the next `n_rows`, which must be among [`Decoder::stamps`], to the
    /// five value columns of `out`; its stamps are the caller's to append. Where it fails, `out`
    /// is as it was, and the decoder is of no further use.
    pub(crate) fn take(&mut self, n_rows: usize, out: &mut BarColumns) -> Result<(), DataError> {
        let BarColumns { opens_at_ns: _, open, high, low, close, volume } = out;
        let n_before = open.len();
        let mut columns = [open, high, low, close, volume];
        let row = self.row;
        let taken = match &mut self.group {
            Some(group) => group.decode_values(n_rows, row, &self.file, &mut columns),
            None => Ok(()),
        };
        if taken.is_err() {
            for column in columns {
                column.truncate(n_before);
            }
            return taken;
        }
        self.advance(n_rows);
        Ok(())
    }

    /// The stamp of the next row as it is written, where it is decoded.
    pub(crate) fn next_stamp(&self) -> Option<i64> {
        self.stamps.get(self.n_taken).copied()
    }

    /// The stamp of the last row that was taken or skipped, or that came before the file.
    pub(crate) fn last_ns(&self) -> Option<i64> {
        self.last_ns
    }

    fn advance(&mut self, n_rows: usize) {
        if n_rows > 0 {
            self.last_ns = Some(self.stamps[self.n_taken + n_rows - 1]);
        }
        self.n_taken += n_rows;
        self.row += n_rows as u64;
    }

    fn group_rows(&self, group: usize) -> u64 {
        u64::try_from(self.file.footer.row_group(group).num_rows()).unwrap_or(0)
    }
}

/// The readers of one row group; values lag behind stamps.
struct GroupReader {
    ts: TypedColumn,
    values: [ValueColumn; 5],
    /// Rows whose stamps are not decoded yet.
    n_rows_left: u64,
    /// Rows whose values are to be left out before the next ones are decoded.
    n_values_behind: usize,
}

impl std::fmt::Debug for GroupReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupReader")
            .field("n_rows_left", &self.n_rows_left)
            .finish_non_exhaustive()
    }
}

impl GroupReader {
    fn open(file: &BarFile, group: usize) -> Result<GroupReader, DataError> {
        let failed = |error| guard::data_error(&file.path, None, error);
        let rows = file.footer.row_group(group);
        let open = |idx: usize| -> Result<ColumnReader, DataError> {
            let descr = file.footer.file_metadata().schema_descr().column(idx);
            let n_rows = usize::try_from(rows.num_rows()).unwrap_or(0);
            let reader = guard::catch(|| {
                let pages = SerializedPageReader::<FileSource>::new(
                    file.source.clone(),
                    rows.column(idx),
                    n_rows,
                    None,
                )?;
                Ok(get_column_reader(descr, Box::new(pages) as Box<dyn PageReader>))
            });
            reader.map_err(failed)
        };
        let values = [
            ValueColumn::new(open(file.values[0].idx)?, file.values[0]),
            ValueColumn::new(open(file.values[1].idx)?, file.values[1]),
            ValueColumn::new(open(file.values[2].idx)?, file.values[2]),
            ValueColumn::new(open(file.values[3].idx)?, file.values[3]),
            ValueColumn::new(open(file.values[4].idx)?, file.values[4]),
        ];
        Ok(GroupReader {
            ts: TypedColumn::new(open(file.ts.idx)?, file.ts.is_nullable),
            values,
            n_rows_left: u64::try_from(rows.num_rows()).unwrap_or(0),
            n_values_behind: 0,
        })
    }

    fn decode_stamps(
        &mut self,
        batch_rows: usize,
        row: u64,
        file: &BarFile,
        stamps: &mut Vec<i64>,
    ) -> Result<(), DataError> {
        let n_wanted = (batch_rows as u64).min(self.n_rows_left) as usize;
        let unit = file.ts.kind;
        let decoded = guard::catch(|| self.ts.read_i64(n_wanted, unit, stamps));
        let failed = |error| guard::data_error(&file.path, Some(row), error);
        let cell = |row_in_batch: usize, fault| DataError::BadCell {
            path: file.path.clone(),
            row: row + row_in_batch as u64,
            column: COLUMNS[0],
            fault,
        };
        if let Some(null) = decoded.map_err(failed)? {
            return Err(cell(null, CellFault::Null));
        }
        if stamps.len() != n_wanted {
            let short = format!("{n_wanted} stamps were expected, {} are there", stamps.len());
            return Err(failed(ParquetError::EOF(short)));
        }
        self.n_rows_left -= n_wanted as u64;
        let factor = unit.nanos();
        let raw = i64::MIN / factor..=i64::MAX / factor;
        // Without a branch a row: what is out of range is looked for where something is.
        if !stamps.iter().fold(true, |all, stamp| all & raw.contains(stamp))
            && let Some(row) = stamps.iter().position(|stamp| !raw.contains(stamp))
        {
            return Err(cell(row, CellFault::OutOfRange(stamps[row])));
        }
        if factor != 1 {
            stamps.iter_mut().for_each(|stamp| *stamp *= factor);
        }
        Ok(())
    }

    fn decode_values(
        &mut self,
        n_rows: usize,
        row: u64,
        file: &BarFile,
        columns: &mut [&mut Vec<f64>; 5],
    ) -> Result<(), DataError> {
        let failed = |error| guard::data_error(&file.path, Some(row), error);
        let n_behind = std::mem::take(&mut self.n_values_behind);
        for (idx, (reader, column)) in self.values.iter_mut().zip(columns).enumerate() {
            let n_before = column.len();
            let decoded = guard::catch(|| {
                reader.column.skip(n_behind)?;
                reader.read(n_rows, column)
            });
            if let Some((row_in_batch, fault)) = decoded.map_err(failed)? {
                return Err(DataError::BadCell {
                    path: file.path.clone(),
                    row: row + row_in_batch as u64,
                    column: COLUMNS[idx + 1],
                    fault,
                });
            }
            if column.len() - n_before != n_rows {
                let n_there = column.len() - n_before;
                let short = format!("{n_rows} values were expected, {n_there} are there");
                return Err(failed(ParquetError::EOF(short)));
            }
        }
        Ok(())
    }
}

/// One column chunk with its reader, and buffers that are used again.
struct TypedColumn {
    reader: ColumnReader,
    /// Definition levels, for nullable columns only.
    levels: Option<Vec<i16>>,
    i32s: Vec<i32>,
    i64s: Vec<i64>,
    f32s: Vec<f32>,
    i96s: Vec<Int96>,
}

impl TypedColumn {
    fn new(reader: ColumnReader, is_nullable: bool) -> TypedColumn {
        TypedColumn {
            reader,
            levels: is_nullable.then(Vec::new),
            i32s: Vec::new(),
            i64s: Vec::new(),
            f32s: Vec::new(),
            i96s: Vec::new(),
        }
    }

    fn skip(&mut self, n_rows: usize) -> Result<(), ParquetError> {
        if n_rows == 0 {
            return Ok(());
        }
        let n_skipped = match &mut self.reader {
            ColumnReader::Int32ColumnReader(reader) => reader.skip_records(n_rows)?,
            ColumnReader::Int64ColumnReader(reader) => reader.skip_records(n_rows)?,
            ColumnReader::Int96ColumnReader(reader) => reader.skip_records(n_rows)?,
            ColumnReader::FloatColumnReader(reader) => reader.skip_records(n_rows)?,
            ColumnReader::DoubleColumnReader(reader) => reader.skip_records(n_rows)?,
            _ => return Err(unexpected_type()),
        };
        if n_skipped == n_rows {
            Ok(())
        } else {
            Err(ParquetError::EOF(format!("{n_rows} values to skip, {n_skipped} are there")))
        }
    }

    /// Appends `n_rows` stamps in the unit of the file; yields the first row that is null.
    fn read_i64(
        &mut self,
        n_rows: usize,
        unit: StampUnit,
        out: &mut Vec<i64>,
    ) -> Result<Option<usize>, ParquetError> {
        let levels = &mut self.levels;
        match (&mut self.reader, unit) {
            (ColumnReader::Int64ColumnReader(reader), _) => read(reader, levels, n_rows, out),
            (ColumnReader::Int32ColumnReader(reader), _) => {
                self.i32s.clear();
                let null = read(reader, levels, n_rows, &mut self.i32s)?;
                out.extend(self.i32s.iter().map(|&day| i64::from(day)));
                Ok(null)
            }
            (ColumnReader::Int96ColumnReader(reader), StampUnit::Int96) => {
                self.i96s.clear();
                let null = read(reader, levels, n_rows, &mut self.i96s)?;
                out.extend(self.i96s.iter().map(Int96::to_nanos));
                Ok(null)
            }
            _ => Err(unexpected_type()),
        }
    }
}

/// A column of prices or volumes.
struct ValueColumn {
    column: TypedColumn,
    kind: ValueKind,
}

impl ValueColumn {
    fn new(reader: ColumnReader, place: Column<ValueKind>) -> ValueColumn {
        ValueColumn { column: TypedColumn::new(reader, place.is_nullable), kind: place.kind }
    }

    /// Appends `n_rows` values; yields the first row that holds none, or one that is not exact.
    fn read(
        &mut self,
        n_rows: usize,
        out: &mut Vec<f64>,
    ) -> Result<Option<(usize, CellFault)>, ParquetError> {
        let TypedColumn { reader, levels, i32s, i64s, f32s, i96s: _ } = &mut self.column;
        let null = match reader {
            ColumnReader::DoubleColumnReader(reader) => {
                read::<DoubleType>(reader, levels, n_rows, out)?
            }
            ColumnReader::FloatColumnReader(reader) => {
                f32s.clear();
                let null = read::<FloatType>(reader, levels, n_rows, f32s)?;
                out.extend(f32s.iter().map(|&value| f64::from(value)));
                null
            }
            ColumnReader::Int32ColumnReader(reader) => {
                i32s.clear();
                let null = read::<Int32Type>(reader, levels, n_rows, i32s)?;
                if self.kind == ValueKind::UInt32 {
                    out.extend(i32s.iter().map(|&value| f64::from(value as u32)));
                } else {
                    out.extend(i32s.iter().map(|&value| f64::from(value)));
                }
                null
            }
            ColumnReader::Int64ColumnReader(reader) => {
                i64s.clear();
                let null = read::<Int64Type>(reader, levels, n_rows, i64s)?;
                // An unsigned number past 2^63 reads as a negative one, and is refused with them.
                let lowest = if self.kind == ValueKind::UInt64 { 0 } else { -EXACT_MAX };
                let is_exact = |value: &i64| (lowest..=EXACT_MAX).contains(value);
                if let Some(row) = i64s.iter().position(|value| !is_exact(value)) {
                    return Ok(Some((row, CellFault::Inexact(i64s[row]))));
                }
                out.extend(i64s.iter().map(|&value| value as f64));
                null
            }
            _ => return Err(unexpected_type()),
        };
        Ok(null.map(|row| (row, CellFault::Null)))
    }
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    levels: &mut Option<Vec<i16>>,
    n_rows: usize,
    out: &mut Vec<T::T>,
) -> Result<Option<usize>, ParquetError> {
    match levels {
        None => reader.read_records(n_rows, None, None, out).map(|_| None),
        Some(levels) => {
            levels.clear();
            let (n_read, n_values, _) = reader.read_records(n_rows, Some(levels), None, out)?;
            Ok(if n_values < n_read { levels.iter().position(|&level| level == 0) } else { None })
        }
    }
}

fn unexpected_type() -> ParquetError {
    ParquetError::General("a column chunk of another type than the schema says".to_owned())
}
