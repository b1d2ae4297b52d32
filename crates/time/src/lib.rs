//! Exchange time: instants, trading dates, calendars, sessions and the session clock.

mod date;
mod error;
mod timestamp;

pub use date::{TradingDate, Weekday};
pub use error::TimeError;
pub use timestamp::{NANOS_PER_DAY, NANOS_PER_SECOND, Nanos, Timestamp};
