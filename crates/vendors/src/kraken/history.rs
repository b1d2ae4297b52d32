//! What Kraken's REST interface is asked, and what it answers.
//!
//! Errors come with status 200, in a list; an empty one is success. History is the newest 720 rows of
//! an interval, and no older one for any question.

use openbell_data_manager::live::{
    Answer, AskFault, Closing, CountReach, DayCount, Heard, Query, Request, Response,
};
use openbell_market::{BarInterval, Ohlcv, SeriesKey};
use openbell_time::{Nanos, Timestamp};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::reading::{self, Undecodable, text};
use crate::stamp::Seconds;
use crate::{Endpoint, Listing, Names};

use super::NAME;

/// How long nothing is asked after "too many", where Kraken does not say it.
const PAUSE: Nanos = Nanos::from_secs(5);

/// Its word for an interval: minutes, 0 for one that it has not, which it refuses.
pub(super) fn minutes(interval: BarInterval) -> u32 {
    interval.clock().map_or(0, |clock| clock.as_secs() / 60)
}

/// Names that are others in history than in the stream.
const OLD_NAMES: [(&str, &str); 2] = [("BTC", "XBT"), ("DOGE", "XDG")];

/// History's name for what the stream calls `BTC/USD`: `XBTUSD`.
fn history_name(vendor_name: &str) -> String {
    let old = |asset: &str| {
        let known = OLD_NAMES.iter().find(|(name, _)| *name == asset);
        known.map_or(asset, |(_, old)| old).to_owned()
    };
    vendor_name.split('/').map(old).collect()
}

/// The stream's name for what history calls `XBT/USD`: `BTC/USD`.
fn name_of_today(wsname: &str) -> String {
    let today = |asset| {
        let known = OLD_NAMES.iter().find(|(_, old)| *old == asset);
        known.map_or(asset, |(name, _)| *name)
    };
    wsname.split('/').map(today).collect::<Vec<_>>().join("/")
}

/// The request of the rows of a series, of the first of some series, or of its ticker.
///
/// Kraken's `since` leaves out the row that opens then. So the one before is named; where Kraken
/// counts otherwise, it comes too, and [`read_ohlc`] drops it.
pub fn ohlc(endpoint: &Endpoint, names: &Names, query: &Query) -> Request {
    let (key, since) = match query {
        Query::Bars { key, since, .. } => (Some(key), Some(*since)),
        Query::Newest { keys } => (keys.first(), None),
        Query::DayCount { key } => return ticker(endpoint, names, key),
        Query::First { key } => (Some(key), None),
    };
    let mut parameters = Vec::new();
    if let Some(key) = key {
        parameters.push(("pair", history_name(names.vendor_name(&key.symbol))));
        parameters.push(("interval", minutes(key.interval).to_string()));
        let length = key.interval.clock().map_or(Nanos::ZERO, |clock| clock.length());
        if let Some(before) = since.and_then(|since| since.checked_add(-length)) {
            parameters.push(("since", before.as_secs().max(0).to_string()));
        }
    }
    Request { url: endpoint.url("/0/public/OHLC", &parameters), weight: 1 }
}

/// Reads an answer to [`ohlc`]: the last row runs. Flat rows without trades are among them.
///
/// # Errors
///
/// What Kraken says instead.
pub fn read_ohlc(
    query: &Query,
    now: Timestamp,
    response: &Response<'_>,
) -> Result<Answer, AskFault> {
    let rows = || rows(&result("OHLC", now, response)?, response.body);
    match query {
        Query::DayCount { .. } | Query::First { .. } => {
            Err(AskFault::Failed("OHLC does not answer that".into()))
        }
        Query::Bars { since, .. } => {
            let rows = rows()?;
            let is_wanted = |row: &Heard| row.opens_at >= *since;
            Ok(Answer::Bars { rows: rows.into_iter().filter(is_wanted).collect(), next: None })
        }
        Query::Newest { keys } => {
            let rows = rows()?;
            let over = rows.split_last().map_or(&[][..], |(_, over)| over);
            let newest = over.iter().rfind(|row| row.n_trades != Some(0));
            let newest = newest.map(|row| row.opens_at);
            Ok(Answer::Newest(keys.first().cloned().zip(newest).into_iter().collect()))
        }
    }
}

/// A pair that is traded all the time, as history is asked of it and as it answers.
const BUSY: (&str, &str) = ("XBTUSD", "XXBTZUSD");

/// The ticker of a pair covers as much; a little is left for what the clocks differ by.
const COVERED: Nanos = Nanos::from_secs(86_400 - 120);

/// The request of the ticker of a pair, and of the one that is traded all the time.
fn ticker(endpoint: &Endpoint, names: &Names, key: &SeriesKey) -> Request {
    let name = history_name(names.vendor_name(&key.symbol));
    let pairs = if name == BUSY.0 { name } else { format!("{},{name}", BUSY.0) };
    Request { url: endpoint.url("/0/public/Ticker", &[("pair", pairs)]), weight: 1 }
}

