//! What is said and heard over a connection to Kraken's WebSocket v2.

use openbell_data_manager::live::{Closing, Heard};
use openbell_market::{BarInterval, Ohlcv};
use openbell_time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::number::Number;
use crate::reading::{self, Undecodable, text};
use crate::stamp::Rfc3339;

use super::NAME;

/// Asks for the candles of symbols; each is acknowledged by itself, all with the same number.
pub fn subscribe(number: u64, names: &[String], minutes: u32) -> String {
    ask(
        "subscribe",
        number,
        json!({
            "channel": "ohlc", "symbol": names, "interval": minutes, "snapshot": true
        }),
    )
}

/// Gives the candles of symbols back.
pub fn unsubscribe(number: u64, names: &[String], minutes: u32) -> String {
    ask("unsubscribe", number, json!({ "channel": "ohlc", "symbol": names, "interval": minutes }))
}

fn ask(method: &str, number: u64, params: Value) -> String {
    json!({ "method": method, "params": params, "req_id": number }).to_string()
}

/// Asks for a pong: the only message that tells Kraken's clock while nothing trades.
pub fn ping(number: u64) -> String {
    json!({ "method": "ping", "req_id": number }).to_string()
}

/// One frame.
#[derive(Clone, PartialEq, Debug)]
pub enum Said {
    /// Candles as they stand: those of a snapshot ascending, else each as a trade has changed it. None
    /// says whether it is closed.
    Candles {
        /// The candles that could be read.
        candles: Vec<Candle>,
        /// Those that could not.
        unreadable: Vec<Undecodable>,
        /// Kraken's clock, where the frame tells it.
        sent_at: Option<Timestamp>,
    },
    /// One symbol's subscription is confirmed; it proves nothing of its candles.
    Subscribed {
        /// The number of the question.
        number: Option<u64>,
        /// The symbol.
        vendor_name: String,
        /// Kraken's clock, where the frame tells it.
        sent_at: Option<Timestamp>,
    },
    /// What was asked is refused.
    Refused {
        /// The number of the question.
        number: Option<u64>,
        /// The symbol, where the frame names it.
        vendor_name: Option<String>,
        /// What it said.
        said: String,
    },
    /// The answer to a ping, with Kraken's clock where it tells it.
    Pong {
        /// The number of the ping.
        number: Option<u64>,
        /// When it was sent.
        sent_at: Option<Timestamp>,
    },
    /// The connection lives, and no more than that.
    Heartbeat,
    /// Whether the engine matches orders: while it does not, nothing trades and no bar is owed.
    Status {
        /// Whether it does.
        is_matching: bool,
        /// Kraken's word.
        system: String,
    },
    /// Something else.
    Other,
}

/// A candle of the stream.
#[derive(Clone, PartialEq, Debug)]
pub struct Candle {
    /// The stream's name of the symbol.
    pub vendor_name: String,
    /// The interval; `None` for one that is no intraday interval here.
    pub interval: Option<BarInterval>,
    /// Its values so far.
    pub row: Heard,
}

/// Reads one frame.
///
/// # Errors
///
/// [`Undecodable`] where it is no JSON, or a known kind without what is documented of it.
pub fn said(frame: &str) -> Result<Said, Undecodable> {
    let value = reading::json(NAME, frame)?;
    if let Some(method) = text(&value, "method") {
        return answer(&value, method);
    }
    match text(&value, "channel") {
        Some("ohlc") => candles(&value),
        Some("heartbeat") => Ok(Said::Heartbeat),
        Some("status") => status(&value),
        None if value.get("error").is_some() => Ok(refused(&value)),
        _ => Ok(Said::Other),
    }
}

#[derive(Deserialize)]
struct CandleValues {
    symbol: String,
    open: Number,
    high: Number,
    low: Number,
    close: Number,
    volume: Number,
    trades: u64,
    /// The open. `timestamp` beside it is the end, and deprecated.
    interval_begin: Rfc3339,
    interval: u32,
}

fn candles(value: &Value) -> Result<Said, Undecodable> {
    let entries: &Vec<Value> = value.get("data").and_then(Value::as_array).ok_or_else(|| {
        Undecodable::new(NAME, "ohlc", "it has no list `data`", &value.to_string())
    })?;
    let (mut candles, mut unreadable) = (Vec::new(), Vec::new());
    for entry in entries {
        let of = text(entry, "symbol").unwrap_or("an unnamed symbol");
        match reading::read::<CandleValues>(NAME, format!("candle of {of}"), entry) {
            Ok(candle) => candles.push(candle.into()),
            Err(error) => unreadable.push(error),
        }
    }
    Ok(Said::Candles { candles, unreadable, sent_at: instant(value, "timestamp") })
}

impl From<CandleValues> for Candle {
    fn from(of: CandleValues) -> Candle {
        let (open, high, low, close) = (of.open.0, of.high.0, of.low.0, of.close.0);
        let ohlcv = Ohlcv { open, high, low, close, volume: of.volume.0 };
        let (opens_at, n_trades) = (of.interval_begin.0, Some(of.trades));
        Candle {
            vendor_name: of.symbol,
            interval: BarInterval::from_mins(of.interval),
            row: Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid },
        }
    }
}

fn status(value: &Value) -> Result<Said, Undecodable> {
    let system = value.get("data").and_then(|data| text(data.get(0)?, "system"));
    let Some(system) = system else {
        let why = "its first entry has no `system`";
        return Err(Undecodable::new(NAME, "status", why, &value.to_string()));
    };
    Ok(Said::Status { is_matching: system == "online", system: system.to_owned() })
}

fn answer(value: &Value, method: &str) -> Result<Said, Undecodable> {
    if value.get("success").and_then(Value::as_bool) == Some(false) {
        return Ok(refused(value));
    }
    let number = value.get("req_id").and_then(Value::as_u64);
    let sent_at = instant(value, "time_out");
    let vendor_name = named(value).map(str::to_owned);
    match (method, vendor_name) {
        ("pong", _) => Ok(Said::Pong { number, sent_at }),
        ("subscribe", Some(vendor_name)) => Ok(Said::Subscribed { number, vendor_name, sent_at }),
        // That something is given back; one of the heartbeat channel, which names no symbol.
        _ => Ok(Said::Other),
    }
}

fn refused(value: &Value) -> Said {
    let said = text(value, "error").filter(|said| !said.is_empty());
    let said = reading::start_of(said.unwrap_or("no reason given"));
    let number = value.get("req_id").and_then(Value::as_u64);
    Said::Refused { number, vendor_name: named(value).map(str::to_owned), said: said.to_owned() }
}

/// The symbol that an answer is about: in its `result`, or beside the error.
fn named(value: &Value) -> Option<&str> {
    value.get("result").and_then(|result| text(result, "symbol")).or_else(|| text(value, "symbol"))
}

/// The instant at `key`, where there is one that can be read: it is a hint of Kraken's clock only.
fn instant(value: &Value, key: &str) -> Option<Timestamp> {
    text(value, key)?.parse().ok()
}
