//! Laws over seeds: what is spoken is the truth, and the same again.

use std::collections::BTreeMap;

use openbell_market::{Bar, BarInterval, Grid, Ohlcv};
use openbell_time::{ExchangeGroup, Nanos, TimeManager, Timestamp};
use openbell_vendor_sim::{
    AlpacaSwitches, Answer, BinanceSwitches, Exchange, Heard, Hours, KrakenSwitches, Listing,
    Market, Request, Script, Sent, Speaks,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Client, at, coins, millis, request, secs, shares};

/// Bars by the millisecond at which they open.
type Bars = BTreeMap<i64, Ohlcv>;

fn listings(seed: u64, names: [&str; 3]) -> Vec<Listing> {
    let drawn = |(n, name): (u64, &&str)| {
        let listing = Listing::drawn(seed * 3 + n, name.parse().unwrap());
        // Every law has to do with late trades too.
        Listing { late_pct: if n == 0 { 40 } else { listing.late_pct }, ..listing }
    };
    (0..).zip(&names).map(drawn).collect()
}

fn truth(market: &Market, symbol: usize, since: Timestamp, until: Timestamp) -> Bars {
    let bars = market.bars(symbol, BarInterval::from_mins(1).unwrap(), since..until);
    bars.iter().map(|bar: &Bar| (bar.opens_at.as_nanos() / 1_000_000, bar.ohlcv)).collect()
}

/// A number, or a text that is one.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn ohlcv(value: &Value, [open, high, low, close, volume]: [&str; 5]) -> Ohlcv {
    let of = |field: &str| number(&value[field]);
    Ohlcv { open: of(open), high: of(high), low: of(low), close: of(close), volume: of(volume) }
}

fn row(row: &Value, volume: usize) -> Ohlcv {
    let of = |place: usize| number(&row[place]);
    Ohlcv { open: of(1), high: of(2), low: of(3), close: of(4), volume: of(volume) }
}

fn stamp(value: &Value) -> i64 {
    at(value.as_str().unwrap()).as_nanos() / 1_000_000
}

