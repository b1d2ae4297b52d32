//! The store: what is written is read, merged, verified, mended, compacted and deleted exactly.

#![allow(clippy::disallowed_methods)] // Tests make and look at files.

use std::collections::BTreeSet;
use std::path::Path;

use openbell_data_manager::import::{CopyStamps, CopyTarget, Importer};
use openbell_data_manager::{
    DataError, DataManager, Effect, Provenance, StoreOptions, StoreWriter, stamps_of_dates, verify,
};
use openbell_market::{Adjustment, BarColumns, Ohlcv, SeriesKey};
use openbell_time::{Calendar, Timestamp};
use proptest::prelude::*;

use crate::reference::{Reference, Size, references};
use crate::support::{at, bar, minutes, open, read_all, rows, series, store_with, us_equity};

fn us_calendar(_: Option<&str>) -> Option<Calendar> {
    Some(us_equity())
}

fn names(folder: &tempfile::TempDir) -> Vec<String> {
    let report = verify(folder.path(), &us_calendar).unwrap();
    report.findings.iter().map(|f| format!("{} {}", f.kind.name(), f.n)).collect()
}

fn series_folder(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("exchange_group=US_EQUITY/interval=1m/symbol=AAPL")
}

#[test]
fn an_overlapping_merge_counts_what_is_new_what_changes_and_what_stays() {
    let key = series("AAPL 1m");
    let folder = store_with(&key, &minutes("2025-07-02T13:30:00Z", 10));
    let mut later = minutes("2025-07-02T13:35:00Z", 10);
    for row in 0..4 {
        let same = minutes("2025-07-02T13:30:00Z", 10).ohlcv(row + 5);
        later.open[row] = same.open;
        later.high[row] = same.high;
        later.low[row] = same.low;
        later.close[row] = same.close;
    }
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let counts = writer.merge("US_EQUITY", &key, &Provenance::default(), &later).unwrap();
    assert_eq!((counts.added, counts.updated, counts.unchanged), (5, 1, 4));
    assert_eq!(read_all(&open(&folder), &key, &us_equity()).len(), 15);
}

#[test]
fn a_second_writer_is_refused_while_the_first_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let first = StoreWriter::open(folder.path()).unwrap();
    let error = StoreWriter::open(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::StoreLocked { .. }), "{error}");
    drop(first);
    StoreWriter::open(folder.path()).unwrap();
}

#[test]
fn what_cannot_be_stored_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let mut refusal = |key: &str, rows: &BarColumns| {
        let error = writer.merge("US_EQUITY", &series(key), &Provenance::default(), rows);
        error.unwrap_err().to_string()
    };
    let repeated = rows(&["2025-07-02T13:30:00Z", "2025-07-02T13:30:00Z"]);
    assert!(refusal("AAPL 1m", &repeated).contains("not ascending"));
    assert!(refusal("AAPL 1d", &rows(&["2025-07-02T13:30:00Z"])).contains("00:00 UTC"));
    assert!(refusal("AAPL 1m", &rows(&["2025-07-02T13:30:00.000000001Z"])).contains("microsecond"));
    let mut not_a_number = rows(&["2025-07-02T13:30:00Z"]);
    not_a_number.close[0] = f64::NAN;
    assert!(refusal("AAPL 1m", &not_a_number).contains("cannot be those of a bar"));
    assert_eq!(open(&folder).keys().count(), 0);
}

#[test]
fn series_of_one_symbol_with_different_adjustment_are_refused_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let (minutes_key, days_key) = (series("AAPL 1m"), series("AAPL 1d"));
    let raw = Provenance { adjustment: Adjustment::Raw, ..Provenance::default() };
    let split = Provenance { adjustment: Adjustment::Splits, ..Provenance::default() };
    let minute_rows = minutes("2025-07-02T13:30:00Z", 3);
    writer.merge("US_EQUITY", &minutes_key, &raw, &minute_rows).unwrap();
    writer.merge("US_EQUITY", &days_key, &split, &rows(&["2025-07-02T00:00:00Z"])).unwrap();
    let store = open(&folder);
    let error = store.check_together([&minutes_key, &days_key]).unwrap_err();
    assert!(error.to_string().starts_with("AAPL 1m is adjusted raw and AAPL 1d splits"), "{error}");
    assert!(store.check_together([&minutes_key]).is_ok());
    let error = writer.merge("US_EQUITY", &minutes_key, &split, &minute_rows).unwrap_err();
    assert!(matches!(error, DataError::MixedAdjustment { .. }), "{error}");
    let made_up = Provenance { is_synthetic: true, ..raw };
    let error = writer.merge("US_EQUITY", &minutes_key, &made_up, &minute_rows).unwrap_err();
    assert!(matches!(error, DataError::SyntheticMixed { .. }), "{error}");
    assert!(names(&folder).contains(&"mixed_adjustment 1".to_owned()));
}

