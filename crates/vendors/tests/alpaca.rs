//! Alpaca: a key, one connection, confirmations by the whole list, updates of bars that were sent.

use openbell_data_manager::Trading;
use openbell_data_manager::live::{
    Answer, AskFault, CloseCause, Closing, Doing, Outgoing, Probe, Protocol as _, Query,
};
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::{KeyPair, Names};

use crate::support::{LINE, Talk, at, bars, key, lines, rows, sample, sent};

const SECRET: &str = "s3cr3t/of+nobody";

fn talk_of(source: Source) -> Talk<Alpaca> {
    let key = KeyPair::new("PKNOBODY", SECRET);
    let mut talk = Talk::with(Alpaca::new(Names::default(), alpaca::endpoint(), source, key));
    assert_eq!(talk.open(), [], "Alpaca speaks first");
    talk
}

fn talk() -> Talk<Alpaca> {
    let mut talk = talk_of(Source::Iex);
    talk.hear(sample!("alpaca/connected"));
    talk.hear(sample!("alpaca/authenticated"));
    talk
}

#[test]
fn the_greeting_is_answered_with_the_key_and_then_subscriptions_may_be_sent() {
    let mut talk = talk_of(Source::Iex);
    let login = Doing::Send { line: LINE, message: Outgoing::Login };
    assert_eq!(talk.hear(sample!("alpaca/connected")), [login]);
    let ready = Doing::Ready { line: LINE };
    assert_eq!(talk.hear(sample!("alpaca/authenticated")), [ready]);
}

