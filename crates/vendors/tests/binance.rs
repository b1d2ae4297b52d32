//! Binance: the flag closes a bar, an interval without trades has one, a name it does not know is silent.

use openbell_data_manager::live::{
    Answer, AskFault, CloseCause, CountReach, DayCount, Doing, EmptyInterval, Protocol as _, Query,
    Response,
};
use openbell_vendors::binance::{self, Binance};
use openbell_vendors::{Listing, Names};

use crate::support::{LINE, Talk, at, bars, key, line, lines, rows, sample};

fn talk() -> Talk<Binance> {
    let mut talk = Talk::with(Binance::new(Names::default(), binance::endpoint()));
    assert_eq!(talk.open(), [Doing::Ready { line: LINE }], "nothing is waited for");
    talk
}

#[test]
fn only_the_frame_with_the_flag_closes_a_bar() {
    let mut talk = talk();
    let running = talk.hear(sample!("binance/kline_running"));
    let closed = talk.hear(sample!("binance/kline_closed"));
    let lines = [&running, &closed].map(|doings| line(&rows(doings)[0].1));
    assert_eq!(
        lines,
        [
            "2025-11-30T14:00:00Z 2988.1 2989.5 2987.77 2989.42 31.4159 n=11 Running",
            "2025-11-30T14:00:00Z 2988.1 2990.2 2987.77 2990.03 77.0031 n=37 Closed",
        ]
    );
    assert_eq!(rows(&closed)[0].0, key("ETHUSDT", "1m"));
    assert_eq!(
        closed[0],
        Doing::SentAt { line: LINE, at: at("2025-11-30T14:01:00.021Z"), asked_at: None }
    );
}

#[test]
fn an_interval_without_trades_has_a_bar_with_volume_0() {
    let mut talk = talk();
    assert_eq!(talk.vendor.traits().empty, EmptyInterval::Bar);
    let doings = talk.hear(sample!("binance/kline_empty"));
    let (key_of, row) = &rows(&doings)[0];
    assert_eq!(*key_of, key("ETHUSDT", "1s"));
    assert_eq!(line(row), "2025-11-30T14:01:00Z 2990.03 2990.03 2990.03 2990.03 0 n=0 Closed");
}

