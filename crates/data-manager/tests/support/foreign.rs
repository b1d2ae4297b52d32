//! Parquet files as other programs write them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // Tests make files.

use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type, Int96,
    Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// The values of one column; `None` is a null.
pub enum Column {
    Int64(Vec<Option<i64>>),
    Int32(Vec<Option<i32>>),
    Int96(Vec<Option<Int96>>),
    Double(Vec<Option<f64>>),
    Float(Vec<Option<f32>>),
    Text(Vec<Option<&'static str>>),
}

fn write_values<T: DataType>(
    writer: &mut parquet::file::writer::SerializedColumnWriter<'_>,
    cells: &[Option<T::T>],
    is_nullable: bool,
) {
    let values: Vec<T::T> = cells.iter().flatten().cloned().collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let levels = is_nullable.then_some(levels.as_slice());
    writer.typed::<T>().write_batch(&values, levels, None).unwrap();
}

/// Writes a file of row groups.
pub fn write(path: &Path, schema: &str, properties: WriterProperties, groups: &[Vec<Column>]) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let nullable: Vec<bool> = schema.get_fields().iter().map(|field| field.is_optional()).collect();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    for columns in groups {
        let mut group = writer.next_row_group().unwrap();
        for (column, is_nullable) in columns.iter().zip(&nullable) {
            let mut out = group.next_column().unwrap().unwrap();
            match column {
                Column::Int64(cells) => write_values::<Int64Type>(&mut out, cells, *is_nullable),
                Column::Int32(cells) => write_values::<Int32Type>(&mut out, cells, *is_nullable),
                Column::Int96(cells) => write_values::<Int96Type>(&mut out, cells, *is_nullable),
                Column::Double(cells) => write_values::<DoubleType>(&mut out, cells, *is_nullable),
                Column::Float(cells) => write_values::<FloatType>(&mut out, cells, *is_nullable),
                Column::Text(cells) => {
                    let cells: Vec<Option<ByteArray>> =
                        cells.iter().map(|cell| cell.map(ByteArray::from)).collect();
                    write_values::<ByteArrayType>(&mut out, &cells, *is_nullable);
                }
            }
            out.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// Four price columns of 1.5 and a volume of 3, after a column of stamps.
pub fn columns(ts: Column, n_rows: usize) -> Vec<Column> {
    let prices = || Column::Double(vec![Some(1.5); n_rows]);
    let volume = Column::Double(vec![Some(3.0); n_rows]);
    vec![ts, prices(), prices(), prices(), prices(), volume]
}

/// The schema of bars whose stamps are `ts`.
pub fn schema(ts: &str) -> String {
    format!(
        "message bars {{ {ts}; required double open; required double high; required double low; \
         required double close; required double volume; }}"
    )
}

pub const TS_US: &str = "required int64 ts (TIMESTAMP(MICROS, true))";