#[test]
fn a_symbol_with_a_slash_is_stored_and_found() {
    let key = series("BTC/USD 1m");
    let folder = store_with(&key, &minutes("2025-07-02T13:30:00Z", 3));
    assert!(folder.path().join("exchange_group=US_EQUITY/interval=1m/symbol=BTC%2FUSD").is_dir());
    assert_eq!(open(&folder).keys().next(), Some(&key));
}

#[test]
fn a_series_in_two_groups_needs_the_group_to_be_named() {
    let key = series("AAPL 1m");
    let folder = store_with(&key, &minutes("2025-07-02T13:30:00Z", 3));
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let other = minutes("2025-07-02T07:00:00Z", 2);
    writer.merge("XETR", &key, &Provenance::default(), &other).unwrap();
    let error = open(&folder).feed(&key, &us_equity()).unwrap_err();
    assert!(matches!(error, DataError::AmbiguousSeries { .. }), "{error}");
    let options = StoreOptions { exchange_group: Some("XETR".to_owned()) };
    let store = DataManager::open(folder.path(), &options).unwrap();
    assert_eq!(read_all(&store, &key, &us_equity()).len(), 2);
}

/// Writes `rows` under a name of another program's.
fn put(folder: &tempfile::TempDir, name: &str, rows: &BarColumns) {
    let made = store_with(&series("AAPL 1m"), rows);
    let from = std::fs::read_dir(series_folder(&made)).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(from, series_folder(folder).join(name)).unwrap();
}

#[test]
fn small_files_are_read_in_order_and_compacted_into_months() {
    let key = series("AAPL 1m");
    let folder = store_with(&key, &minutes("2025-07-01T13:30:00Z", 5));
    put(&folder, "part-0.parquet", &minutes("2025-07-03T13:30:00Z", 4));
    put(&folder, "part-1.parquet", &minutes("2025-07-02T13:30:00Z", 3));
    let before = read_all(&open(&folder), &key, &us_equity());
    assert_eq!(before.len(), 12);
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let dry = writer.compact(Effect::DryRun).unwrap();
    assert_eq!(open(&folder).series()[0].files.len(), 3, "a dry run changes nothing");
    let report = writer.compact(Effect::Apply).unwrap();
    assert_eq!(dry, report);
    assert_eq!(report.dissolved.len(), 2);
    let store = open(&folder);
    assert_eq!(store.series()[0].files.len(), 1);
    assert_eq!(read_all(&store, &key, &us_equity()), before);
    assert_eq!(writer.compact(Effect::Apply).unwrap(), Default::default());
}

#[test]
fn a_file_that_contradicts_what_is_stored_is_left_alone_and_named() {
    let key = series("AAPL 1m");
    let folder = store_with(&key, &minutes("2025-07-01T13:30:00Z", 5));
    let mut other = minutes("2025-07-01T13:33:00Z", 5);
    other.volume.fill(7.0);
    put(&folder, "part-0.parquet", &other);
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let report = writer.compact(Effect::Apply).unwrap();
    assert_eq!(report.conflicting.len(), 1);
    assert_eq!(report.conflicting[0].1, 2);
    assert_eq!(open(&folder).series()[0].files.len(), 2);
}

#[test]
fn a_misplaced_row_is_an_error_of_reading_and_is_mended_by_compacting() {
    let key = series("AAPL 1m");
    let folder = store_with(&key, &minutes("2025-05-01T13:30:00Z", 5));
    put(&folder, "2025-06.parquet", &minutes("2025-07-02T13:30:00Z", 4));
    let error = open(&folder).feed(&key, &us_equity()).unwrap_err();
    assert!(matches!(error, DataError::OutsidePeriod { row: 0, .. }), "{error}");
    assert_eq!(names(&folder), ["outside_period 4"]);
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    writer.repair().unwrap();
    assert!(names(&folder).is_empty());
    assert_eq!(read_all(&open(&folder), &key, &us_equity()).len(), 9);
}

