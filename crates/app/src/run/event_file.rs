//! The event log on disk, written as the run goes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use openbell_coordinator::{Event, Report};
use openbell_wire::engine::{LogHead, end_line, event_line};

use crate::exit::{Exit, Failure};

/// A file that grows by the events of a run.
pub(super) struct EventFile {
    path: PathBuf,
    out: BufWriter<File>,
}

impl EventFile {
    pub(super) fn create(path: &Path, head: &LogHead) -> Result<EventFile, Failure> {
        let file = File::create(path).map_err(|error| cannot_write(path, error))?;
        let out = BufWriter::new(file);
        let mut events = EventFile { path: path.to_owned(), out };
        events.line(&head.line())?;
        Ok(events)
    }

    /// Writes events that are new. *Cost*: nothing where there are none.
    pub(super) fn append(&mut self, events: &[Event]) -> Result<(), Failure> {
        if events.is_empty() {
            return Ok(());
        }
        for event in events {
            self.line(&event_line(event))?;
        }
        self.flush() // Whoever follows the file sees an event when it happens.
    }

    /// Writes what is left and the last line.
    pub(super) fn finish(mut self, events: &[Event], report: &Report) -> Result<(), Failure> {
        self.append(events)?;
        self.line(&end_line(report))?;
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| cannot_write(&self.path, error))
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}").map_err(|error| cannot_write(&self.path, error))
    }
}

fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(Exit::Output, error).of(format!("cannot write the event log {}", path.display()))
}
