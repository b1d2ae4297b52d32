//! What a script does to connections and requests, one fault at a time.

use std::collections::BTreeMap;

use openbell_vendor_sim::{
    Answer, BinanceSwitches, Ended, Exchange, Heard, LineId, Refusal, Said, Script, Sent, Speaks,
};
use serde_json::{Value, json};

use crate::support::{Client, at, busy, coins, request, secs, shares};

/// A client of Binance with a script, who listens for some seconds to one symbol in seconds.
fn listener(script: Value) -> (Client, LineId) {
    listener_of(2, script)
}

fn listener_of(seed: u64, script: Value) -> (Client, LineId) {
    let script = Script::read(&script.to_string()).unwrap();
    let market = coins(seed, vec![busy("BTCUSDT"), busy("ETHUSDT")]);
    let exchange = Exchange::new(market, Speaks::binance(seed), script);
    let mut client = Client::new(exchange, at("2025-07-02T12:00:00Z"));
    let line = subscribed(&mut client);
    (client, line)
}

fn subscribed(client: &mut Client) -> LineId {
    let line = client.connect("/stream");
    let order = r#"{"method":"SUBSCRIBE","params":["btcusdt@kline_1s","ethusdt@kline_1s"],"id":1}"#;
    client.say(line, order);
    line
}

/// What was sent to a sound listener in as many seconds.
fn sound(seconds: i64) -> Vec<Sent> {
    let (mut client, _) = listener(json!([]));
    client.listen_for(secs(seconds));
    client.sent
}

fn said(sent: &[Sent]) -> Vec<Said> {
    sent.iter().map(|sent| sent.said.clone()).collect()
}

#[test]
fn a_cut_a_reset_and_half_a_frame_end_the_connection_at_their_frame() {
    let sound = said(&sound(10));
    for (what, end) in [("cut", Said::Cut), ("reset", Said::Reset)] {
        let (mut client, _) = listener(json!([{"line": 1, "at_frame": 7, "do": what}]));
        client.listen_for(secs(10));
        let mut expected = sound[..7].to_vec();
        expected.push(end);
        assert_eq!(said(&client.sent), expected, "{what}");
    }
    let (mut client, _) = listener(json!([{"line": 1, "at_frame": 7, "do": "half_frame"}]));
    client.listen_for(secs(10));
    let (Some(Said::Half(half)), Said::Text(whole)) = (client.ends().pop(), &sound[6]) else {
        panic!("half a text is needed");
    };
    assert!(whole.starts_with(&half) && !half.is_empty() && half.len() < whole.len());
    assert_eq!(client.sent.len(), 7);
}

#[test]
fn during_an_outage_nothing_can_be_reached() {
    let script = json!([{"line": 1, "at_frame": 7, "do": "reset", "for_s": 60}]);
    let (mut client, line) = listener(script);
    client.listen_for(secs(10));
    let cut_at = client.sent.last().unwrap().at;
    client.exchange.leave(client.now, line, Ended::Lost);
    assert_eq!(client.exchange.connect(client.now, "/stream"), Err(Refusal::Unreachable));
    assert_eq!(client.exchange.ask(client.now, &request("/api/v3/time")), Answer::Unreachable);
    client.listen(cut_at + secs(60));
    subscribed(&mut client);
    assert_eq!(
        client.ask("/api/v3/time")["serverTime"],
        (cut_at + secs(60)).as_nanos() / 1_000_000
    );
}

#[test]
fn a_hung_connection_says_and_hears_nothing_and_does_not_end() {
    let (mut client, line) = listener(json!([{"line": 1, "at_frame": 7, "do": "hang"}]));
    client.listen_for(secs(10));
    let heard = client.exchange.counts().heard;
    client.exchange.hear(client.now, line, &Heard::Ping(Vec::new()));
    client.listen_for(secs(300));
    assert_eq!(said(&client.sent), said(&sound(10))[..7]);
    assert_eq!(client.exchange.counts().heard, heard);
}

#[test]
fn garbage_and_what_is_too_large_take_the_place_of_a_frame() {
    let sound = said(&sound(10));
    let script = json!([
        {"line": 1, "at_frame": 7, "do": "garbage"},
        {"line": 1, "at_frame": 8, "do": "oversize", "bytes": 1_000_000},
    ]);
    let (mut client, _) = listener(script);
    client.listen_for(secs(10));
    let said = said(&client.sent);
    assert!(matches!(&said[6], Said::Text(text) if serde_json::from_str::<Value>(text).is_err()));
    assert!(matches!(&said[7], Said::Text(text) if text.len() == 1_000_000));
    assert_eq!((&said[..6], &said[8..]), (&sound[..6], &sound[8..]));
}

