//! A consumer that fails at an instant of the story.

use openbell_coordinator::{Bars, Consumer, Context, Outcome};
use openbell_time::Timestamp;

use crate::story::sym;

/// Gives a last signal and fails at the first bars that close at or after an instant, by an error
/// or by a panic, with the words *out of luck*.
pub struct Breaks {
    /// When.
    pub at: Timestamp,
    /// Whether by a panic.
    pub panics: bool,
}

impl Consumer for Breaks {
    fn name(&self) -> &str {
        "breaks"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        if context.view().instant() < self.at {
            return Ok(());
        }
        context.signal(&sym("AAPL"), "last words", None);
        assert!(!self.panics, "out of luck");
        Err("out of luck".into())
    }
}
