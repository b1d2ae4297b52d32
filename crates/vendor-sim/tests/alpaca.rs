//! Stories of Alpaca: who may connect, what comes when, what history gives out.

use openbell_vendor_sim::{
    AlpacaSwitches, Ended, Exchange, Halt, Heard, LineId, Listing, Market, Refusal, Said, Script,
    Speaks,
};
use serde_json::Value;

use crate::support::{Client, at, busy, header, request, secs, shares};

const AUTH: &str = r#"{"action":"auth","key":"key","secret":"secret"}"#;

fn switches() -> AlpacaSwitches {
    AlpacaSwitches { most_symbols: None, rest_lag_s: 0, ..AlpacaSwitches::drawn(3) }
}

fn client_of(market: Market, switches: AlpacaSwitches) -> Client {
    let exchange = Exchange::new(market, Speaks::Alpaca(switches), Script::none());
    Client::new(exchange, at("2025-07-02T13:29:50Z"))
}

fn client() -> Client {
    client_of(shares(3, vec![busy("AAPL"), busy("MSFT")]), switches())
}

/// The codes of the errors so far.
fn errors(client: &Client) -> Vec<u64> {
    let messages = client.messages();
    messages.iter().filter_map(|m| m[0]["code"].as_u64()).collect()
}

fn joined(client: &mut Client) -> LineId {
    let line = client.connect("/v2/iex");
    client.say(line, AUTH);
    line
}

#[test]
fn who_says_nothing_for_ten_seconds_is_let_go() {
    let mut client = client();
    client.connect("/v2/iex");
    client.listen_for(secs(9));
    assert_eq!(client.ends(), []);
    client.listen_for(secs(1));
    assert_eq!((errors(&client), client.ends().len()), (vec![404], 1));
}

