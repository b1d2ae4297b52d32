//! Bars over HTTP keep the promises: none before its close, none while the session is not up to date.

use openbell_coordinator::Step;
use openbell_tests::{at, bar_at, sym, syms};
use openbell_time::{Nanos, Timestamp};
use openbell_wire::served::bars::BarsAnswer;

use crate::served_run::{Answer, DAY, Desk};

fn read(answer: &Answer) -> BarsAnswer {
    assert_eq!(answer.status, 200, "{}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn bars_are_those_of_the_store_as_columns() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let answer = read(&desk.get("/v1/bars?symbols=AAPL&interval=1m&last=2").await);
    let bars = &answer.series[0];
    assert_eq!(bars.first, Some(148));
    assert_eq!(bars.opens_at, ["2025-07-02T15:58:00Z", "2025-07-02T15:59:00Z"]);
    assert_eq!(bars.closes_at, ["2025-07-02T15:59:00Z", "2025-07-02T16:00:00Z"]);
    for (row, opens_at) in bars.opens_at.iter().enumerate() {
        let stored = bar_at("AAPL", instant(opens_at));
        assert_eq!((bars.open[row], bars.high[row]), (stored.open, stored.high));
        assert_eq!((bars.low[row], bars.close[row]), (stored.low, stored.close));
        assert_eq!(bars.volume[row], stored.volume);
    }
}

#[tokio::test(start_paused = true)]
async fn an_indicator_is_beside_its_bars_and_null_until_it_is_ready() {
    let mut desk = Desk::new();
    desk.go_to(9, 50);
    let path = "/v1/bars?symbols=AAPL&interval=5m&indicators=sma_3_5m";
    let answer = read(&desk.get(path).await);
    let bars = &answer.series[0];
    let sma = &bars.indicators["sma_3_5m"];
    assert_eq!((sma.len(), sma[0], sma[1]), (4, None, None));
    let mean = bars.close[..3].iter().sum::<f64>() / 3.0;
    assert!((sma[2].unwrap() - mean).abs() < 1e-9, "{sma:?}");
    let refused = desk.get("/v1/bars?symbols=AAPL&interval=5m&indicators=ema_3_5m").await;
    assert_eq!(refused.problem(), (404, "no_such_indicator".to_owned()));
    assert!(refused.text.contains("sma_3_5m"), "{}", refused.text);
}

#[tokio::test(start_paused = true)]
async fn looking_back_cuts_by_close() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let path = "/v1/bars?symbols=AAPL&interval=5m&as_of=2025-07-02T13:44:59Z";
    let answer = read(&desk.get(path).await);
    // 09:35 and 09:40 in New York; the bar of 09:40 closes at 09:45.
    assert_eq!(answer.series[0].closes_at, ["2025-07-02T13:35:00Z", "2025-07-02T13:40:00Z"]);
    let ahead = desk.get("/v1/bars?symbols=AAPL&as_of=2025-07-02T16:00:01Z").await;
    assert_eq!(ahead.problem(), (400, "bad_parameter".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn since_and_until_are_half_open_by_stamp() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let path = "/v1/bars?symbols=AAPL&since=2025-07-02T13:31:00Z&until=2025-07-02T13:33:00Z";
    let answer = read(&desk.get(path).await);
    assert_eq!(answer.series[0].opens_at, ["2025-07-02T13:31:00Z", "2025-07-02T13:32:00Z"]);
    assert_eq!(answer.series[0].first, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_bar_that_forms_is_told_apart_from_those_that_have_closed() {
    let mut desk = Desk::new();
    desk.go_to(9, 32);
    let path = "/v1/bars?symbols=AAPL&interval=5m&forming=true";
    let answer = read(&desk.get(path).await);
    let bars = &answer.series[0];
    assert!(bars.opens_at.is_empty());
    let forming = bars.forming.as_ref().unwrap();
    assert_eq!((forming.n, forming.until.as_str()), (2, "2025-07-02T13:35:00Z"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_says_why_and_where_to_ask() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    for (path, expected) in [
        ("/v1/bars", (400, "bad_parameter")),
        ("/v1/bars?symbols=AAPL&intervall=5m", (400, "unknown_parameter")),
        ("/v1/bars?symbols=AAPL&interval=7x", (400, "bad_parameter")),
        ("/v1/bars?symbols=AAPL&last=0", (400, "bad_parameter")),
        ("/v1/bars?symbols=AAPL&interval=15m", (404, "no_such_series")),
        ("/v1/bars?symbols=TSLA", (404, "not_a_member")),
    ] {
        let answer = desk.get(path).await;
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{path}");
        assert_eq!(answer.json()["instance"], path);
    }
    let missing = desk.get("/v1/bars?symbols=TSLA&interval=1m").await.json();
    assert_eq!(missing["why"], "/v1/why?symbol=TSLA&interval=1m");
}

#[tokio::test(start_paused = true)]
async fn at_every_instant_bars_are_fresh_and_closed_or_refused() {
    let mut desk = Desk::new();
    let (mut n_answers, mut n_refusals, mut has_asked) = (0, 0, false);
    loop {
        let step = desk.step();
        let clock = desk.story.engine.clock().now();
        if !has_asked && clock >= at(DAY, 12, 0) && clock < at(DAY, 16, 0) {
            has_asked = true;
            drop(desk.story.handle().add_symbols(syms(&["MSFT"])));
        }
        let is_active = desk.story.reader().view().is_ok();
        let answer = desk.get("/v1/bars?symbols=AAPL&interval=1m").await;
        match answer.status {
            200 => {
                n_answers += 1;
                let bars = read(&answer);
                let as_of = instant(&bars.as_of.instant);
                assert!(is_active && as_of <= clock);
                let closes = &bars.series[0].closes_at;
                assert!(closes.iter().all(|close| instant(close) <= as_of));
                // Every minute up to now is there.
                let n_minutes = (as_of - at(DAY, 9, 30)).as_nanos() / 60_000_000_000;
                assert_eq!(closes.len() as i64, n_minutes);
            }
            _ => {
                n_refusals += 1;
                assert!(!is_active);
                assert_eq!(answer.problem(), (409, "inactive".to_owned()));
            }
        }
        if matches!(step, Step::Ended(_)) {
            break;
        }
    }
    // 390 minutes; 150 bars of MSFT before noon are delivered while the gate is shut.
    assert!(n_answers >= 390 && n_refusals >= 149, "{n_answers} {n_refusals}");
}

#[tokio::test(start_paused = true)]
async fn an_inactive_session_says_since_when_why_and_who_is_behind() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    drop(desk.story.handle().add_symbols([sym("MSFT")]));
    let _ = desk.step();
    let problem = desk.get("/v1/bars?symbols=AAPL").await.json();
    assert_eq!(problem["since"], "2025-07-02T16:00:00Z");
    assert_eq!(problem["reason"]["name"], "catching_up");
    assert_eq!(problem["reason"]["holders"][0]["symbol"], "MSFT");
    let lag = Nanos::from_secs(8_940); // 12:00 less 09:31.
    assert_eq!(problem["reason"]["holders"][0]["lag_s"], lag.as_secs_f64());
}
