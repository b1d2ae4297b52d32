//! A consumer that notes at every instant a number for everything that can be read.

use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{Bars, Consumer, Context, Digest, Outcome, view_print};
use openbell_time::Timestamp;

/// What a [`ViewLog`] has noted so far: an instant, and the number of its view.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<(Timestamp, Digest)>>>);

impl Notes {
    /// Everything, in order.
    pub fn all(&self) -> Vec<(Timestamp, Digest)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Notes at every instant at which bars close what can be read then.
pub struct ViewLog(pub Notes);

impl ViewLog {
    fn note(&mut self, context: &mut Context<'_>) -> Outcome {
        let view = context.view();
        let mut notes = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((view.instant(), view_print(&view)));
        Ok(())
    }
}

impl Consumer for ViewLog {
    fn name(&self) -> &str {
        "view_log"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.note(context)
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        self.note(context)
    }
}
