//! One Parquet file that grows: rows are gathered in memory and written as row groups; the file is
//! closed between two of them.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use crate::DataError;
use crate::codec::encode;
use crate::disk::AtomicFile;
use crate::store::writer::encode_error;

/// One column of a table, with the rows that are not written yet.
#[derive(Clone, Debug)]
pub(super) enum TableColumn {
    Stamps(Vec<i64>),
    Int32(Vec<i32>),
    Double(Vec<f64>),
    /// Definition levels and the values that are there.
    NullableDouble(Vec<i16>, Vec<f64>),
    /// One text in every row.
    Constant(ByteArray),
}

/// A file of which rows are written as they come.
pub(super) struct Table {
    writer: SerializedFileWriter<AtomicFile>,
    pub(super) columns: Vec<TableColumn>,
    n_gathered: usize,
    n_rows: u64,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("n_rows", &self.n_rows).finish_non_exhaustive()
    }
}

impl Table {
    /// Begins a table in `file`, whose columns are those of `schema`, in order.
    pub(super) fn new(
        file: AtomicFile,
        schema: Type,
        metadata: Vec<KeyValue>,
        columns: Vec<TableColumn>,
    ) -> Result<Table, DataError> {
        let target = file.target().to_owned();
        let properties = Arc::new(encode::properties(Some(metadata)));
        let writer = SerializedFileWriter::new(file, Arc::new(schema), properties);
        let writer = writer.map_err(|error| encode_error(&target, error))?;
        let mut table = Table { writer, columns, n_gathered: 0, n_rows: 0 };
        table.set_aside()?;
        Ok(table)
    }

    /// Says that `n_rows` were appended to every column.
    pub(super) fn grew(&mut self, n_rows: usize) {
        self.n_gathered += n_rows;
        self.n_rows += n_rows as u64;
    }

    /// Writes what is gathered as a row group.
    pub(super) fn write_out(&mut self) -> Result<(), DataError> {
        if self.n_gathered == 0 {
            return Ok(());
        }
        let (columns, n_rows) = (&mut self.columns, self.n_gathered);
        let written = self.writer.next_row_group().and_then(|mut group| {
            for column in columns.iter_mut() {
                write_column(&mut group, column, n_rows)?;
            }
            group.close().map(|_| ())
        });
        written.map_err(|error| self.failed(error))?;
        self.n_gathered = 0;
        self.set_aside()
    }

    /// Writes the rest, and puts the file in its place; yields the number of its rows.
    pub(super) fn finish(mut self) -> Result<u64, DataError> {
        self.write_out()?;
        let target = self.writer.inner().target().to_owned();
        let file = self.writer.into_inner().map_err(|error| encode_error(&target, error))?;
        file.commit()?;
        Ok(self.n_rows)
    }

    fn set_aside(&mut self) -> Result<(), DataError> {
        self.writer.flush().map_err(|error| self.failed(error.into()))?;
        self.writer.inner_mut().set_aside();
        Ok(())
    }

    fn failed(&self, error: ParquetError) -> DataError {
        encode_error(self.writer.inner().target(), error)
    }
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, AtomicFile>,
    column: &mut TableColumn,
    n_rows: usize,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("a table has more columns than its schema".to_owned()));
    };
    match column {
        TableColumn::Stamps(values) => {
            writer.typed::<Int64Type>().write_batch(values, None, None)?;
            values.clear();
        }
        TableColumn::Int32(values) => {
            writer.typed::<Int32Type>().write_batch(values, None, None)?;
            values.clear();
        }
        TableColumn::Double(values) => {
            writer.typed::<DoubleType>().write_batch(values, None, None)?;
            values.clear();
        }
        TableColumn::NullableDouble(levels, values) => {
            writer.typed::<DoubleType>().write_batch(values, Some(levels), None)?;
            levels.clear();
            values.clear();
        }
        TableColumn::Constant(text) => {
            let values = vec![text.clone(); n_rows];
            writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
        }
    }
    writer.close()
}
