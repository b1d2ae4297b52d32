//! Exports of real runs against reference results made by other means, file by file.
//!
//! Every file of each reference that is there is compared, so another year, symbol or market is
//! compared by putting it there.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the files of the reference and of the export are read without the crates under test"
)]

mod compare;
mod plan;
mod table;

use std::path::Path;

use compare::Comparison;
use plan::runs;
use table::{Cell, Table};

use crate::reference::references;
use crate::support::{Folder, session};

#[test]
fn exports_of_real_runs_reproduce_every_reference_file() {
    for reference in references() {
        reproduce(&reference.data());
    }
}

fn reproduce(data: &Path) {
    let mut comparison = Comparison::default();
    for run in runs(data) {
        if run.group().is_none() {
            println!("skipped: there is no calendar for {}", run.dataset);
            continue;
        }
        let folder = Folder::new();
        folder.write("session.json", &run.session(data));
        folder.run(&["run", "session.json", "--no-progress", "--export", "out"]).expect_code(0);
        comparison.compare(data, &run, &folder.path("out"));
    }
    comparison.print();
    assert!(comparison.n_files() > 0, "nothing was compared");
    assert!(comparison.faults.is_empty(), "{}", comparison.faults.join("\n"));
}

#[test]
fn an_export_of_indicators_has_a_column_for_each_field_and_null_while_it_is_not_ready() {
    let folder = Folder::new();
    folder.run(&["data", "generate", "bars", "--thin", "3", "--gaps", "2"]).expect_code(0);
    let asked = r#", "indicators": { "session": [
        { "name": "sma", "period": 20, "interval": "5m" },
        { "name": "macd", "interval": "5m", "params": { "fast": 3, "slow": 5, "signal": 2 } },
        { "name": "vwap", "interval": "1d" },
        { "name": "swing_high", "period": 2, "interval": "5m" }] }"#;
    let dates = ["2025-07-02", "2025-07-03"];
    folder.write("a.json", &session(dates, &["AAPL"], &["1m", "5m", "1d"], asked));
    folder.run(&["run", "a.json", "--no-progress", "--export", "out"]).expect_code(0);
    assert!(!folder.has("out/indicators/1m"), "none is asked for on minutes");
    for interval in ["5m", "1d"] {
        let bars = Table::read(&folder.path(&format!("out/bars/{interval}/AAPL.parquet")));
        let values = Table::read(&folder.path(&format!("out/indicators/{interval}/AAPL.parquet")));
        assert_eq!(values.column("ts"), bars.column("ts"), "a row for each bar of {interval}");
    }
    let fives = Table::read(&folder.path("out/indicators/5m/AAPL.parquet"));
    let names = "macd_5m_fast3_slow5_signal2.histogram macd_5m_fast3_slow5_signal2.macd \
        macd_5m_fast3_slow5_signal2.signal sma_20_5m swing_high_2_5m.at swing_high_2_5m.price symbol ts";
    assert_eq!(fives.names().collect::<Vec<_>>(), names.split_whitespace().collect::<Vec<_>>());
    let n_null = |column: &str| {
        let cells = fives.column(column);
        let n_null = cells.iter().take_while(|&&cell| cell == Cell::Null).count();
        assert!(!cells[n_null..].contains(&Cell::Null), "{column} goes on once it is ready");
        n_null
    };
    // One bar fewer than the twentieth, than slow + signal - 1.
    assert_eq!(n_null("sma_20_5m"), 19);
    for field in ["macd", "signal", "histogram"] {
        assert_eq!(n_null(&format!("macd_5m_fast3_slow5_signal2.{field}")), 5);
    }
    assert!(n_null("swing_high_2_5m.price") >= 4);
    let closes = Table::read(&folder.path("out/bars/5m/AAPL.parquet"));
    let close = |row: usize| closes.float("close", row).expect("no price is null");
    let mean = (5..25).map(close).sum::<f64>() / 20.0;
    let found = fives.float("sma_20_5m", 24).expect("ready");
    assert!((found - mean).abs() < 1e-9 * mean, "{found}, not {mean}");
}
