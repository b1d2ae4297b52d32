//! A kline in both of its forms, and the names of intervals.

use openbell_market::BarInterval;
use openbell_time::{Nanos, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::decimal::Decimal;
use crate::market::Candle;

/// The interval of a name.
pub(super) fn interval(name: &str) -> Option<BarInterval> {
    let seconds = match name {
        "1s" => 1,
        "1m" => 60,
        "3m" => 180,
        "5m" => 300,
        "15m" => 900,
        "30m" => 1_800,
        "1h" => 3_600,
        "2h" => 7_200,
        "4h" => 14_400,
        "6h" => 21_600,
        "8h" => 28_800,
        "12h" => 43_200,
        "1d" => return Some(BarInterval::DAY),
        "1w" => return Some(BarInterval::WEEK),
        _ => return None,
    };
    BarInterval::from_secs(seconds)
}

/// Milliseconds since the epoch.
pub(super) fn ms(instant: Timestamp) -> i64 {
    instant.as_nanos().div_euclid(1_000_000)
}

/// The last millisecond of a bar.
fn close_ms(candle: &Candle) -> i64 {
    ms(candle.closes_at - Nanos::from_nanos(1_000_000))
}

fn text(number: Decimal) -> String {
    number.text(8)
}

/// Half of a decimal, rounded down: what takers are said to have bought.
fn half(number: Decimal) -> Decimal {
    Decimal { units: number.units / 2, ..number }
}

/// A frame of a stream.
pub(super) fn event(
    stream: &str,
    symbol: &str,
    candle: &Candle,
    state: KlineState,
    now: Timestamp,
) -> String {
    let (_, interval) = stream.split_once("@kline_").unwrap_or((stream, ""));
    let (first, last) = candle.ids.map_or((-1, -1), |(first, last)| (first as i64, last as i64));
    let kline = Kline {
        open_ms: ms(candle.opens_at),
        close_ms: close_ms(candle),
        symbol,
        interval,
        first,
        last,
        open: text(candle.open()),
        close: text(candle.close()),
        high: text(candle.high()),
        low: text(candle.low()),
        volume: text(candle.volume()),
        n_trades: candle.n_trades,
        is_closed: state == KlineState::Closed,
        value: text(candle.value()),
        taken: text(half(candle.volume())),
        taken_value: text(half(candle.value())),
        ignored: "0",
    };
    let data = Event { kind: "kline", now_ms: ms(now), symbol, kline };
    serde_json::to_string(&Combined { stream, data }).expect("texts and numbers are JSON")
}

#[derive(Serialize)]
struct Combined<'e> {
    stream: &'e str,
    data: Event<'e>,
}

#[derive(Serialize)]
struct Event<'e> {
    #[serde(rename = "e")]
    kind: &'e str,
    #[serde(rename = "E")]
    now_ms: i64,
    #[serde(rename = "s")]
    symbol: &'e str,
    #[serde(rename = "k")]
    kline: Kline<'e>,
}

#[derive(Serialize)]
struct Kline<'e> {
    #[serde(rename = "t")]
    open_ms: i64,
    #[serde(rename = "T")]
    close_ms: i64,
    #[serde(rename = "s")]
    symbol: &'e str,
    #[serde(rename = "i")]
    interval: &'e str,
    #[serde(rename = "f")]
    first: i64,
    #[serde(rename = "L")]
    last: i64,
    #[serde(rename = "o")]
    open: String,
    #[serde(rename = "c")]
    close: String,
    #[serde(rename = "h")]
    high: String,
    #[serde(rename = "l")]
    low: String,
    #[serde(rename = "v")]
    volume: String,
    #[serde(rename = "n")]
    n_trades: u64,
    #[serde(rename = "x")]
    is_closed: bool,
    #[serde(rename = "q")]
    value: String,
    #[serde(rename = "V")]
    taken: String,
    #[serde(rename = "Q")]
    taken_value: String,
    #[serde(rename = "B")]
    ignored: &'e str,
}

/// Whether a bar can still change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KlineState {
    Running,
    Closed,
}

/// A row of an answer.
pub(super) fn row(candle: &Candle) -> Value {
    json!([
        ms(candle.opens_at),
        text(candle.open()),
        text(candle.high()),
        text(candle.low()),
        text(candle.close()),
        text(candle.volume()),
        close_ms(candle),
        text(candle.value()),
        candle.n_trades,
        text(half(candle.volume())),
        text(half(candle.value())),
        "0",
    ])
}
