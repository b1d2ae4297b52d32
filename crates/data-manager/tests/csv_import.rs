//! Every reference CSV file equals the Parquet file that it names; dirty files lose nothing
//! without a word.

#![allow(clippy::disallowed_methods)] // Tests write files.

use std::io::Write;
use std::path::Path;

use openbell_data_manager::import::{
    CsvOptions, ImportReason, ImportTarget, RowOrder, StampedAt, SymbolChoice, VolumeSource,
    preview,
};
use openbell_data_manager::{DataError, DataManager, Provenance, StoreOptions};
use openbell_market::BarColumns;
use openbell_time::{Nanos, Timestamp};

use crate::reference::{Size, references};
use crate::support::importing::{Imported, Setup, import, import_text, import_text_of, minutes};
use crate::support::{at, series, us_equity};

fn reasons(imported: &Imported) -> Vec<(u64, &'static str, &str, ImportReason)> {
    let rejected = imported.rejected.iter();
    rejected.map(|row| (row.line, row.column, row.value.as_str(), row.reason)).collect()
}

/// The reference rows in `since..until`.
fn reference(data: &Path, file: &str, since: &str, until: &str) -> BarColumns {
    let mut parts = file.split('/');
    let (dataset, interval, symbol) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let store = DataManager::open(data.join("bars").join(dataset), &StoreOptions::default());
    let key = series(&format!("{symbol} {interval}"));
    let mut rows = BarColumns::default();
    store.unwrap().read(&key, at(since)..at(until), &us_equity(), &mut rows).unwrap();
    rows
}

#[test]
fn every_reference_file_equals_the_parquet_file_that_it_names() {
    for reference in references() {
        let cases = match reference.size {
            Size::Small => small_cases(),
            Size::Large => large_cases(),
        };
        for case in cases {
            equals_the_parquet_file(&reference.data(), case);
        }
    }
}

/// A CSV file, how it is read, the Parquet file with the same rows, and since and until when.
type Case = (&'static str, CsvOptions, &'static str, &'static str, &'static str);

const FIRST: &str = "1900-01-01T00:00:00Z";
const END: &str = "2100-01-01T00:00:00Z";

fn small_cases() -> Vec<Case> {
    let zone = Some("America/New_York".parse().unwrap());
    let closing = CsvOptions { zone, stamped_at: StampedAt::Close, ..minutes() };
    vec![
        ("raw/us-small_BBB_1m.csv", closing, "us-small/1m/BBB", FIRST, END),
        ("canonical/us-small_BBB_1m.csv", minutes(), "us-small/1m/BBB", FIRST, END),
    ]
}

fn large_cases() -> Vec<Case> {
    let new_york = || Some("America/New_York".parse().unwrap());
    let utc = || Some("UTC".parse().unwrap());
    let days = CsvOptions::new("1d".parse().unwrap());
    let closing = |zone| CsvOptions { zone, stamped_at: StampedAt::Close, ..minutes() };
    vec![
        ("raw/us-rth-2019_AAPL_1m.csv", closing(new_york()), "us-rth-2019/1m/AAPL", FIRST, END),
        ("raw/us-rth-2019_PPLT_1m.csv", closing(new_york()), "us-rth-2019/1m/PPLT", FIRST, END),
        (
            "raw/us-ext-2011_SPY_1m_dst.csv",
            closing(utc()),
            "us-ext-2011/1m/SPY",
            "2011-03-09T23:59:00Z",
            "2011-03-15T23:59:00Z",
        ),
        (
            "raw/us-ext-2025_RIVN_1m.csv",
            CsvOptions { shift: Nanos::from_secs(-4 * 3_600), ..minutes() },
            "us-ext-2025/1m/RIVN",
            FIRST,
            END,
        ),
        (
            "raw/crypto-perp_BTC-PERP_1m.csv",
            closing(utc()),
            "crypto-perp/1m/BTC-PERP",
            FIRST,
            "2022-01-01T23:00:00Z",
        ),
        (
            "raw/fx-fxcm_GBPUSD_1m_bid.csv",
            CsvOptions { volume: VolumeSource::Constant(0.0), ..minutes() },
            "fx-fxcm/1m/GBPUSD",
            FIRST,
            "2012-02-07T00:00:00Z",
        ),
        (
            "raw/us-daily-bt_YHOO_1d.csv",
            days.clone(),
            "us-daily-bt/1d/YHOO",
            "1996-01-01T00:00:00Z",
            "2000-01-01T00:00:00Z",
        ),
        ("raw/us-daily-si_GSPC_1d.csv", days, "us-daily-si/1d/GSPC", "2010-01-01T00:00:00Z", END),
        ("canonical/us-rth-2019_SPY_1m.csv", minutes(), "us-rth-2019/1m/SPY", FIRST, END),
        (
            "canonical/us-ext-2011_SPY_1m_dst.csv",
            minutes(),
            "us-ext-2011/1m/SPY",
            "2011-03-10T00:00:00Z",
            "2011-03-16T00:00:00Z",
        ),
        ("canonical/us-index_SPX_1m.csv", minutes(), "us-index/1m/SPX", FIRST, END),
    ]
}

