//! A replay into a sink as a websocket is one: a free consumer writes what it is notified of, says what it
//! has missed, and never holds the run up. The day takes a second here; at full speed it would be
//! over before the consumer looks.
//!
//! `cargo run -p openbell-coordinator --example push_sink`
#![expect(clippy::disallowed_methods, reason = "a service has threads")]

mod generated;

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Bars, Consumer, Context, Engine, Lagged, OnError, Outcome, Resumed, run,
};
use openbell_time::{SystemWall, TimeManager};

use generated::Generated;

const SESSION: &str = r#"{
    "session_name": "pushed", "mode": "backtest",
    "backtest_config": { "start_date": "2025-07-02", "end_date": "2025-07-02", "speed_multiplier": 20000 },
    "session_data_config": { "symbols": ["AAPL", "MSFT"], "streams": ["1m", "5m"] }
}"#;

/// Messages that may wait at the sink; a real one has its socket's buffer.
const SINK_LEN: usize = 4096;

/// Notices that may wait for the consumer.
const QUEUE_LEN: usize = 64;

/// Writes messages as a socket would take them.
struct Push(SyncSender<String>);

impl Push {
    fn send(&self, message: String) -> Outcome {
        match self.0.try_send(message) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err("the client reads too slowly".into()),
            Err(TrySendError::Disconnected(_)) => Err("the client has gone".into()),
        }
    }
}

impl Consumer for Push {
    fn name(&self) -> &str {
        "push"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let view = context.view();
        for bar in bars {
            // A symbol may have left since: a free consumer sees now.
            let Ok(symbol) = view.symbol(bar.symbol.as_str()) else { continue };
            let Ok(series) = symbol.series(bar.interval) else { continue };
            let Some(row) = series.today().bar(bar.sequence) else { continue };
            self.send(format!(
                r#"{{"bar":"{}","interval":"{}","closes_at":"{}","close":{:.2}}}"#,
                bar.symbol, bar.interval, bar.closes_at, row.ohlcv.close
            ))?;
        }
        Ok(())
    }

    fn resumed(&mut self, _: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        self.send(format!(r#"{{"resumed":{}}}"#, resumed.epoch))
    }

    fn lagged(&mut self, _: &mut Context<'_>, lagged: &Lagged) -> Outcome {
        self.send(format!(r#"{{"lagged":{}}}"#, lagged.n_bars))
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        self.send(format!(r#"{{"closed":"{}"}}"#, context.session_date()))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (config, _) = SessionConfig::parse(SESSION)?;
    let source = Generated::of(&["AAPL", "MSFT"])?;
    let mut engine = Engine::new(&config, &TimeManager::new(), Box::new(source))?;
    let (sink, socket) = sync_channel(SINK_LEN);
    let worker = engine.register_free(Box::new(Push(sink)), OnError::StopConsumer, QUEUE_LEN);
    let (end, messages) = std::thread::scope(|scope| {
        let thread = scope.spawn(move || worker.run());
        let client = scope.spawn(move || socket.into_iter().collect::<Vec<String>>());
        run(&mut engine, &SystemWall::new(), |_| std::ops::ControlFlow::Continue(()));
        (thread.join(), client.join())
    });
    let messages = messages.map_err(|_| "the client panicked")?;
    let end = end.map_err(|_| "the worker panicked")?;
    let n_bars = messages.iter().filter(|message| message.starts_with(r#"{"bar"#)).count();
    for message in messages.iter().rev().take(3).rev() {
        println!("{message}");
    }
    println!("{end:?}: {} messages, {n_bars} of them bars of 936", messages.len());
    Ok(())
}
