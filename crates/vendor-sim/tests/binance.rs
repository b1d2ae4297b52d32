//! Stories of Binance: what it acknowledges, how it ends connections, whom it bans.

use openbell_time::Timestamp;
use openbell_vendor_sim::{
    BinanceSwitches, Exchange, Halt, Heard, Listing, Market, Refusal, Said, Script, Speaks,
};

use crate::support::{Client, at, busy, coins, header, millis, request, secs};

fn switches() -> BinanceSwitches {
    BinanceSwitches { has_empty_bars: true, is_end_inclusive: true, ..BinanceSwitches::drawn(3) }
}

fn client_of(market: Market, switches: BinanceSwitches) -> Client {
    let exchange = Exchange::new(market, Speaks::Binance(switches), Script::none());
    Client::new(exchange, at("2025-07-02T12:00:00Z"))
}

fn client() -> Client {
    client_of(coins(3, vec![busy("BTCUSDT")]), switches())
}

fn subscribe(names: &[&str]) -> String {
    serde_json::json!({"method": "SUBSCRIBE", "params": names, "id": 1}).to_string()
}

#[test]
fn an_unknown_stream_and_an_upper_case_one_are_acknowledged_and_silent() {
    let mut client = client();
    let line = client.connect("/stream");
    client.say(line, &subscribe(&["nixusdt@kline_1m", "BTCUSDT@kline_1m", "btcusdt@kline_7m"]));
    client.listen_for(secs(300));
    assert_eq!(client.messages(), [serde_json::json!({"result": null, "id": 1})]);
}

