#![doc = include_str!("../README.md")]

mod anchored;
mod calendar;
mod clock;
mod coarse;
mod date;
mod error;
mod facts;
mod group;
mod local;
mod manager;
mod session;
mod simulated;
mod timestamp;
mod wall;

pub use anchored::{ClockStep, WaitEnd};
pub use calendar::{Calendar, CalendarCursor, UnusualDay, UnusualKind};
pub use clock::{ClockDriver, SessionClock};
pub use coarse::{CoarseClock, CoarseTicker};
pub use date::{TradingDate, Weekday};
pub use error::TimeError;
pub use group::{AssetClass, ExchangeGroup};
pub use local::{LocalTime, TimeOfDay};
pub use manager::TimeManager;
pub use session::{Break, MarketPhase, Session, SessionPart};
pub use simulated::SimulatedWall;
pub use timestamp::{NANOS_PER_DAY, NANOS_PER_SECOND, Nanos, Timestamp};
pub use wall::{SystemWall, WallClock};
