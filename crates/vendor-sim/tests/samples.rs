//! Every kind of answer has the shape of a sample that was written by hand from the vendor's pages.

use std::collections::BTreeMap;

use openbell_time::Timestamp;
use openbell_vendor_sim::{
    AlpacaSwitches, BinanceSwitches, Exchange, Halt, KrakenSwitches, Listing, Script, Speaks,
};
use serde_json::Value;

use crate::support::{Client, at, busy, coins, request, secs, shares};

/// What is compared of a message.
#[derive(PartialEq, Eq, Clone, Debug)]
enum Shape {
    Null,
    Bool,
    Whole,
    Fraction,
    Text,
    /// Elements of one shape, however many; `None` where there are none.
    Many(Option<Box<Shape>>),
    /// Elements of several shapes, in order.
    Row(Vec<Shape>),
    Fields(BTreeMap<String, Shape>),
}

fn shape(value: &Value) -> Shape {
    match value {
        Value::Null => Shape::Null,
        Value::Bool(_) => Shape::Bool,
        Value::Number(number) if number.is_f64() => Shape::Fraction,
        Value::Number(_) => Shape::Whole,
        Value::String(_) => Shape::Text,
        Value::Array(elements) => {
            let shapes: Vec<Shape> = elements.iter().map(shape).collect();
            match shapes.first() {
                None => Shape::Many(None),
                Some(first) if shapes.iter().all(|other| other == first) => {
                    Shape::Many(Some(Box::new(first.clone())))
                }
                Some(_) => Shape::Row(shapes),
            }
        }
        Value::Object(fields) => {
            Shape::Fields(fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect())
        }
    }
}

#[track_caller]
fn check(sample: &str, said: Option<&Value>) {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let said = said.unwrap_or_else(|| panic!("nothing like this was said: {sample}"));
    assert_eq!(shape(said), shape(&sample), "said: {said}\nsample: {sample}");
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../samples/", $name, ".json"))
    };
}

fn noon() -> Timestamp {
    at("2025-07-02T12:00:10Z")
}

