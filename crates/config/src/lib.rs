#![doc = include_str!("../README.md")]

mod account;
mod account_fields;
mod api;
mod backtest;
mod consumers;
mod fault;
mod fields;
mod indicators;
mod live;
mod live_fields;
mod obsolete;
mod path;
mod position;
mod raw;
mod reader;
mod remarks;
mod schedule;
pub mod schema;
mod session;
mod session_data;
mod shape;
mod speed;
mod symbols;
mod trading;
mod words;
mod write;

pub use account::{AccountConfig, CommissionConfig};
pub use api::ApiConfig;
pub use backtest::BacktestConfig;
pub use consumers::{ScanWindow, ScannerConfig, StrategyConfig};
pub use fault::{Allowed, ConfigError, ConfigErrors, Fault, Idle, NotYet, Warning};
pub use indicators::{HistoricalIndicator, IndicatorsConfig, SessionIndicator};
pub use live::{EndpointConfig, LiveConfig, RecordConfig, is_variable_name};
pub use openbell_time::AssetClass;
pub use path::JsonPath;
pub use position::Position;
pub use raw::RawSession;
pub use reader::nearest_name;
pub use remarks::Remarks;
pub use schedule::{ScheduleChange, ScheduleEntry, ScheduleTime};
pub use session::{DataConfig, Mode, SessionConfig};
pub use session_data::{
    ApplyTo, GapFillerConfig, HistoricalConfig, HistoricalData, SessionDataConfig, StreamingConfig,
};
pub use speed::{SPEED_MIN, is_speed};
pub use trading::{TradingConfig, TradingLimits};
pub use words::{
    AccountOf, DataApi, DataFeed, EquityCurve, GateScope, Hours, OnError, RecordSync, Restart,
    Revisions,
};
