//! What can be wrong with the modules of a session file, each with its path there.

use openbell_config::Fault;
use openbell_market::BarInterval;
use openbell_time::TimeOfDay;
use thiserror::Error;

use crate::modules::ModuleKind;
use crate::modules::offer::AskedInVain;

/// What is wrong with a module that a session file asks for.
#[derive(Clone, PartialEq, Debug, Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// No module of that kind has that name.
    #[error("found {module:?}; {}", known_words(*.kind, .known))]
    NotRegistered {
        /// The path in the file.
        path: String,
        /// Strategy or scanner.
        kind: ModuleKind,
        /// The name asked for.
        module: String,
        /// Those that are registered.
        known: Vec<String>,
    },
    /// The module has no setting of that name.
    #[error("{fault}")]
    UnknownKey {
        /// The path in the file.
        path: String,
        /// Strategy or scanner.
        kind: ModuleKind,
        /// Its name.
        module: String,
        /// The key, and the nearest of those that it has.
        fault: Fault,
    },
    /// The module refuses its settings.
    #[error("the {} {module} cannot be built from its config: {why}", .kind.name())]
    BadSettings {
        /// The path in the file.
        path: String,
        /// Strategy or scanner.
        kind: ModuleKind,
        /// Its name.
        module: String,
        /// What it says.
        why: String,
    },
    /// The module asks for what the session never has.
    #[error("the {} {module} asks in vain: {vain}", .kind.name())]
    AskedInVain {
        /// The path in the file.
        path: String,
        /// Strategy or scanner.
        kind: ModuleKind,
        /// Its name.
        module: String,
        /// What it asks for.
        #[source]
        vain: Box<AskedInVain>,
    },
    /// A window lies in no session of the run.
    #[error(
        "the window {start} to {end} lies in no session of the run, which are open from {open} to {close}; give times of the exchange's clock inside"
    )]
    WindowOutside {
        /// The path in the file.
        path: String,
        /// The first call.
        start: TimeOfDay,
        /// The end of calls.
        end: TimeOfDay,
        /// When the first session opens.
        open: TimeOfDay,
        /// When it closes.
        close: TimeOfDay,
    },
    /// A scanner cannot be called every day or week.
    #[error("found {found}; seconds, minutes or hours are needed, as \"5m\"")]
    NotAClockInterval {
        /// The path in the file.
        path: String,
        /// The interval.
        found: BarInterval,
    },
    /// Free delivery of a strategy or scanner.
    #[error(
        "{module} cannot be delivered free: what it sees would depend on its thread; register it inline or lock-step"
    )]
    FreeDelivery {
        /// Its name.
        module: String,
    },
}

impl ModuleError {
    /// The path of the value in the session file; absent where it is no value of the file's.
    pub fn path(&self) -> Option<&str> {
        match self {
            ModuleError::NotRegistered { path, .. }
            | ModuleError::UnknownKey { path, .. }
            | ModuleError::BadSettings { path, .. }
            | ModuleError::AskedInVain { path, .. }
            | ModuleError::WindowOutside { path, .. }
            | ModuleError::NotAClockInterval { path, .. } => Some(path),
            ModuleError::FreeDelivery { .. } => None,
        }
    }
}

/// Everything that is wrong with the modules of a session file.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("the modules cannot be built:{}", .0.iter().map(|e| format!("\n  - {e}")).collect::<String>())]
pub struct ModuleErrors(pub Vec<ModuleError>);

fn known_words(kind: ModuleKind, known: &[String]) -> String {
    match known {
        [] => format!("no {} is registered; drop it, or register it", kind.name()),
        known => format!("registered are {}", known.join(", ")),
    }
}
