//! The adds that are on their way, answered when their last symbol has joined.

use openbell_market::Symbol;

use super::core::Core;
use super::session::RunningSession;
use crate::control::command::{AddFailure, Added, Answer, Stay};
use crate::symbol::Membership;

impl Core {
    /// Answers the commands and adds that waited for a session which does not come.
    pub(super) fn abandon_carried(&mut self) {
        for pending in std::mem::take(&mut self.carried_adds) {
            pending.conclude(&mut self.record, Answer::Stopped);
        }
        self.loading.clear();
        self.deferred.clear(); // What is dropped answers *stopped*.
    }
}

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
                    pending.conclude(&mut core.record, answer);
                }
            }
        }
        for (origin, command, answer) in answers {
            core.keep_answer(&origin, &command, &answer);
        }
    }

    /// The session closes. What is on its way and was asked to stay goes on in the next; of the rest
    /// nothing follows.
    pub(super) fn carry_pending(&mut self, core: &mut Core) {
        core.loading.retain(|loading| loading.stay == Stay::Run);
        for mut pending in std::mem::take(&mut self.pending) {
            for (symbol, added) in pending.results.iter_mut().filter(|(_, added)| added.is_none()) {
                let member = self.find(symbol).ok().map(|at| &self.members[at]);
                let stays = member.is_some_and(|member| {
                    member.run.membership != Membership::Asked(Stay::Session)
                });
                if !stays && !core.is_loading(symbol) {
                    *added = Some(Added::Failed(AddFailure::SessionClosed));
                }
            }
            match pending.answer() {
                None => core.carried_adds.push(pending),
                Some(answer) => pending.conclude(&mut core.record, answer),
            }
        }
    }

    /// A symbol left while it was on its way: that is what became of adding it.
    pub(super) fn fail_pending(&mut self, symbol: &Symbol) {
        self.conclude_pending(symbol, &Added::Failed(AddFailure::RemovedWhileCatchingUp));
    }

    /// What became of adding a symbol that was on its way.
    pub(super) fn conclude_pending(&mut self, symbol: &Symbol, failed: &Added) {
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
            pending.conclude(&mut core.record, Answer::Stopped);
        }
    }
}
