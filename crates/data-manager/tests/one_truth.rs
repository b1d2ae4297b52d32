//! One truth of the store: what a verification calls sound can be read to its last row, and what it
//! does not call sound no run reads over in silence.

#![allow(clippy::disallowed_methods)] // Tests make files.

use std::path::Path;

use openbell_data_manager::import::{CopyReport, CopyStamps, CopyTarget, Importer};
use openbell_data_manager::{
    Check, DataError, DataManager, Provenance, StoreOptions, StoreWriter, VerifyReport, verify,
};
use openbell_market::{Adjustment, BarColumns, SeriesKey};
use openbell_time::Timestamp;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::support::foreign::{Column, TS_US, columns, schema, write};
use crate::support::{at, minutes, open, rows, series, us_equity};

const MAY: &str = "2025-05-01T13:30:00Z";
pub const JUNE: &str = "2025-06-02T13:30:00Z";
const JULY: &str = "2025-07-01T13:30:00Z";

/// `n` minutes from `first` on, in microseconds.
pub fn stamps(first: &str, n: i64) -> Vec<i64> {
    (0..n).map(|minute| at(first).as_micros() + minute * 60_000_000).collect()
}

pub fn plain() -> WriterProperties {
    WriterProperties::builder().build()
}

fn without_statistics() -> WriterProperties {
    WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None).build()
}

/// Writes the file `name` below `root` as another program does: a row group for each list of stamps.
pub fn foreign(root: &Path, name: &str, properties: WriterProperties, groups: &[Vec<i64>]) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let groups: Vec<Vec<Column>> = groups
        .iter()
        .map(|stamps| {
            let cells = stamps.iter().copied().map(Some).collect();
            columns(Column::Int64(cells), stamps.len())
        })
        .collect();
    write(&path, &schema(TS_US), properties, &groups);
}

/// Puts a file that this crate wrote for `key` at `name` below `root`.
fn own(root: &Path, name: &str, key: &str, provenance: &Provenance, rows: &BarColumns) {
    let made = tempfile::tempdir().unwrap();
    let key: SeriesKey = series(key);
    let mut writer = StoreWriter::open(made.path()).unwrap();
    writer.merge("US_EQUITY", &key, provenance, rows).unwrap();
    let from = open(&made).info(&key).unwrap().files.remove(0);
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::copy(from, path).unwrap();
}

const HIVE: &str = "exchange_group=US_EQUITY/interval=1m/symbol=AAPL";

fn hive(name: &str) -> String {
    format!("{HIVE}/{name}")
}

fn real() -> Provenance {
    Provenance::default()
}

/// A month of real rows beside one of `other` make.
fn mixed(root: &Path, other: &Provenance) {
    own(root, &hive("2025-06.parquet"), "AAPL 1m", &real(), &minutes(JUNE, 30));
    own(root, &hive("2025-07.parquet"), "AAPL 1m", other, &minutes(JULY, 30));
}