#[test]
fn what_a_writer_has_begun_is_no_leftover_while_it_is_at_work() {
    let folder = store_with(&series("AAPL 1m"), &minutes("2025-07-02T13:30:00Z", 5));
    std::fs::write(series_folder(&folder).join(".2025-08.parquet.tmp"), "half").unwrap();
    let writer = StoreWriter::open(folder.path()).unwrap();
    let report = verify(folder.path(), &us_calendar).unwrap();
    assert!(report.is_being_written && report.is_valid(), "{report:?}");
    drop(writer);
    let report = verify(folder.path(), &us_calendar).unwrap();
    assert!(!report.is_being_written);
    assert_eq!(names(&folder), ["leftover 1"]);
}

#[test]
fn verify_names_what_is_wrong_with_rows_and_files() {
    let key = series("AAPL 1m");
    let folder = store_with(
        &key,
        &rows(&["2025-07-02T12:00:00Z", "2025-07-02T13:30:00Z", "2025-07-02T13:30:30Z"]),
    );
    std::fs::write(series_folder(&folder).join("2025-08.parquet"), "").unwrap();
    std::fs::write(series_folder(&folder).join(".2025-08.parquet.tmp"), "half").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
    let report = verify(folder.path(), &us_calendar).unwrap();
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|f| format!("{} {}", f.path.file_name().unwrap().to_string_lossy(), f.kind.name()))
        .collect();
    assert_eq!(
        found,
        [
            ".2025-08.parquet.tmp leftover",
            "2025-07.parquet off_grid",
            "2025-07.parquet off_session",
            "2025-08.parquet unreadable",
            "notes.txt stranger",
        ]
    );
    assert_eq!(report.findings[1].first, Some((2, at("2025-07-02T13:30:30Z"))));
    assert!(!report.is_valid());
}

/// Opening a store of many series lists no folder of one that nobody asks for.
#[test]
fn the_files_of_a_series_are_found_when_it_is_first_asked_for() {
    let (first, asked, other) = (series("AAPL 1m"), series("MSFT 1m"), series("TSLA 1m"));
    let folder = store_with(&first, &minutes("2025-07-02T13:30:00Z", 5));
    let write = |key, first| {
        let mut writer = StoreWriter::open(folder.path()).unwrap();
        writer.merge("US_EQUITY", key, &Provenance::default(), &minutes(first, 5)).unwrap();
    };
    write(&asked, "2025-07-02T13:30:00Z");
    write(&other, "2025-07-02T13:30:00Z");
    let store = open(&folder);
    // Written after the store was opened, and before the series is asked for.
    write(&asked, "2025-08-04T13:30:00Z");
    assert_eq!(store.info(&asked).unwrap().files.len(), 2);
    write(&asked, "2025-09-02T13:30:00Z");
    assert_eq!(store.info(&asked).unwrap().files.len(), 2, "it has been asked for");
    // The other one goes before anybody asks for it.
    std::fs::remove_dir_all(series_folder(&folder).with_file_name("symbol=TSLA")).unwrap();
    assert_eq!(store.intervals(&asked.symbol), [asked.interval]);
    let error = store.info(&other).unwrap_err().to_string();
    assert!(error.contains("symbol=TSLA"), "{error}");
    assert_eq!(open(&folder).keys().collect::<Vec<_>>(), [&first, &asked]);
}

#[test]
fn a_folder_of_a_series_without_files_is_no_series_and_what_else_is_in_it_a_stranger() {
    let key = series("AAPL 1m");
    let folder = store_with(&key, &minutes("2025-07-02T13:30:00Z", 5));
    let empty = series_folder(&folder).with_file_name("symbol=MSFT");
    std::fs::create_dir(&empty).unwrap();
    std::fs::write(empty.join("notes.txt"), "x").unwrap();
    let store = open(&folder);
    assert_eq!(store.symbols(), std::slice::from_ref(&key.symbol));
    assert_eq!(store.series().len(), 1);
    assert!(store.info(&series("MSFT 1m")).unwrap_err().to_string().contains("MSFT"));
    assert_eq!(store.strangers(), [empty.join("notes.txt")]);
    // Where there is no other, it is no store, as by its names alone.
    std::fs::remove_dir_all(series_folder(&folder)).unwrap();
    let refused = DataManager::open(folder.path(), &StoreOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("notes.txt"), "{refused}");
}

