//! Files that other programs wrote: read where nothing is lost by it, refused with file, column
//! and row where something would be.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // Tests make files.

use std::path::Path;

use openbell_data_manager::{CellFault, DataError, DataManager, StoreOptions};
use openbell_market::{BarColumns, BarInterval};
use openbell_time::Timestamp;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::Int96;
use parquet::file::properties::{WriterProperties, WriterVersion};

use crate::support::foreign::{Column, TS_US, columns, schema, write};
use crate::support::{at, read_all, series, us_equity};

fn folder_with(schema: &str, groups: &[Vec<Column>]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1m")).unwrap();
    let properties = WriterProperties::builder().build();
    write(&folder.path().join("1m/AAPL.parquet"), schema, properties, groups);
    folder
}

fn read(folder: &tempfile::TempDir) -> Result<BarColumns, Box<(DataError, BarColumns)>> {
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let mut out = BarColumns::default();
    let all = Timestamp::MIN..Timestamp::MAX;
    match store.read(&series("AAPL 1m"), all, &us_equity(), &mut out) {
        Ok(()) => Ok(out),
        Err(DataError::SeriesUnreadable { source, .. }) => Err(Box::new((*source, out))),
        Err(other) => Err(Box::new((other, out))),
    }
}

fn stamps_us(n_rows: i64) -> Vec<i64> {
    (0..n_rows).map(|n| at("2025-07-02T13:30:00Z").as_micros() + n * 60_000_000).collect()
}

fn some<T: Copy>(values: &[T]) -> Vec<Option<T>> {
    values.iter().copied().map(Some).collect()
}

#[test]
fn every_codec_encoding_and_page_version_is_read() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::BROTLI(Default::default()),
    ];
    let n_rows = 3_000;
    let stamps = stamps_us(n_rows as i64);
    for codec in codecs {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for encoding in [None, Some(Encoding::PLAIN), Some(Encoding::BYTE_STREAM_SPLIT)] {
                let builder = WriterProperties::builder()
                    .set_compression(codec)
                    .set_writer_version(version)
                    .set_data_page_row_count_limit(700);
                let builder = match encoding {
                    None => builder.set_dictionary_enabled(true),
                    Some(encoding) => builder.set_dictionary_enabled(false).set_encoding(encoding),
                };
                let folder = tempfile::tempdir().unwrap();
                std::fs::create_dir(folder.path().join("1m")).unwrap();
                let path = folder.path().join("1m/AAPL.parquet");
                let ts = Column::Int64(some(&stamps));
                write(&path, &schema(TS_US), builder.build(), &[columns(ts, n_rows)]);
                let rows = read(&folder).unwrap();
                assert_eq!(rows.len(), n_rows, "{codec:?} {version:?} {encoding:?}");
                assert_eq!(rows.volume[n_rows - 1], 3.0);
            }
        }
    }
}

#[test]
fn stamps_of_every_unit_are_read() {
    let first = at("2025-07-02T13:30:00Z");
    let in_unit = |ns_per_unit: i64| -> Vec<i64> {
        (0..3)
            .map(|n| first.as_nanos() / ns_per_unit + n * (60_000_000_000 / ns_per_unit))
            .collect()
    };
    let cases = [
        ("required int64 ts (TIMESTAMP(MILLIS, true))", in_unit(1_000_000)),
        (TS_US, in_unit(1_000)),
        ("required int64 ts (TIMESTAMP(NANOS, true))", in_unit(1)),
        ("required int64 ts (TIMESTAMP(MICROS, false))", in_unit(1_000)),
        ("required int64 ts", in_unit(1_000_000_000)),
        ("required int64 ts", in_unit(1_000_000)),
        ("required int64 ts", in_unit(1_000)),
        ("required int64 ts (INTEGER(64, true))", in_unit(1)),
        ("optional int64 ts (TIMESTAMP(MICROS, true))", in_unit(1_000)),
    ];
    for (ts, raw) in cases {
        let folder = folder_with(&schema(ts), &[columns(Column::Int64(some(&raw)), 3)]);
        let rows = read(&folder).unwrap_or_else(|failed| panic!("{ts}: {}", failed.0));
        assert_eq!(rows.opens_at(2), at("2025-07-02T13:32:00Z"), "{ts} {raw:?}");
    }
}

