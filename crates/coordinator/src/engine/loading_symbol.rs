//! A symbol that was asked for and is no member yet, since its source is still reading it.

use std::sync::Arc;

use openbell_data_manager::DataError;
use openbell_market::Symbol;

use crate::control::command::Stay;
use crate::control::status::SymbolGauge;

/// A symbol on its way to be loaded.
pub(super) struct LoadingSymbol {
    pub(super) symbol: Symbol,
    pub(super) stay: Stay,
    pub(super) gauge: Arc<SymbolGauge>,
    /// What its loading came to, once it has ended.
    pub(super) ended: Option<Result<(), DataError>>,
}
