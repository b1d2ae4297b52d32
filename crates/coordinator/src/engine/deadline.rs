//! Until when outsiders of a live run may read without hearing of the core again.
//!
//! Each step says it, from the instant at which it began: what is published then is as of that instant,
//! however long the step takes. So a step that hangs, or loads for too long, leaves readers inactive
//! while it does; the next one that comes in time serves them again.
//!
//! Not here: how readers hold it against the clock ([`openbell_session_data::BoardWriter::hold_until`]).

use openbell_config::StreamingConfig;
use openbell_time::{CoarseClock, Nanos, Timestamp};

const LEAST_SLACK: Nanos = Nanos::from_secs(1);
const MOST_SLACK: Nanos = Nanos::from_secs(5);

/// What the core's promise to be heard again is made by.
pub(super) struct Promise {
    clock: CoarseClock,
    /// How much later than it means to it may be heard.
    slack: Nanos,
    step_began: Timestamp,
}

impl Promise {
    /// By `clock`, with the slack that the config allows: the lag over which a symbol is behind, since
    /// what is old by more than that is shown to nobody; at least one second, which a machine that is
    /// busy may take, and at most five.
    pub(super) fn new(clock: CoarseClock, config: &StreamingConfig) -> Promise {
        let threshold = Nanos::from_secs(i64::from(config.catchup_threshold_seconds));
        let slack = threshold.clamp(LEAST_SLACK, MOST_SLACK);
        Promise { step_began: clock.now(), clock, slack }
    }

    /// A step begins.
    pub(super) fn begin_step(&mut self) {
        self.step_began = self.clock.now();
    }

    /// Until when the core will be heard, where the next step is due `wait` after this one.
    pub(super) fn due_by(&self, wait: Nanos) -> Timestamp {
        let due_by = self.step_began.checked_add(self.slack);
        due_by.and_then(|due_by| due_by.checked_add(wait)).unwrap_or(Timestamp::MAX)
    }
}
