//! Runs of a recording for the check on look-ahead: each from its first step on, with stored data
//! tampered with.

use openbell_coordinator::{ConsumerError, Engine, RecordedSetup, Registry, Tampering};
use openbell_recorder::{RecordedRun, Repeated, Replay};

use super::again::Made;
use super::command_form;
use crate::exit::Failure;

/// Runs of one recording.
pub(crate) struct Reruns<'r> {
    run: &'r RecordedRun,
    made: &'r Made,
    registry: &'r Registry,
    /// The one that was begun last.
    replay: Option<Replay>,
}

impl<'r> Reruns<'r> {
    /// Runs of `run`, which is `made` so, with modules of `registry`.
    pub(crate) fn new(run: &'r RecordedRun, made: &'r Made, registry: &'r Registry) -> Reruns<'r> {
        Reruns { run, made, registry, replay: None }
    }
}

impl RecordedSetup for Reruns<'_> {
    fn begin(&mut self, tampering: &Tampering, n_steps: u64) -> Result<Engine, ConsumerError> {
        let said = |failure: Failure| failure.to_string();
        let n_steps = usize::try_from(n_steps)?;
        let replay = Replay::new(self.run.looks(&command_form()).take(n_steps));
        replay.offers(self.run.offers()?);
        let history = tampering.over(self.made.history().map_err(said)?);
        let engine = self.made.engine(self.registry, &replay, history).map_err(said)?;
        self.replay = Some(replay);
        Ok(engine)
    }

    fn step(&mut self, engine: &mut Engine) -> Result<u64, ConsumerError> {
        let replay = self.replay.as_ref().ok_or("no run was begun")?;
        match replay.step(engine)? {
            Repeated::Goes => Ok(replay.n_repeated()),
            Repeated::Over => Err("the recording has no further step".into()),
        }
    }
}
