//! Kraken: nothing says that a candle is closed, nothing comes where nothing trades, history makes up
//! flat rows.

use openbell_data_manager::Trading;
use openbell_data_manager::live::{
    Answer, AskFault, Closing, ClosingProof, CountReach, DayCount, Doing, EmptyInterval,
    Protocol as _, Query, Response,
};
use openbell_time::{Nanos, Timestamp};
use openbell_vendors::kraken::{self, Kraken};
use openbell_vendors::{Listing, Names};

use crate::support::{LINE, Talk, at, bars, key, lines, rows, sample, sent};

fn talk() -> Talk<Kraken> {
    let mut talk = Talk::with(Kraken::new(Names::default(), kraken::endpoint()));
    assert_eq!(talk.open(), [Doing::Ready { line: LINE }], "nothing is waited for");
    talk
}

fn sent_at(instant: &str, asked_at: Option<Timestamp>) -> Doing {
    Doing::SentAt { line: LINE, at: at(instant), asked_at }
}

#[test]
fn a_candle_is_stamped_by_its_beginning_and_nothing_says_that_it_is_closed() {
    let mut talk = talk();
    let snapshot = talk.hear(sample!("kraken/ohlc_snapshot"));
    let update = talk.hear(sample!("kraken/ohlc_update"));
    let rows = [rows(&snapshot), rows(&update)].concat();
    assert!(rows.iter().all(|(of, _)| *of == key("BTC/USD", "1m")));
    assert_eq!(
        lines(&rows.iter().map(|(_, row)| *row).collect::<Vec<_>>()),
        [
            "2025-11-30T13:59:00Z 91000.1 91020 90990.5 91011.2 1.25000001 n=14 Unsaid",
            "2025-11-30T14:00:00Z 91011.2 91011.2 91000 91002.7 0.31 n=4 Unsaid",
            "2025-11-30T14:00:00Z 91011.2 91030.9 91000 91030.9 0.41 n=5 Unsaid",
        ]
    );
    let sent_at = sent_at("2025-11-30T14:00:30.411022901Z", None);
    assert_eq!(snapshot.last(), Some(&sent_at));
    let after = Nanos::from_secs(2);
    assert_eq!(talk.vendor.traits().proof, ClosingProof::NextOrTime { after });
}

#[test]
fn each_symbol_of_a_message_is_acknowledged_or_refused_by_itself() {
    for refused in [sample!("kraken/refused"), sample!("kraken/refused_unnamed")] {
        let mut talk = talk();
        let (btc, eth) = (key("BTC/USD", "1m"), key("ETH/USD", "1m"));
        assert_eq!(
            talk.subscribe(&[btc.clone(), eth.clone()]),
            [
                r#"{"method":"subscribe","params":{"channel":"ohlc","interval":1,"snapshot":true,"symbol":["BTC/USD","ETH/USD"]},"req_id":1}"#
            ]
        );
        let subscribed = talk.hear(sample!("kraken/subscribed"));
        assert_eq!(subscribed[0], Doing::Subscribed { line: LINE, key: btc });
        let refused = talk.hear(refused);
        let [Doing::NotSubscribed { key: of, .. }] = &refused[..] else { panic!("{refused:?}") };
        assert_eq!(*of, eth, "the one that is left, where the answer names none");
    }
}

