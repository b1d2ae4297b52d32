//! Rows into the bytes of a Parquet file, as the store keeps them.
//!
//! Delta-coded stamps, plain prices without a dictionary, statistics on `ts` alone; prices
//! compressed with LZ4_RAW, which reads as fast as memory. A row group is what is read and decoded
//! in one go, so there are several in a month of minutes, each of whole sessions where it can be.

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

use crate::codec::bar_file::{Provenance, meta_key};
use crate::evidence::n_suspicious;

/// The version of the schema that is written.
const SCHEMA_VERSION: &str = "1";

/// Rows in a page: small enough that a reader of thousands of series holds little of each.
const PAGE_ROWS: usize = 2_048;

/// Row groups in a file, about: each takes a place in its footer.
const N_GROUPS: usize = 16;

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
    write_rows(out, properties(Some(metadata(key, provenance, rows))), rows)
}

/// The same with other `properties`.
pub(crate) fn write_rows<W: Write + Send>(
    out: W,
    properties: WriterProperties,
    rows: &BarColumns,
) -> Result<(), ParquetError> {
    let schema: Arc<Type> = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    let n_rows_max = rows.len().div_ceil(N_GROUPS).next_multiple_of(PAGE_ROWS);
    let mut first = 0;
    // A file without rows has one group without rows.
    loop {
        let n_rows = group_len(&rows.opens_at_ns[first..], n_rows_max);
        write_group(&mut writer, rows, first..first + n_rows)?;
        first += n_rows;
        if first == rows.len() {
            break;
        }
    }
    writer.close()?;
    Ok(())
}

/// How many of the first rows, at most `n_max`, make a row group, where `stamps` are left.
///
/// A group ends with a session where one ends in its second half: so whoever reads session by session
/// decodes each from one group. What a session is, nobody says here; between two there is the longest
/// pause, or one that is not much shorter.
fn group_len(stamps: &[i64], n_max: usize) -> usize {
    if stamps.len() <= n_max {
        return stamps.len();
    }
    // Between its last row and the next one there is a pause as well.
    let pause = |n_rows: usize| stamps[n_rows] - stamps[n_rows - 1];
    let second_half = n_max / 2 + 1..=n_max;
    let longest = second_half.clone().map(pause).max().unwrap_or(0);
    second_half.rev().find(|&n_rows| pause(n_rows) >= longest / 4).unwrap_or(n_max)
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

fn metadata(key: &SeriesKey, provenance: &Provenance, rows: &BarColumns) -> Vec<KeyValue> {
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
    if !provenance.waived.is_empty() {
        let words: Vec<&str> = provenance.waived.iter().map(|check| check.name()).collect();
        pairs.push(pair(meta_key::WAIVED, &words.join(",")));
    }
    let suspicious: Vec<String> = n_suspicious(rows)
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(suspicion, n)| format!("{}:{n}", suspicion.name()))
        .collect();
    if !suspicious.is_empty() {
        pairs.push(pair(meta_key::SUSPICIOUS, &suspicious.join(",")));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;
    const DAY: i64 = 1_440 * MINUTE;

    /// How many rows each row group has, of minutes in which the market is open for `n_minutes` of
    /// each of `days`.
    fn groups(days: &[i64], n_minutes: i64) -> Vec<usize> {
        let of_day = |&day: &i64| (0..n_minutes).map(move |minute| day * DAY + minute * MINUTE);
        let stamps: Vec<i64> = days.iter().flat_map(of_day).collect();
        let mut lens = Vec::new();
        let mut first = 0;
        while first < stamps.len() {
            lens.push(group_len(&stamps[first..], PAGE_ROWS));
            first += lens[lens.len() - 1];
        }
        lens
    }

    #[test]
    fn a_row_group_ends_with_a_session_where_one_ends_in_its_second_half() {
        // Two weeks: a night is no worse an end than a weekend.
        assert_eq!(groups(&[0, 1, 2, 3, 4, 7, 8, 9, 10, 11], 390), [5 * 390, 5 * 390]);
        assert_eq!(groups(&[2, 3, 4, 7, 8, 9, 10], 390), [5 * 390, 2 * 390]);
        // Two sessions are longer than a group, and one is less than its half.
        assert_eq!(groups(&[0, 1, 2], 1_020), [2_040, 1_020]);
        // A market that never closes has no session to end with, and one row group none at all.
        assert_eq!(groups(&[0, 1, 2], 1_440), [2_048, 2_048, 224]);
        assert_eq!(groups(&[0, 1], 390), [780]);
    }
}
