//! Where the events of a run go while it goes: its logs, its export, and what its end needs of them. So a
//! run keeps no event, however long it is.

use std::path::Path;

use openbell_account::FillsKept;
use openbell_coordinator::{Engine, Event, Report, Signal};
use openbell_data_manager::export::ExportReport;
use openbell_time::Timestamp;
use openbell_wire::engine::{LogHead, end_line, event_line};

use super::RunArgs;
use super::export::Export;
use super::line_file::LineFile;
use crate::exit::Failure;
use crate::report::{self, RunFacts};
use crate::report_file::{ReportFile, Told};

/// Where the events of a run go, in order.
pub(super) struct Streams {
    /// Every event, with the head and the end of the log.
    events: Option<LineFile>,
    signals: Option<LineFile>,
    /// What became of orders, their fills among it.
    fills: Option<LineFile>,
    export: Option<Export>,
    html: Option<ReportFile>,
    /// The signals so far, for the report; none where they are streamed, and no file wants them listed.
    kept: Vec<(Timestamp, Signal)>,
}

impl Streams {
    /// Begins the files that `args` name, of the run of `engine` that `head` speaks of.
    pub(super) fn create(
        args: &RunArgs,
        head: &LogHead,
        engine: &mut Engine,
    ) -> Result<Streams, Failure> {
        let create = |path: &Option<_>, what| -> Result<Option<LineFile>, Failure> {
            path.as_deref().map(|path: &Path| LineFile::create(path, what)).transpose()
        };
        let export = args.export.as_deref();
        let export = export.map(|folder| Export::create(folder, head, engine)).transpose()?;
        let mut events = create(&args.events, "the event log")?;
        if let Some(events) = &mut events {
            events.line(head.line())?;
        }
        let html = ReportFile::asked_for(&args.html, engine)?;
        let (signals, fills) =
            (create(&args.signals, "the signals")?, create(&args.fills, "the fills")?);
        Ok(Streams { events, signals, fills, export, html, kept: Vec::new() })
    }

    /// Takes what is new out of the engine, which keeps none of it, and returns it. *Cost*: nothing where
    /// nothing is new.
    pub(super) fn take(&mut self, engine: &mut Engine) -> Result<Vec<Event>, Failure> {
        let new = engine.drain_events();
        for event in &new {
            self.write(event)?;
        }
        // Whoever follows a file sees an event when it happens.
        let files = [&mut self.events, &mut self.signals, &mut self.fills];
        for file in files.into_iter().flatten().filter(|_| !new.is_empty()) {
            file.flush()?;
        }
        if let Some(export) = &mut self.export {
            export.take(&new)?;
        }
        if let Some(html) = &self.html {
            html.note(&new);
        }
        Ok(new)
    }

    fn write(&mut self, event: &Event) -> Result<(), Failure> {
        let of_kind = match event {
            Event::Signalled { at, signal } => {
                if self.signals.is_none() || self.html.is_some() {
                    self.kept.push((*at, signal.clone()));
                }
                self.signals.as_mut()
            }
            Event::Traded { .. } => self.fills.as_mut(),
            _ => None,
        };
        let files: Vec<&mut LineFile> = of_kind.into_iter().chain(self.events.as_mut()).collect();
        if files.is_empty() {
            return Ok(());
        }
        let line = event_line(event);
        files.into_iter().try_for_each(|file| file.line(&line))
    }

    /// The signals of the run, for its report; none where they were streamed, and no file wants them listed.
    pub(super) fn take_signals(&mut self) -> Vec<(Timestamp, Signal)> {
        std::mem::take(&mut self.kept)
    }

    /// Ends the files with what the run came to. Returns what was exported, where something was.
    pub(super) fn finish(
        self,
        engine: &Engine,
        report: &Report,
        told: Told<'_>,
    ) -> Result<Option<ExportReport>, Failure> {
        if let Some(mut events) = self.events {
            events.line(end_line(report))?;
            events.flush()?;
        }
        if let Some(html) = self.html {
            html.add_interrupted(engine, report);
            html.finish(report, told)?;
        }
        let Some(export) = self.export else { return Ok(None) };
        let folder = export.folder().to_owned();
        let exported = export.finish(engine, report, told.facts.accounts, |exported| {
            let facts = RunFacts { exported: Some((exported, &folder)), ..*told.facts };
            format!("{:#}\n", report::as_json(report, &facts, told.live.cloned()))
        })?;
        Ok(Some(exported))
    }
}

/// The fills that accounts keep for the end of the run that `args` ask for: an export and a report have them all.
pub(super) fn fills_kept(args: &RunArgs) -> FillsKept {
    match (&args.fills, &args.export, &args.html.report) {
        (Some(_), None, None) => FillsKept::OfSession,
        _ => FillsKept::All,
    }
}
