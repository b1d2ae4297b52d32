//! Where in the file an error stands that calendar, data or a module has found.

use openbell_coordinator::{ModuleError, ModuleErrors, PlanError, PlanErrors, UnknownSymbol};

use crate::error::SessionFileError;
use crate::file::SessionFile;

impl SessionFile {
    /// The errors of a plan, each with its place.
    pub fn plan_error(&self, errors: PlanErrors) -> SessionFileError {
        let places = errors.0.iter().map(|error| self.place_in_plan(error)).collect();
        SessionFileError::Plan { errors, places }
    }

    pub(crate) fn modules_error(&self, errors: ModuleErrors) -> SessionFileError {
        let places = errors.0.iter().map(|error| self.place_of_module(error)).collect();
        SessionFileError::Modules { errors, places }
    }

    fn place_of_module(&self, error: &ModuleError) -> String {
        let Some(path) = error.path() else { return String::new() };
        // What an entry leaves out, as a setting with a default, has the entry's own place.
        let mut known = path;
        while self.place_of(known).is_empty()
            && let Some((above, _)) = known.rsplit_once('.')
        {
            known = above;
        }
        format!("{}{path}: ", self.place_of(known))
    }

    fn place_in_plan(&self, error: &PlanError) -> String {
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
                let symbols = &self.config.session_data_config.symbols;
                let item = symbols.iter().position(|known| known == symbol);
                let item = item.map(|at| format!("[{at}]")).unwrap_or_default();
                format!("session_data_config.symbols{item}")
            }
            PlanError::NoBaseInterval { .. } | PlanError::NoCommonBase { .. } => {
                "session_data_config.streams".to_owned()
            }
            _ => return String::new(),
        };
        self.place_of(&path)
    }
}