#[test]
fn a_frame_comes_twice_or_after_the_next_one_or_again_much_later() {
    let sound = said(&sound(10));
    let at_seven = |what: &str| {
        let (mut client, _) = listener(json!([{"line": 1, "at_frame": 7, "do": what}]));
        client.listen_for(secs(10));
        said(&client.sent)
    };
    let mut twice = sound.clone();
    twice.insert(6, sound[6].clone());
    assert_eq!(at_seven("duplicate"), twice);
    let mut swapped = sound.clone();
    swapped.swap(6, 7);
    assert_eq!(at_seven("reorder"), swapped);
    let mut replayed = sound.clone();
    replayed.insert(7, sound[1].clone());
    assert_eq!(at_seven("replay_old"), replayed);
}

#[test]
fn a_delayed_frame_delays_those_behind_it_and_keeps_their_order() {
    let sound = sound(30);
    let script = json!([{"line": 1, "at_frame": 7, "do": "delay", "delay_ms": 5_000}]);
    let (mut client, _) = listener(script);
    client.listen_for(secs(30));
    assert_eq!(said(&client.sent), said(&sound));
    let held_until = sound[6].at + secs(5);
    for (delayed, sound) in client.sent.iter().zip(&sound).skip(6) {
        assert_eq!(delayed.at, sound.at.max(held_until));
    }
}

/// The klines of a symbol after an instant.
fn klines(client: &Client, symbol: &str, since: openbell_time::Timestamp) -> usize {
    let after = client.timed_messages().into_iter().filter(|(at, _)| *at > since);
    after.filter(|(_, message)| message["data"]["s"] == symbol).count()
}

