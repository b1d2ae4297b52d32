#![doc = include_str!("../README.md")]

mod calendar;
mod clock;
mod date;
mod error;
mod facts;
mod group;
mod local;
mod manager;
mod session;
mod timestamp;
mod wall;

pub use calendar::{Calendar, CalendarCursor, UnusualDay, UnusualKind};
pub use clock::{ClockDriver, SessionClock};
pub use date::{TradingDate, Weekday};
pub use error::TimeError;
pub use group::{AssetClass, ExchangeGroup};
pub use local::{LocalTime, TimeOfDay};
pub use manager::TimeManager;
pub use session::{Break, MarketPhase, Session, SessionPart};
pub use timestamp::{NANOS_PER_DAY, NANOS_PER_SECOND, Nanos, Timestamp};
pub use wall::{SimulatedWall, SystemWall, WaitEnd, WallClock};
