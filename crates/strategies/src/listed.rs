//! The symbols that a strategy's settings list.

use openbell_coordinator::{ModuleContext, Subscription};

/// `subscription`, to the symbols that the setting `symbols` lists alone; to all where it is not given.
///
/// # Errors
///
/// The list is empty, or has what is no symbol of the session.
pub(crate) fn to_listed(
    subscription: Subscription,
    symbols: Option<&[String]>,
    context: &ModuleContext<'_>,
) -> Result<Subscription, String> {
    let Some(names) = symbols else { return Ok(subscription) };
    if names.is_empty() {
        return Err("symbols: it is empty; list some, or drop it for all".to_owned());
    }
    Ok(subscription.symbols(context.symbols("symbols", names)?))
}
