//! Commands over HTTP: given once, answered by a ticket, refused in words.

use crate::served_run::{Desk, Who, request};

#[tokio::test(start_paused = true)]
async fn an_added_symbol_is_answered_once_it_has_caught_up() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let body = r#"{"name":"add_symbols","symbols":["MSFT","AAPL","TSLA"]}"#;
    let waiting = desk.command(body).await;
    assert_eq!(waiting.status, 202, "{}", waiting.text);
    let place = waiting.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(place, "/v1/commands/1-c1");
    assert_eq!(desk.get(&place).await.json()["state"], "waiting");
    for _ in 0..200 {
        let _ = desk.step();
    }
    let answered = desk.get(&place).await.json();
    assert_eq!(answered["state"], "answered");
    let each = answered["answer"].as_array().unwrap();
    assert_eq!(each[0], serde_json::json!({"symbol": "MSFT", "added": 1}));
    assert_eq!(each[1], serde_json::json!({"symbol": "AAPL", "present": true}));
    assert!(each[2]["refused"].as_str().unwrap().contains("TSLA"), "{answered}");
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_its_answer_as_long_as_it_says() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let asked = request(Who::Keeper, "POST", "/v1/commands?wait_ms=5000", r#"{"name":"pause"}"#);
    let (answer, ()) = tokio::join!(desk.send(asked), async {
        tokio::task::yield_now().await;
    });
    // The core took no step: time was over.
    assert_eq!(answer.status().as_u16(), 202);
    let _ = desk.step();
    assert_eq!(desk.get("/v1/commands/1-c1").await.json()["answer"], "done");
    let wrong = desk.ask(Who::Keeper, "POST", "/v1/commands?wait_ms=30001", "{}").await;
    assert_eq!(wrong.problem(), (400, "bad_parameter".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn whoever_gave_a_command_finds_what_it_did_in_the_next_state() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    assert_eq!(desk.get("/v1/status").await.json()["is_paused"], false);
    let _ = desk.command(r#"{"name":"pause"}"#).await;
    let _ = desk.story.step(); // The wall stands, so that the state is not old yet.
    assert_eq!(desk.get("/v1/status").await.json()["is_paused"], true);
}

#[tokio::test(start_paused = true)]
async fn a_retry_by_its_key_steps_once_and_another_body_with_it_is_refused() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let _ = desk.command(r#"{"name":"pause"}"#).await;
    let _ = desk.step();
    let before = desk.story.engine.clock().now();
    let give = async |desk: &Desk, body: &str| {
        let mut asked = request(Who::Keeper, "POST", "/v1/commands?wait_ms=0", body);
        asked.headers_mut().insert("idempotency-key", "once".parse().unwrap());
        desk.send(asked).await.status().as_u16()
    };
    for _ in 0..3 {
        assert_eq!(give(&desk, r#"{"name":"step"}"#).await, 202);
    }
    assert_eq!(give(&desk, r#"{"name":"step","n":2}"#).await, 422);
    for _ in 0..10 {
        let _ = desk.step();
    }
    let passed = desk.story.engine.clock().now() - before;
    assert_eq!(passed.as_secs_f64(), 60.0);
}

#[tokio::test(start_paused = true)]
async fn several_steps_are_one_command() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let _ = desk.command(r#"{"name":"pause"}"#).await;
    let _ = desk.step();
    let before = desk.story.engine.clock().now();
    let steps = desk.command(r#"{"name":"step","n":7}"#).await;
    for _ in 0..20 {
        let _ = desk.step();
    }
    let passed = desk.story.engine.clock().now() - before;
    assert_eq!(passed.as_secs_f64(), 420.0);
    let ticket = desk.get(steps.headers["location"].to_str().unwrap()).await.json();
    assert_eq!((&ticket["name"], &ticket["answer"]), (&"step".into(), &"done".into()));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_makes_no_sense_now_is_refused_in_words() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let _ = desk.command(r#"{"name":"resume"}"#).await;
    let _ = desk.step();
    // The answer is there, and the same key of a retry finds it; a new request is refused at once.
    let ticket = desk.get("/v1/commands/1-c1").await.json();
    assert_eq!(ticket["answer"], serde_json::json!({"refused": "the run is not paused"}));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_command_is_refused_with_its_place() {
    let desk = Desk::new();
    for (body, code, said) in [
        (r#"{"name":"puase"}"#, "bad_body", "the nearest is pause"),
        (r#"{"name":"stop"}"#, "bad_body", "POST /v1/stop"),
        (r#"{"name":"add_symbols","symbols":["A B"]}"#, "bad_body", "A B"),
        ("", "bad_body", "it is not JSON"),
    ] {
        let answer = desk.command(body).await;
        assert_eq!(answer.problem(), (422, code.to_owned()), "{body}");
        assert!(answer.text.contains(said), "{}", answer.text);
    }
    let mut text = request(Who::Keeper, "POST", "/v1/commands", "{}");
    text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(desk.send(text).await.status().as_u16(), 415);
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(64 * 1024));
    assert_eq!(desk.command(&large).await.problem(), (413, "too_large".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn where_the_queue_is_full_the_next_command_is_told_to_wait() {
    let desk = Desk::new();
    for _ in 0..1024 {
        assert_eq!(desk.command(r#"{"name":"pause"}"#).await.status, 202);
    }
    let full = desk.command(r#"{"name":"pause"}"#).await;
    assert_eq!(full.problem(), (429, "queue_full".to_owned()));
    assert_eq!(full.headers["retry-after"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_ended_by_whoever_names_its_session() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let path = "/v1/stop?wait_ms=0";
    let wrong = desk.ask(Who::Keeper, "POST", path, r#"{"confirm":"another"}"#).await;
    assert_eq!(wrong.problem(), (422, "not_confirmed".to_owned()));
    let right = desk.ask(Who::Keeper, "POST", path, r#"{"confirm":"story"}"#).await;
    assert_eq!(right.status, 202);
    desk.finish();
    assert_eq!(desk.get("/v1/commands/1-c1").await.json()["answer"], "done");
    assert_eq!(desk.get("/v1/status").await.json()["phase"], "stopped");
    let over = desk.ask(Who::Keeper, "POST", path, r#"{"confirm":"story"}"#).await;
    assert_eq!(over.problem(), (409, "run_over".to_owned()));
    let late = desk.command(r#"{"name":"lock","symbol":"AAPL"}"#).await;
    assert!(matches!(late.status, 200..=409), "{}", late.text);
}
