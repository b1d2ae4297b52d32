//! What Binance's REST interface is asked, and what it answers.

use openbell_data_manager::live::{
    Answer, AskFault, Closing, CountReach, DayCount, Heard, Query, Request, Response,
};
use openbell_market::{Ohlcv, SeriesKey};
use openbell_time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::reading::{self, Undecodable, text};
use crate::stamp::{Millis, as_millis};
use crate::{Endpoint, Listing, Names};

use super::NAME;

/// The most rows in an answer.
const ROWS: usize = 1000;

/// The request of bars, oldest first, or of the newest ones of the first of some series.
///
/// Binance includes both ends. The last millisecond before `until` is the end that asks for the same
/// bars whether it is held against their open or against their close.
pub fn klines(endpoint: &Endpoint, names: &Names, query: &Query) -> Request {
    let (key, since, until) = match query {
        Query::Bars { key, since, until, .. } => (Some(key), Some(*since), *until),
        Query::Newest { keys } => (keys.first(), None, None),
        Query::DayCount { key } => return statistics(endpoint, names, key),
        Query::First { key } => (Some(key), Some(Timestamp::from_nanos(0)), None),
    };
    let mut parameters = Vec::new();
    if let Some(key) = key {
        parameters.push(("symbol", names.vendor_name(&key.symbol).to_owned()));
        parameters.push(("interval", key.interval.to_string()));
    }
    if let Some(since) = since {
        parameters.push(("startTime", as_millis(since).max(0).to_string()));
    }
    if let Some(until) = until {
        parameters.push(("endTime", (as_millis(until) - 1).max(0).to_string()));
    }
    let n_rows = match query {
        Query::Bars { .. } => ROWS,
        Query::First { .. } => 1,
        Query::Newest { .. } | Query::DayCount { .. } => 2,
    };
    parameters.push(("limit", n_rows.to_string()));
    Request { url: endpoint.url("/api/v3/klines", &parameters), weight: 2 }
}

/// The request of how often a symbol was traded in the last 24 hours.
fn statistics(endpoint: &Endpoint, names: &Names, key: &SeriesKey) -> Request {
    let parameters = [("symbol", names.vendor_name(&key.symbol).to_owned())];
    Request { url: endpoint.url("/api/v3/ticker/24hr", &parameters), weight: 2 }
}

/// Reads that: the time between `openTime` and `closeTime` is counted. Whether that of a symbol without
/// a trade goes with the clock is not said; where it stands, it shows no more than that.
fn read_statistics(response: &Response<'_>) -> Result<Answer, AskFault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Statistics {
        open_time: Millis,
        close_time: Millis,
        count: u64,
    }
    if response.status != 200 {
        return Err(refusal(response.status, response.body));
    }
    let value = reading::json(NAME, response.body)?;
    let of: Statistics = reading::read(NAME, "ticker/24hr", &value)?;
    let (since, reach) = (of.open_time.0, CountReach::Through(of.close_time.0));
    Ok(Answer::DayCount(DayCount { since, n_trades: of.count, reach }))
}

/// Reads an answer to [`klines`]. The row that runs is in it, last and without a mark.
///
/// # Errors
///
/// What Binance says instead.
pub fn read_klines(query: &Query, response: &Response<'_>) -> Result<Answer, AskFault> {
    match query {
        Query::DayCount { .. } => read_statistics(response),
        Query::First { .. } => Ok(Answer::First(rows(response)?.first().map(|row| row.opens_at))),
        Query::Bars { key, since, until, .. } => {
            let rows = rows(response)?;
            let next = page_after(&rows, key, *since, *until);
            Ok(Answer::Bars { rows, next })
        }
        Query::Newest { keys } => {
            let rows = rows(response)?;
            // The last row runs.
            let closed = rows.len().checked_sub(2).map(|at| rows[at].opens_at);
            Ok(Answer::Newest(keys.first().cloned().zip(closed).into_iter().collect()))
        }
    }
}

