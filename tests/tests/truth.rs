//! Real bars, run as sessions, against reference results made by other means.
//!
//! The data lies beside the repository and is no part of it: where it is not there, these tests
//! say so and pass.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the reference files are read here without the crate under test"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use openbell_coordinator::{Consumer, Context, OnError, Outcome, Phase};
use openbell_tests::{finish, store_engine};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, RowAccessor};

/// A bar as exported and as the reference has it.
#[derive(Clone, Debug)]
struct Row {
    ts_us: i64,
    values: [f64; 5],
    n: i64,
    expected: i64,
    session_date: i32,
}

type Series = BTreeMap<(String, String), Vec<Row>>;

/// Keeps every bar that was visible at a session's close.
struct Collector(Arc<Mutex<Series>>);

impl Consumer for Collector {
    fn name(&self) -> &str {
        "collector"
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let mut kept = self.0.lock().map_err(|_| "a panic elsewhere")?;
        let view = context.view();
        for symbol in view.symbols() {
            let symbol_view = view.symbol(symbol.as_str())?;
            for interval in symbol_view.intervals() {
                let Some(series) = symbol_view.series(interval) else { continue };
                let rows = series.today();
                let date = rows.segment().map(|s| s.day().session_date).ok_or("no segment")?;
                let out = kept.entry((symbol.to_string(), interval.to_string())).or_default();
                for row in 0..rows.len() {
                    let (Some(bar), Some(coverage)) = (rows.bar(row), rows.coverage(row)) else {
                        continue;
                    };
                    let o = bar.ohlcv;
                    out.push(Row {
                        ts_us: bar.opens_at.as_micros(),
                        values: [o.open, o.high, o.low, o.close, o.volume],
                        n: i64::from(coverage.n),
                        expected: i64::from(coverage.expected),
                        session_date: date.as_days(),
                    });
                }
            }
        }
        Ok(())
    }
}

fn shared() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    if path.is_dir() {
        return Some(path.to_owned());
    }
    println!("skipped: ../shared is not there");
    None
}

fn reference(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).expect("a reference file"))
        .expect("a Parquet file");
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let column = |name: &str| {
        (0..schema.num_columns())
            .find(|&i| schema.column(i).name() == name)
            .unwrap_or_else(|| panic!("{} has no column {name}", path.display()))
    };
    let places = ["ts", "open", "high", "low", "close", "volume", "n", "expected", "session_date"]
        .map(column);
    let int = |row: &parquet::record::Row, at: usize| {
        row.get_long(at).or_else(|_| row.get_int(at).map(i64::from)).expect("an integer")
    };
    reader
        .get_row_iter(None)
        .expect("rows")
        .map(|row| {
            let row = row.expect("a row");
            Row {
                ts_us: row
                    .get_timestamp_micros(places[0])
                    .or_else(|_| row.get_timestamp_millis(places[0]).map(|ms| ms * 1000))
                    .expect("a timestamp"),
                values: [1, 2, 3, 4, 5].map(|i| row.get_double(places[i]).expect("a float")),
                n: int(&row, places[6]),
                expected: int(&row, places[7]),
                session_date: match row.get_column_iter().nth(places[8]) {
                    Some((_, Field::Date(days))) => *days,
                    other => panic!("a date, not {other:?}"),
                },
            }
        })
        .collect()
}

/// A run over one dataset.
struct Case {
    dataset: &'static str,
    group: &'static str,
    symbols: &'static str,
    base: &'static str,
    streams: &'static str,
    dates: (&'static str, &'static str),
}

impl Case {
    fn run(&self, data: &Path) -> (Series, openbell_coordinator::Report) {
        let json = format!(
            r#"{{"session_name": "truth", "exchange_group": "{}", "mode": "backtest",
                "backtest_config": {{"start_date": "{}", "end_date": "{}"}},
                "session_data_config": {{"symbols": {}, "streams": {}, "base_interval": "{}"}}}}"#,
            self.group, self.dates.0, self.dates.1, self.symbols, self.streams, self.base
        );
        let mut engine = store_engine(&json, &data.join("bars").join(self.dataset));
        let kept = Arc::new(Mutex::new(Series::new()));
        engine.register(Box::new(Collector(Arc::clone(&kept))), OnError::StopRun);
        let done = finish(&mut engine);
        assert_eq!(done.phase, Phase::Closed, "{:?}", done.report.failure);
        let series = kept.lock().expect("no panic").clone();
        (series, done.report)
    }
}

/// Compares a run with the reference from the first to the last session that the reference names
/// and this run has.
fn check(case: &Case, suffix: &str) {
    check_but(case, suffix, &[]);
}

