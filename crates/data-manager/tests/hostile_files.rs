//! Files that claim more than they hold, or hold more than any session has: named and refused, in memory
//! that the reader bounds.

#![allow(clippy::disallowed_methods)] // Tests make files.

use std::path::Path;

use openbell_data_manager::{DataError, DataManager, FindingKind, StoreOptions};
use openbell_market::BarColumns;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::one_truth::{JUNE, by_months, copied, foreign, plain, stamps, verified};
use crate::support::foreign::{Column, TS_US, columns, schema, write};
use crate::support::{at, series, us_equity};

#[test]
fn rows_without_end_in_one_session_are_refused_in_bounded_memory() {
    let (folder, n_rows) = (tempfile::tempdir().unwrap(), 1_300_000);
    let open = at(JUNE).as_micros();
    foreign(folder.path(), "1m/AAPL.parquet", plain(), &[vec![open; n_rows], vec![open; 3]]);
    let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
    let mut out = BarColumns::default();
    let day = at("2025-06-02T13:30:00Z")..at("2025-06-02T20:00:00Z");
    let error = store.read(&series("AAPL 1m"), day, &us_equity(), &mut out).unwrap_err();
    let DataError::SeriesUnreadable { source, .. } = &error else { panic!("{error}") };
    let DataError::TooManyRows { n_max, .. } = **source else { panic!("{source}") };
    assert!(out.len() as u64 <= n_max && n_max < n_rows as u64, "{} of {n_max}", out.len());
    let report = verified(folder.path());
    assert_eq!((report.n_rows, report.findings[0].kind.name()), (1_300_003, "repeated"));
    // Copied, the first of its stamp counts.
    let (report, rows) = copied(folder.path(), &[]).unwrap();
    assert_eq!((report.n_rows, rows.len()), (1_300_003, 1));
}

#[test]
fn a_footer_that_is_larger_than_any_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1m")).unwrap();
    let n_bytes = 17_u32 << 20;
    let mut bytes = vec![0; n_bytes as usize + 64];
    bytes.extend_from_slice(&n_bytes.to_le_bytes());
    bytes.extend_from_slice(b"PAR1");
    std::fs::write(folder.path().join("1m/AAPL.parquet"), bytes).unwrap();
    let report = verified(folder.path());
    let FindingKind::Unreadable(error) = &report.findings[0].kind else { panic!("{report:?}") };
    assert!(error.to_string().contains("its footer takes 17825792 bytes"), "{error}");
}

/// Claims `n_rows` of the first row group of a file, and as many values of each of its columns.
fn with_claimed_rows(path: &Path, n_rows: i64) {
    let bytes = bytes::Bytes::from(std::fs::read(path).unwrap());
    let footer = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    let group = footer.row_group(0).clone();
    let columns = group
        .columns()
        .iter()
        .map(|column| column.clone().into_builder().set_num_values(n_rows).build().unwrap());
    let columns = columns.collect();
    let group = group.into_builder().set_num_rows(n_rows).set_column_metadata(columns);
    let footer = footer.into_builder().set_row_groups(vec![group.build().unwrap()]).build();
    let mut changed = bytes.to_vec();
    ParquetMetaDataWriter::new(&mut changed, &footer).finish().unwrap();
    std::fs::write(path, changed).unwrap();
}

#[test]
fn a_footer_that_claims_billions_of_rows_is_named_and_takes_no_memory() {
    for n_rows in [4_000_000_000, 1 << 45, i64::MAX] {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), "1m/AAPL.parquet", plain(), &[stamps(JUNE, 30)]);
        with_claimed_rows(&folder.path().join("1m/AAPL.parquet"), n_rows);
        let report = verified(folder.path());
        let names: Vec<&str> = report.findings.iter().map(|found| found.kind.name()).collect();
        assert!(names.contains(&"unreadable"), "{n_rows}: {names:?}");
        let june = by_months(folder.path(), &series("AAPL 1m")).remove(2);
        june.expect_err("rows that are not there are due in June");
        copied(folder.path(), &[]).expect_err("nor are they copied");
    }
}

#[test]
fn a_few_bytes_that_become_many_are_refused_before_they_are_unpacked() {
    let text: &'static str = Box::leak("A".repeat(70 << 20).into_boxed_str());
    for has_dictionary in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1m/AAPL.parquet");
        std::fs::create_dir(folder.path().join("1m")).unwrap();
        let text_of = format!("{TS_US}; required binary symbol (UTF8)");
        let mut group = columns(Column::Int64(stamps(JUNE, 1).into_iter().map(Some).collect()), 1);
        group.insert(1, Column::Text(vec![Some(text)]));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_dictionary_enabled(has_dictionary);
        write(&path, &schema(&text_of), properties.build(), &[group]);
        assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
        let report = verified(folder.path());
        let [finding] = report.findings.as_slice() else { panic!("{report:?}") };
        let FindingKind::Contradictory(error) = &finding.kind else { panic!("{report:?}") };
        assert!(matches!(error, DataError::Unbounded { .. }), "{error}");
        for month in by_months(folder.path(), &series("AAPL 1m")) {
            let error = month.expect_err("not read");
            assert!(matches!(error, DataError::Unbounded { .. }), "{error}");
        }
    }
}

/// Puts a claim of 64 bytes into the header of the page that says `n_bytes`.
fn with_false_size(path: &Path, n_bytes: u32) {
    let mut bytes = std::fs::read(path).unwrap();
    // Numbers of Thrift: seven bits a byte, the lowest first, twice as much for the sign.
    let varint = |value: u32| -> [u8; 4] {
        std::array::from_fn(|n| {
            ((value * 2) >> (7 * n)) as u8 & 0x7f | if n < 3 { 0x80 } else { 0 }
        })
    };
    let places: Vec<usize> =
        (0..bytes.len() - 4).filter(|&at| bytes[at..at + 4] == varint(n_bytes)).collect();
    bytes[places[0]..places[0] + 4].copy_from_slice(&varint(64));
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_page_that_holds_more_than_it_says_is_unpacked_no_further() {
    let n_bytes = 32_u32 << 20;
    let text: &'static str = Box::leak("A".repeat(n_bytes as usize).into_boxed_str());
    let codecs = [
        Compression::GZIP(GzipLevel::try_new(1).unwrap()),
        Compression::BROTLI(BrotliLevel::default()),
    ];
    for codec in codecs {
        for has_dictionary in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("1m/AAPL.parquet");
            std::fs::create_dir(folder.path().join("1m")).unwrap();
            let text_of = format!("{TS_US}; required binary symbol (UTF8)");
            let stamps = stamps(JUNE, 1).into_iter().map(Some).collect();
            let mut group = columns(Column::Int64(stamps), 1);
            group.insert(1, Column::Text(vec![Some(text)]));
            let properties = WriterProperties::builder()
                .set_compression(codec)
                .set_statistics_enabled(EnabledStatistics::None)
                .set_dictionary_enabled(has_dictionary);
            write(&path, &schema(&text_of), properties.build(), &[group]);
            with_false_size(&path, n_bytes + 4);
            for error in [
                by_months(folder.path(), &series("AAPL 1m")).remove(2).expect_err("not read"),
                copied(folder.path(), &[]).expect_err("not copied"),
            ] {
                let text = error.to_string();
                assert!(
                    text.contains("claims to hold 64 bytes, and holds more"),
                    "{codec:?}: {text}"
                );
            }
        }
    }
}
