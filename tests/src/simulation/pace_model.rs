//! Pauses and single steps as plainly as they can be written. How long a paced run waits is not
//! known here: it changes nothing else.

use openbell_coordinator::{Answer, PaceCommand, Refusal};
use openbell_time::Timestamp;

/// Whether the clock may move.
#[derive(Default)]
pub struct PaceModel {
    is_paused: bool,
    n_single: u32,
    until: Option<Timestamp>,
}

impl PaceModel {
    /// Takes a command that changes the pace.
    pub fn take(&mut self, command: &PaceCommand, clock: Timestamp) -> Answer {
        match command {
            PaceCommand::Pause if self.is_paused => Answer::Refused(Refusal::AlreadyPaused),
            PaceCommand::Resume | PaceCommand::Step if !self.is_paused => {
                Answer::Refused(Refusal::NotPaused)
            }
            PaceCommand::RunUntil { until } if *until <= clock => {
                Answer::Refused(Refusal::NotAhead { clock })
            }
            PaceCommand::ChangeSpeed { multiplier } if *multiplier < 0.0 => {
                Answer::Refused(Refusal::BadSpeed)
            }
            PaceCommand::Step => {
                self.n_single += 1;
                Answer::Done
            }
            PaceCommand::ChangeSpeed { .. } => Answer::Done,
            _ => {
                // Each of the others ends what was asked for before.
                self.is_paused = *command == PaceCommand::Pause;
                self.n_single = 0;
                self.until = match command {
                    PaceCommand::RunUntil { until } => Some(*until),
                    _ => None,
                };
                Answer::Done
            }
        }
    }

    /// Whether the clock may move to `instant`.
    pub fn admits(&mut self, instant: Timestamp) -> bool {
        self.stop_before(instant);
        !self.is_paused || self.n_single > 0
    }

    /// Whether a step may be put off until the wall clock has come so far.
    pub fn may_wait(&self) -> bool {
        !self.is_paused
    }

    /// A step was taken.
    pub fn took_step(&mut self) {
        self.n_single = self.n_single.saturating_sub(u32::from(self.is_paused));
    }

    /// Whether the session may be closed at `clock`, where the next opens at `next_open`.
    pub fn admits_close(&mut self, clock: Timestamp, next_open: Option<Timestamp>) -> bool {
        let stands_here = |until: Timestamp| until <= clock || next_open.is_some_and(|n| until < n);
        if self.until.is_some_and(stands_here) {
            (self.is_paused, self.until) = (true, None);
        }
        let may = !self.is_paused || self.n_single > 0;
        self.took_step();
        may
    }

    fn stop_before(&mut self, instant: Timestamp) {
        if self.until.is_some_and(|until| instant > until) {
            (self.is_paused, self.until) = (true, None);
        }
    }
}
