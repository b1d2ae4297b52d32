//! The column chunks of one row group, decoded some rows at a time: stamps first, values behind them.

use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{DataType, DoubleType, FloatType, Int32Type, Int64Type, Int96};
use parquet::errors::ParquetError;

use crate::DataError;
use crate::codec::bar_file::{BarFile, COLUMNS, Column, StampUnit, ValueKind};
use crate::codec::guard;
use crate::codec::pages::Pages;
use crate::codec::plain::PlainColumn;
use crate::error::CellFault;

/// The largest whole number up to which float64 holds every one.
const EXACT_MAX: i64 = 1 << 53;

/// The readers of one row group; values lag behind stamps.
pub(crate) struct GroupReader {
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
    /// The readers of row group `group`, at its first row.
    pub(crate) fn open(file: &BarFile, group: usize) -> Result<GroupReader, DataError> {
        let failed = |error| guard::data_error(&file.path, None, error);
        let source = guard::catch(|| file.group_source(group)).map_err(failed)?;
        let rows = file.footer.row_group(group);
        let pages = |idx: usize| -> Result<Pages, DataError> {
            let n_rows = usize::try_from(rows.num_rows()).unwrap_or(0);
            let chunk = rows.column(idx);
            guard::catch(|| Pages::new(&source, chunk, n_rows)).map_err(failed)
        };
        let any = |idx: usize, is_nullable: bool| -> Result<TypedColumn, DataError> {
            let descr = file.footer.file_metadata().schema_descr().column(idx);
            let pages: Box<dyn PageReader> = Box::new(pages(idx)?);
            let reader = guard::catch(|| Ok(get_column_reader(descr, pages))).map_err(failed)?;
            Ok(TypedColumn::new(reader, is_nullable))
        };
        let value = |place: Column<ValueKind>| -> Result<ValueColumn, DataError> {
            if !place.is_nullable && PlainColumn::holds(rows.column(place.idx)) {
                return Ok(ValueColumn::Plain(PlainColumn::new(pages(place.idx)?)));
            }
            let column = any(place.idx, place.is_nullable)?;
            Ok(ValueColumn::Any(Box::new(column), place.kind))
        };
        let [open, high, low, close, volume] = file.values;
        Ok(GroupReader {
            ts: any(file.ts.idx, file.ts.is_nullable)?,
            values: [value(open)?, value(high)?, value(low)?, value(close)?, value(volume)?],
            n_rows_left: u64::try_from(rows.num_rows()).unwrap_or(0),
            n_values_behind: 0,
        })
    }

    /// Rows whose stamps are not decoded yet.
    pub(crate) fn n_rows_left(&self) -> u64 {
        self.n_rows_left
    }

    /// Leaves out the next `n_rows` whole.
    pub(crate) fn skip(&mut self, n_rows: usize) -> Result<(), ParquetError> {
        guard::catch(|| self.ts.skip(n_rows))?;
        self.n_rows_left -= n_rows as u64;
        self.skip_values(n_rows);
        Ok(())
    }

    /// Leaves out the values of the next `n_rows`.
    pub(crate) fn skip_values(&mut self, n_rows: usize) {
        self.n_values_behind += n_rows;
    }

    /// Appends the stamps of the next rows, at most `batch_rows`, in nanoseconds to `stamps`,
    /// which is empty. The first of them is row `row` of the file.
    pub(crate) fn decode_stamps(
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

    /// Appends the values of the next `n_rows` to `columns`. Where it fails, some columns may be
    /// longer than they were. The first of the rows is row `row` of the file.
    pub(crate) fn decode_values(
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
                reader.skip(n_behind)?;
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
enum ValueColumn {
    Plain(PlainColumn),
    Any(Box<TypedColumn>, ValueKind),
}

impl ValueColumn {
    fn skip(&mut self, n_rows: usize) -> Result<(), ParquetError> {
        match self {
            ValueColumn::Plain(column) => column.skip(n_rows),
            ValueColumn::Any(column, _) => column.skip(n_rows),
        }
    }

    /// Appends `n_rows` values; yields the first row that holds none, or one that is not exact.
    fn read(
        &mut self,
        n_rows: usize,
        out: &mut Vec<f64>,
    ) -> Result<Option<(usize, CellFault)>, ParquetError> {
        match self {
            ValueColumn::Plain(column) => column.read(n_rows, out).map(|()| None),
            ValueColumn::Any(column, kind) => column.read_f64(n_rows, *kind, out),
        }
    }
}

impl TypedColumn {
    /// Appends `n_rows` values; yields the first row that holds none, or one that is not exact.
    fn read_f64(
        &mut self,
        n_rows: usize,
        kind: ValueKind,
        out: &mut Vec<f64>,
    ) -> Result<Option<(usize, CellFault)>, ParquetError> {
        let TypedColumn { reader, levels, i32s, i64s, f32s, i96s: _ } = self;
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
                if kind == ValueKind::UInt32 {
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
                let lowest = if kind == ValueKind::UInt64 { 0 } else { -EXACT_MAX };
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
