//! The indicator values of one series, as the table of an export.

use std::sync::Arc;

use openbell_market::SeriesKey;
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

use super::table::{Table, TableColumn};
use super::{ExportValues, extend_stamps, metadata, symbol_column};
use crate::DataError;
use crate::disk::AtomicFile;
use crate::store::writer::encode_error;

/// The indicator values of one series.
pub(super) struct Indicators {
    names: Vec<String>,
    pub(super) table: Table,
}

impl Indicators {
    /// A table with a column for each of `names`.
    pub(super) fn new(
        file: AtomicFile,
        key: &SeriesKey,
        names: Vec<String>,
    ) -> Result<Indicators, DataError> {
        let schema =
            indicator_schema(&names).map_err(|error| encode_error(file.target(), error))?;
        let mut columns = vec![TableColumn::Stamps(Vec::new())];
        columns.extend(names.iter().map(|_| TableColumn::NullableDouble(Vec::new(), Vec::new())));
        columns.push(symbol_column(key));
        Ok(Indicators { names, table: Table::new(file, schema, metadata(key), columns)? })
    }

    /// Appends rows; a column that is not among `values` is null in them.
    pub(super) fn append(
        &mut self,
        key: &SeriesKey,
        opens_at_ns: &[i64],
        values: &[ExportValues<'_>],
    ) -> Result<(), DataError> {
        if let Some(unknown) = values.iter().find(|v| !self.names.iter().any(|n| n == v.name)) {
            let column = unknown.name.to_owned();
            return Err(DataError::UnknownExportColumn { key: key.clone(), column });
        }
        let mut names = self.names.iter();
        for column in &mut self.table.columns {
            match column {
                TableColumn::Stamps(stamps) => extend_stamps(stamps, opens_at_ns),
                TableColumn::NullableDouble(levels, doubles) => {
                    let name = names.next();
                    match values.iter().find(|column| Some(column.name) == name.map(String::as_str))
                    {
                        Some(column) => {
                            levels.extend(column.values.iter().map(|v| i16::from(v.is_some())));
                            doubles.extend(column.values.iter().flatten());
                        }
                        None => levels.resize(levels.len() + opens_at_ns.len(), 0),
                    }
                }
                TableColumn::Int32(_) | TableColumn::Double(_) | TableColumn::Constant(_) => {}
            }
        }
        self.table.grew(opens_at_ns.len());
        Ok(())
    }
}

fn indicator_schema(names: &[String]) -> Result<Type, ParquetError> {
    use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
    let ts = Type::primitive_type_builder("ts", PhysicalType::INT64)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MICROS)))
        .build()?;
    let mut fields = vec![Arc::new(ts)];
    for name in names {
        let field = Type::primitive_type_builder(name, PhysicalType::DOUBLE)
            .with_repetition(Repetition::OPTIONAL)
            .build()?;
        fields.push(Arc::new(field));
    }
    let symbol = Type::primitive_type_builder("symbol", PhysicalType::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String))
        .build()?;
    fields.push(Arc::new(symbol));
    Type::group_type_builder("indicators").with_fields(fields).build()
}
