//! Rows as Arrow record batches, and back: for notebooks and services that speak Arrow.
//!
//! Only here with the feature `arrow`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::record_batch::RecordBatch;
use openbell_market::{BarColumns, SeriesKey, Symbol};
use openbell_time::Calendar;

use crate::DataError;
use crate::codec::bar_file::COLUMNS;
use crate::codec::foreign::SYMBOL_COLUMNS;
use crate::evidence::{Check, Evidence};
use crate::store::rows::sort_by_stamp;

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

/// The rows of `batches` together, sorted and judged as those of a file are: bars of the series `key`
/// on `calendar`, unless a check is `waived`.
///
/// # Errors
///
/// As for [`from_record_batch`], also where a column of symbols says another one;
/// [`DataError::BatchesRefused`] with what speaks against the rows.
pub fn judged_rows<'a>(
    batches: impl IntoIterator<Item = &'a RecordBatch>,
    key: &SeriesKey,
    calendar: &Calendar,
    waived: &[Check],
) -> Result<BarColumns, DataError> {
    let mut rows = BarColumns::default();
    for batch in batches {
        if !waived.contains(&Check::Symbol) {
            check_symbols(batch, &key.symbol)?;
        }
        let of_batch = from_record_batch(batch)?;
        rows.extend_from(&of_batch, 0..of_batch.len());
    }
    sort_by_stamp(&mut rows);
    let mut evidence = Evidence::new(key.interval, calendar);
    evidence.rows(&rows.opens_at_ns);
    evidence.end_series();
    match evidence.objection(waived) {
        Some(objection) => Err(DataError::BatchesRefused { key: key.clone(), objection }),
        None => Ok(rows),
    }
}

/// Refuses a batch of which a row names another symbol; one without a text says nothing.
fn check_symbols(batch: &RecordBatch, needed: &Symbol) -> Result<(), DataError> {
    for (field, found) in batch.schema().fields().iter().zip(batch.columns()) {
        let name = field.name().to_lowercase();
        let Some(name) = SYMBOL_COLUMNS.into_iter().find(|known| *known == name) else { continue };
        let texts = cast(found, &DataType::Utf8).map_err(|_| {
            let reason = format!("is {}, needed is a text", found.data_type());
            DataError::NotBars { column: name, reason }
        })?;
        let is_other = |text: &str| text != needed.as_str();
        let texts = texts.as_string::<i32>().iter().enumerate();
        if let Some((row, text)) =
            texts.flat_map(|(row, text)| Some((row, text?))).find(|t| is_other(t.1))
        {
            let reason = format!("says {text:?} in row {row}, needed is {needed}");
            return Err(DataError::NotBars { column: name, reason });
        }
    }
    Ok(())
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

    /// Minutes of three sessions of New York, `by_s` later, with a column that says `symbols`.
    fn three_days(by_s: i64, symbols: &[&str]) -> Vec<RecordBatch> {
        let first = |day| format!("2025-07-0{day}T13:30:00Z").parse::<openbell_time::Timestamp>();
        let of_day = |day: u32| {
            let open_us = first(day).unwrap().as_micros() + by_s * 1_000_000;
            let stamps = (0..390).map(|n| open_us + n * 60_000_000);
            let ts: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(stamps));
            let price = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.5; 390])) };
            let texts = (0..390).map(|n| symbols[n % symbols.len()]);
            let texts: ArrayRef = Arc::new(arrow::array::StringArray::from_iter_values(texts));
            let mut columns = vec![("ts", ts), ("Ticker", texts)];
            columns.extend(COLUMNS[1..].iter().map(|name| (*name, price())));
            RecordBatch::try_from_iter(columns).unwrap()
        };
        [9, 7, 8].map(of_day).to_vec()
    }

    #[test]
    fn batches_are_judged_together_as_the_rows_of_a_file_are() {
        let calendar = openbell_time::TimeManager::new().calendar("US_EQUITY").unwrap();
        let judged = |interval: &str, batches: &[RecordBatch], waived: &[Check]| {
            let (symbol, interval) = ("AAPL".parse().unwrap(), interval.parse().unwrap());
            judged_rows(batches, &SeriesKey { symbol, interval }, &calendar, waived)
        };
        let rows = judged("1m", &three_days(0, &["AAPL"]), &[]).unwrap();
        assert!(rows.len() == 1_170 && rows.opens_at_ns.is_sorted());
        for (interval, by_s, check) in [
            ("5m", 0, Check::Interval),
            ("1m", -4 * 3_600, Check::Zone),
            ("1m", 9 * 3_600, Check::Zone),
            ("1m", 60, Check::StampedAt),
        ] {
            let batches = three_days(by_s, &["AAPL"]);
            let error = judged(interval, &batches, &[]).unwrap_err();
            let DataError::BatchesRefused { objection, .. } = &error else { panic!("{error}") };
            assert_eq!(objection.check(), check, "{error}");
            assert!(judged(interval, &batches, &[check]).is_ok(), "{check} is waived");
        }
        let error = judged("1m", &three_days(0, &["AAPL", "MSFT"]), &[]).unwrap_err();
        assert!(error.to_string().ends_with(r#"says "MSFT" in row 1, needed is AAPL"#), "{error}");
    }

    #[test]
    fn a_batch_that_holds_no_bars_is_refused_by_column() {
        let ts: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1, 2]));
        let open: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
        let batch = RecordBatch::try_from_iter([("ts", ts), ("open", open)]).unwrap();
        let error = from_record_batch(&batch).unwrap_err();
        assert_eq!(error.to_string(), "the record batch holds no bars: column open has 1 nulls");
    }
}