/// A text where the bars of July should be.
fn text_in_july(root: &Path, text: &str) {
    let path = root.join(hive("2025-07.parquet"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A case: what it is, and what puts it into a folder.
type Case = (&'static str, fn(&Path));

/// Puts other statistics of its last stamp into the footer of a file.
fn with_false_statistics(path: &Path, last: i64, other: i64) {
    let mut bytes = std::fs::read(path).unwrap();
    let n = bytes.len();
    let n_footer = u32::from_le_bytes(bytes[n - 8..n - 4].try_into().unwrap()) as usize;
    for place in n - 8 - n_footer..n - 16 {
        if bytes[place..place + 8] == last.to_le_bytes() {
            bytes[place..place + 8].copy_from_slice(&other.to_le_bytes());
        }
    }
    std::fs::write(path, bytes).unwrap();
}

pub fn verified(root: &Path) -> VerifyReport {
    verify(root, &|_| Some(us_equity())).unwrap()
}

/// The rows of `key` as a run reads them: in windows of a month, whose files it finds by itself.
pub fn by_months(root: &Path, key: &SeriesKey) -> Vec<Result<usize, DataError>> {
    const MONTHS: [&str; 6] = [
        "2024-01-01T00:00:00Z",
        "2025-05-01T00:00:00Z",
        "2025-06-01T00:00:00Z",
        "2025-07-01T00:00:00Z",
        "2025-08-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
    ];
    let read = |range: std::ops::Range<Timestamp>| {
        let store = DataManager::open(root, &StoreOptions::default())?;
        let mut out = BarColumns::default();
        store.read(key, range, &us_equity(), &mut out).map(|()| out.len())
    };
    MONTHS.windows(2).map(|pair| read(at(pair[0])..at(pair[1]))).collect()
}

#[test]
fn what_a_verification_calls_sound_is_read_to_its_last_row() {
    let days: fn(&Path) = |root| {
        let place = |name| format!("exchange_group=US_EQUITY/interval=1d/symbol=AAPL/{name}");
        let year = rows(&["2024-07-01T00:00:00Z", "2024-07-02T00:00:00Z"]);
        own(root, &place("2024.parquet"), "AAPL 1d", &real(), &year);
        let month = rows(&["2025-06-02T00:00:00Z", "2025-06-03T00:00:00Z"]);
        own(root, &place("2025-06.parquet"), "AAPL 1d", &real(), &month);
        own(root, &place("2025.parquet"), "AAPL 1d", &real(), &rows(&["2025-07-01T00:00:00Z"]));
    };
    let cases: [Case; 10] = [
        ("months of this crate", |root| {
            own(root, &hive("2025-06.parquet"), "AAPL 1m", &real(), &minutes(JUNE, 30));
            own(root, &hive("2025-07.parquet"), "AAPL 1m", &real(), &minutes(JULY, 30));
        }),
        ("months of another program", |root| {
            foreign(root, &hive("2025-06.parquet"), plain(), &[stamps(JUNE, 30)]);
            foreign(root, &hive("2025-07.parquet"), plain(), &[stamps(JULY, 30)]);
        }),
        ("parts whose names are in another order than their stamps", |root| {
            foreign(root, &hive("part-0.parquet"), plain(), &[stamps(JULY, 30)]);
            foreign(root, &hive("part-1.parquet"), plain(), &[stamps(JUNE, 30)]);
        }),
        ("the same without statistics", |root| {
            foreign(root, "1m/AAPL/a.parquet", without_statistics(), &[stamps(JULY, 30)]);
            foreign(root, "1m/AAPL/b.parquet", without_statistics(), &[stamps(JUNE, 30)]);
        }),
        ("a month without statistics", |root| {
            foreign(root, &hive("2025-06.parquet"), without_statistics(), &[stamps(JUNE, 30)]);
        }),
        ("a file without rows between others", |root| {
            foreign(root, &hive("2025-05.parquet"), plain(), &[stamps(MAY, 3)]);
            foreign(root, &hive("2025-06.parquet"), plain(), &[vec![]]);
            foreign(root, &hive("2025-07.parquet"), plain(), &[stamps(JULY, 3)]);
        }),
        ("a file without row groups", |root| foreign(root, "1m/AAPL.parquet", plain(), &[])),
        ("row groups, one of them empty", |root| {
            let groups = [stamps(JUNE, 30), vec![], stamps(JULY, 30)];
            foreign(root, "1m/AAPL.parquet", plain(), &groups);
        }),
        ("a month beside years", days),
        ("a file that ends where the next begins", |root| {
            foreign(root, "1m/AAPL/a.parquet", plain(), &[stamps(JUNE, 30)]);
            let next = at(JUNE) + openbell_time::Nanos::from_secs(30 * 60);
            foreign(root, "1m/AAPL/b.parquet", plain(), &[stamps(&next.to_string(), 30)]);
        }),
    ];
    for (what, put) in cases {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path());
        let report = verified(folder.path());
        assert!(report.is_valid(), "{what}: {:?}", report.findings);
        let store = open(&folder);
        let key = store.keys().next().expect("a series").clone();
        let read = by_months(folder.path(), &key);
        let n_rows: usize = read
            .into_iter()
            .map(|month| month.unwrap_or_else(|error| panic!("{what}: {error:?}")))
            .sum();
        assert_eq!(n_rows as u64, report.n_rows, "{what}");
    }
}

#[test]
fn what_makes_rows_untrustworthy_is_refused_in_every_month_and_named() {
    let cases: [(&str, Case); 15] = [
        (
            "outside_period",
            ("a month with a row of a later one", |root| {
                let groups = [stamps(JUNE, 30), stamps(JULY, 1)];
                foreign(root, &hive("2025-06.parquet"), plain(), &groups);
            }),
        ),
        (
            "outside_period",
            ("a month with a row of an earlier one", |root| {
                foreign(root, &hive("2025-06.parquet"), plain(), &[stamps(JUNE, 30)]);
                let groups = [stamps(MAY, 1), stamps(JULY, 30)];
                foreign(root, &hive("2025-07.parquet"), plain(), &groups);
            }),
        ),
        (
            "outside_period",
            ("a month of this crate under another name", |root| {
                own(root, &hive("2025-05.parquet"), "AAPL 1m", &real(), &minutes(MAY, 30));
                own(root, &hive("2025-06.parquet"), "AAPL 1m", &real(), &minutes(JULY, 30));
            }),
        ),
        (
            "outside_period",
            ("the same without statistics", |root| {
                foreign(root, &hive("2025-06.parquet"), without_statistics(), &[stamps(JULY, 9)]);
            }),
        ),
        (
            "unsorted",
            ("rows out of order", |root| {
                let mut all = stamps(JUNE, 30);
                all.swap(20, 21);
                foreign(root, "1m/AAPL.parquet", plain(), &[all]);
            }),
        ),
        (
            "unsorted",
            ("the same where no path says the interval", |root| {
                let mut all = stamps(JUNE, 30);
                all.swap(20, 21);
                foreign(root, "AAPL.parquet", plain(), &[all]);
            }),
        ),
        (
            "unsorted",
            ("row groups out of order", |root| {
                let groups = [stamps(JULY, 30), stamps(JUNE, 30)];
                foreign(root, "1m/AAPL.parquet", plain(), &groups);
            }),
        ),
        (
            "unsorted",
            ("files that overlap", |root| {
                foreign(root, "1m/AAPL/a.parquet", plain(), &[stamps(JUNE, 30)]);
                let groups = [stamps(MAY, 1), stamps(JULY, 30)];
                foreign(root, "1m/AAPL/b.parquet", plain(), &groups);
                foreign(root, "1m/AAPL/c.parquet", without_statistics(), &[stamps(JULY, 2)]);
            }),
        ),
        (
            "misnamed",
            ("bars of another interval, by their metadata", |root| {
                own(root, &hive("2025-06.parquet"), "AAPL 5m", &real(), &minutes(JUNE, 30));
            }),
        ),
        (
            "misnamed",
            ("bars of another symbol, by their metadata", |root| {
                own(root, &hive("2025-06.parquet"), "MSFT 1m", &real(), &minutes(JUNE, 30));
            }),
        ),
        (
            "contradictory",
            ("files of two adjustments", |root| {
                mixed(root, &Provenance { adjustment: Adjustment::Raw, ..real() });
            }),
        ),
        (
            "contradictory",
            ("made-up rows beside real ones", |root| {
                mixed(root, &Provenance { is_synthetic: true, ..real() });
            }),
        ),
        (
            "contradictory",
            ("statistics that hide rows", |root| {
                let all = stamps(JUNE, 30);
                foreign(root, "1m/AAPL.parquet", plain(), std::slice::from_ref(&all));
                with_false_statistics(&root.join("1m/AAPL.parquet"), all[29], all[10]);
            }),
        ),
        (
            "contradictory",
            ("a series in a file and in a folder", |root| {
                foreign(root, "1m/AAPL.parquet", plain(), &[stamps(JUNE, 30)]);
                foreign(root, "1m/AAPL/a.parquet", plain(), &[stamps(JULY, 30)]);
            }),
        ),
        (
            "contradictory",
            ("a series under two spellings", |root| {
                foreign(root, &hive("2025-06.parquet"), plain(), &[stamps(JUNE, 30)]);
                let other = "exchange_group=US_EQUITY/interval=1m/symbol=%41APL/2025-07.parquet";
                foreign(root, other, plain(), &[stamps(JULY, 30)]);
            }),
        ),
    ];
    for (finding, (what, put)) in cases {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path());
        let report = verified(folder.path());
        let names: Vec<&str> = report.findings.iter().map(|found| found.kind.name()).collect();
        assert!(!report.is_valid() && names.contains(&finding), "{what}: {names:?}");
        for month in by_months(folder.path(), &series("AAPL 1m")) {
            let error = month.expect_err(what);
            let is_same = match &error {
                DataError::OutsidePeriod { .. } => finding == "outside_period",
                DataError::Unsorted { .. } => finding == "unsorted",
                DataError::OtherSymbol { .. } | DataError::OtherInterval { .. } => {
                    finding == "misnamed"
                }
                _ => finding == "contradictory",
            };
            assert!(is_same, "{what}: {error}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_decoded_is_named_and_ends_the_reading_when_its_rows_are_due() {
    let with_null: fn(&Path) = |root| {
        let text = schema(TS_US).replace("required double", "optional double");
        let path = root.join(hive("2025-07.parquet"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut group = columns(Column::Int64(stamps(JULY, 9).into_iter().map(Some).collect()), 9);
        if let Column::Double(low) = &mut group[3] {
            low[5] = None;
        }
        write(&path, &text, plain(), &[group]);
    };
    let cases: [Case; 3] = [
        ("a null", with_null),
        ("no byte", |root| text_in_july(root, "")),
        ("no Parquet", |root| text_in_july(root, "ts,open,high,low,close,volume\n")),
    ];
    for (what, put) in cases {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), &hive("2025-06.parquet"), plain(), &[stamps(JUNE, 30)]);
        put(folder.path());
        let report = verified(folder.path());
        let names: Vec<&str> = report.findings.iter().map(|found| found.kind.name()).collect();
        assert_eq!(names, ["unreadable"], "{what}");
        let months = by_months(folder.path(), &series("AAPL 1m"));
        assert_eq!(months[2].as_ref().ok(), Some(&30), "{what}: June is whole");
        assert!(months[3].is_err(), "{what}: July is not");
    }
}

#[test]
fn a_row_that_two_files_of_a_series_hold_is_found_as_in_one() {
    let folder = tempfile::tempdir().unwrap();
    foreign(folder.path(), "1m/AAPL/a.parquet", plain(), &[stamps(JUNE, 30)]);
    let last = at(JUNE) + openbell_time::Nanos::from_secs(29 * 60);
    foreign(folder.path(), "1m/AAPL/b.parquet", plain(), &[stamps(&last.to_string(), 30)]);
    let report = verified(folder.path());
    let found: Vec<_> = report.findings.iter().map(|found| (found.kind.name(), found.n)).collect();
    assert_eq!(found, [("repeated", 1)]);
}

/// Copies the one series of `root` into a store of its own; the rows that are stored then.
pub fn copied(root: &Path, waived: &[Check]) -> Result<(CopyReport, BarColumns), DataError> {
    restamped(root, waived, CopyStamps::default())
}

/// The same, its stamps having another meaning.
pub fn restamped(
    root: &Path,
    waived: &[Check],
    stamps: CopyStamps,
) -> Result<(CopyReport, BarColumns), DataError> {
    let into = tempfile::tempdir().unwrap();
    let source = DataManager::open(root, &StoreOptions::default()).unwrap();
    let key = source.keys().next().expect("a series").clone();
    let mut writer = StoreWriter::open(into.path()).unwrap();
    let (calendar, waived) = (us_equity(), waived.iter().copied().collect());
    let exchange_group = "US_EQUITY";
    let target = CopyTarget { exchange_group, calendar: &calendar, waived: &waived, stamps };
    let report = Importer::new(&mut writer).copy_series(&source, &key, &target);
    let store = open(&into);
    let report =
        report.inspect_err(|_| assert_eq!(store.keys().count(), 0, "nothing is written"))?;
    assert!(verified(into.path()).is_valid());
    assert_eq!(store.info(&key).unwrap().provenance.waived, waived);
    let mut rows = BarColumns::default();
    store.read(&key, Timestamp::MIN..Timestamp::MAX, &us_equity(), &mut rows).unwrap();
    Ok((report, rows))
}

#[test]
fn a_copy_into_a_store_mends_order_and_places() {
    let cases: [Case; 5] = [
        ("rows in no order", |root| {
            let mut all = stamps(JUNE, 60);
            all.reverse();
            all.swap(3, 40);
            foreign(root, "1m/AAPL.parquet", plain(), &[all]);
        }),
        ("row groups in no order", |root| {
            let all = stamps(JUNE, 60);
            let groups = [all[20..].to_vec(), all[..20].to_vec()];
            foreign(root, "1m/AAPL.parquet", plain(), &groups);
        }),
        ("files that overlap", |root| {
            let all = stamps(JUNE, 60);
            let (even, odd) = (all.iter().step_by(2), all.iter().skip(1).step_by(2));
            foreign(root, "1m/AAPL/a.parquet", plain(), &[even.copied().collect()]);
            foreign(root, "1m/AAPL/b.parquet", plain(), &[odd.copied().collect()]);
        }),
        ("rows of another month than the name says", |root| {
            foreign(root, "1m/AAPL/2025-07.parquet", plain(), &[stamps(JUNE, 60)]);
        }),
        ("statistics that hide rows", |root| {
            let all = stamps(JUNE, 60);
            foreign(root, "1m/AAPL.parquet", plain(), std::slice::from_ref(&all));
            with_false_statistics(&root.join("1m/AAPL.parquet"), all[59], all[10]);
        }),
    ];
    for (what, put) in cases {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path());
        assert!(!verified(folder.path()).is_valid(), "{what}");
        let (report, rows) = copied(folder.path(), &[]).unwrap_or_else(|e| panic!("{what}: {e}"));
        let all: Vec<i64> = stamps(JUNE, 60).into_iter().map(|us| us * 1_000).collect();
        assert!(rows.opens_at_ns == all && report.rejected.is_empty(), "{what}: {report:?}");
    }
}

/// `n_days` sessions of July 2025 in minutes, each stamp moved by `by_s`.
pub fn sessions_moved(n_days: usize, by_s: i64) -> Vec<i64> {
    let dates = "2025-07-07".parse().unwrap()..="2025-07-25".parse().unwrap();
    let sessions = us_equity().sessions(dates).unwrap()[..n_days].to_vec();
    let opens = sessions.iter().map(|session| session.open.as_micros() + by_s * 1_000_000);
    opens.flat_map(|open| (0..390).map(move |minute| open + minute * 60_000_000)).collect()
}

#[test]
fn a_copy_into_a_store_is_judged_as_an_import_is() {
    let cases: [(Check, Vec<i64>, &str); 4] = [
        (Check::Zone, sessions_moved(3, -4 * 3_600), "begin and end 4 h earlier"),
        (Check::StampedAt, sessions_moved(3, 60), "the other end of it is stamped"),
        (Check::Interval, sessions_moved(1, 0).into_iter().step_by(5).collect(), "are 5m"),
        (Check::Zone, sessions_moved(3, 9 * 3_600), "later than the session does"),
    ];
    for (check, stamps, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), "1m/AAPL.parquet", plain(), std::slice::from_ref(&stamps));
        let error = copied(folder.path(), &[]).unwrap_err();
        let DataError::Refused { objection, .. } = &error else { panic!("{check}: {error}") };
        assert_eq!(objection.check(), check, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        let (forced, _) = copied(folder.path(), &[check]).unwrap();
        assert_eq!(forced.counts.added, stamps.len() as u64, "{check}");
    }
    let folder = tempfile::tempdir().unwrap();
    foreign(folder.path(), "1m/AAPL.parquet", plain(), &[sessions_moved(3, 0)]);
    assert!(copied(folder.path(), &[]).is_ok());
}

#[test]
fn a_foreign_series_that_lies_beside_its_sessions_is_refused_by_a_run_and_named() {
    let cases: [(Option<Check>, Vec<Vec<i64>>); 7] = [
        (Some(Check::Zone), vec![sessions_moved(3, -4 * 3_600)]),
        (Some(Check::Zone), vec![sessions_moved(3, 9 * 3_600)]),
        (Some(Check::StampedAt), vec![sessions_moved(3, 60)]),
        // Half of the days show it, in whichever files they are.
        (Some(Check::StampedAt), by_days(8, 60, |day| day % 2 == 0)),
        (None, by_days(8, 60, |day| day == 3)),
        (None, vec![sessions_moved(3, 0)]),
        // Extended hours are no other zone.
        (None, vec![(-330..570).map(|n| at(JUNE).as_micros() + n * 60_000_000).collect()]),
    ];
    for (n, (check, files)) in cases.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        for (day, stamps) in files.into_iter().enumerate() {
            let name = format!("1m/AAPL/{day}.parquet");
            foreign(folder.path(), &name, plain(), std::slice::from_ref(&stamps));
        }
        let report = verified(folder.path());
        let read = by_months(folder.path(), &series("AAPL 1m")).into_iter().collect::<Vec<_>>();
        match check {
            None => assert!(report.is_valid() && read.iter().all(Result::is_ok), "{n}: {read:?}"),
            Some(check) => {
                assert!(!report.is_valid(), "{n}");
                for month in read {
                    let error = month.expect_err("refused");
                    let DataError::Refused { objection, .. } = &error else {
                        panic!("{n}: {error}")
                    };
                    assert_eq!(objection.check(), check, "{n}: {error}");
                }
            }
        }
    }
}

/// `n_days` sessions of July 2025 in minutes, a file each; those that `is_moved` picks moved by `by_s`.
fn by_days(n_days: usize, by_s: i64, is_moved: fn(usize) -> bool) -> Vec<Vec<i64>> {
    let (there, moved) = (sessions_moved(n_days, 0), sessions_moved(n_days, by_s));
    let days = there.chunks(390).zip(moved.chunks(390)).enumerate();
    days.map(|(day, (there, moved))| if is_moved(day) { moved } else { there }.to_vec()).collect()
}

#[test]
fn a_name_means_one_symbol_at_every_entrance_and_a_date_none() {
    for (name, symbol) in [
        ("1m/.SPX.parquet", ".SPX"),
        ("1m/.DJI/2025.parquet", ".DJI"),
        ("1m/..%2FUP.parquet", "../UP"),
        ("1m/..%2f..%2fdeep/a.parquet", "../../DEEP"),
        ("1m/%2E%2E.parquet", ".."),
        ("1m/brk%2Eb.parquet", "BRK.B"),
        ("1m/7203.parquet", "7203"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), name, plain(), &[sessions_moved(1, 0)]);
        let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
        let keys: Vec<String> = store.keys().map(|key| key.symbol.to_string()).collect();
        assert_eq!(keys, [symbol], "{name}");
        assert!(verified(folder.path()).is_valid(), "{name}");
        // Into a store and out of it, under the same name.
        let (report, rows) = copied(folder.path(), &[]).unwrap();
        assert_eq!((report.counts.added, rows.len()), (390, 390), "{name}");
    }
    for name in ["1m/2025-07-07.parquet", "1m/20250707.parquet", "1m/2025-07/AAPL.parquet"] {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), name, plain(), &[sessions_moved(1, 0)]);
        let opened = DataManager::open(folder.path(), &StoreOptions::default());
        assert!(matches!(opened, Err(DataError::NotAStore { .. })), "{name}");
        let verified = verify(folder.path(), &|_| Some(us_equity()));
        assert!(matches!(verified, Err(DataError::NotAStore { .. })), "{name}: {verified:?}");
    }
}

