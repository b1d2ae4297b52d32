//! A kline in both of its forms, and the names of intervals.

use openbell_market::BarInterval;
use openbell_time::{Nanos, Timestamp};
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
) -> Value {
    let (_, name) = stream.split_once("@kline_").unwrap_or((stream, ""));
    let (first, last) = candle.ids.map_or((-1, -1), |(first, last)| (first as i64, last as i64));
    let kline = json!({
        "t": ms(candle.opens_at), "T": close_ms(candle), "s": symbol, "i": name,
        "f": first, "L": last,
        "o": text(candle.open()), "c": text(candle.close()),
        "h": text(candle.high()), "l": text(candle.low()),
        "v": text(candle.volume()), "n": candle.n_trades, "x": state == KlineState::Closed,
        "q": text(candle.value()),
        "V": text(half(candle.volume())), "Q": text(half(candle.value())), "B": "0",
    });
    let event = json!({"e": "kline", "E": ms(now), "s": symbol, "k": kline});
    json!({"stream": stream, "data": event})
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