#[test]
fn old_twelve_byte_stamps_are_read() {
    // Julian day 2,460,859 is 2025-07-02; 13:30 is 48,600 seconds after midnight.
    let nanos = 48_600_000_000_000_u64;
    let mut stamp = Int96::new();
    stamp.set_data(nanos as u32, (nanos >> 32) as u32, 2_460_859);
    let ts = Column::Int96(vec![Some(stamp)]);
    let folder = folder_with(&schema("required int96 ts"), &[columns(ts, 1)]);
    assert_eq!(read(&folder).unwrap().opens_at(0), at("2025-07-02T13:30:00Z"));
}

#[test]
fn days_may_be_stamped_with_dates() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1d")).unwrap();
    let days: Vec<i32> = vec![20_271, 20_272];
    write(
        &folder.path().join("1d/AAPL.parquet"),
        &schema("required int32 ts (DATE)"),
        WriterProperties::builder().build(),
        &[columns(Column::Int32(some(&days)), 2)],
    );
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let rows = read_all(&store, &series("AAPL 1d"), &us_equity());
    assert_eq!(rows.opens_at(0), at("2025-07-02T13:30:00Z"));
}

#[test]
fn narrower_numbers_are_widened_where_nothing_is_lost() {
    let text = "message bars { required int64 ts (TIMESTAMP(MICROS, true)); required float open; \
        required float high; required float low; required int32 close; required int64 volume; }";
    let group = |volume: i64| {
        vec![
            Column::Int64(some(&stamps_us(2))),
            Column::Float(some(&[1.5, 1.5])),
            Column::Float(some(&[1.5, 1.5])),
            Column::Float(some(&[1.0, 1.0])),
            Column::Int32(some(&[1, 1])),
            Column::Int64(some(&[7, volume])),
        ]
    };
    let rows = read(&folder_with(text, &[group(1 << 53)])).unwrap();
    assert_eq!(rows.volume, [7.0, 9_007_199_254_740_992.0]);
    let (error, rows) = *read(&folder_with(text, &[group((1 << 53) + 1)])).unwrap_err();
    assert_eq!(rows.len(), 1, "the row before is delivered");
    let DataError::BadCell { row, column, fault, .. } = error else { panic!("{error}") };
    assert_eq!((row, column, fault), (1, "volume", CellFault::Inexact((1 << 53) + 1)));
}

#[test]
fn a_null_is_refused_where_there_is_one_and_not_because_there_might_be() {
    let text = schema(TS_US).replace("required double", "optional double");
    let n_rows = 20_000;
    let stamps = stamps_us(n_rows as i64);
    let whole = folder_with(&text, &[columns(Column::Int64(some(&stamps)), n_rows)]);
    assert_eq!(read(&whole).unwrap().len(), n_rows);
    let mut group = columns(Column::Int64(some(&stamps)), n_rows);
    if let Column::Double(low) = &mut group[3] {
        low[15_000] = None;
    }
    let (error, rows) = *read(&folder_with(&text, &[group])).unwrap_err();
    assert_eq!(rows.len(), 15_000, "all rows before the null are delivered");
    let DataError::BadCell { row, column, fault, .. } = error else { panic!("{error}") };
    assert_eq!((row, column, fault), (15_000, "low", CellFault::Null));
}

