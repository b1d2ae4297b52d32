//! Where the events of a live run go: the logs, the store, whoever tells of them.

use std::sync::mpsc::Sender;

use openbell_coordinator::{Engine, Event};
use openbell_recorder::RunLog;
use openbell_wire::engine::event_line;

use super::super::streams::Streams;
use super::storing::Storing;
use super::teller::Told;
use crate::exit::Failure;
use crate::serve::Serving;

/// Where the events of a run go, in order.
pub(super) struct Sink {
    pub(super) tell: Sender<Told>,
    /// The files that were asked for.
    pub(super) streams: Streams,
    /// The log beside the recording.
    pub(super) run_log: Option<RunLog>,
    /// What stores the sessions that are closed.
    pub(super) storing: Option<Storing>,
    /// Where the run is served.
    pub(super) serving: Option<Serving>,
    pub(super) n_events: u64,
    /// Whether the events were told by a process that has ended since.
    pub(super) is_rehearsal: bool,
}

impl Sink {
    /// Takes what is new out of the engine, which keeps nothing for months.
    pub(super) fn take(&mut self, engine: &mut Engine) -> Result<(), Failure> {
        let events = self.streams.take(engine)?;
        if let Some(serving) = &self.serving {
            serving.tell(&events);
        }
        for event in events {
            if let Some(log) = &mut self.run_log {
                log.event(self.n_events, &event_line(&event))?;
            }
            self.n_events += 1;
            if let (Event::SessionClosed { date, .. }, Some(storing)) = (&event, &self.storing) {
                storing.close(*date);
            }
            let event = Box::new(event);
            let told = if self.is_rehearsal { Told::Rehearsed(event) } else { Told::Event(event) };
            let _ = self.tell.send(told); // Whoever is gone ends the run.
        }
        Ok(())
    }
}
