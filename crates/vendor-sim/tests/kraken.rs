//! Stories of Kraken: candles on trades alone, heartbeats, rows that were never streamed, its limits.

use openbell_time::Timestamp;
use openbell_vendor_sim::{
    Exchange, Halt, KrakenSwitches, Listing, Market, Refusal, Script, Speaks,
};
use serde_json::Value;

use crate::support::{Client, at, busy, coins, request, secs};

fn switches() -> KrakenSwitches {
    KrakenSwitches { n_snapshot: 1, beats_unasked: true, ..KrakenSwitches::drawn(3) }
}

fn client_of(market: Market, switches: KrakenSwitches) -> Client {
    let exchange = Exchange::new(market, Speaks::Kraken(switches), Script::none());
    Client::new(exchange, at("2025-07-02T12:00:00Z"))
}

fn subscribe(symbols: &[&str], interval: i64) -> String {
    let params = serde_json::json!({"channel": "ohlc", "symbol": symbols, "interval": interval});
    serde_json::json!({"method": "subscribe", "params": params}).to_string()
}

fn acks(client: &Client) -> Vec<bool> {
    let messages = client.messages();
    messages.iter().filter_map(|m| m["success"].as_bool()).collect()
}

fn kind(messages: &[Value], kind: &str) -> usize {
    messages.iter().filter(|m| m["channel"] == "ohlc" && m["type"] == kind).count()
}

/// From 12:01 to 12:03 nothing trades.
fn halted(symbol: usize) -> Halt {
    Halt { symbol, since: at("2025-07-02T12:01:00Z"), until: at("2025-07-02T12:03:00Z") }
}

#[test]
fn each_symbol_is_acknowledged_by_itself_and_one_may_fail() {
    let mut client = client_of(coins(3, vec![busy("BTC/USD"), busy("ETH/USD")]), switches());
    let line = client.connect("/v2");
    client.say(line, &subscribe(&["BTC/USD", "NIX/USD", "ETH/USD"], 1));
    assert_eq!(acks(&client), [true, false, true]);
    client.say(line, &subscribe(&["BTC/USD"], 7));
    assert_eq!(acks(&client).last(), Some(&false));
}

#[test]
fn a_symbol_has_a_second_interval_on_a_connection_by_the_switch() {
    for is_one_interval in [true, false] {
        let switches = KrakenSwitches { is_one_interval, ..switches() };
        let mut client = client_of(coins(3, vec![busy("BTC/USD")]), switches);
        let line = client.connect("/v2");
        client.say(line, &subscribe(&["BTC/USD"], 1));
        client.say(line, &subscribe(&["BTC/USD"], 5));
        assert_eq!(acks(&client), [true, !is_one_interval]);
    }
}

#[test]
fn a_snapshot_has_as_many_candles_as_the_switch_says() {
    for n_snapshot in [1, 12] {
        let switches = KrakenSwitches { n_snapshot, ..switches() };
        let mut client = client_of(coins(3, vec![busy("BTC/USD")]), switches);
        let line = client.connect("/v2");
        client.say(line, &subscribe(&["BTC/USD"], 1));
        let snapshot = client.messages().into_iter().find(|m| m["type"] == "snapshot").unwrap();
        assert_eq!(snapshot["data"].as_array().unwrap().len(), n_snapshot);
    }
}

#[test]
fn minutes_without_a_trade_are_silent_on_the_stream_and_flat_rows_in_history() {
    let market = coins(3, vec![busy("BTC/USD"), busy("ETH/USD")]);
    let mut client = client_of(market.with_halts(vec![halted(0)]), switches());
    let line = client.connect("/v2");
    client.say(line, &subscribe(&["BTC/USD"], 1));
    client.listen(at("2025-07-02T12:01:00Z"));
    let before = client.messages().len();
    client.listen(at("2025-07-02T12:02:59.9Z"));
    let silent = client.messages().split_off(before);
    assert_eq!(kind(&silent, "update"), 0);
    assert!(silent.iter().filter(|m| m["channel"] == "heartbeat").count() >= 118);
    client.listen(at("2025-07-02T12:04:30Z"));
    let since = at("2025-07-02T12:00:00Z").as_secs();
    let answer = client.ask(&format!("/0/public/OHLC?pair=XBTUSD&interval=1&since={since}"));
    let rows = answer["result"]["XXBTZUSD"].as_array().unwrap();
    // `since` is exclusive, and the last row is the running one, which is not `last`.
    let opens: Vec<i64> = rows.iter().map(|row| row[0].as_i64().unwrap() - since).collect();
    assert_eq!(opens, [60, 120, 180, 240]);
    assert_eq!(answer["result"]["last"], since + 180);
    let counts: Vec<bool> = rows.iter().map(|row| row[7] == 0).collect();
    assert_eq!(counts[..3], [true, true, false]);
    assert_eq!(rows[0][1], rows[0][4], "flat at the last price");
}

