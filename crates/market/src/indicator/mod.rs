//! The catalogue of indicators: their names, parameters, fields and keys, and a checked order for
//! one of them.
//!
//! Whoever reads a session file checks it against this module; whoever computes takes an
//! [`IndicatorSpec`] and needs no further check.
//!
//! Not here: formulas and states (`openbell_processor::indicator`).

mod catalogue;
mod error;
mod historical;
mod spec;

pub use catalogue::{
    IndicatorClass, IndicatorName, Memory, PERIOD_MAX, Parameter, ParameterRange, ResetRule,
};
pub use error::{IndicatorError, IntervalNeed};
pub use historical::{HistoricalSpec, HistoricalWindow, WindowUnit};
pub use spec::IndicatorSpec;
