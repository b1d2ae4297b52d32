//! Replies to requests: candles, tickers, pairs, time, the state of the system.

use std::collections::BTreeMap;

use openbell_time::{Nanos, SessionPart, Timestamp};
use serde_json::{Map, Value, json};

use super::names::Names;
use super::{stream, words};
use crate::http::{Distortion, Reply, Request};
use crate::limits::Window;
use crate::market::{Candle, Known, Market, slot_of};
use crate::outbox::Outbox;
use crate::switches::KrakenSwitches;

/// All rows that there are, whatever is asked for.
const N_ROWS: usize = 720;
/// Calls on one pair within as many seconds.
const CALLS: usize = 3;
/// Calls beyond the limit within a minute after which nothing is answered for a minute.
const OVERRUNS: usize = 5;
const DAY: Nanos = Nanos::from_secs(86_400);

#[derive(Debug)]
pub(super) struct Desk {
    /// Calls by path and pair.
    calls: BTreeMap<String, Window>,
    overruns: Window,
    throttled_until: Timestamp,
}

type Refused = String;

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            calls: BTreeMap::new(),
            overruns: Window::new(OVERRUNS, Nanos::from_secs(60)),
            throttled_until: Timestamp::MIN,
        }
    }

    pub(super) fn reply(
        &mut self,
        market: &Market,
        switches: &KrakenSwitches,
        request: &Request,
        distortion: Distortion,
        out: &mut Outbox<'_>,
    ) -> Reply {
        if request.header("User-Agent").is_none() {
            return Reply::new(403, "");
        }
        let result = self.limit(switches, request, out).and_then(|()| match request.path() {
            "/0/public/OHLC" => ohlc(market, switches, request, distortion, out.now),
            "/0/public/Ticker" => tickers(market, switches, request, out.now),
            "/0/public/AssetPairs" => pairs(market, request, out.now),
            "/0/public/Time" => {
                Ok(json!({"unixtime": out.now.as_secs(), "rfc1123": rfc1123(out.now)}))
            }
            "/0/public/SystemStatus" => {
                let whole = slot_of(Nanos::from_secs(1), out.now).since;
                Ok(json!({"status": stream::system(market, out.now), "timestamp": whole.to_string()}))
            }
            _ => Err("EGeneral:Unknown method".to_owned()),
        });
        match result {
            Ok(result) => Reply::new(200, json!({"error": [], "result": result})),
            Err(error) => Reply::new(200, json!({"error": [error]})),
        }
    }

    /// Counts a call.
    fn limit(
        &mut self,
        switches: &KrakenSwitches,
        request: &Request,
        out: &mut Outbox<'_>,
    ) -> Result<(), Refused> {
        let pair = request.parameter("pair").unwrap_or_default();
        let key = format!("{} {pair}", request.path());
        let new = || Window::new(CALLS, Nanos::from_secs(CALLS as i64));
        let is_within = self.calls.entry(key).or_insert_with(new).allows(out.now);
        if out.now < self.throttled_until {
            out.counts.over_limit += 1;
            return Err(format!("EService:Throttled: {}", self.throttled_until.as_secs()));
        }
        if is_within {
            return Ok(());
        }
        out.counts.over_limit += 1;
        if !self.overruns.allows(out.now) {
            out.counts.bans += 1;
            self.throttled_until = out.now + Nanos::from_secs(60);
        }
        Err(if switches.is_general_error {
            "EGeneral:Too many requests".to_owned()
        } else {
            "EAPI:Rate limit exceeded".to_owned()
        })
    }
}

fn pair(market: &Market, request: &Request) -> Result<(usize, Names), Refused> {
    named(market, &request.parameter("pair").unwrap_or_default())
}

fn named(market: &Market, written: &str) -> Result<(usize, Names), Refused> {
    let names = market.listings().iter().map(Names::of).enumerate();
    let found = names.into_iter().find(|(_, names)| names.is(written));
    found.ok_or_else(|| "EQuery:Unknown asset pair".to_owned())
}

/// The symbols of the pairs that are asked for, with commas between them, or those of all.
fn asked(market: &Market, request: &Request) -> Result<Vec<usize>, Refused> {
    match request.parameter("pair") {
        Some(pairs) => {
            pairs.split(',').map(|pair| named(market, pair).map(|(symbol, _)| symbol)).collect()
        }
        None => Ok((0..market.listings().len()).collect()),
    }
}

