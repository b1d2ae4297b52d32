//! What is said and heard over a connection to Binance's combined streams.

use openbell_data_manager::live::{Closing, Heard};
use openbell_market::{BarInterval, Ohlcv};
use openbell_time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::number::Number;
use crate::reading::{self, Undecodable, text};
use crate::stamp::Millis;

use super::NAME;

/// The stream of the bars of a symbol at an interval. A name in upper case would be acknowledged and
/// silent.
pub fn stream_name(vendor_name: &str, interval: &str) -> String {
    format!("{}@kline_{interval}", vendor_name.to_lowercase())
}

/// Asks for streams; what is acknowledged is the number, also for a stream that does not exist.
pub fn subscribe(number: u64, streams: &[String]) -> String {
    json!({ "method": "SUBSCRIBE", "params": streams, "id": number }).to_string()
}

/// Gives streams back.
pub fn unsubscribe(number: u64, streams: &[String]) -> String {
    json!({ "method": "UNSUBSCRIBE", "params": streams, "id": number }).to_string()
}

/// One frame.
#[derive(Clone, PartialEq, Debug)]
pub enum Said {
    /// A bar, as it stands or closed.
    Kline(Kline),
    /// What was asked with that number is done; it proves nothing of any stream.
    Acknowledged {
        /// The number.
        number: u64,
    },
    /// What was asked is refused.
    Refused {
        /// The number of the question, where it could be read.
        number: Option<u64>,
        /// Binance's code and words.
        said: String,
    },
    /// The server goes down within minutes.
    GoesDown {
        /// When it said so.
        sent_at: Timestamp,
    },
    /// Something else.
    Other,
}

/// A bar of the stream.
#[derive(Clone, PartialEq, Debug)]
pub struct Kline {
    /// Binance's name of the symbol.
    pub vendor_name: String,
    /// The interval; `None` for one that there is not here, as a month.
    pub interval: Option<BarInterval>,
    /// Its values. That it is closed is said once of each bar, at its end.
    pub row: Heard,
    /// When it was sent, by Binance's clock.
    pub sent_at: Timestamp,
}

#[derive(Deserialize)]
struct KlineEvent<'a> {
    #[serde(rename = "E")]
    sent_at: Millis,
    #[serde(borrow)]
    k: KlineValues<'a>,
}

#[derive(Deserialize)]
struct KlineValues<'a> {
    t: Millis,
    s: &'a str,
    i: &'a str,
    o: Number,
    h: Number,
    l: Number,
    c: Number,
    v: Number,
    n: u64,
    x: bool,
}

/// Reads one frame.
///
/// # Errors
///
/// [`Undecodable`] where it is no JSON, or a known kind without what is documented of it.
pub fn said(frame: &str) -> Result<Said, Undecodable> {
    let value = reading::json(NAME, frame)?;
    let event = value.get("data").unwrap_or(&value);
    match text(event, "e") {
        Some("kline") => kline(event).map(Said::Kline),
        Some("serverShutdown") => {
            #[derive(Deserialize)]
            struct Shutdown {
                #[serde(rename = "E")]
                sent_at: Millis,
            }
            let said: Shutdown = reading::read(NAME, "serverShutdown", event)?;
            Ok(Said::GoesDown { sent_at: said.sent_at.0 })
        }
        Some(_) => Ok(Said::Other),
        None => Ok(answer(&value)),
    }
}

fn kline(event: &Value) -> Result<Kline, Undecodable> {
    let of = text(event, "s").unwrap_or("an unnamed symbol");
    let KlineEvent { sent_at, k } = reading::read(NAME, format!("kline of {of}"), event)?;
    let ohlcv = Ohlcv { open: k.o.0, high: k.h.0, low: k.l.0, close: k.c.0, volume: k.v.0 };
    let closing = if k.x { Closing::Closed } else { Closing::Running };
    Ok(Kline {
        vendor_name: k.s.to_owned(),
        interval: k.i.parse().ok(),
        row: Heard { opens_at: k.t.0, ohlcv, n_trades: Some(k.n), closing },
        sent_at: sent_at.0,
    })
}

/// What is no event is an answer to something that was asked.
fn answer(value: &Value) -> Said {
    let number = value.get("id").and_then(Value::as_u64);
    // Its pages show the code and words both beside the number and in an object of their own.
    let refusal = value.get("error").unwrap_or(value);
    if let Some(code) = refusal.get("code").and_then(Value::as_i64) {
        let words = text(refusal, "msg").unwrap_or("no reason given");
        return Said::Refused { number, said: format!("{code} {}", reading::start_of(words)) };
    }
    match (value.get("result"), number) {
        (Some(Value::Null), Some(number)) => Said::Acknowledged { number },
        _ => Said::Other,
    }
}
