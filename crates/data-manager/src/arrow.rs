//! Rows as Arrow record batches, and back: for notebooks and services that speak Arrow.
//!
//! Only here with the feature `arrow`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::record_batch::RecordBatch;
use openbell_market::BarColumns;

use crate::DataError;
use crate::codec::bar_file::COLUMNS;

/// The schema of bars: `ts` in microseconds of UTC, five columns of float64, none nullable.
pub fn bar_schema() -> SchemaRef {
    let ts = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = vec![Field::new(COLUMNS[0], ts, false)];
    fields.extend(COLUMNS[1..].iter().map(|name| Field::new(*name, DataType::Float64, false)));
    Arc::new(Schema::new(fields))
}

/// `rows` as one record batch of [`bar_schema`]; stamps are rounded down to whole microseconds.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::arrow::{from_record_batch, to_record_batch};
/// use openbell_market::{BarColumns, Ohlcv};
/// let mut rows = BarColumns::default();
/// let bar = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 300.0 };
/// rows.push("2025-07-02T13:30:00Z".parse()?, bar);
/// let batch = to_record_batch(&rows);
/// assert_eq!((batch.num_rows(), batch.num_columns()), (1, 6));
/// assert_eq!(from_record_batch(&batch)?, rows);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn to_record_batch(rows: &BarColumns) -> RecordBatch {
    let stamps_us = rows.opens_at_ns.iter().map(|ns| ns.div_euclid(1_000));
    let ts = TimestampMicrosecondArray::from_iter_values(stamps_us).with_timezone("UTC");
    let mut columns: Vec<ArrayRef> = vec![Arc::new(ts)];
    for values in [&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume] {
        columns.push(Arc::new(Float64Array::from(values.clone())));
    }
    match RecordBatch::try_new(bar_schema(), columns) {
        Ok(batch) => batch,
        Err(error) => panic!("columns of bars have one length: {error}"),
    }
}

/// The rows of `batch`, in whatever order they stand.
///
/// *Shape*: columns are found by name; `ts` is a timestamp of any unit, the others are float64.
///
/// # Errors
///
/// [`DataError::NotBars`] where a column is missing, is of another type, or has a null.
pub fn from_record_batch(batch: &RecordBatch) -> Result<BarColumns, DataError> {
    let ts = column(batch, COLUMNS[0])?;
    let mut rows = BarColumns { opens_at_ns: stamps_ns(ts)?, ..BarColumns::default() };
    let values = [&mut rows.open, &mut rows.high, &mut rows.low, &mut rows.close, &mut rows.volume];
    for (values, name) in values.into_iter().zip(&COLUMNS[1..]) {
        let found = column(batch, name)?;
        let doubles = found.as_primitive_opt::<Float64Type>().ok_or_else(|| {
            let reason = format!("is {}, needed is Float64", found.data_type());
            DataError::NotBars { column: name, reason }
        })?;
        values.extend_from_slice(doubles.values());
    }
    Ok(rows)
}

fn column<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a ArrayRef, DataError> {
    let not_bars = |reason: &str| DataError::NotBars { column: name, reason: reason.to_owned() };
    let found = batch.column_by_name(name).ok_or_else(|| not_bars("is missing"))?;
    match found.null_count() {
        0 => Ok(found),
        n => Err(not_bars(&format!("has {n} nulls"))),
    }
}

fn stamps_ns(ts: &ArrayRef) -> Result<Vec<i64>, DataError> {
    let (raw, factor): (&[i64], i64) = match ts.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            (ts.as_primitive::<TimestampSecondType>().values(), 1_000_000_000)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            (ts.as_primitive::<TimestampMillisecondType>().values(), 1_000_000)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            (ts.as_primitive::<TimestampMicrosecondType>().values(), 1_000)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            (ts.as_primitive::<TimestampNanosecondType>().values(), 1)
        }
        other => {
            let reason = format!("is {other}, needed is a timestamp");
            return Err(DataError::NotBars { column: COLUMNS[0], reason });
        }
    };
    let instant = |&raw: &i64| {
        raw.checked_mul(factor).ok_or_else(|| DataError::NotBars {
            column: COLUMNS[0],
            reason: format!("holds {raw}, which is no instant between 1677 and 2262"),
        })
    };
    raw.iter().map(instant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_holds_no_bars_is_refused_by_column() {
        let ts: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1, 2]));
        let open: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
        let batch = RecordBatch::try_from_iter([("ts", ts), ("open", open)]).unwrap();
        let error = from_record_batch(&batch).unwrap_err();
        assert_eq!(error.to_string(), "the record batch holds no bars: column open has 1 nulls");
    }
}
