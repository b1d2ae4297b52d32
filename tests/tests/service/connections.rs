//! Connections: silent and slow ones end, and at the end all do.
#![expect(
    clippy::disallowed_methods,
    reason = "a clock that stands until everything waits says how long it would have been"
)]

use std::time::Duration;

use openbell_service::{Settings, serve};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{Client, SocketAddr, listener};
use crate::served_run::{Desk, READ, story};
use crate::streams::events;

/// A desk that is served on a port of this machine.
struct Open {
    desk: Desk,
    at: SocketAddr,
    end: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

fn open(change: impl FnOnce(Settings) -> Settings) -> Open {
    let (listener, at) = listener();
    let settings = change(Settings::of_hosts([at.to_string()]));
    let desk = Desk::of(story(), settings.clone());
    let (end, ended) = oneshot::channel();
    let shutdown = async { drop(ended.await) };
    let serving = tokio::spawn(serve(listener, desk.served.clone(), settings, shutdown));
    Open { desk, at, end, serving }
}

fn get(at: SocketAddr, path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {READ}\r\n{more}\r\n")
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_or_half_a_request_is_hung_up_on() {
    let open = open(|settings| settings);
    for said in ["", "GET /v1 HTTP/1.1\r\nHost: x\r\n"] {
        let began = tokio::time::Instant::now();
        let mut client = Client::connect(open.at).await;
        client.send(said).await;
        let _ = client.rest().await;
        let passed = began.elapsed();
        assert!(
            passed >= Duration::from_secs(10) && passed < Duration::from_secs(11),
            "{passed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answered_connection_is_kept_for_the_next_question_and_not_for_ever() {
    let open = open(|settings| settings);
    let mut client = Client::connect(open.at).await;
    for _ in 0..2 {
        client.send(&get(open.at, "/v1/status", "")).await;
        assert!(client.until("\"log\"").await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    let _ = client.rest().await; // It ends by itself.
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_long_and_one_with_too_many_headers_are_refused() {
    let open = open(|settings| settings);
    let long = format!("X-Long: {}\r\n", "a".repeat(20_000));
    let many: String = (0..80).map(|n| format!("X-{n}: a\r\n")).collect();
    for more in [long, many] {
        let mut client = Client::connect(open.at).await;
        client.send(&get(open.at, "/v1", &more)).await;
        let answer = client.rest().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_more_connection_than_there_is_room_for_waits_until_one_ends() {
    let open = open(|settings| Settings { connections: 1, streams: 0, ..settings });
    let mut first = Client::connect(open.at).await;
    first.send(&get(open.at, "/livez", "")).await;
    assert!(first.until("\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    let mut second = Client::connect(open.at).await;
    second.send(&get(open.at, "/livez", "Connection: close\r\n")).await;
    // The first says nothing more, so its time is over, and the second has its turn.
    assert!(second.rest().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_hung_up_on_and_its_place_is_free() {
    let mut open = open(|settings| Settings { connections: 1, streams: 0, ..settings });
    open.desk.go_to(15, 59);
    let mut dead = Client::connect(open.at).await;
    // So many answers, of some 50 kB each, are more than the system holds for a reader.
    let asked = get(open.at, "/v1/bars?symbols=AAPL", "");
    dead.send(&asked.repeat(400)).await;
    let began = tokio::time::Instant::now();
    let mut good = Client::connect(open.at).await;
    good.send(&get(open.at, "/v1", "Connection: close\r\n")).await;
    assert!(good.rest().await.starts_with("HTTP/1.1 200"));
    let passed = began.elapsed();
    assert!(passed >= Duration::from_secs(30) && passed < Duration::from_secs(35), "{passed:?}");
    drop(dead);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_is_resumed_on_another_connection_without_loss_or_repeat() {
    let mut open = open(|settings| settings);
    let path = "/v1/stream?topics=event&since=0";
    open.desk.go_to(12, 0);
    let mut first = Client::connect(open.at).await;
    first.send(&get(open.at, path, "")).await;
    let before = events(&first.until("gate_opened").await);
    drop(first);
    open.desk.finish();
    let last = before.last().unwrap().0.clone();
    let mut second = Client::connect(open.at).await;
    second.send(&get(open.at, path, &format!("Last-Event-ID: {last}\r\n"))).await;
    let after = events(&second.until("\"event\":\"completed\"").await);
    let lines = open.desk.story.engine.events().iter().map(openbell_wire::engine::event_line);
    let all: Vec<String> = lines.collect();
    let read: Vec<String> = before.into_iter().chain(after).map(|(_, line)| line).collect();
    assert_eq!(read, all);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_streams_say_goodbye_and_nobody_holds_the_server() {
    let open = open(|settings| settings);
    let mut stream = Client::connect(open.at).await;
    stream.send(&get(open.at, "/v1/stream", "")).await;
    let _ = stream.until("hello").await;
    let mut silent = Client::connect(open.at).await;
    silent.send("GET /v1 HTTP/1.1\r\n").await;
    open.end.send(()).unwrap();
    assert!(stream.rest().await.contains("event: bye"));
    let _ = silent.rest().await;
    open.serving.await.unwrap().unwrap();
}