#[test]
fn intervals_are_asked_for_by_messages_of_their_own() {
    let mut talk = talk();
    let asked = talk.subscribe(&[key("BTC/USD", "1h"), key("BTC/USD", "1m"), key("ETH/USD", "1m")]);
    assert_eq!(asked.len(), 2);
    assert!(asked[0].contains(r#""interval":1,"snapshot":true,"symbol":["BTC/USD","ETH/USD"]"#));
    assert!(asked[1].contains(r#""interval":60,"snapshot":true,"symbol":["BTC/USD"]"#));
    assert_eq!(
        talk.unsubscribe(&[key("BTC/USD", "1m")]),
        [
            r#"{"method":"unsubscribe","params":{"channel":"ohlc","interval":1,"symbol":["BTC/USD"]},"req_id":3}"#
        ]
    );
    assert_eq!(talk.hear(sample!("kraken/unsubscribed")), []);
}

#[test]
fn what_is_subscribed_already_is_subscribed() {
    let mut talk = talk();
    let keys = [key("ETH/USD", "1m")];
    talk.subscribe(&keys);
    let again =
        sample!("kraken/refused").replace("Currency pair not supported", "Already subscribed");
    let [key] = keys;
    assert_eq!(talk.hear(&again), [Doing::Subscribed { line: LINE, key }]);
}

#[test]
fn a_refusal_of_nothing_that_was_asked_counts_as_what_cannot_be_read() {
    let unread = |frame: &str, found: &str| {
        let found = found.into();
        assert_eq!(talk().hear(frame), [Doing::Undecodable { line: LINE, found }]);
    };
    unread(r#"{"error":"Malformed request","success":false}"#, "Malformed request");
    unread(r#"{"error":"","success":false}"#, "no reason given");
}

#[test]
fn a_heartbeat_is_no_clock_so_a_ping_asks_for_one_at_most_each_second() {
    let mut talk = talk();
    let mut beat = |now: &str| {
        talk.now = at(now);
        sent(&talk.hear(sample!("kraken/heartbeat")))
    };
    assert_eq!(beat("2025-11-30T14:01:00.0Z"), [r#"{"method":"ping","req_id":1}"#]);
    assert_eq!(beat("2025-11-30T14:01:00.9Z"), [""; 0]);
    assert_eq!(beat("2025-11-30T14:01:02.0Z"), [r#"{"method":"ping","req_id":2}"#]);
    let pong = talk.hear(sample!("kraken/pong"));
    let asked_at = Some(at("2025-11-30T14:01:02.0Z"));
    assert_eq!(pong, [sent_at("2025-11-30T14:01:02.00012Z", asked_at)]);
    let earlier = sample!("kraken/pong").replace("\"req_id\":2", "\"req_id\":1");
    let pong = talk.hear(&earlier);
    assert_eq!(pong, [sent_at("2025-11-30T14:01:02.00012Z", None)], "of a ping before the last");
}

#[test]
fn while_candles_tell_the_clock_no_ping_asks_for_it() {
    let mut talk = talk();
    talk.hear(sample!("kraken/ohlc_update"));
    assert_eq!(talk.hear(sample!("kraken/heartbeat")), []);
}

#[test]
fn without_matching_nothing_trades_and_nothing_is_owed() {
    let mut talk = talk();
    let since = talk.now;
    let halted = Trading::Halted { since, why: "kraken: maintenance".into() };
    let doings = talk.hear(sample!("kraken/status_maintenance"));
    assert_eq!(doings, [Doing::Trading { key: None, trading: halted }]);
    let doings = talk.hear(sample!("kraken/status"));
    assert_eq!(doings, [Doing::Trading { key: None, trading: Trading::Normal }]);
}

#[test]
fn one_candle_that_cannot_be_read_spoils_no_other() {
    let frame = sample!("kraken/ohlc_snapshot").replace("91000.1", "\"NaN\"");
    let doings = talk().hear(&frame);
    assert_eq!(rows(&doings).len(), 1);
    let [_, Doing::Undecodable { found, .. }, _] = &doings[..] else { panic!("{doings:?}") };
    assert!(found.starts_with("cannot read candle of BTC/USD from kraken: "), "{found}");
}

#[test]
fn history_names_the_row_before_because_kraken_leaves_out_the_one_it_is_given() {
    let query = bars(&key("BTC/USD", "1m"), "2025-11-30T13:59:00Z", None);
    assert_eq!(
        talk().url(&query),
        "https://api.kraken.com/0/public/OHLC?pair=XBTUSD&interval=1&since=1764511080"
    );
    // Here it has counted otherwise: the row of 13:58 comes too, and was not asked for.
    let (rows, next) = talk().answer_bars(&query, sample!("kraken/ohlc"));
    assert_eq!(
        lines(&rows),
        [
            "2025-11-30T13:59:00Z 91000.1 91020 90990.5 91011.2 1.25000001 n=14 Unsaid",
            "2025-11-30T14:00:00Z 91011.2 91030.9 91000 91030.9 0.41 n=5 Unsaid",
        ]
    );
    assert_eq!(next, None, "there is no older page");
}

#[test]
fn history_has_the_old_names_of_two_assets() {
    let mut talk = talk();
    let mut pair = |symbol: &str| {
        let url = talk.url(&bars(&key(symbol, "4h"), "2025-11-30T12:00:00Z", None));
        let (_, pair) = url.split_once("pair=").unwrap();
        pair.to_owned()
    };
    assert_eq!(pair("ETH/BTC"), "ETHXBT&interval=240&since=1764489600");
    assert_eq!(pair("DOGE/EUR"), "XDGEUR&interval=240&since=1764489600");
    assert_eq!(pair("SOL/USD"), "SOLUSD&interval=240&since=1764489600");
}

#[test]
fn flat_rows_of_history_keep_their_count_of_no_trades() {
    let mut talk = talk();
    assert_eq!(talk.vendor.traits().empty, EmptyInterval::NoBar);
    let query = bars(&key("BTC/USD", "1m"), "2025-11-30T13:58:00Z", None);
    let (rows, _) = talk.answer_bars(&query, sample!("kraken/ohlc"));
    assert_eq!(rows[0].n_trades, Some(0), "by which the shared part knows that it is no bar");
    assert!(rows.iter().all(|row| row.closing == Closing::Unsaid));
}

#[test]
fn what_is_not_committed_is_the_last_row_and_no_more() {
    // Kraken's `last` stands one row further back: two rows are not committed.
    let body = sample!("kraken/ohlc").replace(r#""last":1764511140"#, r#""last":1764511080"#);
    let query = bars(&key("BTC/USD", "1m"), "2025-11-30T13:58:00Z", None);
    let (rows, _) = talk().answer_bars(&query, &body);
    let opens: Vec<_> = rows.iter().map(|row| row.opens_at).collect();
    assert_eq!(opens, [at("2025-11-30T13:58:00Z"), at("2025-11-30T13:59:00Z")]);
    // Or it is the running row itself, or is not there: the last row runs.
    for last in [r#""last":1764511200"#, r#""least":0"#] {
        let body = sample!("kraken/ohlc").replace(r#""last":1764511140"#, last);
        assert_eq!(talk().answer_bars(&query, &body).0.len(), 3, "{last}");
    }
}

#[test]
fn a_committed_row_stays_also_where_the_rows_are_not_in_order() {
    let query = bars(&key("BTC/USD", "1m"), "2025-11-30T13:58:00Z", None);
    // That of 14:00 runs, and comes first; that of 14:01 is later than the one that runs.
    let body = r#"{"error":[],"result":{"XXBTZUSD":[
        [1764511200,"1","1","1","1","1","5",5],[1764511080,"1","1","1","1","1","5",5],
        [1764511260,"1","1","1","1","1","5",5],[1764511140,"1","1","1","1","1","5",5]],
        "last":1764511140}}"#;
    let (rows, _) = talk().answer_bars(&query, body);
    let opens: Vec<_> = rows.iter().map(|row| row.opens_at).collect();
    let due = ["2025-11-30T14:00:00Z", "2025-11-30T13:58:00Z", "2025-11-30T13:59:00Z"];
    assert_eq!(opens, due.map(at));
}

#[test]
fn an_error_shows_no_more_of_a_name_than_of_a_frame() {
    let name = "X".repeat(100_000);
    let frame = format!(r#"{{"channel":"ohlc","data":[{{"symbol":"{name}"}}]}}"#);
    let doings = talk().hear(&frame);
    let [Doing::Undecodable { found, .. }] = &doings[..] else { panic!("{} of it", doings.len()) };
    assert!(found.len() < 1_000, "{} bytes", found.len());
}

#[test]
fn the_newest_closed_bar_has_trades_and_does_not_run() {
    let query = Query::Newest { keys: vec![key("BTC/USD", "1m")] };
    let newest = talk().answer(&query, 200, sample!("kraken/ohlc"));
    let wanted = vec![(key("BTC/USD", "1m"), at("2025-11-30T13:59:00Z"))];
    assert_eq!(newest, Ok(Answer::Newest(wanted)));
}

#[test]
fn errors_come_with_status_200_and_say_when_to_ask_again() {
    let query = bars(&key("BTC/USD", "1m"), "2025-11-30T13:59:00Z", None);
    let ask = |status, body: &str| talk().answer(&query, status, body).unwrap_err();
    assert_eq!(
        ask(200, sample!("kraken/error_throttled")),
        AskFault::Wait {
            until: at("2025-11-30T14:02:00Z"),
            said: "EService:Throttled: 1764511320".into()
        }
    );
    assert_eq!(
        ask(200, sample!("kraken/error_rate")),
        AskFault::Wait {
            until: at("2025-11-30T14:00:05Z"),
            said: "EAPI:Rate limit exceeded".into()
        }
    );
    let asked_too_often = ask(200, r#"{"error":["WDeprecated","EGeneral:Too many requests"]}"#);
    assert!(matches!(asked_too_often, AskFault::Wait { .. }), "a warning before it is passed over");
    assert_eq!(
        ask(200, sample!("kraken/error_pair")),
        AskFault::Refused("EQuery:Unknown asset pair".into())
    );
    assert_eq!(ask(200, sample!("kraken/error_busy")), AskFault::Failed("EService:Busy".into()));
    assert!(matches!(ask(403, "no"), AskFault::Refused(_)));
    for (status, body) in [(404, ""), (200, "{}"), (200, r#"{"error":[],"result":{"last":1}}"#)] {
        assert!(matches!(ask(status, body), AskFault::Failed(_)), "{status} {body}");
    }
}

#[test]
fn its_list_has_the_names_of_today() {
    let request = kraken::listings(&kraken::endpoint());
    assert_eq!(request.url, "https://api.kraken.com/0/public/AssetPairs");
    let response = Response { status: 200, headers: &[], body: sample!("kraken/asset_pairs") };
    let list = kraken::read_listings(at("2025-11-30T14:00:00Z"), &response).unwrap();
    let listing = |name: &str, is_trading, status: &str| Listing {
        vendor_name: name.to_owned(),
        is_trading,
        status: status.to_owned(),
    };
    assert_eq!(
        list,
        [listing("DOGE/USD", false, "cancel_only"), listing("BTC/USD", true, "online")],
        "a pair that the stream has no name for is left out"
    );
}

#[test]
fn a_pair_without_a_trade_is_asked_for_beside_one_that_is_traded_all_the_time() {
    let query = Query::DayCount { key: key("NEW/USD", "1m") };
    let mut talk = talk();
    let url = talk.url(&query);
    assert_eq!(url, "https://api.kraken.com/0/public/Ticker?pair=XBTUSD,NEWUSD");
    let since = at("2025-11-29T14:02:00Z");
    let count = |n_trades| {
        Ok(Answer::DayCount(DayCount { since, n_trades, reach: CountReach::Busy(21_005) }))
    };
    let body = sample!("kraken/ticker");
    assert_eq!(talk.answer(&query, 200, body), count(0));
    assert_eq!(talk.answer(&query, 200, &body.replace("[0,0]", "[0,3]")), count(3));
    // Where it is left out it has no trade; where the busy one is, nothing is known.
    assert_eq!(talk.answer(&query, 200, &body.replace("NEWUSD\":{", "XXBTZUSD\":{")), count(0));
    assert!(talk.answer(&query, 200, &body.replace("XXBTZUSD", "XETHZUSD")).is_err());
    // The busy one itself.
    let query = Query::DayCount { key: key("BTC/USD", "1m") };
    assert!(talk.url(&query).ends_with("pair=XBTUSD"));
    assert_eq!(talk.answer(&query, 200, body), count(52_340));
}
