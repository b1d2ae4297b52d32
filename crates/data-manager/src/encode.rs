//! Rows into the bytes of a Parquet file, as the store keeps them.
//!
//! Delta-coded stamps, plain prices without a dictionary, statistics on `ts` alone; prices
//! compressed with LZ4_RAW, which reads as fast as memory. A row group is what is read and decoded
//! in one go, so there are several in a month of minutes.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use openbell_market::{BarColumns, BarInterval, SeriesKey};
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, Type};

use crate::bar_file::{Provenance, meta_key};

/// The version of the schema that is written.
const SCHEMA_VERSION: &str = "1";

/// Rows in a page: small enough that a reader of thousands of series holds little of each.
const PAGE_ROWS: usize = 2_048;

/// Row groups in a file, at most: each takes a place in its footer.
const N_GROUPS_MAX: usize = 16;

const SCHEMA: &str = "message bars {
    required int64 ts (TIMESTAMP(MICROS, true));
    required double open;
    required double high;
    required double low;
    required double close;
    required double volume;
}";

/// Writes `rows` as one file of the series `key`.
///
/// *Shape*: the rows must be ascending and their stamps whole microseconds.
pub(crate) fn write_bars<W: Write + Send>(
    out: W,
    key: &SeriesKey,
    provenance: &Provenance,
    rows: &BarColumns,
) -> Result<(), ParquetError> {
    let schema: Arc<Type> = Arc::new(parse_message_type(SCHEMA)?);
    let properties = properties(Some(metadata(key, provenance)));
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    let group_rows = rows.len().div_ceil(N_GROUPS_MAX).next_multiple_of(PAGE_ROWS).max(1);
    // A file without rows has one group without rows.
    for first in (0..rows.len().max(1)).step_by(group_rows) {
        write_group(&mut writer, rows, first..(first + group_rows).min(rows.len()))?;
    }
    writer.close()?;
    Ok(())
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    rows: &BarColumns,
    range: Range<usize>,
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    let stamps = &rows.opens_at_ns[range.clone()];
    let stamps_us: Vec<i64> = stamps.iter().map(|ns| ns.div_euclid(1_000)).collect();
    if let Some(mut column) = group.next_column()? {
        column.typed::<Int64Type>().write_batch(&stamps_us, None, None)?;
        column.close()?;
    }
    for values in [&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume] {
        if let Some(mut column) = group.next_column()? {
            column.typed::<DoubleType>().write_batch(&values[range.clone()], None, None)?;
            column.close()?;
        }
    }
    group.close()?;
    Ok(())
}

/// How files of this crate are written: see the head of this file.
pub(crate) fn properties(metadata: Option<Vec<KeyValue>>) -> WriterProperties {
    let ts = || ColumnPath::from("ts");
    WriterProperties::builder()
        .set_created_by("openbell-data-manager".to_owned())
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_compression(Compression::LZ4_RAW)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_encoding(ts(), Encoding::DELTA_BINARY_PACKED)
        .set_column_compression(ts(), Compression::UNCOMPRESSED)
        .set_column_statistics_enabled(ts(), EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_max_row_group_row_count(None)
        .set_key_value_metadata(metadata)
        .build()
}

fn metadata(key: &SeriesKey, provenance: &Provenance) -> Vec<KeyValue> {
    let pair = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let stamp = match key.interval {
        BarInterval::Clock(_) => "open",
        BarInterval::Day => "session_date",
        BarInterval::Week => "monday",
    };
    let mut pairs = vec![
        pair(meta_key::SCHEMA_VERSION, SCHEMA_VERSION),
        pair(meta_key::SYMBOL, key.symbol.as_str()),
        pair(meta_key::INTERVAL, &key.interval.to_string()),
        pair(meta_key::STAMP, stamp),
        pair(meta_key::ADJUSTMENT, provenance.adjustment.name()),
        pair(meta_key::SYNTHETIC, if provenance.is_synthetic { "true" } else { "false" }),
    ];
    if let Some(provider) = &provenance.provider {
        pairs.push(pair(meta_key::PROVIDER, provider));
    }
    pairs
}
