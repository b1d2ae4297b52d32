//! What a run came to, as its export or its recording has it.

use std::path::{Path, PathBuf};

use openbell_account::Accounts;
use openbell_coordinator::Registry;
use openbell_time::Nanos;
use openbell_wire::compare::Side;
use openbell_wire::engine::{EventLog, ReportFacts, event_line};
use openbell_wire::report::Report;
use serde_json::Value;

use crate::event_log;
use crate::exit::{Exit, Failure};
use crate::recording::{Again, EVENTS};
use crate::report::is_ours;
use crate::run::account_results;

/// What a run came to.
pub(super) struct CameTo {
    pub(super) report: Report,
    /// Its session file.
    pub(super) config: Value,
    /// The lines of its events.
    pub(super) lines: Vec<String>,
    /// The folder of its export; absent for a recording.
    pub(super) export: Option<PathBuf>,
}

/// The report in the folder of an export.
const REPORT: &str = "report.json";

impl CameTo {
    /// Reads the export in `folder`, or repeats the recording there, with history from `store` where it is given.
    pub(super) fn load(
        folder: &Path,
        store: Option<&Path>,
        registry: &Registry,
    ) -> Result<CameTo, Failure> {
        let wrong = |why: &str| {
            let text = format!("{} {why}", folder.display());
            Failure::says(Exit::Data, text)
        };
        if folder.join(REPORT).is_file() {
            return CameTo::of_export(folder);
        }
        if folder.join("run.json").is_file() {
            return Err(wrong(
                "holds an export without its report: an older program wrote it, or one that did not come to its \
                 end; run the session again with --export",
            ));
        }
        if !folder.is_dir() {
            return Err(wrong("is no folder; give that of an export or of a recording"));
        }
        if !folder.join("head.json").is_file() {
            return Err(wrong(
                "holds neither an export nor a recording; an export is there when its run is over",
            ));
        }
        CameTo::of_recording(folder, store, registry)
    }

    /// It, to be held against another.
    pub(super) fn side(&self) -> Side<'_> {
        Side { report: &self.report, config: &self.config, lines: &self.lines }
    }

    fn of_export(folder: &Path) -> Result<CameTo, Failure> {
        let path = folder.join(REPORT);
        let wrong = |why: String| {
            Failure::says(Exit::Data, format!("cannot read the report {}: {why}", path.display()))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let mut report: Report =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        report.consumers.retain(|consumer| !is_ours(&consumer.name)); // Of another run they may not be there.
        let EventLog { head, lines, .. } = event_log::load(&folder.join(EVENTS))?;
        let (config, export) = (head.config.to_json(), Some(folder.to_owned()));
        Ok(CameTo { report, config, lines, export })
    }

    fn of_recording(
        folder: &Path,
        store: Option<&Path>,
        registry: &Registry,
    ) -> Result<CameTo, Failure> {
        let Again { mut engine, .. } = Again::run(folder, store, registry)?;
        let report = engine.report();
        let lines = engine.events().iter().map(event_line).collect();
        let accounts = Accounts::close(&mut engine);
        let config = engine.plan().config();
        let accounts = account_results(accounts.as_deref(), config);
        let facts = ReportFacts {
            config,
            elapsed: Nanos::ZERO,
            accounts: &accounts,
            streamed: None,
            exported: None,
            live: None,
        };
        Ok(CameTo {
            report: Report::of(&report, facts),
            config: config.to_json(),
            lines,
            export: None,
        })
    }
}