fn ohlc(
    market: &Market,
    switches: &KrakenSwitches,
    request: &Request,
    distortion: Distortion,
    now: Timestamp,
) -> Result<Value, Refused> {
    let (symbol, names) = pair(market, request)?;
    if stream::system(market, now) != "online" {
        return Err(if switches.is_busy_in_maintenance {
            "EService:Busy".to_owned()
        } else {
            "EService:Unavailable".to_owned()
        });
    }
    let number = |name: &str, otherwise: i64| match request.parameter(name) {
        None => Ok(otherwise),
        Some(text) => text.parse::<i64>().map_err(|_| "EGeneral:Invalid arguments".to_owned()),
    };
    let minutes = number("interval", 1)?;
    if !stream::is_interval(minutes) {
        return Err("EGeneral:Invalid arguments".to_owned());
    }
    let since_s = number("since", 0)?;
    let length = Nanos::from_secs(minutes * 60);
    let running = slot_of(length, now);
    let mut rows = Vec::new();
    let mut slot = running;
    while rows.len() < N_ROWS && slot.until > market.span().start {
        let candle = market.candle_or_flat(symbol, slot, Known::reported_by(now));
        rows.extend(candle.map(|candle| row(&candle)));
        slot = slot_of(length, slot.since - Nanos::from_nanos(1));
    }
    rows.reverse();
    let is_asked_for = |row: &Value| {
        let open_s = row[0].as_i64().unwrap_or_default();
        open_s > since_s || open_s == running.since.as_secs()
    };
    rows.retain(is_asked_for);
    let rows = distortion.applied(rows);
    let mut result = Map::new();
    let newest_s = rows.last().and_then(|row| row[0].as_i64());
    let last_s = newest_s.unwrap_or(running.since.as_secs()) - minutes * 60;
    result.insert(names.key, Value::Array(rows));
    result.insert("last".to_owned(), json!(last_s));
    Ok(Value::Object(result))
}

fn row(candle: &Candle) -> Value {
    let vwap = match candle.n_trades {
        0 => "0.0".to_owned(),
        _ => candle.vwap().text(1),
    };
    json!([
        candle.opens_at.as_secs(),
        candle.open().text(1),
        candle.high().text(1),
        candle.low().text(1),
        candle.close().text(1),
        vwap,
        candle.volume().text(8),
        candle.n_trades,
    ])
}

/// The tickers of a pair, or of all.
fn tickers(
    market: &Market,
    switches: &KrakenSwitches,
    request: &Request,
    now: Timestamp,
) -> Result<Value, Refused> {
    let mut result = Map::new();
    for symbol in asked(market, request)? {
        let listing = &market.listings()[symbol];
        let known = Known::reported_by(now);
        let until = now + Nanos::from_nanos(1);
        let today = SessionPart { since: now.utc_date().utc_midnight(), until };
        let whole_day = SessionPart { since: now - DAY, until };
        let day = market.candle_or_flat(symbol, whole_day, known);
        let empty = || Candle::flat(0, whole_day, listing);
        if let Some(day) = day.or_else(|| switches.has_empty_ticker.then(empty)) {
            let today = market.candle_or_flat(symbol, today, known).unwrap_or_else(|| day.clone());
            result.insert(Names::of(listing).key, ticker(&today, &day));
        }
    }
    Ok(Value::Object(result))
}

fn ticker(today: &Candle, day: &Candle) -> Value {
    let price = |candle: &Candle| candle.close().text(5);
    json!({
        "a": [price(day), "1", "1.000"],
        "b": [price(day), "1", "1.000"],
        "c": [price(day), "0.00010000"],
        "v": [today.volume().text(8), day.volume().text(8)],
        "p": [today.vwap().text(5), day.vwap().text(5)],
        "t": [today.n_trades, day.n_trades],
        "l": [today.low().text(5), day.low().text(5)],
        "h": [today.high().text(5), day.high().text(5)],
        "o": today.open().text(5),
    })
}

fn pairs(market: &Market, request: &Request, now: Timestamp) -> Result<Value, Refused> {
    let mut result = Map::new();
    for symbol in asked(market, request)? {
        let listing = &market.listings()[symbol];
        let names = Names::of(listing);
        let is_halted = market.halt_at(symbol, now).is_some();
        let info = json!({
            "altname": names.alt,
            "wsname": names.ws,
            "aclass_base": "currency",
            "base": names.base,
            "aclass_quote": "currency",
            "quote": names.quote,
            "lot": "unit",
            "pair_decimals": listing.price_places,
            "lot_decimals": listing.size_places,
            "lot_multiplier": 1,
            "status": if is_halted { "cancel_only" } else { "online" },
        });
        result.insert(names.key, info);
    }
    Ok(Value::Object(result))
}

/// The instant as mail headers have it: `Sun, 21 Mar 21 14:23:14 +0000`.
fn rfc1123(now: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = now.utc_date();
    let month = MONTHS[date.month() as usize - 1];
    let time = &words::rfc3339(now, 1)[11..19];
    format!("{}, {:2} {month} {:02} {time} +0000", date.weekday(), date.day(), date.year() % 100)
}
