//! What a consumer says to the world: recorded, and nothing else.

use openbell_market::Symbol;

/// Something that a consumer says to the world: recorded in the event log, the report and the
/// export, and nothing else.
#[derive(Clone, PartialEq, Debug)]
pub struct Signal {
    /// The consumer that emitted it.
    pub consumer: String,
    /// The symbol it is about.
    pub symbol: Symbol,
    /// What it says, as `buy`.
    pub kind: String,
    /// A number that goes with it, where there is one.
    pub value: Option<f64>,
}
