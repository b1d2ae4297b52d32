//! What is said and heard over a connection to Alpaca's stock stream.

use openbell_data_manager::live::{Closing, Heard};
use openbell_market::Ohlcv;
use openbell_time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::number::Number;
use crate::reading::{self, Undecodable, text};
use crate::stamp::Rfc3339;

use super::NAME;

/// Whether halts are asked for beside bars.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statuses {
    /// They are.
    Wanted,
    /// The plan has them not.
    Refused,
}

/// The message that shows who we are. It holds the secret.
pub fn login(id: &str, secret: &str) -> String {
    json!({ "action": "auth", "key": id, "secret": secret }).to_string()
}

/// Asks for bars and their later updates, beside what is subscribed already.
pub fn subscribe(names: &[String], statuses: Statuses) -> String {
    message("subscribe", names, statuses)
}

/// Gives them back.
pub fn unsubscribe(names: &[String], statuses: Statuses) -> String {
    message("unsubscribe", names, statuses)
}

fn message(action: &str, names: &[String], statuses: Statuses) -> String {
    let mut message = json!({ "action": action, "bars": names, "updatedBars": names });
    if statuses == Statuses::Wanted {
        message["statuses"] = json!(names);
    }
    message.to_string()
}

/// One of the messages of a frame.
#[derive(Clone, PartialEq, Debug)]
pub enum Said {
    /// The connection stands, and we are to show who we are.
    Connected,
    /// We are known.
    Authenticated,
    /// All that is subscribed.
    Subscribed {
        /// The symbols whose bars are.
        bars: Vec<String>,
    },
    /// A closed bar of a minute, for the first time or as a late trade has changed it.
    Bar {
        /// The symbol.
        vendor_name: String,
        /// Its values.
        row: Heard,
    },
    /// A symbol does not trade.
    Halted {
        /// The symbol.
        vendor_name: String,
        /// Since when.
        since: Timestamp,
        /// Alpaca's words.
        why: String,
    },
    /// A symbol trades again.
    Resumed {
        /// The symbol.
        vendor_name: String,
    },
    /// Something went wrong.
    Error {
        /// Alpaca's code.
        code: u64,
        /// Its words.
        words: String,
    },
    /// Something else.
    Other,
}

/// Reads one frame, a list of messages; one that cannot be read spoils no other.
///
/// # Errors
///
/// [`Undecodable`] where it is no list.
pub fn said(frame: &str) -> Result<Vec<Result<Said, Undecodable>>, Undecodable> {
    let value = reading::json(NAME, frame)?;
    let messages = value.as_array();
    let messages =
        messages.ok_or_else(|| Undecodable::new(NAME, "frame", "it is no list", frame))?;
    Ok(messages.iter().map(message_of).collect())
}

fn message_of(value: &Value) -> Result<Said, Undecodable> {
    match text(value, "T") {
        Some("success") => Ok(match text(value, "msg") {
            Some("connected") => Said::Connected,
            Some("authenticated") => Said::Authenticated,
            _ => Said::Other,
        }),
        Some("subscription") => {
            #[derive(Deserialize)]
            struct List {
                #[serde(default)]
                bars: Vec<String>,
            }
            let list: List = reading::read(NAME, "subscription", value)?;
            Ok(Said::Subscribed { bars: list.bars })
        }
        Some("b" | "u") => bar(value),
        Some("s") => status(value),
        Some("error") => {
            #[derive(Deserialize)]
            struct Error {
                code: u64,
                #[serde(default)]
                msg: String,
            }
            let Error { code, msg } = reading::read(NAME, "error", value)?;
            Ok(Said::Error { code, words: reading::start_of(&msg).to_owned() })
        }
        Some(_) => Ok(Said::Other),
        None => {
            let why = "it has no kind `T`";
            Err(Undecodable::new(NAME, "message", why, &value.to_string()))
        }
    }
}

fn bar(value: &Value) -> Result<Said, Undecodable> {
    #[derive(Deserialize)]
    struct Bar {
        #[serde(rename = "S")]
        symbol: String,
        o: Number,
        h: Number,
        l: Number,
        c: Number,
        v: Number,
        n: Option<u64>,
        /// The open.
        t: Rfc3339,
    }
    let of = text(value, "S").unwrap_or("an unnamed symbol");
    let bar: Bar = reading::read(NAME, format!("bar of {of}"), value)?;
    let (open, high, low, close) = (bar.o.0, bar.h.0, bar.l.0, bar.c.0);
    let ohlcv = Ohlcv { open, high, low, close, volume: bar.v.0 };
    let row = Heard { opens_at: bar.t.0, ohlcv, n_trades: bar.n, closing: Closing::Closed };
    Ok(Said::Bar { vendor_name: bar.symbol, row })
}

/// A halt is `H` or `P` at Nasdaq and `2` at the others, its end `T` and `3`. Quotes that come back
/// before trades, imbalances and bands change nothing.
fn status(value: &Value) -> Result<Said, Undecodable> {
    #[derive(Deserialize)]
    struct Status {
        #[serde(rename = "S")]
        symbol: String,
        sc: String,
        #[serde(default)]
        sm: String,
        #[serde(default)]
        rc: String,
        t: Rfc3339,
    }
    let of = text(value, "S").unwrap_or("an unnamed symbol");
    let Status { symbol, sc, sm, rc, t } = reading::read(NAME, format!("status of {of}"), value)?;
    Ok(match sc.as_str() {
        "H" | "P" | "2" => {
            let why = format!("{sm} {rc}");
            let why = reading::start_of(why.trim()).to_owned();
            Said::Halted { vendor_name: symbol, since: t.0, why }
        }
        "T" | "3" => Said::Resumed { vendor_name: symbol },
        _ => Said::Other,
    })
}
