//! Replies to requests: bars of many symbols in pages, and the newest of each.

use openbell_market::BarInterval;
use openbell_time::{Nanos, SessionPart, Timestamp};
use serde_json::{Map, Value, json};

use super::bars;
use super::stream::DELAY;
use crate::http::{Distortion, Reply, Request};
use crate::market::{Candle, Known, MINUTE, Market, slot_of};
use crate::outbox::Outbox;
use crate::switches::AlpacaSwitches;

const REQUESTS_A_MINUTE: u64 = 200;
/// Requests beyond the limit in one minute after which the client is banned for five.
const OVERRUNS: u64 = 20;
const BAN: Nanos = Nanos::from_secs(300);
const N_ROWS_MAX: usize = 10_000;
const N_ROWS: usize = 1_000;
/// The feed of the consolidated tape that is late.
const DELAYED: &str = "delayed_sip";

#[derive(Debug)]
pub(super) struct Desk {
    minute: Timestamp,
    n_requests: u64,
    banned_until: Timestamp,
}

/// A status with its message.
type Refused = (u16, String);

impl Desk {
    pub(super) fn new() -> Desk {
        Desk { minute: Timestamp::MIN, n_requests: 0, banned_until: Timestamp::MIN }
    }

    pub(super) fn reply(
        &mut self,
        market: &Market,
        switches: &AlpacaSwitches,
        request: &Request,
        distortion: Distortion,
        out: &mut Outbox<'_>,
    ) -> Reply {
        let minute = slot_of(MINUTE, out.now);
        let body = self.limit(minute, out).and_then(|()| {
            let is_known = request.header("APCA-API-KEY-ID") == Some(&switches.key)
                && request.header("APCA-API-SECRET-KEY") == Some(&switches.secret);
            if !is_known {
                return Err((403, "forbidden.".to_owned()));
            }
            let is_delayed = request.parameter("feed").as_deref() == Some(DELAYED);
            let now = if is_delayed { out.now - DELAY } else { out.now };
            match request.path() {
                "/v2/stocks/bars" => past(market, switches, request, distortion, now),
                "/v2/stocks/bars/latest" => latest(market, switches, request, distortion, now),
                _ => Err((404, "endpoint not found.".to_owned())),
            }
        });
        let reply = match body {
            Ok(body) => Reply::new(200, body),
            Err((status, message)) => Reply::new(status, json!({"message": message})),
        };
        let n_left = REQUESTS_A_MINUTE.saturating_sub(self.n_requests);
        reply
            .with("X-RateLimit-Limit", REQUESTS_A_MINUTE)
            .with("X-RateLimit-Remaining", n_left)
            .with("X-RateLimit-Reset", minute.until.max(self.banned_until).as_secs())
    }

    /// Counts a request.
    fn limit(&mut self, minute: SessionPart, out: &mut Outbox<'_>) -> Result<(), Refused> {
        if self.minute != minute.since {
            self.minute = minute.since;
            self.n_requests = 0;
        }
        self.n_requests += 1;
        if self.n_requests <= REQUESTS_A_MINUTE && out.now >= self.banned_until {
            return Ok(());
        }
        out.counts.over_limit += 1;
        if self.n_requests == REQUESTS_A_MINUTE + OVERRUNS {
            out.counts.bans += 1;
            self.banned_until = out.now + BAN;
        }
        Err((429, "too many requests.".to_owned()))
    }
}

/// The places of the symbols that are asked for, in the order of their names; what is not listed has
/// no bars.
fn symbols(market: &Market, request: &Request) -> Result<Vec<usize>, Refused> {
    let written = request.parameter("symbols").unwrap_or_default();
    if written.is_empty() {
        return Err((400, "symbols is required".to_owned()));
    }
    let is_asked_for = |symbol: &usize| {
        let name = market.listings()[*symbol].symbol.as_str();
        written.split(',').any(|asked| asked == name)
    };
    let mut symbols: Vec<usize> = (0..market.listings().len()).filter(is_asked_for).collect();
    symbols.sort_by_key(|&symbol| market.listings()[symbol].symbol.clone());
    Ok(symbols)
}

/// Whether the newest minutes may not be asked for.
fn is_withheld(switches: &AlpacaSwitches, request: &Request) -> bool {
    let feed = request.parameter("feed");
    !switches.is_paid && !matches!(feed.as_deref(), Some("iex" | DELAYED))
}

const WITHHELD: &str = "subscription does not permit querying recent SIP data";

/// What is there to ask for: bars that have ended so long ago.
struct Shelf<'m> {
    market: &'m Market,
    interval: BarInterval,
    opens: SessionPart,
    /// Bars are there that end by then.
    ended_by: Timestamp,
    now: Timestamp,
}

impl Shelf<'_> {
    /// The bars of a symbol that open at `since` or later, oldest first.
    fn candles(&self, symbol: usize, since: Timestamp) -> impl Iterator<Item = Candle> {
        let first = self.market.slot_around(self.interval, since.max(self.market.span().start));
        let next = |slot: &SessionPart| Some(self.market.slot_around(self.interval, slot.until));
        std::iter::successors(Some(first), next)
            .take_while(|slot| slot.since < self.opens.until && slot.until <= self.ended_by)
            .take_while(|slot| slot.since < self.market.span().end)
            .filter(move |slot| slot.since >= since)
            .filter_map(move |slot| self.market.candle(symbol, slot, Known::reported_by(self.now)))
    }
}