#[test]
fn a_swallowed_topic_is_silent_until_it_is_subscribed_again_or_for_good_by_the_seed() {
    let script = json!([{"line": 1, "at_frame": 7, "do": "swallow", "symbol": "BTCUSDT"}]);
    let mut rescued = Vec::new();
    for seed in 0..16 {
        let (mut client, line) = listener_of(seed, script.clone());
        client.listen_for(secs(10));
        let silent_since = client.now;
        client.listen_for(secs(10));
        assert_eq!(klines(&client, "BTCUSDT", silent_since), 0);
        assert!(klines(&client, "ETHUSDT", silent_since) >= 19);
        client.say(line, r#"{"method":"UNSUBSCRIBE","params":["btcusdt@kline_1s"],"id":2}"#);
        client.say(line, r#"{"method":"SUBSCRIBE","params":["btcusdt@kline_1s"],"id":3}"#);
        let again_since = client.now;
        client.listen_for(secs(10));
        rescued.push(klines(&client, "BTCUSDT", again_since) > 0);
        // A new connection always helps.
        subscribed(&mut client);
        let new_since = client.now;
        client.listen_for(secs(10));
        assert!(klines(&client, "BTCUSDT", new_since) > 0);
    }
    assert!(rescued.contains(&true) && rescued.contains(&false));
}

#[test]
fn a_fault_may_strike_so_many_seconds_after_the_first_connection_whichever_line_is_there() {
    let script = json!([{"after_s": 5, "do": "cut"}, {"after_s": 12, "do": "cut"}]);
    let (mut client, _) = listener(script);
    let begun = client.now;
    client.listen_for(secs(8));
    assert_eq!(client.ends(), [Said::Cut]);
    let first = client.sent.last().unwrap().at;
    assert!((begun + secs(5)..begun + secs(7)).contains(&first), "{first}");
    subscribed(&mut client);
    client.listen_for(secs(10));
    assert_eq!(client.ends(), [Said::Cut, Said::Cut], "each strikes once");
    let second = client.sent.last().unwrap().at;
    assert!((begun + secs(12)..begun + secs(14)).contains(&second), "{second}");
}

#[test]
fn a_closed_bar_is_sent_again_with_its_late_trade_where_that_is_asked_for() {
    for sends_late in [true, false] {
        let switches =
            BinanceSwitches { sends_late, has_empty_bars: true, ..BinanceSwitches::drawn(2) };
        let script = Script::read(r#"[{"after_s": 5, "do": "revise"}]"#).unwrap();
        let market = coins(2, vec![busy("BTCUSDT"), busy("ETHUSDT")]);
        let exchange = Exchange::new(market, Speaks::Binance(switches), script);
        let mut client = Client::new(exchange, at("2025-07-02T12:00:00Z"));
        subscribed(&mut client);
        client.listen_for(secs(15));
        let mut closed: BTreeMap<(String, i64), Vec<Value>> = BTreeMap::new();
        for message in client.messages() {
            let kline = &message["data"]["k"];
            if kline["x"] == true {
                let symbol = kline["s"].as_str().unwrap().to_owned();
                let bars = closed.entry((symbol, kline["t"].as_i64().unwrap())).or_default();
                bars.push(kline["v"].clone());
            }
        }
        let again: Vec<_> = closed.values().filter(|bars| bars.len() > 1).collect();
        assert_eq!(again.len(), usize::from(sends_late), "{again:?}");
        assert!(again.iter().all(|bars| bars[0] != bars[1]), "with another volume: {again:?}");
    }
}

#[test]
fn a_mute_connection_shows_signs_of_life_and_one_without_them_shows_data() {
    let (mut client, _) = listener(json!([{"line": 1, "at_frame": 2, "do": "mute"}]));
    client.listen_for(secs(100));
    let pings = |client: &Client| {
        client.sent.iter().filter(|sent| matches!(sent.said, Said::Ping(_))).count()
    };
    assert_eq!((client.messages().len(), pings(&client)), (1, 5));
    let (mut client, _) = listener(json!([{"line": 1, "at_frame": 2, "do": "ping_stop"}]));
    client.listen_for(secs(100));
    assert!(client.messages().len() > 300);
    assert_eq!((pings(&client), client.ends()), (0, vec![]));
}

#[test]
fn an_announced_end_comes_ten_seconds_after_its_notice() {
    let (mut client, _) = listener(json!([{"line": 1, "at_frame": 7, "do": "shutdown_notice"}]));
    client.listen_for(secs(30));
    let messages = client.timed_messages();
    let (said_at, _) = messages.iter().find(|(_, m)| m["stream"] == "!serverShutdown").unwrap();
    assert_eq!(client.ends(), [Said::Close(1001, "going away".to_owned())]);
    assert_eq!(client.sent.last().unwrap().at, *said_at + secs(10));
    assert!(klines(&client, "BTCUSDT", *said_at) >= 18, "data comes until the end");
}

#[test]
fn an_error_of_the_protocol_comes_before_the_end_where_there_is_such() {
    let script =
        Script::read(r#"[{"line": 1, "at_frame": 2, "do": "error", "code": 407}]"#).unwrap();
    let market = shares(2, vec![busy("AAPL")]);
    let exchange = Exchange::new(market, Speaks::alpaca(2), script);
    let mut client = Client::new(exchange, at("2025-07-02T13:30:00Z"));
    let line = client.connect("/v2/iex");
    client.say(line, r#"{"action":"auth","key":"key","secret":"secret"}"#);
    let error = json!([{"T": "error", "code": 407, "msg": "slow client"}]);
    assert_eq!(client.messages().last(), Some(&error));
    assert_eq!(client.ends().len(), 1);
}

#[test]
fn a_revised_bar_is_said_again_and_is_the_truth() {
    let script = Script::read(r#"[{"line": 1, "at_frame": 5, "do": "revise"}]"#).unwrap();
    let market = shares(2, vec![busy("AAPL")]);
    let before = market.clone();
    let exchange = Exchange::new(market, Speaks::alpaca(2), script);
    let mut client = Client::new(exchange, at("2025-07-02T13:30:00Z"));
    let line = client.connect("/v2/iex");
    client.say(line, r#"{"action":"auth","key":"key","secret":"secret"}"#);
    client.say(line, r#"{"action":"subscribe","bars":["AAPL"],"updatedBars":["AAPL"]}"#);
    client.listen(at("2025-07-02T13:40:00Z"));
    let messages = client.messages();
    let revised: Vec<&Value> = messages.iter().filter(|m| m[0]["T"] == "u").collect();
    assert_eq!(revised.len(), 1);
    let minute = "1m".parse().unwrap();
    let bars = |market: &openbell_vendor_sim::Market| market.bars(0, minute, market.span().clone());
    let (old, new) = (bars(&before), bars(client.exchange.market()));
    let changed: Vec<_> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 1);
    let (old, new) = changed[0];
    assert_eq!(new.ohlcv.volume - old.ohlcv.volume, 1_234.0);
    assert_eq!(revised[0][0]["v"].as_f64(), Some(new.ohlcv.volume));
    assert_eq!(at(revised[0][0]["t"].as_str().unwrap()), new.opens_at);
}

#[test]
fn a_clock_that_is_off_moves_everything_that_the_exchange_does() {
    let (mut client, _) = listener(json!([{"line": 1, "at_frame": 1, "do": "clock", "by_s": 2}]));
    client.listen_for(secs(10));
    let ms = client.ask("/api/v3/time")["serverTime"].as_i64().unwrap();
    assert_eq!(ms * 1_000_000, (client.now + secs(2)).as_nanos());
    let (at, closed) =
        client.timed_messages().into_iter().rfind(|(_, m)| m["data"]["k"]["x"] == true).unwrap();
    let end_ns = (closed["data"]["k"]["T"].as_i64().unwrap() + 1) * 1_000_000;
    assert!(at.as_nanos() < end_ns - 1_900_000_000, "it closes two seconds early by our clock");
}

#[test]
fn a_request_fails_as_the_script_says_and_the_next_does_not() {
    let script = json!([
        {"request": 1, "do": "status", "code": 429, "retry_after": 5},
        {"request": 2, "do": "hang"},
        {"request": 3, "do": "truncate"},
        {"request": 4, "do": "empty"},
        {"request": 5, "do": "lag_rows", "rows": 2},
        {"request": 6, "do": "clock", "by_s": -3},
    ]);
    let (mut client, _) = listener(script);
    let klines = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=10";
    let refused = client.reply(&request(klines));
    assert_eq!(
        (refused.status, refused.headers),
        (429, vec![("Retry-After".to_owned(), "5".to_owned())])
    );
    assert_eq!(client.exchange.ask(client.now, &request(klines)), Answer::Hangs);
    let truncated = client.exchange.ask(client.now, &request(klines));
    assert!(matches!(truncated, Answer::Truncated(reply) if reply.status == 200));
    assert_eq!(client.ask(klines), json!([]));
    let lagging = client.ask(klines).as_array().unwrap().clone();
    let time = client.ask("/api/v3/time")["serverTime"].as_i64().unwrap();
    assert_eq!(time * 1_000_000, (client.now - secs(3)).as_nanos());
    client.now += secs(3);
    let whole = client.ask(klines).as_array().unwrap().clone();
    assert_eq!((lagging.len(), &lagging[..]), (8, &whole[..8]));
}

#[test]
fn a_script_with_a_fault_that_is_none_is_refused_by_its_place() {
    for (script, message) in [
        (
            json!([{"line": 1, "at_frame": 1, "do": "cut"}, {"line": 1, "at_frame": 1, "do": "explode"}]),
            "fault 2 of the script: there is no fault \"explode\" here",
        ),
        (
            json!([{"request": 1, "do": "cut"}]),
            "fault 1 of the script: there is no fault \"cut\" here",
        ),
        (
            json!([{"line": 1, "at_frame": 1, "do": "delay"}]),
            "fault 1 (delay) of the script lacks delay_ms",
        ),
        (
            json!([{"line": 1, "at_frame": 1, "do": "swallow", "symbol": "a b"}]),
            "fault 1 of the script is about \"a b\", which is no symbol",
        ),
        (json!({"do": "cut"}), "the script is no list of faults"),
    ] {
        let refused = Script::read(&script.to_string()).unwrap_err();
        assert_eq!(refused.to_string(), message);
    }
}

#[test]
fn it_is_calm_from_the_end_of_the_last_fault_on() {
    let script = json!([
        {"line": 1, "at_frame": 3, "do": "duplicate"},
        {"line": 1, "at_frame": 30, "do": "cut", "for_s": 30},
        {"request": 1, "do": "status", "code": 429, "retry_after": 90},
    ]);
    let (mut client, _) = listener(script);
    let noon = client.now;
    assert!(client.exchange.calm_since() < noon, "no fault has struck");
    client.listen_for(secs(3));
    assert!(noon < client.exchange.calm_since() && client.exchange.calm_since() <= client.now);
    client.listen_for(secs(12));
    let end = client.sent.last().expect("the cut").at;
    assert_eq!(client.exchange.calm_since(), end + secs(30));
    client.now = end + secs(40);
    let request = request("/api/v3/time");
    client.exchange.ask(client.now, &request);
    assert_eq!(client.exchange.calm_since(), client.now + secs(90));
}
