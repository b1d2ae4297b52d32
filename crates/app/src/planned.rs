//! What a plan refuses and what it warns of, in the words and with the places of the session file.

use std::path::Path;

use openbell_config::ScheduleChange;
use openbell_coordinator::{Plan, PlanError, PlanErrors, Source, with_causes};
use openbell_data_manager::DataError;
use openbell_session_file::SessionFile;

use crate::exit::{Exit, Failure};
use crate::stamp_options::stamp_options;
use crate::terminal::Terminal;

/// The failure of a run that cannot begin: all reasons, each after its place in the session file where
/// `places` has one.
pub fn plan_failure(errors: &PlanErrors, places: &[String]) -> Failure {
    let is_config = |error: &PlanError| {
        matches!(
            error,
            PlanError::NoSession { .. }
                | PlanError::ScheduleOutside { .. }
                | PlanError::HistoryBeforeFacts { .. }
                | PlanError::IndicatorBeforeFacts { .. }
                | PlanError::NoDates
                | PlanError::Time(_)
        )
    };
    let exit = if errors.0.iter().any(is_config) { Exit::Config } else { Exit::Data };
    let places = places.iter().map(String::as_str).chain(std::iter::repeat(""));
    let line = |(error, place): (&PlanError, &str)| {
        format!("{place}{}{}", with_causes(error), way_out(error))
    };
    let lines: Vec<String> = errors.0.iter().zip(places).map(line).collect();
    Failure::says(exit, format!("the run cannot begin\n{}", lines.join("\n")))
}

/// What can be done about files whose rows speak against what is said of them.
fn way_out(error: &PlanError) -> String {
    let PlanError::Unreadable { source, .. } = error else { return String::new() };
    let DataError::Refused { objection, .. } = &**source else { return String::new() };
    let command = "openbell data compact FOLDER --into STORE";
    match stamp_options(objection) {
        Some(options) => {
            format!(" (`{command}` copies it with the option that fits: {options})")
        }
        None => format!(" (`{command}` copies it with the options that help)"),
    }
}

/// Says that no bar of the sessions is stored: nothing is not success.
pub fn nothing_stored(store: &Path, terminal: &Terminal) -> Exit {
    terminal.warning(&format!(
        "the store {} holds no bar of these sessions; `openbell data ls {0}` shows what it holds",
        store.display(),
    ));
    Exit::Data
}

/// Warns of entries of the schedule of `file` that change nothing in this run: those that lie outside
/// every session, and symbols that are to join and cannot.
pub fn warn_of_schedule(file: &SessionFile, plan: &Plan, source: &dyn Source, terminal: &Terminal) {
    warn_of_skipped(file, plan, terminal);
    warn_of_strangers(file, plan, source, terminal);
}

fn warn_of_skipped(file: &SessionFile, plan: &Plan, terminal: &Terminal) {
    let mut n_skipped = vec![0; plan.schedule().len()];
    for session in plan.sessions() {
        let (_, skipped) = plan.schedule_of(session);
        skipped.into_iter().for_each(|entry| n_skipped[entry] += 1);
    }
    for (entry, scheduled) in plan.schedule().iter().enumerate() {
        if n_skipped[entry] == plan.sessions().len() {
            let path = format!("session_data_config.symbol_schedule[{entry}].at");
            let (place, at) = (file.place_of(&path), scheduled.at);
            terminal.warning(&format!(
                "{place}symbol_schedule[{entry}] at {at} lies outside every session of this run: it has \
                 no effect"
            ));
        }
    }
}

fn warn_of_strangers(file: &SessionFile, plan: &Plan, source: &dyn Source, terminal: &Terminal) {
    for (entry, scheduled) in plan.schedule().iter().enumerate() {
        let ScheduleChange::Add { symbols, .. } = &scheduled.change else { continue };
        for (at, symbol) in symbols.iter().enumerate() {
            let stored = source.intervals(symbol);
            let path = format!("session_data_config.symbol_schedule[{entry}].add[{at}]");
            let place = file.place_of(&path);
            if stored.is_empty() {
                let unknown = source.unknown(symbol);
                terminal.warning(&format!("{place}{unknown}; it will not join"));
            } else if !stored.contains(&plan.base()) {
                let base = plan.base();
                terminal.warning(&format!(
                    "{place}{symbol} has no {base} bars in the store, of which this run is made; it \
                     will not join"
                ));
            }
        }
    }
}