fn past(
    market: &Market,
    switches: &AlpacaSwitches,
    request: &Request,
    distortion: Distortion,
    now: Timestamp,
) -> Result<Value, Refused> {
    let symbols = symbols(market, request)?;
    let name = request.parameter("timeframe").unwrap_or_default();
    let interval = bars::timeframe(&name);
    let interval = interval.ok_or_else(|| (400, format!("invalid timeframe: {name}")))?;
    // What a free account may not ask of the consolidated tape.
    let recent = now - DELAY;
    let end = instant(request, "end")?;
    if is_withheld(switches, request) && end.is_some_and(|end| end > recent) {
        return Err((403, WITHHELD.to_owned()));
    }
    let until = end.unwrap_or(if is_withheld(switches, request) { recent } else { now });
    let since = instant(request, "start")?.unwrap_or_else(|| now.utc_date().utc_midnight());
    let limit = match request.parameter("limit") {
        None => N_ROWS,
        Some(text) => {
            let limit = text.parse().ok().filter(|n| (1..=N_ROWS_MAX).contains(n));
            limit.ok_or_else(|| (400, format!("invalid limit: {text}")))?
        }
    };
    let lag = Nanos::from_secs(i64::from(switches.rest_lag_s));
    // The end is inclusive.
    let opens = SessionPart { since, until: until + Nanos::from_nanos(1) };
    let shelf = Shelf { market, interval, opens, ended_by: now - lag, now };
    let token = request.parameter("page_token").filter(|token| !token.is_empty());
    let resumed = token.map(|token| resumed(market, &token)).transpose()?;
    Ok(page(&shelf, &symbols, resumed, limit, distortion))
}

/// One page: rows by symbol and time, and where the next one begins.
fn page(
    shelf: &Shelf<'_>,
    symbols: &[usize],
    resumed: Option<(usize, Timestamp)>,
    limit: usize,
    distortion: Distortion,
) -> Value {
    let names = |symbol: usize| shelf.market.listings()[symbol].symbol.as_str();
    let mut result = Map::new();
    let mut n_left = limit;
    for &symbol in symbols {
        let since = match resumed {
            Some((at, _)) if names(symbol) < names(at) => continue,
            Some((at, from)) if at == symbol => from,
            _ => shelf.opens.since,
        };
        let candles = distortion.applied(shelf.candles(symbol, since).collect());
        let rows: Vec<Value> = candles
            .iter()
            .take(n_left)
            .map(|candle| bars::fields(candle, candle.opens_at))
            .collect();
        n_left -= rows.len();
        if !rows.is_empty() {
            result.insert(names(symbol).to_owned(), Value::Array(rows));
        }
        if n_left == 0 {
            let next = candles.get(result_len(&result, names(symbol)));
            let from = next.map(|candle| (symbol, candle.opens_at));
            let after = symbols.iter().find(|&&other| names(other) > names(symbol));
            let from = from.or_else(|| after.map(|&other| (other, shelf.opens.since)));
            let token = from.map(|(symbol, at)| format!("{}~{}", names(symbol), at.as_nanos()));
            return json!({"bars": result, "next_page_token": token});
        }
    }
    json!({"bars": result, "next_page_token": null})
}

fn result_len(result: &Map<String, Value>, name: &str) -> usize {
    result.get(name).and_then(Value::as_array).map_or(0, Vec::len)
}

/// Where a page begins by its token.
fn resumed(market: &Market, token: &str) -> Result<(usize, Timestamp), Refused> {
    let parsed = token.split_once('~').and_then(|(name, ns)| {
        let is_it = |listed: &str| listed == name;
        let symbol = market.listings().iter().position(|l| is_it(l.symbol.as_str()))?;
        Some((symbol, Timestamp::from_nanos(ns.parse().ok()?)))
    });
    parsed.ok_or_else(|| (400, "invalid page_token".to_owned()))
}

/// The newest bar of each symbol.
fn latest(
    market: &Market,
    switches: &AlpacaSwitches,
    request: &Request,
    distortion: Distortion,
    now: Timestamp,
) -> Result<Value, Refused> {
    let symbols = symbols(market, request)?;
    if is_withheld(switches, request) {
        return Err((403, WITHHELD.to_owned()));
    }
    let lag = Nanos::from_secs(i64::from(switches.rest_lag_s));
    let mut result = Map::new();
    for symbol in symbols.into_iter().filter(|_| !distortion.is_empty) {
        let mut minute = slot_of(MINUTE, now - lag - MINUTE);
        let mut n_hidden = distortion.n_lagging;
        while minute.until > market.span().start {
            let candle = market.candle(symbol, minute, Known::reported_by(now));
            match candle {
                Some(candle) if n_hidden == 0 => {
                    let name = market.listings()[symbol].symbol.as_str().to_owned();
                    result.insert(name, bars::fields(&candle, candle.opens_at));
                    break;
                }
                Some(_) => n_hidden -= 1,
                None => {}
            }
            minute = slot_of(MINUTE, minute.since - MINUTE);
        }
    }
    Ok(json!({"bars": result}))
}

fn instant(request: &Request, name: &str) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = request.parameter(name) else { return Ok(None) };
    let date_or_instant = text.parse().or_else(|_| {
        let date = text.parse::<openbell_time::TradingDate>();
        date.map(openbell_time::TradingDate::utc_midnight)
    });
    date_or_instant.map(Some).map_err(|_| (400, format!("invalid {name}: {text}")))
}
