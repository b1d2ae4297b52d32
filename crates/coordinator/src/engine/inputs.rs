//! What a live run takes in is handed over to be kept before anything is done with it.

use openbell_data_manager::FeedKind;
use openbell_time::{Timestamp, TradingDate};

use super::core::Core;
use super::session::RunningSession;
use crate::control::command::{Command, SessionCommand};
use crate::control::handle::Envelope;
use crate::error::RunError;
use crate::source::recording::{Heard, Look, Occasion};

impl Core {
    /// Hands over a step at the instant `wall` in which no feed is asked, with the commands that are
    /// about to be taken in it.
    ///
    /// # Errors
    ///
    /// It could not be kept.
    pub(super) fn record_step(
        &mut self,
        wall: Timestamp,
        session: TradingDate,
        waiting: &[Envelope],
    ) -> Result<(), RunError> {
        if self.recording.is_none() || self.kind == FeedKind::Stored {
            return Ok(());
        }
        let commands = waiting.iter().filter_map(|envelope| match &envelope.command {
            Command::Session(command) => Some(command.clone()),
            Command::Pace(_) => None, // Refused, and no input.
        });
        let commands: Vec<SessionCommand> = commands.collect();
        self.record_inputs(Occasion::Step, (wall, session), &[], &commands)
    }

    fn record_inputs(
        &mut self,
        occasion: Occasion,
        (wall, session): (Timestamp, TradingDate),
        heard: &[Heard<'_>],
        commands: &[SessionCommand],
    ) -> Result<(), RunError> {
        self.n_recorded += 1;
        let (waited, loading) = (self.waited.take(), std::mem::take(&mut self.asked_of));
        let loaded = if occasion == Occasion::Look { self.loaded() } else { Vec::new() };
        let (digest, n_events) = (self.record.digest_so_far().whole(), self.record.n_events());
        let step = self.record.n_steps;
        let look = Look {
            occasion,
            step,
            waited,
            wall,
            session,
            heard,
            commands,
            loading: &loading,
            loaded: &loaded,
            digest,
            n_events,
        };
        let Some(recording) = &mut self.recording else { return Ok(()) };
        let kept = recording.look(&look);
        kept.map_err(|error| RunError::Recording { at: wall, why: error.to_string() })
    }
}

impl RunningSession {
    /// Hands the inputs of this look over, before anything of it is visible.
    ///
    /// # Errors
    ///
    /// They could not be kept.
    pub(super) fn record_look(&self, core: &mut Core, wall: Timestamp) -> Result<(), RunError> {
        if core.recording.is_none() {
            return Ok(());
        }
        let heard = self.members.iter().filter_map(|member| {
            let live = member.rows.live();
            Some(Heard {
                symbol: &member.run.symbol,
                interval: core.rule.base,
                rows: &live.arrived,
                revisions: &live.revised,
                said: live.said.as_ref()?.as_ref(),
            })
        });
        let heard: Vec<Heard<'_>> = heard.collect();
        let place = (wall, self.layout.session.date);
        core.record_inputs(Occasion::Look, place, &heard, &[])
    }
}