#[test]
fn deleting_a_range_removes_its_rows_and_no_others() {
    let key = series("BTC-USD 1m");
    let expected = minutes("2025-06-30T23:00:00Z", 180);
    let folder = store_with(&key, &expected);
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let range = at("2025-06-30T23:30:00Z")..at("2025-07-01T00:30:00Z");
    let dry = writer.delete("US_EQUITY", &key, range.clone(), Effect::DryRun).unwrap();
    assert_eq!((dry.n_rows, dry.rewritten.len(), dry.removed.len()), (60, 2, 0));
    assert_eq!(read_all(&open(&folder), &key, &us_equity()).len(), 180);
    assert_eq!(writer.delete("US_EQUITY", &key, range, Effect::Apply).unwrap(), dry);
    let left = read_all(&open(&folder), &key, &us_equity());
    let mut wanted = BarColumns::default();
    wanted.extend_from(&expected, 0..30);
    wanted.extend_from(&expected, 90..180);
    assert_eq!(left, wanted);
    let june = at("2025-06-01T00:00:00Z")..at("2025-07-01T00:00:00Z");
    let report = writer.delete("US_EQUITY", &key, june, Effect::Apply).unwrap();
    assert_eq!((report.n_rows, report.removed.len()), (30, 1));
}

#[test]
fn the_stamps_of_dates_hold_all_hours_of_their_sessions() {
    let dates = "2025-07-02".parse().unwrap()..="2025-07-03".parse().unwrap();
    let minutes = stamps_of_dates(&series("AAPL 1m"), dates.clone(), &us_equity()).unwrap();
    assert_eq!(minutes, at("2025-07-02T08:00:00Z")..at("2025-07-03T21:00:00Z"));
    let days = stamps_of_dates(&series("AAPL 1d"), dates, &us_equity()).unwrap();
    assert_eq!(days, at("2025-07-02T00:00:00Z")..at("2025-07-04T00:00:00Z"));
}

#[test]
fn coverage_counts_what_is_missing_and_what_is_too_much() {
    let key = series("AAPL 1m");
    let mut half_day = minutes("2025-07-03T13:30:00Z", 210);
    for column in [
        &mut half_day.open,
        &mut half_day.high,
        &mut half_day.low,
        &mut half_day.close,
        &mut half_day.volume,
    ] {
        column.drain(10..13);
    }
    half_day.opens_at_ns.drain(10..13);
    half_day.push(at("2025-07-03T17:00:00Z"), bar(10.0));
    let folder = store_with(&key, &half_day);
    let dates = "2025-07-02".parse().unwrap()..="2025-07-04".parse().unwrap();
    let coverage = open(&folder).coverage(&key, dates, &us_equity()).unwrap();
    let counted: Vec<(String, u32, u32, u32)> = coverage
        .sessions
        .iter()
        .map(|s| (s.session_date.to_string(), s.expected, s.present, s.longest_gap()))
        .collect();
    assert_eq!(
        counted,
        [("2025-07-02".to_owned(), 390, 0, 390), ("2025-07-03".to_owned(), 210, 207, 3)]
    );
    let gap = coverage.sessions[1].gaps[0];
    assert_eq!((gap.since, gap.until), (at("2025-07-03T13:40:00Z"), at("2025-07-03T13:43:00Z")));
    assert_eq!(coverage.sessions[1].n_outside, 1);
}

#[test]
fn coverage_equals_the_reference() {
    for reference in references() {
        let n_checked = n_sessions_covered_as_listed(&reference.data());
        let n_expected = match reference.size {
            Size::Small => 6,
            Size::Large => 51,
        };
        assert!(n_checked >= n_expected, "{n_checked}");
    }
}

fn n_sessions_covered_as_listed(data: &Path) -> usize {
    let text = std::fs::read_to_string(data.join("truth/quality/us_sessions.csv")).unwrap();
    let mut n_checked = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[3] != "1" {
            continue;
        }
        let store =
            DataManager::open(data.join("bars").join(cells[0]), &StoreOptions::default()).unwrap();
        let date: openbell_time::TradingDate = cells[2].parse().unwrap();
        let key = series(&format!("{} 1m", cells[1]));
        let coverage = store.coverage(&key, date..=date, &us_equity()).unwrap();
        let session = &coverage.sessions[0];
        let found = [
            session.expected.to_string(),
            (session.expected - session.present).to_string(),
            session.longest_gap().to_string(),
        ];
        assert_eq!(found, [cells[12], cells[13], cells[14]], "{line}");
        n_checked += 1;
    }
    n_checked
}