#[test]
fn what_is_unsubscribed_is_silent_and_speaks_again_when_subscribed_again() {
    let mut client = client();
    let line = client.connect("/stream");
    client.say(line, &subscribe(&["btcusdt@kline_1s"]));
    client.listen_for(secs(10));
    client.say(line, r#"{"method":"UNSUBSCRIBE","params":["btcusdt@kline_1s"],"id":2}"#);
    let n_before = client.messages().len();
    client.listen_for(secs(10));
    assert_eq!(client.messages().len(), n_before);
    client.say(line, &subscribe(&["btcusdt@kline_1s"]));
    client.listen_for(secs(10) + millis(100));
    let since = client.messages().split_off(n_before);
    assert_eq!(since.iter().filter(|m| m["data"]["k"]["x"] == true).count(), 10);
}

#[test]
fn a_second_without_a_trade_has_a_closed_bar_and_a_minute_by_the_switch() {
    let halt =
        Halt { symbol: 0, since: at("2025-07-02T12:01:00Z"), until: at("2025-07-02T12:03:00Z") };
    for (has_empty_bars, n_minutes) in [(true, 4), (false, 2)] {
        let market = coins(3, vec![busy("BTCUSDT")]).with_halts(vec![halt.clone()]);
        let mut client = client_of(market, BinanceSwitches { has_empty_bars, ..switches() });
        let line = client.connect("/stream");
        client.say(line, &subscribe(&["btcusdt@kline_1m", "btcusdt@kline_1s"]));
        client.listen(at("2025-07-02T12:04:00.5Z"));
        let said = client.messages();
        let closed = |interval: &str| {
            let klines = said.iter().map(|m| &m["data"]["k"]);
            klines.filter(|k| k["i"] == interval && k["x"] == true).count()
        };
        assert_eq!((closed("1s"), closed("1m")), (240, n_minutes));
        client.now = at("2025-07-02T12:02:00Z").max(client.now);
        assert_eq!(client.ask("/api/v3/exchangeInfo")["symbols"][0]["status"], "TRADING");
    }
}

#[test]
fn a_halted_symbol_has_another_status() {
    let halt =
        Halt { symbol: 0, since: at("2025-07-02T12:00:00Z"), until: at("2025-07-02T12:03:00Z") };
    let mut client = client_of(coins(3, vec![busy("BTCUSDT")]).with_halts(vec![halt]), switches());
    assert_eq!(client.ask("/api/v3/exchangeInfo")["symbols"][0]["status"], "BREAK");
}

#[test]
fn a_ping_that_is_not_answered_with_its_payload_ends_the_connection_after_a_minute() {
    let mut client = client();
    client.answers_pings = false;
    let line = client.connect("/stream");
    for _ in 0..3 {
        client.listen_for(secs(20));
        client.exchange.hear(client.now, line, &Heard::Pong(Vec::new()));
    }
    client.listen(at("2025-07-02T12:01:19.9Z"));
    assert_eq!(client.ends(), []);
    client.listen_for(secs(1));
    assert_eq!(client.ends(), [Said::Close(1008, "Pong timeout".to_owned())]);
}

#[test]
fn a_connection_whose_pings_are_answered_lives_for_a_day() {
    let mut client = client();
    client.connect("/stream");
    client.listen_for(secs(86_400));
    assert_eq!(client.ends(), [Said::Cut]);
    assert_eq!(client.sent.last().unwrap().at, at("2025-07-03T12:00:00Z"));
    assert_eq!(client.exchange.counts().over_limit, 0);
}

#[test]
fn the_sixth_message_in_a_second_ends_the_connection_and_who_repeats_it_is_banned() {
    let mut client = client();
    for n_ends in 1..=4 {
        let line = client.connect("/stream");
        for _ in 0..5 {
            client.say(line, r#"{"method":"LIST_SUBSCRIPTIONS","id":3}"#);
        }
        assert_eq!(client.ends().len(), n_ends - 1);
        client.exchange.hear(client.now, line, &Heard::Pong(Vec::new()));
        client.listen_for(secs(1));
        assert_eq!(client.ends().len(), n_ends);
    }
    let Err(Refusal::Status(reply)) = client.exchange.connect(client.now, "/stream") else {
        panic!("a banned client is refused");
    };
    assert_eq!((reply.status, client.exchange.counts().over_limit), (418, 5));
    assert_eq!(client.exchange.counts().bans, 2);
}

#[test]
fn the_thousand_and_twenty_fifth_stream_ends_the_connection() {
    let mut client = client();
    let line = client.connect("/stream");
    let names: Vec<String> = (0..1_024).map(|n| format!("x{n}usdt@kline_1m")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    client.say(line, &subscribe(&names));
    assert_eq!(client.ends(), []);
    client.say(line, &subscribe(&["btcusdt@kline_1m"]));
    assert_eq!(client.ends(), [Said::Close(1008, "Too many streams".to_owned())]);
}

#[test]
fn the_three_hundred_and_first_connection_in_five_minutes_is_refused() {
    let mut client = client();
    for _ in 0..300 {
        client.connect("/stream");
    }
    let refused = client.exchange.connect(client.now, "/stream");
    assert!(matches!(refused, Err(Refusal::Status(reply)) if reply.status == 429));
    assert!(client.exchange.connect(client.now + secs(300), "/stream").is_ok());
}

#[test]
fn who_asks_too_much_is_told_to_wait_and_who_does_not_is_banned_longer_each_time() {
    let mut client = client();
    client.now = at("2025-07-02T12:00:30Z");
    let info = request("/api/v3/exchangeInfo");
    for n in 1..=300 {
        let reply = client.reply(&info);
        assert_eq!(reply.status, 200);
        assert_eq!(header(&reply, "X-MBX-USED-WEIGHT-1M"), Some((20 * n).to_string().as_str()));
    }
    let asked = |client: &mut Client| {
        let reply = client.reply(&info);
        let seconds: i64 = header(&reply, "Retry-After").unwrap().parse().unwrap();
        (reply.status, seconds)
    };
    assert_eq!(asked(&mut client), (429, 31));
    assert_eq!(asked(&mut client), (418, 121));
    assert_eq!(asked(&mut client), (418, 241));
    assert_eq!((client.exchange.counts().over_limit, client.exchange.counts().bans), (3, 2));
    client.now += secs(241);
    assert_eq!(client.reply(&info).status, 200);
}

#[test]
fn who_waits_as_told_is_not_banned() {
    let mut client = client();
    while client.reply(&request("/api/v3/exchangeInfo")).status == 200 {}
    client.now += secs(61);
    assert_eq!(client.reply(&request("/api/v3/exchangeInfo")).status, 200);
    assert_eq!(client.exchange.counts().bans, 0);
}

/// The instants at which the rows of an answer open.
fn opens(client: &mut Client, query: &str) -> Vec<String> {
    let rows = client.ask(&format!("/api/v3/klines?symbol=BTCUSDT&interval=1m{query}"));
    let open = |row: &serde_json::Value| {
        let open = Timestamp::from_nanos(row[0].as_i64().unwrap() * 1_000_000);
        open.to_string()[11..16].to_owned()
    };
    rows.as_array().unwrap().iter().map(open).collect()
}

#[test]
fn history_ends_with_the_running_row_and_is_the_newest_or_from_its_start() {
    let mut client = client();
    client.now = at("2025-07-02T12:00:30Z");
    assert_eq!(opens(&mut client, "&limit=3"), ["11:58", "11:59", "12:00"]);
    assert_eq!(opens(&mut client, "").len(), 500);
    assert_eq!(opens(&mut client, "&limit=5000").len(), 721, "there is no more");
    client.now += secs(86_400);
    assert_eq!(opens(&mut client, "&limit=5000").len(), 1_000);
    let since = at("2025-07-02T11:00:00Z").as_nanos() / 1_000_000;
    assert_eq!(opens(&mut client, &format!("&startTime={since}&limit=2")), ["11:00", "11:01"]);
    assert_eq!(opens(&mut client, &format!("&startTime={}&limit=1", since + 1)), ["11:01"]);
}

#[test]
fn the_row_that_opens_at_the_end_is_there_by_the_switch() {
    let end = at("2025-07-02T11:02:00Z").as_nanos() / 1_000_000;
    for (is_end_inclusive, last) in [(true, "11:02"), (false, "11:01")] {
        let market = coins(3, vec![busy("BTCUSDT")]);
        let mut client = client_of(market, BinanceSwitches { is_end_inclusive, ..switches() });
        assert_eq!(opens(&mut client, &format!("&endTime={end}&limit=1")), [last]);
    }
}

#[test]
fn a_closed_row_changes_for_some_seconds_by_the_switch() {
    let late = Listing { late_pct: 100, trades_a_minute: 12, ..busy("BTCUSDT") };
    for is_rest_settling in [true, false] {
        let market = coins(3, vec![late.clone()]);
        let mut client = client_of(market, BinanceSwitches { is_rest_settling, ..switches() });
        let target = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=30&endTime=1751457599999";
        client.now = at("2025-07-02T12:00:00Z") + millis(100);
        let early = client.ask(target);
        client.now += secs(20);
        assert_eq!(early != client.ask(target), is_rest_settling);
    }
}

#[test]
fn a_client_of_a_blocked_region_is_refused_with_either_status() {
    for (blocks_with_451, status) in [(true, 451), (false, 403)] {
        let blocked = BinanceSwitches { is_blocked: true, blocks_with_451, ..switches() };
        let mut client = client_of(coins(3, vec![busy("BTCUSDT")]), blocked);
        assert_eq!(client.reply(&request("/api/v3/time")).status, status);
        let refused = client.exchange.connect(client.now, "/stream");
        assert!(matches!(refused, Err(Refusal::Status(reply)) if reply.status == status));
    }
}

#[test]
fn a_request_that_says_too_little_is_refused_with_its_code() {
    let mut client = client();
    for (query, code) in [
        ("symbol=btcusdt&interval=1m", -1121),
        ("symbol=BTCUSDT&interval=7m", -1120),
        ("symbol=BTCUSDT", -1102),
        ("symbol=BTCUSDT&interval=1m&limit=x", -1100),
    ] {
        let reply = client.reply(&request(&format!("/api/v3/klines?{query}")));
        let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!((reply.status, &body["code"]), (400, &code.into()), "{query}");
    }
}
