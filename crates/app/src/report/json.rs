//! The report as JSON.
//!
//! Not here: its form (`openbell_wire::report`).

use std::path::Path;

use openbell_coordinator::Report;
use openbell_wire::engine::ReportFacts;
use openbell_wire::report as wire;
use serde_json::Value;

use super::RunFacts;

/// The report of a run as JSON; `live` is what only a live run has.
pub fn as_json(report: &Report, facts: &RunFacts<'_>, live: Option<wire::Live>) -> Value {
    serde_json::to_value(shaped(report, facts, live)).expect("a report has text for keys")
}

/// The report of a run in the shape in which it goes out.
pub(crate) fn shaped(
    report: &Report,
    facts: &RunFacts<'_>,
    live: Option<wire::Live>,
) -> wire::Report {
    let exported = facts.exported.map(|(exported, folder)| wire::Exported {
        folder: folder.display().to_string(),
        files: exported.n_files,
        bars: exported.n_bars,
        indicator_rows: exported.n_indicator_rows,
        quality_rows: exported.n_quality_rows,
        signal_rows: exported.n_signal_rows,
    });
    let RunFacts { config, elapsed, accounts, streamed, .. } = *facts;
    let path = |path: Option<&Path>| path.map(|path| path.display().to_string());
    let (signals, fills) = (path(streamed.signals), path(streamed.fills));
    let is_streamed = signals.is_some() || fills.is_some();
    let streamed = is_streamed.then_some(wire::Streamed { signals, fills });
    let facts = ReportFacts { config, elapsed, accounts, streamed, exported, live };
    wire::Report::of(report, facts)
}