fn equals_the_parquet_file(data: &Path, (csv, options, parquet, since, until): Case) {
    let (dataset, symbol) =
        (parquet.split('/').next().unwrap(), parquet.rsplit('/').next().unwrap());
    let key = series(&format!("{symbol} {}", options.interval));
    let group = match dataset {
        "crypto-perp" => "CRYPTO",
        "fx-fxcm" => "FOREX",
        _ => "US_EQUITY",
    };
    let setup = Setup { group, ..Setup::default() };
    let imported = import(&data.join("csv").join(csv), &key, &options, &setup)
        .unwrap_or_else(|error| panic!("{csv}: {error}"));
    assert_eq!(imported.report.n_rejected(), 0, "{csv}: {:?}", imported.rejected);
    let expected = reference(data, parquet, since, until);
    assert!(!expected.is_empty());
    let stamps = (&imported.rows.opens_at_ns, &expected.opens_at_ns);
    assert!(stamps.0 == stamps.1, "{csv}: {} and {} stamps", stamps.0.len(), stamps.1.len());
    assert!(imported.rows == expected, "{csv}: values");
}

#[test]
fn a_dirty_file_is_read_as_far_as_it_can_be() {
    let text = "\u{feff}Date Time;Open;High;Low;Close;Volume\r\n\
        \r\n\
        2025-07-02 09:30;1,234.5;\"1,240.0\";1,230.0;1,236.0;\"1,000\"\r\n\
        2025-07-02 09:32;1236;1237;1235;1236;\r\n\
        2025-07-02 09:31;1236;1237;1235;1236;70\r\n\
        2025-07-02 09:31;1;1;1;1;1\r\n\
        2025-07-02 09:33;12,36;1237;1235;1236;70\r\n\
        2025-07-02 09:34;1236;1230;1235;1236;70\r\n\
        not a time;1236;1237;1235;1236;70\r\n\
        2025-07-02 09:35;1236;1237;1235\r\n\
        2025-07-02 09:36;1236;1237;1235;1236;-5\r\n\
        \"2025-07-02 09:37;1236;1237;1235;1236;70\r\n\
        2025-07-02 09:38;1236;1237;1235;1236;70";
    let options = CsvOptions { zone: Some("America/New_York".parse().unwrap()), ..minutes() };
    let imported = import_text(text.as_bytes(), &options).unwrap();
    assert_eq!(
        imported.rows.opens_at_ns,
        ["2025-07-02T13:30:00Z", "2025-07-02T13:31:00Z", "2025-07-02T13:38:00Z"]
            .map(|stamp| at(stamp).as_nanos())
    );
    assert_eq!(imported.rows.open[0], 1_234.5);
    assert_eq!(imported.rows.volume, [1_000.0, 70.0, 70.0]);
    use openbell_market::BarFault::{HighBelowOthers, NegativeVolume};
    assert_eq!(
        reasons(&imported),
        [
            (4, "volume", "", ImportReason::Missing),
            (6, "ts", "2025-07-02 09:31", ImportReason::Conflicting),
            (7, "open", "12,36", ImportReason::NotANumber),
            (8, "high", "1230", ImportReason::Invalid(HighBelowOthers)),
            (9, "ts", "not a time", ImportReason::NotAStamp),
            (10, "close", "", ImportReason::Missing),
            (11, "volume", "-5", ImportReason::Invalid(NegativeVolume)),
            (12, "ts", "2025-07-02 09:37;1236;1237;1235;1236;70", ImportReason::NotAStamp),
        ]
    );
    assert_eq!(imported.report.n_rows, 11);
}

#[test]
fn a_packed_file_is_read_and_one_cut_short_is_refused_whole() {
    let mut text = "ts,open,high,low,close,volume\n".to_owned();
    for minute in 0..60 {
        text.push_str(&format!("2025-07-02T13:{minute:02}:00Z,{minute},99,0,50,7\n"));
    }
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    assert_eq!(import_text(&packed, &minutes()).unwrap().report.counts().added, 60);
    for n_bytes in [packed.len() - 1, packed.len() / 2, 12] {
        let error = import_text(&packed[..n_bytes], &minutes()).err().expect("a refusal");
        assert!(matches!(error, DataError::DamagedGzip { .. }), "{n_bytes}: {error}");
    }
}

