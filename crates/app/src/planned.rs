//! What a plan refuses and what it warns of, in the words and with the places of the session file.

use std::collections::BTreeMap;
use std::path::Path;

use openbell_config::ScheduleChange;
use openbell_coordinator::{Plan, PlanError, PlanErrors, Source, UnknownSymbol, with_causes};
use openbell_data_manager::DataError;
use openbell_market::Symbol;

use crate::exit::{Exit, Failure};
use crate::session_file::SessionFile;
use crate::stamp_options::stamp_options;
use crate::terminal::Terminal;

/// The failure of a run that cannot begin: all reasons, each with its place in the session file
/// where it has one.
pub fn plan_failure(errors: &PlanErrors, file: Option<&SessionFile>) -> Failure {
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
    let symbols = file.map(|file| file.config.session_data_config.symbols.as_slice());
    let positions: BTreeMap<&Symbol, usize> =
        symbols.unwrap_or_default().iter().enumerate().map(|(at, symbol)| (symbol, at)).collect();
    let place = |error: &PlanError| {
        let path = match error {
            PlanError::NoSession { .. } => "backtest_config.start_date".to_owned(),
            PlanError::ScheduleOutside { entry, .. } => {
                format!("session_data_config.symbol_schedule[{entry}].at")
            }
            PlanError::HistoryBeforeFacts { entry, .. } => {
                format!("session_data_config.historical.data[{entry}].trailing_days")
            }
            PlanError::IndicatorBeforeFacts { entry, .. } => {
                format!("session_data_config.indicators.historical[{entry}]")
            }
            PlanError::BaseNotStored { .. } | PlanError::BaseYieldsNot { .. } => {
                "session_data_config.base_interval".to_owned()
            }
            PlanError::UnknownSymbol(UnknownSymbol { symbol, .. }) => {
                let item = positions.get(symbol).map(|at| format!("[{at}]")).unwrap_or_default();
                format!("session_data_config.symbols{item}")
            }
            PlanError::NoBaseInterval { .. } | PlanError::NoCommonBase { .. } => {
                "session_data_config.streams".to_owned()
            }
            _ => return String::new(),
        };
        file.map(|file| file.place_of(&path)).unwrap_or_default()
    };
    let line =
        |error: &PlanError| format!("{}{}{}", place(error), with_causes(error), way_out(error));
    let lines: Vec<String> = errors.0.iter().map(line).collect();
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
