//! Replies to requests: klines, statistics of a day, time, exchangeInfo.

use openbell_market::BarInterval;
use openbell_time::{Nanos, SessionPart, Timestamp};
use serde_json::{Value, json};

use super::kline::{self, interval, ms};
use crate::decimal::Decimal;
use crate::http::{Distortion, Reply, Request};
use crate::market::{Candle, Known, Listing, Market};
use crate::switches::BinanceSwitches;

/// The most rows of an answer, and how many there are where none is asked for.
const N_ROWS_MAX: usize = 1_000;
const N_ROWS: usize = 500;

const DAY: Nanos = Nanos::from_secs(86_400);

/// What quote assets a name may end with.
const QUOTES: &[&str] = &["USDT", "USDC", "FDUSD", "BTC", "ETH", "BNB", "EUR", "USD"];

/// What a request to a path weighs.
pub(super) fn weight(path: &str) -> u64 {
    match path {
        "/api/v3/klines" | "/api/v3/ticker/24hr" => 2,
        "/api/v3/exchangeInfo" => 20,
        _ => 1,
    }
}

pub(super) fn reply(
    market: &Market,
    switches: &BinanceSwitches,
    request: &Request,
    distortion: Distortion,
    now: Timestamp,
) -> Reply {
    let body = match request.path() {
        "/api/v3/time" => Ok(json!({"serverTime": ms(now)})),
        "/api/v3/exchangeInfo" => Ok(exchange_info(market, now)),
        "/api/v3/klines" => klines(market, switches, request, distortion, now),
        "/api/v3/ticker/24hr" => statistics(market, switches, request, now),
        _ => return Reply::new(404, "<html><body>Not found</body></html>"),
    };
    match body {
        Ok(body) => Reply::new(200, body),
        Err((code, message)) => Reply::new(400, json!({"code": code, "msg": message})),
    }
}

type Refused = (i32, String);

fn klines(
    market: &Market,
    switches: &BinanceSwitches,
    request: &Request,
    distortion: Distortion,
    now: Timestamp,
) -> Result<Value, Refused> {
    let symbol = symbol(market, request)?;
    let interval = interval(&needed(request, "interval")?);
    let interval = interval.ok_or_else(|| (-1120, "Invalid interval.".to_owned()))?;
    let since = instant(request, "startTime")?;
    let until = instant(request, "endTime")?;
    let limit = number(request, "limit")?.map_or(N_ROWS, |n| (n.max(1) as usize).min(N_ROWS_MAX));
    let until = match (until, switches.is_end_inclusive) {
        (Some(until), true) => until + Nanos::from_nanos(1),
        (Some(until), false) => until,
        (None, _) => Timestamp::MAX,
    };
    let until = until.min(now + Nanos::from_nanos(1)).min(market.span().end);
    let known =
        if switches.is_rest_settling { Known::reported_by(now) } else { Known::traded_by(now) };
    let candle = |slot| market.candle_or_flat(symbol, slot, known);
    let candles: Vec<Candle> = match since {
        Some(since) => {
            slots_since(market, interval, since, until).filter_map(candle).take(limit).collect()
        }
        None => newest_slots(market, interval, until, limit).filter_map(candle).collect(),
    };
    let rows: Vec<Value> = candles.iter().map(kline::row).collect();
    Ok(Value::Array(distortion.applied(rows)))
}

fn needed(request: &Request, name: &str) -> Result<String, Refused> {
    let missing = || {
        let message =
            format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        (-1102, message)
    };
    request.parameter(name).filter(|value| !value.is_empty()).ok_or_else(missing)
}

/// The place of the symbol that is asked for.
fn symbol(market: &Market, request: &Request) -> Result<usize, Refused> {
    let name = needed(request, "symbol")?;
    let place = market.listings().iter().position(|listing| listing.symbol.as_str() == name);
    place.ok_or_else(|| (-1121, "Invalid symbol.".to_owned()))
}