#[test]
fn several_row_groups_are_one_series_and_those_before_the_range_are_left_out() {
    let stamps = stamps_us(300);
    let groups: Vec<Vec<Column>> =
        stamps.chunks(100).map(|part| columns(Column::Int64(some(part)), part.len())).collect();
    let folder = folder_with(&schema(TS_US), &groups);
    assert_eq!(read(&folder).unwrap().len(), 300);
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let range = at("2025-07-02T16:00:00Z")..at("2025-07-02T17:00:00Z");
    let mut out = BarColumns::default();
    store.read(&series("AAPL 1m"), range, &us_equity(), &mut out).unwrap();
    assert_eq!(out.len(), 60);
}

#[test]
fn an_unsorted_file_names_the_row_and_the_way_out() {
    let mut stamps = stamps_us(9_000);
    stamps.swap(8_500, 8_501);
    let folder = folder_with(&schema(TS_US), &[columns(Column::Int64(some(&stamps)), 9_000)]);
    let (error, rows) = *read(&folder).unwrap_err();
    assert_eq!(rows.len(), 0, "a row further on may belong before the first");
    assert!(matches!(error, DataError::Unsorted { row: 8_501, .. }), "{error}");
    assert!(error.to_string().contains("`openbell data compact` sorts"), "{error}");
}

#[test]
fn a_missing_column_and_a_wrong_type_are_named() {
    let text =
        "message bars { required int64 ts (TIMESTAMP(MICROS, true)); required double open; }";
    let two = || vec![Column::Int64(some(&stamps_us(1))), Column::Double(vec![Some(1.0)])];
    let (error, _) = *read(&folder_with(text, &[two()])).unwrap_err();
    assert!(error.to_string().contains("has no column high; it has ts, open"), "{error}");
    let text = schema("required double ts");
    let (error, _) =
        *read(&folder_with(&text, &[columns(Column::Double(vec![Some(1.0)]), 1)])).unwrap_err();
    assert!(matches!(error, DataError::WrongColumnType { column: "ts", .. }), "{error}");
}

#[test]
fn a_file_that_is_empty_or_no_parquet_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1m")).unwrap();
    let path = folder.path().join("1m/AAPL.parquet");
    std::fs::write(&path, "").unwrap();
    assert!(matches!(read(&folder).unwrap_err().0, DataError::EmptyFile { .. }));
    std::fs::write(&path, "ts,open,high,low,close,volume\n").unwrap();
    assert!(matches!(read(&folder).unwrap_err().0, DataError::Damaged { .. }));
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    assert_eq!(store.series()[0].unreadable.len(), 1);
    std::fs::remove_file(&path).unwrap();
    let mut out = BarColumns::default();
    let all = Timestamp::MIN..Timestamp::MAX;
    let error = store.read(&series("AAPL 1m"), all, &us_equity(), &mut out).unwrap_err();
    let DataError::SeriesUnreadable { source, .. } = error else { panic!("{error}") };
    assert!(matches!(*source, DataError::Io { .. }), "a file that vanishes: {source}");
}

#[test]
fn an_interval_that_no_path_says_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let properties = WriterProperties::builder().build();
    let ts = Column::Int64(some(&stamps_us(5)));
    write(&folder.path().join("AAPL.parquet"), &schema(TS_US), properties, &[columns(ts, 5)]);
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let symbol = "AAPL".parse().unwrap();
    assert_eq!(store.intervals(&symbol), [BarInterval::from_mins(1).unwrap()]);
}

