//! Consumers on threads of their own, as the program around a run gives them.
#![expect(clippy::disallowed_methods, reason = "the program gives consumers their threads")]

use openbell_coordinator::{Consumer, Delivery, Engine, OnError, Step, Worker, WorkerEnd};
use openbell_time::Timestamp;

use crate::story::{Finished, Story};

/// Registers `consumer` for that delivery; its seat is there where it needs a thread.
pub fn register(
    engine: &mut Engine,
    consumer: Box<dyn Consumer>,
    on_error: OnError,
    delivery: Delivery,
) -> Option<Worker> {
    match delivery {
        Delivery::Inline => {
            engine.register(consumer, on_error);
            None
        }
        Delivery::LockStep => Some(engine.register_lock_step(consumer, on_error)),
        Delivery::Free => Some(engine.register_free(consumer, on_error, 4096)),
    }
}

/// Steps to the end while every seat runs on a thread of its own.
pub fn finish_with_workers(mut story: Story, workers: Vec<Worker>) -> (Finished, Vec<WorkerEnd>) {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            workers.into_iter().map(|worker| scope.spawn(move || worker.run())).collect();
        let finished = step_to_end(&mut story.engine);
        let ends = threads.into_iter().map(|t| t.join().expect("a worker panics for nobody"));
        (finished, ends.collect())
    })
}

/// Steps to the end on simulated wall time, which goes on only where a step waits for it.
pub fn step_to_end(engine: &mut Engine) -> Finished {
    let mut wall = Timestamp::from_nanos(0);
    loop {
        match engine.step(wall) {
            Step::Ended(phase) => {
                let (events, report) = (engine.events().to_vec(), engine.report());
                return Finished { phase, events, report };
            }
            Step::Waits { until } => {
                wall = wall.max(until);
                std::thread::yield_now(); // It may be a seat that is not taken yet.
            }
            Step::Worked | Step::Paused => {}
        }
    }
}
