//! A market and a session in which every kind of look-ahead would show.

use openbell_market::{BarColumns, Ohlcv};
use openbell_time::{Nanos, Timestamp, TradingDate};

use crate::market::{Market, bar_at, new_york};
use crate::story::config;

const FIRST: &str = "2025-06-16";
const LAST: &str = "2025-07-03";

const SYMBOLS: &str = r#"["AAPL", "MSFT", "LATE", "GONE"]"#;
const STREAMS: &str = r#"["1m", "5m", "1h", "1d", "1w"]"#;
const MORE: &str = r#", "historical": {"data": [
      {"trailing_days": 3, "intervals": ["1m", "5m", "1d"]},
      {"trailing_days": 8, "intervals": ["1w"]}]},
  "indicators": {"session": [
      {"name": "sma", "period": 20, "interval": "5m", "type": "trend"},
      {"name": "rsi", "period": 14, "interval": "1m", "type": "momentum"},
      {"name": "vwap", "interval": "1m", "type": "trend"}],
    "historical": [
      {"name": "avg_volume", "period": 2, "unit": "days", "interval": "1d", "type": "historical"}]},
  "symbol_schedule": [
      {"at": "11:00", "add": ["TSLA"]}, {"at": "12:00", "remove": ["MSFT"]},
      {"at": "2025-07-02T15:00", "add": ["NVDA"], "stay": true}]"#;

/// The session of [`lookahead_market`], 2025-07-02 and the half day after it: with history of stored
/// and of folded intervals, indicators, and symbols that come and go.
pub fn lookahead_config() -> String {
    config(SYMBOLS, STREAMS, LAST, MORE)
}

/// Three weeks of six symbols: AAPL and NVDA are dense, AAPL with stored days that go on to today;
/// TSLA is thin; MSFT has gaps, and rows that are no bars; LATE begins late, on the last day at
/// 11:20; GONE has no bar on the last day.
pub fn lookahead_market() -> Market {
    let is_last = |date: TradingDate| date.to_string() == LAST;
    Market::new()
        .with_minutes("AAPL", FIRST, LAST, |_, _| true)
        .with_minutes("MSFT", FIRST, LAST, |_, minute| minute % 7 != 3)
        .with_minutes("TSLA", FIRST, LAST, |_, minute| minute * 37 % 100 < 60)
        .with_minutes("NVDA", FIRST, LAST, |_, _| true)
        .with_minutes("LATE", FIRST, LAST, move |date, minute| {
            minute >= if is_last(date) { 110 } else { 17 }
        })
        .with_minutes("GONE", FIRST, LAST, move |date, _| !is_last(date))
        .changed(|key, rows| match key.symbol.as_str() {
            "MSFT" => flawed(rows),
            _ => rows.clone(),
        })
        .with_rows("AAPL", "1d", days("AAPL"))
}

/// The rows, some of them twice, some off the grid, some no bars.
fn flawed(rows: &BarColumns) -> BarColumns {
    let mut changed = BarColumns::default();
    for row in 0..rows.len() {
        let (opens_at, mut bar) = (rows.opens_at(row), rows.ohlcv(row));
        if row % 41 == 5 {
            bar.high = bar.low - 1.0;
        }
        changed.push(opens_at, bar);
        if row % 29 == 3 {
            changed.push(opens_at, bar);
        }
        if row % 31 == 7 {
            changed.push(opens_at + Nanos::from_secs(20), bar);
        }
    }
    changed
}

/// Stored days, which say something else than the minutes do.
fn days(symbol: &str) -> Vec<(Timestamp, Ohlcv)> {
    let dates = FIRST.parse().expect("a date")..=LAST.parse().expect("a date");
    let calendar = new_york();
    let sessions = calendar.sessions(dates).expect("dates within the facts").iter();
    sessions.map(|session| (session.open, bar_at(symbol, session.open))).collect()
}
