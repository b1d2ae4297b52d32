//! A paper account for the strategies of a session: its cash, its costs, and how it fills.
//!
//! Not here: the rules by which orders meet bars (`openbell-account`).

use openbell_market::Symbol;
use openbell_time::AssetClass;

use crate::fault::{Fault, Idle};
use crate::reader::{Item, Object, close_symbol};
use crate::remarks::Remarks;
use crate::words::{AccountOf, EquityCurve};

/// A paper account.
///
/// *Units*: money in the currency of the prices.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct AccountConfig {
    /// What is there at the start; above 0.
    pub cash: f64,
    /// Whose it is; each strategy's own by default.
    pub of: AccountOf,
    /// What an order pays beside its price; nothing by default.
    pub commission: CommissionConfig,
    /// What market and stop fills are worse by than their price, in hundredths of a percent; 0, the
    /// default, or more, below 10,000.
    pub slippage_bps: f64,
    /// The share of a bar's volume that all orders of one account in one symbol take together, from 0
    /// to 1; 0.1 by default.
    pub participation: f64,
    /// Whether bars have no volume: then an order fills whole, and `participation` is 1.
    pub volume_unknown: bool,
    /// Units of a symbol in one lot; above 0. By default 1, of coins 1e-8.
    pub lot: f64,
    /// How fine the curve of equity is kept; a point at each session's close by default.
    pub equity: EquityCurve,
    /// Whether what is not held can be sold; not by default.
    pub short: bool,
    /// A symbol of the session that is bought and held instead, to compare with; absent where the file
    /// names none.
    pub benchmark: Option<Symbol>,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// What an order pays beside its price: the parts that are given, summed.
///
/// *Units*: money; `bps` in hundredths of a percent of an order's value. All are 0 or more, 0 where the
/// file does not say.
#[derive(Clone, PartialEq, Default, Debug)]
#[non_exhaustive]
pub struct CommissionConfig {
    /// For each order that fills, once.
    pub per_trade: f64,
    /// For each unit.
    pub per_share: f64,
    /// Of the value.
    pub bps: f64,
    /// At least so much for an order.
    pub min: f64,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl AccountConfig {
    /// `symbols` are all that the file names; absent where something is wrong with them.
    pub(crate) fn read(
        item: &Item<'_>,
        asset_class: Option<AssetClass>,
        has_strategies: bool,
        symbols: Option<&[Symbol]>,
    ) -> Option<AccountConfig> {
        let part = item.object()?;
        if !has_strategies {
            item.warn(Idle::NoStrategies);
        }
        let cash = part.given("cash").and_then(|item| item.number());
        let of = part.word("of");
        let commission = part.part("commission").and_then(|part| CommissionConfig::read(&part));
        let slippage_bps = part.number("slippage_bps");
        let volume_unknown = part.true_or_false("volume_unknown");
        let participation = read_participation(&part, volume_unknown);
        let lot = part.optional("lot", Item::number);
        let equity = part.word("equity");
        let short = part.true_or_false("short");
        let benchmark = part.optional("benchmark", |item| read_benchmark(item, symbols));
        let remarks = part.remarks();
        Some(AccountConfig {
            cash: cash?,
            of: of?,
            commission: commission?,
            slippage_bps: slippage_bps?,
            participation: participation?,
            volume_unknown: volume_unknown?,
            lot: lot?.or(asset_class.map(usual_lot))?,
            equity: equity?,
            short: short?,
            benchmark: benchmark?,
            remarks: remarks?,
        })
    }
}

impl CommissionConfig {
    fn read(part: &Object<'_>) -> Option<CommissionConfig> {
        let [per_trade, per_share, bps, min] =
            ["per_trade", "per_share", "bps", "min"].map(|name| part.number(name));
        Some(CommissionConfig {
            per_trade: per_trade?,
            per_share: per_share?,
            bps: bps?,
            min: min?,
            remarks: part.remarks()?,
        })
    }
}

/// Where bars have no volume no share of it can be taken.
fn read_participation(part: &Object<'_>, volume_unknown: Option<bool>) -> Option<f64> {
    let is_unknown = volume_unknown?;
    match part.given("participation") {
        None if is_unknown => Some(1.0),
        None => part.number("participation"),
        Some(item) => {
            let found = item.number()?;
            if is_unknown && found != 1.0 {
                item.error(Fault::ShareOfUnknownVolume { found });
                return None;
            }
            Some(found)
        }
    }
}

fn read_benchmark(item: &Item<'_>, symbols: Option<&[Symbol]>) -> Option<Symbol> {
    let found = item.symbol()?;
    if let Some(symbols) = symbols
        && !symbols.contains(&found)
    {
        let nearest = close_symbol(&found, symbols);
        item.error(Fault::UnknownSymbol { found, nearest });
        return None;
    }
    Some(found)
}

/// Whole units, and of coins hundred-millionths.
fn usual_lot(asset_class: AssetClass) -> f64 {
    match asset_class {
        AssetClass::Crypto => 1e-8,
        AssetClass::Equity | AssetClass::Forex | AssetClass::Futures | AssetClass::Options => 1.0,
    }
}