#[test]
fn a_wrong_key_an_order_before_the_key_and_a_second_key_are_errors() {
    let mut client = client();
    let line = client.connect("/v2/iex");
    client.say(line, r#"{"action":"subscribe","bars":["AAPL"]}"#);
    client.say(line, AUTH);
    client.say(line, AUTH);
    client.say(line, "nonsense");
    assert_eq!((errors(&client), client.ends()), (vec![401, 403, 400], vec![]));
    client.exchange.leave(client.now, line, Ended::Closed);
    let line = client.connect("/v2/iex");
    client.say(line, &AUTH.replace("secret\"}", "wrong\"}"));
    assert_eq!(errors(&client).last(), Some(&402));
    let line = client.connect("/v2/sip");
    client.say(line, AUTH);
    assert_eq!(errors(&client).last(), Some(&409), "a free account has no consolidated tape");
    assert_eq!(client.ends().len(), 2);
}

#[test]
fn a_lost_connection_keeps_its_place_for_ninety_seconds_and_a_closed_one_does_not() {
    let mut client = client();
    let line = joined(&mut client);
    client.exchange.leave(client.now, line, Ended::Closed);
    let line = joined(&mut client);
    assert_eq!(errors(&client), [0; 0]);
    client.exchange.leave(client.now, line, Ended::Lost);
    for n in 1..=8 {
        client.listen_for(secs(10));
        joined(&mut client);
        assert_eq!(errors(&client).len(), n);
    }
    assert_eq!(errors(&client), [406; 8]);
    client.listen_for(secs(10));
    joined(&mut client);
    assert_eq!(errors(&client).len(), 8);
    let counts = client.exchange.counts();
    assert_eq!((counts.taken, counts.over_limit), (8, 0), "to ask again exceeds no limit");
}

#[test]
fn who_hammers_is_refused_at_the_door() {
    let mut client = client();
    for _ in 0..10 {
        client.connect("/v2/iex");
    }
    let refused = client.exchange.connect(client.now, "/v2/iex");
    assert!(matches!(refused, Err(Refusal::Status(reply)) if reply.status == 429));
    assert_eq!(client.exchange.counts().over_limit, 1);
}

#[test]
fn a_confirmation_has_the_whole_list_and_an_unknown_name_is_an_error_or_left_out() {
    for drops_unknown in [true, false] {
        let market = shares(3, vec![busy("AAPL"), busy("MSFT")]);
        let mut client = client_of(market, AlpacaSwitches { drops_unknown, ..switches() });
        let line = joined(&mut client);
        client.say(line, r#"{"action":"subscribe","bars":["AAPL"]}"#);
        client.say(line, r#"{"action":"subscribe","bars":["NIX","MSFT"]}"#);
        let last = client.messages().pop().unwrap();
        if drops_unknown {
            assert_eq!(last[0]["bars"], serde_json::json!(["AAPL", "MSFT"]));
        } else {
            assert_eq!(last[0]["code"], 400);
        }
        client.say(line, r#"{"action":"unsubscribe","bars":["AAPL"]}"#);
        let left = client.messages().pop().unwrap()[0]["bars"].clone();
        assert_eq!(
            left,
            if drops_unknown { serde_json::json!(["MSFT"]) } else { serde_json::json!([]) }
        );
    }
}

#[test]
fn a_symbol_too_many_leaves_the_subscriptions_as_they_were_by_the_switch() {
    let names: Vec<String> = (0..31).map(|n| format!("S{n}")).collect();
    for most_symbols in [Some(30), None] {
        let market = shares(3, names.iter().map(|name| busy(name)).collect());
        let mut client = client_of(market, AlpacaSwitches { most_symbols, ..switches() });
        let line = joined(&mut client);
        let order = |names: &[String]| {
            serde_json::json!({"action": "subscribe", "bars": names}).to_string()
        };
        client.say(line, &order(&names[..30]));
        client.say(line, &order(&names[30..]));
        assert_eq!(errors(&client), if most_symbols.is_some() { vec![405] } else { vec![] });
        client.say(line, r#"{"action":"unsubscribe","bars":["NIX"]}"#);
        let subscribed = client.messages().pop().unwrap()[0]["bars"].as_array().unwrap().len();
        assert_eq!(subscribed, most_symbols.unwrap_or(31));
    }
}

#[test]
fn bars_come_soon_after_their_minute_several_in_a_frame_and_late_trades_at_the_half_minute() {
    let late = Listing { late_pct: 100, trades_a_minute: 12, ..busy("AAPL") };
    let names = ["MSFT", "SPY", "QQQ", "IWM"];
    let listings = std::iter::once(late).chain(names.iter().map(|name| busy(name))).collect();
    let mut client = client_of(shares(3, listings), switches());
    let line = joined(&mut client);
    client.say(line, r#"{"action":"subscribe","bars":["*"],"updatedBars":["*"]}"#);
    client.listen(at("2025-07-02T13:40:00Z"));
    let mut n_revised = 0;
    let mut longest = 0;
    for (said_at, message) in client.timed_messages() {
        let points = message.as_array().unwrap();
        longest = longest.max(points.len());
        for point in points.iter().filter(|point| point["t"].is_string()) {
            let after_end = said_at - (at(point["t"].as_str().unwrap()) + secs(60));
            if point["T"] == "b" {
                assert!(after_end.as_nanos() >= 20_000_000 && after_end.as_nanos() <= 100_000_000);
            } else {
                assert_eq!((&point["S"], after_end), (&Value::from("AAPL"), secs(30)));
                n_revised += 1;
            }
        }
    }
    assert!(n_revised >= 5 && longest > 1, "{n_revised} revisions, {longest} points at most");
}

#[test]
fn a_halt_and_its_end_are_said_and_no_bar_comes_between() {
    let halt =
        Halt { symbol: 0, since: at("2025-07-02T14:00:00Z"), until: at("2025-07-02T14:10:00Z") };
    let market = shares(3, vec![busy("AAPL"), busy("MSFT")]).with_halts(vec![halt]);
    let mut client = client_of(market, switches());
    let line = joined(&mut client);
    client.say(line, r#"{"action":"subscribe","bars":["AAPL"],"statuses":["AAPL"]}"#);
    client.listen(at("2025-07-02T14:15:00Z"));
    let messages = client.messages();
    let codes: Vec<&Value> =
        messages.iter().filter(|m| m[0]["T"] == "s").map(|m| &m[0]["sc"]).collect();
    assert_eq!(codes, ["H", "T"]);
    let bars = messages.iter().filter(|m| m[0]["T"] == "b");
    let opens: Vec<&str> = bars.map(|m| &m[0]["t"].as_str().unwrap()[11..16]).collect();
    assert_eq!(opens.len(), 30 + 4);
    assert!(!opens.iter().any(|open| ("14:00".."14:10").contains(open)));
}

#[test]
fn pings_of_the_client_are_answered_with_their_payload() {
    let mut client = client();
    let line = joined(&mut client);
    client.exchange.hear(client.now, line, &Heard::Ping(b"x".to_vec()));
    client.listen_for(secs(0));
    assert_eq!(client.sent.last().unwrap().said, Said::Pong(b"x".to_vec()));
}

#[test]
fn both_ends_of_a_range_are_inclusive_and_the_running_bar_is_not_there() {
    let mut client = client();
    client.now = at("2025-07-02T13:35:30Z");
    let bars = "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&feed=iex&start=2025-07-02T13:31:00Z";
    let n_bars = |answer: &Value| answer["bars"]["AAPL"].as_array().unwrap().len();
    assert_eq!(n_bars(&client.ask(&format!("{bars}&end=2025-07-02T13:33:00Z"))), 3);
    assert_eq!(n_bars(&client.ask(bars)), 4);
    let latest = client.ask("/v2/stocks/bars/latest?symbols=AAPL,MSFT&feed=iex");
    assert_eq!(latest["bars"]["AAPL"]["t"], "2025-07-02T13:34:00Z");
    assert_eq!(latest["bars"]["MSFT"]["t"], "2025-07-02T13:34:00Z");
}

#[test]
fn a_bar_is_in_history_at_once_or_some_seconds_after_its_end() {
    for (rest_lag_s, last) in [(0, "2025-07-02T13:34:00Z"), (4, "2025-07-02T13:33:00Z")] {
        let market = shares(3, vec![busy("AAPL")]);
        let mut client = client_of(market, AlpacaSwitches { rest_lag_s, ..switches() });
        client.now = at("2025-07-02T13:35:02Z");
        let latest = client.ask("/v2/stocks/bars/latest?symbols=AAPL&feed=iex");
        assert_eq!(latest["bars"]["AAPL"]["t"], last);
        client.now += secs(2);
        let latest = client.ask("/v2/stocks/bars/latest?symbols=AAPL&feed=iex");
        assert_eq!(latest["bars"]["AAPL"]["t"], "2025-07-02T13:34:00Z");
    }
}

#[test]
fn the_newest_quarter_of_an_hour_of_the_tape_is_for_those_who_pay() {
    let target = "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&feed=sip&start=2025-07-02T13:30:00Z&end=2025-07-02T13:50:00Z";
    for (is_paid, status) in [(true, 200), (false, 403)] {
        let market = shares(3, vec![busy("AAPL")]);
        let mut client = client_of(market, AlpacaSwitches { is_paid, ..switches() });
        client.now = at("2025-07-02T14:00:00Z");
        assert_eq!(client.reply(&request(target)).status, status);
        client.now = at("2025-07-02T14:05:00Z");
        assert_eq!(client.reply(&request(target)).status, 200);
    }
}

#[test]
fn the_two_hundred_and_first_request_in_a_minute_is_refused_and_who_goes_on_is_banned() {
    let mut client = client();
    client.now = at("2025-07-02T13:35:00Z");
    let latest = request("/v2/stocks/bars/latest?symbols=AAPL&feed=iex");
    for _ in 0..200 {
        assert_eq!(client.reply(&latest).status, 200);
    }
    let refused = client.reply(&latest);
    assert_eq!((refused.status, header(&refused, "X-RateLimit-Remaining")), (429, Some("0")));
    let reset = at("2025-07-02T13:36:00Z").as_secs().to_string();
    assert_eq!(header(&refused, "X-RateLimit-Reset"), Some(reset.as_str()));
    for _ in 0..19 {
        client.reply(&latest);
    }
    client.now += secs(61);
    assert_eq!((client.reply(&latest).status, client.exchange.counts().bans), (429, 1));
    client.now += secs(300);
    assert_eq!(client.reply(&latest).status, 200);
}

#[test]
fn a_request_that_says_too_little_is_refused() {
    let mut client = client();
    for query in [
        "timeframe=1Min",
        "symbols=AAPL&timeframe=7",
        "symbols=AAPL&timeframe=1Min&limit=0",
        "symbols=AAPL&timeframe=1Min&start=yesterday",
        "symbols=AAPL&timeframe=1Min&page_token=nix",
    ] {
        let reply = client.reply(&request(&format!("/v2/stocks/bars?feed=iex&{query}")));
        assert_eq!(reply.status, 400, "{query}");
    }
}

#[test]
fn the_delayed_feed_says_the_same_a_quarter_of_an_hour_later_to_free_accounts_too() {
    let late = Listing { late_pct: 50, trades_a_minute: 12, ..busy("AAPL") };
    let halt =
        Halt { symbol: 0, since: at("2025-07-02T13:36:00Z"), until: at("2025-07-02T13:38:00Z") };
    let heard = |feed: &str, until: &str| {
        let market = shares(3, vec![late.clone(), busy("MSFT")]).with_halts(vec![halt.clone()]);
        let mut client = client_of(market, switches());
        let line = client.connect(feed);
        client.say(line, AUTH);
        client.say(
            line,
            r#"{"action":"subscribe","bars":["*"],"updatedBars":["*"],"statuses":["*"]}"#,
        );
        client.listen(at(until));
        client.timed_messages().split_off(3)
    };
    let prompt = heard("/v2/iex", "2025-07-02T13:45:00Z");
    let delayed = heard("/v2/delayed_sip", "2025-07-02T14:00:00Z");
    let later: Vec<_> = prompt.into_iter().map(|(said_at, m)| (said_at + secs(900), m)).collect();
    assert!(later.len() > 20);
    assert_eq!(delayed, later);

    let mut client = client();
    client.now = at("2025-07-02T14:00:30Z");
    let latest = client.ask("/v2/stocks/bars/latest?symbols=AAPL&feed=delayed_sip");
    assert_eq!(latest["bars"]["AAPL"]["t"], "2025-07-02T13:44:00Z");
}