/// The page after a full one, from the end of its last bar on; an answer that does not get further
/// than it was asked for would lead in a circle.
fn page_after(
    rows: &[Heard],
    key: &SeriesKey,
    since: Timestamp,
    until: Option<Timestamp>,
) -> Option<Query> {
    let after = rows.last()?.opens_at.checked_add(key.interval.clock()?.length())?;
    let goes_on = rows.len() >= ROWS && after > since && until.is_none_or(|until| after < until);
    goes_on.then(|| Query::Bars { key: key.clone(), since: after, until, page: None })
}

fn rows(response: &Response<'_>) -> Result<Vec<Heard>, AskFault> {
    let body = response.body;
    if response.status != 200 {
        return Err(refusal(response.status, body));
    }
    let value = reading::json(NAME, body)?;
    let lines = value.as_array();
    let lines = lines.ok_or_else(|| Undecodable::new(NAME, "klines", "it is no list", body))?;
    let read = |(at, line): (usize, &Value)| {
        let what = || format!("row {at} of klines");
        row(line).map_err(|why| Undecodable::new(NAME, what(), why, &line.to_string()).into())
    };
    lines.iter().enumerate().map(read).collect()
}

/// `[open ms, open, high, low, close, volume, close ms, quote volume, trades, …]`
fn row(line: &Value) -> Result<Heard, String> {
    let number = |at: usize| reading::price(line, at);
    let [open, high, low, close] = [number(1)?, number(2)?, number(3)?, number(4)?];
    let ohlcv = Ohlcv { open, high, low, close, volume: number(5)? };
    let Millis(opens_at) = reading::cell(line, 0)?;
    let n_trades = Some(reading::cell(line, 8)?);
    Ok(Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid })
}

/// What an answer other than 200 means.
fn refusal(status: u16, body: &str) -> AskFault {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let words = reading::start_of(text(&value, "msg").unwrap_or(body));
    match (status, value.get("code").and_then(Value::as_i64)) {
        (403 | 451, _) => AskFault::Refused(
            format!("binance refuses this address ({status} {words}); it serves no requests from some countries and through some proxies").into(),
        ),
        (_, Some(code @ (-1121 | -1120))) => AskFault::Refused(format!("{code} {words}").into()),
        (_, Some(code)) => AskFault::Failed(format!("{status} {code} {words}").into()),
        _ => AskFault::Failed(format!("{status} {words}").into()),
    }
}

/// The request of what its clock shows: quiet symbols tell nothing of that for long.
pub fn time(endpoint: &Endpoint) -> Request {
    Request { url: endpoint.url("/api/v3/time", &[]), weight: 1 }
}

/// Reads an answer to [`time`].
///
/// # Errors
///
/// What Binance says instead.
pub fn read_time(response: &Response<'_>) -> Result<Timestamp, AskFault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Time {
        server_time: Millis,
    }
    if response.status != 200 {
        return Err(refusal(response.status, response.body));
    }
    let value = reading::json(NAME, response.body)?;
    let time: Time = reading::read(NAME, "time", &value)?;
    Ok(time.server_time.0)
}

/// The request of all names, without the lists of permissions that are most of its bytes.
pub fn listings(endpoint: &Endpoint) -> Request {
    let parameters = [("showPermissionSets", "false".to_owned())];
    Request { url: endpoint.url("/api/v3/exchangeInfo", &parameters), weight: 20 }
}

/// Reads an answer to [`listings`].
///
/// # Errors
///
/// What Binance says instead.
pub fn read_listings(response: &Response<'_>) -> Result<Vec<Listing>, AskFault> {
    #[derive(Deserialize)]
    struct Info {
        symbols: Vec<Listed>,
    }
    #[derive(Deserialize)]
    struct Listed {
        symbol: String,
        status: String,
    }
    if response.status != 200 {
        return Err(refusal(response.status, response.body));
    }
    let value = reading::json(NAME, response.body)?;
    let info: Info = reading::read(NAME, "exchangeInfo", &value)?;
    let listing = |Listed { symbol, status }| Listing {
        vendor_name: symbol,
        is_trading: status == "TRADING",
        status,
    };
    Ok(info.symbols.into_iter().map(listing).collect())
}
