//! Metrics, as somebody reads them who knows the format alone.

mod metrics;
mod reading;
