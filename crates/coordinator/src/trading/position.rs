//! What is held.

use openbell_market::Symbol;
use openbell_time::Timestamp;

use crate::trading::lots::Lots;

/// A price that is known, and since when.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mark {
    /// The close of the last base bar that was published.
    pub price: f64,
    /// When that bar closed: the mark's age is the session clock minus this.
    pub at: Timestamp,
}

/// What an account holds of one symbol.
#[derive(Clone, PartialEq, Debug)]
pub struct Position {
    /// The symbol.
    pub symbol: Symbol,
    /// How much; below 0 is short.
    pub lots: Lots,
    /// What one unit of it cost on average, or brought where it is short: slippage counted, commission not.
    pub average_price: f64,
    /// What it is worth by.
    pub mark: Mark,
}

/// The money of an account.
///
/// *Units*: the currency of the prices.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Balance {
    /// Money that is there; what was sold short is in it.
    pub cash: f64,
    /// What of it can be reserved by a new order.
    pub free: f64,
    /// Cash and all positions at their marks.
    pub equity: f64,
}
