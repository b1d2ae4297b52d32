//! The day as phases: merge, lag, gate, commands, and the only hand on the clock.