#[test]
fn the_secret_is_in_the_login_and_in_a_header_and_nowhere_else() {
    let mut talk = talk();
    let mut logins = Vec::new();
    talk.vendor.login(&mut |text| logins.push(text.to_owned()));
    assert_eq!(logins, [r#"{"action":"auth","key":"PKNOBODY","secret":"s3cr3t/of+nobody"}"#]);
    let mut headers = Vec::new();
    talk.vendor.sign(&mut |name, value| headers.push(format!("{name}: {value}")));
    assert_eq!(headers, ["APCA-API-KEY-ID: PKNOBODY", "APCA-API-SECRET-KEY: s3cr3t/of+nobody"]);
    let query = bars(&key("AAPL", "1m"), "2025-11-28T15:00:00Z", None);
    let shown = [
        format!("{:?}", talk.vendor),
        format!("{:?}", talk.url(&query)),
        format!("{:?}", talk.hear(sample!("alpaca/error_402"))),
        format!("{:?}", talk.answer(&query, 401, "{}")),
        format!("{:?}", talk.subscribe(&[key("AAPL", "1m")])),
    ];
    assert!(shown.iter().all(|text| !text.contains("s3cr3t") && !text.contains("PKNOBODY")));
}

#[test]
fn each_source_has_its_stream_its_history_and_a_symbol_that_always_trades() {
    let mut of = Vec::new();
    for source in Source::ALL {
        let mut talk = talk_of(source);
        let Probe::Newest { reference } = talk.vendor.traits().probe.clone() else {
            panic!("{source:?} is probed by the newest bars")
        };
        let history = talk.url(&bars(&key("AAPL", "1m"), "2025-11-28T15:00:00Z", None));
        let newest = talk.url(&Query::Newest { keys: vec![] });
        let feed = |url: &str| {
            let (_, feed) = url.split_once("feed=").unwrap();
            feed.split('&').next().unwrap().to_owned()
        };
        let (history, newest) = (feed(&history), feed(&newest));
        of.push(format!("{} {reference} {history} {newest}", talk.vendor.stream_url()));
    }
    assert_eq!(
        of,
        [
            "wss://stream.data.alpaca.markets/v2/iex SPY iex iex",
            "wss://stream.data.alpaca.markets/v2/sip SPY sip sip",
            "wss://stream.data.alpaca.markets/v2/delayed_sip SPY sip delayed_sip",
            "wss://stream.data.alpaca.markets/v2/test FAKEPACA iex iex",
        ]
    );
}

#[test]
fn a_symbol_that_the_list_lacks_is_not_subscribed() {
    let mut talk = talk();
    let keys = ["AAPL", "NOSUCH"].map(|symbol| key(symbol, "1m"));
    assert_eq!(
        talk.subscribe(&keys),
        [
            r#"{"action":"subscribe","bars":["AAPL","NOSUCH"],"statuses":["AAPL","NOSUCH"],"updatedBars":["AAPL","NOSUCH"]}"#
        ]
    );
    let [aapl, nosuch] = keys;
    assert_eq!(
        talk.hear(sample!("alpaca/subscription")),
        [
            Doing::Subscribed { line: LINE, key: aapl },
            Doing::NotSubscribed {
                line: LINE,
                key: nosuch,
                said: "it is not in alpaca's list of subscriptions".into()
            },
        ]
    );
    assert_eq!(talk.hear(sample!("alpaca/subscription")), [], "it is answered once");
}

#[test]
fn what_is_asked_for_after_something_was_given_back_is_confirmed_whoever_is_answered() {
    let mut talk = talk();
    let subscribed = [Doing::Subscribed { line: LINE, key: key("MSFT", "1m") }];
    // Both messages are answered: the first list has not what the second asks for.
    assert_eq!(
        talk.unsubscribe(&[key("TSLA", "1m")]),
        [r#"{"action":"unsubscribe","bars":["TSLA"],"statuses":["TSLA"],"updatedBars":["TSLA"]}"#]
    );
    talk.subscribe(&[key("MSFT", "1m")]);
    assert_eq!(talk.hear(r#"[{"T":"subscription","bars":["AAPL"]}]"#), []);
    assert_eq!(talk.hear(sample!("alpaca/subscription")), subscribed);
    // Only the second is.
    talk.unsubscribe(&[key("TSLA", "1m")]);
    talk.subscribe(&[key("MSFT", "1m")]);
    assert_eq!(talk.hear(sample!("alpaca/subscription")), subscribed);
}

#[test]
fn one_frame_has_bars_of_several_symbols_and_all_are_closed() {
    let doings = talk().hear(sample!("alpaca/bars"));
    let rows = rows(&doings);
    assert_eq!(rows[0].0, key("AAPL", "1m"));
    assert_eq!(rows[1].0, key("MSFT", "1m"));
    assert_eq!(
        lines(&rows.iter().map(|(_, row)| *row).collect::<Vec<_>>()),
        [
            "2025-11-28T15:00:00Z 271.125 271.4 271.1 271.33 10411 n=88 Closed",
            "2025-11-28T15:00:00Z 488.02 488.02 487.95 488 702 n=9 Closed",
        ]
    );
}

#[test]
fn a_late_trade_brings_the_same_minute_once_more() {
    let doings = talk().hear(sample!("alpaca/updated_bar"));
    let (of, row) = &rows(&doings)[0];
    assert_eq!(*of, key("AAPL", "1m"));
    assert_eq!(
        lines(&[*row]),
        ["2025-11-28T15:00:00Z 271.125 271.4 271.1 271.31 10611 n=90 Closed"]
    );
}

#[test]
fn bars_of_a_day_are_none_of_a_minute() {
    assert_eq!(talk().hear(sample!("alpaca/daily_bar")), []);
}

#[test]
fn one_message_that_cannot_be_read_spoils_no_other() {
    let frame = sample!("alpaca/bars").replace("271.125", "null");
    let doings = talk().hear(&frame);
    let [Doing::Undecodable { found, .. }, Doing::Row { key: of, .. }] = &doings[..] else {
        panic!("{doings:?}")
    };
    assert!(found.starts_with("cannot read bar of AAPL from alpaca: "), "{found}");
    assert_eq!(*of, key("MSFT", "1m"));
}

#[test]
fn a_halt_ends_with_trades_and_not_with_quotes() {
    let mut talk = talk();
    let since = at("2025-11-28T15:31:00Z");
    let of = Some(key("AAPL", "1m"));
    let halted = Trading::Halted { since, why: "Trading Halt T12".into() };
    let doings = talk.hear(sample!("alpaca/halted"));
    assert_eq!(doings, [Doing::Trading { key: of.clone(), trading: halted }]);
    assert_eq!(talk.hear(sample!("alpaca/quotation_resumed")), []);
    let doings = talk.hear(sample!("alpaca/resumed"));
    assert_eq!(doings, [Doing::Trading { key: of, trading: Trading::Normal }]);
}

#[test]
fn errors_of_the_connection_close_it_each_for_its_reason() {
    let close = |text: &str| {
        let doings = talk().hear(text);
        let [Doing::Close { why, .. }] = &doings[..] else { panic!("{text}: {doings:?}") };
        why.clone()
    };
    for forbidden in
        [sample!("alpaca/error_402"), sample!("alpaca/error_408"), sample!("alpaca/error_411")]
    {
        assert!(matches!(close(forbidden), CloseCause::Forbidden(_)), "{forbidden}");
    }
    let taken = CloseCause::Taken("alpaca: 406 connection limit exceeded".into());
    assert_eq!(close(sample!("alpaca/error_406")), taken, "it is waited for, and no failure");
    let slow = CloseCause::Refused("alpaca: 407 slow client".into());
    assert_eq!(close(sample!("alpaca/error_407")), slow);
    assert!(matches!(close(sample!("alpaca/error_500")), CloseCause::Refused(_)));
    assert!(matches!(close(sample!("alpaca/error_404")), CloseCause::Silent(_)));
    assert!(matches!(close(sample!("alpaca/error_401")), CloseCause::Broken(_)));
    assert_eq!(talk().hear(sample!("alpaca/error_403")), [], "we are known, as was wanted");
}

#[test]
fn an_unknown_symbol_and_a_limit_refuse_what_was_asked_for_and_nothing_else() {
    for refused in [sample!("alpaca/error_400"), sample!("alpaca/error_405")] {
        let mut talk = talk();
        talk.subscribe(&[key("AAPL", "1m")]);
        let doings = talk.hear(refused);
        let [Doing::NotSubscribed { key: of, .. }] = &doings[..] else { panic!("{doings:?}") };
        assert_eq!(*of, key("AAPL", "1m"));
        let doings = talk.hear(refused);
        assert!(matches!(doings[..], [Doing::Undecodable { .. }]), "nothing was asked for");
    }
}

#[test]
fn a_plan_without_the_source_is_final() {
    let mut talk = talk_of(Source::Sip);
    talk.hear(sample!("alpaca/connected"));
    let why = CloseCause::Forbidden("alpaca: 409 insufficient subscription".into());
    let doings = talk.hear(sample!("alpaca/error_409"));
    assert_eq!(doings, [Doing::Close { line: LINE, why }]);
}

#[test]
fn a_plan_without_halts_has_bars_all_the_same() {
    for refused in [sample!("alpaca/error_409"), sample!("alpaca/error_410")] {
        let mut talk = talk();
        let keys = [key("AAPL", "1m")];
        talk.subscribe(&keys);
        let again = sent(&talk.hear(refused));
        let without = r#"{"action":"subscribe","bars":["AAPL"],"updatedBars":["AAPL"]}"#;
        assert_eq!(again, [without]);
        let [aapl] = keys;
        let subscribed = talk.hear(sample!("alpaca/subscription"));
        assert_eq!(subscribed, [Doing::Subscribed { line: LINE, key: aapl }]);
        // It was not the halts, then: that symbol is refused.
        talk.subscribe(&[key("MSFT", "1m")]);
        let doings = talk.hear(refused);
        assert!(matches!(doings[..], [Doing::NotSubscribed { .. }]), "{doings:?}");
    }
}

#[test]
fn what_a_lost_line_was_asked_is_confirmed_by_no_other() {
    let mut talk = talk();
    talk.subscribe(&[key("AAPL", "1m")]);
    talk.vendor.closed(LINE);
    talk.open();
    assert_eq!(talk.hear(sample!("alpaca/subscription")), []);
}

#[test]
fn history_is_paged_by_token_and_ends_a_nanosecond_before_what_is_not_wanted() {
    let mut talk = talk();
    let until = Some("2025-11-28T15:04:00Z");
    let query = bars(&key("AAPL", "1m"), "2025-11-28T15:00:00Z", until);
    let url = "https://data.alpaca.markets/v2/stocks/bars?symbols=AAPL&timeframe=1Min\
               &start=2025-11-28T15:00:00Z&end=2025-11-28T15:03:59.999999999Z";
    let form = "&limit=10000&feed=iex&adjustment=raw&sort=asc";
    assert_eq!(talk.url(&query), format!("{url}{form}"));
    let (rows, next) = talk.answer_bars(&query, sample!("alpaca/history"));
    assert_eq!(
        lines(&rows),
        [
            "2025-11-28T15:00:00Z 271.125 271.4 271.1 271.31 10611 n=90 Unsaid",
            "2025-11-28T15:02:00Z 271.31 271.5 271.3 271.45 912 n=11 Unsaid",
        ]
    );
    let next = next.expect("there is a token");
    let token = "&page_token=QUFQTHxNfDE3NjQzNDIxMjA%3D";
    assert_eq!(talk.url(&next), format!("{url}{token}{form}"));
    let (rows, next) = talk.answer_bars(&next, sample!("alpaca/history_last"));
    assert_eq!((rows.len(), rows[0].closing, next), (1, Closing::Unsaid, None));
}

#[test]
fn an_answer_without_the_symbol_has_no_bars() {
    let query = bars(&key("AAPL", "1m"), "2025-11-28T15:00:00Z", None);
    let (rows, next) = talk().answer_bars(&query, sample!("alpaca/history_empty"));
    assert_eq!((rows, next), (vec![], None));
    assert!(!talk().url(&query).contains("end="), "the plan says how far it goes");
}

#[test]
fn the_newest_bars_are_told_for_those_that_have_one() {
    let keys = ["SPY", "AAPL", "QUIET"].map(|symbol| key(symbol, "1m"));
    let query = Query::Newest { keys: keys.to_vec() };
    let mut talk = talk();
    assert_eq!(
        talk.url(&query),
        "https://data.alpaca.markets/v2/stocks/bars/latest?symbols=SPY,AAPL,QUIET&feed=iex"
    );
    let [spy, aapl, _] = keys;
    let wanted = vec![(spy, at("2025-11-28T15:04:00Z")), (aapl, at("2025-11-28T15:03:00Z"))];
    assert_eq!(talk.answer(&query, 200, sample!("alpaca/newest")), Ok(Answer::Newest(wanted)));
}

#[test]
fn what_the_plan_does_not_allow_is_final_and_the_rest_is_not() {
    let query = bars(&key("AAPL", "1m"), "2025-11-28T15:00:00Z", None);
    let ask = |status, body: &str| talk().answer(&query, status, body).unwrap_err();
    let said = "alpaca: 403 subscription does not permit querying recent SIP data";
    assert_eq!(ask(403, sample!("alpaca/recent_sip")), AskFault::Refused(said.into()));
    for (status, body) in [(409, ""), (200, "{}"), (200, "<html>"), (200, r#"{"bars":{"AAPL":7}}"#)]
    {
        assert!(matches!(ask(status, body), AskFault::Failed(_)), "{status} {body}");
    }
}

#[test]
fn an_answer_that_was_lost_leaves_the_next_ones_in_their_places() {
    let mut talk = talk();
    let [aapl, msft] = ["AAPL", "MSFT"].map(|symbol| key(symbol, "1m"));
    talk.subscribe(std::slice::from_ref(&aapl));
    // No answer came in time: the same is asked for again.
    talk.subscribe(std::slice::from_ref(&aapl));
    let doings = talk.hear(r#"[{"T":"subscription","bars":["AAPL"]}]"#);
    assert_eq!(doings, [Doing::Subscribed { line: LINE, key: aapl }]);
    talk.subscribe(std::slice::from_ref(&msft));
    let doings = talk.hear(sample!("alpaca/subscription"));
    assert_eq!(doings, [Doing::Subscribed { line: LINE, key: msft }]);
}

#[test]
fn a_token_that_leads_to_its_own_page_is_not_followed() {
    let mut talk = talk();
    let query = bars(&key("AAPL", "1m"), "2025-11-28T15:00:00Z", None);
    let (_, next) = talk.answer_bars(&query, sample!("alpaca/history"));
    let (rows, next) = talk.answer_bars(&next.expect("there is one"), sample!("alpaca/history"));
    assert_eq!((rows.len(), next), (2, None));
}
