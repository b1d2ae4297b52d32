//! A story that is served, and asked without sockets.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use openbell_coordinator::Step;
use openbell_service::{LogTap, Role, Served, ServedRun, Settings, Tokens, router};
use openbell_tests::{Market, Story};
use openbell_time::{Timestamp, WaitEnd, WallClock};
use serde_json::Value;
use tower::ServiceExt;

pub const DAY: &str = "2025-07-02";
pub const HOST: &str = "127.0.0.1:8430";
pub const READ: &str = "reader-0123456789abcdef";
pub const CONTROL: &str = "keeper-0123456789abcdef";

/// A clock on the wall that stands until it is moved on.
#[derive(Default)]
pub struct Standing(std::sync::atomic::AtomicI64);

impl Standing {
    /// Moves it on by so many milliseconds.
    pub fn pass_ms(&self, ms: i64) {
        self.0.fetch_add(ms * 1_000_000, std::sync::atomic::Ordering::SeqCst);
    }
}

impl WallClock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn wait_until(&self, _: Timestamp) -> WaitEnd {
        panic!("nobody waits by this clock")
    }

    fn wake(&self) {}
}

/// A story that is served.
pub struct Desk {
    pub story: Story,
    pub tap: LogTap,
    pub served: Served,
    pub wall: Arc<Standing>,
    router: Router,
    n_told: usize,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    Nobody,
    Stranger,
    Reader,
    Keeper,
}

impl Who {
    pub const ALL: [Who; 4] = [Who::Nobody, Who::Stranger, Who::Reader, Who::Keeper];

    pub fn token(self) -> Option<&'static str> {
        match self {
            Who::Nobody => None,
            Who::Stranger => Some("nobody-0123456789abcdef"),
            Who::Reader => Some(READ),
            Who::Keeper => Some(CONTROL),
        }
    }
}

/// Two symbols of which AAPL is a member, with bars for every minute of the day.
pub fn market() -> Market {
    Market::new().with_all_minutes_of("US_EQUITY", "AAPL", DAY, DAY).with_all_minutes_of(
        "US_EQUITY",
        "MSFT",
        DAY,
        DAY,
    )
}

/// The story over it.
pub fn story() -> Story {
    let indicators =
        r#", "indicators": {"session": [{"name": "sma", "period": 3, "interval": "5m"}]}"#;
    Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, indicators, market())
}

impl Desk {
    pub fn new() -> Desk {
        Desk::of(story(), Settings::of_hosts([HOST]))
    }

    pub fn of(story: Story, settings: Settings) -> Desk {
        let wall = Arc::new(Standing::default());
        let tap = LogTap::new(wall.now());
        let tokens = Tokens::new().with(Role::Read, READ).unwrap();
        let tokens = tokens.with(Role::Control, CONTROL).unwrap();
        let run = ServedRun {
            program: "story 1.0".to_owned(),
            run: 1,
            handle: story.handle(),
            plan: story.engine.plan(),
            log: tap.clone(),
            wall: Arc::clone(&wall) as Arc<dyn WallClock>,
            figures: Arc::new(|_| {}),
        };
        let served = Served::new(run, tokens, settings);
        let router = router(served.clone());
        Desk { story, tap, served, wall, router, n_told: 0 }
    }

    /// Steps once, and leaves what happened in the log, as a program does between two steps.
    pub fn step(&mut self) -> Step {
        let step = self.story.step();
        self.tell();
        step
    }

    /// Leaves what is new in the log. The state that is shared is too old from here on.
    pub fn tell(&mut self) {
        let events = self.story.engine.events();
        self.tap.append(&events[self.n_told..], self.wall.now());
        self.n_told = events.len();
        self.wall.pass_ms(100);
    }

    /// Steps until the clock stands at that time of New York's day, or further.
    pub fn go_to(&mut self, hour: u32, minute: u32) {
        let until = openbell_tests::at(DAY, hour, minute);
        while self.story.handle().status().clock.is_none_or(|clock| clock < until) {
            let _ = self.step();
        }
    }

    /// Steps to the end.
    pub fn finish(&mut self) {
        while !matches!(self.step(), Step::Ended(_)) {}
    }

    /// Asks with the answer as it comes.
    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("a router answers")
    }

    pub async fn ask(&self, who: Who, method: &str, path: &str, body: &str) -> Answer {
        let response = self.send(request(who, method, path, body)).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body in memory").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status: head.status.as_u16(), headers: head.headers, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Who::Reader, "GET", path, "").await
    }

    pub async fn command(&self, body: &str) -> Answer {
        self.ask(Who::Keeper, "POST", "/v1/commands?wait_ms=0", body).await
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The status and the code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }
}

/// A request by `who`, to the host that is answered.
pub fn request(who: Who, method: &str, path: &str, body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", HOST);
    if let Some(token) = who.token() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if method == "POST" {
        request = request.header("content-type", "application/json");
    }
    request.body(Body::from(body.to_owned())).expect("a request")
}
