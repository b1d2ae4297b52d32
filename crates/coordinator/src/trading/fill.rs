//! What has been bought and sold.

use openbell_market::Symbol;
use openbell_time::Timestamp;

use crate::trading::lots::Lots;
use crate::trading::order::{OrderId, Side, StrategyIdx};

/// Where in its bar an order was filled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Moment {
    /// At the open.
    Open,
    /// Inside, at an instant that four prices do not tell.
    Inside,
    /// At the close.
    Close,
}

impl Moment {
    /// The name in logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Moment::Open => "open",
            Moment::Inside => "inside",
            Moment::Close => "close",
        }
    }
}

/// One fill. It is never rewritten.
#[derive(Clone, PartialEq, Debug)]
pub struct Fill {
    /// The order.
    pub order: OrderId,
    /// Who gave it.
    pub strategy: StrategyIdx,
    /// The symbol.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// How much, above 0.
    pub lots: Lots,
    /// The price that the bar had; it lies in its bar.
    pub reference_price: f64,
    /// What the price was worse by for slippage, in money of one unit; 0 for limits, never below 0.
    pub slippage: f64,
    /// What was paid for it beside the price, in money.
    pub commission: f64,
    /// The instant it is dated: the bar's open for a fill at the open, else the bar's close, by which it
    /// has happened.
    pub at: Timestamp,
    /// The publication with which it was made, seen and counted.
    pub made_at: Timestamp,
    /// The stamp of its bar.
    pub bar_opens_at: Timestamp,
    /// Where in that bar.
    pub moment: Moment,
}

impl Fill {
    /// What was paid or got for one unit, slippage counted.
    pub fn price(&self) -> f64 {
        self.reference_price + self.side.sign() as f64 * self.slippage
    }

    /// The lots with their sign: below 0 where they were sold.
    pub fn signed_lots(&self) -> Lots {
        Lots::new(self.side.sign() * self.lots.count())
    }
}
