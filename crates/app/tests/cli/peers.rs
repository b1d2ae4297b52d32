//! Results held against libraries that know nothing of ours, where Python has them: the figures of a curve, and
//! the fills of a moving-average cross.

use std::fmt::Write;

use openbell_account::{AccountOf, AccountSettings, Accounts, Participation};
use openbell_config::SessionConfig;
use openbell_coordinator::{
    Bars, Consumer, Context, Engine, Event, NewOrder, OnError, Outcome, Step, StoreSource,
    TradeEvent,
};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_time::{TimeManager, Timestamp};
use serde_json::Value;

use super::other_readers::{printed_by, python};
use crate::support::{Folder, session};

/// A year of hourly bars, a strategy that holds over nights, its curve by session.
const YEAR: &str = r#"{
  "session_name": "year", "mode": "backtest",
  "backtest_config": { "start_date": "2024-07-08", "end_date": "2025-06-30" },
  "session_data_config": {
    "symbols": ["AAPL", "MSFT", "TSLA"], "streams": ["1h"],
    "historical": { "data": [{ "trailing_days": 5, "intervals": ["1h"] }] },
    "strategies": [{ "module": "channel_breakout", "config": { "interval": "1h" } }]
  },
  "account": { "cash": 100000 },
  "data_config": { "store": "hours" }
}"#;

#[test]
fn the_figures_of_a_year_are_those_of_empyrical_and_of_quantstats() {
    let Some(python) = python("polars, pandas") else { return };
    let folder = Folder::new();
    let dates = ["--since", "2024-06-28", "--until", "2025-07-01"];
    let market = ["data", "generate", "hours", "--interval", "1h"];
    folder.run(&[&market[..], &dates].concat()).expect_code(0);
    folder.write("year.json", YEAR);
    let json = folder.run(&["run", "year.json", "--json", "--export", "out"]).expect_code(0).json();
    let account = &json["accounts"][0];
    let number = |value: &Value| value.as_f64().expect("a number");
    let ours = [
        ("total", number(&account["returns"]["total"])),
        ("growth", number(&account["returns"]["annual"]["growth"])),
        ("volatility", number(&account["returns"]["annual"]["volatility"])),
        ("sharpe", number(&account["returns"]["annual"]["sharpe"])),
        ("sortino", number(&account["returns"]["annual"]["sortino"])),
    ];
    let equity = folder.path("out/equity.parquet").display().to_string();
    let printed = printed_by(&python, "metrics.py", &[&equity, "100000", "252"]);
    let found: Value = serde_json::from_str(&printed).expect("an object");
    for library in ["empyrical", "quantstats"] {
        let Some(theirs) = found.get(library) else {
            println!("skipped: {python} has no {library}");
            continue;
        };
        for (name, ours) in ours {
            // quantstats has no such figure: its `cagr` counts calendar days.
            let Some(theirs) = theirs.get(name) else { continue };
            let error = (ours - number(theirs)).abs();
            assert!(error < 1e-12, "{library}, {name}: {theirs}, and {ours} here");
        }
        // Ours is from every mark, theirs of the closes alone.
        let depth = number(&account["drawdown"]["depth"]);
        assert!(depth >= number(&theirs["drawdown_of_closes"]) - 1e-12, "{library}");
    }
}

/// Holds a hundred while the mean of the last five closes stands above that of the last twenty.
#[derive(Default)]
struct Cross {
    closes: Vec<f64>,
    was_above: Option<bool>,
}

impl Consumer for Cross {
    fn name(&self) -> &str {
        "cross"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            self.closes.push(bar.close);
            if self.closes.len() < 20 {
                continue;
            }
            let mean = |n: usize| self.closes.iter().rev().take(n).sum::<f64>() / n as f64;
            let is_above = mean(5) > mean(20);
            match (self.was_above.replace(is_above), is_above) {
                (Some(false), true) => drop(context.order(NewOrder::to_units(bar.symbol, 100.0))?),
                (Some(true), false) => drop(context.order(NewOrder::to_units(bar.symbol, 0.0))?),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The fills of the run, as `stamp,units,price` lines.
fn fills(folder: &Folder) -> String {
    let text = session(["2025-07-01", "2025-07-03"], &["AAPL"], &["1m"], "");
    let (config, _) = SessionConfig::parse(&text).expect("a session");
    let options = StoreOptions { exchange_group: Some("US_EQUITY".to_owned()) };
    let store = DataManager::open(folder.path("bars"), &options).expect("a store");
    let source = Box::new(StoreSource::new(store));
    let mut engine = Engine::new(&config, &TimeManager::new(), source).expect("a plan");
    engine.register(Box::new(Cross::default()), OnError::StopRun);
    let settings = AccountSettings {
        participation: Participation::VolumeUnknown,
        ..AccountSettings::with_cash(1_000_000.0)
    };
    let accounts = Accounts::new(settings, AccountOf::EachStrategy, ["cross"]).expect("settings");
    engine.open_accounts(Box::new(accounts));
    while !matches!(engine.step(Timestamp::MIN), Step::Ended(_)) {}
    let mut lines = String::new();
    for event in engine.events() {
        let Event::Traded { trade, .. } = event else { continue };
        if let TradeEvent::Filled(fill) = trade.as_ref() {
            let units = fill.side.sign() * fill.lots.count();
            writeln!(lines, "{},{units},{}", fill.at, fill.price()).expect("text");
        }
    }
    lines
}

#[test]
fn a_moving_average_cross_fills_where_backtrader_fills_it() {
    let Some(python) = python("backtrader, polars") else { return };
    let folder = Folder::with_market();
    let ours = fills(&folder);
    assert!(ours.lines().count() > 10, "{ours}");
    let text = session(["2025-07-01", "2025-07-03"], &["AAPL"], &["1m"], "");
    folder.write("a.json", &text);
    folder.run(&["run", "a.json", "--export", "out"]).expect_code(0);
    let bars = folder.path("out/bars/1m/AAPL.parquet").display().to_string();
    assert_eq!(printed_by(&python, "cross.py", &[&bars]), ours);
}
