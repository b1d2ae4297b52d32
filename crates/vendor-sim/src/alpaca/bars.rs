//! A bar as Alpaca writes it, and the names of its lengths.

use openbell_market::BarInterval;
use openbell_time::Timestamp;
use serde_json::{Value, json};

use crate::market::Candle;

/// The fields that a bar has on the stream and in answers.
pub(super) fn fields(candle: &Candle, opens_at: Timestamp) -> Value {
    // Shares are whole, so the volume has no decimals.
    let volume = candle.volume().number() as u64;
    json!({
        "t": opens_at.to_string(),
        "o": candle.open().number(),
        "h": candle.high().number(),
        "l": candle.low().number(),
        "c": candle.close().number(),
        "v": volume,
        "n": candle.n_trades,
        "vw": candle.vwap().number(),
    })
}

/// A bar on the stream: `b` for a new one, `u` for one that takes its place.
pub(super) fn message(kind: &str, symbol: &str, candle: &Candle) -> Value {
    let mut message = fields(candle, candle.opens_at);
    message["T"] = json!(kind);
    message["S"] = json!(symbol);
    message
}

/// The length of a name such as `5Min`.
pub(super) fn timeframe(name: &str) -> Option<BarInterval> {
    let at = name.find(|c: char| !c.is_ascii_digit())?;
    let n: u32 = name[..at].parse().ok()?;
    match (&name[at..], n) {
        ("Min" | "T", 1..=59) => BarInterval::from_mins(n),
        ("Hour" | "H", 1..=23) => BarInterval::from_mins(60 * n),
        ("Day" | "D", 1) => Some(BarInterval::DAY),
        ("Week" | "W", 1) => Some(BarInterval::WEEK),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeframe_is_a_number_and_a_unit_in_its_range() {
        assert_eq!(timeframe("5Min"), BarInterval::from_mins(5));
        assert_eq!(timeframe("1Day"), Some(BarInterval::DAY));
        for name in ["60Min", "Min", "2Day", "1Min ", "", "0Min", "1min"] {
            assert_eq!(timeframe(name), None, "{name}");
        }
    }
}
