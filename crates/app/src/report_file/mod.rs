//! `--report`: a run as one HTML file, gathered as it goes and written at its end.
//!
//! Not here: what the file looks like (`openbell-page`).

mod gathered;
mod size;
mod story;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use openbell_coordinator::{Engine, Event, OnError, Report};
use openbell_page::{Run, page};
use openbell_wire::report::Live;

use crate::PROGRAM;
use crate::exit::{Exit, Failure};
use crate::report::{self, RunFacts};
use gathered::Gathered;
pub use size::Size;

/// Where a report goes, and how large it may be.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Writes what happened as one HTML file: tables, drawings and charts.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How large that file may be: its charts get longer bars until it fits.
    #[arg(long, value_name = "SIZE", default_value = "5MB", requires = "report")]
    pub report_size: Size,
}

/// A report that is being gathered.
pub(crate) struct ReportFile {
    path: PathBuf,
    /// The new file beside its place, there from the start so that a run does not end in vain.
    file: File,
    part: PathBuf,
    n_bytes_max: usize,
    shared: Arc<Mutex<Gathered>>,
}

/// What a report says of a run beside what the run says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'t> {
    pub(crate) facts: &'t RunFacts<'t>,
    /// The folder of the store; empty where there is none.
    pub(crate) store: &'t str,
    /// How it is run again.
    pub(crate) command: &'t str,
    /// What only a live run has.
    pub(crate) live: Option<&'t Live>,
}

impl ReportFile {
    /// Begins the report that `args` ask for, where they ask for one.
    pub(crate) fn asked_for(
        args: &ReportArgs,
        engine: &mut Engine,
    ) -> Result<Option<ReportFile>, Failure> {
        let path = args.report.as_deref();
        path.map(|path| ReportFile::create(path, args.report_size, engine)).transpose()
    }

    /// Begins the report at `path`, gathered as sessions of `engine` close.
    pub(crate) fn create(
        path: &Path,
        size: Size,
        engine: &mut Engine,
    ) -> Result<ReportFile, Failure> {
        let part = part_of(path);
        let file = File::create(&part).map_err(|error| cannot_write(path, error))?;
        let n_bytes_max = size.n_bytes();
        let shared = Arc::new(Mutex::new(Gathered::new(engine.plan(), n_bytes_max)));
        engine.register(gathered::consumer(&shared), OnError::StopRun);
        Ok(ReportFile { path: path.to_owned(), file, part, n_bytes_max, shared })
    }

    /// Takes down events that are new. *Cost*: nothing where there are none.
    pub(crate) fn note(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let mut gathered = lock(&self.shared);
        for event in events {
            gathered.note(event);
        }
    }

    /// Adds what was there of the session in which the run was stopped, up to the session clock: of the
    /// symbols that had joined.
    pub(crate) fn add_interrupted(&self, engine: &Engine, report: &Report) {
        let Some(interrupted) = &report.interrupted else { return };
        let session = &interrupted.session;
        let view = engine.inside_reader().view();
        let stayed = session.symbols.iter().filter(|symbol| !symbol.has_left);
        let symbols = stayed.filter_map(|symbol| view.symbol(symbol.symbol.as_str()));
        lock(&self.shared).add_session(session.open, symbols);
    }

    /// Writes the report and puts it in its place.
    pub(crate) fn finish(mut self, report: &Report, told: Told<'_>) -> Result<(), Failure> {
        let facts = told.facts;
        let shaped = report::shaped(report, facts, told.live.cloned());
        let gathered = std::mem::replace(&mut *lock(&self.shared), Gathered::empty());
        let accounts = story::stories(facts, &gathered.benchmark);
        let rejected = gathered.rejected_at();
        let config = format!("{:#}", facts.config.to_json());
        let text = page(Run {
            report: &shaped,
            calendar: facts.calendar,
            program: PROGRAM,
            mode: facts.config.mode.name(),
            store: told.store,
            command: told.command,
            config: &config,
            accounts: &accounts,
            rejected: &rejected,
            shelf: gathered.shelf,
            n_bytes_max: self.n_bytes_max,
        });
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        let placed = written.and_then(|()| std::fs::rename(&self.part, &self.path));
        placed.map_err(|error| cannot_write(&self.path, error))
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.part); // It is gone where the report is in its place.
    }
}

fn lock(shared: &Mutex<Gathered>) -> MutexGuard<'_, Gathered> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of the file until it is whole.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(Exit::Output, error).of(format!("cannot write the report {}", path.display()))
}
