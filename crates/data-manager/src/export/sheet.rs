//! A table of an export that is not of one series: orders, fills, positions and the equity of accounts, a
//! Parquet file each.

use std::sync::Arc;

use openbell_time::{Timestamp, TradingDate};
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use crate::DataError;
use crate::codec::encode;
use crate::disk::AtomicFile;
use crate::store::writer::encode_error;

/// Which table that is not of one series.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SheetName {
    /// `orders.parquet`.
    Orders,
    /// `fills.parquet`.
    Fills,
    /// `positions.parquet`.
    Positions,
    /// `equity.parquet`.
    Equity,
}

impl SheetName {
    pub(super) const ALL: [SheetName; 4] =
        [SheetName::Orders, SheetName::Fills, SheetName::Positions, SheetName::Equity];

    /// The name of its file.
    pub const fn file_name(self) -> &'static str {
        match self {
            SheetName::Orders => "orders.parquet",
            SheetName::Fills => "fills.parquet",
            SheetName::Positions => "positions.parquet",
            SheetName::Equity => "equity.parquet",
        }
    }
}

/// One column: a value for each row, `None` where it has none.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SheetColumn {
    /// Instants, written in microseconds of UTC.
    Stamps(Vec<Option<Timestamp>>),
    /// Dates of sessions.
    Dates(Vec<Option<TradingDate>>),
    /// Whole numbers.
    Counts(Vec<Option<i64>>),
    /// Numbers.
    Doubles(Vec<Option<f64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Yes or no.
    Flags(Vec<Option<bool>>),
}

/// A table, kept in memory until it is written.
///
/// ```
/// use openbell_data_manager::export::{Sheet, SheetColumn};
/// let sheet = Sheet::new(vec![
///     ("order", SheetColumn::Counts(vec![Some(1), Some(2)])),
///     ("limit", SheetColumn::Doubles(vec![None, Some(99.5)])),
/// ]);
/// assert_eq!(sheet.n_rows(), 2);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Sheet {
    columns: Vec<(&'static str, SheetColumn)>,
}

impl Sheet {
    /// A table of those columns, by their names, in that order.
    ///
    /// # Panics
    ///
    /// Where the columns differ in length.
    pub fn new(columns: Vec<(&'static str, SheetColumn)>) -> Sheet {
        let mut lengths = columns.iter().map(|(_, column)| column.len());
        let first = lengths.next().unwrap_or(0);
        assert!(lengths.all(|length| length == first), "columns of a sheet have one length");
        Sheet { columns }
    }

    /// Its rows.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// Writes it, and puts the file in its place.
    pub(super) fn write(&self, file: AtomicFile) -> Result<(), DataError> {
        let target = file.target().to_owned();
        let written = self.write_to(file).map_err(|error| encode_error(&target, error))?;
        written.commit()
    }

    fn write_to(&self, file: AtomicFile) -> Result<AtomicFile, ParquetError> {
        let fields: Result<Vec<TypePtr>, ParquetError> =
            self.columns.iter().map(|(name, column)| column.field(name)).collect();
        let schema = Type::group_type_builder("sheet").with_fields(fields?).build()?;
        let properties = Arc::new(encode::properties(None));
        let mut writer = SerializedFileWriter::new(file, Arc::new(schema), properties)?;
        if self.n_rows() > 0 {
            let mut group = writer.next_row_group()?;
            for (_, column) in &self.columns {
                let levels = column.levels();
                let Some(mut to) = group.next_column()? else { break };
                match column {
                    SheetColumn::Stamps(values) => {
                        let us = |at: &Timestamp| at.as_nanos().div_euclid(1_000);
                        let values: Vec<i64> = values.iter().flatten().map(us).collect();
                        to.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
                    }
                    SheetColumn::Counts(values) => {
                        let values: Vec<i64> = values.iter().flatten().copied().collect();
                        to.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
                    }
                    SheetColumn::Dates(values) => {
                        let values: Vec<i32> =
                            values.iter().flatten().map(|date| date.as_days()).collect();
                        to.typed::<Int32Type>().write_batch(&values, Some(&levels), None)?;
                    }
                    SheetColumn::Doubles(values) => {
                        let values: Vec<f64> = values.iter().flatten().copied().collect();
                        to.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
                    }
                    SheetColumn::Texts(values) => {
                        let values: Vec<ByteArray> =
                            values.iter().flatten().map(|text| text.as_str().into()).collect();
                        to.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
                    }
                    SheetColumn::Flags(values) => {
                        let values: Vec<bool> = values.iter().flatten().copied().collect();
                        to.typed::<BoolType>().write_batch(&values, Some(&levels), None)?;
                    }
                }
                to.close()?;
            }
            group.close()?;
        }
        writer.into_inner()
    }
}

impl SheetColumn {
    fn len(&self) -> usize {
        self.levels().len()
    }

    /// 1 where there is a value, 0 where there is none.
    fn levels(&self) -> Vec<i16> {
        fn of<T>(values: &[Option<T>]) -> Vec<i16> {
            values.iter().map(|value| i16::from(value.is_some())).collect()
        }
        match self {
            SheetColumn::Stamps(values) => of(values),
            SheetColumn::Dates(values) => of(values),
            SheetColumn::Counts(values) => of(values),
            SheetColumn::Doubles(values) => of(values),
            SheetColumn::Texts(values) => of(values),
            SheetColumn::Flags(values) => of(values),
        }
    }

    fn field(&self, name: &str) -> Result<TypePtr, ParquetError> {
        let (physical, logical) = match self {
            SheetColumn::Stamps(_) => {
                (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)))
            }
            SheetColumn::Dates(_) => (PhysicalType::INT32, Some(LogicalType::Date)),
            SheetColumn::Counts(_) => (PhysicalType::INT64, None),
            SheetColumn::Doubles(_) => (PhysicalType::DOUBLE, None),
            SheetColumn::Texts(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            SheetColumn::Flags(_) => (PhysicalType::BOOLEAN, None),
        };
        let field = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    }
}
