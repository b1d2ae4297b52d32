//! Limits for strategies and names of vendors: accepted in a backtest, where little of it has an
//! effect.

use crate::fault::{Fault, Idle, NotYet};
use crate::fields::LIMITS;
use crate::reader::Item;
use crate::remarks::Remarks;
use crate::words::Asked;

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

/// Vendors of a live session.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ApiConfig {
    /// The live feed; without effect in a backtest. Absent where the file names none.
    pub data_api: Option<String>,
    /// The object's remarks.
    pub remarks: Remarks,
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

impl ApiConfig {
    pub(crate) fn read(item: &Item<'_>, asked: Option<Asked>) -> Option<ApiConfig> {
        let part = item.object()?;
        let data_api = part.optional("data_api", |item| {
            if asked == Some(Asked::Backtest) {
                item.warn(Idle::LiveOnly);
            }
            if item.is_nothing() { Some(None) } else { item.text().map(Some) }
        });
        let refused = ["trade_api", "account_id"].map(|name| {
            part.optional(name, |item| {
                if item.is_nothing() {
                    item.warn(Idle::Nothing);
                    return Some(());
                }
                item.error(Fault::Refused { found: item.snippet(), reason: NotYet::Trading });
                None
            })
        });
        let remarks = part.remarks();
        let [trade_api, account_id] = refused;
        trade_api?;
        account_id?;
        Some(ApiConfig { data_api: data_api?.flatten(), remarks: remarks? })
    }
}
