//! Who asks why he gets no data, and for which.

use openbell_market::{BarInterval, Symbol};

/// Who asks, and for which data; what is absent is not looked at.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Asked {
    /// The symbol.
    pub symbol: Option<Symbol>,
    /// The interval of its series; its base interval where absent.
    pub interval: Option<BarInterval>,
    /// The consumer that hears nothing, by name.
    pub consumer: Option<String>,
}