#[test]
fn binance_says_what_its_pages_show() {
    let silent = Listing { silent_pct: 60, ..busy("BTCUSDT") };
    let speaks = BinanceSwitches { has_empty_bars: true, ..BinanceSwitches::drawn(1) };
    let script = r#"[{"line": 1, "at_frame": 4, "do": "shutdown_notice"}]"#;
    let script = Script::read(script).unwrap();
    let exchange = Exchange::new(coins(1, vec![silent]), Speaks::Binance(speaks.clone()), script);
    let mut client = Client::new(exchange, noon());
    let line = client.connect("/stream");
    client.say(line, r#"{"method":"SUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}"#);
    client.say(line, r#"{"method":"LIST_SUBSCRIPTIONS","id":3}"#);
    client.say(line, r#"{"id":4}"#);
    client.listen_for(secs(20));
    let line = client.connect("/stream?streams=btcusdt@kline_1m");
    client.listen_for(secs(1_200));
    assert_eq!(line.0, 2);
    let said = client.messages();
    check(sample!("binance/subscribe_ack"), said.first());
    check(sample!("binance/list_subscriptions"), said.get(1));
    check(sample!("binance/error"), said.get(2));
    let notice = said.iter().find(|message| message["stream"] == "!serverShutdown");
    check(sample!("binance/server_shutdown"), notice);
    let kline = |is_closed: bool, is_empty: bool| {
        let klines = said.iter().map(|message| (message, &message["data"]["k"]));
        let mut of_kind = klines.filter(|(_, k)| k["x"] == is_closed && (k["n"] == 0) == is_empty);
        of_kind.next().map(|(message, _)| message)
    };
    check(sample!("binance/kline_running"), kline(false, false));
    check(sample!("binance/kline_closed"), kline(true, false));
    check(sample!("binance/kline_empty"), kline(true, true));
    let empty = &kline(true, true).unwrap()["data"]["k"];
    assert_eq!(
        (&empty["f"], &empty["L"], &empty["v"]),
        (&(-1).into(), &(-1).into(), &"0.00000000".into())
    );

    let klines = client.ask("/api/v3/klines?symbol=BTCUSDT&interval=1m");
    check(sample!("binance/rest_klines"), Some(&klines));
    let statistics = client.ask("/api/v3/ticker/24hr?symbol=BTCUSDT");
    check(sample!("binance/rest_statistics"), Some(&statistics));
    check(sample!("binance/rest_time"), Some(&client.ask("/api/v3/time")));
    check(sample!("binance/rest_exchange_info"), Some(&client.ask("/api/v3/exchangeInfo")));
    let refused = client.reply(&request("/api/v3/klines?symbol=NIX&interval=1m"));
    assert_eq!(refused.status, 400);
    check(sample!("binance/rest_error"), serde_json::from_str(&refused.body).ok().as_ref());
    let mut banned = client.reply(&request("/api/v3/exchangeInfo"));
    while banned.status != 418 {
        banned = client.reply(&request("/api/v3/exchangeInfo"));
    }
    check(sample!("binance/rest_banned"), serde_json::from_str(&banned.body).ok().as_ref());
}

#[test]
fn kraken_says_what_its_pages_show() {
    let speaks = KrakenSwitches { beats_unasked: true, ..KrakenSwitches::drawn(1) };
    let market = coins(1, vec![Listing { silent_pct: 60, ..busy("BTC/USD") }]);
    let mut client =
        Client::new(Exchange::new(market, Speaks::Kraken(speaks), Script::none()), noon());
    let line = client.connect("/v2");
    let subscribe = r#"{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD","NIX/USD"],"interval":1,"snapshot":true},"req_id":7}"#;
    client.say(line, subscribe);
    client.say(line, r#"{"method":"ping","req_id":7}"#);
    client.listen_for(secs(600));
    client.say(line, &subscribe.replace("\"subscribe\"", "\"unsubscribe\""));
    let said = client.messages();
    let of =
        |field: &str, value: &str| said.iter().filter(|m| m[field] == value).collect::<Vec<_>>();
    check(sample!("kraken/status"), of("channel", "status").first().copied());
    check(sample!("kraken/subscribe_ack"), of("method", "subscribe").first().copied());
    check(sample!("kraken/subscribe_refused"), of("method", "subscribe").get(1).copied());
    check(sample!("kraken/unsubscribe_ack"), of("method", "unsubscribe").first().copied());
    check(sample!("kraken/pong"), of("method", "pong").first().copied());
    check(sample!("kraken/heartbeat"), of("channel", "heartbeat").first().copied());
    check(sample!("kraken/snapshot"), of("type", "snapshot").first().copied());
    let update = said.iter().find(|m| m["channel"] == "ohlc" && m["type"] == "update");
    check(sample!("kraken/update"), update);

    let mut rows = client.ask("/0/public/OHLC?pair=XBTUSD&interval=1");
    // One row with a trade and one without, as in the sample.
    let all = rows["result"]["XXBTZUSD"].as_array().unwrap().clone();
    let with_trade = all.iter().find(|row| row[7] != 0).unwrap().clone();
    let without = all.iter().find(|row| row[7] == 0).unwrap().clone();
    assert_eq!((&without[5], &without[6]), (&"0.0".into(), &"0.00000000".into()));
    rows["result"]["XXBTZUSD"] = vec![with_trade, without].into();
    check(sample!("kraken/rest_ohlc"), Some(&rows));
    check(sample!("kraken/rest_ticker"), Some(&client.ask("/0/public/Ticker")));
    check(sample!("kraken/rest_asset_pairs"), Some(&client.ask("/0/public/AssetPairs")));
    let time = client.ask("/0/public/Time");
    check(sample!("kraken/rest_time"), Some(&time));
    assert_eq!(time["result"]["rfc1123"], "Wed,  2 Jul 25 12:10:10 +0000");
    check(sample!("kraken/rest_system_status"), Some(&client.ask("/0/public/SystemStatus")));
    check(sample!("kraken/rest_error"), Some(&client.ask("/0/public/OHLC?pair=NIXUSD")));
}

#[test]
fn alpaca_says_what_its_pages_show() {
    let listings = vec![Listing { late_pct: 50, ..busy("AAPL") }];
    let halt =
        Halt { symbol: 0, since: at("2025-07-02T14:00:00Z"), until: at("2025-07-02T14:05:00Z") };
    let market = shares(1, listings).with_halts(vec![halt]);
    let speaks = AlpacaSwitches { rest_lag_s: 0, ..AlpacaSwitches::drawn(1) };
    let mut client = Client::new(
        Exchange::new(market, Speaks::Alpaca(speaks), Script::none()),
        at("2025-07-02T13:30:05Z"),
    );
    let line = client.connect("/v2/iex");
    client.say(line, r#"{"action":"auth","key":"key","secret":"secret"}"#);
    client.say(
        line,
        r#"{"action":"subscribe","bars":["AAPL"],"updatedBars":["AAPL"],"statuses":["AAPL"]}"#,
    );
    let second = client.connect("/v2/iex");
    client.say(second, r#"{"action":"auth","key":"key","secret":"secret"}"#);
    client.listen(at("2025-07-02T14:10:00Z"));
    let said = client.messages();
    let of = |kind: &str| said.iter().filter(|m| m[0]["T"] == kind).collect::<Vec<_>>();
    check(sample!("alpaca/connected"), of("success").first().copied());
    check(sample!("alpaca/authenticated"), of("success").get(1).copied());
    check(sample!("alpaca/subscription"), of("subscription").first().copied());
    check(sample!("alpaca/error"), of("error").first().copied());
    assert_eq!(of("error")[0][0]["msg"], "connection limit exceeded");
    check(sample!("alpaca/bar"), of("b").first().copied());
    check(sample!("alpaca/updated_bar"), of("u").first().copied());
    check(sample!("alpaca/status"), of("s").first().copied());

    let bars = "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&feed=iex&start=2025-07-02T13:30:00Z";
    check(sample!("alpaca/rest_bars"), Some(&client.ask(&format!("{bars}&limit=5"))));
    check(sample!("alpaca/rest_bars_last"), Some(&client.ask(bars)));
    let latest = client.ask("/v2/stocks/bars/latest?symbols=AAPL&feed=iex");
    check(sample!("alpaca/rest_latest"), Some(&latest));
    let refused = client.reply(&openbell_vendor_sim::Request::get(bars));
    assert_eq!(refused.status, 403);
    check(sample!("alpaca/rest_error"), serde_json::from_str(&refused.body).ok().as_ref());
}
