//! What is answered about the run: its state, its symbols, why there is no data, its log and facts.

use openbell_tests::{Story, syms};
use openbell_wire::engine::event_line;
use openbell_wire::served::status::{RunStatus, SymbolDetail, SymbolPage};

use crate::served_run::{DAY, Desk, HOST, market, story};
use openbell_service::Settings;

fn read<T: serde::de::DeserializeOwned>(answer: &crate::served_run::Answer) -> T {
    assert_eq!(answer.status, 200, "{}", answer.text);
    serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {}", answer.text))
}

#[tokio::test(start_paused = true)]
async fn the_state_says_whether_data_is_there_and_of_when_it_is() {
    let mut desk = Desk::new();
    let before: RunStatus = read(&desk.get("/v1/status").await);
    assert_eq!((before.status.phase.as_str(), before.status.gate.active), ("planned", false));
    assert_eq!((before.publication, before.log.next.as_str()), (None, "1-0"));
    desk.go_to(12, 0);
    let noon: RunStatus = read(&desk.get("/v1/status?symbols=all").await);
    assert_eq!(noon.status.clock.as_deref(), Some("2025-07-02T16:00:00Z"));
    assert!(noon.status.gate.active && noon.publication.is_some());
    assert_eq!(noon.status.symbols.len(), 1);
    assert_eq!(noon.status.symbols[0].n_delivered, 150); // From 09:30 to 12:00.
    assert_eq!(noon.log.next, format!("1-{}", desk.story.engine.events().len()));
    let none: RunStatus = read(&desk.get("/v1/status?symbols=none").await);
    assert!(none.status.symbols.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_has_the_state_already_gets_nothing_but_its_tag() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let first = desk.get("/v1/status").await;
    let tag = first.headers["etag"].clone();
    let again = async |desk: &Desk| {
        let mut request =
            crate::served_run::request(crate::served_run::Who::Reader, "GET", "/v1/status", "");
        request.headers_mut().insert("if-none-match", tag.clone());
        desk.send(request).await.status().as_u16()
    };
    assert_eq!(again(&desk).await, 304);
    let _ = desk.step();
    assert_eq!(again(&desk).await, 200);
}

#[tokio::test(start_paused = true)]
async fn one_state_is_made_for_all_who_ask_within_a_tenth_of_a_second() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let first = desk.get("/v1/status").await.text;
    let _ = desk.story.step(); // The wall stands.
    assert_eq!(desk.get("/v1/status").await.text, first);
    desk.wall.pass_ms(99);
    assert_eq!(desk.get("/v1/status").await.text, first);
    desk.wall.pass_ms(1);
    assert_ne!(desk.get("/v1/status").await.text, first);
}

