//! What Alpaca's REST interface is asked, and what it answers.

use std::collections::BTreeMap;

use openbell_data_manager::live::{Answer, AskFault, Closing, Heard, Query, Request, Response};
use openbell_market::{BarInterval, Ohlcv};
use openbell_time::{Nanos, Timestamp};
use serde_json::Value;

use crate::reading::{self, Undecodable, text};
use crate::stamp::Rfc3339;
use crate::{Endpoint, Names};

use super::NAME;

/// The most rows in an answer.
const ROWS: &str = "10000";

/// Its word for an interval.
fn timeframe(interval: BarInterval) -> String {
    match interval.clock().map(|clock| clock.as_secs()) {
        Some(seconds) if seconds % 3600 == 0 => format!("{}Hour", seconds / 3600),
        Some(seconds) if seconds % 60 == 0 => format!("{}Min", seconds / 60),
        // It has no such bars, and says so.
        _ => interval.to_string(),
    }
}

/// The request of the bars of a series, oldest first, unadjusted.
///
/// Alpaca includes both ends; so the end is the last nanosecond before the one that is not wanted.
/// Without an end it is what the plan allows.
pub fn bars(endpoint: &Endpoint, names: &Names, feed: &str, query: &Query) -> Request {
    let mut parameters = Vec::new();
    if let Query::Bars { key, since, until, page } = query {
        parameters.push(("symbols", names.vendor_name(&key.symbol).to_owned()));
        parameters.push(("timeframe", timeframe(key.interval)));
        parameters.push(("start", (*since).max(EPOCH).to_string()));
        if let Some(last) = until.and_then(|until| until.checked_add(Nanos::from_nanos(-1))) {
            parameters.push(("end", last.max(EPOCH).to_string()));
        }
        if let Some(page) = page {
            parameters.push(("page_token", page.to_string()));
        }
    }
    let form = [("limit", ROWS), ("feed", feed), ("adjustment", "raw"), ("sort", "asc")];
    parameters.extend(form.map(|(name, value)| (name, value.to_owned())));
    Request { url: endpoint.url("/v2/stocks/bars", &parameters), weight: 1 }
}

/// No bar is older.
const EPOCH: Timestamp = Timestamp::from_nanos(0);

/// Reads an answer to [`bars`].
///
/// # Errors
///
/// What Alpaca says instead.
pub fn read_bars(
    query: &Query,
    vendor_name: &str,
    response: &Response<'_>,
) -> Result<Answer, AskFault> {
    let value = value(response)?;
    let undecodable = |why| Undecodable::new(NAME, "bars", why, response.body);
    let bars = value.get("bars").ok_or_else(|| undecodable("it has no `bars`"))?;
    let rows = match bars.get(vendor_name) {
        Some(Value::Array(lines)) => lines.iter().enumerate().map(row).collect::<Result<_, _>>()?,
        // A symbol without a bar in that time is left out.
        Some(Value::Null) | None => Vec::new(),
        Some(_) => return Err(undecodable("the bars of a symbol are no list").into()),
    };
    let next = match (query, text(&value, "next_page_token")) {
        // The token of the page that was asked for would lead in a circle.
        (Query::Bars { key, since, until, page }, Some(token))
            if page.as_deref() != Some(token) =>
        {
            let page = Some(token.into());
            Some(Query::Bars { key: key.clone(), since: *since, until: *until, page })
        }
        _ => None,
    };
    Ok(Answer::Bars { rows, next })
}

fn row((at, line): (usize, &Value)) -> Result<Heard, AskFault> {
    let read = || {
        let price = |name: &str| reading::price(line, name);
        let [open, high, low, close] = [price("o")?, price("h")?, price("l")?, price("c")?];
        let ohlcv = Ohlcv { open, high, low, close, volume: price("v")? };
        let Rfc3339(opens_at) = reading::cell(line, "t")?;
        let n_trades = line.get("n").and_then(Value::as_u64);
        Ok(Heard { opens_at, ohlcv, n_trades, closing: Closing::Unsaid })
    };
    let undecodable = |why: String| {
        Undecodable::new(NAME, format!("row {at} of bars"), why, &line.to_string()).into()
    };
    read().map_err(undecodable)
}

/// The request of the newest bar of each of some symbols.
pub fn newest(endpoint: &Endpoint, names: &[String], feed: &str) -> Request {
    let parameters = [("symbols", names.join(",")), ("feed", feed.to_owned())];
    Request { url: endpoint.url("/v2/stocks/bars/latest", &parameters), weight: 1 }
}

/// Reads an answer to [`newest`]: when the newest bar of each symbol that has one opens.
///
/// # Errors
///
/// What Alpaca says instead.
pub fn read_newest(response: &Response<'_>) -> Result<BTreeMap<String, Timestamp>, AskFault> {
    let value = value(response)?;
    let Some(bars) = value.get("bars").and_then(Value::as_object) else {
        let why = "it has no object `bars`";
        return Err(Undecodable::new(NAME, "newest bars", why, response.body).into());
    };
    let opens_at = |(name, bar): (&String, &Value)| match reading::cell(bar, "t") {
        Ok(Rfc3339(opens_at)) => Ok((name.clone(), opens_at)),
        Err(why) => {
            let what = format!("newest bar of {name}");
            Err(Undecodable::new(NAME, what, why, &bar.to_string()).into())
        }
    };
    bars.iter().map(opens_at).collect()
}

/// The answer, where it is one.
fn value(response: &Response<'_>) -> Result<Value, AskFault> {
    let (status, body) = (response.status, response.body);
    if status == 200 {
        return Ok(reading::json(NAME, body)?);
    }
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let words = reading::start_of(text(&value, "message").unwrap_or(body));
    let said = format!("alpaca: {status} {words}").into();
    // 400 and 422 a name or a value that there is not, 401 the key, 403 the plan.
    Err(match status {
        400 | 401 | 403 | 404 | 422 => AskFault::Refused(said),
        _ => AskFault::Failed(said),
    })
}