#[test]
fn heartbeats_come_when_idle_by_themselves_or_when_asked_for() {
    for beats_unasked in [true, false] {
        let mut market_listing = busy("BTC/USD");
        market_listing.silent_pct = 100;
        let switches = KrakenSwitches { beats_unasked, ..switches() };
        let mut client = client_of(coins(3, vec![market_listing]), switches);
        let line = client.connect("/v2");
        client.listen_for(secs(10));
        client.say(line, &subscribe(&["BTC/USD"], 1));
        client.listen_for(secs(10));
        let beats = |client: &Client| {
            client.messages().iter().filter(|m| m["channel"] == "heartbeat").count()
        };
        assert_eq!(beats(&client), if beats_unasked { 10 } else { 0 });
        client.say(line, r#"{"method":"subscribe","params":{"channel":"heartbeat"}}"#);
        let before = beats(&client);
        client.listen_for(secs(10));
        assert_eq!(beats(&client) - before, 10);
    }
}

#[test]
fn a_closed_candle_that_a_late_trade_changes_is_sent_again_by_the_switch() {
    let late = Listing { late_pct: 100, trades_a_minute: 12, ..busy("BTC/USD") };
    for sends_late in [true, false] {
        let mut client =
            client_of(coins(3, vec![late.clone()]), KrakenSwitches { sends_late, ..switches() });
        let line = client.connect("/v2");
        client.say(line, &subscribe(&["BTC/USD"], 1));
        client.listen_for(secs(600));
        let end = |message: &Value| at(message["data"][0]["timestamp"].as_str().unwrap());
        let is_late = |(said_at, message): &(Timestamp, Value)| {
            message["type"] == "update" && message["channel"] == "ohlc" && end(message) <= *said_at
        };
        let n_late = client.timed_messages().iter().filter(|said| is_late(said)).count();
        assert_eq!(n_late > 0, sends_late);
    }
}

#[test]
fn history_is_the_newest_720_rows_whatever_is_asked_for() {
    let mut client = client_of(coins(3, vec![busy("BTC/USD")]), switches());
    client.now = at("2025-07-03T12:00:30Z");
    let answer = client.ask("/0/public/OHLC?pair=XBT/USD&interval=1&since=1");
    let rows = answer["result"]["XXBTZUSD"].as_array().unwrap();
    assert_eq!(rows.len(), 720);
    assert_eq!(rows[719][0], at("2025-07-03T12:00:00Z").as_secs());
    client.now += secs(5);
    // The running row is there even where nothing is asked for.
    let answer = client.ask("/0/public/OHLC?pair=XBTUSD&interval=1&since=9999999999");
    assert_eq!(answer["result"]["XXBTZUSD"].as_array().unwrap().len(), 1);
}

#[test]
fn a_halt_of_everything_is_maintenance_and_a_halt_of_one_pair_is_its_status() {
    for (is_busy_in_maintenance, error) in
        [(true, "EService:Busy"), (false, "EService:Unavailable")]
    {
        let market = coins(3, vec![busy("BTC/USD"), busy("ETH/USD")]);
        let switches = KrakenSwitches { is_busy_in_maintenance, ..switches() };
        let one = market.clone().with_halts(vec![halted(0)]);
        let mut client = client_of(one, switches.clone());
        client.listen(at("2025-07-02T12:02:00Z"));
        let pairs = client.ask("/0/public/AssetPairs");
        assert_eq!(pairs["result"]["XXBTZUSD"]["status"], "cancel_only");
        assert_eq!(pairs["result"]["XETHZUSD"]["status"], "online");

        let mut client = client_of(market.with_halts(vec![halted(0), halted(1)]), switches);
        client.connect("/v2");
        client.listen(at("2025-07-02T12:02:00Z"));
        assert_eq!(client.ask("/0/public/SystemStatus")["result"]["status"], "maintenance");
        assert_eq!(client.ask("/0/public/OHLC?pair=XBTUSD&interval=1")["error"][0], error);
        client.listen(at("2025-07-02T12:05:00Z"));
        let messages = client.messages();
        let systems: Vec<&Value> = messages.iter().map(|m| &m["data"][0]["system"]).collect();
        assert_eq!(systems, ["online", "maintenance", "online"]);
    }
}

#[test]
fn one_call_for_all_tickers_says_which_pair_has_traded() {
    let market = coins(3, vec![busy("BTC/USD"), busy("ETH/USD")]).with_halts(vec![halted(1)]);
    let mut client = client_of(market, switches());
    client.now = at("2025-07-02T12:01:00Z");
    let before = client.ask("/0/public/Ticker");
    client.now = at("2025-07-02T12:02:00Z");
    let after = client.ask("/0/public/Ticker");
    let today = |answer: &Value, key: &str| answer["result"][key]["t"][0].as_u64().unwrap();
    assert!(today(&after, "XXBTZUSD") > today(&before, "XXBTZUSD"));
    assert_eq!(today(&after, "XETHZUSD"), today(&before, "XETHZUSD"));
}

#[test]
fn too_many_calls_are_errors_with_status_200_and_who_goes_on_is_shut_out_for_a_minute() {
    for (is_general_error, error) in
        [(true, "EGeneral:Too many requests"), (false, "EAPI:Rate limit exceeded")]
    {
        let switches = KrakenSwitches { is_general_error, ..switches() };
        let mut client = client_of(coins(3, vec![busy("BTC/USD")]), switches);
        let mut errors = Vec::new();
        for _ in 0..10 {
            errors.push(client.ask("/0/public/OHLC?pair=XBTUSD&interval=1")["error"].clone());
        }
        assert_eq!(errors[2], serde_json::json!([]));
        assert_eq!(errors[3], serde_json::json!([error]));
        let until = at("2025-07-02T12:01:00Z").as_secs();
        assert_eq!(errors[9], serde_json::json!([format!("EService:Throttled: {until}")]));
        assert_eq!((client.exchange.counts().over_limit, client.exchange.counts().bans), (7, 1));
        client.now += secs(61);
        assert_eq!(
            client.ask("/0/public/OHLC?pair=XBTUSD&interval=1")["error"],
            serde_json::json!([])
        );
    }
}

#[test]
fn a_call_a_second_is_within_the_limits_and_one_without_a_user_agent_is_refused() {
    let mut client = client_of(coins(3, vec![busy("BTC/USD")]), switches());
    for _ in 0..60 {
        client.ask("/0/public/OHLC?pair=XBTUSD&interval=1&since=9999999999");
        client.now += secs(1);
    }
    assert_eq!(client.exchange.counts().over_limit, 0);
    let nobody = openbell_vendor_sim::Request::get("/0/public/Time");
    assert_eq!(client.reply(&nobody).status, 403);
    assert_eq!(
        client.reply(&request("/0/public/Nix")).body,
        r#"{"error":["EGeneral:Unknown method"]}"#
    );
}

#[test]
fn the_hundred_and_fifty_first_connection_in_ten_minutes_is_refused_by_the_switch() {
    for limits_connects in [true, false] {
        let switches = KrakenSwitches { limits_connects, ..switches() };
        let mut client = client_of(coins(3, vec![busy("BTC/USD")]), switches);
        for _ in 0..150 {
            client.connect("/v2");
        }
        let refused = client.exchange.connect(client.now, "/v2");
        assert_eq!(matches!(refused, Err(Refusal::Status(_))), limits_connects);
    }
}

#[test]
fn what_traded_before_the_subscription_and_is_reported_after_it_is_sent() {
    let late = Listing { late_pct: 100, trades_a_minute: 12, ..busy("BTC/USD") };
    let switches = KrakenSwitches { sends_late: true, ..switches() };
    let mut client = client_of(coins(3, vec![late]), switches);
    client.now = at("2025-07-02T12:01:00.5Z");
    let line = client.connect("/v2");
    client.say(line, &subscribe(&["BTC/USD"], 1));
    client.listen_for(secs(12));
    let messages = client.messages();
    let updates = messages.iter().filter(|m| m["channel"] == "ohlc" && m["type"] == "update");
    let begins: Vec<&Value> = updates.map(|m| &m["data"][0]["interval_begin"]).collect();
    let of_the_minute_before = Value::from("2025-07-02T12:00:00.000000000Z");
    assert_eq!(begins.iter().filter(|begin| ***begin == of_the_minute_before).count(), 1);
}
