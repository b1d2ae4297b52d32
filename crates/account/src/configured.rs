//! The accounts that a session file asks for.

use std::any::Any;

use openbell_config::{AccountConfig, SessionConfig, TradingLimits};
use openbell_coordinator::Engine;

use crate::accounts::Accounts;
use crate::commission::Commission;
use crate::results::record::FillsKept;
use crate::settings::{
    AccountLimits, AccountOf, AccountSettings, Curve, Participation, SettingsError, ShortSales,
};

impl Accounts {
    /// Opens the accounts that the session file of `engine` asks for, for the strategies that are
    /// registered with it: after they are, and before the first step. Where the file asks for none,
    /// or has no strategies, none are opened, and an order is refused. `kept` says which fills they keep.
    ///
    /// # Errors
    ///
    /// A setting that breaks its rule: a config that was read from a file has none.
    pub fn open(engine: &mut Engine, kept: FillsKept) -> Result<(), SettingsError> {
        let config = engine.plan().config();
        let Some(account) = &config.account else { return Ok(()) };
        let strategies: Vec<String> = engine.strategies().map(str::to_owned).collect();
        if strategies.is_empty() {
            return Ok(());
        }
        let of = match account.of {
            openbell_config::AccountOf::Strategy => AccountOf::EachStrategy,
            openbell_config::AccountOf::Session => AccountOf::Session,
        };
        let accounts = Accounts::new(AccountSettings::of(account, config), of, strategies)?;
        let accounts = accounts.keeping(kept);
        let accounts = match &account.benchmark {
            Some(symbol) => accounts.beside(symbol.clone()),
            None => accounts,
        };
        engine.open_accounts(Box::new(accounts));
        Ok(())
    }

    /// Takes the accounts that [`Accounts::open`] has opened out of the engine, when the run is over;
    /// absent where there are none, or others.
    pub fn close(engine: &mut Engine) -> Option<Box<Accounts>> {
        let matching: Box<dyn Any> = engine.close_accounts()?;
        matching.downcast().ok() // `Err`: a matching of somebody else's
    }
}

impl AccountSettings {
    /// What `account` asks for, with the limits of the session's `trading_config`.
    fn of(account: &AccountConfig, config: &SessionConfig) -> AccountSettings {
        let commission = &account.commission;
        let limits = config.trading_config.as_ref().and_then(|trading| trading.limits);
        AccountSettings {
            cash: account.cash,
            commission: Commission {
                per_trade: commission.per_trade,
                per_share: commission.per_share,
                bps: commission.bps,
                min: commission.min,
            },
            slippage_bps: account.slippage_bps,
            participation: if account.volume_unknown {
                Participation::VolumeUnknown
            } else {
                Participation::OfVolume(account.participation)
            },
            lot: account.lot,
            curve: match account.equity {
                openbell_config::EquityCurve::Session => Curve::Session,
                openbell_config::EquityCurve::Publication => Curve::Publication,
            },
            short: if account.short { ShortSales::Allowed } else { ShortSales::Refused },
            limits: limits.map(AccountLimits::from),
        }
    }
}

impl From<TradingLimits> for AccountLimits {
    fn from(limits: TradingLimits) -> AccountLimits {
        AccountLimits {
            max_buying_power: limits.max_buying_power,
            max_per_trade: limits.max_per_trade,
            max_per_symbol: limits.max_per_symbol,
            max_open_positions: limits.max_open_positions,
        }
    }
}
