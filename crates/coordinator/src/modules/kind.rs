//! Strategy or scanner.

/// Whether a module is asked for as a strategy or as a scanner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ModuleKind {
    /// Is notified of bars: `strategies`.
    Strategy,
    /// Is called by the clock, and before the open: `scanners`.
    Scanner,
}

impl ModuleKind {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            ModuleKind::Strategy => "strategy",
            ModuleKind::Scanner => "scanner",
        }
    }

    pub(super) fn list(self) -> &'static str {
        match self {
            ModuleKind::Strategy => "strategies",
            ModuleKind::Scanner => "scanners",
        }
    }
}