#[test]
fn streams_are_named_in_small_letters_and_an_acknowledgement_names_what_was_asked() {
    let mut talk = talk();
    let keys = [key("ETHUSDT", "1m"), key("BTCUSDT", "1s")];
    assert_eq!(
        talk.subscribe(&keys),
        [r#"{"id":1,"method":"SUBSCRIBE","params":["ethusdt@kline_1m","btcusdt@kline_1s"]}"#]
    );
    let subscribed = keys.map(|key| Doing::Subscribed { line: LINE, key });
    assert_eq!(talk.hear(sample!("binance/acknowledged")), subscribed);
    assert_eq!(talk.hear(sample!("binance/acknowledged")), [], "it is answered once");
    assert_eq!(
        talk.unsubscribe(&[key("ETHUSDT", "1m")]),
        [r#"{"id":2,"method":"UNSUBSCRIBE","params":["ethusdt@kline_1m"]}"#]
    );
    assert_eq!(talk.hear(sample!("binance/subscriptions")), [], "nobody asked for it");
}

#[test]
fn a_session_may_call_a_symbol_otherwise() {
    let names = Names::new([("BTC/USDT".parse().unwrap(), "BTCUSDT".to_owned())]).unwrap();
    let mut talk = Talk::with(Binance::new(names, binance::endpoint()));
    let asked = talk.subscribe(&[key("BTC/USDT", "1m")]);
    assert!(asked[0].contains("\"btcusdt@kline_1m\""), "{asked:?}");
    let heard = talk.hear(&sample!("binance/kline_closed").replace("ETHUSDT", "BTCUSDT"));
    assert_eq!(rows(&heard)[0].0, key("BTC/USDT", "1m"));
    let url = talk.url(&bars(&key("BTC/USDT", "1m"), "2025-11-30T14:00:00Z", None));
    assert!(url.contains("symbol=BTCUSDT&interval=1m"), "{url}");
}

#[test]
fn a_refusal_is_that_of_its_number_wherever_the_code_stands() {
    for refused in [sample!("binance/refused"), sample!("binance/refused_flat")] {
        let mut talk = talk();
        let keys = [key("ETHUSDT", "1m")];
        talk.subscribe(&keys);
        let said = "2 Invalid request: too many parameters".into();
        let [key] = keys;
        assert_eq!(talk.hear(refused), [Doing::NotSubscribed { line: LINE, key, said }]);
    }
}

#[test]
fn a_refusal_without_a_number_counts_as_what_cannot_be_read() {
    let mut talk = talk();
    talk.subscribe(&[key("ETHUSDT", "1m")]);
    let found = "3 Invalid JSON: expected value at line 1 column 9".into();
    let undecodable = Doing::Undecodable { line: LINE, found };
    assert_eq!(talk.hear(sample!("binance/refused_unnumbered")), [undecodable]);
}

#[test]
fn what_a_lost_line_was_asked_is_confirmed_by_no_other() {
    let mut talk = talk();
    talk.subscribe(&[key("ETHUSDT", "1m")]);
    talk.vendor.closed(LINE);
    assert_eq!(talk.hear(sample!("binance/acknowledged")), []);
}

#[test]
fn a_server_that_goes_down_is_left() {
    let doings = talk().hear(sample!("binance/server_shutdown"));
    assert_eq!(doings[1], Doing::Close { line: LINE, why: CloseCause::Leaving });
}

#[test]
fn a_frame_with_a_price_that_is_none_is_named_and_yields_no_bar() {
    for price in ["\"NaN\"", "\"\"", "null", "\"1e999\""] {
        let frame = sample!("binance/kline_closed").replace("\"2990.03000000\"", price);
        let doings = talk().hear(&frame);
        let [Doing::Undecodable { found, .. }] = &doings[..] else { panic!("{doings:?}") };
        assert!(found.starts_with("cannot read kline of ETHUSDT from binance: "), "{found}");
    }
}

#[test]
fn kinds_that_are_newer_than_this_program_are_passed_over() {
    for frame in [r#"{"stream":"x","data":{"e":"klineV2","E":1}}"#, r#"{"hello":1}"#, "[]", "7"] {
        assert_eq!(talk().hear(frame), [], "{frame}");
    }
}

#[test]
fn history_is_asked_for_by_its_open_and_up_to_the_millisecond_before_the_end() {
    let until = Some("2025-11-30T14:03:00Z");
    let url = talk().url(&bars(&key("ETHUSDT", "1m"), "2025-11-30T14:00:00Z", until));
    assert_eq!(
        url,
        "https://data-api.binance.vision/api/v3/klines?symbol=ETHUSDT&interval=1m\
         &startTime=1764511200000&endTime=1764511379999&limit=1000"
    );
}

#[test]
fn history_has_the_running_row_last_and_says_of_none_that_it_is_closed() {
    let query = bars(&key("ETHUSDT", "1m"), "2025-11-30T14:00:00Z", None);
    let (rows, next) = talk().answer_bars(&query, sample!("binance/klines"));
    assert_eq!(
        lines(&rows),
        [
            "2025-11-30T14:00:00Z 2988.1 2990.2 2987.77 2990.03 77.0031 n=37 Unsaid",
            "2025-11-30T14:01:00Z 2990.03 2990.03 2990.03 2990.03 0 n=0 Unsaid",
            "2025-11-30T14:02:00Z 2990.04 2990.11 2990.04 2990.1 0.5 n=3 Unsaid",
        ]
    );
    assert_eq!(next, None, "a page that is not full is the last");
}

#[test]
fn a_full_page_goes_on_after_its_last_row_and_never_in_a_circle() {
    let row = |minute: i64| {
        let opens_ms = 1_764_511_200_000 + minute * 60_000;
        format!(r#"[{opens_ms},"1","1","1","1","1",{},"1",1,"1","1","0"]"#, opens_ms + 59_999)
    };
    let body = format!("[{}]", (0..1000).map(row).collect::<Vec<_>>().join(","));
    let of = key("ETHUSDT", "1m");
    for (until, wanted) in [
        (None, Some(at("2025-12-01T06:40:00Z"))),
        (Some("2025-12-01T07:00:00Z"), Some(at("2025-12-01T06:40:00Z"))),
        (Some("2025-12-01T06:40:00Z"), None),
    ] {
        let (rows, next) = talk().answer_bars(&bars(&of, "2025-11-30T14:00:00Z", until), &body);
        assert_eq!(rows.len(), 1000);
        let since = next.map(|next| match next {
            Query::Bars { since, .. } => since,
            _ => panic!("the next page is one of bars"),
        });
        assert_eq!(since, wanted, "until {until:?}");
    }
    // It was asked for what comes after: this is the same page once more.
    let (_, next) = talk().answer_bars(&bars(&of, "2025-12-01T06:40:00Z", None), &body);
    assert_eq!(next, None);
}

#[test]
fn the_newest_closed_bar_is_the_one_before_the_running_one() {
    let query = Query::Newest { keys: vec![key("ETHUSDT", "1m")] };
    let newest = talk().answer(&query, 200, sample!("binance/klines"));
    let wanted = vec![(key("ETHUSDT", "1m"), at("2025-11-30T14:01:00Z"))];
    assert_eq!(newest, Ok(Answer::Newest(wanted)));
    assert!(talk().url(&query).ends_with("klines?symbol=ETHUSDT&interval=1m&limit=2"));
}

#[test]
fn a_row_of_history_with_a_price_that_is_none_stays_as_a_row_that_is_no_bar() {
    let body = sample!("binance/klines").replacen("\"2988.10000000\"", "\"\"", 1);
    let query = bars(&key("ETHUSDT", "1m"), "2025-11-30T14:00:00Z", None);
    let (rows, _) = talk().answer_bars(&query, &body);
    assert_eq!(rows.len(), 3, "no hole that looks like nothing traded");
    assert_eq!(
        rows[0].ohlcv.fault(),
        Some(openbell_market::BarFault::NotFinite),
        "its receiver rejects it by name"
    );
}

#[test]
fn an_unknown_name_and_a_closed_country_are_final_and_the_rest_is_not() {
    let query = bars(&key("NOSUCH", "1m"), "2025-11-30T14:00:00Z", None);
    let ask = |status, body: &str| talk().answer(&query, status, body).unwrap_err();
    assert_eq!(
        ask(400, sample!("binance/error")),
        AskFault::Refused("-1121 Invalid symbol.".into())
    );
    let interval = AskFault::Refused("-1120 Invalid interval.".into());
    assert_eq!(ask(400, r#"{"code":-1120,"msg":"Invalid interval."}"#), interval);
    let AskFault::Refused(said) = ask(451, "<html>") else { panic!("a country stays closed") };
    assert!(said.contains("451") && said.contains("countries"), "{said}");
    for (status, body) in
        [(400, r#"{"code":-1001,"msg":"x"}"#), (404, ""), (200, "<html>"), (200, "[[1]]")]
    {
        assert!(matches!(ask(status, body), AskFault::Failed(_)), "{status} {body}");
    }
}

#[test]
fn its_list_says_who_trades() {
    let request = binance::listings(&binance::endpoint());
    assert_eq!(
        request.url,
        "https://data-api.binance.vision/api/v3/exchangeInfo?showPermissionSets=false"
    );
    let body = sample!("binance/exchange_info");
    let list = binance::read_listings(&Response { status: 200, headers: &[], body }).unwrap();
    let listing = |name: &str, is_trading, status: &str| Listing {
        vendor_name: name.to_owned(),
        is_trading,
        status: status.to_owned(),
    };
    assert_eq!(list, [listing("ETHUSDT", true, "TRADING"), listing("OLDUSDT", false, "BREAK")]);
}

#[test]
fn its_clock_can_be_asked_for_while_nothing_trades() {
    let binance = Binance::new(Names::default(), binance::endpoint());
    let request = binance.clock_request().expect("it has one");
    assert_eq!(request.url, "https://data-api.binance.vision/api/v3/time");
    let read = |status, body: &str| {
        binance.clock_answered(&Response { status, headers: &[], body }).map_err(|_| ())
    };
    assert_eq!(read(200, sample!("binance/time")), Ok(at("2025-11-30T14:02:00.123Z")));
    for body in ["{}", "[]", r#"{"serverTime":"soon"}"#, r#"{"serverTime":1e300}"#, ""] {
        assert_eq!(read(200, body), Err(()), "{body}");
    }
    assert_eq!(read(403, sample!("binance/time")), Err(()));
}

#[test]
fn a_month_is_no_minute() {
    let mut talk = talk();
    let frame = sample!("binance/kline_closed").replace(r#""i":"1m""#, r#""i":"1M""#);
    assert_eq!(rows(&talk.hear(&frame)), [], "there are no bars of a month here");
}

#[test]
fn a_symbol_without_a_trade_has_statistics_that_say_how_far_they_have_come() {
    let query = Query::DayCount { key: key("NEWUSDT", "1m") };
    let mut talk = talk();
    let url = talk.url(&query);
    assert!(url.ends_with("/api/v3/ticker/24hr?symbol=NEWUSDT"), "{url}");
    let (since, through) = (at("2025-11-29T14:00:00.250Z"), at("2025-11-30T14:00:00.250Z"));
    let count = DayCount { since, n_trades: 0, reach: CountReach::Through(through) };
    let answer = talk.answer(&query, 200, sample!("binance/statistics"));
    assert_eq!(answer, Ok(Answer::DayCount(count)));
    for (status, body) in [(200, "[]"), (200, r#"{"count":0}"#), (500, "")] {
        assert!(talk.answer(&query, status, body).is_err(), "{status} {body}");
    }
}

#[test]
fn the_first_bar_of_all_is_the_first_since_the_epoch() {
    let query = Query::First { key: key("ETHUSDT", "1m") };
    let mut talk = talk();
    let url = talk.url(&query);
    assert!(url.ends_with("klines?symbol=ETHUSDT&interval=1m&startTime=0&limit=1"), "{url}");
    let first = Answer::First(Some(at("2025-11-30T14:00:00Z")));
    assert_eq!(talk.answer(&query, 200, sample!("binance/klines")), Ok(first));
    assert_eq!(talk.answer(&query, 200, "[]"), Ok(Answer::First(None)));
}
