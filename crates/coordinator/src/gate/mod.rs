//! When a symbol lags, and when it holds the gate.

pub(crate) mod hold;
pub(crate) mod lag;
