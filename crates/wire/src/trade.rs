//! Orders and fills on paper, as they are written.

use serde::{Deserialize, Serialize};

/// An order, as it was taken or given.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The symbol.
    pub symbol: String,
    /// `buy` or `sell`; null where a target was given.
    pub side: Option<String>,
    /// How much: lots of an order that was taken, else units, or a share of equity.
    pub amount: f64,
    /// What `amount` is: `lots`, `units`, `to_units` or `to_fraction`.
    pub amount_of: String,
    /// `market`, `limit`, `stop`, `stop_limit` or `on_close`.
    pub kind: String,
    /// Null where it has none.
    pub stop: Option<f64>,
    /// Null where it has none.
    pub limit: Option<f64>,
    /// `session` or `until_cancelled`.
    pub lifetime: String,
    /// Whether it may only reduce a position.
    pub reduce_only: bool,
    /// The stop that it leaves behind; null where it leaves none.
    pub exit_stop: Option<f64>,
    /// The target that it leaves behind; null where it leaves none.
    pub exit_target: Option<f64>,
}

/// A fill.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fill {
    /// The order's number.
    pub order: u64,
    /// The symbol.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: String,
    /// How much, above 0.
    pub lots: i64,
    /// The price that the bar had.
    pub reference_price: f64,
    /// What it was worse by, in money of one unit.
    pub slippage: f64,
    /// What was paid beside the price.
    pub commission: f64,
    /// The instant that it is dated.
    pub dated: String,
    /// The stamp of its bar.
    pub bar: String,
    /// Where in its bar: `open`, `inside` or `close`.
    pub moment: String,
}