/// Reads that. `t` counts the trades of today and those of the last 24 hours. Kraken has names of its
/// own for pairs: the one that was asked for is that which is not the busy one. It may have no ticker
/// while it has no trade.
///
/// # Errors
///
/// What Kraken says instead.
pub fn read_ticker(
    names: &Names,
    key: &SeriesKey,
    now: Timestamp,
    response: &Response<'_>,
) -> Result<Answer, AskFault> {
    let result = result("Ticker", now, response)?;
    let count = |value: &Value, at: usize| {
        let n = value.get("t").and_then(|t| t.get(at)).and_then(Value::as_u64);
        let without = "it has no count of trades";
        n.ok_or_else(|| Undecodable::new(NAME, "Ticker", without, response.body))
    };
    let busy = result.get(BUSY.1);
    let without = "the busy pair is not in it";
    let busy = busy.ok_or_else(|| Undecodable::new(NAME, "Ticker", without, response.body))?;
    let is_busy = history_name(names.vendor_name(&key.symbol)) == BUSY.0;
    let own = result.iter().find(|(name, _)| is_busy == (*name == BUSY.1)).map(|(_, own)| own);
    let n_trades = own.map_or(Ok(0), |own| count(own, 1))?;
    let since = now.checked_add(-COVERED).unwrap_or(now);
    let reach = CountReach::Busy(count(busy, 0)?);
    Ok(Answer::DayCount(DayCount { since, n_trades, reach }))
}

fn rows(result: &Map<String, Value>, body: &str) -> Result<Vec<Heard>, AskFault> {
    // The key is Kraken's own name of the pair, whatever it was asked by.
    let lines = result.iter().find(|(key, _)| *key != "last").and_then(|(_, rows)| rows.as_array());
    let without = || Undecodable::new(NAME, "OHLC", "it has no list of rows", body);
    let read = |(at, line): (usize, &Value)| {
        let what = || format!("row {at} of OHLC");
        row(line).map_err(|why| Undecodable::new(NAME, what(), why, &line.to_string()).into())
    };
    let rows: Result<Vec<Heard>, AskFault> =
        lines.ok_or_else(without)?.iter().enumerate().map(read).collect();
    let mut rows = rows?;
    // What opens after Kraken's `last` is not committed: the first such row runs, and is the last.
    if let Some(Ok(Seconds(last))) = result.get("last").map(Seconds::deserialize) {
        let opens = rows.iter().map(|row| row.opens_at);
        let running = opens.filter(|&opens_at| opens_at > last).min();
        rows.retain(|row| row.opens_at <= last || Some(row.opens_at) == running);
    }
    Ok(rows)
}

/// `[open s, open, high, low, close, vwap, volume, trades]`
fn row(line: &Value) -> Result<Heard, String> {
    let number = |at: usize| reading::price(line, at);
    let [open, high, low, close] = [number(1)?, number(2)?, number(3)?, number(4)?];
    let ohlcv = Ohlcv { open, high, low, close, volume: number(6)? };
    let Seconds(opens_at) = reading::cell(line, 0)?;
    let n_trades = Some(reading::cell(line, 7)?);
    Ok(Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid })
}

/// The `result` of an answer.
fn result(
    what: &'static str,
    now: Timestamp,
    response: &Response<'_>,
) -> Result<Map<String, Value>, AskFault> {
    let body = response.body;
    match response.status {
        200 => {}
        status @ (403 | 451) => {
            return Err(AskFault::Refused(
                format!("kraken refuses this address ({status} {})", reading::start_of(body))
                    .into(),
            ));
        }
        status => {
            return Err(AskFault::Failed(format!("{status} {}", reading::start_of(body)).into()));
        }
    }
    let mut value = reading::json(NAME, body)?;
    if let Some(said) = value.get("error").and_then(first_error) {
        return Err(told(said, now));
    }
    match value.get_mut("result").map(Value::take) {
        Some(Value::Object(result)) => Ok(result),
        _ => Err(Undecodable::new(NAME, what, "it has no object `result`", body).into()),
    }
}

/// The first of a list that is an error; those with `W` are warnings.
fn first_error(errors: &Value) -> Option<&str> {
    errors.as_array()?.iter().filter_map(Value::as_str).find(|said| !said.starts_with('W'))
}

/// What an error of an answer means.
fn told(error: &str, now: Timestamp) -> AskFault {
    let said = reading::start_of(error).into();
    let after_pause = now.checked_add(PAUSE).unwrap_or(now);
    if let Some(until) = error.strip_prefix("EService:Throttled:") {
        let until = until.trim().parse().ok().and_then(Timestamp::from_secs);
        return AskFault::Wait { until: until.unwrap_or(after_pause), said };
    }
    match error {
        "EAPI:Rate limit exceeded" | "EGeneral:Too many requests" => {
            AskFault::Wait { until: after_pause, said }
        }
        "EQuery:Unknown asset pair" => AskFault::Refused(said),
        _ => AskFault::Failed(said),
    }
}

/// The request of all names.
pub fn listings(endpoint: &Endpoint) -> Request {
    Request { url: endpoint.url("/0/public/AssetPairs", &[]), weight: 1 }
}

/// Reads an answer to [`listings`]; pairs that the stream has no name for are left out.
///
/// # Errors
///
/// What Kraken says instead.
pub fn read_listings(now: Timestamp, response: &Response<'_>) -> Result<Vec<Listing>, AskFault> {
    let pair = |value: &Value| {
        let status = text(value, "status")?;
        Some(Listing {
            vendor_name: name_of_today(text(value, "wsname")?),
            is_trading: matches!(status, "online" | "limit_only" | "reduce_only"),
            status: status.to_owned(),
        })
    };
    Ok(result("AssetPairs", now, response)?.values().filter_map(pair).collect())
}
