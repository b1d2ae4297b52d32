//! A run inside a server of one's own: its paths beside those of the service, behind the gatekeeper.
//!
//! ```console
//! cargo run -p openbell-service --example mount_in_axum
//! ```

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::get;
use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Source, Step, UnknownSymbol};
use openbell_data_manager::{DataError, Feed, MemoryFeed};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_service::{LogTap, Role, Served, ServedRun, Settings, Tokens, router};
use openbell_time::{Calendar, Nanos, SystemWall, TimeManager, Timestamp, WallClock};
use tower::ServiceExt;

const SESSION: &str = r#"{
  "session_name": "mounted", "mode": "backtest",
  "backtest_config": { "start_date": "2025-07-02", "end_date": "2025-07-02" },
  "session_data_config": { "symbols": ["AAPL"], "streams": ["1m", "5m"] }
}"#;
const HOST: &str = "bars.example";
const TOKEN: &str = "an-example-0123456789abcdef";

/// Ten minutes of one symbol.
struct TenMinutes;

impl Source for TenMinutes {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        BarInterval::from_mins(1).filter(|_| symbol.as_str() == "AAPL").into_iter().collect()
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the example".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let mut rows = BarColumns::default();
        let mut opens_at: Timestamp = "2025-07-02T13:30:00Z".parse().expect("an instant");
        for price in 100..110 {
            let close = f64::from(price);
            rows.push(opens_at, Ohlcv { open: close, high: close, low: close, close, volume: 1.0 });
            opens_at += Nanos::from_secs(60);
        }
        Ok(Box::new(MemoryFeed::new(key.clone(), rows)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (config, _) = SessionConfig::parse(SESSION)?;
    let mut engine = Engine::new(&config, &TimeManager::new(), Box::new(TenMinutes))?;

    let wall: Arc<dyn WallClock> = Arc::new(SystemWall::new());
    let log = LogTap::new(wall.now());
    let run = ServedRun {
        program: "mount_in_axum".to_owned(),
        run: 1,
        handle: engine.handle(),
        plan: engine.plan(),
        log: log.clone(),
        wall: Arc::clone(&wall),
        figures: Arc::new(|_| {}),
    };
    let tokens = Tokens::new().with(Role::Control, TOKEN)?;
    let served = Served::new(run, tokens, Settings::of_hosts([HOST]));

    // The server of the service: its own paths, and those of the run beside them.
    let server = Router::new().route("/mine", get(async || "mine")).merge(router(served));

    // The core steps where it likes; here up to 09:40 in New York, on this thread.
    let until: Timestamp = "2025-07-02T13:40:00Z".parse()?;
    let mut n_told = 0;
    while engine.clock().now() < until {
        if let Step::Ended(_) = engine.step(wall.now()) {
            break;
        }
        log.append(&engine.events()[n_told..], wall.now());
        n_told = engine.events().len();
    }

    for path in ["/mine", "/v1/why?symbol=AAPL", "/v1/bars?symbols=AAPL&interval=5m"] {
        let request = Request::builder()
            .uri(path)
            .header("host", HOST)
            .header("authorization", format!("Bearer {TOKEN}"));
        let response = server.clone().oneshot(request.body(Body::empty())?).await?;
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await?;
        println!("{path}: {status}\n{}\n", String::from_utf8_lossy(&body));
        assert!(status.is_success());
    }
    Ok(())
}
