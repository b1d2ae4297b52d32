//! Who gets in: every path, by nobody, with a wrong token, with one that reads and one that controls.

use axum::body::Body;
use axum::http::Request;

use crate::served_run::{CONTROL, Desk, HOST, READ, Who, request};

/// Every path but the streams, with what a reader is answered.
const READ_PATHS: &[(&str, u16)] = &[
    ("/metrics", 200),
    ("/v1", 200),
    ("/v1/status", 200),
    ("/v1/symbols", 200),
    ("/v1/symbols/AAPL", 200),
    ("/v1/why", 200),
    ("/v1/gate", 200),
    ("/v1/events", 200),
    ("/v1/bars?symbols=AAPL", 200),
    ("/v1/config", 200),
    ("/v1/plan", 200),
    ("/v1/calendar", 200),
    ("/v1/report", 409),
    ("/v1/commands/1-c1", 404),
    ("/v1/problems/inactive", 200),
    ("/v1/nothing", 404),
];

/// Every path that gives a command, with a body that is refused, and how.
const CONTROL_PATHS: &[(&str, &str, u16)] =
    &[("/v1/commands?wait_ms=0", "{}", 422), ("/v1/stop?wait_ms=0", "{}", 422)];

#[tokio::test(start_paused = true)]
async fn every_path_wants_a_token_and_reading_needs_no_more_than_that() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    for (path, answered) in READ_PATHS {
        for who in Who::ALL {
            desk.wall.pass_ms(1_000);
            let answer = desk.ask(who, "GET", path, "").await;
            let expected = match who {
                Who::Nobody | Who::Stranger => 401,
                Who::Reader | Who::Keeper => *answered,
            };
            assert_eq!(answer.status, expected, "{path} by {who:?}: {}", answer.text);
            assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
            if expected == 401 {
                assert_eq!(answer.problem().1, "no_token");
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_needs_a_token_that_controls_before_its_body_is_looked_at() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    for (path, body, answered) in CONTROL_PATHS {
        for who in Who::ALL {
            desk.wall.pass_ms(1_000);
            let answer = desk.ask(who, "POST", path, body).await;
            let expected = match who {
                Who::Nobody | Who::Stranger => (401, "no_token"),
                Who::Reader => (403, "read_only"),
                Who::Keeper if path.contains("stop") => (*answered, "not_confirmed"),
                Who::Keeper => (*answered, "bad_body"),
            };
            assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{path} by {who:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_wants_a_token_too() {
    let desk = Desk::new();
    for who in Who::ALL {
        let response = desk.send(request(who, "GET", "/v1/stream", "")).await;
        let expected = if matches!(who, Who::Reader | Who::Keeper) { 200 } else { 401 };
        assert_eq!(response.status().as_u16(), expected, "{who:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_learns_whether_the_session_is_active_and_nothing_else() {
    let mut desk = Desk::new();
    let ask = async |desk: &Desk, path: &str| {
        let request = Request::builder().uri(path).header("host", "10.1.2.3:8430");
        let response = desk.send(request.body(Body::empty()).unwrap()).await;
        response.status().as_u16()
    };
    assert_eq!(ask(&desk, "/livez").await, 200);
    assert_eq!(ask(&desk, "/readyz").await, 503);
    assert_eq!(ask(&desk, "/readyz?ready=alive").await, 200);
    desk.go_to(12, 0);
    assert_eq!(ask(&desk, "/readyz").await, 200);
    desk.finish();
    assert_eq!(ask(&desk, "/readyz").await, 503);
    assert_eq!(ask(&desk, "/readyz?ready=alive").await, 503);
}

#[tokio::test(start_paused = true)]
async fn it_answers_to_its_own_name_alone_and_to_no_page_of_another_site() {
    /// A host, headers beside it, and the status of the answer.
    type Case = (&'static str, &'static [(&'static str, &'static str)], u16);
    let desk = Desk::new();
    let cases: &[Case] = &[
        (HOST, &[], 200),
        ("evil.example:8430", &[], 421),
        ("127.0.0.1", &[], 421),
        ("127.0.0.1:8431", &[], 421),
        ("127.0.0.1:8430.evil.example", &[], 421),
        (HOST, &[("origin", "http://127.0.0.1:8430")], 200),
        (HOST, &[("origin", "http://evil.example")], 403),
        (HOST, &[("origin", "null")], 403),
        (HOST, &[("origin", "http://127.0.0.1:8431")], 403),
        (HOST, &[("sec-fetch-site", "same-origin")], 200),
        (HOST, &[("sec-fetch-site", "none")], 200),
        (HOST, &[("sec-fetch-site", "cross-site")], 403),
        (HOST, &[("sec-fetch-site", "same-site")], 403),
        ("evil.example", &[("origin", "http://evil.example")], 421),
    ];
    for (host, headers, expected) in cases {
        let mut request = Request::builder().uri("/v1").header("host", *host);
        request = request.header("authorization", format!("Bearer {READ}"));
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let response = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status().as_u16(), *expected, "{host} {headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let desk = Desk::new();
    for hosts in [&[][..], &[HOST, HOST], &[HOST, "evil.example"]] {
        let mut request = Request::builder().uri("/v1");
        request = request.header("authorization", format!("Bearer {READ}"));
        for host in hosts {
            request = request.header("host", *host);
        }
        let response = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status().as_u16(), 421, "{hosts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_taken_from_its_header_alone() {
    let desk = Desk::new();
    for (path, name, value) in [
        ("/v1".to_owned(), "cookie", format!("token={CONTROL}")),
        ("/v1".to_owned(), "authorization", format!("Basic {CONTROL}")),
        ("/v1".to_owned(), "authorization", CONTROL.to_owned()),
        (format!("/v1?token={CONTROL}"), "x-token", CONTROL.to_owned()),
    ] {
        let request = Request::builder().uri(&path).header("host", HOST).header(name, &value);
        let response = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status().as_u16(), 401, "{path} {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_guesses_is_slowed_and_who_has_a_token_is_not() {
    let desk = Desk::new();
    let mut statuses = Vec::new();
    for _ in 0..15 {
        statuses.push(desk.ask(Who::Stranger, "GET", "/v1", "").await.status);
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[10..], [429; 5]);
    assert_eq!(desk.get("/v1").await.status, 200);
    let slowed = desk.ask(Who::Stranger, "GET", "/v1", "").await;
    assert_eq!(slowed.problem(), (429, "slow_down".to_owned()));
    assert_eq!(slowed.headers["retry-after"], "1");
    desk.wall.pass_ms(1_000);
    assert_eq!(desk.ask(Who::Stranger, "GET", "/v1", "").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn another_method_is_answered_with_those_that_there_are() {
    let desk = Desk::new();
    let answer = desk.ask(Who::Keeper, "POST", "/v1/status", "{}").await;
    assert_eq!(answer.problem(), (405, "method".to_owned()));
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    assert_eq!(desk.get("/v1/commands").await.problem(), (405, "method".to_owned()));
}
