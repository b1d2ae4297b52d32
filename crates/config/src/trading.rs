//! Limits for strategies.

use crate::fault::{Fault, Idle};
use crate::fields::LIMITS;
use crate::reader::Item;
use crate::remarks::Remarks;

/// Limits that are handed to strategies, which keep them.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct TradingConfig {
    /// The limits; absent where the object has none of them.
    pub limits: Option<TradingLimits>,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// What strategies may do.
///
/// *Units*: money, in the currency of the prices.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct TradingLimits {
    /// Money in all; above 0.
    pub max_buying_power: f64,
    /// Money in one trade; above 0, at most the buying power.
    pub max_per_trade: f64,
    /// Money in one symbol; above 0, at most the buying power.
    pub max_per_symbol: f64,
    /// Positions open at once, at least 1.
    pub max_open_positions: u32,
}

impl TradingConfig {
    pub(crate) fn read(item: &Item<'_>, has_strategies: bool) -> Option<TradingConfig> {
        let part = item.object()?;
        let [power, trade, symbol, positions] = LIMITS;
        let max_buying_power = part.optional(power, Item::number);
        let at_most_power = |name: &'static str| {
            part.optional(name, |item| {
                let found = item.number()?;
                if let Some(Some(max_buying_power)) = max_buying_power
                    && found > max_buying_power
                {
                    item.error(Fault::AboveBuyingPower { found, max_buying_power });
                    return None;
                }
                Some(found)
            })
        };
        let max_per_trade = at_most_power(trade);
        let max_per_symbol = at_most_power(symbol);
        let max_open_positions = part.optional(positions, Item::whole_number);
        let remarks = part.remarks();
        let missing: Vec<&str> = LIMITS.into_iter().filter(|limit| !part.has(limit)).collect();
        if !missing.is_empty() && missing.len() < LIMITS.len() {
            part.error(Fault::LimitsIncomplete { missing });
            return None;
        }
        let limits = match (max_buying_power?, max_per_trade?, max_per_symbol?, max_open_positions?)
        {
            (Some(max_buying_power), Some(max_per_trade), Some(max_per_symbol), Some(open)) => {
                if !has_strategies {
                    for limit in LIMITS {
                        part.given(limit).inspect(|item| item.warn(Idle::NoStrategies));
                    }
                }
                Some(TradingLimits {
                    max_buying_power,
                    max_per_trade,
                    max_per_symbol,
                    max_open_positions: open,
                })
            }
            _ => {
                item.warn(Idle::Nothing);
                None
            }
        };
        Some(TradingConfig { limits, remarks: remarks? })
    }
}
