//! The loop around steps: pace, waiting, and the end.

use std::ops::ControlFlow;
use std::sync::Arc;

use openbell_time::{Nanos, Timestamp, WaitEnd, WallClock};

use crate::control::status::Phase;
use crate::engine::{Engine, Step};

/// How often a run that is not woken looks for commands and arrivals while it waits.
const POLL: Nanos = Nanos::from_nanos(10_000_000);

/// Steps `engine` to its end by `wall`, and calls `between` after every step; it answers whether to go
/// on. While it waits it looks for commands, and live for arrivals, each ten milliseconds.
///
/// *Cost*: blocks the thread until the run has ended, or `between` says stop: the run then stands
/// where it is, and can be stopped in order by its handle.
pub fn run(
    engine: &mut Engine,
    wall: &dyn WallClock,
    between: impl FnMut(&mut Engine) -> ControlFlow<()>,
) -> Phase {
    drive(engine, wall, |until, now| until.min(now + POLL), between)
}

/// As [`run`], for a program whose feeds wake `wall` ([`WallClock::wake`]) when something has arrived:
/// between two steps nothing is polled. A command wakes it by itself, whichever handle gives it; else it
/// waits for the next instant at which something is due, which is at most a second ahead while a live
/// session is open.
///
/// *Cost*: as [`run`]; no time of the processor while nothing arrives and nothing is due.
pub fn run_by_event(
    engine: &mut Engine,
    wall: &Arc<dyn WallClock>,
    between: impl FnMut(&mut Engine) -> ControlFlow<()>,
) -> Phase {
    engine.wake_by(Arc::clone(wall));
    drive(engine, wall.as_ref(), |until, _| until, between)
}

/// Steps `engine` by `wall`, and waits where it waits, for as long as `wait_until` makes of it.
fn drive(
    engine: &mut Engine,
    wall: &dyn WallClock,
    wait_until: impl Fn(Timestamp, Timestamp) -> Timestamp,
    mut between: impl FnMut(&mut Engine) -> ControlFlow<()>,
) -> Phase {
    loop {
        let until = match engine.step(wall.now()) {
            Step::Ended(phase) => return phase,
            Step::Worked => None,
            Step::Waits { until } => Some(until),
            Step::Paused => Some(Timestamp::MAX),
        };
        if let Some(until) = until {
            // However it ends, the step says what is due.
            if wall.wait_until(wait_until(until, wall.now())) == WaitEnd::Stepped {
                engine.note_clock_steps(wall.take_steps());
            }
        }
        if between(engine).is_break() {
            return engine.phase();
        }
    }
}