#[test]
fn what_binance_says_on_the_stream_and_in_history_is_the_truth() {
    for seed in 0..12 {
        let names = ["BTCUSDT", "ETHUSDT", "XRPUSDT"];
        let switches = BinanceSwitches::drawn(seed);
        let market = coins(seed, listings(seed, names));
        let (begin, end) = (at("2025-07-02T11:59:30Z"), at("2025-07-02T13:00:00.5Z"));
        let exchange =
            Exchange::new(market.clone(), Speaks::Binance(switches.clone()), Script::none());
        let mut client = Client::new(exchange, begin);
        let line = client.connect("/stream");
        client.say(line, r#"{"method":"SUBSCRIBE","params":["btcusdt@kline_1m","ethusdt@kline_1m","xrpusdt@kline_1m"],"id":1}"#);
        client.listen(end);
        let messages = client.timed_messages();
        for (symbol, name) in names.iter().enumerate() {
            let truth =
                truth(&market, symbol, at("2025-07-02T11:59:00Z"), at("2025-07-02T13:00:00Z"));
            let mut closed = Bars::new();
            for (said_at, message) in &messages {
                let kline = &message["data"]["k"];
                if kline["s"] != *name {
                    continue;
                }
                let end_ms = kline["T"].as_i64().unwrap() + 1;
                let is_over = said_at.as_nanos() / 1_000_000 > end_ms;
                assert_eq!(kline["x"] == true, is_over, "seed {seed}: {message}");
                if kline["x"] == true {
                    assert!(*said_at <= Timestamp::from_nanos(end_ms * 1_000_000) + millis(50));
                    let bar = ohlcv(kline, ["o", "h", "l", "c", "v"]);
                    let twice = closed.insert(kline["t"].as_i64().unwrap(), bar);
                    assert_eq!(twice, None, "seed {seed}: {message}");
                }
            }
            let n_expected = if switches.has_empty_bars { 61 } else { truth.len() };
            assert_eq!(closed.len(), n_expected, "seed {seed}");
            closed.retain(|_, bar| bar.volume > 0.0);
            assert_eq!(closed, truth, "seed {seed}: {name}");

            let target = format!(
                "/api/v3/klines?symbol={name}&interval=1m&startTime={}&limit=61",
                begin.as_secs() / 60 * 60_000
            );
            client.now = client.now.max(end + secs(60));
            let rows = client.ask(&target);
            let rows = rows.as_array().unwrap();
            assert_eq!(rows.len(), 61, "seed {seed}");
            let mut history: Bars =
                rows.iter().map(|r| (r[0].as_i64().unwrap(), row(r, 5))).collect();
            history.retain(|_, bar| bar.volume > 0.0);
            assert_eq!(history, truth, "seed {seed}: {name}");
        }
    }
}

#[test]
fn what_kraken_says_on_the_stream_and_in_history_is_the_truth() {
    for seed in 0..12 {
        let names = ["BTC/USD", "ETH/USD", "SOL/USD"];
        let switches = KrakenSwitches::drawn(seed);
        let market = coins(seed, listings(seed, names));
        let begin = at("2025-07-02T12:00:00Z");
        let exchange =
            Exchange::new(market.clone(), Speaks::Kraken(switches.clone()), Script::none());
        let mut client = Client::new(exchange, begin);
        let line = client.connect("/v2");
        client.say(line, r#"{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD","ETH/USD","SOL/USD"],"interval":1}}"#);
        client.listen(at("2025-07-02T13:00:30Z"));
        let messages = client.messages();
        for (symbol, (name, key)) in
            names.iter().zip(["XXBTZUSD", "XETHZUSD", "SOLUSD"]).enumerate()
        {
            let truth = truth(&market, symbol, begin, at("2025-07-02T13:00:00Z"));
            let mut latest = Bars::new();
            for message in messages.iter().filter(|m| m["type"] == "update") {
                let candle = &message["data"][0];
                if candle["symbol"] == *name {
                    let bar = ohlcv(candle, ["open", "high", "low", "close", "volume"]);
                    latest.insert(stamp(&candle["interval_begin"]), bar);
                }
            }
            latest.retain(|open_ms, _| truth.contains_key(open_ms));
            if switches.sends_late {
                assert_eq!(latest, truth, "seed {seed}: {name}");
            }
            let pair = name.replace('/', "").replace("BTC", "XBT");
            let answer = client.ask(&format!(
                "/0/public/OHLC?pair={pair}&interval=1&since={}",
                begin.as_secs() - 60
            ));
            let rows = answer["result"][key].as_array().unwrap();
            assert_eq!(rows.len(), 61, "seed {seed}: each minute has a row, the running one too");
            let closed = rows.iter().take(60).filter(|row| row[7] != 0);
            let history: Bars =
                closed.map(|r| (r[0].as_i64().unwrap() * 1_000, row(r, 6))).collect();
            assert_eq!(history, truth, "seed {seed}: {name}");
            let says_less =
                latest.iter().all(|(open_ms, bar)| bar.volume <= history[open_ms].volume);
            assert!(says_less && latest.len() == truth.len(), "seed {seed}: {name}");
        }
    }
}

#[test]
fn what_alpaca_says_on_the_stream_and_in_history_is_the_truth() {
    for seed in 0..12 {
        let names = ["AAPL", "MSFT", "SPY"];
        let market = shares(seed, listings(seed, names));
        let (open, close) = (at("2025-07-02T13:30:00Z"), at("2025-07-02T20:00:00Z"));
        let exchange = Exchange::new(market.clone(), Speaks::alpaca(seed), Script::none());
        let mut client = Client::new(exchange, at("2025-07-02T13:00:00Z"));
        let line = client.connect("/v2/iex");
        client.say(line, r#"{"action":"auth","key":"key","secret":"secret"}"#);
        client.say(
            line,
            r#"{"action":"subscribe","bars":["*"],"updatedBars":["AAPL","MSFT","SPY"]}"#,
        );
        client.listen(close + secs(60));
        let mut said: BTreeMap<String, Bars> = BTreeMap::new();
        for message in client.messages() {
            for point in message.as_array().unwrap() {
                if point["T"] == "b" || point["T"] == "u" {
                    let name = point["S"].as_str().unwrap().to_owned();
                    let bar = ohlcv(point, ["o", "h", "l", "c", "v"]);
                    let before = said.entry(name).or_default().insert(stamp(&point["t"]), bar);
                    assert_eq!(before.is_some(), point["T"] == "u", "seed {seed}: {point}");
                }
            }
        }
        let mut history: BTreeMap<String, Bars> = BTreeMap::new();
        let mut token = String::new();
        loop {
            let page = client.ask(&format!("/v2/stocks/bars?symbols=SPY,AAPL,MSFT,NIX&timeframe=1Min&feed=iex&start=2025-07-02T13:30:00Z&end=2025-07-02T20:00:00Z&limit=97&page_token={token}"));
            for (name, rows) in page["bars"].as_object().unwrap() {
                for row in rows.as_array().unwrap() {
                    let bar = ohlcv(row, ["o", "h", "l", "c", "v"]);
                    let twice =
                        history.entry(name.clone()).or_default().insert(stamp(&row["t"]), bar);
                    assert_eq!(twice, None, "seed {seed}: {name} {row}");
                }
            }
            let Some(next) = page["next_page_token"].as_str() else { break };
            token = next.to_owned();
        }
        for (symbol, name) in names.iter().enumerate() {
            let truth = truth(&market, symbol, open, close);
            assert_eq!(said.remove(*name).unwrap_or_default(), truth, "seed {seed}: {name}");
            assert_eq!(history.remove(*name).unwrap_or_default(), truth, "seed {seed}: {name}");
        }
        assert_eq!((said.len(), history.len()), (0, 0));
    }
}

/// An exchange of a seed with three symbols, of which the first trades in every minute.
fn exchange_of(vendor: &str, seed: u64, script: &str) -> Exchange {
    let speaks = match vendor {
        "binance" => Speaks::binance(seed),
        "kraken" => Speaks::kraken(seed),
        _ => Speaks::alpaca(seed),
    };
    let mut listings = listings(seed, ["BTCUSDT", "ETHUSDT", "XRPUSDT"]);
    listings[0].silent_pct = 0;
    if vendor == "alpaca" {
        listings = listings.into_iter().map(Listing::of_shares).collect();
    }
    Exchange::new(coins(seed, listings), speaks, Script::read(script).unwrap())
}

/// Connects and subscribes to the first symbol.
fn joined(exchange: &mut Exchange, vendor: &str, now: Timestamp) {
    let (path, orders): (_, &[&str]) = match vendor {
        "binance" => {
            ("/stream", &[r#"{"method":"SUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}"#])
        }
        "kraken" => (
            "/v2",
            &[
                r#"{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTCUSDT"],"interval":1}}"#,
            ],
        ),
        _ => (
            "/v2/iex",
            &[
                r#"{"action":"auth","key":"key","secret":"secret"}"#,
                r#"{"action":"subscribe","bars":["*"],"updatedBars":["*"]}"#,
            ],
        ),
    };
    let line = exchange.connect(now, path).unwrap();
    for order in orders {
        exchange.hear(now, line, &Heard::Text((*order).to_owned()));
    }
}

/// Everything that an exchange of this seed says in ten minutes to a client that looks every so often.
fn heard(vendor: &str, seed: u64, step: Nanos) -> Vec<Sent> {
    let script = r#"[{"line": 1, "at_frame": 9, "do": "revise"}, {"line": 1, "at_frame": 12, "do": "reorder"},
        {"line": 1, "at_frame": 14, "do": "delay", "delay_ms": 700}, {"line": 1, "at_frame": 30, "do": "clock", "by_s": 1.5}]"#;
    let mut exchange = exchange_of(vendor, seed, script);
    let begin = at("2025-07-02T12:00:03Z");
    joined(&mut exchange, vendor, begin);
    let mut sent = Vec::new();
    let mut now = begin;
    while now < begin + secs(600) {
        now += step;
        sent.extend(exchange.advance(now));
    }
    sent
}

#[test]
fn the_same_seed_script_and_inputs_are_the_same_text_however_often_it_is_looked_at() {
    for vendor in ["binance", "kraken", "alpaca"] {
        for seed in 0..8 {
            let once = heard(vendor, seed, secs(1));
            assert!(once.len() > 2, "{vendor}");
            assert_eq!(once, heard(vendor, seed, secs(1)), "{vendor}, seed {seed}");
            // What a clock that jumps makes overdue leaves at the jump, whoever looks when.
            assert_eq!(once, heard(vendor, seed, secs(60)), "{vendor}, seed {seed}");
            assert_ne!(once, heard(vendor, seed + 1, secs(1)), "{vendor}, seed {seed}");
        }
    }
}

#[test]
fn a_longer_bar_is_made_of_the_shorter_ones_on_every_calendar() {
    for seed in 0..8 {
        let names = ["AAPL", "MSFT", "SPY"];
        for market in [coins(seed, listings(seed, names)), shares(seed, listings(seed, names))] {
            let span = market.span().clone();
            let bars = |interval: &str| market.bars(0, interval.parse().unwrap(), span.clone());
            let volume = |bars: &[Bar]| bars.iter().map(|bar| bar.ohlcv.volume).sum::<f64>();
            let (short, long) = (bars("1m"), bars("1d"));
            for interval in ["1s", "5m", "1h", "1d", "1w"] {
                let all =
                    market.bars(0, interval.parse().unwrap(), at("2025-06-30T00:00:00Z")..span.end);
                let off = (volume(&all) - volume(&short)).abs();
                assert!(off <= 1e-6 * volume(&short).max(1.0), "seed {seed}: {interval}");
            }
            if let (Some(first), Some(day)) = (short.first(), long.first()) {
                assert_eq!(first.ohlcv.open, day.ohlcv.open, "seed {seed}");
            }
        }
    }
}

/// Every fault that a frame can have.
const FAULTS: [&str; 17] = [
    r#""do": "cut""#,
    r#""do": "cut", "for_s": 20"#,
    r#""do": "reset", "for_s": 20"#,
    r#""do": "hang""#,
    r#""do": "half_frame""#,
    r#""do": "garbage""#,
    r#""do": "oversize", "bytes": 1000"#,
    r#""do": "duplicate""#,
    r#""do": "delay", "delay_ms": 4000"#,
    r#""do": "swallow", "symbol": "BTCUSDT""#,
    r#""do": "mute""#,
    r#""do": "reorder""#,
    r#""do": "revise""#,
    r#""do": "replay_old""#,
    r#""do": "clock", "by_s": -2.5"#,
    r#""do": "ping_stop""#,
    r#""do": "shutdown_notice""#,
];

#[test]
fn whatever_goes_wrong_at_whichever_frame_history_is_the_truth_in_the_end() {
    let begin = at("2025-07-02T12:00:03Z");
    for vendor in ["binance", "kraken", "alpaca"] {
        for (fault, frame) in FAULTS.iter().flat_map(|fault| (1..=16).map(move |n| (fault, n))) {
            let script = format!(r#"[{{"line": 1, "at_frame": {frame}, {fault}}}]"#);
            let mut exchange = exchange_of(vendor, 5, &script);
            joined(&mut exchange, vendor, begin);
            for second in 1..=180 {
                exchange.advance(begin + secs(second));
            }
            let (since, until) = (at("2025-07-02T12:00:00Z"), at("2025-07-02T12:03:00Z"));
            let target = match vendor {
                "binance" => format!("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={}&limit=3", since.as_secs() * 1_000),
                "kraken" => format!("/0/public/OHLC?pair=BTCUSDT&since={}", since.as_secs() - 60),
                _ => "/v2/stocks/bars?symbols=BTCUSDT&timeframe=1Min&feed=iex&start=2025-07-02T12:00:00Z&end=2025-07-02T12:02:00Z".to_owned(),
            };
            // Twenty seconds after the last frame that can have been cut.
            let answer = exchange.ask(begin + secs(408), &request(&target));
            let Answer::Reply(reply) = answer else { panic!("{vendor}, {script}: {answer:?}") };
            let body: Value = serde_json::from_str(&reply.body).unwrap();
            let rows = match vendor {
                "binance" => &body,
                "kraken" => &body["result"]["BTCUSDT"],
                _ => &body["bars"]["BTCUSDT"],
            };
            let (unit_ms, volume) = if vendor == "kraken" { (1_000, 6) } else { (1, 5) };
            let bars = rows.as_array().unwrap().iter().map(|bar| {
                if bar.is_object() {
                    (stamp(&bar["t"]), ohlcv(bar, ["o", "h", "l", "c", "v"]))
                } else {
                    (bar[0].as_i64().unwrap() * unit_ms, row(bar, volume))
                }
            });
            let until_ms = until.as_nanos() / 1_000_000;
            let history: Bars = bars.filter(|(open_ms, _)| *open_ms < until_ms).collect();
            assert_eq!(history, truth(exchange.market(), 0, since, until), "{vendor}, {script}");
        }
    }
}

#[test]
fn on_every_calendar_the_market_trades_in_each_minute_of_its_sessions_and_in_no_other() {
    let time = TimeManager::new();
    // The clocks of New York change on the Sunday between.
    let (first, last) = ("2025-10-31".parse().unwrap(), "2025-11-04".parse().unwrap());
    for group in ExchangeGroup::ALL {
        let calendar = time.calendar(group.name).unwrap();
        let sessions = calendar.sessions(first..=last).unwrap();
        let (Some(begin), Some(end)) = (sessions.first(), sessions.last()) else {
            panic!("{} has sessions", group.name);
        };
        let listing = Listing { silent_pct: 0, ..Listing::drawn(1, "X".parse().unwrap()) };
        let hours = Hours::Regular(calendar.clone());
        let market = Market::new(1, hours, begin.open..end.close, vec![listing]);
        let minute = BarInterval::from_mins(1).unwrap();
        let bars = market.bars(0, minute, market.span().clone());
        let opens: Vec<Timestamp> = bars.iter().map(|bar| bar.opens_at).collect();
        let parts = sessions.iter().flat_map(|session| session.parts());
        let expected: Vec<Timestamp> = parts
            .flat_map(|part| Grid::of(minute, &[part]).slots().map(|s| s.since).collect::<Vec<_>>())
            .collect();
        assert_eq!(opens, expected, "{}", group.name);
    }
}

#[test]
fn extended_hours_begin_before_the_open_and_end_after_the_close() {
    let calendar = TimeManager::new().calendar("US_EQUITY").unwrap();
    let listing = Listing { silent_pct: 0, ..Listing::drawn(1, "AAPL".parse().unwrap()) };
    let span = at("2025-07-02T00:00:00Z")..at("2025-07-03T00:00:00Z");
    let market = Market::new(1, Hours::Extended(calendar), span.clone(), vec![listing]);
    let bars = market.bars(0, BarInterval::from_mins(1).unwrap(), span);
    // 04:00 to 20:00 in New York.
    assert_eq!(bars.len(), 16 * 60);
    assert_eq!(bars[0].opens_at, at("2025-07-02T08:00:00Z"));
    let day =
        market.bars(0, BarInterval::DAY, at("2025-07-01T00:00:00Z")..at("2025-07-04T00:00:00Z"));
    assert_eq!((day.len(), day[0].opens_at), (1, at("2025-07-02T04:00:00Z")));
}

proptest! {
    #[test]
    fn no_text_and_no_request_breaks_an_exchange(
        vendor in 0_usize..3,
        texts in proptest::collection::vec("\\PC{0,60}", 1..4),
        target in "/[a-zA-Z0-9/]{0,20}(\\?[a-zA-Z_]{0,12}=[\\PC]{0,20})?",
        number in any::<i64>(),
    ) {
        let speaks = [Speaks::binance(1), Speaks::kraken(1), Speaks::Alpaca(AlpacaSwitches::drawn(1))];
        let path = ["/stream", "/v2", "/v2/iex"][vendor];
        let market = coins(1, listings(1, ["BTCUSDT", "ETHUSDT", "XRPUSDT"]));
        let mut exchange = Exchange::new(market, speaks[vendor].clone(), Script::none());
        let noon = at("2025-07-02T12:00:00Z");
        let line = exchange.connect(noon, path).unwrap();
        for text in texts {
            exchange.hear(noon, line, &Heard::Text(text));
        }
        let targets = [
            target,
            format!("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={number}&endTime={number}"),
            format!("/0/public/OHLC?pair=BTCUSDT&interval={number}&since={number}"),
            format!("/v2/stocks/bars?symbols=BTCUSDT&timeframe=1Min&page_token=BTCUSDT~{number}"),
        ];
        for target in targets {
            let request = Request::get(target).with("User-Agent", "x").with("APCA-API-KEY-ID", "key")
                .with("APCA-API-SECRET-KEY", "secret");
            exchange.ask(noon, &request);
        }
        exchange.advance(noon + secs(61));
    }
}
