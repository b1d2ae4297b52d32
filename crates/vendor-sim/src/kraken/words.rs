//! Kraken's messages and how it writes instants.

use openbell_time::{NANOS_PER_SECOND, Nanos, SessionPart, Timestamp};
use serde_json::{Value, json};

use crate::market::{Candle, Listing};
use crate::wire::LineId;

/// RFC 3339 with exactly so many digits of a second's fraction, at least one.
pub(super) fn rfc3339(instant: Timestamp, n_digits: u32) -> String {
    let fraction_ns = instant.as_nanos().rem_euclid(NANOS_PER_SECOND);
    let whole = (instant - Nanos::from_nanos(fraction_ns)).to_string();
    let digits = fraction_ns / 10_i64.pow(9 - n_digits);
    format!("{}.{digits:0width$}Z", whole.trim_end_matches('Z'), width = n_digits as usize)
}

pub(super) fn status(system: &str, line: LineId) -> Value {
    let data = json!({
        "api_version": "v2",
        "connection_id": 13_834_774_380_200_000_000_u64 + u64::from(line.0),
        "system": system,
        "version": "2.0.10",
    });
    json!({"channel": "status", "type": "update", "data": [data]})
}

/// A candle of the `ohlc` channel.
pub(super) fn candle(listing: &Listing, candle: &Candle, slot: SessionPart) -> Value {
    json!({
        "symbol": listing.symbol.as_str(),
        "open": candle.open().number(),
        "high": candle.high().number(),
        "low": candle.low().number(),
        "close": candle.close().number(),
        "trades": candle.n_trades,
        "volume": candle.volume().number(),
        "vwap": candle.vwap().number(),
        "interval_begin": rfc3339(slot.since, 9),
        "interval": slot.length().as_secs() / 60,
        "timestamp": rfc3339(slot.until, 6),
    })
}

/// A message of the `ohlc` channel.
pub(super) fn candles(kind: &str, data: Vec<Value>, now: Timestamp) -> Value {
    json!({"channel": "ohlc", "type": kind, "timestamp": rfc3339(now, 9), "data": data})
}

/// What an order is answered: its result, or why it is refused.
pub(super) fn answer(
    method: &str,
    outcome: Result<Value, (Option<&str>, String)>,
    req_id: &Value,
    now: Timestamp,
) -> Value {
    let took = Nanos::from_nanos(83_000);
    let mut answer = json!({
        "method": method,
        "time_in": rfc3339(now, 6),
        "time_out": rfc3339(now + took, 6),
    });
    match outcome {
        Ok(result) => {
            answer["success"] = json!(true);
            answer["result"] = result;
        }
        Err((symbol, error)) => {
            answer["success"] = json!(false);
            answer["error"] = json!(error);
            if let Some(symbol) = symbol {
                answer["symbol"] = json!(symbol);
            }
        }
    }
    if !req_id.is_null() {
        answer["req_id"] = req_id.clone();
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_as_many_digits_as_are_asked_for() {
        let instant: Timestamp = "2023-10-04T16:26:01.0203Z".parse().unwrap();
        assert_eq!(rfc3339(instant, 6), "2023-10-04T16:26:01.020300Z");
        assert_eq!(rfc3339(instant, 9), "2023-10-04T16:26:01.020300000Z");
    }
}
