//! Where the events of a live run go: the logs, the store, whoever tells of them.

use std::sync::mpsc::Sender;

use openbell_coordinator::{Engine, Event, Report, Signal};
use openbell_recorder::RunLog;
use openbell_time::Timestamp;
use openbell_wire::engine::{end_line, event_line};

use super::super::event_file::EventFile;
use super::storing::Storing;
use super::teller::Told;
use crate::exit::Failure;
use crate::serve::Serving;

/// Where the events of a run go, in order.
pub(super) struct Sink {
    pub(super) tell: Sender<Told>,
    /// The log that was asked for.
    pub(super) whole: Option<EventFile>,
    /// The log beside the recording.
    pub(super) run_log: Option<RunLog>,
    /// What stores the sessions that are closed.
    pub(super) storing: Option<Storing>,
    /// Where the run is served.
    pub(super) serving: Option<Serving>,
    pub(super) n_events: u64,
    /// Whether the events were told by a process that has ended since.
    pub(super) is_rehearsal: bool,
    pub(super) signals: Vec<(Timestamp, Signal)>,
}

impl Sink {
    /// Takes what is new out of the engine, which keeps nothing for months.
    pub(super) fn take(&mut self, engine: &mut Engine) -> Result<(), Failure> {
        let events = engine.drain_events();
        if let Some(serving) = &mut self.serving {
            serving.tell(&events);
        }
        if let Some(whole) = &mut self.whole {
            whole.append(&events)?;
        }
        for event in events {
            if let Some(log) = &mut self.run_log {
                log.event(self.n_events, &event_line(&event))?;
            }
            self.n_events += 1;
            if let Event::Signalled { at, signal } = &event {
                self.signals.push((*at, signal.clone()));
            }
            if let (Event::SessionClosed { date, .. }, Some(storing)) = (&event, &self.storing) {
                storing.close(*date);
            }
            let event = Box::new(event);
            let told = if self.is_rehearsal { Told::Rehearsed(event) } else { Told::Event(event) };
            let _ = self.tell.send(told); // Whoever is gone ends the run.
        }
        Ok(())
    }

    /// Writes the last lines; the log of a run that is gone on with has none.
    pub(super) fn finish(self, report: &Report, is_paused: bool) -> Result<(), Failure> {
        if let Some(whole) = self.whole {
            whole.finish(&[], report)?;
        }
        if let (Some(log), false) = (self.run_log, is_paused) {
            log.end(&end_line(report))?;
        }
        Ok(())
    }
}
