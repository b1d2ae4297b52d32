//! Consumers that do at random whatever a consumer can: the same log inline and lock-step, whatever
//! they do.
#![expect(clippy::disallowed_methods, reason = "a seed is taken back from the environment")]

use std::collections::BTreeSet;

use openbell_coordinator::{
    Answer, Bars, BeforeOpen, CallWindow, Consumer, Context, Delivery, OnError, Outcome, Ready,
    Resumed, SessionCommand,
};
use openbell_market::Symbol;
use openbell_tests::{Finished, Market, Story, finish_with_workers, register, sym};
use openbell_time::{Nanos, TimeOfDay, Timestamp};

const NAMES: [&str; 5] = ["AAPL", "AMZN", "MSFT", "NVDA", "NOSUCH"];

/// Acts by a sequence of numbers that its seed leads to.
struct Chaos {
    name: String,
    state: u64,
    /// Whether it may fail.
    fails: bool,
    joined: BTreeSet<Symbol>,
}

impl Chaos {
    fn draw(&mut self, n: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % n
    }

    fn symbol(&mut self) -> Symbol {
        sym(NAMES[self.draw(NAMES.len() as u64) as usize])
    }

    fn act(&mut self, context: &mut Context<'_>) -> Outcome {
        if self.draw(4) > 0 {
            return Ok(());
        }
        let symbol = self.symbol();
        match self.draw(9) {
            0 => context.add_symbols([symbol]),
            1 => context.add_symbols(NAMES.map(sym)),
            2 => context.remove_symbols([symbol]),
            3 => context.lock(symbol),
            4 => context.unlock(symbol),
            5 => {
                let past = context.history(&symbol, "5m".parse()?, 1);
                let n_bars = past.map_or(-1.0, |past| past.bars().count() as f64);
                context.signal(&symbol, "past", Some(n_bars));
            }
            6 if self.fails && self.draw(400) == 0 => return Err("enough".into()),
            7 if self.fails && self.draw(400) == 0 => panic!("enough"),
            _ => {
                let view = context.view();
                let volume = view
                    .symbol(symbol.as_str())
                    .ok()
                    .and_then(|symbol| symbol.metrics())
                    .map(|metrics| metrics.volume);
                context.signal(&symbol, "volume", volume);
            }
        }
        Ok(())
    }
}

impl Consumer for Chaos {
    fn name(&self) -> &str {
        &self.name
    }

    fn call_windows(&self) -> Vec<CallWindow> {
        let time = |hour, minute| TimeOfDay::from_hms(hour, minute, 30).unwrap();
        vec![CallWindow { start: time(9, 40), end: time(15, 0), every: Nanos::from_secs(660) }]
    }

    fn before_open(&mut self, context: &mut BeforeOpen<'_>) -> Outcome {
        let symbol = self.symbol();
        context.add_symbols([symbol]);
        Ok(())
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.act(context)
    }

    fn indicators_ready(&mut self, context: &mut Context<'_>, series: &[Ready]) -> Outcome {
        for ready in series {
            context.signal(&ready.symbol, "ready", None);
        }
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        self.act(context)
    }

    fn scheduled(&mut self, context: &mut Context<'_>) -> Outcome {
        self.act(context)
    }

    fn resumed(&mut self, context: &mut Context<'_>, _: &Resumed) -> Outcome {
        self.act(context)
    }

    fn symbol_joined(&mut self, context: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        self.joined.insert(symbol.clone());
        self.act(context)
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        self.joined.remove(symbol);
        self.draw(2);
        Ok(())
    }

    fn answered(&mut self, _: Timestamp, _: &SessionCommand, _: &Answer) -> Outcome {
        self.draw(2);
        Ok(())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        self.act(context)
    }
}

fn run(seed: u64, deliveries: [Delivery; 3]) -> Finished {
    let market = NAMES[..4].iter().fold(Market::new(), |market, name| {
        market.with_minutes(name, "2025-07-01", "2025-07-03", |_, minute| {
            !(minute as u64 + seed).is_multiple_of(17)
        })
    });
    let more = r#", "indicators": {"session": [{"name": "sma", "period": 4, "interval": "5m"}]}"#;
    let mut story =
        Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m", "1h"]"#, "2025-07-03", more, market);
    let mut workers = Vec::new();
    for (n, delivery) in deliveries.into_iter().enumerate() {
        let (name, state) =
            (format!("chaos {n}"), (seed * 3 + n as u64).wrapping_mul(0x9e37_79b9) | 1);
        let chaos = Chaos { name, state, fails: n > 0, joined: BTreeSet::new() };
        let on_error = if n == 1 { OnError::StopConsumer } else { OnError::StopRun };
        workers.extend(register(&mut story.engine, Box::new(chaos), on_error, delivery));
    }
    finish_with_workers(story, workers).0
}

#[test]
fn whatever_consumers_do_inline_and_lock_step_lead_to_one_log() {
    use Delivery::{Inline, LockStep};
    let given = std::env::var("CHAOS_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seeds = given.map_or(0..24, |seed: u64| seed..seed + 1);
    for seed in seeds {
        println!("CHAOS_SEED={seed}");
        let inline = run(seed, [Inline; 3]);
        for mix in [[LockStep; 3], [Inline, LockStep, Inline], [LockStep, LockStep, Inline]] {
            let other = run(seed, mix);
            assert_eq!(other.phase, inline.phase, "{:?}", other.report.failure);
            for (n, (ours, theirs)) in other.events.iter().zip(&inline.events).enumerate() {
                assert_eq!(ours, theirs, "event {n} of {mix:?}");
            }
            assert_eq!(other.events.len(), inline.events.len());
            assert_eq!(other.report.digest, inline.report.digest);
        }
    }
}
