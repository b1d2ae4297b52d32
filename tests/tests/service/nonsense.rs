//! Whatever is asked, the answer is one of those that are written down: no request breaks anything.

use openbell_wire::served::problem::Problem;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::served_run::{Desk, Who, request};

/// Requests that are tried.
const N: usize = 5_000;

const PATHS: &[&str] = &[
    "/livez",
    "/readyz",
    "/metrics",
    "/v1",
    "/v1/status",
    "/v1/symbols",
    "/v1/symbols/AAPL",
    "/v1/symbols/%00",
    "/v1/why",
    "/v1/gate",
    "/v1/events",
    "/v1/bars",
    "/v1/config",
    "/v1/plan",
    "/v1/calendar",
    "/v1/report",
    "/v1/commands",
    "/v1/commands/1-c1",
    "/v1/stop",
    "/v1/problems/inactive",
    "/v1/../v1/status",
    "//v1/status",
];

const NAMES: &[&str] = &[
    "symbols",
    "symbol",
    "interval",
    "since",
    "until",
    "last",
    "limit",
    "after",
    "state",
    "sort",
    "kinds",
    "as_of",
    "trailing",
    "forming",
    "indicators",
    "from",
    "consumer",
    "wait_ms",
    "ready",
    "topics",
    "x",
    "",
];

const VALUES: &[&str] = &[
    "AAPL",
    "AAPL,MSFT",
    "1m",
    "5m",
    "1d",
    "0",
    "1",
    "-1",
    "1-0",
    "1-99999999999999999999",
    "2-3",
    "true",
    "false",
    "2025-07-02T16:00:00Z",
    "9999-12-31T23:59:59Z",
    "-262143-01-01T00:00:00Z",
    "lag",
    "live",
    "%",
    "%FF",
    "%00",
    "a%0Ab",
    "",
    "sma_3_5m",
    "18446744073709551616",
    "gate_shut",
    "open",
    "event",
];

const BODIES: &[&str] = &[
    "",
    "{}",
    "[]",
    "null",
    "1e999",
    "\u{feff}{}",
    "{\"name\":null}",
    "{\"name\":\"pause\"}",
    "{\"name\":\"step\",\"n\":-1}",
    "{\"name\":\"step\",\"n\":1e3}",
    "{\"name\":\"change_speed\",\"speed\":1e308}",
    "{\"name\":\"run_until\",\"until\":\"24:61\"}",
    "{\"name\":\"run_until\",\"until\":\"9999-12-31T23:59:59Z\"}",
    "{\"name\":\"add_symbols\",\"symbols\":[\"\\u0000\"]}",
    "{\"name\":\"add_symbols\",\"symbols\":[[[[]]]]}",
    "{\"name\":\"add_interval\",\"interval\":\"99999999999m\"}",
    "{\"name\":\"add_indicator\",\"indicator\":\"sma\",\"interval\":\"1m\",\"params\":{\"period\":-5}}",
    "{\"name\":\"signal\",\"signal\":{\"consumer\":\"\",\"symbol\":\"AAPL\",\"kind\":\"<script>\",\"value\":null}}",
    "{\"confirm\":\"another\"}",
    "{\"confirm\":1}",
    "{\"name\":\"lock\",\"symbol\":\"AAPL\"}",
];

/// A method, a path with a query, and a body.
fn asked() -> impl Strategy<Value = (&'static str, String, String)> {
    let pair = (select(NAMES), select(VALUES)).prop_map(|(name, value)| format!("{name}={value}"));
    let query = vec(pair, 0..4).prop_map(|pairs| pairs.join("&"));
    let path = (select(PATHS), query).prop_map(|(path, query)| format!("{path}?{query}"));
    let body = prop_oneof![
        select(BODIES).prop_map(str::to_owned),
        (select(BODIES), 0..200_usize).prop_map(|(body, cut)| body.chars().take(cut).collect()),
        Just("[".repeat(10_000)),
    ];
    let method =
        select(vec!["GET", "GET", "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);
    (method, path, body)
}

#[tokio::test(start_paused = true)]
async fn no_request_breaks_the_server_and_each_refusal_is_a_problem_that_is_written_down() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    // The same requests in each run.
    let mut runner = TestRunner::deterministic();
    let strategy = asked();
    for n in 0..N {
        let (method, path, body) = strategy.new_tree(&mut runner).unwrap().current();
        let response = desk.send(request(Who::Keeper, method, &path, &body)).await;
        let status = response.status().as_u16();
        let text = format!("{method} {path} {body:?}: {status}");
        assert!(
            [200, 202, 304, 400, 404, 405, 409, 413, 415, 422, 429, 503].contains(&status),
            "{text}"
        );
        let is_stream = response
            .headers()
            .get("content-type")
            .is_some_and(|media| media == "text/event-stream");
        if status >= 400 && method != "HEAD" && !path.starts_with("/readyz?") {
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{text}");
            let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            let problem: Problem = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem.status, status, "{text}");
        }
        assert!(!is_stream, "{text}");
        if n % 100 == 0 {
            let _ = desk.step();
        }
    }
    assert_eq!(desk.get("/v1/status").await.status, 200);
}
