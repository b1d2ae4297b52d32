//! What an account is to be: its cash, costs and limits, checked once.

use openbell_coordinator::saved;

use crate::commission::Commission;

/// Which share of a bar's volume an account takes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Participation {
    /// All orders of one account in one symbol together take at most this share of it; from 0 to 1.
    OfVolume(f64),
    /// Bars have no volume: an order fills whole.
    VolumeUnknown,
}

/// Whether what is not held can be sold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShortSales {
    /// It cannot.
    Refused,
    /// It can, covered by as much cash again as it is worth: there is no margin.
    Allowed,
}

/// How fine the curve of equity is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Curve {
    /// A point at each session's close.
    Session,
    /// A point at each publication at which the account held something or had orders resting.
    Publication,
}

/// Whose an account is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountOf {
    /// Each strategy has its own: switching one off changes no other's.
    EachStrategy,
    /// All strategies of the session share one.
    Session,
}
saved!(enum AccountOf { 0 => EachStrategy, 1 => Session });

/// The limits of `trading_config`.
///
/// *Units*: money, in the currency of the prices.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AccountLimits {
    /// Money in all positions and orders that open some.
    pub max_buying_power: f64,
    /// Money in one order.
    pub max_per_trade: f64,
    /// Money in one symbol.
    pub max_per_symbol: f64,
    /// Symbols with a position or an order that opens one.
    pub max_open_positions: u32,
}

/// What an account is to be.
///
/// *Units*: money, in the currency of the prices.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AccountSettings {
    /// What is there at the start; above 0.
    pub cash: f64,
    /// What an order pays beside its price.
    pub commission: Commission,
    /// What market and stop fills are worse by than their reference price, in hundredths of a percent;
    /// 0 or more.
    pub slippage_bps: f64,
    /// Which share of a bar's volume it takes.
    pub participation: Participation,
    /// Units of a symbol in one lot; above 0.
    pub lot: f64,
    /// How fine the curve of equity is kept.
    pub curve: Curve,
    /// Whether what is not held can be sold.
    pub short: ShortSales,
    /// Limits, where there are some.
    pub limits: Option<AccountLimits>,
}

/// Why an account cannot be made.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Cash or a lot that is not above 0.
    #[error("{setting} is {found}; a finite number above 0 is needed")]
    NotPositive {
        /// The key.
        setting: &'static str,
        /// What was given.
        found: f64,
    },
    /// A cost below 0.
    #[error("{setting} is {found}; a finite number of 0 or more is needed")]
    Negative {
        /// The key.
        setting: &'static str,
        /// What was given.
        found: f64,
    },
    /// Slippage that leaves nothing of a sale.
    #[error("slippage_bps is {found}; less than 10000 is needed, or a sale would bring nothing")]
    WholeSlippage {
        /// What was given.
        found: f64,
    },
    /// A share of volume that is none.
    #[error("participation is {found}; a share from 0 to 1 is needed")]
    NoShare {
        /// What was given.
        found: f64,
    },
}

impl AccountSettings {
    /// An account of that much cash: no costs, a tenth of each bar's volume, whole shares, no short
    /// sales, no limits, equity by session.
    pub fn with_cash(cash: f64) -> AccountSettings {
        AccountSettings {
            cash,
            commission: Commission::NONE,
            slippage_bps: 0.0,
            participation: Participation::OfVolume(0.1),
            lot: 1.0,
            curve: Curve::Session,
            short: ShortSales::Refused,
            limits: None,
        }
    }

    /// The first setting that breaks its rule.
    ///
    /// # Errors
    ///
    /// Cash or lot not above 0, a cost below 0, slippage of 10,000 or more, a share that is none.
    ///
    /// ```
    /// use openbell_account::{AccountSettings, SettingsError};
    /// let settings = AccountSettings { lot: 0.0, ..AccountSettings::with_cash(1000.0) };
    /// assert_eq!(settings.check(), Err(SettingsError::NotPositive { setting: "lot", found: 0.0 }));
    /// ```
    pub fn check(&self) -> Result<(), SettingsError> {
        for (setting, found) in [("cash", self.cash), ("lot", self.lot)] {
            if !(found.is_finite() && found > 0.0) {
                return Err(SettingsError::NotPositive { setting, found });
            }
        }
        let Commission { per_trade, per_share, bps, min } = self.commission;
        let costs = [
            ("commission.per_trade", per_trade),
            ("commission.per_share", per_share),
            ("commission.bps", bps),
            ("commission.min", min),
            ("slippage_bps", self.slippage_bps),
        ];
        for (setting, found) in costs {
            if !(found.is_finite() && found >= 0.0) {
                return Err(SettingsError::Negative { setting, found });
            }
        }
        if self.slippage_bps >= 10_000.0 {
            return Err(SettingsError::WholeSlippage { found: self.slippage_bps });
        }
        match self.participation {
            Participation::OfVolume(found) if !(0.0..=1.0).contains(&found) => {
                Err(SettingsError::NoShare { found })
            }
            _ => Ok(()),
        }
    }
}
