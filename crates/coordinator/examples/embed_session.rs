//! A session inside a service: a feed of its own, a consumer on a thread of its own, adds and
//! removes from another thread, and a poller that says why the session is inactive.
//!
//! `cargo run -p openbell-coordinator --example embed_session`
#![expect(clippy::disallowed_methods, reason = "a service has threads")]

mod generated;

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Answer, Bars, Consumer, Context, Engine, OnError, Outcome, Resumed, Step, Subscription,
};
use openbell_market::Symbol;
use openbell_time::TimeManager;
use openbell_time::Timestamp;

use generated::Generated;

const SESSION: &str = r#"{
    "session_name": "embedded", "mode": "backtest",
    "backtest_config": { "start_date": "2025-07-02", "end_date": "2025-07-02" },
    "session_data_config": { "symbols": ["AAPL"], "streams": ["1m", "15m"] }
}"#;

/// Prints the quarter hours of what is there.
struct Quarters;

impl Consumer for Quarters {
    fn name(&self) -> &str {
        "quarters"
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().matching(|_, interval| interval.to_string() == "15m")
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let view = context.view();
        if bars.iter().any(|bar| bar.sequence % 4 == 3) {
            let symbols: Vec<&str> = view.symbols().map(Symbol::as_str).collect();
            println!("{}: {} closed for {}", view.instant(), bars.len(), symbols.join(", "));
        }
        Ok(())
    }

    fn resumed(&mut self, _: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        for skipped in &resumed.skipped {
            println!(
                "{}: resumed, {} {} bars of {} were not announced",
                resumed.at,
                skipped.n_bars(),
                skipped.interval,
                skipped.symbol
            );
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (config, _) = SessionConfig::parse(SESSION)?;
    let source = Generated::of(&["AAPL", "MSFT"])?;
    let mut engine = Engine::new(&config, &TimeManager::new(), Box::new(source))?;
    let worker = engine.register_lock_step(Box::new(Quarters), OnError::StopRun);
    let handle = engine.handle();
    let noon: Timestamp = "2025-07-02T16:00:00Z".parse()?;

    std::thread::scope(|scope| {
        scope.spawn(move || worker.run());
        let mut trader = None;
        let mut was_inactive = None;
        loop {
            match engine.step(Timestamp::from_nanos(0)) {
                Step::Ended(phase) => {
                    println!("{}, digest {}", phase.name(), engine.report().digest);
                    return;
                }
                Step::Waits { .. } | Step::Paused => std::thread::yield_now(),
                Step::Worked => {}
            }
            // At noon another part of the service asks for a symbol, waits for it, lets it go.
            if engine.clock().now() >= noon && trader.is_none() {
                let pause = handle.pause(); // So that the example prints the same every time.
                let asker = handle.clone();
                trader = Some(scope.spawn(move || {
                    drop(pause.wait());
                    let msft = [Symbol::new("MSFT").expect("a symbol")];
                    let added = asker.add_symbols(msft.clone()).wait();
                    if let Ok(Answer::Added(each)) = added {
                        println!("added: {each:?}");
                    }
                    drop(asker.remove_symbols(msft).wait());
                    println!("let go; members: {:?}", asker.loaded_symbols());
                    drop(asker.resume());
                }));
            }
            // Why is there no data? One call answers.
            let inactive = handle.status().inactive.map(|inactive| inactive.to_string());
            if inactive != was_inactive {
                match &inactive {
                    Some(why) if why.contains("catching up") => println!("{why}"),
                    _ => {}
                }
                was_inactive = inactive;
            }
        }
    });
    Ok(())
}