#[test]
fn what_cannot_be_guessed_is_asked_for() {
    let header = "ts,open,high,low,close,volume\n";
    let case = |row: &str| import_text(format!("{header}{row}\n").as_bytes(), &minutes());
    let refusal = |row: &str| case(row).err().expect("a refusal").to_string();
    assert!(refusal("2025-07-02 09:30:00,1,1,1,1,1").contains("have no zone"));
    assert!(refusal("2025-07-02,1,1,1,1,1").contains("are dates"));
    assert!(refusal("half past nine,1,1,1,1,1").contains("such as \"half past nine\""));
    assert!(refusal("03/04/2025 09:30:00Z,1,1,1,1,1").contains("%m/%d/%Y"));
    let no_volume =
        import_text(b"ts,open,high,low,close\n2025-07-02T13:30:00Z,1,1,1,1\n", &minutes());
    assert!(no_volume.err().unwrap().to_string().contains("constant"));
    assert!(matches!(import_text(b"", &minutes()), Err(DataError::EmptyCsv { .. })));
}

#[test]
fn a_preview_shows_guesses_and_instants_and_writes_nothing() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(
        b"datetime,open,high,low,close,volume\n\
          2019-02-15 16:00:00,170.23,170.42,170.21,170.38,427888\n\
          2019-02-15 15:59:00,170.17,170.25,bad,170.24,202717\n",
    )
    .unwrap();
    let options = CsvOptions {
        zone: Some("America/New_York".parse().unwrap()),
        stamped_at: StampedAt::Close,
        ..minutes()
    };
    let calendar = &us_equity();
    let (symbols, provenance) = (SymbolChoice::InFile("AAPL".parse().ok()), Provenance::default());
    let exchange_group = "US_EQUITY";
    let target =
        ImportTarget { exchange_group, calendar, symbols: &symbols, provenance: &provenance };
    let preview = preview(file.path(), &options, &target, 5).unwrap();
    assert_eq!(preview.read_as.delimiter, ',');
    assert_eq!(preview.read_as.order, RowOrder::NewestFirst);
    assert_eq!(preview.read_as.timestamp_form.to_string(), "%Y-%m-%d %H:%M:%S%.f");
    assert_eq!(preview.read_as.columns[4], ("close", "close".to_owned()));
    let (opens_at, ohlcv) = preview.rows[0].read.clone().unwrap();
    assert_eq!((opens_at, ohlcv.close), (at("2019-02-15T20:59:00Z"), 170.38));
    assert_eq!(preview.rows[1].read.clone().unwrap_err().reason, ImportReason::NotANumber);
}

#[test]
fn an_overridden_offset_is_read_on_the_clock_of_the_zone() {
    let options = CsvOptions {
        zone: Some("America/New_York".parse().unwrap()),
        written_offset: openbell_data_manager::import::WrittenOffset::Overridden,
        ..minutes()
    };
    let text = b"ts,open,high,low,close,volume\n2025-07-02 09:30:00+00:00,1,1,1,1,1\n";
    let imported = import_text(text, &options).unwrap();
    assert_eq!(imported.rows.opens_at(0), at("2025-07-02T13:30:00Z"));
}

#[test]
fn rows_in_any_order_are_stored_in_order() {
    let mut rows: Vec<String> = (0..500)
        .map(|n| {
            let stamp = at("2025-06-30T22:00:00Z") + Nanos::from_secs(60 * n);
            format!("{stamp},{n},1000,0,{n},1\n")
        })
        .collect();
    // A fixed shuffle: 269 has no factor in common with 500.
    rows = (0..500).map(|n| rows[n * 269 % 500].clone()).collect();
    let text = format!("ts,open,high,low,close,volume\n{}", rows.concat());
    let setup = Setup { group: "CRYPTO", ..Setup::default() };
    let imported = import_text_of(text.as_bytes(), &minutes(), &setup).unwrap();
    assert_eq!(imported.report.counts().added, 500);
    assert!(imported.rows.opens_at_ns.is_sorted());
    assert_eq!(imported.rows.close[499], 499.0);
    assert_eq!(imported.report.span().map(|(first, _)| first), Some(at("2025-06-30T22:00:00Z")));
    assert!(Timestamp::MIN < imported.rows.opens_at(0));
}