#[test]
fn a_large_file_is_read_page_by_page_and_a_change_of_it_is_noticed() {
    let n_rows = 60_000;
    let stamps = stamps_us(n_rows as i64);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1m")).unwrap();
    let path = folder.path().join("1m/AAPL.parquet");
    let properties = || {
        WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_data_page_row_count_limit(5_000)
            .build()
    };
    let ts = || Column::Int64(some(&stamps));
    write(&path, &schema(TS_US), properties(), &[columns(ts(), n_rows)]);
    assert!(std::fs::metadata(&path).unwrap().len() > 2_000_000);
    assert_eq!(read(&folder).unwrap().len(), n_rows);

    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let mut feed = store.feed(&series("AAPL 1m"), &us_equity()).unwrap();
    let mut out = BarColumns::default();
    use openbell_data_manager::Feed;
    feed.poll(Timestamp::MAX, at("2025-07-02T14:30:00Z"), &mut out).unwrap();
    assert_eq!(out.len(), 60);
    write(&path, &schema(TS_US), properties(), &[columns(ts(), n_rows), columns(ts(), n_rows)]);
    let error = feed.poll(Timestamp::MAX, Timestamp::MAX, &mut out).unwrap_err();
    let DataError::SeriesUnreadable { source, .. } = error else { panic!("{error}") };
    assert!(matches!(*source, DataError::ChangedWhileRead { .. }), "{source}");
}

/// A file with a column of symbols at its end.
fn with_symbols(path: &Path, name: &str, symbols: Vec<Option<&'static str>>) {
    let text = schema(TS_US).replace(" }", &format!(" optional binary {name} (STRING); }}"));
    let n_rows = symbols.len();
    let mut group = columns(Column::Int64(some(&stamps_us(n_rows as i64))), n_rows);
    group.push(Column::Text(symbols));
    write(path, &text, WriterProperties::builder().build(), &[group]);
}

fn flat() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1m")).unwrap();
    let path = folder.path().join("1m/AAPL.parquet");
    (folder, path)
}

/// What a run says, and what a verification does: they agree whether a folder can be read.
#[track_caller]
fn refused(folder: &tempfile::TempDir) -> Option<DataError> {
    let report = openbell_data_manager::verify(folder.path(), &|_| Some(us_equity())).unwrap();
    let read = read(folder);
    assert_eq!(report.is_valid(), read.is_ok(), "{:?}", report.findings);
    read.err().map(|failed| failed.0)
}

#[test]
fn rows_of_another_symbol_are_refused_with_their_row() {
    for name in ["symbol", "Ticker", "tic"] {
        let (folder, path) = flat();
        with_symbols(&path, name, vec![Some("AAPL"); 5]);
        assert!(refused(&folder).is_none(), "{name}");
        with_symbols(&path, name, vec![Some("AAPL"), None, Some("AAPL"), Some("MSFT")]);
        let error = refused(&folder).expect("rows of MSFT");
        let DataError::OtherSymbol { row, found, .. } = &error else { panic!("{error}") };
        assert_eq!((*row, found.as_str()), (Some(3), "MSFT"), "{name}");
    }
    // A text of another name says nothing of the symbol.
    let (folder, path) = flat();
    with_symbols(&path, "exchange", vec![Some("XNYS"); 5]);
    assert!(refused(&folder).is_none());
}

#[test]
fn whole_numbers_that_change_their_unit_are_refused_with_the_row() {
    let minute =
        |n: i64, per_second: i64| (at("2025-07-02T13:30:00Z").as_secs() + 60 * n) * per_second;
    for (small, large) in
        [(1, 1_000), (1_000, 1_000_000), (1_000_000, 1_000_000_000), (1, 1_000_000_000)]
    {
        let mut stamps: Vec<i64> = (0..5).map(|n| minute(n, small)).collect();
        stamps.extend((5..10).map(|n| minute(n, large)));
        for groups in [vec![&stamps[..]], vec![&stamps[..5], &stamps[5..]]] {
            let parts: Vec<Vec<Column>> = groups
                .into_iter()
                .map(|part| columns(Column::Int64(some(part)), part.len()))
                .collect();
            let folder = folder_with(&schema("required int64 ts"), &parts);
            let error = refused(&folder).expect("two units");
            assert!(
                matches!(error, DataError::MixedUnits { row: 5, .. }),
                "{small} {large}: {error}"
            );
        }
    }
    // Days of the sixties and seventies are of one unit.
    let days: Vec<i64> = (-2_000..2_000).map(|day| day * 86_400_000).collect();
    let (folder, path) = flat();
    std::fs::create_dir(folder.path().join("1d")).unwrap();
    let group = columns(Column::Int64(some(&days)), days.len());
    let properties = WriterProperties::builder().build();
    write(
        &folder.path().join("1d/AAPL.parquet"),
        &schema("required int64 ts"),
        properties,
        &[group],
    );
    with_symbols(&path, "symbol", vec![Some("AAPL")]);
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    assert!(store.feed(&series("AAPL 1d"), &us_equity()).is_ok());
}

