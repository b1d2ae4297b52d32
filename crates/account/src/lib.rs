#![doc = include_str!("../README.md")]

mod account;
mod accounts;
mod average;
mod commission;
mod configured;
mod lot_size;
mod results;
mod settings;
mod touch;
mod watchers;

pub use accounts::Accounts;
pub use commission::Commission;
pub use results::benchmark::BenchmarkResults;
pub use results::drawdown::{Drawdown, DrawdownMeter};
pub use results::record::{EquityPoint, FillRecord, FillsKept, HeldAtClose};
pub use results::returns::{AnnualReturns, N_SESSIONS_ANNUALISED, Returns};
pub use results::trades::TradeFigures;
pub use results::{AccountResults, OrderCounts};
pub use settings::{
    AccountLimits, AccountOf, AccountSettings, Curve, Participation, SettingsError, ShortSales,
};