/// [`check`], sessions of `apart` left aside: there the conventions differ.
fn check_but(case: &Case, suffix: &str, apart: &[&str]) {
    let Some(data) = shared() else { return };
    let apart: Vec<i32> = apart
        .iter()
        .map(|date| date.parse::<openbell_time::TradingDate>().expect("a date").as_days())
        .collect();
    let (series, _) = case.run(&data);
    let mut n_compared = 0;
    for ((symbol, interval), ours) in &series {
        let path = data
            .join("truth/agg")
            .join(case.dataset)
            .join(interval)
            .join(format!("{symbol}{suffix}.parquet"));
        if !path.is_file() {
            continue;
        }
        let theirs = reference(&path);
        let first = ours.first().map_or(i32::MAX, |row| row.session_date);
        let last = ours.last().map_or(i32::MIN, |row| row.session_date);
        let theirs: Vec<&Row> = theirs
            .iter()
            .filter(|row| first <= row.session_date && row.session_date <= last)
            .filter(|row| !apart.contains(&row.session_date))
            .collect();
        let ours: Vec<&Row> =
            ours.iter().filter(|row| !apart.contains(&row.session_date)).collect();
        assert_eq!(ours.len(), theirs.len(), "{} {symbol} {interval}: rows", case.dataset);
        for (a, b) in ours.iter().copied().zip(theirs) {
            let place = format!("{} {symbol} {interval} at {}", case.dataset, a.ts_us);
            assert_eq!(a.session_date, b.session_date, "{place}");
            assert_eq!(a.ts_us, b.ts_us, "{place}");
            assert_eq!(a.values[..4], b.values[..4], "{place}");
            let volume = (a.values[4] - b.values[4]).abs() <= 1e-12 * b.values[4].abs();
            assert!(volume, "{place}: volume {} beside {}", a.values[4], b.values[4]);
            assert_eq!((a.n, a.expected), (b.n, b.expected), "{place}");
        }
        println!("{} {symbol} {interval}: {} rows equal", case.dataset, ours.len());
        n_compared += 1;
    }
    assert!(n_compared > 0, "{}: nothing was compared", case.dataset);
}

const STREAMS: &str = r#"["1m", "5m", "15m", "1h", "1d"]"#;

#[test]
fn five_days_of_twelve_us_symbols_equal_the_reference() {
    let symbols = r#"["AAPL","BAC","GLD","JPM","MSFT","PPLT","QQQ","SPY","TSLA","V","VIX","XLP"]"#;
    let case = Case {
        dataset: "us-rth-2019",
        group: "US_EQUITY",
        symbols,
        base: "1m",
        streams: STREAMS,
        dates: ("2019-02-11", "2019-02-15"),
    };
    check(&case, "");
}

#[test]
fn a_quarter_with_a_clock_change_and_extended_rows_equals_the_reference() {
    let case = Case {
        dataset: "us-ext-2011",
        group: "US_EQUITY",
        symbols: r#"["SPY"]"#,
        base: "1m",
        streams: STREAMS,
        dates: ("2011-01-01", "2011-03-31"),
    };
    check(&case, "");
}

#[test]
fn an_index_with_a_half_day_equals_the_reference() {
    let case = Case {
        dataset: "us-index",
        group: "US_EQUITY",
        symbols: r#"["SPX"]"#,
        base: "1m",
        streams: STREAMS,
        dates: ("2023-06-26", "2023-07-03"),
    };
    check(&case, "");
}

#[test]
fn a_month_around_the_clock_equals_the_reference() {
    let case = Case {
        dataset: "crypto-perp",
        group: "CRYPTO",
        symbols: r#"["BTC-PERP"]"#,
        base: "1m",
        streams: STREAMS,
        dates: ("2021-12-31", "2022-02-01"),
    };
    check(&case, "");
}

#[test]
fn three_crypto_pairs_from_five_minutes_equal_the_reference() {
    let case = Case {
        dataset: "crypto-spot",
        group: "CRYPTO",
        symbols: r#"["ADA_BTC", "ETH_BTC", "LTC_BTC"]"#,
        base: "5m",
        streams: r#"["5m", "15m", "1h", "1d"]"#,
        dates: ("2018-01-10", "2018-01-30"),
    };
    check(&case, ".from_5m");
}

#[test]
fn a_month_of_sterling_equals_the_reference() {
    let case = Case {
        dataset: "fx-fxcm",
        group: "FOREX",
        symbols: r#"["GBPUSD"]"#,
        base: "1m",
        streams: STREAMS,
        dates: ("2012-02-01", "2012-03-01"),
    };
    check(&case, "");
}

#[test]
fn two_weeks_of_the_euro_equal_the_reference() {
    let case = Case {
        dataset: "fx-lean-oanda",
        group: "FOREX",
        symbols: r#"["EURUSD"]"#,
        base: "1m",
        streams: STREAMS,
        dates: ("2014-05-01", "2014-05-15"),
    };
    check(&case, "");
}

/// The reference takes no holidays into account and folds whatever was stored. The calendar of the
/// group is that of index futures, which close at 12:00 Chicago on Martin Luther King Day, while
/// this currency future traded on to 16:00: so that one session is shorter here, by design.
#[test]
fn a_month_of_globex_equals_the_reference_but_for_the_holiday_that_it_ignores() {
    let case = Case {
        dataset: "fut-globex",
        group: "CME_EQUITY",
        symbols: r#"["6EH4"]"#,
        base: "1m",
        streams: STREAMS,
        dates: ("2024-01-02", "2024-01-31"),
    };
    check_but(&case, "", &["2024-01-15"]);
}
