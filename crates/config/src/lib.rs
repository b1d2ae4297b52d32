#![doc = include_str!("../README.md")]

mod backtest;
mod consumers;
mod fault;
mod fields;
mod indicators;
mod live;
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
mod words;
mod write;

pub use backtest::BacktestConfig;
pub use consumers::{ScanWindow, ScannerConfig, StrategyConfig};
pub use fault::{Allowed, ConfigError, ConfigErrors, Fault, Idle, NotYet, Warning};
pub use indicators::{HistoricalIndicator, IndicatorsConfig, SessionIndicator};
pub use live::{ApiConfig, TradingConfig, TradingLimits};
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
pub use words::{GateScope, Hours, OnError};
