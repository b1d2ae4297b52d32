//! The strategies and scanners of a session file: those in the box, made with the files that their
//! settings name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openbell_config::SessionConfig;
use openbell_coordinator::{
    BuiltModule, Delivery, Engine, ModuleErrors, ModuleFiles, Plan, idle_limits,
};
use openbell_time::TimeManager;

use crate::exit::{Exit, Failure};
use crate::session_file::SessionFile;
use crate::terminal::Terminal;

/// The texts of files that modules' settings name, by the path as it stands there.
pub type ModuleTexts = BTreeMap<String, String>;

/// Makes the modules of `file`.
///
/// # Errors
///
/// Everything that is wrong with them, each with its place in the file.
pub fn of_file(
    file: &SessionFile,
    time: &TimeManager,
) -> Result<(Vec<BuiltModule>, ModuleTexts), Failure> {
    let folder = file.path.parent().unwrap_or(Path::new("")).to_owned();
    let texts = Beside { folder, read: RefCell::default() };
    let made = build(&file.config, time, &texts).map_err(|errors| match errors {
        Wrong::Time(failure) => failure,
        Wrong::Modules(errors) => modules_failure(&errors, file),
    })?;
    Ok((made, texts.read.into_inner()))
}

/// Warns of the limits of `file` that none of its modules reads.
pub fn warn_of_idle_limits(file: &SessionFile, made: &[BuiltModule], terminal: &Terminal) {
    // Where there is no strategy at all, the file itself has said so.
    if !file.config.session_data_config.strategies.iter().any(|strategy| strategy.enabled) {
        return;
    }
    for limit in idle_limits(&file.config, made) {
        let path = format!("trading_config.{limit}");
        let at = file.place_of(&path);
        terminal.warning(&format!(
            "{at}{path}: has no effect: no strategy of this session keeps that limit"
        ));
    }
}

/// Refuses modules that ask for what `plan` never delivers.
///
/// # Errors
///
/// Everything that is asked in vain, each with its place in `file`.
pub fn check_planned(file: &SessionFile, plan: &Plan, made: &[BuiltModule]) -> Result<(), Failure> {
    plan.check_modules(made).map_err(|errors| modules_failure(&errors, file))
}

/// Makes the modules of a config whose texts were kept.
///
/// # Errors
///
/// Everything that is wrong with them.
pub fn of_log(
    config: &SessionConfig,
    time: &TimeManager,
    texts: &ModuleTexts,
) -> Result<Vec<BuiltModule>, Failure> {
    build(config, time, &Kept(texts)).map_err(|errors| match errors {
        Wrong::Time(failure) => failure,
        Wrong::Modules(errors) => Failure::says(Exit::Config, errors.to_string()),
    })
}

/// Registers them with the run that they were made for.
pub fn register(modules: Vec<BuiltModule>, engine: &mut Engine) -> Result<(), Failure> {
    let workers = engine.register_modules(modules, Delivery::Inline);
    workers.map(drop).map_err(|error| Failure::says(Exit::Config, error.to_string()))
}

enum Wrong {
    Time(Failure),
    Modules(ModuleErrors),
}

fn build(
    config: &SessionConfig,
    time: &TimeManager,
    texts: &dyn ModuleFiles,
) -> Result<Vec<BuiltModule>, Wrong> {
    let calendar = time.calendar(config.exchange_group.name);
    let calendar = calendar.map_err(|error| Wrong::Time(error.into()))?;
    openbell_strategies::built_in().build(config, &calendar, texts).map_err(Wrong::Modules)
}

fn modules_failure(errors: &ModuleErrors, file: &SessionFile) -> Failure {
    let lines = errors.0.iter().map(|error| match error.path() {
        Some(path) => {
            // What an entry leaves out, as a setting with a default, has the entry's own place.
            let mut known = path;
            while file.place_of(known).is_empty()
                && let Some((above, _)) = known.rsplit_once('.')
            {
                known = above;
            }
            format!("{}{path}: {error}", file.place_of(known))
        }
        None => error.to_string(),
    });
    let lines: Vec<String> = lines.collect();
    let text =
        format!("the session file asks for modules that cannot be built\n{}", lines.join("\n"));
    Failure::says(Exit::Config, text)
}

/// Files beside the session file, and what was read of them.
struct Beside {
    folder: PathBuf,
    read: RefCell<ModuleTexts>,
}

impl ModuleFiles for Beside {
    fn text(&self, path: &str) -> Result<String, String> {
        let found = self.folder.join(path);
        let text = std::fs::read_to_string(&found)
            .map_err(|error| format!("cannot read {}: {error}", found.display()))?;
        self.read.borrow_mut().insert(path.to_owned(), text.clone());
        Ok(text)
    }
}

/// Texts out of an event log.
struct Kept<'t>(&'t ModuleTexts);

impl ModuleFiles for Kept<'_> {
    fn text(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| format!("the event log does not hold {path}"))
    }
}
