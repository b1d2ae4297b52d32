//! A read-only dashboard: it polls views sixty times a second, beside a run at full speed that it
//! neither slows nor waits for.
//!
//! `cargo run --release -p openbell-coordinator --example dashboard`
#![expect(clippy::disallowed_methods, reason = "a dashboard is a thread of a program")]

mod generated;

use openbell_config::SessionConfig;
use openbell_coordinator::{Engine, Handle, Phase, run};
use openbell_time::{Nanos, SystemWall, TimeManager, WallClock};

use generated::Generated;

const SESSION: &str = r#"{
    "session_name": "a year", "mode": "backtest",
    "backtest_config": { "start_date": "2024-07-01", "end_date": "2025-06-30" },
    "session_data_config": {
        "symbols": ["AAPL", "AMZN", "META", "MSFT", "NVDA", "TSLA"],
        "streams": ["1m", "5m", "1h"]
    }
}"#;

/// A sixtieth of a second.
const FRAME: Nanos = Nanos::from_nanos(16_666_667);

/// Draws until the run is over. Returns the frames with data, and without.
fn draw(handle: &Handle) -> (u32, u32) {
    let (wall, mut reader) = (SystemWall::new(), handle.reader());
    let (mut n_active, mut n_inactive) = (0, 0);
    loop {
        match reader.view() {
            Ok(view) => {
                // All of one instant, whatever the run does meanwhile.
                let prices: Vec<String> = view
                    .symbols()
                    .filter_map(|symbol| view.symbol(symbol.as_str()).ok())
                    .filter_map(|symbol| Some(format!("{:.2}", symbol.metrics()?.last)))
                    .collect();
                println!("{}  {}", view.instant(), prices.join("  "));
                n_active += 1;
            }
            Err(inactive) => {
                println!("{inactive}");
                n_inactive += 1;
            }
        }
        if handle.status().phase.is_final() {
            return (n_active, n_inactive);
        }
        let _ = wall.wait_until(wall.now() + FRAME); // Woken or not: the next frame.
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (config, _) = SessionConfig::parse(SESSION)?;
    let source = Generated::of(&["AAPL", "AMZN", "META", "MSFT", "NVDA", "TSLA"])?;
    let mut engine = Engine::new(&config, &TimeManager::new(), Box::new(source))?;
    let handle = engine.handle();
    let wall = SystemWall::new();
    let (frames, phase) = std::thread::scope(|scope| {
        let dashboard = scope.spawn(move || draw(&handle));
        let phase = run(&mut engine, &wall, |_| std::ops::ControlFlow::Continue(()));
        (dashboard.join(), phase)
    });
    let took = wall.passed().as_secs_f64();
    let (n_active, n_inactive) = frames.map_err(|_| "the dashboard panicked")?;
    println!(
        "{} bars in {took:.2} s, {n_active} frames with data, {n_inactive} without",
        engine.report().n_bars
    );
    if phase == Phase::Closed { Ok(()) } else { Err("the run has failed".into()) }
}
