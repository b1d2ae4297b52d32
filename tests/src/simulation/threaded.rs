//! Consumers on threads of their own: lock-step they hear the same and lead to the same, and a free
//! one that cannot keep up changes nothing.
#![expect(clippy::disallowed_methods, reason = "the program gives consumers their threads")]

use openbell_coordinator::{
    Bars, Consumer, Context, Engine, OnError, Outcome, Resumed, SessionCommand, StepAt, Worker,
};
use openbell_time::Timestamp;

use super::draw::Draw;
use super::listener::Shared;
use crate::replay::repeat;

/// Notices that wait for a bystander: few, so that it lags.
const QUEUE_LEN: usize = 4;

/// Registers consumers, each inline or lock-step as `draw` has it, and a free bystander.
pub fn workers(
    engine: &mut Engine,
    consumers: Vec<(Box<dyn Consumer>, OnError)>,
    shared: &Shared,
    draw: &mut Draw,
) -> Vec<Worker> {
    let mut workers = Vec::new();
    for (consumer, rule) in consumers {
        if draw.chance(70) {
            workers.push(engine.register_lock_step(consumer, rule))
        } else {
            engine.register(consumer, rule)
        }
    }
    let bystander = Bystander { shared: shared.clone(), last: None };
    workers.push(engine.register_free(Box::new(bystander), OnError::StopRun, QUEUE_LEN));
    workers
}

/// Steps `engine` to its end while every seat runs on a thread, each of `commands` given where it
/// was taken. Returns the engine.
pub fn run(
    mut engine: Engine,
    workers: Vec<Worker>,
    commands: &[(StepAt, SessionCommand)],
) -> Engine {
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(move || worker.run());
        }
        // A panic drops the engine, which sends everyone home.
        repeat(&mut engine, commands);
        engine
    })
}

/// A free consumer: it sees now, which is never before what it was notified of, and never goes back.
struct Bystander {
    shared: Shared,
    last: Option<Timestamp>,
}

impl Bystander {
    fn look(&mut self, context: &Context<'_>, notified: Timestamp) -> Outcome {
        let now = context.view().instant();
        if now < notified || self.last.is_some_and(|last| now < last) {
            let complaint =
                format!("a free consumer sees {now}, notified of {notified}: {:?}", self.last);
            self.shared.complain(complaint);
        }
        self.last = Some(now);
        Ok(())
    }
}

impl Consumer for Bystander {
    fn name(&self) -> &str {
        "bystander"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let notified = bars.iter().map(|bar| bar.closes_at).max();
        self.look(context, notified.unwrap_or(Timestamp::MIN))
    }

    fn resumed(&mut self, context: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        self.look(context, resumed.at)
    }
}
