//! The loop around steps: pace, waiting, and the end.

use openbell_time::{Nanos, WallClock};

use crate::control::status::Phase;
use crate::engine::{Engine, Step};

/// How often a run that waits looks for commands.
const COMMAND_POLL: Nanos = Nanos::from_nanos(10_000_000);

/// Steps `engine` to its end by `wall`, and calls `between` after every step that did work; it
/// answers whether to go on.
///
/// *Cost*: blocks the thread until the run has ended, or `between` says stop: the run then stands
/// where it is, and can be stopped in order by its handle.
pub fn run(
    engine: &mut Engine,
    wall: &dyn WallClock,
    mut between: impl FnMut(&Engine) -> std::ops::ControlFlow<()>,
) -> Phase {
    loop {
        match engine.step(wall.now()) {
            Step::Ended(phase) => return phase,
            Step::Worked => {}
            Step::Waits { until } => {
                // Woken, stepped or not: the step says what is due.
                let _ = wall.wait_until(until.min(wall.now() + COMMAND_POLL));
            }
            Step::Paused => {
                let _ = wall.wait_until(wall.now() + COMMAND_POLL);
            }
        }
        if between(engine).is_break() {
            return engine.phase();
        }
    }
}
