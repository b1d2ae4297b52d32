//! An export is whole or not there, and other programs read it.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // Tests look at the files.

use std::fs::File;

use openbell_data_manager::DataError;
use openbell_data_manager::export::{ExportBars, ExportValues, QualityRow, RunExport};
use openbell_market::BarRows;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::support::{at, series};

fn one_bar<'a>(stamp_ns: &'a [i64], price: &'a [f64], counts: &'a [u32]) -> ExportBars<'a> {
    let (open, high, low, close, volume) = (price, price, price, price, price);
    let bars = BarRows { opens_at_ns: stamp_ns, open, high, low, close, volume };
    ExportBars { bars, n: counts, expected: counts }
}

fn lines_of(path: &std::path::Path) -> Vec<String> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    file.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
}

#[test]
fn bars_of_two_sessions_are_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let key = series("BTC/USD 5m");
    let mut export = RunExport::create(folder.path(), "a run").unwrap();
    for (date, stamp) in
        [("2025-07-02", "2025-07-02T13:30:00Z"), ("2025-07-03", "2025-07-03T13:30:00Z")]
    {
        let stamp = [at(stamp).as_nanos()];
        export.append_bars(&key, date.parse().unwrap(), &one_bar(&stamp, &[2.5], &[4])).unwrap();
    }
    let report = export.finish().unwrap();
    assert_eq!((report.n_files, report.n_bars), (2, 2));
    let lines = lines_of(&folder.path().join("bars/5m/BTC%2FUSD.parquet"));
    assert_eq!(
        lines[1],
        "{ts: 2025-07-03 13:30:00.000000 +00:00, session_date: 2025-07-03, open: 2.5, high: 2.5, \
         low: 2.5, close: 2.5, volume: 2.5, n: 4, expected: 4, symbol: \"BTC/USD\"}"
    );
}

#[test]
fn a_value_that_is_not_defined_is_null() {
    let folder = tempfile::tempdir().unwrap();
    let key = series("AAPL 1m");
    let mut export = RunExport::create(folder.path(), "a run").unwrap();
    let stamps = [at("2025-07-02T13:30:00Z"), at("2025-07-02T13:31:00Z")].map(|t| t.as_nanos());
    let sma = ExportValues { name: "sma_2", values: &[None, Some(1.5)] };
    let ema = ExportValues { name: "ema_2", values: &[Some(2.0), Some(3.0)] };
    export.append_indicators(&key, &stamps, &[sma, ema]).unwrap();
    let later = ExportValues { name: "ema_2", values: &[Some(4.0)] };
    export.append_indicators(&key, &[stamps[1] + 60_000_000_000], &[later]).unwrap();
    let unknown = ExportValues { name: "rsi_2", values: &[None] };
    let error = export.append_indicators(&key, &stamps[..1], &[unknown]).unwrap_err();
    assert!(matches!(error, DataError::UnknownExportColumn { .. }), "{error}");
    export.finish().unwrap();
    let lines = lines_of(&folder.path().join("indicators/1m/AAPL.parquet"));
    assert_eq!(
        lines[0],
        "{ts: 2025-07-02 13:30:00.000000 +00:00, sma_2: null, ema_2: 2.0, symbol: \"AAPL\"}"
    );
    assert_eq!(
        lines[2],
        "{ts: 2025-07-02 13:32:00.000000 +00:00, sma_2: null, ema_2: 4.0, symbol: \"AAPL\"}"
    );
}

#[test]
fn quality_has_a_row_also_where_nothing_is_present_or_expected() {
    let folder = tempfile::tempdir().unwrap();
    let mut export = RunExport::create(folder.path(), "a run").unwrap();
    for (expected, present, longest_gap) in [(390, 388, 1), (390, 0, 390), (0, 0, 0)] {
        let key = series("AAPL 1m");
        let session_date = "2019-02-14".parse().unwrap();
        let row = QualityRow { key, session_date, expected, present, longest_gap };
        export.append_quality(&row).unwrap();
    }
    export.finish().unwrap();
    let text = std::fs::read_to_string(folder.path().join("quality.csv")).unwrap();
    assert_eq!(
        text,
        "symbol,session_date,interval,expected,present,missing,longest_gap,quality_pct\n\
         AAPL,2019-02-14,1m,390,388,2,1,99.4872\n\
         AAPL,2019-02-14,1m,390,0,390,390,0.0000\n\
         AAPL,2019-02-14,1m,0,0,0,0,\n"
    );
}

#[test]
fn an_export_that_is_not_finished_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let key = series("AAPL 1m");
    let mut export = RunExport::create(folder.path(), "a run").unwrap();
    let stamp = [at("2025-07-02T13:30:00Z").as_nanos()];
    export
        .append_bars(&key, "2025-07-02".parse().unwrap(), &one_bar(&stamp, &[1.0], &[1]))
        .unwrap();
    drop(export);
    let bars = folder.path().join("bars/1m");
    assert_eq!(std::fs::read_dir(bars).unwrap().count(), 0);
}

#[test]
fn more_rows_than_are_gathered_become_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let key = series("BTC-USD 1m");
    let mut export = RunExport::create(folder.path(), "a run").unwrap();
    let n_rows = 400_000;
    let prices = vec![1.0; n_rows];
    let counts = vec![1; n_rows];
    for day in 0..3_i64 {
        let stamps: Vec<i64> =
            (0..n_rows as i64).map(|n| (day * n_rows as i64 + n) * 60_000_000_000).collect();
        let date = openbell_time::TradingDate::from_days(day as i32);
        export.append_bars(&key, date, &one_bar(&stamps, &prices, &counts)).unwrap();
    }
    assert_eq!(export.finish().unwrap().n_bars, 1_200_000);
    let file = File::open(folder.path().join("bars/1m/BTC-USD.parquet")).unwrap();
    let file = SerializedFileReader::new(file).unwrap();
    assert_eq!(file.metadata().file_metadata().num_rows(), 1_200_000);
}

#[test]
fn the_export_of_another_run_is_left_alone_and_that_of_the_same_run_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let stamp = [at("2025-07-02T13:30:00Z").as_nanos()];
    let export = |run: &str, symbols: &[&str]| {
        let mut export = RunExport::create(folder.path(), run)?;
        for symbol in symbols {
            let key = series(&format!("{symbol} 1m"));
            let bar = one_bar(&stamp, &[1.0], &[1]);
            export.append_bars(&key, "2025-07-02".parse().unwrap(), &bar)?;
        }
        export.finish()
    };
    let there = |symbol: &str| folder.path().join(format!("bars/1m/{symbol}.parquet")).is_file();
    export("monday", &["AAPL", "MSFT"]).unwrap();
    let error = export("tuesday", &["TSLA"]).unwrap_err();
    assert!(matches!(error, DataError::OtherExport { .. }), "{error}");
    assert!(there("AAPL") && there("MSFT") && !there("TSLA"));
    export("monday", &["MSFT"]).unwrap();
    assert!(!there("AAPL") && there("MSFT"));
}

#[test]
fn a_folder_that_holds_something_else_under_the_names_of_an_export_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("bars")).unwrap();
    let refused = RunExport::create(folder.path(), "a run").map(drop);
    assert!(matches!(refused, Err(DataError::OtherExport { .. })));
}