#[test]
fn steps_of_another_interval_are_refused_where_the_folder_says_one() {
    let every = |n_minutes: i64| -> Vec<i64> {
        (0..60)
            .map(|n| at("2025-07-02T13:30:00Z").as_micros() + n * n_minutes * 60_000_000)
            .collect()
    };
    let folder = folder_with(&schema(TS_US), &[columns(Column::Int64(some(&every(5))), 60)]);
    let error = refused(&folder).expect("5m in a folder of 1m");
    assert!(error.to_string().contains("59 of 59 steps from stamp to stamp are 5m"), "{error}");
    let folder = folder_with(&schema(TS_US), &[columns(Column::Int64(some(&every(1))), 60)]);
    assert!(refused(&folder).is_none());
}

#[test]
fn a_column_of_stamps_has_other_names_and_folders_part_a_series_by_time() {
    for (ts, price) in
        [("timestamp", "Open"), ("time", "open"), ("Date", "OPEN"), ("datetime", "open")]
    {
        let text = schema(&TS_US.replace(" ts ", &format!(" {ts} ")))
            .replace(" open;", &format!(" {price};"));
        let folder = folder_with(&text, &[columns(Column::Int64(some(&stamps_us(3))), 3)]);
        assert_eq!(read(&folder).unwrap().len(), 3, "{ts}");
    }
    let folder = tempfile::tempdir().unwrap();
    let stamps = stamps_us(30);
    let parts = [
        ("1m/AAPL/2025/07/02", 0..10),
        ("1m/AAPL/2025/07/03", 10..20),
        ("1m/AAPL/year=2025/month=07/day=04", 20..30),
    ];
    for (place, rows) in parts {
        let below = folder.path().join(place);
        std::fs::create_dir_all(&below).unwrap();
        let group = columns(Column::Int64(some(&stamps[rows])), 10);
        write(
            &below.join("part-0.parquet"),
            &schema(TS_US),
            WriterProperties::builder().build(),
            &[group],
        );
    }
    assert_eq!(read(&folder).unwrap().len(), 30);
    assert!(refused(&folder).is_none());
}

#[test]
fn files_of_a_series_that_overlap_are_no_series() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("1m/AAPL")).unwrap();
    let stamps = stamps_us(20);
    for (name, rows) in [("a.parquet", 0..12), ("b.parquet", 8..20)] {
        let n_rows = rows.len();
        let group = columns(Column::Int64(some(&stamps[rows])), n_rows);
        let path = folder.path().join("1m/AAPL").join(name);
        write(&path, &schema(TS_US), WriterProperties::builder().build(), &[group]);
    }
    assert!(matches!(refused(&folder), Some(DataError::Unsorted { row: 0, .. })));
}

#[test]
fn a_folder_of_bars_of_which_none_can_be_read_is_refused_for_what_its_first_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "message bars { required int64 ts (TIMESTAMP(MICROS, true)); required double open; }";
    let group = vec![Column::Int64(some(&stamps_us(1))), Column::Double(vec![Some(1.0)])];
    let path = folder.path().join("AAPL.parquet");
    write(&path, text, WriterProperties::builder().build(), &[group]);
    let error = DataManager::open(folder.path(), &StoreOptions::default()).unwrap_err();
    assert!(error.to_string().contains("has no column high; it has ts, open"), "{error}");
}