#[test]
fn a_folder_of_a_year_is_no_symbol_where_all_in_it_is_of_that_year() {
    for name in [
        "1m/2025/07/AAPL.parquet",
        "1m/2025/07/07/part-0.parquet",
        "1m/2025/month=7/AAPL.parquet",
        "1m/2025/2025-07-07.parquet",
        "1m/2025/20250707.parquet",
        "1m/year=2025/AAPL.parquet",
    ] {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), name, plain(), &[sessions_moved(1, 0)]);
        let opened = DataManager::open(folder.path(), &StoreOptions::default());
        let looked_at = verify(folder.path(), &|_| Some(us_equity()));
        for error in [opened.expect_err(name), looked_at.expect_err(name)] {
            let DataError::NotAStore { parted_by_time, .. } = &error else { panic!("{error}") };
            assert_eq!(parted_by_time.len(), 1, "{name}");
            let text = error.to_string();
            assert!(
                text.contains("parts bars by time") && text.contains("1m/AAPL/2025/06"),
                "{text}"
            );
        }
        // Beside a symbol it is named, and the symbol is read.
        foreign(folder.path(), "1m/MSFT.parquet", plain(), &[sessions_moved(1, 0)]);
        let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
        assert_eq!((store.keys().count(), store.parted_by_time().len()), (1, 1), "{name}");
        let report = verified(folder.path());
        let names: Vec<&str> = report.findings.iter().map(|found| found.kind.name()).collect();
        assert_eq!(names, ["parted_by_time"], "{name}");
        assert!(report.is_valid(), "{name}");
    }
    // Symbols that are called by a number are, and one by a year where its files do not say that year.
    for (name, symbol) in [
        ("1m/7203/2025-07.parquet", "7203"),
        ("1m/2025/part-0.parquet", "2025"),
        ("1m/2024/2025-07.parquet", "2024"),
        ("1m/2025/2025/07/part-0.parquet", "2025"),
        ("1m/%32025/2025-07.parquet", "2025"),
        ("exchange_group=XTKS/interval=1m/symbol=2025/2025-07.parquet", "2025"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        foreign(folder.path(), name, plain(), &[sessions_moved(1, 0)]);
        let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
        let keys: Vec<String> = store.keys().map(|key| key.symbol.to_string()).collect();
        assert_eq!((keys, store.parted_by_time().len()), (vec![symbol.to_owned()], 0), "{name}");
    }
}