/// The statistics of the last 24 hours of a symbol. All is known in time, as on the stream.
fn statistics(
    market: &Market,
    switches: &BinanceSwitches,
    request: &Request,
    now: Timestamp,
) -> Result<Value, Refused> {
    let symbol = symbol(market, request)?;
    let listing = &market.listings()[symbol];
    let day = SessionPart { since: now - DAY, until: now + Nanos::from_nanos(1) };
    let traded = market.candle_or_flat(symbol, day, Known::traded_by(now));
    let ends_at = match traded {
        None if !switches.has_empty_statistics => market.span().start,
        _ => now,
    };
    let candle = traded.unwrap_or_else(|| Candle::flat(0, day, listing));
    let (first, last) = candle.ids.map_or((-1, -1), |(first, last)| (first as i64, last as i64));
    let text = |number: Decimal| number.text(8);
    let nothing = Decimal { units: 0, places: listing.price_places };
    Ok(json!({
        "symbol": listing.symbol.as_str(),
        "priceChange": text(nothing),
        "priceChangePercent": nothing.text(3),
        "weightedAvgPrice": text(candle.vwap()),
        "prevClosePrice": text(candle.open()),
        "lastPrice": text(candle.close()),
        "lastQty": text(Decimal { units: 0, places: listing.size_places }),
        "bidPrice": text(candle.close()),
        "bidQty": text(Decimal { units: 1, places: listing.size_places }),
        "askPrice": text(candle.close()),
        "askQty": text(Decimal { units: 1, places: listing.size_places }),
        "openPrice": text(candle.open()),
        "highPrice": text(candle.high()),
        "lowPrice": text(candle.low()),
        "volume": text(candle.volume()),
        "quoteVolume": text(candle.value()),
        "openTime": ms(ends_at - DAY),
        "closeTime": ms(ends_at),
        "firstId": first,
        "lastId": last,
        "count": candle.n_trades,
    }))
}

/// The bars that open at `since` or later and before `until`, the oldest first.
fn slots_since(
    market: &Market,
    interval: BarInterval,
    since: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = SessionPart> {
    let first = market.slot_around(interval, since.max(market.span().start));
    let after = move |slot: &SessionPart| Some(market.slot_around(interval, slot.until));
    let slots = std::iter::successors(Some(first), after);
    slots.take_while(move |slot| slot.since < until).filter(move |slot| slot.since >= since)
}

/// The newest bars that open before `until`, the oldest first.
fn newest_slots(
    market: &Market,
    interval: BarInterval,
    until: Timestamp,
    limit: usize,
) -> impl Iterator<Item = SessionPart> {
    let before = |instant: Timestamp| instant - Nanos::from_nanos(1);
    let (mut slots, begin) = (Vec::new(), market.span().start);
    let mut slot = market.slot_around(interval, before(until));
    while slot.until > begin && slots.len() < limit {
        slots.push(slot);
        slot = market.slot_around(interval, before(slot.since));
    }
    slots.reverse();
    slots.into_iter()
}

fn number(request: &Request, name: &str) -> Result<Option<i64>, Refused> {
    let Some(text) = request.parameter(name) else { return Ok(None) };
    let illegal = || {
        let message = format!(
            "Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        );
        (-1100, message)
    };
    text.parse().ok().filter(|n| *n >= 0).map(Some).ok_or_else(illegal)
}

fn instant(request: &Request, name: &str) -> Result<Option<Timestamp>, Refused> {
    let since_epoch_ms = number(request, name)?;
    // What lies beyond all instants lies beyond all bars.
    Ok(since_epoch_ms
        .map(|ms| Timestamp::from_nanos(ms.saturating_mul(1_000_000).min(i64::MAX / 2))))
}

fn exchange_info(market: &Market, now: Timestamp) -> Value {
    let listings = market.listings().iter().enumerate();
    let symbols: Vec<Value> = listings
        .map(|(symbol, listing)| {
            let is_halted = market.halt_at(symbol, now).is_some();
            symbol_info(listing, if is_halted { "BREAK" } else { "TRADING" })
        })
        .collect();
    json!({
        "timezone": "UTC",
        "serverTime": ms(now),
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
        ],
        "exchangeFilters": [],
        "symbols": symbols,
    })
}

fn symbol_info(listing: &Listing, status: &str) -> Value {
    let name = listing.symbol.as_str();
    let quote = QUOTES.iter().find(|quote| name.ends_with(**quote)).copied().unwrap_or_default();
    let smallest = |places: u8| Decimal { units: 1, places }.text(8);
    json!({
        "symbol": name,
        "status": status,
        "baseAsset": name.strip_suffix(quote).unwrap_or(name),
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "isSpotTradingAllowed": true,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": smallest(listing.price_places)},
            {"filterType": "LOT_SIZE", "stepSize": smallest(listing.size_places)},
        ],
    })
}
