//! Streams: every event once and in order, from wherever a reader was cut.

use axum::body::Body;
use http_body_util::BodyExt;
use openbell_service::Settings;
use openbell_wire::engine::event_line;

use crate::served_run::{Desk, HOST, Who, request, story};

/// A stream that is read piece by piece.
pub struct Reading {
    body: Body,
    pub text: String,
}

impl Reading {
    pub async fn begin(desk: &Desk, path: &str, last: Option<&str>) -> Reading {
        let mut asked = request(Who::Reader, "GET", path, "");
        if let Some(last) = last {
            asked.headers_mut().insert("last-event-id", last.parse().unwrap());
        }
        let response = desk.send(asked).await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Reading { body: response.into_body(), text: String::new() }
    }

    /// Reads a further piece; whether there was one.
    pub async fn piece(&mut self) -> bool {
        match self.body.frame().await {
            None => false,
            Some(frame) => {
                let bytes = frame.unwrap().into_data().unwrap();
                self.text.push_str(std::str::from_utf8(&bytes).unwrap());
                true
            }
        }
    }

    /// Reads until there is nothing new: until the stream says that it lives.
    pub async fn all(&mut self) {
        while !self.text.ends_with(": ping\n\n") && self.piece().await {}
        self.text = self.text.replace(": ping\n\n", "");
    }
}

/// The identities and the data of the events of the log in `text`.
pub fn events(text: &str) -> Vec<(String, String)> {
    let of = |message: &str| {
        let line = |name: &str| {
            message.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
        };
        Some((line("id: ")?, line("data: ")?))
    };
    text.split("\n\n").filter_map(of).collect()
}

fn logged(desk: &Desk) -> Vec<(String, String)> {
    let lines = desk.story.engine.events().iter().map(event_line);
    lines.enumerate().map(|(n, line)| (format!("1-{n}"), line)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_greets_and_tells_every_event_with_its_line_of_the_file() {
    let mut desk = Desk::new();
    let mut reading = Reading::begin(&desk, "/v1/stream?topics=event", None).await;
    desk.finish();
    reading.all().await;
    assert!(
        reading.text.starts_with("retry: 1000\n\nevent: hello\ndata: {\"run\":1,"),
        "{}",
        reading.text
    );
    assert_eq!(events(&reading.text), logged(&desk));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_cut_anywhere_goes_on_with_the_next_event() {
    let mut desk = Desk::new();
    desk.finish();
    let logged = logged(&desk);
    assert!(logged.len() >= 5);
    for (cut, (id, _)) in logged.iter().enumerate() {
        let mut reading = Reading::begin(&desk, "/v1/stream?topics=event", Some(id)).await;
        reading.all().await;
        assert_eq!(events(&reading.text), logged[cut + 1..], "after {id}");
        let path = format!("/v1/stream?topics=event&since={id}");
        let mut reading = Reading::begin(&desk, &path, None).await;
        reading.all().await;
        assert_eq!(events(&reading.text), logged[cut + 1..], "since {id}");
    }
    let mut whole = Reading::begin(&desk, "/v1/stream?since=0&topics=event", None).await;
    whole.all().await;
    assert_eq!(events(&whole.text), logged);
}

#[tokio::test(start_paused = true)]
async fn a_place_of_another_run_is_told_and_all_of_this_run_follows() {
    let mut desk = Desk::new();
    desk.finish();
    let mut reading = Reading::begin(&desk, "/v1/stream?topics=event", Some("7-3")).await;
    reading.all().await;
    assert!(reading.text.contains("event: run\ndata: {\"run\":1,"), "{}", reading.text);
    assert_eq!(events(&reading.text), logged(&desk));
}

#[tokio::test(start_paused = true)]
async fn the_state_is_told_when_it_is_another_and_not_more_than_four_times_a_second() {
    let mut desk = Desk::new();
    desk.go_to(12, 0);
    let mut reading = Reading::begin(&desk, "/v1/stream?topics=status", None).await;
    assert!(reading.piece().await);
    for _ in 0..100 {
        let _ = desk.step(); // Time stands meanwhile.
    }
    reading.all().await;
    let told: Vec<&str> =
        reading.text.lines().filter(|line| line.starts_with("data: {\"clock\"")).collect();
    assert_eq!(told.len(), 2, "{}", reading.text);
    assert!(told[0].contains("16:00:00Z") && told[1].contains("17:40:00Z"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn there_are_so_many_streams_and_no_more_until_one_is_gone() {
    let settings = Settings { streams: 2, ..Settings::of_hosts([HOST]) };
    let desk = Desk::of(story(), settings);
    let first = Reading::begin(&desk, "/v1/stream", None).await;
    let _second = Reading::begin(&desk, "/v1/stream", None).await;
    assert_eq!(desk.get("/v1/stream").await.problem(), (503, "too_many_streams".to_owned()));
    drop(first);
    assert_eq!(desk.served.n_streams(), 1);
    let _third = Reading::begin(&desk, "/v1/stream", None).await;
}

#[tokio::test(start_paused = true)]
async fn at_the_end_streams_have_all_events_and_say_why_they_end() {
    let mut desk = Desk::new();
    let mut reading = Reading::begin(&desk, "/v1/stream?topics=event", None).await;
    desk.finish();
    desk.served.end_streams();
    while reading.piece().await {}
    assert_eq!(events(&reading.text), logged(&desk));
    assert!(reading.text.ends_with("event: bye\ndata: {\"reason\":\"shutting_down\"}\n\n"));
    assert_eq!(desk.get("/v1/stream").await.problem(), (503, "shutting_down".to_owned()));
    assert_eq!(desk.get("/v1/status").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_topic_and_a_place_that_is_none_are_refused() {
    let desk = Desk::new();
    for path in ["/v1/stream?topics=evnt", "/v1/stream?since=yesterday", "/v1/events?since=1-x"] {
        assert_eq!(desk.get(path).await.problem(), (400, "bad_parameter".to_owned()), "{path}");
    }
}
