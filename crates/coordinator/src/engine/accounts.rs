//! The accounts of a run, and what their strategies are still to be told.
//!
//! Not here: when bars are handed to them (`trading.rs`).

use crate::trading::matching::{Matching, TradeEvent};

/// The accounts of a run.
pub(super) struct Trading {
    pub(super) matching: Box<dyn Matching>,
    /// Whether the session's last publication has been made.
    pub(super) has_closed: bool,
    /// What strategies are still to be told, in order.
    pub(super) untold: Vec<TradeEvent>,
}

impl Trading {
    pub(super) fn new(matching: Box<dyn Matching>) -> Trading {
        Trading { matching, has_closed: false, untold: Vec::new() }
    }
}
