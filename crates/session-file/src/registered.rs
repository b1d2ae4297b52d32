//! Modules and accounts, put into the run that they were made for.

use openbell_account::{Accounts, FillsKept};
use openbell_coordinator::{BuiltModule, Delivery, Engine};

use crate::error::NotRegistered;

/// Registers the modules of a session with the run that they were made for, inline, and opens the accounts of
/// its strategies ([`Accounts::open`]), which keep the fills that `kept` says.
///
/// # Errors
///
/// A module that cannot be registered, a setting of the account that breaks its rule: neither of a file that was
/// checked.
pub fn register(
    modules: Vec<BuiltModule>,
    engine: &mut Engine,
    kept: FillsKept,
) -> Result<(), NotRegistered> {
    engine.register_modules(modules, Delivery::Inline).map_err(Box::new)?;
    Ok(Accounts::open(engine, kept)?)
}