#[tokio::test(start_paused = true)]
async fn symbols_come_in_pages_that_have_each_of_them_once() {
    let names = ["A", "B", "C", "D", "E"];
    let mut market = market();
    for name in names {
        market = market.with_all_minutes_of("US_EQUITY", name, DAY, DAY);
    }
    let story = Story::of(r#"["E", "D", "C", "B", "A"]"#, r#"["1m"]"#, DAY, "", market);
    let mut desk = Desk::of(story, Settings::of_hosts([HOST]));
    desk.go_to(9, 31);
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page: SymbolPage = read(&desk.get(&format!("/v1/symbols?limit=2{after}")).await);
        assert_eq!(page.n_found, 5);
        seen.extend(page.symbols.iter().map(|symbol| symbol.symbol.clone()));
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, names);
    let none: SymbolPage = read(&desk.get("/v1/symbols?state=dead").await);
    assert_eq!((none.n_found, none.n_symbols.live), (0, 5));
    let wrong = desk.get("/v1/symbols?state=asleep").await;
    assert_eq!(wrong.problem(), (400, "bad_parameter".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn one_symbol_says_what_can_be_read_of_it_and_while_it_cannot_nothing() {
    let mut desk = Desk::new();
    desk.go_to(12, 2);
    let detail: SymbolDetail = read(&desk.get("/v1/symbols/AAPL").await);
    let readable = detail.readable.unwrap();
    assert_eq!(readable.as_of.instant, "2025-07-02T16:02:00Z");
    let n_bars: Vec<(&str, &str, usize)> = readable
        .series
        .iter()
        .map(|series| (series.interval.as_str(), series.role.as_str(), series.n_bars))
        .collect();
    assert_eq!(n_bars, [("1m", "base", 152), ("5m", "derived", 30)]);
    assert!(readable.metrics.is_some());
    drop(desk.story.handle().add_symbols(syms(&["MSFT"])));
    let _ = desk.step();
    let shut: SymbolDetail = read(&desk.get("/v1/symbols/AAPL").await);
    assert_eq!((shut.readable, shut.gate.active), (None, false));
    let missing = desk.get("/v1/symbols/APPL").await;
    assert_eq!(missing.problem(), (404, "not_a_member".to_owned()));
    assert!(missing.text.contains("the nearest is AAPL"), "{}", missing.text);
}

#[tokio::test(start_paused = true)]
async fn why_is_what_the_handle_says() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let asked = desk.get("/v1/why?symbol=AAPL&interval=5m").await.json();
    assert_eq!(
        (&asked["verdict"], &asked["is_wrong"]),
        (&"nothing_is_wrong".into(), &false.into())
    );
    drop(desk.story.handle().add_symbols(syms(&["MSFT"])));
    let _ = desk.step();
    let held = desk.get("/v1/why?symbol=AAPL").await.json();
    assert_eq!(held["verdict"], "held_by_others");
    assert_eq!(held["holders"][0]["symbol"], "MSFT");
    let found = desk.story.handle().why(Some("AAPL".parse().unwrap()), None, None);
    assert_eq!(held["sentence"], found.to_string());
    let unknown = desk.get("/v1/why?symbole=AAPL").await;
    assert_eq!(unknown.problem(), (400, "unknown_parameter".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_log_is_that_of_the_event_file_line_by_line_and_is_read_on_by_identity() {
    let mut desk = Desk::new();
    desk.finish();
    let lines: Vec<String> = desk.story.engine.events().iter().map(event_line).collect();
    let whole = desk.get("/v1/events").await;
    assert_eq!(whole.text.lines().collect::<Vec<_>>(), lines);
    assert_eq!(whole.headers["content-type"], "application/jsonl");
    let (mut read, mut since) = (Vec::new(), String::new());
    loop {
        let page = desk.get(&format!("/v1/events?limit=2{since}")).await;
        if page.text.is_empty() {
            break;
        }
        read.extend(page.text.lines().map(str::to_owned));
        since = format!("&since={}", page.headers["openbell-next"].to_str().unwrap());
    }
    assert_eq!(read, lines);
    let gate = desk.get("/v1/gate").await.json();
    let kinds: Vec<&str> = gate["switches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|at| at["event"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["session_opened", "gate_opened", "session_closed", "gate_shut"]);
}

#[tokio::test(start_paused = true)]
async fn the_metrics_are_those_that_a_file_has() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let text = desk.get("/metrics").await.text;
    assert!(text.contains("\nopenbell_session_active 1\n"), "{text}");
    assert!(text.contains("\nopenbell_bars_delivered_total{interval=\"1m\"} 150\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn facts_are_those_of_the_session_file_its_plan_and_its_calendar() {
    let mut desk = Desk::new();
    let config = desk.get("/v1/config").await.json();
    assert_eq!(config["session_name"], "story");
    let plan = desk.get("/v1/plan").await.json();
    assert_eq!((&plan["base"], &plan["derived"][0]), (&"1m".into(), &"5m".into()));
    let calendar = desk.get("/v1/calendar").await.json();
    assert_eq!(calendar["zone"], "America/New_York");
    assert_eq!(calendar["sessions"][0]["open"], "2025-07-02T13:30:00Z");
    assert_eq!(desk.get("/v1/report").await.problem(), (409, "run_goes_on".to_owned()));
    desk.finish();
    desk.tap.end(serde_json::json!({"n_bars": 390}));
    assert_eq!(desk.get("/v1/report").await.json()["n_bars"], 390);
}

#[tokio::test(start_paused = true)]
async fn a_problem_leads_to_a_page_that_explains_it() {
    let desk = Desk::of(story(), Settings::of_hosts([HOST]));
    let refused = desk.get("/v1/bars?symbols=AAPL").await;
    assert_eq!(refused.problem(), (409, "inactive".to_owned()));
    let page = desk.get(refused.json()["type"].as_str().unwrap()).await;
    assert!(page.text.starts_with("inactive (409): the session is inactive\n"), "{}", page.text);
    assert_eq!(desk.get("/v1/problems/nothing").await.problem(), (404, "not_found".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_no_text_is_refused_as_everything_is() {
    let desk = Desk::new();
    for path in ["/v1/symbols/%FF", "/v1/commands/%FF", "/v1/problems/%FF"] {
        assert_eq!(desk.get(path).await.problem(), (400, "bad_parameter".to_owned()), "{path}");
    }
    let dots = desk.get("/v1/symbols/..%2F..%2Fetc%2Fpasswd").await;
    assert_eq!(dots.problem(), (404, "not_a_member".to_owned()), "no folder is behind a path");
}