#[test]
fn a_foreign_folder_is_copied_into_the_store() {
    for reference in references() {
        copied(&reference);
    }
}

fn copied(reference: &Reference) {
    let (dataset, name, n_rows, n_files) = match reference.size {
        Size::Small => ("us-small", "BBB 1m", 623, 2),
        Size::Large => ("us-ext-2011", "SPY 1m", 31_757, 3),
    };
    let folder = reference.data().join("bars").join(dataset);
    let source = DataManager::open(folder, &StoreOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    let key = series(name);
    let calendar = us_equity();
    let target = CopyTarget {
        exchange_group: "US_EQUITY",
        calendar: &calendar,
        waived: &BTreeSet::new(),
        stamps: CopyStamps::default(),
    };
    let report = Importer::new(&mut writer).copy_series(&source, &key, &target).unwrap();
    assert_eq!((report.counts.added, report.was_unsorted), (n_rows, false));
    assert!(report.rejected.is_empty(), "{:?}", report.rejected);
    let store = open(&folder);
    assert_eq!(store.series()[0].files.len(), n_files);
    let (copied, original) =
        (read_all(&store, &key, &us_equity()), read_all(&source, &key, &us_equity()));
    assert!(copied == original);
}

fn any_rows() -> impl Strategy<Value = BarColumns> {
    let row = (0..200_000_i64, 1..1_000_000_u32, 0..500_u32, 0..500_u32, 0..1_000_000_u32);
    proptest::collection::btree_map(row.clone().prop_map(|row| row.0), row, 0..300).prop_map(
        |by_minute| {
            let mut rows = BarColumns::default();
            for (minute, (_, price, up, down, volume)) in by_minute {
                let stamp = Timestamp::from_secs(1_740_000_000 + 60 * minute).unwrap();
                let (low, high) = (f64::from(price) / 100.0, f64::from(price + up + down) / 100.0);
                let open = f64::from(price + down) / 100.0;
                let volume = f64::from(volume) / 8.0;
                rows.push(stamp, Ohlcv { open, high, low, close: open, volume });
            }
            rows
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_written_is_what_is_read(written in any_rows()) {
        let key = series("AAPL 1m");
        let folder = store_with(&key, &written);
        if !written.is_empty() {
            prop_assert_eq!(read_all(&open(&folder), &key, &us_equity()), written);
        }
    }

    #[test]
    fn merging_twice_is_merging_once_and_the_last_word_counts(first in any_rows(), second in any_rows()) {
        let key = series("AAPL 1m");
        let folder = store_with(&key, &first);
        let mut writer = StoreWriter::open(folder.path()).unwrap();
        let mut merge = || writer.merge("US_EQUITY", &key, &Provenance::default(), &second).unwrap();
        let once = merge();
        let twice = merge();
        prop_assert_eq!(once.added + once.updated + once.unchanged, second.len() as u64);
        prop_assert_eq!((twice.added, twice.updated, twice.unchanged), (0, 0, second.len() as u64));
        let mut expected = std::collections::BTreeMap::new();
        for rows in [&first, &second] {
            for row in 0..rows.len() {
                expected.insert(rows.opens_at(row), rows.ohlcv(row));
            }
        }
        let mut wanted = BarColumns::default();
        for (stamp, ohlcv) in expected {
            wanted.push(stamp, ohlcv);
        }
        if !wanted.is_empty() {
            prop_assert_eq!(read_all(&open(&folder), &key, &us_equity()), wanted);
        }
    }

    #[test]
    fn a_read_of_any_range_is_that_part_of_the_whole(written in any_rows(), a in 0..200_000_i64, b in 0..200_000_i64) {
        prop_assume!(!written.is_empty());
        let key: SeriesKey = series("AAPL 1m");
        let folder = store_with(&key, &written);
        let instant = |minute: i64| Timestamp::from_secs(1_740_000_000 + 60 * minute).unwrap();
        let (since, until) = (instant(a.min(b)), instant(a.max(b)));
        let mut out = BarColumns::default();
        open(&folder).read(&key, since..until, &us_equity(), &mut out).unwrap();
        let part: Vec<i64> = written.opens_at_ns.iter().copied()
            .filter(|&ns| (since.as_nanos()..until.as_nanos()).contains(&ns)).collect();
        prop_assert_eq!(out.opens_at_ns, part);
    }
}
