//! The strategies and scanners that the session files of this project may ask for.

pub mod mean_reversion;

use openbell_coordinator::Registry;

/// Those in the box, and those of this project.
pub fn registry() -> Registry {
    let mut registry = openbell_strategies::built_in();
    registry.add(mean_reversion::module());
    registry
}
