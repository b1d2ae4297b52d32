//! The modules that a session file asks for, made with the files that their settings name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use openbell_coordinator::{BuiltModule, ModuleFiles, Plan, Registry, idle_limits};
use openbell_time::TimeManager;

use crate::error::SessionFileError;
use crate::file::SessionFile;
use crate::reading;

/// The texts of files that modules' settings name, by the path as it stands there.
pub type ModuleTexts = BTreeMap<String, String>;

/// The modules of a session file, made.
pub struct FileModules {
    /// As they are registered with an engine.
    pub built: Vec<BuiltModule>,
    /// What was read to make them: with these texts they can be made again where the files are gone.
    pub texts: ModuleTexts,
}

impl SessionFile {
    /// Makes its modules out of `registry`, with the files that their settings name, which are
    /// relative to the file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, each with its place in the file.
    pub fn modules(
        &self,
        registry: &Registry,
        time: &TimeManager,
    ) -> Result<FileModules, SessionFileError> {
        let calendar = time.calendar(self.config.exchange_group.name)?;
        let folder = self.path.parent().map(PathBuf::from).unwrap_or_default();
        let files = Beside { folder, read: RefCell::default() };
        let built = registry.build(&self.config, &calendar, &files);
        let built = built.map_err(|errors| self.modules_error(errors))?;
        Ok(FileModules { built, texts: files.read.into_inner() })
    }

    /// Refuses modules that ask for what `plan` never delivers.
    ///
    /// # Errors
    ///
    /// Everything that is asked in vain, each with its place in the file.
    pub fn check_planned(
        &self,
        plan: &Plan,
        modules: &[BuiltModule],
    ) -> Result<(), SessionFileError> {
        plan.check_modules(modules).map_err(|errors| self.modules_error(errors))
    }

    /// The limits of the file that none of its `modules` reads, as a warning each, with its place.
    pub fn idle_limit_warnings(&self, modules: &[BuiltModule]) -> Vec<String> {
        // Where there is no strategy at all, the file itself has said so.
        if !self.config.session_data_config.strategies.iter().any(|strategy| strategy.enabled) {
            return Vec::new();
        }
        let warning = |limit| {
            let path = format!("trading_config.{limit}");
            let at = self.place_of(&path);
            format!("{at}{path}: has no effect: no strategy of this session keeps that limit")
        };
        idle_limits(&self.config, modules).into_iter().map(warning).collect()
    }
}

/// Files beside the session file, and what was read of them.
struct Beside {
    folder: PathBuf,
    read: RefCell<ModuleTexts>,
}

impl ModuleFiles for Beside {
    fn text(&self, path: &str) -> Result<String, String> {
        let found = self.folder.join(path);
        let text = reading::text(&found)
            .map_err(|error| format!("cannot read {}: {error}", found.display()))?;
        self.read.borrow_mut().insert(path.to_owned(), text.clone());
        Ok(text)
    }
}

/// Texts that were kept when a run's modules were made, as its event log has them.
#[derive(Clone, Copy, Debug)]
pub struct KeptTexts<'t>(pub &'t ModuleTexts);

impl ModuleFiles for KeptTexts<'_> {
    fn text(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| format!("the event log does not hold {path}"))
    }
}
