//! The modules of a run, registered with it, or made again from the texts that its log has kept.

use openbell_account::FillsKept;
use openbell_config::SessionConfig;
use openbell_coordinator::{BuiltModule, Engine, Registry};
use openbell_session_file::{KeptTexts, ModuleTexts};
use openbell_time::TimeManager;

use crate::exit::{Exit, Failure};

/// Makes the modules of a config whose texts were kept.
///
/// # Errors
///
/// Everything that is wrong with them.
pub fn of_log(
    registry: &Registry,
    config: &SessionConfig,
    time: &TimeManager,
    texts: &ModuleTexts,
) -> Result<Vec<BuiltModule>, Failure> {
    let calendar = time.calendar(config.exchange_group.name)?;
    let built = registry.build(config, &calendar, &KeptTexts(texts));
    built.map_err(|errors| Failure::says(Exit::Config, errors.to_string()))
}

/// Registers them with the run that they were made for, and opens the accounts of its strategies, which keep
/// the fills that `kept` says.
pub fn register(
    modules: Vec<BuiltModule>,
    engine: &mut Engine,
    kept: FillsKept,
) -> Result<(), Failure> {
    let registered = openbell_session_file::register(modules, engine, kept);
    registered.map_err(|error| Failure::says(Exit::Config, error.to_string()))
}
