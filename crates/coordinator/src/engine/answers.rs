//! The adds that are on their way, answered when their last symbol has joined.

use openbell_market::Symbol;

use super::core::Core;
use super::session::RunningSession;
use crate::control::command::{AddFailure, Added, Answer};

impl RunningSession {
    /// Answers the adds of which every symbol has an outcome.
    pub(super) fn answer_pending(&mut self, core: &mut Core) {
        let mut answers = Vec::new();
        for mut pending in std::mem::take(&mut self.pending) {
            for (symbol, added) in pending.results.iter_mut().filter(|(_, added)| added.is_none()) {
                let position = self.find(symbol).ok();
                if let Some(position) = position.filter(|&at| !self.gate.is_joining(at)) {
                    let generation = self.members[position].run.generation;
                    *added = Some(Added::Added { generation });
                }
            }
            match pending.answer() {
                None => self.pending.push(pending),
                Some(answer) => {
                    answers.push((pending.origin.clone(), pending.command.clone(), answer.clone()));
                    pending.conclude(core, answer);
                }
            }
        }
        for (origin, command, answer) in answers {
            core.keep_answer(&origin, &command, &answer);
        }
    }

    /// A symbol left while it was on its way: that is what became of adding it.
    pub(super) fn fail_pending(&mut self, symbol: &Symbol) {
        let failed = Added::Failed(AddFailure::RemovedWhileCatchingUp);
        for pending in &mut self.pending {
            for (asked, added) in &mut pending.results {
                if asked == symbol && added.is_none() {
                    *added = Some(failed.clone());
                }
            }
        }
    }

    /// Answers the adds that are on their way as *stopped*: they were taken, so a replay must meet
    /// them, and nothing follows that they could become.
    pub(super) fn abandon_pending(&mut self, core: &mut Core) {
        for pending in std::mem::take(&mut self.pending) {
            pending.conclude(core, Answer::Stopped);
        }
    }
}
